"""Test what the parameter of a migration says: a phase, and from which moment on items are new."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.migration.phase import PATTERN, Mode, Phase, PhaseUnknownError

NAME = "/keyline/notes/test/migration-phase"
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()


@pytest.mark.requirement("M-38")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Phase(Mode.PARALLEL, 5.0)),
        (" 3\n", Phase(Mode.TARGET, 5.0)),
        ("2@2026-11-20T10:00:00Z", Phase(Mode.READ_NEW, TEN)),
        ("2@2026-11-20T11:00:00+01:00", Phase(Mode.READ_NEW, TEN)),
    ],
)
def test_a_value_is_a_phase_and_the_moment_since_when_items_are_new(
    text: str, expected: Phase
) -> None:
    assert Phase.parse(text, NAME, changed=5.0) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "4", "two", "2@", "2@noon", "2@2026-11-20", "2@2026-11-20T10:00:00", "2 @x"]
)
def test_any_other_value_is_refused_by_name(text: str) -> None:
    with pytest.raises(PhaseUnknownError) as refused:
        Phase.parse(text, NAME)
    assert refused.value.path == NAME
    assert refused.value.suggestion


def test_what_is_written_is_read_back() -> None:
    for mode in Mode:
        assert Phase.parse(Phase(mode, TEN).text, NAME) == Phase(mode, TEN)


@given(st.sampled_from(Mode), st.integers(0, 4_000_000_000))
def test_each_phase_with_each_moment_is_read_back_and_fits_the_parameter(
    mode: Mode, since: int
) -> None:
    phase = Phase(mode, since)
    assert Phase.parse(phase.text, NAME) == phase
    assert re.search(PATTERN, phase.text)


@pytest.mark.parametrize(
    ("phase", "made", "expected"),
    [
        (Phase(Mode.READ_NEW, TEN), TEN, True),
        (Phase(Mode.READ_NEW, TEN), TEN - 1, False),
        (Phase(Mode.PARALLEL, TEN), TEN + 1, False),
        (Phase(Mode.TARGET, TEN), TEN + 1, False),
    ],
)
def test_what_is_made_since_the_switch_is_new_in_phase_2_alone(
    phase: Phase, made: float, expected: bool
) -> None:
    assert phase.reads_new(made) is expected
