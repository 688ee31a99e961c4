"""A platform whose disk is full: what it acknowledged is there when there is space again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.keyline_local.foreign_apps import notes_app
from tests.support.fault_rows import Row, record
from tests.support.small_disk import Disk, SmallDisk, on_each_disk

KEYLINE = (sys.executable, "-m", "keyline_ops.cli")
SECONDS = 60.0


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return notes_app(tmp_path_factory.mktemp("notes"))


@dataclass
class Notes:
    """The API of a platform on a disk, and what it acknowledged."""

    process: subprocess.Popen[str]
    url: str
    http: httpx.Client

    def write(self, name: str) -> bool:
        """Tell whether a note was acknowledged."""
        try:
            answer = self.http.put(f"{self.url}/notes/{name}", content="text" * 200)
        except httpx.TransportError:  # the platform is gone
            return False
        return answer.is_success

    def has(self, name: str) -> bool:
        found: dict[str, str] = self.http.get(f"{self.url}/notes/{name}").json()
        return found.get("id") == name


@contextmanager
def platform(assembly: Path, disk: Disk) -> Iterator[Notes]:
    """Run the app with its state on the disk."""
    state = ("--state", str(disk.folder / "state"))
    up = ("up", "--assembly", str(assembly), "--free-ports", "--quiet")
    with (
        subprocess.Popen(
            [*disk.prefix, *KEYLINE, *up, *state],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
        httpx.Client(trust_env=False, timeout=60) as http,
    ):
        try:
            yield Notes(process, _url(process, [*disk.prefix, *KEYLINE, "status", *state]), http)
        finally:
            process.terminate()


def _url(process: subprocess.Popen[str], status: list[str]) -> str:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        asked = subprocess.run([*status, "--json"], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            (url,) = json.loads(asked.stdout)["apis"].values()
            return str(url)
        assert process.poll() is None, process.communicate()
    raise AssertionError("it did not start")


@pytest.mark.soak
@on_each_disk
def test_a_full_disk_loses_nothing_that_was_acknowledged(
    assembly: Path, tmp_path: Path, small_disk: SmallDisk
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        # Given a platform, When its disk is full and writers go on
        with platform(assembly, disk) as notes:
            before = [name for name in map("before-{}".format, range(20)) if notes.write(name)]
            assert len(before) == 20
            disk.fill()
            sent, acknowledged = len(before), [*before]
            until = time.monotonic() + SECONDS
            while notes.process.poll() is None:
                assert time.monotonic() < until, "it goes on with a full disk"
                name = f"full-{sent}"
                acknowledged += [name] * notes.write(name)
                sent += 1
            said, _ = notes.process.communicate()

        # Then the platform ends with one error, which names the folder and says what to do
        assert notes.process.returncode == 2
        assert "Traceback" not in said
        assert f"{disk.folder}/state" in said
        assert "--state" in said

        # And when there is space, all that was acknowledged is there, and the stream goes on
        disk.free()
        with platform(assembly, disk) as notes:
            assert notes.write("after")
            lost = [name for name in acknowledged if not notes.has(name)]
            until = time.monotonic() + SECONDS
            for name in [*acknowledged, "after"]:
                while not notes.has(f"copy-{name}"):
                    assert time.monotonic() < until, f"the stream has not brought {name}"
                    time.sleep(0.05)
        record(
            Row(
                system="an app of another team",
                fault="the disk is full",
                rate=small_disk.__name__.replace("_", " "),
                requests=sent,
                struck=sent - len(acknowledged),
                acknowledged=len(acknowledged),
                lost=len(lost),
                doubled=0,
            )
        )
        assert lost == []
