"""Expired items in the archive, on the local platform: swept, streamed, filtered, in a bucket."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app import bundler
from companion.system import SYSTEM
from companion.tables import LOGS
from keyline_deploy.bundling import Target
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_local import Platform, client
from keyline_ops.running import local_ports
from stacks.application import build
from tests.support.templates import new_app

pytestmark = pytest.mark.xdist_group("companion")  # whose platform is looked at for secrets

LOCAL = load("local")
ARCHIVING = msgspec.structs.replace(LOCAL, archive={SYSTEM.name: (LOGS.name,)})
BUCKET = "keyline-archive-companion-local-000000000000"
NAME = LOGS.physical_name("local")


def log(number: int, expires: int) -> dict[str, Any]:
    return {
        "patientId": {"S": "p1"},
        "timestamp": {"S": f"2026-01-31T10:00:0{number}.000Z"},
        "escalationLevel": {"N": "0"},
        "text": {"S": "good morning"},
        "expiresAt": {"N": str(expires)},
    }


NOW = int(time.time())
EXPIRED, ALSO_EXPIRED = log(1, NOW - 60), log(2, NOW - 61)
ALIVE, DELETED = log(3, NOW + 86_400), log(4, NOW + 86_400)


@pytest.mark.requirement("T-51", "B-65")
def test_what_ttl_deletes_is_in_the_bucket_and_what_a_user_deletes_is_not(tmp_path: Path) -> None:
    made = new_app(tmp_path, checks=False)
    build(made, ARCHIVING, [SYSTEM], bundler(Target.HOST))
    made.synth()
    lines = asyncio.run(_archived(tmp_path))
    assert [json.loads(line["archive_item"]) for line in lines] == [EXPIRED, ALSO_EXPIRED]
    assert [line["text"] for line in lines] == ["good morning", "good morning"]


async def _archived(folder: Path) -> list[Mapping[str, Any]]:
    platform = Platform(
        root=ROOT,
        assembly=folder / "assembly",
        state=folder / "state",
        declared=local_ports(LOCAL),
    )
    async with platform:
        at = platform.dynamodb()
        for each in (EXPIRED, ALSO_EXPIRED, ALIVE, DELETED):
            at.put_item(TableName=NAME, Item=each)
        key = {name: DELETED[name] for name in ("patientId", "timestamp")}
        at.delete_item(TableName=NAME, Key=key)
        await platform.sweep_ttl()
        s3 = client("s3", platform.endpoints.aws, LOCAL.region)
        await platform.event_sources.drain(timeout=90)
        return await asyncio.to_thread(_lines, s3)


def _lines(s3: Any) -> list[Mapping[str, Any]]:
    listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    found = []
    for each in listed:
        assert each["Key"].startswith(f"table={LOGS.name}/day=")
        body = s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
        found += [json.loads(line) for line in gzip.decompress(body).splitlines()]
    return sorted(found, key=lambda line: str(line["timestamp"]))
