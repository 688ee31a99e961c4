"""AWS's published examples of how alarms treat missing data, cell by cell.

CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data" and "Avoiding
premature transitions to alarm state".
"""

from __future__ import annotations

import pytest

from keyline_deploy.alarms import State, Treatment, state_after

OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA
RETAINED = None
"""AWS's "Retain current state"."""

Cells = tuple[State | None, State | None, State | None, State | None]
"""States with missing, ignore, breaching and notBreaching, in the order of AWS's columns."""

COLUMNS = (Treatment.MISSING, Treatment.IGNORE, Treatment.BREACHING, Treatment.NOT_BREACHING)

THREE_OF_THREE: dict[str, Cells] = {
    "0 - X - X": (OK, OK, OK, OK),
    "0 - - - -": (OK, OK, OK, OK),
    "- - - - -": (INSUFFICIENT, RETAINED, ALARM, OK),
    "0 X X - X": (ALARM, ALARM, ALARM, ALARM),
    "- - X - -": (ALARM, RETAINED, ALARM, OK),
}
TWO_OF_THREE: dict[str, Cells] = {
    "0 - X - X": (ALARM, ALARM, ALARM, ALARM),
    "0 0 X 0 X": (ALARM, ALARM, ALARM, ALARM),
    "0 - X - -": (OK, OK, ALARM, OK),
    "- - - - 0": (OK, OK, ALARM, OK),
    "- - - X -": (ALARM, RETAINED, ALARM, OK),
}
CELLS = [
    pytest.param(points, wanted, needed, treatment, id=f"{needed} of 3-{points}-{treatment}")
    for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, cells in table.items()
    for treatment, wanted in zip(COLUMNS, cells, strict=True)
]


def read(points: str) -> list[bool | None]:
    """Read data points as AWS writes them: 0 is within the threshold, X is breaching."""
    return [{"0": False, "X": True, "-": None}[point] for point in points.split()]


def after(points: str, needed: int, treatment: Treatment, before: State, of: int = 3) -> State:
    return state_after(
        read(points),
        evaluation_periods=of,
        datapoints_to_alarm=needed,
        treatment=treatment,
        before=before,
    )


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize(("points", "wanted", "needed", "treatment"), CELLS)
def test_the_tables_of_aws(
    points: str, wanted: State | None, needed: int, treatment: Treatment, before: State
) -> None:
    assert after(points, needed, treatment, before) is (wanted or before)


def test_an_alarm_that_treats_missing_data_as_breaching_fires_one_evaluation_later() -> None:
    # "The next time this alarm is evaluated, if the data is still missing it will go to ALARM"
    assert after("0 - - - -", 3, Treatment.BREACHING, OK) is OK
    assert after("- - - - -", 3, Treatment.BREACHING, OK) is ALARM


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -", "- - - X 0", "- - X - 0"])
@pytest.mark.parametrize("treatment", [Treatment.MISSING, Treatment.IGNORE])
def test_an_alarm_does_not_fire_while_its_first_breaching_point_is_young(
    points: str, treatment: Treatment
) -> None:
    assert after(points, 3, treatment, OK) is OK


@pytest.mark.parametrize(
    "points", ["- - X - -", "- X - - -", "X - - - -", "- - X - X", "- X X - -"]
)
def test_an_alarm_fires_with_fewer_points_than_it_needs_once_the_oldest_is_old_enough(
    points: str,
) -> None:
    assert after(points, 3, Treatment.MISSING, OK) is ALARM
    for before in State:
        assert after(points, 3, Treatment.IGNORE, before) is before


def test_a_point_within_the_threshold_that_is_older_than_the_breaching_one_counts() -> None:
    # The third row of the second table, of which the sentence about M out of N would say ALARM
    assert after("0 - X - -", 2, Treatment.MISSING, ALARM) is OK
    assert after("0 - X - -", 3, Treatment.MISSING, ALARM) is OK


def test_with_ignore_a_breaching_point_never_ends_an_alarm() -> None:
    for points in ("- - - - X", "- - - X -"):
        assert after(points, 3, Treatment.IGNORE, ALARM) is ALARM


def test_the_graph_of_aws() -> None:
    # "Evaluating an alarm": 3 of 3; the threshold is exceeded in periods 3 to 5 and in period 9
    points = ["0", "0", "X", "X", "X", "0", "0", "0", "X", "0"]
    states = [
        after(" ".join(["-"] * max(5 - end, 0) + points[max(end - 5, 0) : end]), 3, t, OK)
        for t in (Treatment.NOT_BREACHING,)
        for end in range(1, 11)
    ]
    assert states == [OK] * 4 + [ALARM] + [OK] * 5


def test_points_older_than_the_evaluation_periods_are_used_only_for_missing_ones() -> None:
    assert after("X X 0 0 0", 1, Treatment.MISSING, OK) is OK
    assert after("X X 0 - 0", 1, Treatment.MISSING, OK) is ALARM
    assert after("X X - - -", 2, Treatment.NOT_BREACHING, OK) is ALARM
