"""Test what a function is told by its environment variables, and how much of it."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from keyline_cdk.handler_function import variables
from keyline_deploy.environment import EnvironmentFileError
from tests.support.sample.books import BOOK_READER, SMALL
from tests.support.templates import DEFAULTS


class Settings(msgspec.Struct, frozen=True):
    text: str = ""


SYSTEM = replace(SMALL, settings=Settings)


def test_an_environment_whose_settings_are_more_than_lambda_takes_is_refused() -> None:
    short, long = (
        msgspec.structs.replace(DEFAULTS, systems={"books": {"text": "x" * length}})
        for length in (3000, 4000)
    )

    assert "x" * 3000 in variables(SYSTEM, BOOK_READER, short)["KEYLINE_SETTINGS"]
    with pytest.raises(EnvironmentFileError) as raised:
        variables(SYSTEM, BOOK_READER, long)
    assert raised.value.path == "sample.toml: systems.books"
    assert "Lambda takes 4,096" in raised.value.message
