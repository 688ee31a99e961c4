"""Moments as text sort as the moments do, and windows tile time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interactions.moments import iso_ms, iso_seconds, iso_us
from interactions.rate_limit import ClientNames, Span, Usage

MOMENTS = st.integers(0, 4_102_444_800_000_000)


def test_a_moment_is_written_in_utc_and_cut_off_rather_than_rounded() -> None:
    moment = 1_769_855_400_123.999
    assert iso_seconds(moment / 1000) == "2026-01-31T10:30:00Z"
    assert iso_ms(moment) == "2026-01-31T10:30:00.123Z"
    assert iso_us(moment) == "2026-01-31T10:30:00.123999Z"


@given(MOMENTS, MOMENTS)
def test_text_sorts_as_time_does(first: int, second: int) -> None:
    texts = iso_us(first / 1000), iso_us(second / 1000)
    assert (texts[0] < texts[1]) == (first < second)
    assert (iso_ms(first / 1000) <= iso_ms(second / 1000)) or first > second


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
