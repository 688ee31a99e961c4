"""The filters of a mapping as the local platform runs them, and what it refuses to run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline_deploy.stream_filter import faults, matches, passes


def record(**image: Any) -> dict[str, Any]:
    return {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {"pk": {"S": "c-1"}},
            "NewImage": {"pk": {"S": "c-1"}, **image},
            "SequenceNumber": "5",
            "SizeBytes": 59,
            "ApproximateCreationDateTime": 1700000000.0,
        },
    }


def image(**rules: Any) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": rules}}


TTL_DELETION = {
    "eventName": "REMOVE",
    "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    "dynamodb": {"Keys": {"pk": {"S": "c-1"}}, "SequenceNumber": "9"},
}
TTL_FILTER = {
    "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
}


@pytest.mark.requirement("X-10")
@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        # equals, or
        ({"eventName": ["INSERT"]}, record(), True),
        ({"eventName": ["MODIFY", "INSERT"]}, record(), True),
        ({"eventName": ["insert"]}, record(), False),
        ({"eventName": ["REMOVE"]}, record(), False),
        # and
        ({"eventName": ["INSERT"], **image(a={"S": ["x"]})}, record(a={"S": "x"}), True),
        ({"eventName": ["INSERT"], **image(a={"S": ["x"]})}, record(a={"S": "y"}), False),
        ({"eventName": ["MODIFY"], **image(a={"S": ["x"]})}, record(a={"S": "x"}), False),
        (image(a={"S": ["x"]}, b={"S": ["y"]}), record(a={"S": "x"}), False),
        # a field that is not there matches nothing but `exists: false`
        (image(a={"S": ["x"]}), record(), False),
        (image(a={"S": [{"anything-but": ["x"]}]}), record(), False),
        # an empty text
        (image(a={"S": [""]}), record(a={"S": ""}), True),
        (image(a={"S": [""]}), record(a={"S": "x"}), False),
        # types are told apart
        (image(a={"S": ["5"]}), record(a={"N": "5"}), False),
        (image(a={"BOOL": [True]}), record(a={"BOOL": True}), True),
        (image(a={"BOOL": [True]}), record(a={"BOOL": False}), False),
        (image(a={"NULL": [True]}), record(a={"NULL": True}), True),
        # begins with
        (image(a={"S": [{"prefix": "us-"}]}), record(a={"S": "us-east-1"}), True),
        (image(a={"S": [{"prefix": "us-"}]}), record(a={"S": "eu-us-1"}), False),
        # not
        (image(a={"S": [{"anything-but": ["x"]}]}), record(a={"S": "y"}), True),
        (image(a={"S": [{"anything-but": ["x", "y"]}]}), record(a={"S": "y"}), False),
        # a number is a text
        (image(a={"N": ["5"]}), record(a={"N": "5"}), True),
        (image(a={"N": ["5"]}), record(a={"N": "5.5"}), False),
        (image(a={"N": [{"anything-but": ["0"]}]}), record(a={"N": "5"}), True),
        # exists
        (image(a={"S": [{"exists": True}]}), record(a={"S": ""}), True),
        (image(a={"S": [{"exists": True}]}), record(), False),
        (image(a={"S": [{"exists": True}]}), record(a={"N": "1"}), False),
        (image(a={"S": [{"exists": False}]}), record(), True),
        (image(a={"S": [{"exists": False}]}), record(a={"S": "x"}), False),
        ({"dynamodb": {"OldImage": {"a": {"S": [{"exists": False}]}}}}, record(), True),
        # one list, several rules: or
        (image(a={"S": [{"prefix": "x"}, "z"]}), record(a={"S": "z"}), True),
        (image(a={"S": [{"prefix": "x"}, {"exists": False}]}), record(), True),
        # a deletion by TTL
        (TTL_FILTER, TTL_DELETION, True),
        (TTL_FILTER, record(), False),
    ],
)
def test_a_rule_matches_what_it_says(pattern: Any, subject: Any, expected: bool) -> None:
    assert matches(pattern, subject) is expected
    assert list(faults([pattern])) == []


def test_several_patterns_are_joined_by_or_and_none_lets_all_pass() -> None:
    inserts, removals = {"eventName": ["INSERT"]}, {"eventName": ["REMOVE"]}
    assert passes([], record())
    assert passes([removals, inserts], record())
    assert not passes([removals], record())


@given(text=st.text(), part=st.text(max_size=3))
def test_prefix_and_anything_but_agree_with_python(text: str, part: str) -> None:
    def holds(rule: Any) -> bool:
        return matches(image(a={"S": [rule]}), record(a={"S": text}))

    assert holds({"prefix": part}) == text.startswith(part)
    assert holds({"anything-but": [part]}) == (text != part)
    assert holds(part) == (text == part)


@pytest.mark.requirement("X-10")
@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        # what Lambda accepts and never matches
        (image(a={"N": [{"numeric": [">", 5]}]}), "dynamodb.NewImage.a.N[0]"),
        (image(a={"N": [5]}), "dynamodb.NewImage.a.N[0]"),
        (image(a={"N": [{"anything-but": [5]}]}), "dynamodb.NewImage.a.N[0]"),
        (image(a={"BOOL": ["true"]}), "dynamodb.NewImage.a.BOOL[0]"),
        (image(a=["x"]), "dynamodb.NewImage.a"),
        (image(a=[{"exists": False}]), "dynamodb.NewImage.a"),
        (image(a={"x": ["y"]}), "dynamodb.NewImage.a.x"),
        (image(a={"S": [None]}), "dynamodb.NewImage.a.S[0]"),
        (image(a={"S": {"b": ["x"]}}), "dynamodb.NewImage.a.S"),
        ({"dynamodb": {"newImage": {"a": {"S": ["x"]}}}}, "dynamodb.newImage"),
        ({"event_name": ["INSERT"]}, "event_name"),
        ({"userIdentity": {"PrincipalId": ["x"]}}, "userIdentity.PrincipalId"),
        ({"dynamodb": ["x"]}, "dynamodb"),
        # what Lambda refuses
        ({"dynamodb": {}}, "dynamodb"),
        ({"eventName": []}, "eventName"),
        ({"eventName": "INSERT"}, "eventName"),
        ({"eventName": [["INSERT"]]}, "eventName[0]"),
        ({"eventName": [{"prefix": "I", "exists": True}]}, "eventName[0]"),
        ({"eventName": [{"wildcard": "I*"}]}, "eventName[0]"),
        ({"eventName": [{"anything-but": {"prefix": "I"}}]}, "eventName[0]"),
        ({"eventName": [{"anything-but": []}]}, "eventName[0]"),
        ({"eventName": [{"prefix": 5}]}, "eventName[0]"),
        ({"eventName": [{"exists": "yes"}]}, "eventName[0]"),
        # what Lambda runs, and the local platform does not
        ({"$or": [{"eventName": ["INSERT"]}, image(a={"S": ["x"]})]}, "$or"),
        ({"eventName": [{"suffix": "T"}]}, "eventName[0]"),
        ({"eventName": [{"equals-ignore-case": "insert"}]}, "eventName[0]"),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 10]}]}}, "dynamodb.SizeBytes"),
        (image(a={"SS": ["x"]}), "dynamodb.NewImage.a.SS"),
        (image(a={"M": {"b": {"S": ["x"]}}}), "dynamodb.NewImage.a.M"),
    ],
)
def test_what_cannot_be_declared_is_refused_by_its_place(pattern: Any, path: str) -> None:
    ((where, message, suggestion),) = faults([pattern])
    assert where == f"filters[0].{path}"
    assert message
    assert "StreamSource" in suggestion


def test_all_filters_of_a_mapping_are_checked_and_counted() -> None:
    good, bad = {"eventName": ["INSERT"]}, {"eventName": [1]}
    assert list(faults([good] * 5)) == []
    assert [path for path, _, _ in faults([good, bad])] == ["filters[1].eventName[0]"]
    assert [path for path, _, _ in faults([good] * 6)] == ["filters"]
    assert [path for path, _, _ in faults([{}])] == ["filters[0]"]
