"""The price file: what is wrong with one is said, and old prices are warned of."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import app
from keyline_ops.costs.prices import BEFORE, CURRENT, FOLDER, given_prices, read_prices

TEXT = (FOLDER / "us-east-1.toml").read_text(encoding="utf-8")


def edited(folder: Path, before: str, after: str) -> Path:
    assert before in TEXT
    file = folder / "prices.toml"
    file.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    return file


@pytest.mark.requirement("X-15")
def test_the_prices_of_requests_became_half_and_the_others_stayed() -> None:
    assert (BEFORE.write_million, BEFORE.read_million) == (1.25, 0.25)
    assert (CURRENT.write_million, CURRENT.read_million) == (0.625, 0.125)
    assert (BEFORE.storage, BEFORE.recovery) == (CURRENT.storage, CURRENT.recovery)


@pytest.mark.parametrize(
    ("before", "after", "path", "says"),
    [
        ("storage = 0.25", "storage = nan", "storage", "is nan, not an amount"),
        ("storage = 0.25", "storage = inf", "storage", "is inf, not an amount"),
        ("storage = 0.25", "storage = -1.0", "storage", "is -1.0, not an amount"),
        ("storage = 0.25", "", "prices.toml", "missing required field `storage`"),
        ("storage = 0.25", "stroage = 0.25", "prices.toml", "stroage"),
        ("storage = 0.25", 'storage = "much"', "prices.toml", "$.storage"),
        ("[lambda]", "[lamdba]", "prices.toml", "unknown field `lamdba`"),
        ("region =", "region ==", "prices.toml", "cannot be read"),
        ("since = 2024-11-01", "since = 2027-01-01", "checked", "is before `since`"),
    ],
)
def test_a_mistake_in_a_price_file_is_named(
    before: str, after: str, path: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(KeylineError, match=re.escape(says)) as raised:
        read_prices(edited(tmp_path, before, after))
    assert raised.value.path.endswith(path)
    assert raised.value.suggestion


def test_a_price_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeylineError, match="cannot be read") as raised:
        read_prices(tmp_path / "none.toml")
    assert raised.value.path.endswith("none.toml")


def test_the_prices_of_another_region_are_refused(tmp_path: Path) -> None:
    file = edited(tmp_path, 'region = "us-east-1"', 'region = "eu-west-1"')
    assert given_prices(file, "eu-west-1").region == "eu-west-1"
    with pytest.raises(KeylineError) as raised:
        given_prices(file, "us-east-1")
    assert raised.value.path.endswith("prices.toml: region")
    assert raised.value.message == "is eu-west-1, and the forecast is of us-east-1."
    assert raised.value.suggestion.endswith("or say --region eu-west-1.")


def test_prices_that_are_two_years_old_are_warned_of(tmp_path: Path) -> None:
    file = edited(tmp_path, "checked = 2026-11-01", "checked = 2024-11-30")
    assert CURRENT.age_warning(CURRENT.checked) is None
    warning = read_prices(file).age_warning(date(2026, 11, 30))
    assert warning is not None
    assert warning.startswith("prices.checked: ")
    assert "on 2024-11-30, 730 days ago. Compare them" in warning

    said = CliRunner().invoke(app, ["cost", "--dynamodb", "--json", "--prices", str(file)])
    assert said.exit_code == 0
    assert "were last compared with AWS's pages on 2024-11-30" in said.stderr
    assert "compared" not in said.stdout


@pytest.mark.parametrize(
    ("arguments", "path", "says"),
    [
        (["--measured", "report.json"], "--measured", "needs --days"),
        (["--region", "eu-west-1"], "region eu-west-1", "its prices are not in"),
        (["--invocations", "a/b=1"], "--invocations a/b=1", "there is no function"),
        (["--scale", "--growth"], "--scale and --growth", "are two questions"),
        (["--json", "--markdown", "--claims"], "--json and --markdown", "are two forms"),
        (["--markdown"], "--markdown", "is not written of this"),
        (["--chart", "a.svg"], "--chart", "is not drawn of this"),
        (["--scale", "--chart", "a.png"], "--chart a.png", "is not an SVG file"),
        (["--from", "no-such-thing"], "--from no-such-thing", "not a git revision"),
    ],
)
def test_a_wrong_question_is_named(arguments: list[str], path: str, says: str) -> None:
    error = CliRunner().invoke(app, ["cost", "--dynamodb", *arguments]).exception
    assert isinstance(error, KeylineError), error
    assert error.path == path
    assert says in error.message
    assert error.suggestion
