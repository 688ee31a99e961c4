"""`keyline query`: which pattern is read with which values, and what is shown of what was found."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline.model import System
from keyline_deploy import systems as known
from keyline_ops import deployed
from keyline_ops.cli import app
from keyline_ops.querying.pattern import Readable, find, readable, values_of
from keyline_ops.querying.show import HIDDEN, show, shown
from tests.support.sample.notes import BY_NAME, GET_NOTE, NOTES_SINCE, Note, note
from tests.support.sample.shop import LARGE


def read(pattern: Any) -> Readable:
    return Readable(LARGE, pattern)


def test_a_pattern_is_found_by_its_name_and_says_how_it_is_asked() -> None:
    name = BY_NAME.name
    assert find(name, None, [LARGE]).pattern is BY_NAME
    assert find(name, LARGE.name, [LARGE]).usage == (
        f"keyline query {name} name=VALUE timestamp=START..END"
    )


@pytest.mark.parametrize(
    ("name", "system", "said"),
    [
        ("get-nte", None, "no system declares it. Did you mean 'get-note'?"),
        ("put-note", None, "does not read one item or one page"),
        ("get-note", "shopp", "there is no such system"),
    ],
)
def test_what_is_not_a_read_pattern_is_refused(name: str, system: str | None, said: str) -> None:
    with pytest.raises(KeylineError) as error:
        find(name, system, [LARGE])
    assert said in str(error.value)


def test_a_name_of_two_systems_needs_the_system() -> None:
    other = SimpleNamespace(name="other", called=[GET_NOTE])
    systems: Any = [LARGE, other]
    with pytest.raises(KeylineError, match=r"of several systems: .*other"):
        find(GET_NOTE.name, None, systems)
    assert find(GET_NOTE.name, "other", systems).system.name == "other"


def test_values_have_the_types_of_their_fields() -> None:
    given = ["owner=ann", "timestamp=1.5"]
    assert values_of(read(GET_NOTE), given) == {"owner": "ann", "timestamp": 1.5}
    assert values_of(read(NOTES_SINCE), given) == {"owner": "ann", "timestamp": 1.5}
    ranged = values_of(read(BY_NAME), ["name=a=b", "timestamp=1..2.5"])
    assert ranged == {"name": "a=b", "timestamp": (1.0, 2.5)}


@pytest.mark.parametrize(
    ("pattern", "given", "said"),
    [
        (GET_NOTE, ["owner=ann"], "needs timestamp"),
        (GET_NOTE, ["owner=ann", "timestamp=soon"], "'soon' cannot be read"),
        (GET_NOTE, ["owner=ann", "timestmap=1"], "is not a value of this pattern"),
        (GET_NOTE, ["owner=ann", "owner=bob"], "is there twice"),
        (GET_NOTE, ["owner"], "is not a name with a value"),
        (BY_NAME, ["name=a", "timestamp=1"], "is not a range"),
    ],
)
def test_values_that_cannot_be_are_refused(pattern: Any, given: list[str], said: str) -> None:
    with pytest.raises(KeylineError) as error:
        values_of(read(pattern), given)
    assert said in str(error.value)
    assert error.value.suggestion


class Account(msgspec.Struct, kw_only=True):
    name: str
    apiToken: str = "abc"
    tokenCount: int = 7
    inner: dict[str, Any] = {}


def test_what_is_named_as_a_secret_is_hidden_at_any_depth() -> None:
    inner = {"password": "p", "list": [{"clientSecret": "s", "size": 1}]}
    assert shown(Account(name="a", inner=inner)) == {
        "name": "a",
        "apiToken": HIDDEN,
        "tokenCount": 7,
        "inner": {"password": HIDDEN, "list": [{"clientSecret": HIDDEN, "size": 1}]},
    }


def test_a_table_shortens_long_values(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    show([Account(name="x" * 50)], 1.5, Console(file=out))
    assert "x" * 39 + "…" in out.getvalue()
    assert "abc" not in out.getvalue()
    assert capsys.readouterr().out == "1 item; 1.5 read units consumed\n"


class Store:
    """Has three notes, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.meter = SimpleNamespace(calls=[SimpleNamespace(read=0.5), SimpleNamespace(read=1.0)])
        self.closed = False

    def get(self, pattern: Any, **key: Any) -> Note | None:
        self.asked.append((pattern.name, key))
        return None

    def items(self, pattern: Any, **values: Any) -> Iterator[Note]:
        self.asked.append((pattern.name, values))
        for number in range(3):
            yield note(owner="ann", timestamp=float(number))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    found = Store()

    def where(*_: Any) -> Any:
        return SimpleNamespace(store=lambda system, connections: found)

    monkeypatch.setattr(deployed, "deployed", where)
    systems: list[System] = [LARGE]
    monkeypatch.setattr(known, "systems", lambda: systems)
    return found


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["query", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_a_query_shows_as_many_items_as_asked_for(store: Store) -> None:
    asked = (NOTES_SINCE.name, "owner=ann", "timestamp=0", "--limit", "2")
    found = json.loads(run(*asked, "--json"))
    assert [each["timestamp"] for each in found] == [0, 1]
    assert store.asked == [(NOTES_SINCE.name, {"owner": "ann", "timestamp": 0.0})]
    assert store.closed
    assert run(*asked).splitlines()[-1] == "2 items; 1.5 read units consumed"


def test_a_get_of_nothing_shows_nothing(store: Store) -> None:
    asked = (GET_NOTE.name, "owner=ann", "timestamp=0")
    assert json.loads(run(*asked, "--json")) == []
    assert run(*asked) == "0 items; 1.5 read units consumed\n"


@pytest.mark.usefixtures("store")
def test_without_a_pattern_it_lists_all_that_can_be_read() -> None:
    listed = json.loads(run("--json"))
    assert [each["pattern"] for each in listed] == [r.pattern.name for r in readable([LARGE])]
    assert f"{LARGE.name}: keyline query {GET_NOTE.name} owner=VALUE" in run()
