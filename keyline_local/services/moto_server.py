"""Runs moto's server, whose parameters do without its EC2.

Moto's Systems Manager, where parameters are, imports EC2 for commands that are sent to instances.
To read the tables of EC2 (instance types, images, zones) takes longer than all else that the
platform needs of moto. Here they are read when somebody asks for them.

Where buckets tell of their objects, the key of an object keeps its slashes, as S3 writes it. Moto
writes `%2F`. A bucket with versions tells also of an object that is deleted without a version, of
which moto says nothing.

A rule or a schedule that a handler makes is refused. Moto would keep it, and nothing would fire it.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

NOTIFYING = "MOTO_BUCKETS_NOTIFY"
"""The environment variable that says that a bucket tells of its objects."""

NEVER_FIRED: Mapping[str, str] = {
    "PutRule": (
        "The local platform fires no rule that is made at run time. "
        "Declare the rule in the template."
    ),
    **dict.fromkeys(
        ("CreateSchedule", "UpdateSchedule"),
        "The local platform fires no schedule that is made or changed at run time. "
        "Declare the schedule in the template.",
    ),
}
"""The operations that are refused, each with what the error says."""

REFUSAL = "UnknownOperationException"
"""The name of the error of an operation that is refused."""

_EC2 = "moto.ec2"
_SCHEDULE = re.compile(r"/schedules/[^/]+")
_BY_METHOD = {"POST": "CreateSchedule", "PUT": "UpdateSchedule"}

Environ = dict[str, Any]
Application = Callable[[Any, Environ, Any], Iterable[bytes]]


class _Later:
    """The state of EC2 by account, which is read when it is first asked for."""

    def __getitem__(self, account: str) -> Any:
        return importlib.import_module(_EC2).ec2_backends[account]


def import_parameters() -> None:
    """Import the Systems Manager of moto, with a stand-in for its EC2 meanwhile."""
    stand_in = ModuleType(_EC2)
    vars(stand_in)["ec2_backends"] = _Later()
    sys.modules[_EC2] = stand_in
    importlib.import_module("moto.ssm.models")
    del sys.modules[_EC2]


def keep_slashes() -> None:
    """Let S3's notifications write the slashes of a key."""
    told = importlib.import_module("moto.s3.notifications")
    vars(told)["quote_plus"] = partial(quote_plus, safe="/")


def tell_of_delete_markers() -> None:
    """Let a bucket with versions tell when a delete marker is put over an object."""
    models = importlib.import_module("moto.s3.models")
    told = importlib.import_module("moto.s3.notifications")
    kind = told.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
    mark = models.S3Backend._set_delete_marker

    def mark_and_tell(backend: Any, bucket: str, key: str) -> Any:
        marker = mark(backend, bucket, key)
        removed = SimpleNamespace(name=key, size=0, etag="")
        told.send_event(backend.account_id, kind, backend.get_bucket(bucket), removed)
        return marker

    models.S3Backend._set_delete_marker = mark_and_tell


def refuse_what_is_never_fired() -> None:
    """Let the server refuse each operation whose result nothing here would ever fire."""
    served = importlib.import_module("moto.server").DomainDispatcherApplication
    served.__call__ = _refusing(served.__call__)


def _refusing(answer: Application) -> Application:
    def answer_or_refuse(app: Any, environ: Environ, start_response: Any) -> Iterable[bytes]:
        says = NEVER_FIRED.get(_operation(environ))
        if says is None:
            return answer(app, environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = json.dumps({"__type": REFUSAL, "message": says}).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        start_response("400 Bad Request", [*headers, ("x-amzn-errortype", REFUSAL)])
        return [body]

    return answer_or_refuse


def _operation(environ: Environ) -> str:
    """Return the operation of a request to EventBridge or to its Scheduler; empty of others."""
    service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
    if service == "AWSEvents":
        return str(operation)
    is_of_scheduler = "/scheduler/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
    if is_of_scheduler and _SCHEDULE.fullmatch(environ.get("PATH_INFO", "")):
        return _BY_METHOD.get(environ["REQUEST_METHOD"], "")
    return ""


if __name__ == "__main__":
    import_parameters()
    refuse_what_is_never_fired()
    if NOTIFYING in os.environ:
        keep_slashes()
        tell_of_delete_markers()
    importlib.import_module("moto.server").main()
