"""An engine of its own per test process, and fresh tables per test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from keyline.run import Store
from keyline.run.meter import Call
from tests.support.bench import Bench, fresh
from tests.support.engine import running_engine
from tests.support.sample.accounts import ACCOUNTS
from tests.support.sample.notes import NOTES


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """The URL of an engine in memory."""
    with running_engine() as url:
        yield url


@pytest.fixture
def bench(engine: str) -> Iterator[Bench]:
    """Fresh tables of notes and accounts."""
    with fresh(engine, (NOTES, ACCOUNTS)) as made:
        yield made


@pytest.fixture
def store(bench: Bench) -> Iterator[Store]:
    """A store on fresh tables."""
    made = bench.store()
    yield made
    made.close()


@pytest.fixture
def last(store: Store) -> Callable[[], Call]:
    """Return what the meter recorded of the last call."""
    return lambda: store.meter.calls[-1]
