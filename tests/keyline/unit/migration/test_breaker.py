"""The circuit breaker: closed it lets calls pass, open it refuses them."""

from __future__ import annotations

import pytest

from keyline.migration.breaker import FAILURES, OPEN_SECONDS, SLOW_SECONDS, Breaker
from keyline.run import AlreadyExistsError, ThrottledError, UnavailableError


class Line:
    """DynamoDB with a clock: a call takes so long, and ends in an error or an answer."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.calls = 0
        self.breaker = Breaker(lambda: self.now)

    def call(self, seconds: float, error: Exception | None = None) -> str:
        """Make a call through the breaker."""

        def make() -> str:
            self.calls += 1
            self.now += seconds
            if error:
                raise error
            return "answer"

        return self.breaker.call(make)


AWAY = UnavailableError("x", "is away")


@pytest.fixture
def line() -> Line:
    return Line()


def test_it_is_closed_at_first_and_lets_calls_pass(line: Line) -> None:
    assert not line.breaker.open
    assert line.call(0) == "answer"


def test_a_quick_failure_leaves_it_closed(line: Line) -> None:
    for error in (AWAY, ThrottledError("x")):
        with pytest.raises(FAILURES):
            line.call(SLOW_SECONDS / 2, error)
        assert not line.breaker.open


def test_an_answer_leaves_it_closed_however_late_it_comes(line: Line) -> None:
    with pytest.raises(AlreadyExistsError):
        line.call(SLOW_SECONDS, AlreadyExistsError("x", "is there", current=None))
    assert line.call(SLOW_SECONDS) == "answer"
    assert not line.breaker.open


def test_a_slow_failure_opens_it_and_calls_are_refused_until_it_closes(line: Line) -> None:
    with pytest.raises(UnavailableError, match="is away"):
        line.call(SLOW_SECONDS, AWAY)
    assert line.breaker.open
    made = line.calls
    with pytest.raises(UnavailableError, match="circuit breaker is open"):
        line.call(0)
    assert line.calls == made
    line.now += OPEN_SECONDS
    assert not line.breaker.open
    assert line.call(0) == "answer"
