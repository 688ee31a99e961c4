"""Tables of several stacks, which one account and region may hold."""

from __future__ import annotations

import pytest

from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.judge import judge
from tests.keyline_ops.unit.plan.made import GLOBAL, TABLE, Made

HERE = ("us-east-1", "aws://123456789012")


def stack(name: str, kind: str, where: tuple[str, str]) -> Stack:
    region, account = where
    return Stack(name, Made(kind).template, region=region, account=account)


@pytest.mark.parametrize("kind", [TABLE, GLOBAL])
@pytest.mark.parametrize(
    ("where", "verdict"),
    [
        (HERE, "refused"),
        (("eu-west-1", HERE[1]), "harmless"),
        ((HERE[0], "aws://210987654321"), "harmless"),
        (("", ""), "harmless"),
    ],
)
def test_a_second_table_of_a_name_is_rejected_where_the_first_is(
    where: tuple[str, str], verdict: str, kind: str
) -> None:
    first = stack("orders", kind, HERE)
    plan = judge([first], [first, stack("copies", kind, where)])
    assert plan.verdict.word == verdict
    assert all(not f.releasable for t in plan.tables for f in t.findings if f.verdict == 2)
