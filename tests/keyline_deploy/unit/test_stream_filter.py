"""Lambda's event-filter language: each documented operator, and what is refused or a trap."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline_deploy.stream_filter import matches, passes, validate, validate_all


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
        # empty and null
        (image(a={"S": [""]}), record(a={"S": ""}), True),
        (image(a={"S": [""]}), record(a={"S": "x"}), False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [None]}, {"a": ""}, False),
        ({"a": [None]}, {}, False),
        # JSON types are told apart
        ({"a": [1]}, {"a": 1}, True),
        ({"a": [1]}, {"a": 1.0}, False),
        ({"a": [1]}, {"a": True}, False),
        ({"a": ["1"]}, {"a": 1}, False),
        (image(a={"BOOL": [True]}), record(a={"BOOL": True}), True),
        (image(a={"BOOL": [True]}), record(a={"BOOL": False}), False),
        (image(a={"NULL": [True]}), record(a={"NULL": True}), True),
        # equals, ignoring case
        (image(a={"S": [{"equals-ignore-case": "ALIce"}]}), record(a={"S": "alice"}), True),
        (image(a={"S": [{"equals-ignore-case": "alice"}]}), record(a={"S": "alic"}), False),
        (image(a={"S": [{"equals-ignore-case": "STRASSE"}]}), record(a={"S": "strasse"}), True),
        (
            image(a={"S": [{"equals-ignore-case": "strasse"}]}),
            record(a={"S": "stra\u00dfe"}),
            False,
        ),
        (
            image(a={"S": [{"equals-ignore-case": "STRASSE"}]}),
            record(a={"S": "stra\u00dfe"}),
            False,
        ),
        (
            image(a={"S": [{"equals-ignore-case": "stra\u00dfe"}]}),
            record(a={"S": "strasse"}),
            False,
        ),
        (image(a={"S": [{"equals-ignore-case": "\u00dfa"}]}), record(a={"S": "\u00dfA"}), True),
        (image(a={"S": [{"equals-ignore-case": "\u2c65"}]}), record(a={"S": "\u023a"}), True),
        (image(a={"S": [{"equals-ignore-case": "\ufb01"}]}), record(a={"S": "fi"}), False),
        (image(a={"S": [{"equals-ignore-case": "a.c"}]}), record(a={"S": "ABC"}), False),
        # begins with, ends with
        (image(a={"S": [{"prefix": "us-"}]}), record(a={"S": "us-east-1"}), True),
        (image(a={"S": [{"prefix": "us-"}]}), record(a={"S": "eu-us-1"}), False),
        (image(a={"S": [{"suffix": ".png"}]}), record(a={"S": "a.png"}), True),
        (image(a={"S": [{"suffix": ".png"}]}), record(a={"S": "a.png.zip"}), False),
        ({"a": [{"prefix": "1"}]}, {"a": 10}, False),
        # not
        (image(a={"S": [{"anything-but": "x"}]}), record(a={"S": "y"}), True),
        (image(a={"S": [{"anything-but": ["x", "y"]}]}), record(a={"S": "y"}), False),
        ({"a": [{"anything-but": [5]}]}, {"a": 6}, True),
        ({"a": [{"anything-but": [5]}]}, {"a": 5}, False),
        # numeric, on a JSON number
        ({"dynamodb": {"SizeBytes": [{"numeric": ["=", 59]}]}}, record(), True),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 10, "<=", 59]}]}}, record(), True),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 10, "<", 59]}]}}, record(), False),
        # numeric never sees DynamoDB's numbers, which are strings
        (image(a={"N": [{"numeric": ["=", 5]}]}), record(a={"N": "5"}), False),
        (image(a={"N": [{"numeric": [">", 0]}]}), record(a={"N": "5"}), False),
        (image(a={"N": ["5"]}), record(a={"N": "5"}), True),
        (image(a={"N": [{"anything-but": ["0"]}]}), record(a={"N": "5"}), True),
        # exists, on leaves only
        (image(a={"S": [{"exists": True}]}), record(a={"S": ""}), True),
        (image(a={"S": [{"exists": True}]}), record(), False),
        (image(a={"S": [{"exists": True}]}), record(a={"N": "1"}), False),
        (image(a={"S": [{"exists": False}]}), record(), True),
        (image(a={"S": [{"exists": False}]}), record(a={"S": "x"}), False),
        (image(a=[{"exists": True}]), record(a={"S": "x"}), False),
        ({"dynamodb": {"OldImage": {"a": {"S": [{"exists": False}]}}}}, record(), True),
        # one list, several operators: or
        (image(a={"S": [{"prefix": "x"}, {"suffix": "y"}, "z"]}), record(a={"S": "z"}), True),
        (image(a={"S": [{"prefix": "x"}, {"exists": False}]}), record(), True),
        # sets, maps, lists
        (image(a={"SS": ["x"]}), record(a={"SS": ["w", "x"]}), True),
        (image(a={"SS": ["x"]}), record(a={"SS": ["w"]}), False),
        (image(a={"M": {"b": {"S": ["x"]}}}), record(a={"M": {"b": {"S": "x"}}}), True),
        (image(a={"L": {"S": ["x"]}}), record(a={"L": [{"N": "1"}, {"S": "x"}]}), True),
        (image(a={"L": {"S": ["x"]}}), record(a={"L": [{"S": "y"}]}), False),
        # the fields below a list are those of one element
        (
            image(a={"L": {"M": {"b": {"S": ["x"]}, "c": {"S": ["y"]}}}}),
            record(a={"L": [{"M": {"b": {"S": "x"}}}, {"M": {"c": {"S": "y"}}}]}),
            False,
        ),
        (
            image(a={"L": {"M": {"b": {"S": ["x"]}, "c": {"S": ["y"]}}}}),
            record(a={"L": [{"M": {"b": {"S": "x"}, "c": {"S": "y"}}}]}),
            True,
        ),
        # exists inside a list: false asks for a list in which no element has the field
        (image(a={"L": {"S": [{"exists": False}]}}), record(a={"L": [{"N": "1"}]}), True),
        (image(a={"L": {"S": [{"exists": False}]}}), record(a={"L": []}), True),
        (image(a={"L": {"S": [{"exists": False}]}}), record(), True),
        (
            image(a={"L": {"S": [{"exists": False}]}}),
            record(a={"L": [{"N": "1"}, {"S": "x"}]}),
            False,
        ),
        (
            image(a={"L": {"S": [{"exists": True}]}}),
            record(a={"L": [{"N": "1"}, {"S": "x"}]}),
            True,
        ),
        (image(a={"SS": [{"exists": False}]}), record(a={"SS": ["x"]}), False),
        # or, with a field before it in the same element, for one that lacks it
        (
            image(a={"L": {"M": {"b": {"S": ["x"]}, "c": {"S": [{"exists": False}]}}}}),
            record(a={"L": [{"M": {"b": {"S": "x"}}}, {"M": {"c": {"S": "y"}}}]}),
            True,
        ),
        (
            image(a={"L": {"M": {"b": {"S": ["x"]}, "c": {"S": [{"exists": False}]}}}}),
            record(a={"L": [{"M": {"b": {"S": "x"}, "c": {"S": "y"}}}]}),
            False,
        ),
        # $or, with and around it, and inside
        ({"$or": [{"eventName": ["REMOVE"]}, image(a={"S": ["x"]})]}, record(a={"S": "x"}), True),
        ({"$or": [{"eventName": ["REMOVE"]}, image(a={"S": ["x"]})]}, record(), False),
        (
            {
                "eventName": ["INSERT"],
                **image(**{"$or": [{"a": {"S": ["x"]}}, {"b": {"S": ["x"]}}]}),
            },
            record(b={"S": "x"}),
            True,
        ),
        (
            {"eventName": ["REMOVE"], "$or": [image(a={"S": ["x"]}), image(b={"S": ["x"]})]},
            record(b={"S": "x"}),
            False,
        ),
        # a deletion by TTL
        (TTL_FILTER, TTL_DELETION, True),
        (TTL_FILTER, record(), False),
    ],
)
def test_an_operator_matches_what_it_says(pattern: Any, subject: Any, expected: bool) -> None:
    assert matches(pattern, subject) is expected


def test_several_patterns_are_joined_by_or_and_none_lets_all_pass() -> None:
    inserts, removals = {"eventName": ["INSERT"]}, {"eventName": ["REMOVE"]}
    assert passes([], record())
    assert passes([removals, inserts], record())
    assert not passes([removals], record())


def test_the_later_rules_of_a_field_replace_the_earlier_ones_as_in_eventbridge() -> None:
    inside = {"$or": [{"eventName": ["MODIFY"]}, {"eventID": ["1"]}]}
    assert matches({"eventName": ["REMOVE"], **inside}, {"eventName": "MODIFY"})
    assert not matches({**inside, "eventName": ["REMOVE"]}, {"eventName": "MODIFY"})


@given(st.text(alphabet=st.characters(max_codepoint=0x7E)), st.booleans())
def test_case_is_ignored_character_by_character(text: str, upper: bool) -> None:
    rule = image(a={"S": [{"equals-ignore-case": text}]})
    assert matches(rule, record(a={"S": text.upper() if upper else text.lower()}))
    assert matches(rule, record(a={"S": text.swapcase()}))
    assert not matches(rule, record(a={"S": f"{text} "}))


@given(st.integers(-(10**45), 10**45), st.integers(0, 80))
def test_a_number_is_good_if_dynamodb_holds_all_its_digits(number: int, zeros: int) -> None:
    text = f"{number}{'0' * zeros}" if number else "0"
    digits = len(text.strip("-0"))
    assert (validate(image(a={"N": [text]})) == []) == (digits <= 38)


numbers = st.integers(-1000, 1000) | st.floats(-1000, 1000)


@given(value=numbers, low=numbers, high=numbers)
def test_a_numeric_range_is_the_conjunction_of_its_bounds(
    value: float, low: float, high: float
) -> None:
    rule = {"a": [{"numeric": [">=", low, "<", high]}]}
    assert matches(rule, {"a": value}) == (low <= value < high)


@given(value=numbers, bound=numbers)
def test_numeric_never_matches_a_number_written_as_a_string(value: float, bound: float) -> None:
    for sign in ("<", "<=", "=", ">=", ">"):
        rule = image(a={"N": [{"numeric": [sign, bound]}]})
        assert not matches(rule, record(a={"N": str(value)}))
        assert [problem.refused for problem in validate(rule)] == [False]


@given(text=st.text(), part=st.text(max_size=3))
def test_prefix_suffix_and_anything_but_agree_with_python(text: str, part: str) -> None:
    def holds(rule: Any) -> bool:
        return matches(image(a={"S": [rule]}), record(a={"S": text}))

    assert holds({"prefix": part}) == text.startswith(part)
    assert holds({"suffix": part}) == text.endswith(part)
    assert holds({"anything-but": [part]}) == (text != part)
    assert holds(part) == (text == part)


@pytest.mark.parametrize(
    "pattern",
    [
        '{"eventName": ["INSERT", "MODIFY"]}',
        TTL_FILTER,
        {"eventName": [{"anything-but": ["REMOVE"]}]},
        image(status={"S": ["open", {"prefix": "late"}]}),
        image(price={"N": ["5", "-0.5", {"anything-but": ["0"]}]}),
        image(price={"N": ["12345678901234567890123456789", "1" * 38, "-0." + "1" * 38]}),
        image(price={"N": ["0." + "0" * 129 + "1", "9" * 38 + "0" * 88]}),
        image(flag={"BOOL": [True]}, gone={"NULL": [True]}, tags={"SS": ["x"]}),
        image(a={"M": {"b": {"M": {"c": {"S": [{"exists": True}]}}}}}),
        image(a={"L": {"M": {"b": {"S": ["x"]}}}}),
        {"dynamodb": {"SizeBytes": [{"numeric": [">", 1000]}]}},
        {"$or": [{"eventName": ["INSERT"]}, {"dynamodb": {"Keys": {"pk": {"S": ["x"]}}}}]},
        image(**{"$or": [{"a": {"S": ["x"]}}, {"b": {"N": ["1"]}}]}),
        image(S={"S": ["x"]}, L={"S": ["x"]}),  # attributes that are named like types
    ],
)
def test_a_good_filter_has_no_problem(pattern: Any) -> None:
    assert validate(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "path", "says"),
    [
        ("{", "$", "not JSON"),
        ("[]", "$", "a pattern is an object"),
        ({}, "$", "empty object"),
        ({"dynamodb": {}}, "dynamodb", "empty object"),
        ({"eventName": []}, "eventName", "matches nothing"),
        ({"eventName": "INSERT"}, "eventName", 'Write ["INSERT"]'),
        ({"eventName": [["INSERT"]]}, "eventName[0]", "list inside a list"),
        ({"eventName": [{"prefix": "I", "suffix": "T"}]}, "eventName[0]", "2 operators"),
        ({"eventName": [{"wildcard": "I*"}]}, "eventName[0].wildcard", "prefix or suffix"),
        ({"eventName": [{"cidr": "10.0.0.0/8"}]}, "eventName[0].cidr", "no such operator"),
        ({"eventName": [{"anything_but": ["x"]}]}, "eventName[0].anything_but", "anything-but?"),
        ({"eventName": [{"anything-but": {"prefix": "I"}}]}, "eventName[0].anything-but", "List"),
        ({"eventName": [{"anything-but": []}]}, "eventName[0].anything-but", "empty list"),
        ({"eventName": [{"anything-but": ["a", 1]}]}, "eventName[0].anything-but", "mix"),
        ({"eventName": [{"prefix": 5}]}, "eventName[0].prefix", "string"),
        ({"eventName": [{"prefix": {"equals-ignore-case": "i"}}]}, "eventName[0].prefix", "nested"),
        ({"eventName": [{"exists": "yes"}]}, "eventName[0].exists", "true or false"),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">"]}]}}, "dynamodb.SizeBytes[0].numeric", ">"),
        (
            {"dynamodb": {"SizeBytes": [{"numeric": ["<", 5, ">", 1]}]}},
            "dynamodb.SizeBytes[0].numeric",
            "lower bound first",
        ),
        (
            {"dynamodb": {"SizeBytes": [{"numeric": [">", 5, "<", 5]}]}},
            "dynamodb.SizeBytes[0].numeric",
            "is empty",
        ),
        (
            {"dynamodb": {"SizeBytes": [{"numeric": ["!=", 5]}]}},
            "dynamodb.SizeBytes[0].numeric",
            "comparisons",
        ),
        (
            {"dynamodb": {"SizeBytes": [{"numeric": ["=", "5"]}]}},
            "dynamodb.SizeBytes[0].numeric",
            "JSON numbers",
        ),
        ({"dynamodb": {"exists": True}}, "dynamodb.exists", "outside a list"),
        ({"$or": [{"eventName": ["INSERT"]}]}, "$or", "at least two"),
        ({"$or": {"eventName": ["INSERT"]}}, "$or", "list of at least two"),
        ({"eventName": ["INSERT"], "eventID": ["x" * 5000]}, "$", "4096"),
        (
            image(**{f"a{n}": {"$or": [{"S": ["x"]}, {"N": ["1"]}]} for n in range(50)}),
            "$or",
            "1000",
        ),
    ],
)
def test_what_aws_refuses_is_reported_as_refused(pattern: Any, path: str, says: str) -> None:
    problem = next(problem for problem in validate(pattern) if problem.path == path)
    assert problem.refused
    assert says in str(problem)


@pytest.mark.requirement("X-10")
@pytest.mark.parametrize(
    ("pattern", "path", "says"),
    [
        (image(a={"N": [{"numeric": [">", 5]}]}), "dynamodb.NewImage.a.N[0].numeric", "never"),
        (image(a={"NS": [{"numeric": [">", 5]}]}), "dynamodb.NewImage.a.NS[0].numeric", "never"),
        (
            image(a={"M": {"b": {"N": [{"numeric": ["=", 5]}]}}}),
            "dynamodb.NewImage.a.M.b.N[0].numeric",
            "string",
        ),
        (image(a={"N": [5]}), "dynamodb.NewImage.a.N[0]", 'Write "5"'),
        (image(a={"N": [{"anything-but": [5]}]}), "dynamodb.NewImage.a.N[0]", 'Write "5"'),
        (image(a={"N": ["5.0"]}), "dynamodb.NewImage.a.N[0]", 'Write "5"'),
        (image(a={"N": ["05"]}), "dynamodb.NewImage.a.N[0]", 'Write "5"'),
        (
            image(a={"N": ["1" * 39]}),
            "dynamodb.NewImage.a.N[0]",
            "39 digits, and DynamoDB keeps 38",
        ),
        (
            image(a={"N": ["1" * 37 + ".0"]}),
            "dynamodb.NewImage.a.N[0]",
            f'Write "{"1" * 37}"',
        ),
        (image(a={"N": ["1E126"]}), "dynamodb.NewImage.a.N[0]", "below 1e126"),
        (image(a={"N": ["1E-9999999"]}), "dynamodb.NewImage.a.N[0]", "from 1e-130"),
        (image(a={"N": ["NaN"]}), "dynamodb.NewImage.a.N[0]", "Write a number"),
        (
            image(a={"S": ["x"]}, **{"$or": [{"a": {"S": ["y"]}}, {"b": {"S": ["z"]}}]}),
            "dynamodb.NewImage.a.S",
            "both inside and outside $or",
        ),
        (
            {
                "eventName": ["INSERT"],
                "$or": [
                    {"eventName": ["MODIFY"]},
                    {"$or": [{"eventID": ["1"]}, {"eventID": ["2"]}]},
                ],
            },
            "eventName",
            "both inside and outside $or",
        ),
        (image(a={"N": ["five"]}), "dynamodb.NewImage.a.N[0]", "Write a number"),
        (image(a={"BOOL": ["true"]}), "dynamodb.NewImage.a.BOOL[0]", "[true]"),
        (image(a=["x"]), "dynamodb.NewImage.a[0]", '"a": {"S": ["x"]}'),
        (image(a=[{"exists": False}]), "dynamodb.NewImage.a[0]", "exists"),
        (image(a={"x": ["y"]}), "dynamodb.NewImage.a.x", "no field x"),
        (image(a={"S": [None]}), "dynamodb.NewImage.a.S[0]", '"NULL": [true]'),
        (image(a={"S": {"b": ["x"]}}), "dynamodb.NewImage.a.S", "plain value"),
        ({"dynamodb": {"newImage": {"a": {"S": ["x"]}}}}, "dynamodb.newImage", "NewImage?"),
        ({"event_name": ["INSERT"]}, "event_name", "eventName?"),
        ({"eventName": ["CREATE"]}, "eventName[0]", "INSERT, MODIFY, REMOVE"),
        ({"body": {"a": ["x"]}}, "body", "dynamodb"),
        ({"userIdentity": {"PrincipalId": ["x"]}}, "userIdentity.PrincipalId", "principalId?"),
        ({"dynamodb": ["x"]}, "dynamodb[0]", "an object"),
    ],
)
def test_what_aws_accepts_and_never_matches_is_a_trap(pattern: Any, path: str, says: str) -> None:
    problem = next(problem for problem in validate(pattern) if problem.path == path)
    assert not problem.refused
    assert says in str(problem)


def test_a_problem_inside_an_or_is_found_where_it_stands() -> None:
    pattern = {"$or": [{"eventName": ["INSERT"]}, image(a={"N": [{"numeric": ["=", 1]}]})]}
    assert [problem.path for problem in validate(json.dumps(pattern))] == [
        "dynamodb.NewImage.a.N[0].numeric"
    ]


def test_all_filters_of_a_mapping_are_checked_and_counted() -> None:
    good, bad = {"eventName": ["INSERT"]}, {"eventName": ["CREATE"]}
    assert validate_all([good] * 5) == []
    assert [problem.path for problem in validate_all([good, bad])] == ["filters[1].eventName[0]"]
    assert [problem.path for problem in validate_all([good] * 6)] == ["filters"]


def nested(levels: int) -> dict[str, Any]:
    """A filter on a value so many levels down in maps."""
    rule: dict[str, Any] = {"N": ["1"]}
    for _ in range(levels):
        rule = {"M": {"a": rule}}
    return {"dynamodb": {"NewImage": {"a": rule}}}


@pytest.mark.parametrize(
    "pattern",
    [
        {"dynamodb": {"NewImage": {"a": {"N": [Decimal(5)]}}}},
        {"eventName": {"INSERT"}},
        {"eventName": [b"INSERT"]},
        {"dynamodb": {"SizeBytes": [float("nan")]}},
        '{"eventName": [NaN]}',
        '{"eventName": [-Infinity]}',
    ],
)
def test_what_json_cannot_say_is_refused(pattern: Any) -> None:
    (problem,) = validate(pattern)
    assert (problem.path, problem.refused) == ("$", True)
    assert problem.message.startswith("not JSON")


def test_a_filter_goes_as_deep_as_an_item_and_no_deeper() -> None:
    assert validate(nested(31)) == []
    for deep in (nested(400), json.dumps(nested(400)), '{"a":' * 100_000):
        (problem,) = validate(deep)
        assert (problem.message, problem.refused) == ("it is nested too deeply.", True)


def test_a_tuple_is_a_list_as_in_the_template() -> None:
    assert validate({"eventName": ("INSERT", "MODIFY")}) == []
    assert validate({"eventName": ("INSERTED",)}) == validate({"eventName": ["INSERTED"]})
