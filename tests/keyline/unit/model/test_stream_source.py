"""The conditions of a stream source: what is refused, and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from keyline.model import (
    AnythingBut,
    Entity,
    Exists,
    Key,
    Prefix,
    StreamSource,
    StreamView,
    Table,
)
from keyline.model.stream_source_checks import condition_faults
from tests.support.declarations import DOC, Note, Person, index, notes

NOTES = notes(stream=StreamView.NEW_AND_OLD_IMAGES)
SHARDED = notes(
    indexes=[index(shards=4), index("ByMood", "mood", "stars", sparse=True, shards=2)],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)
KINDS = [
    Entity(Note, keys={"pk": "NOTE#{room}#{at}"}, tag="NOTE"),
    Entity(Person, keys={"pk": "PERSON#{name}"}, tag="PERSON"),
]
MIXED = Table(
    "Mixed",
    DOC,
    key=Key("pk"),
    entities=KINDS,
    discriminator="kind",
    stream=StreamView.NEW_AND_OLD_IMAGES,
)
UNTOLD = Table(
    "Untold",
    DOC,
    key=Key("pk"),
    entities=[replace(kind, tag="") for kind in KINDS],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)


def faults(table: Table, **source: Any) -> list[tuple[str, str, str]]:
    """Return what is wrong with a source of new items."""
    return list(condition_faults(StreamSource(table=table, **{"events": ("INSERT",), **source})))


@pytest.mark.requirement("X-10")
@pytest.mark.parametrize(
    ("where", "path", "says", "suggests"),
    [
        ({"autor": ("a",)}, "where[autor]", "no attribute 'autor'", "'author'?"),
        ({"tags": ("a",)}, "where[tags]", "not a plain text, number", "in the handler"),
        ({"photo": (b"a",)}, "where[photo]", "not a plain text, number", "in the handler"),
        ({"text": ("a",)}, "where[text]", "not a plain text, number", "in the handler"),
        ({"stars": ("5",)}, "where[stars]", "'5' is not a value", "its type"),
        ({"stars": (True,)}, "where[stars]", "True is not a value", "its type"),
        ({"author": (5,)}, "where[author]", "5 is not a value", "its type"),
        ({"at": (float("nan"),)}, "where[at]", "cannot hold", "38 digits"),
        ({"stars": (10**200,)}, "where[stars]", "cannot hold", "38 digits"),
        ({"mood": (None,)}, "where[mood]", "lists None", "Exists(False)"),
        ({"mood": ()}, "where[mood]", "names no value", "at least one"),
        ({"mood": "glad"}, "where[mood]", "is not a condition", "tuple"),
        ({"mood": AnythingBut(())}, "where[mood]", "names no value", "at least one"),
        ({"done": AnythingBut((True,))}, "where[done]", "a truth value", "(True,)"),
        ({"stars": Prefix("1")}, "where[stars]", "not a text", "List the values"),
        ({"author": Prefix("")}, "where[author]", "every text has", "Drop"),
        ({"author": Exists()}, "where[author]", "never None", "Drop"),
    ],
)
def test_a_condition_that_could_not_match_is_refused(
    where: Any, path: str, says: str, suggests: str
) -> None:
    ((found, message, suggestion),) = faults(NOTES, where=where)
    assert found == path
    assert says in message
    assert suggests in suggestion


@pytest.mark.parametrize(
    ("table", "source", "path", "says"),
    [
        (NOTES, {"events": ("CREATE",)}, "events", "names 'CREATE'"),
        (NOTES, {"events": ("INSERT", "INSERT")}, "events", "twice"),
        (NOTES, {"events": (), "where": {"stars": (1,)}}, "events", "'where'"),
        (NOTES, {"events": ("REMOVE",), "where": {"stars": (1,)}}, "events", "'where'"),
        (NOTES, {"old": {"stars": (1,)}}, "events", "'old'"),
        (notes(stream=StreamView.OLD_IMAGE), {"where": {"stars": (1,)}}, "where", "does not hold"),
        (notes(stream=StreamView.KEYS_ONLY), {"where": {"stars": (1,)}}, "where", "does not hold"),
        (SHARDED, {"where": {"author": ("ada",)}}, "where[author]", "is sharded"),
        (MIXED, {"where": {"stars": (1,)}}, "shape", "not one kind"),
        (NOTES, {"shape": Person}, "shape", "not one kind"),
        (UNTOLD, {"shape": Person}, "shape", "no discriminator"),
        (MIXED, {"events": (), "shape": Note}, "events", "'where'"),
    ],
)
def test_a_source_that_cannot_tell_its_records_is_refused(
    table: Table, source: dict[str, Any], path: str, says: str
) -> None:
    ((found, message, suggestion),) = faults(table, **source)
    assert found == path
    assert says in message
    assert suggestion


@pytest.mark.parametrize(
    ("table", "source"),
    [
        (NOTES, {}),
        (NOTES, {"events": ()}),
        (NOTES, {"where": {"stars": (1, 2), "mood": Exists(), "author": Prefix("a")}}),
        (NOTES, {"where": {"at": (1,), "stars": AnythingBut((0,)), "done": (True,)}}),
        (NOTES, {"events": ("MODIFY",), "where": {"stars": (1,)}, "old": {"stars": (0,)}}),
        (SHARDED, {"where": {"mood": Exists(False)}}),
        (MIXED, {"shape": Note}),
        (MIXED, {"shape": Person, "where": {"age": (30,)}}),
        (MIXED, {"shape": Person, "events": ("REMOVE",)}),
    ],
)
def test_what_is_accepted(table: Table, source: dict[str, Any]) -> None:
    assert faults(table, **source) == []
