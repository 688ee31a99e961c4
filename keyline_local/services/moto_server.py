"""Runs moto's server, whose parameters do without its EC2.

Moto's Systems Manager, where parameters are, imports EC2 for commands that are sent to instances.
To read the tables of EC2 (instance types, images, zones) takes longer than all else that the
platform needs of moto. Here they are read when somebody asks for them.

Where buckets tell of their objects, the key of an object keeps its slashes, as S3 writes it. Moto
writes `%2F`. A bucket with versions tells also of an object that is deleted without a version, of
which moto says nothing.
"""

from __future__ import annotations

import importlib
import os
import sys
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

NOTIFYING = "MOTO_BUCKETS_NOTIFY"
"""The environment variable that says that a bucket tells of its objects."""

_EC2 = "moto.ec2"


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


if __name__ == "__main__":
    import_parameters()
    if NOTIFYING in os.environ:
        keep_slashes()
        tell_of_delete_markers()
    importlib.import_module("moto.server").main()
