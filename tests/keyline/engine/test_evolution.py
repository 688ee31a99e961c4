"""docs/evolution.md, carried out: two releases use one table at each step, and no read fails."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from keyline.model import (
    BatchGet,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    System,
    Table,
    TransactGet,
    Update,
)
from keyline.run import Meter, Read, Store
from keyline.run.errors import ItemUnreadableError
from keyline_deploy.project import ROOT
from tests.support.bench import Bench, fresh

PAGE = ROOT / "docs" / "evolution.md"
_BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
CODE = {
    title: [textwrap.dedent(code) for _, code in _BLOCK.findall(text)]
    for title, text in _SECTION.findall(PAGE.read_text())
}
"""The code of each section, in order."""

IMPORTS = """
from contextlib import suppress
from typing import Literal

import msgspec

from keyline.model import *
from keyline.run.errors import ConditionFailedError, NotFoundError
"""
BEFORE = {
    "A new field": "",
    "A renamed field": "name: str",
    "A new value of a Literal or an Enum": 'kind: Literal["a", "b"] = "a"',
    "A removed value": 'kind: Literal["a", "b"] = "a"',
    "A removed field": "name: str",
    "A changed type": "size: str",
    "A new index on a new field": "",
    "A changed key template": "stars: int",
}
"""The field of the release before the first step, by section."""
MADE = {"name: str": 'name="plan"', "size: str": 'size="12"', "stars: int": "stars=n"}
UNREADABLE_WITHOUT_BACKFILL = {
    "A new field": "mood",
    "A renamed field": "title",
    "A removed value": "kind",
    "A changed type": "bytes",
}
"""The field that a later release misses where the backfill is left out."""


def release_before(section: str) -> str:
    """Return the code of the release that is in use before the first step."""
    declared = BEFORE[section]
    given = MADE.get(declared, 'kind="b"' if declared else "")
    code = f"""
class Note(msgspec.Struct, kw_only=True):
    room: str
    n: int
    {declared}

def made(n: int) -> Note:
    return Note(room="hall", n=n, {given})
"""
    if section == "A changed key template":
        code += 'ENTITY = Entity(Note, keys={"byStars": "{stars}"})\n'
        code += 'INDEXES = [Index(name="ByStars", key=Key("room", "byStars"), why="By stars.")]\n'
    return code


@dataclass
class Release:
    """A release: its shape, its patterns, and how its code makes a note."""

    code: str
    bench: Bench
    names: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        exec(IMPORTS, self.names)
        exec(compile(self.code, str(PAGE), "exec", dont_inherit=True), self.names)
        shape = self.names["Note"]
        indexes: list[Index] = self.names.get("INDEXES", [])
        table = Table(
            "KeylineEvolved",
            "Key design: a room's notes by number.",
            key=Key("room", "n"),
            entities=[self.names.get("ENTITY") or shape],
            indexes=indexes,
        )
        told: dict[str, Any] = {"why": "Tested.", "table": table, "shape": shape}
        told |= {"item_bytes": 100, "per_month": 1}
        self.names["NOTES"] = table
        self.names["ALL"] = self.all = Query(name="all", **told)
        self.readable = Query(name="readable", skip_unreadable=True, **told)
        self.put = Put(name="put", replace=True, **told)
        self.get = Get(name="get", **told)
        self.some = BatchGet(name="some", **told)
        self.read = TransactGet(name="read", parts=(self.get,), **told)
        patterns: list[Any] = [self.all, self.readable, self.put, self.get, self.some, self.read]
        self.asked = [Query(name=f"asked-{n}", index=i.name, **told) for n, i in enumerate(indexes)]
        patterns += self.asked
        system = System(
            name="evolved",
            title="Evolved",
            tables=(table,),
            functions=(
                Function(
                    name="all", handler="x.handlers.all.handler", why="All.", patterns=(*patterns,)
                ),
            ),
        )
        self.store = Store(
            system=system,
            environment=self.bench.environment,
            client=self.bench.client(),
            meter=Meter(),
        )

    def write(self, n: int) -> None:
        self.store.put(self.put, self.names["made"](n))

    def reads(self, numbers: list[int]) -> list[Any]:
        """Return all items, read in each way."""
        keys = [{"room": "hall", "n": n} for n in numbers]
        found = self.store.query(self.all, room="hall").items
        assert [note.n for note in found] == numbers
        assert list(self.store.items(self.all, room="hall")) == found
        assert self.store.batch_get(self.some, keys=keys) == found
        assert [self.store.get(self.get, **key) for key in keys] == found
        reads = [Read(self.get, **key) for key in keys]
        assert self.store.transact_get(self.read, reads) == found
        return found

    def backfill(self, code: str) -> None:
        exec(compile(code, str(PAGE), "exec", dont_inherit=True), self.names)
        self.names["backfill"](self.store)

    def indexed(self) -> list[int]:
        """Return what the newest index has."""
        return [note.n for note in self.store.items(self.asked[-1], **self.names["ASKED"])]


INDEXES = [
    Index(name="ByMood", key=Key("mood", "n"), why="By mood.", sparse=True),
    Index(name="ByStars", key=Key("room", "byStars"), why="By stars.", sparse=True),
    Index(name="ByStarsWide", key=Key("room", "byStarsWide"), why="By stars.", sparse=True),
]


class Widest(msgspec.Struct, kw_only=True):
    """All attributes of keys that any release has."""

    room: str
    n: int
    mood: str | None = None
    byStars: str | None = None
    byStarsWide: str | None = None


TABLE = Table(
    "KeylineEvolved",
    "Key design: a room's notes by number.",
    key=Key("room", "n"),
    entities=[Widest],
    indexes=INDEXES,
)


@pytest.fixture
def bench(engine: str) -> Iterator[Bench]:
    with fresh(engine, [TABLE]) as made:
        yield made


def is_backfill(code: str) -> bool:
    return "def backfill(" in code


def test_each_section_with_steps_is_carried_out() -> None:
    assert [title for title, code in CODE.items() if code] == list(BEFORE)


@pytest.mark.parametrize("section", BEFORE)
def test_no_read_fails_at_any_step(bench: Bench, section: str) -> None:
    old = Release(release_before(section), bench)
    old.write(0)
    numbers = [0]
    for step in CODE[section]:
        if is_backfill(step):
            # The old release runs nowhere any more
            old.backfill(step)
            old.reads(numbers)
            continue
        new = Release(step, bench)
        new.reads(numbers)
        # Both write, the new one first, and each also over an item of the other's
        for writer, n in ((new, len(numbers)), (old, len(numbers) + 1)):
            writer.write(n)
        numbers += [len(numbers), len(numbers) + 1]
        for writer, n in ((old, numbers[-2]), (new, numbers[-1])):
            for release in (old, new):
                release.reads(numbers)
            writer.write(n)
        for release in (old, new):
            release.reads(numbers)
        # The old one is taken back to, and reads what the new one left
        new.write(numbers[-2])
        old.reads(numbers)
        old = new
    old.reads(numbers)


@pytest.mark.parametrize(("section", "missed"), UNREADABLE_WITHOUT_BACKFILL.items())
def test_a_backfill_that_is_left_out_is_missed(bench: Bench, section: str, missed: str) -> None:
    before = Release(release_before(section), bench)
    before.write(0)
    after = next(n for n, code in enumerate(CODE[section]) if is_backfill(code)) + 1
    with pytest.raises(ItemUnreadableError) as caught:
        Release(CODE[section][after], bench).reads([0])
    assert caught.value.field == missed
    assert caught.value.key == {"room": {"S": "hall"}, "n": {"N": "0"}}


@pytest.mark.parametrize(
    ("section", "missed"),
    [
        ("A renamed field", "name"),
        ("A new value of a Literal or an Enum", "kind"),
        ("A removed field", "name"),
        ("A changed type", "size"),
    ],
)
def test_the_last_release_is_not_read_by_the_first(bench: Bench, section: str, missed: str) -> None:
    old, last = (Release(code, bench) for code in (release_before(section), CODE[section][-1]))
    old.write(0)
    last.write(1)
    with pytest.raises(ItemUnreadableError) as caught:
        old.reads([0, 1])
    assert caught.value.field == missed
    # Unless it goes on past what it cannot read
    assert [note.n for note in old.store.query(old.readable, room="hall").items] == [0]
    assert old.store.meter.calls[-1].unreadable == 1


def test_a_backfill_leaves_alone_what_is_there(bench: Bench) -> None:
    new, fill, required = CODE["A new field"]
    first, release = Release(release_before("A new field"), bench), Release(new, bench)
    first.write(0)
    release.write(1)
    release.backfill(fill)
    assert [note.mood for note in Release(required, bench).reads([0, 1])] == ["calm", "glad"]


@pytest.mark.parametrize("section", ["A new index on a new field", "A changed key template"])
def test_an_index_has_all_items_after_the_backfill(bench: Bench, section: str) -> None:
    Release(release_before(section), bench).write(2)
    release = Release(CODE[section][0], bench)
    release.write(10)
    assert release.indexed() == [10]
    release.backfill(CODE[section][1])
    assert release.indexed() == [2, 10]


def test_what_a_release_does_not_know_stays_in_a_change_and_goes_with_a_replacement(
    bench: Bench,
) -> None:
    # Given an item with a field that the release does not know
    new = Release(CODE["A new field"][0], bench)
    new.write(0)
    old = Release(release_before("A changed key template"), bench)
    stars: Update[Any] = Update(
        name="stars",
        why="Tested.",
        table=old.names["NOTES"],
        shape=old.names["Note"],
        set=("stars",),
        item_bytes=100,
        per_month=1,
    )
    # When it is changed, then it keeps the field
    old.store.update(stars, {"stars": 1}, room="hall", n=0)
    assert [note.mood for note in new.reads([0])] == ["glad"]
    # When it is replaced, then it loses the field
    old.write(0)
    assert [note.mood for note in new.reads([0])] == ["calm"]
