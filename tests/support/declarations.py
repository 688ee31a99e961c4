"""A table to vary, and how a test says what is refused and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest

from keyline.errors import DeclarationError
from keyline.model import Entity, Index, Key, Query, Table, Ttl, compressed, include

DOC = "Key design: by room, in order of time."


class Note(msgspec.Struct, kw_only=True):
    room: str
    at: float
    author: str
    mood: str | None = None
    stars: int = 0
    done: bool = False
    tags: set[str] = set()
    parts: list[str] = []
    photo: bytes | None = None
    text: Annotated[str, compressed()] = ""
    ttl: int | None = None


class Person(msgspec.Struct, kw_only=True):
    name: str
    age: int
    team: str | None = None
    version: int = 1


class Visit(msgspec.Struct, kw_only=True):
    name: str
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
    count: int


def index(
    name: str = "ByAuthor", partition: Any = "author", sort: Any = "at", **more: Any
) -> Index:
    return Index(**{"name": name, "key": Key(partition, sort), "why": "A reason.", **more})


def notes(**changes: Any) -> Table:
    """Notes by room and time, and by author and time; with expiry."""
    told: dict[str, Any] = {
        "name": "Notes",
        "doc": DOC,
        "key": Key("room", "at"),
        "entities": [Note],
        "indexes": [index(), index("ByMood", "mood", "stars", sparse=True)],
        "ttl": Ttl("ttl"),
    }
    told |= changes
    return Table(told.pop("name"), told.pop("doc"), **told)


def people(**changes: Any) -> Table:
    """Return two kinds of items in one table, keyed by templates; people by team."""
    told: dict[str, Any] = {
        "name": "People",
        "doc": DOC,
        "key": Key("pk", "sk"),
        "entities": [
            Entity(
                Person,
                keys={"pk": "PERSON#{name}", "team_pk": "TEAM#{team}", "team_sk": "{age:03d}"},
                constants={"sk": "-"},
            ),
            Entity(Visit, keys={"pk": "PERSON#{name}", "sk": "VISIT#{day}#{count}"}),
        ],
        "indexes": [
            index("ByTeam", "team_pk", "team_sk", sparse=True, projection=include("name", "age"))
        ],
    }
    told |= changes
    return Table(told.pop("name"), told.pop("doc"), **told)


NOTES, PEOPLE = notes(), people()


def told(**more: Any) -> dict[str, Any]:
    """Return what every pattern says, on the notes."""
    return {
        "name": "a-pattern",
        "why": "A reason.",
        "table": NOTES,
        "shape": Note,
        "item_bytes": 500,
        "per_month": 1000,
    } | more


def query(**more: Any) -> Query[Any]:
    return Query(**told(**more))


@dataclass(frozen=True)
class Refusal:
    """Return an error's path, message and suggestion."""

    path: str
    says: str
    suggests: str

    def of(self, make: Callable[[], Any]) -> None:
        """Assert that this is refused, and so."""
        with pytest.raises(DeclarationError) as caught:
            make()
        error = caught.value
        assert error.path == self.path
        assert self.says in error.message
        assert self.suggests in error.suggestion
        assert str(error) == f"{error.path}: {error.message} {error.suggestion}"
