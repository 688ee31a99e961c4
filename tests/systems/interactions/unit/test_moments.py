"""Windows tile time, and a client is named without its address."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interactions.rate_limit import ClientNames, Span, Usage


@given(st.floats(0, 4e9), st.integers(1, 86_400))
def test_every_moment_is_in_one_window(now: float, seconds: int) -> None:
    span = Span.at(now, seconds)
    assert span.start <= now < span.end
    assert span.end - span.start == seconds
    assert Span.at(span.end, seconds).start == span.end
    usage = Usage(count=0, limit=1, span=span, now=now)
    assert 1 <= usage.reset <= seconds


def test_a_client_s_name_tells_its_address_only_to_who_has_the_secret() -> None:
    names = ClientNames(b"secret")
    assert names.of("192.0.2.1") == ClientNames(b"secret").of("192.0.2.1")
    assert names.of("192.0.2.1") != names.of("192.0.2.2")
    assert names.of("192.0.2.1") != ClientNames(b"another").of("192.0.2.1")
    assert "192" not in names.of("192.0.2.1")
