"""A thousand writes of one moment, from 32 threads in four processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from keyline_deploy.project import ROOT
from tests.support.bench import Bench
from tests.support.sample.notes import NOTES_OF

PROCESSES, THREADS, WRITES = 4, 8, 32


@pytest.mark.requirement("T-02")
def test_all_land_in_order_per_writer(bench: Bench) -> None:
    # Given writers in several processes, whose clocks all stand at the same moment
    command = [sys.executable, "-m", "tests.support.unique_writer", bench.url]
    writers = [
        subprocess.Popen(
            [*command, bench.environment, f"p{n}", str(THREADS), str(WRITES)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    try:
        for process in writers:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors[-2000:]
    finally:
        for process in writers:
            process.kill()
            process.wait()
    # Then every write has landed
    notes = list(bench.store().items(NOTES_OF, owner="all"))
    assert len(notes) == PROCESSES * THREADS * WRITES
    # And the notes of each writer lie in the order it wrote them
    by_writer: dict[str, list[int]] = {}
    for each in notes:
        by_writer.setdefault(each.name, []).append(each.size)
    assert len(by_writer) == PROCESSES * THREADS
    assert all(order == list(range(WRITES)) for order in by_writer.values())
