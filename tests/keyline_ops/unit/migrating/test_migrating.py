"""Backfills without a table: their declarations, conditions, checkpoints, rate and steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keyline.errors import DeclarationError, KeylineError
from keyline.model import Fill
from keyline_deploy.project import ROOT
from keyline_ops.migrating import checkpoint, copying
from keyline_ops.migrating.copying import Pair
from keyline_ops.migrating.declaration import Backfills, backfills_of
from keyline_ops.migrating.outcome import MAX_REFUSALS, Outcome, Refusal
from keyline_ops.migrating.stored import same, unchanged
from keyline_ops.scanning.parallel import in_parallel
from keyline_ops.scanning.requests import Rate
from tests.support.sample.moving import (
    BACKFILLS,
    OLD_RECEIPTS,
    RECEIPTS_COPY,
    SYSTEM,
    WEIGHTS,
    OldReceipt,
    Parcel,
    Receipt,
)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"target": OLD_RECEIPTS, "into": OldReceipt}, "receipts.target"),
        ({"shape": Receipt}, "receipts.shape"),
        ({"into": Parcel}, "receipts.into"),
    ],
)
def test_a_copy_that_cannot_work_is_refused(change: dict[str, Any], path: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        replace(RECEIPTS_COPY, **change)
    assert refused.value.path == path
    assert refused.value.suggestion


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"attributes": ()}, "weights.attributes"),
        ({"attributes": ("parcelId",)}, "weights.attributes[parcelId]"),
        ({"attributes": ("wait",)}, "weights.attributes[wait]"),
        ({"shape": Receipt}, "weights.shape"),
    ],
)
def test_a_fill_that_cannot_work_is_refused(change: dict[str, Any], path: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        replace(WEIGHTS, **change)
    assert refused.value.path == path
    assert refused.value.suggestion


def test_without_a_name_the_declared_backfills_are_meant() -> None:
    assert Backfills(SYSTEM, BACKFILLS).named(None, "local") == [*BACKFILLS]
    (fill,) = Backfills(SYSTEM, BACKFILLS).named("Parcels/ByCity", "local")
    assert isinstance(fill, Fill)
    assert fill.attributes == ("byCity",)
    assert Backfills(SYSTEM, ()).named("Parcels-local/ByCity", "local") == [fill]
    with pytest.raises(KeylineError, match="declares no backfill") as refused:
        Backfills(SYSTEM, ()).named(None, "local")
    assert refused.value.suggestion == "Name an index whose key items may lack: Parcels/ByCity."


def test_a_system_that_is_not_there_is_told() -> None:
    with pytest.raises(KeylineError, match="is not a system"):
        backfills_of("nothing")


WIRES = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, st.text()),
        st.builds(lambda number: {"N": str(number)}, st.integers()),
        st.builds(lambda truth: {"BOOL": truth}, st.booleans()),
        st.just({"NULL": True}),
        st.builds(lambda members: {"SS": sorted(members)}, st.sets(st.text(), min_size=1)),
        st.builds(lambda n: {"NS": list(map(str, n))}, st.sets(st.integers(), min_size=1)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda members: {"L": members}, st.lists(inner)),
        st.builds(lambda members: {"M": members}, st.dictionaries(st.text(), inner)),
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(st.text(min_size=1), WIRES, max_size=4)


def again(value: dict[str, Any]) -> dict[str, Any]:
    """Return the same value as DynamoDB might write it another time."""
    ((tag, held),) = value.items()
    if tag == "M":
        return {tag: {name: again(member) for name, member in held.items()}}
    if tag == "L":
        return {tag: [again(member) for member in held]}
    if tag == "N":
        return {tag: f"{held}.0"}
    return {tag: held[::-1]} if tag in ("SS", "NS") else value


@given(ITEMS)
def test_an_item_is_the_same_however_it_is_written(item: dict[str, Any]) -> None:
    assert same(item, {name: again(value) for name, value in item.items()})


@given(ITEMS, ITEMS)
def test_other_attributes_make_another_item(left: dict[str, Any], right: dict[str, Any]) -> None:
    if left.keys() != right.keys():
        assert not same(left, right)


@given(ITEMS, st.sets(st.text(min_size=1)))
def test_each_attribute_takes_part_in_the_condition(item: dict[str, Any], known: set[str]) -> None:
    found = unchanged({"pk": {"S": "a"}, **item}, ("pk",), known)
    names = found["ExpressionAttributeNames"]
    assert set(names.values()) == {"pk", *item, *known}
    values = found.get("ExpressionAttributeValues", {})
    compared = {names[name.replace(":", "#")]: value for name, value in values.items()}
    assert compared == {name: value for name, value in item.items() if name != "pk"}
    assert all(name in found["ConditionExpression"] for name in (*names, *values))


@given(st.lists(st.integers(0, 30), max_size=160))
def test_batches_hold_each_pair_once_and_no_key_twice(keys: list[int]) -> None:
    pairs = [Pair({"n": {"N": str(n)}}, {"pk": {"S": str(key)}}) for n, key in enumerate(keys)]
    batches = list(copying._batches(pairs, ("pk",)))
    assert [pair for batch in batches for pair in batch] == pairs
    for batch in batches:
        names = [pair.target["pk"]["S"] for pair in batch]
        assert len(names) == len(set(names)) <= copying.BATCH


def test_a_batch_of_large_items_is_small() -> None:
    large = {"text": {"S": "x" * 400_000}}
    pairs = [Pair(large, {"pk": {"S": str(n)}, **large}) for n in range(4)]
    assert [len(batch) for batch in copying._batches(pairs, ("pk",))] == [1, 1, 1, 1]


def test_the_rate_holds_for_all_threads_together() -> None:
    now, slept = [0.0], list[float]()
    rate = Rate(100, clock=lambda: now[0], sleep=slept.append)
    for _ in range(4):
        rate.take(50)
    assert slept == [0.5, 1.0, 1.5]
    Rate(None, sleep=slept.append).take(10**6)
    assert len(slept) == 3


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[checkpoint.Checkpoint]:
    with checkpoint.checkpoint(tmp_path, "k") as held:
        held.state.segments = [checkpoint.Segment(), checkpoint.Segment()]
        yield held


def test_a_checkpoint_is_read_as_it_was_written(
    kept: checkpoint.Checkpoint, tmp_path: Path
) -> None:
    kept.page_done(0, {"pk": {"S": "a"}}, Outcome(read=3, written=2, there=1))
    kept.page_done(1, None, Outcome(read=4, written=4))
    state = checkpoint.read(tmp_path, "k")
    assert (state.outcome.read, state.outcome.written, state.outcome.there) == (7, 6, 1)
    assert [segment.done for segment in state.segments] == [False, True]
    assert state.segments[0].after == {"pk": {"S": "a"}}
    assert state.under_way


def test_a_broken_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_text("{")
    with pytest.raises(KeylineError, match="the file is damaged") as refused:
        checkpoint.read(tmp_path, "k")
    assert "Delete it" in refused.value.suggestion


def test_only_the_first_refusals_are_held() -> None:
    outcome = Outcome()
    for n in range(MAX_REFUSALS + 5):
        outcome.refuse(Refusal(str(n), "", "", ""))
    total = Outcome().plus([outcome, outcome])
    assert total.refused == 2 * (MAX_REFUSALS + 5)
    assert len(total.refusals) == MAX_REFUSALS


def test_the_first_error_ends_all_threads() -> None:
    stop = threading.Event()

    def carry_out(number: int) -> None:
        if number == 0:
            raise KeylineError("first", "failed.")
        assert stop.wait(60)

    with pytest.raises(KeylineError, match="first"):
        in_parallel(carry_out, [0, 1, 2], stop)


def test_what_functions_carry_never_reads_a_whole_table() -> None:
    """The parallel read is the command's alone: no bundle has its module or names its action."""
    for file in (ROOT / "lambda_src").rglob("*.py"):
        text = file.read_text()
        assert '"Scan"' not in text, file
        assert "keyline_ops" not in text, file
