"""The platform's time, which can be moved forward."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keyline_local.host.clock import Clock


class Machine:
    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def test_it_is_the_machines_time_until_it_is_moved() -> None:
    machine = Machine()
    clock = Clock(machine)
    assert (clock.now(), clock.ahead, clock.of(500)) == (1_000, 0, 500)
    clock.move_to(1_300)
    machine.time += 10
    assert (clock.now(), clock.ahead) == (1_310, 300)
    clock.move_to(1_200)  # it has come already
    assert clock.now() == 1_310


def test_what_happened_before_a_move_is_older_by_it_and_what_happens_after_is_not() -> None:
    machine = Machine()
    clock = Clock(machine)
    machine.time = 1_060
    clock.move_to(clock.now() + 600)
    machine.time = 1_070
    assert clock.age(1_050) == 20 + 600
    assert clock.age(1_065) == 5
    assert clock.age(1_100) == 0  # another clock may be a little ahead


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e6)), max_size=8))
def test_time_never_goes_back(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = Clock(machine)
    moments, before = [], clock.now()
    for passes, moved in steps:
        machine.time += passes
        clock.move_to(clock.now() + moved)
        assert clock.now() >= before
        before = clock.now()
        moments.append(clock.of(machine.time))
    assert moments == sorted(moments)
