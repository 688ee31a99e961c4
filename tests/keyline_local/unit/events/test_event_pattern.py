"""Event patterns of rules as EventBridge matches them, and those that it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from keyline_local.events.event_pattern import EventPattern

EVENT: dict[str, Any] = {
    "source": "shop.orders",
    "detail-type": "Order placed",
    "resources": ["arn:aws:s3:::one", "arn:aws:s3:::two"],
    "detail": {
        "state": "Open",
        "note": "",
        "nothing": None,
        "total": 120,
        "rate": 300.0,
        "paid": True,
        "from": "10.0.0.17",
        "file": "dir/a*b.png",
        "none": [],
        "nested": [["x"], [{"y": "z"}]],
        "lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 5}],
    },
}


def detail(**rules: Any) -> dict[str, Any]:
    return {"detail": rules}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["shop.orders"]}, True),
        ({"source": ["shop.other", "shop.orders"]}, True),
        ({"source": ["shop.orders"], "detail-type": ["Order paid"]}, False),
        ({"source": ["SHOP.orders"]}, False),
        ({"account": ["1"]}, False),
        # an array matches by one of its elements
        ({"resources": ["arn:aws:s3:::two"]}, True),
        ({"resources": [{"prefix": "arn:aws:sqs"}]}, False),
        ({"resources": [{"anything-but": "arn:aws:s3:::two"}]}, True),
        # values as they are written
        (detail(total=[120]), True),
        (detail(total=[120.0]), False),
        (detail(total=["120"]), False),
        (detail(rate=[300.0]), True),
        (detail(rate=[300]), False),
        (detail(paid=[True]), True),
        (detail(paid=[1]), False),
        (detail(nothing=[None]), True),
        (detail(nothing=[""]), False),
        (detail(note=[""]), True),
        # texts
        (detail(state=[{"prefix": "Op"}]), True),
        (detail(state=[{"prefix": "op"}]), False),
        (detail(state=[{"prefix": {"equals-ignore-case": "op"}}]), True),
        (detail(state=[{"suffix": "en"}]), True),
        (detail(state=[{"suffix": "EN"}]), False),
        (detail(state=[{"suffix": {"equals-ignore-case": "EN"}}]), True),
        (detail(state=[{"equals-ignore-case": "oPEN"}]), True),
        (detail(state=[{"equals-ignore-case": "ope"}]), False),
        (detail(total=[{"prefix": "1"}]), False),
        (detail(file=[{"wildcard": "dir/*.png"}]), True),
        (detail(file=[{"wildcard": "*.jpg"}]), False),
        (detail(file=[{"wildcard": "dir/a\\*b.*"}]), True),
        (detail(file=[{"wildcard": "dir/a\\*c.*"}]), False),
        (detail(file=[{"wildcard": "d.r*"}]), False),
        # anything but
        (detail(state=[{"anything-but": "Open"}]), False),
        (detail(state=[{"anything-but": ["Closed", "Lost"]}]), True),
        (detail(total=[{"anything-but": [120, 5]}]), False),
        (detail(total=[{"anything-but": 5}]), True),
        (detail(state=[{"anything-but": {"prefix": "Op"}}]), False),
        (detail(state=[{"anything-but": {"suffix": ["x", "y"]}}]), True),
        (detail(state=[{"anything-but": {"equals-ignore-case": ["OPEN"]}}]), False),
        (detail(file=[{"anything-but": {"wildcard": "*.png"}}]), False),
        (detail(missing=[{"anything-but": "x"}]), False),
        # numbers
        (detail(total=[{"numeric": [">", 100]}]), True),
        (detail(total=[{"numeric": [">", 0, "<", 120]}]), False),
        (detail(total=[{"numeric": ["=", 120.0]}]), True),
        (detail(paid=[{"numeric": ["=", 1]}]), False),
        (detail(state=[{"numeric": [">=", 0]}]), False),
        # is there
        (detail(state=[{"exists": True}]), True),
        (detail(state=[{"exists": False}]), False),
        (detail(missing=[{"exists": False}]), True),
        (detail(nothing=[{"exists": True}]), True),
        (detail(none=[{"exists": True}]), False),
        ({"detail": [{"exists": True}]}, False),
        ({"detail": {"deep": {"er": [{"exists": False}]}}}, True),
        (detail(none={"deep": [{"exists": False}]}), True),
        (detail(none={"deep": ["x"]}), False),
        (detail(nested=["x"]), True),
        (detail(nested={"y": ["z"]}), True),
        # addresses
        (detail(**{"from": [{"cidr": "10.0.0.0/24"}]}), True),
        (detail(**{"from": [{"cidr": "10.1.0.0/24"}]}), False),
        (detail(state=[{"cidr": "10.0.0.0/24"}]), False),
        # one rule of several, a rule or a value
        (detail(total=[{"numeric": ["<", 5]}, 120]), True),
        # objects in an array: one of them has to satisfy all
        (detail(lines={"sku": ["b"], "count": [5]}), True),
        (detail(lines={"sku": ["a"], "count": [5]}), False),
        # alternatives
        (detail(**{"$or": [{"state": ["Lost"]}, {"total": [120]}]}), True),
        (detail(**{"$or": [{"state": ["Lost"]}, {"total": [5]}]}), False),
        (detail(state=["Lost"], **{"$or": [{"state": ["Open"]}, {"total": [120]}]}), False),
    ],
)
def test_a_pattern_takes_what_it_says(pattern: Any, expected: bool) -> None:
    assert EventPattern(pattern).matches(EVENT) is expected


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ({}, "the pattern is not an object"),
        ([], "the pattern is not an object"),
        ({"source": "shop"}, "source is not a list of values"),
        ({"source": []}, "source is not a list of values"),
        ({"detail": {}}, "detail is not an object"),
        (detail(a=[["x"]]), "detail.a holds a list in a list"),
        (detail(a=[{"begins": "x"}]), "detail.a: .* is not one of the operators"),
        (detail(a=[{"prefix": "x", "suffix": "y"}]), "is not one of the operators"),
        (detail(a=[{"prefix": 5}]), "detail.a: prefix takes a text"),
        (detail(a=[{"wildcard": {"equals-ignore-case": "x"}}]), "wildcard takes a text"),
        (detail(a=[{"wildcard": "a**"}]), "two `\\*` beside each other"),
        (detail(a=[{"wildcard": "a\\n"}]), "a backslash stands before"),
        (detail(a=[{"exists": "yes"}]), "exists is true or false"),
        (detail(a=[{"numeric": [">"]}]), "numeric takes a list"),
        (detail(a=[{"numeric": ["!=", 5]}]), "is not a comparison"),
        (detail(a=[{"numeric": [">", "5"]}]), "is not a comparison"),
        (detail(a=[{"anything-but": []}]), "at least one value"),
        (detail(a=[{"anything-but": [None]}]), "takes texts or numbers"),
        (detail(a=[{"anything-but": {"exists": True}}]), "takes values, or one operator"),
        (detail(a=[{"anything-but": ["x", 5]}]), "texts or numbers, not both"),
        (detail(a=[{"numeric": ["<", 5, ">", 0]}]), "from a lower to a higher number"),
        (detail(a=[{"numeric": [">", 5, "<", 5]}]), "from a lower to a higher number"),
        (detail(a=[{"numeric": ["=", 5, "=", 6]}]), "from a lower to a higher number"),
        (detail(a=[{"cidr": "10.0.0"}]), "detail.a: cidr"),
        (detail(a=[{"cidr": "10.0.0.1"}]), "detail.a: cidr"),
        (detail(a=[{"cidr": 5}]), "detail.a: cidr"),
    ],
)
def test_a_pattern_that_eventbridge_refuses_is_refused(pattern: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        EventPattern(pattern)
