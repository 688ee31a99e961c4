"""Exact counts: in parallel segments, at a rate, and from where one was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyline.model import READ_BYTES, item_size
from keyline_deploy.environment import load
from keyline_ops.deployed import Deployed
from keyline_ops.scanning import segments
from keyline_ops.scanning.requests import Rate, Requests, ScanStoppedError
from keyline_ops.tables.count import Counter
from tests.support.engine import running_engine
from tests.support.sample.parcels import PARCELS
from tests.support.tables import create_table_params, created

NAME = PARCELS.physical_name("local")
ITEMS = 200
STORED = [{"id": {"S": str(n)}, "more": {"S": "x" * 4_000}} for n in range(ITEMS)]


@pytest.fixture(scope="module")
def where() -> Iterator[Deployed]:
    """A table of two hundred items of 4 KB each."""
    with running_engine() as url, created(url, [create_table_params(PARCELS, "local")]):
        made = Deployed(load("local"), engine=url)
        client = made.client()
        for n in range(ITEMS):
            client.put_item(TableName=NAME, Item={"id": {"S": str(n)}, "more": {"S": "x" * 4_000}})
        yield made


class EndedError(Exception):
    """The command ends in the middle."""


def counter(where: Deployed, folder: Path, **more: Any) -> Counter:
    return Counter(where, NAME, folder, **more)


@pytest.mark.requirement("K-65")
@pytest.mark.parametrize("count", [1, 3, 8])
def test_every_item_is_counted_once_in_any_number_of_segments(
    where: Deployed, tmp_path: Path, count: int
) -> None:
    told: list[int] = []
    counted = counter(where, tmp_path, segments=count).run(told.append)
    assert (counted.items, told[-1]) == (ITEMS, ITEMS)
    units = sum(map(item_size, STORED)) / READ_BYTES
    assert counted.read_units == pytest.approx(units, abs=count)  # each page is rounded up
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.requirement("K-65")
def test_a_count_goes_on_where_it_was_interrupted(
    where: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a count of two segments that ends after some pages
    monkeypatch.setattr(segments, "COUNTED", 10)
    told: list[int] = []

    def tell(items: int) -> None:
        told.append(items)
        if items >= 60:
            raise EndedError

    interrupted = counter(where, tmp_path, segments=2)
    with pytest.raises(EndedError):
        interrupted.run(tell)
    before = interrupted.interrupted()
    assert before is not None
    assert 60 <= before.items < ITEMS
    # When it goes on, though it is asked for more segments
    asked: list[int] = []
    again = counter(where, tmp_path, segments=5)
    counted = again.run(asked.append)
    # Then no page is read a second time
    assert counted.items == ITEMS
    assert len(counted.segments) == 2
    assert len(asked) <= (ITEMS - before.items) / 10 + 2
    assert again.interrupted() is None


def test_a_count_may_begin_again(
    where: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "COUNTED", 10)

    def tell(_: int) -> None:
        raise EndedError

    again = counter(where, tmp_path)
    with pytest.raises(EndedError):
        again.run(tell)
    again.forget()
    assert again.interrupted() is None
    assert again.run(lambda _: None).items == ITEMS


def test_two_counts_of_one_table_do_not_run_at_once(where: Deployed, tmp_path: Path) -> None:
    second = counter(where, tmp_path)

    def tell(_: int) -> None:
        with pytest.raises(Exception, match="this count is running already"):
            second.run(lambda _: None)

    counter(where, tmp_path, segments=1).run(tell)


def test_a_rate_is_that_of_all_segments_together(
    where: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(segments, "COUNTED", 10)
    monkeypatch.setattr(
        "keyline_ops.tables.count.Rate", lambda most: Rate(most, lambda: 0.0, slept.append)
    )
    counted = counter(where, tmp_path, segments=4, rate=50).run(lambda _: None)
    # By a clock that stands still, the last page waits for all units but its own
    assert max(slept) == pytest.approx(counted.read_units / 50, rel=0.2)


def test_a_table_that_is_gone_ends_the_count(where: Deployed) -> None:
    reads = segments.Segments(
        Requests(where.connection(1), "count it"), "NoTable", 1, only_count=True
    )
    with pytest.raises(ScanStoppedError, match="count it: DynamoDB refused Scan"):
        next(reads.pages(0, None))
