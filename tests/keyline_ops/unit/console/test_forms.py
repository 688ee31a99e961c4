"""The form of a pattern makes the call of a store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyline.errors import KeylineError
from keyline.model import Check, Pattern
from keyline_deploy.environment import load
from keyline_ops.console.calls import Caller
from keyline_ops.console.forms import MOST_ACTIONS, call_of, fields
from keyline_ops.deployed import Deployed
from tests.support.sample.notes import (
    DROP_EXISTING,
    EDIT_NOTE,
    GET_NOTES,
    MOVE,
    PUT_NOTE,
    WRITE_NOTES,
)
from tests.support.sample.orders import ORDER_SNAPSHOT
from tests.support.sample.shop import LARGE

NOTE = {"owner": "ann", "timestamp": 1.9e12, "name": "plan", "size": 1, "topic": "work"}
KEY = {"owner": "ann", "timestamp": 1.0}
CALLER = Caller(Deployed(load("local"), engine="http://127.0.0.1:1"))


def sent(pattern: Pattern[Any], **given: Any) -> Any:
    """Return the request that a form makes, of a call that is not made."""
    texts = {n: v if isinstance(v, str) else json.dumps(v) for n, v in given.items()}
    (request,) = CALLER.preview(LARGE, call_of(pattern, texts, 20))
    return request


@pytest.mark.parametrize("pattern", LARGE.patterns, ids=lambda pattern: pattern.name)
def test_each_pattern_has_a_form_of_its_values(pattern: Pattern[Any]) -> None:
    names = [field.name for field in fields(pattern, {})]
    assert len(names) == len(set(names))
    for parameter in () if "batch" in pattern.operation.lower() else pattern.parameters:
        assert any(name in (parameter, f"{parameter}.from") for name in names)
    with pytest.raises(KeylineError):
        call_of(pattern, {}, 20)
    if not isinstance(pattern, Check):
        assert names


def test_a_preview_shows_the_request_of_a_write_and_sends_nothing() -> None:
    request = sent(PUT_NOTE, item=NOTE)
    assert request.operation == "PutItem"
    assert request.request["Item"]["name"] == {"S": "plan"}
    assert "attribute_not_exists" in request.request["ConditionExpression"]


def test_an_update_takes_changes_of_the_types_of_their_fields_and_a_version() -> None:
    request = sent(
        EDIT_NOTE,
        owner="ann",
        timestamp="1",
        expected="3",
        changes={"name": "new", "tags": ["a"], "size": None},
    ).request
    values = list(request["ExpressionAttributeValues"].values())
    assert {"SS": ["a"]} in values
    assert {"N": "3"} in values
    assert "size" not in json.dumps(request["UpdateExpression"])


def test_a_delete_takes_the_values_of_its_conditions() -> None:
    request = sent(DROP_EXISTING, owner="ann", timestamp="1", name="plan")
    assert request.operation == "DeleteItem"
    assert {"S": "plan"} in request.request["ExpressionAttributeValues"].values()


def test_batches_and_transactions_take_lists() -> None:
    keys = sent(GET_NOTES, keys=[KEY, {**KEY, "timestamp": 2.0}]).request
    assert len(keys["RequestItems"]["StaffNotes-local"]["Keys"]) == 2
    writes = sent(WRITE_NOTES, puts=[NOTE], deletes=[{**KEY, "timestamp": 2.0}]).request
    assert len(writes["RequestItems"]["StaffNotes-local"]) == 2
    actions = [
        {"pattern": "put-note", "item": NOTE},
        {"pattern": "edit-note", "values": {**KEY, "timestamp": 2.0}, "changes": {"name": "n"}},
        {"pattern": "drop-note", "values": {**KEY, "timestamp": 3.0}},
        {"pattern": "check-note", "values": {**KEY, "timestamp": 4.0, "name": "plan"}},
    ]
    moved = sent(MOVE, actions=[{**actions[1], "expected": 1}, *actions[:1], *actions[2:]])
    assert [next(iter(each)) for each in moved.request["TransactItems"]] == [
        *("Update", "Put", "Delete", "ConditionCheck")
    ]
    reads = [{"pattern": "mark-get", "values": {"pk": "a"}}]
    assert sent(ORDER_SNAPSHOT, actions=reads).operation == "TransactGetItems"


@pytest.mark.parametrize(
    ("pattern", "given", "said"),
    [
        (PUT_NOTE, {"item": "{"}, "is not JSON"),
        (PUT_NOTE, {"item": "[]"}, "cannot be read"),
        (PUT_NOTE, {"item": json.dumps({**NOTE, "size": "x"})}, "cannot be read"),
        (GET_NOTES, {"keys": "{}"}, f"is not a list of at most {MOST_ACTIONS}"),
        (GET_NOTES, {"keys": json.dumps([KEY] * 26)}, f"is not a list of at most {MOST_ACTIONS}"),
        (MOVE, {"actions": '[{"pattern": "put-nte"}]'}, "Did you mean 'put-note'?"),
        (EDIT_NOTE, {"owner": "a", "timestamp": "1", "changes": "1"}, "not an object of JSON"),
    ],
)
def test_what_cannot_be_read_is_refused(
    pattern: Pattern[Any], given: dict[str, str], said: str
) -> None:
    with pytest.raises(KeylineError) as error:
        call_of(pattern, given, 20)
    assert said in str(error.value)
