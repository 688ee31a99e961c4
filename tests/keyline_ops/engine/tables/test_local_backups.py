"""Backups of a local state, made of an engine's file while it is written."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_local import client, state_locked
from keyline_ops.cli import app
from keyline_ops.recovery.local_state import LocalBackups
from tests.support.engine import engine_process

NAME = "numbered-items"


@contextmanager
def engine(data: Path) -> Iterator[Any]:
    """Run an engine on a file, as the platform does, and give a client of it."""
    with engine_process(data) as url:
        yield client("dynamodb", url, "us-east-1")


def numbers(at: Any) -> list[int]:
    pages = at.get_paginator("scan").paginate(TableName=NAME)
    return sorted(int(item["n"]["N"]) for page in pages for item in page["Items"])


def put(at: Any, number: int) -> None:
    at.put_item(TableName=NAME, Item={"n": {"N": str(number)}, "text": {"S": "x" * 2_000}})


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "local"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "one.json").write_text("1")
    (folder / "secrets.json").write_text("{}")
    (folder / "logs").mkdir()
    return folder


@pytest.mark.requirement("X-17")
def test_a_backup_made_while_the_engine_writes_is_of_one_moment(state: Path) -> None:
    """Acknowledged items are in the backup, and the items of the backup have no gap."""
    backups = LocalBackups(state)
    with engine(state / "engine.db") as at:
        at.create_table(
            TableName=NAME,
            KeySchema=[{"AttributeName": "n", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
        written: list[int] = []
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                put(at, len(written))
                written.append(len(written))

        writer = threading.Thread(target=write)
        writer.start()
        while len(written) < 50:
            assert writer.is_alive()
        before = len(written)
        saved = backups.save(lambda _: None)
        stop.set()
        writer.join()
    found = backups.listed()
    assert found == [saved]
    assert not (Path(saved.folder) / "logs").exists()
    (state / "checkpoints" / "one.json").write_text("2")
    kept = backups.restore(saved.name, replace=True)
    assert kept is not None
    with engine(state / "engine.db") as at:
        there = numbers(at)
    assert there == [*range(len(there))]
    assert len(there) >= before
    assert (state / "checkpoints" / "one.json").read_text() == "1"
    assert (kept / "checkpoints" / "one.json").read_text() == "2"
    with engine(kept / "engine.db") as at:
        assert numbers(at) == [*range(len(written))]


@pytest.mark.requirement("X-17")
def test_a_restore_of_a_local_state_loses_nothing_that_is_there(state: Path) -> None:
    backups = LocalBackups(state)
    with pytest.raises(KeylineError, match="has no tables yet"):
        backups.save(lambda _: None)
    with engine(state / "engine.db"):
        pass
    assert backups.save(lambda _: None, dry_run=True).name
    assert backups.listed() == []
    saved = backups.save(lambda _: None)
    with pytest.raises(KeylineError, match="has data") as raised:
        backups.restore(saved.name)
    assert "--replace" in raised.value.suggestion
    with state_locked(state), pytest.raises(KeylineError, match="another local platform runs"):
        backups.restore(saved.name, replace=True)
    with pytest.raises(KeylineError, match="is not a backup of"):
        backups.restore("other", replace=True)
    before = sorted(path.name for path in state.iterdir())
    assert backups.restore(saved.name, replace=True, dry_run=True) is not None
    assert sorted(path.name for path in state.iterdir()) == before
    # as after a kill while a backup, or a restore of one, was copied
    for name in (f"{saved.name}.part", f"{saved.name}.restoring"):
        shutil.copytree(saved.folder, Path(saved.folder).with_name(name))
    assert backups.listed() == [saved]
    # as after a kill between the two moves: the old state is aside, the new one not in place yet
    state.rename(state.parent / "aside")
    assert backups.restore(saved.name) is None
    assert (state / "engine.db").is_file()


@pytest.mark.requirement("X-17")
def test_a_file_that_is_put_in_its_place_meanwhile_stops_no_backup(state: Path) -> None:
    """A link to nothing stands for a file that is listed and then gone."""
    (state / "checkpoints" / "two.new").symlink_to("nothing")
    with engine(state / "engine.db"):
        pass
    saved = LocalBackups(state).save(lambda _: None)
    copied = (Path(saved.folder) / "checkpoints").iterdir()
    assert [path.name for path in copied] == ["one.json"]


@pytest.mark.requirement("X-17")
def test_the_words_for_the_local_state_are_those_for_tables_on_aws(state: Path) -> None:
    with engine(state / "engine.db"):
        pass
    where = ["--state", str(state)]
    run = CliRunner().invoke(app, ["backup", *where])
    assert run.exit_code == 0, run.output
    name = LocalBackups(state).listed()[0].name
    assert CliRunner().invoke(app, ["backup", "--list", *where]).stdout.startswith(name)
    run = CliRunner().invoke(app, ["restore", "--from-backup", name, "--replace", *where])
    assert run.exit_code == 0, run.output
    assert "What was there before is kept in" in run.stdout
    for words, said in (
        (["backup", "orders"], "a backup is of its whole state"),
        (["restore", "--to", "2026-01-31T10:00Z"], "keeps no history"),
        (["restore"], "needs a backup"),
        (["restore", "orders", "--from-backup", name], "a restore is of its whole state"),
    ):
        run = CliRunner().invoke(app, [*words, *where])
        assert said in str(run.exception), words
