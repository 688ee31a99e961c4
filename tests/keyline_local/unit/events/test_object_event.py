"""The events of objects, made whole from what the server of the AWS APIs says."""

from __future__ import annotations

from typing import Any

import pytest

from keyline_local.events.object_event import bus_event, records


def told(name: str) -> dict[str, Any]:
    s3 = {
        "bucket": {"name": "b", "arn": "arn:aws:s3:::b"},
        "object": {"key": "a+b%2Fc.txt", "size": 3, "eTag": "e"},
    }
    record = {
        "eventName": name,
        "awsRegion": "r",
        "eventTime": "2027-01-01T10:00:00.123Z",
        "s3": s3,
    }
    return {"Records": [record]}


def test_a_record_for_a_function_is_whole() -> None:
    (record,) = records(told("ObjectCreated:Put"), "111122223333")
    assert record["s3"]["object"]["key"] == "a+b%2Fc.txt"
    assert record["s3"]["bucket"]["ownerIdentity"] == {"principalId": "111122223333"}
    assert {"userIdentity", "requestParameters", "responseElements"} <= {*record}
    assert record["s3"]["object"]["sequencer"]


def test_the_test_message_of_a_bucket_has_no_records() -> None:
    assert records({"Event": "s3:TestEvent"}, "1") == []


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("ObjectCreated:Put", "Object Created", "PutObject"),
        ("ObjectCreated:Copy", "Object Created", "CopyObject"),
        ("ObjectRemoved:Delete", "Object Deleted", "DeleteObject"),
        ("ObjectAcl:Put", "Object ACL Updated", None),
    ],
)
def test_the_event_of_the_bus_has_the_plain_key(name: str, kind: str, reason: str | None) -> None:
    (record,) = records(told(name), "1")
    event = bus_event(record, "1")
    assert event is not None
    assert (event["source"], event["detail-type"]) == ("aws.s3", kind)
    assert (event["time"], event["resources"]) == ("2027-01-01T10:00:00Z", ["arn:aws:s3:::b"])
    assert event["detail"]["object"]["key"] == "a b/c.txt"
    assert event["detail"].get("reason") == reason
    assert ("deletion-type" in event["detail"]) is (kind == "Object Deleted")


def test_other_events_of_a_bucket_are_not_brought_to_the_bus() -> None:
    (record,) = records(told("ObjectRestore:Post"), "1")
    assert bus_event(record, "1") is None
