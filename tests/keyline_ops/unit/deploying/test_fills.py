"""The backfills of new indexes: when they run, and which are left."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline.model import Copy
from keyline_deploy.environment import load
from keyline_deploy.systems import names
from keyline_ops.deployed import Deployed
from keyline_ops.deploying.assembly import Fill
from keyline_ops.deploying.cdk import Options
from keyline_ops.deploying.fills import Pending, carry_out, fills_of
from keyline_ops.deploying.planned import _fills
from keyline_ops.deploying.waves import Wave
from keyline_ops.migrating.checkpoint import Segment, State
from keyline_ops.migrating.declaration import backfills_of
from keyline_ops.migrating.job import Job
from keyline_ops.migrating.outcome import Outcome, Refusal
from keyline_ops.plan.findings import Moment

FILL = Fill("shop", "Orders/ByDay")


@pytest.mark.parametrize(
    ("moments", "numbers"),
    [
        ("BEFORE BEFORE WITH AFTER", {1, 2}),
        ("BEFORE AFTER", {0}),
        ("WITH", {0}),
        ("AFTER", {0}),
        ("BEFORE WITH", {0, 1}),
    ],
)
def test_keys_are_given_before_functions_change_and_after(moments: str, numbers: set[int]) -> None:
    waves = [Wave((), {}, (), Moment[name]) for name in moments.split()]
    assert _fills(waves, [FILL]) == {number: [FILL] for number in numbers}
    assert _fills(waves, []) == {}


def test_every_index_whose_key_a_template_makes_has_its_backfill() -> None:
    dev = load("dev")
    found = 0
    for name in names():
        backfills = backfills_of(name)
        for each in backfills.all:
            table, slash, index = each.name.partition("/")
            if slash:
                declared = next(t for t in backfills.system.tables if t.name == table)
                created = [(dev.table_name(name, declared), index)]
                assert Fill(name, each.name) in fills_of(created, dev)
                found += 1
    assert found
    assert fills_of([("Unknown-dev", "ByDay")], dev) == []


def test_what_is_left_survives_and_ends(tmp_path: Path) -> None:
    pending, other = Pending(tmp_path / "dev.json"), Fill("shop", "Orders/ByCustomer")
    assert pending.read() == []
    pending.add([FILL])
    pending.add([FILL, other])
    assert Pending(tmp_path / "dev.json").read() == [FILL, other]
    pending.remove(FILL)
    pending.remove(other)
    assert list(tmp_path.iterdir()) == []


def test_a_note_that_cannot_be_read_is_not_taken_for_no_note(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text("[{")
    with pytest.raises(KeylineError, match="which indexes still lack items"):
        Pending(tmp_path / "dev.json").read()


def test_items_that_an_index_lacks_from_now_on_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (name, backfill), *_ = (
        (name, each)
        for name in names()
        for each in backfills_of(name).all
        if not isinstance(each, Copy)
    )
    refusals = tuple(
        Refusal(f"id={number}", "total", "is not a number.", "Correct it.") for number in range(12)
    )
    outcome = Outcome(read=20, written=8, refused=12, refusals=refusals)
    state = State(segments=[Segment(done=True, outcome=outcome)])
    monkeypatch.setattr(Job, "run", lambda *_: state)
    said: list[str] = []
    carry_out(Fill(name, backfill.name), Deployed(load("dev")), said.append)
    assert said[0].endswith("8 items given the key, 12 refused")
    assert said[1] == f"{backfill.name}: id=0: total: is not a number."
    of_one_kind = 1 + 10 + 1
    assert len(said) % of_one_kind == 0
    assert f"keyline migrate {name} {backfill.name} --environment dev" in said[of_one_kind - 1]


def test_context_is_for_the_synthesis_and_all_else_for_the_deployment() -> None:
    given = ["-c", "a=1", "--require-approval", "never", "--context=b=2", "--tags", "x=y"]
    assert Options.of(given) == Options(
        ("a=1", "b=2"), ("--require-approval", "never", "--tags", "x=y")
    )
