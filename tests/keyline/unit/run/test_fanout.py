"""Ranges read as one where no sort key orders them: all read on at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from keyline.run.fanout import Range, merged
from keyline.run.reply import PageReply

PAGES = 3


def _ranges(fetch: Callable[[int, int], PageReply[Any]], count: int) -> list[Range]:
    """Ranges of so many pages; `fetch` takes the number of the range and of the page."""

    def of(number: int) -> Range:
        def page(position: dict[str, Any] | None, limit: int | None) -> PageReply[Any]:
            return fetch(number, int(position["page"]["N"]) if position else 0)

        return Range(page, None, list)

    return [of(number) for number in range(count)]


def _page(items: Sequence[Any], number: int) -> PageReply[Any]:
    following = {"page": {"N": str(number + 1)}} if number + 1 < PAGES else None
    return PageReply(Items=list(items), LastEvaluatedKey=following)


@pytest.mark.requirement("K-08")
def test_without_a_sort_key_all_ranges_are_read_on_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=10)

    def fetch(number: int, page: int) -> PageReply[Any]:
        together.wait()  # raises unless all four are being read
        return _page([(number, page, n) for n in range(2)], page)

    with ThreadPoolExecutor(4) as threads:
        ranges = _ranges(fetch, 4)
        found = list(
            merged(ranges, None, descending=False, ask=lambda: None, executor=lambda: threads)
        )
    expected = [(r, p, n) for r in range(4) for p in range(PAGES) for n in range(2)]
    assert sorted(item for _, item in found) == expected
    assert all(number == item[0] for number, item in found)


def test_without_a_sort_key_nothing_is_read_before_it_is_needed() -> None:
    fetched = []

    def fetch(number: int, page: int) -> PageReply[Any]:
        fetched.append((number, page))
        return _page([number], page)

    with ThreadPoolExecutor(2) as threads:
        items = merged(
            _ranges(fetch, 2), None, descending=False, ask=lambda: None, executor=lambda: threads
        )
        assert [next(items), next(items)] == [(0, 0), (1, 1)]
        assert sorted(fetched) == [(0, 0), (1, 0)]
        next(items)
        assert sorted(fetched) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_with_a_sort_key_the_order_is_kept() -> None:
    def fetch(number: int, page: int) -> PageReply[Any]:
        return _page([10 * page + number, 10 * page + number + 5], page)

    with ThreadPoolExecutor(3) as threads:
        found = merged(
            _ranges(fetch, 3),
            lambda item: item,
            descending=False,
            ask=lambda: None,
            executor=lambda: threads,
        )
        items = [item for _, item in found]
    assert items == sorted(items)
    assert len(items) == 3 * PAGES * 2
