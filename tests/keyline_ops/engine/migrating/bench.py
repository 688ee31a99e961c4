"""The sample tables on an engine, and the command that moves their items."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from keyline.model import Table
from keyline.run import ItemWriter, Store, TableSettings
from keyline_deploy.project import ROOT
from keyline_ops.deployed import Deployed
from keyline_ops.migrating.declaration import Backfill
from keyline_ops.migrating.job import Job
from tests.support.sample.moving import OLD_RECEIPTS, SYSTEM, OldReceipt
from tests.support.small_disk import Disk


@dataclass(frozen=True)
class Bench:
    """The tables of the sample, and a folder for checkpoints."""

    where: Deployed
    folder: Path
    disk: Disk | None = None

    @property
    def state(self) -> Path:
        """The state folder that the command is given."""
        return self.folder / "local"

    def job(self, backfill: Backfill) -> Job:
        """Return a backfill on this engine."""
        return Job(SYSTEM, backfill, self.where, self.state)

    def store(self) -> Store:
        """Return the store of the functions."""
        return self.where.store(SYSTEM, 16)

    def put(self, table: Table, items: Iterable[dict[str, Any]]) -> None:
        """Write items as they are, not as the declaration would."""
        resource = self.where.client()
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda item: resource.put_item(
                        TableName=table.physical_name("local"), Item=item
                    ),
                    items,
                )
            )

    def put_receipts(self, receipts: Iterable[OldReceipt]) -> None:
        """Write receipts where they were stored first."""
        writer = ItemWriter(
            OLD_RECEIPTS, OLD_RECEIPTS.entity_of(OldReceipt), TableSettings(SYSTEM.settings())
        )
        everyone = [writer.attributes(each, 0.0) for each in receipts]
        name = OLD_RECEIPTS.physical_name("local")
        connection = self.where.connection(4)
        batches = [everyone[n : n + 25] for n in range(0, len(everyone), 25)]
        with ThreadPoolExecutor(4) as pool:
            sent = pool.map(
                lambda batch: connection.send(
                    "BatchWriteItem",
                    {"RequestItems": {name: [{"PutRequest": {"Item": i}} for i in batch]}},
                ),
                batches,
            )
            assert not any(msgspec.json.decode(s.body).get("UnprocessedItems") for s in sent)

    def items(self, table: Table) -> list[dict[str, Any]]:
        """Return what is really stored."""
        pages = self.where.client().get_paginator("scan")
        found = pages.paginate(TableName=table.physical_name("local"), ConsistentRead=True)
        return [item for page in found for item in page["Items"]]

    def keyline(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command; on the disk, where the bench has one."""
        state = self.disk.folder / self.state.name if self.disk else self.state
        return subprocess.Popen(
            [
                *(self.disk.prefix if self.disk else []),
                *(sys.executable, "-m", "tests.keyline_ops.engine.migrating.migrator"),
                *(str(self.where.engine), "migrate", "receipts", *arguments),
                *("--state", str(state), "--json"),
            ],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str) -> tuple[int, Any]:
        """Run the command: its exit code, and what it printed."""
        process = self.keyline(*arguments)
        out, err = process.communicate()
        return process.returncode, json.loads(out) if out else err
