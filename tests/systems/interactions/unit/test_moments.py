"""Windows tile time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interactions.rate_limit import Span, Usage


@given(st.floats(0, 4e9), st.integers(1, 86_400))
def test_every_moment_is_in_one_window(now: float, seconds: int) -> None:
    span = Span.at(now, seconds)
    assert span.start <= now < span.end
    assert span.end - span.start == seconds
    assert Span.at(span.end, seconds).start == span.end
    usage = Usage(count=0, limit=1, span=span, now=now)
    assert 1 <= usage.reset <= seconds
