"""A version conflict tells whether the item is what the update would have made of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from keyline.run import VersionConflictError


class Profile(msgspec.Struct, kw_only=True):
    name: str | None = None
    size: int = 3
    tags: dict[str, Any] = msgspec.field(default_factory=dict, name="labels")
    version: int = 1


def conflict(stored: Profile | None) -> VersionConflictError:
    version = stored.version if stored else None
    return VersionConflictError("p", "m", current=stored, version=version)


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({"name": "Ada"}, True),
        ({"name": "Ada", "labels": {"a": 0.5}}, True),
        ({"size": None}, True),  # removed, so that the default is read
        ({"name": "Eve"}, False),
        ({"name": "Ada", "labels": None}, False),
        ({"name": None}, False),
    ],
)
def test_it_is_told_by_the_values_of_the_next_version(changes: dict[str, Any], own: bool) -> None:
    stored = Profile(name="Ada", tags={"a": 0.5}, version=2)
    assert conflict(stored).is_own(1, changes) == own
    assert not conflict(stored).is_own(2, changes)
    assert not conflict(msgspec.structs.replace(stored, version=3)).is_own(1, changes)


def test_what_is_not_there_is_nobody_s_change() -> None:
    assert not conflict(None).is_own(1, {"name": "Ada"})
