"""The input of a target: constants, parts of the event, and texts with parts of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyline_local.events.event_input import faults, payload_of
from keyline_local.resources import Input

EVENT: dict[str, Any] = {
    "source": "shop",
    "time": "2027-01-01T00:00:00Z",
    "resources": ["arn:one", "arn:two"],
    "detail": {"id": 'a"1', "count": 5, "tags": {"x": [1]}, "a-b": True},
}
PATHS = {
    "id": "$.detail.id",
    "count": "$.detail.count",
    "tags": "$.detail.tags",
    "second": "$.resources[1]",
    "none": "$.detail.missing",
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Input(), json.dumps(EVENT)),
        (Input(constant="as it is"), "as it is"),
        (Input(path="$.detail.tags.x"), "[1]"),
        (Input(path="$.detail['a-b']"), "true"),
        (Input(path="$.detail.missing"), "{}"),
        (Input(paths=PATHS, template='{"n": <count>, "t": <tags>}'), '{"n": 5, "t": {"x": [1]}}'),
        (Input(paths=PATHS, template='{"id": <id>}'), '{"id": "a\\"1"}'),
        (Input(paths=PATHS, template='"order <id>: <count>"'), '"order a\\"1: 5"'),
        (Input(paths=PATHS, template='"of <second>"'), '"of arn:two"'),
        (Input(paths=PATHS, template='{"a": <none>, "b": "<none>"}'), '{"a": "", "b": ""}'),
        (Input(template='"by <aws.events.rule-name>"'), '"by daily"'),
        (Input(template='"<other>"'), '"<other>"'),
    ],
)
def test_a_target_is_sent_what_its_input_says(given: Input, expected: str) -> None:
    assert payload_of(given, EVENT, rule_name="daily") == expected


def test_the_whole_event_can_be_a_part_of_a_template() -> None:
    sent = json.loads(payload_of(Input(template='{"it": <aws.events.event.json>}'), EVENT))
    assert sent == {"it": EVENT}
    bare = json.loads(payload_of(Input(template='{"it": <aws.events.event>}'), EVENT))
    assert "detail" not in bare["it"]


def test_what_is_not_a_path_is_named() -> None:
    given = Input(paths={"a": "detail.id", "b": "$.ok"}, path="$.detail[*]")
    assert [fault.split(" is not")[0] for fault in faults(given)] == [
        "'detail.id'",
        "'$.detail[*]'",
    ]
