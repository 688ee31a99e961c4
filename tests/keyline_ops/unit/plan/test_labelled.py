"""Each pair of the labelled set gets its verdict."""

from __future__ import annotations

import pytest

from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.judge import judge
from tests.keyline_ops.unit.plan.labelled import Case, cases

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.kind[15:]}")
def test_the_verdict_on_a_pair(case: Case) -> None:
    plan = judge([Stack("", case.before)], [Stack("", case.after)])
    assert plan.verdict.word == case.verdict, plan.tables


def test_the_set_is_large_and_a_third_of_it_is_tricky() -> None:
    assert len({case.name for case in CASES}) >= 80
    assert sum(case.tricky for case in CASES) * 3 >= len(CASES)
    assert {case.verdict for case in CASES} == {"harmless", "waves", "refused"}
