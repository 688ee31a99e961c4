"""Drives a protocol through runs of random faults, and tells how to repeat one that breaks it.

A scenario is the system's own code, its callers, and a plain model of what must hold:

```
def test_orders_are_kept(endpoint: str) -> None:
    drive(lambda plan: Orders(plan, endpoint), runs=12)

def test_the_driver_finds_orders_that_are_lost(endpoint: str) -> None:
    assert_found(lambda plan: Orders(plan, endpoint, kind=Forgetful))
```

Among all tests a driver makes the same few runs each time. `make soak` makes other runs for as
long as `KEYLINE_SOAK_SECONDS` says, and `KEYLINE_SOAK_SEED=7` makes run 7 alone.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tests.support.faults import Fault
from tests.support.protocols.plan import ALL, CRASHES, Plan
from tests.support.soak import AT_LENGTH, SECONDS, SEED

STEPS = 60
"""Of a run."""
MOST_RUNS = 60
"""Runs in which a planted fault must be found."""


class Scenario(Protocol):
    """A protocol under way."""

    def step(self) -> object:
        """Let one actor do one thing, chosen by the plan."""

    def finish(self) -> object:
        """Heal, let every actor end its work, and compare what is stored with the model."""

    def close(self) -> object:
        """Release what the run holds."""


class BrokenError(AssertionError):
    """A run whose end differs from what the model says.

    Attributes
    ----------
    seed
        The run.
    trace
        Its steps and its faults, in order.
    """

    def __init__(self, plan: Plan, reason: BaseException) -> None:
        self.seed, self.trace = plan.seed, list(plan.trace)
        lines = "\n".join(self.trace)
        super().__init__(
            f"{type(reason).__name__}: {reason}\nRepeat this run with "
            f"KEYLINE_SOAK_SEED={self.seed}. Its steps and faults:\n{lines}"
        )


class Figures:
    """The work that a driver has done."""

    def __init__(self) -> None:
        self.runs = 0
        self.faults: Counter[Fault] = Counter()

    def add(self, plan: Plan) -> None:
        """Add a run."""
        self.runs += 1
        self.faults += plan.counts

    def __str__(self) -> str:
        crashes = sum(self.faults[kind] for kind in CRASHES)
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.faults.most_common())
        return (
            f"{self.runs:,} runs, {self.faults.total():,} faults, {crashes:,} of them crashes"
            f" ({kinds})"
        )


Make = Callable[[Plan], Scenario]


def drive(make: Make, *, runs: int, kinds: Collection[Fault] = ALL, steps: int = STEPS) -> Figures:
    """Make runs, and print how many faults they met.

    Parameters
    ----------
    runs
        How many there are among all tests; about half a second of them.

    Raises
    ------
    BrokenError
        If the end of a run differs from what the scenario's model says.
    """
    figures = Figures()
    for seed in _seeds(runs):
        plan = Plan(seed, kinds)
        _run(make, plan, steps)
        figures.add(plan)
    print(figures)  # pytest shows it with -s or -rP
    return figures


def assert_found(
    make: Make,
    *,
    kinds: Collection[Fault] = ALL,
    steps: int = STEPS,
    runs: int = MOST_RUNS,
    first: int = 0,
) -> BrokenError:
    """Assert that some run breaks, and that the same run breaks in the same way again.

    Parameters
    ----------
    first
        The run that is made before the others: one that has found the fault lately.
    """
    found = _broken(make, [first, *range(runs)], kinds, steps)
    assert found is not None, f"{runs} runs have not found the fault"
    again = _broken(make, [found.seed], kinds, steps)
    assert again is not None, f"run {found.seed} breaks only once"
    assert again.trace == found.trace, f"run {found.seed} breaks otherwise:\n{again}\n{found}"
    return found


def _broken(
    make: Make, seeds: Iterable[int], kinds: Collection[Fault], steps: int
) -> BrokenError | None:
    for seed in seeds:
        try:
            _run(make, Plan(seed, kinds), steps)
        except BrokenError as error:
            return error
    return None


def _run(make: Make, plan: Plan, steps: int) -> None:
    with _random_of(plan.seed):
        scenario = make(plan)
        try:
            for _ in range(steps):
                scenario.step()
            scenario.finish()
        except Exception as error:
            raise BrokenError(plan, error) from error
        finally:
            scenario.close()


def _seeds(runs: int) -> Iterator[int]:
    if SEED is not None:
        yield int(SEED)
    elif AT_LENGTH:
        end, first = time.monotonic() + SECONDS, random.randrange(1_000_000_000)
        yield from itertools.takewhile(lambda _: time.monotonic() < end, itertools.count(first))
    else:
        yield from range(runs)


@contextmanager
def _random_of(seed: int) -> Iterator[None]:
    """Let what the code under test draws by itself be the same in the same run."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
