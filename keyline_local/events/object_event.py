"""The events of objects, as a bucket tells them to a function and to the event bus.

Sources: "Event message structure" and "EventBridge event message structure" (Amazon S3 user guide).
The server of the other AWS APIs leaves out what it does not know: such members are added here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from keyline_local.host.process import LOOPBACK

_KINDS = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectAcl:Put": "Object ACL Updated",
}
_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
    "DeleteMarkerCreated": "DeleteObject",
}


def records(told: Mapping[str, Any], account: str) -> list[dict[str, Any]]:
    """Return the records of a bucket's message, whole; none of the test message."""
    return [_whole(record, account) for record in told.get("Records", [])]


def _whole(record: Mapping[str, Any], account: str) -> dict[str, Any]:
    s3, principal = record["s3"], {"principalId": f"AWS:{account}"}
    request = uuid.uuid4().hex[:16].upper()
    return {
        "userIdentity": principal,
        "requestParameters": {"sourceIPAddress": LOOPBACK},
        "responseElements": {"x-amz-request-id": request, "x-amz-id-2": request},
        **record,
        "s3": {
            **s3,
            "bucket": {"ownerIdentity": {"principalId": account}, **s3["bucket"]},
            "object": {"sequencer": request, **s3["object"]},
        },
    }


def bus_event(record: Mapping[str, Any], account: str) -> dict[str, Any] | None:
    """Return the event of the bus for a whole record; None for events it does not have."""
    family, _, how = record["eventName"].partition(":")
    kind = _KINDS.get(record["eventName"], _KINDS.get(family))
    if kind is None:
        return None
    bucket, found = record["s3"]["bucket"], record["s3"]["object"]
    written = {"key": unquote_plus(found["key"]), "sequencer": found["sequencer"]}
    if kind == "Object Created":
        written["size"] = found["size"]
    if kind != "Object Deleted":
        written["etag"] = found["eTag"]
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket["name"]},
        "object": written,
        "request-id": record["responseElements"]["x-amz-request-id"],
        "requester": account,
        "source-ip-address": LOOPBACK,
    }
    if kind in ("Object Created", "Object Deleted"):
        detail["reason"] = _REASONS.get(how, how)
    if kind == "Object Deleted":
        marker = how == "DeleteMarkerCreated"
        detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": "aws.s3",
        "account": account,
        "time": f"{record['eventTime'][:19]}Z",
        "region": record["awsRegion"],
        "resources": [bucket["arn"]],
        "detail": detail,
    }
