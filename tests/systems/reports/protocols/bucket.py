"""A bucket in memory whose requests meet a plan's faults, as a client of S3 shows them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.support.faults import Fault
from tests.support.protocols.clocks import Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.plan import Plan

_URL = "https://bucket"
_OBJECTS_OVERTAKE = 3
"""Requests that may overtake a late one."""


@dataclass
class Bucket:
    """The content of the bucket, each object with its moment by the bucket's clock.

    Attributes
    ----------
    meanwhile
        What others do while a request waits or its answer is slow.
    """

    plan: Plan
    time: Time
    meanwhile: Callable[[str], object]
    objects: dict[str, tuple[bytes, Mapping[str, str], float]] = field(default_factory=dict)
    late: list[tuple[int, Callable[[], object]]] = field(default_factory=list)

    def client(self, actor: str) -> BucketClient:
        """Return a client of one actor."""
        return BucketClient(self, actor)

    def carry_out(self, actor: str, what: str, do: Callable[[], Any]) -> Any:
        """Carry out a request as the plan says."""
        self._deliver_late()
        fault = self.plan.fault(actor, what)
        if fault in (Fault.WAITS, Fault.SLOW) and what == "PutObject":
            self.meanwhile(actor)
        match fault:
            case Fault.UNSENT:
                raise EndpointConnectionError(endpoint_url=_URL)
            case Fault.THROTTLED:
                raise _error(503, "SlowDown")
            case Fault.KILLED:
                raise Crash
            case Fault.LATE:
                self.late.append((self.plan.later(_OBJECTS_OVERTAKE), do))
                raise ReadTimeoutError(endpoint_url=_URL)
        answer = do()
        match fault:
            case Fault.LOST | Fault.FAILED:
                raise ReadTimeoutError(endpoint_url=_URL)
            case Fault.KILLED_AFTER:
                raise Crash
            case Fault.DAMAGED if what == "GetObject":
                answer["Body"] = io.BytesIO(answer["Body"].read()[:-1])
        return answer

    def _deliver_late(self) -> None:
        due = [do for left, do in self.late if left <= 0]
        self.late = [(left - 1, do) for left, do in self.late if left > 0]
        for do in due:
            do()


@dataclass(frozen=True)
class BucketClient:
    """A client with all that a `MatrixBucket` asks of S3."""

    bucket: Bucket
    actor: str

    def get_object(self, *, Bucket: str, Key: str, IfModifiedSince: datetime) -> Any:
        """Return an object that was stored since a moment."""

        def get() -> dict[str, Any]:
            held = self.bucket.objects.get(Key)
            if held is None:
                raise _error(404, "NoSuchKey")
            content, metadata, stored = held
            if datetime.fromtimestamp(stored, UTC) <= IfModifiedSince:
                raise _error(304, "NotModified")
            return {"Body": io.BytesIO(content), "Metadata": metadata}

        return self.bucket.carry_out(self.actor, "GetObject", get)

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, ContentType: str, Metadata: Mapping[str, str]
    ) -> Any:
        """Store an object in place of the one that is there."""

        def put() -> dict[str, Any]:
            self.bucket.objects[Key] = Body, Metadata, self.bucket.time.now
            return {}

        return self.bucket.carry_out(self.actor, "PutObject", put)


def _error(status: int, code: str) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Object")
