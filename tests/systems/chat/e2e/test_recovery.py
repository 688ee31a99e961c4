"""The drill: the runbook's steps as they stand there, after an accident, while a writer goes on.

The emulator keeps the history of its items, so the data after the restore is the data of the time.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from typer.testing import CliRunner

from chat.patterns import (
    CONVERSATION_MESSAGES,
    MESSAGE_CREATE,
    MODULE_MESSAGES,
    PROVIDER_MESSAGES,
    STUDENT_MESSAGES,
)
from chat.system import SYSTEM
from chat.tables import MESSAGES, Message
from keyline.model import Query
from keyline.run import Store, dynamodb_client, from_environment
from keyline_deploy.environment import Environment, load
from keyline_deploy.project import ROOT
from keyline_deploy.synthesized import Template, read_templates
from keyline_ops.cli import app
from stacks.application import build
from tests.support.recovery.deploying import deploy
from tests.support.recovery.runbook import RunbookStep, steps_of
from tests.support.recovery.server import remembering_server
from tests.support.templates import new_app, no_bundle, resources

RUNBOOK = ROOT / "docs" / "runbooks" / "backup-and-restore.md"
PROD = load("prod")
NAME = MESSAGES.physical_name("prod")
ALWAYS = (0.0, 1e15)
DATA, SERVICE = "ChatDataProd", "ChatServiceProd"
STACKS = {DATA: "chat-data-prod", SERVICE: "chat-service-prod"}
GLOBAL = "AWS::DynamoDB::GlobalTable"


def message(number: int, question: str = "Why?") -> Message:
    return Message(
        conversationId=f"conversation-{number % 3}",
        timestamp=1_900_000_000_000.0 + number,
        messageId=f"m{number}",
        moduleId=12,
        provider="openai",
        modelUsed="gpt-4o",
        question=question,
        response="Think.",
        tokenCount=1,
        responseTime=1,
        hasFile=False,
        createdAt="2030-01-01T00:00:00.000Z",
        studentId=456,
    )


@dataclass
class Drill:
    """An environment on the emulator, and what its functions would read."""

    folder: Path
    url: str
    monkeypatch: pytest.MonkeyPatch
    environment: Environment = PROD
    assemblies: dict[str, Path] = field(default_factory=dict)
    clients_made: dict[str, Any] = field(default_factory=dict)

    def clients(self, service: str) -> Any:
        if service not in self.clients_made:
            self.clients_made[service] = boto3.client(
                service, region_name=PROD.region, endpoint_url=self.url
            )
        return self.clients_made[service]

    def assembly(self) -> Path:
        """Synthesize the environment as its file is now."""
        key = json.dumps(self.environment.tables.names)
        if key not in self.assemblies:
            folder = self.folder / f"synth-{len(self.assemblies)}"
            made = new_app(folder, checks=False)
            build(made, self.environment, [SYSTEM], no_bundle(folder))
            made.synth()
            self.assemblies[key] = folder / "assembly"
        return self.assemblies[key]

    def templates(self) -> Mapping[str, Template]:
        return read_templates(self.assembly())

    def deploy(self, before: Mapping[str, Template] | None = None) -> None:
        """Do what `cdk deploy` does: make tables that are new, put all alarms."""
        templates = self.templates()
        for id in (DATA, SERVICE):
            deploy(self.clients, STACKS[id], templates[id], (before or {}).get(id))

    def store(self) -> Store:
        """Return the store of the writing function, from the variables of its template."""
        functions = resources(dict(self.templates()[SERVICE]), "AWS::Lambda::Function").values()
        (found,) = (f for f in functions if f["FunctionName"] == "chat-write-prod")
        given = found["Environment"]["Variables"]
        known = {name: value for name, value in given.items() if isinstance(value, str)}
        context = from_environment(SYSTEM, SYSTEM.settings, known)
        return Store(
            system=SYSTEM,
            environment=context.environment,
            settings=context.settings,
            tables=context.tables,
            client=dynamodb_client(
                endpoint_url=self.url, region=PROD.region, credentials=("testing", "testing")
            ),
        )

    def invoke(self, command: str) -> tuple[int, str]:
        """Run a command of the runbook, with the assembly named that is deployed."""
        program, *words = shlex.split(command)
        assert program == "keyline"
        run = CliRunner().invoke(app, [*words, *self.options()])
        if run.exception and not isinstance(run.exception, SystemExit):
            raise run.exception
        return run.exit_code, run.output

    def options(self) -> list[str]:
        return ["--assembly", str(self.assembly()), "--state", str(self.folder / "local")]

    def killed(self, command: str, steps: int) -> None:
        """Run a command in a process of its own, and kill it after so many steps of its journal."""
        _, *words = shlex.split(command)
        process = subprocess.Popen(
            [sys.executable, "-m", "keyline_ops.cli", *words, *self.options()],
            env={**os.environ, "PYTHONPATH": _PATHS},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            while len(self.journal().get("steps", ())) < steps:
                assert process.poll() is None, process.stderr and process.stderr.read().decode()
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == -signal.SIGKILL

    def journal(self) -> dict[str, Any]:
        for path in (self.folder / "restores").glob("*.json"):
            found: dict[str, Any] = json.loads(path.read_text())
            return found
        return {}


_PATHS = os.pathsep.join(map(str, (ROOT, ROOT / "constructs", ROOT / "lambda_src")))


@pytest.fixture
def drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drill]:
    account = str(PROD.account)
    with remembering_server(account, tmp_path / "emulator.log") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        made = Drill(tmp_path, url, monkeypatch)
        monkeypatch.setattr("keyline_ops.commands.recovery.load", lambda _: made.environment)
        yield made


class Writer:
    """Goes on writing messages, and knows which table each of them was acknowledged by."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.acknowledged: dict[str, list[int]] = {}
        self.failures: list[Exception] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 10_000
        while not self._stop.is_set():
            number += 1
            store = self.store
            try:
                store.put(MESSAGE_CREATE, message(number))
            except Exception as error:  # noqa: BLE001 - whatever it is, the drill has failed
                self.failures.append(error)
                return
            self.acknowledged.setdefault(store.table_name(MESSAGES), []).append(number)
            time.sleep(0.05)


def an_accident(drill: Drill, table: str) -> None:
    """Half of the items are deleted, the others are wrong, and a deployment took something away."""
    client = drill.clients("dynamodb")
    for number in range(60):
        key = {
            "conversationId": {"S": f"conversation-{number % 3}"},
            "timestamp": {"N": str(1_900_000_000_000 + number)},
        }
        if number % 2:
            client.delete_item(TableName=table, Key=key)
        else:
            client.update_item(
                TableName=table,
                Key=key,
                UpdateExpression="SET question = :wrong",
                ExpressionAttributeValues={":wrong": {"S": "wrong"}},
            )
    ttl = {"Enabled": False, "AttributeName": "ttl"}
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
    gone = [{"Delete": {"IndexName": "StudentActivityIndex"}}]
    client.update_table(TableName=table, GlobalSecondaryIndexUpdates=gone)


def questions(store: Store) -> dict[str, str]:
    """Return all messages, by the table and by each of the three indexes: all have to agree."""
    found: dict[str, str] = {}
    for number in range(3):
        found |= every(store, CONVERSATION_MESSAGES, conversationId=f"conversation-{number}")
    for pattern, key in (
        (MODULE_MESSAGES, {"moduleId": 12}),
        (STUDENT_MESSAGES, {"studentId": 456}),
        (PROVIDER_MESSAGES, {"provider": "openai"}),
    ):
        assert every(store, pattern, **key) == found, pattern.name
    return found


def every(store: Store, pattern: Query[Message], **key: Any) -> dict[str, str]:
    """Return the questions of all pages by the ids of the messages."""
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = store.query(pattern, limit=500, cursor=cursor, timestamp=ALWAYS, **key)
        found |= {each.messageId: each.question for each in page.items}
        if page.cursor is None:
            return found
        cursor = page.cursor


def next_second() -> datetime:
    moment = int(time.time()) + 1
    while time.time() < moment:
        time.sleep(0.01)
    return datetime.fromtimestamp(moment, UTC)


@pytest.mark.requirement("K-67", "X-17")
def test_the_runbook_brings_back_a_table_while_a_writer_goes_on(drill: Drill) -> None:
    drill.deploy()
    before = drill.templates()
    with Writer(drill.store()) as writer:
        for number in range(60):
            drill.store().put(MESSAGE_CREATE, message(number))
        moment = next_second()
        time_over = next_second()  # so that nothing of the damage is in the second before
        assert time_over > moment
        an_accident(drill, NAME)
        steps = iter(steps_of(RUNBOOK, "Something is wrong with a table", moment))
        target = f"{NAME}-r{moment:%Y%m%dT%H%M%SZ}"

        code, told = drill.invoke(next(steps).command)  # verify
        assert code == 1
        assert "ttl\n    declared ttl, deployed nothing" in told
        assert "indexes.StudentActivityIndex.key" in told

        code, told = drill.invoke(next(steps).command)  # restore --dry-run
        assert (code, target in told) == (0, True)
        assert target not in drill.clients("dynamodb").list_tables()["TableNames"]

        restore = next(steps).command
        for done in (0, 1, 4):
            drill.killed(restore, done)
        code, told = drill.invoke(restore)
        assert code == 0, told
        assert "0 differences, 0 not verified" in told
        assert drill.journal()["verified"]

        imported = follow(drill, steps, told)
        came = imported[DATA]["Resources"].keys() - before[DATA]["Resources"].keys()
        kept = {id: imported[DATA]["Resources"][id] for id in before[DATA]["Resources"]}
        assert kept == before[DATA]["Resources"]
        assert [imported[DATA]["Resources"][id]["Properties"]["TableName"] for id in came] == [
            target
        ]
        assert imported[SERVICE] == before[SERVICE]

        follow(drill, steps, told)
        drill.deploy(imported)
        seen = len(writer.acknowledged[NAME])
        writer.store = drill.store()
        while len(writer.acknowledged.get(target, ())) < 20:
            assert not writer.failures, writer.failures
            time.sleep(0.01)
        assert seen > 20

        code, told = drill.invoke(next(steps).command)  # verify: alarms watch the new table
        assert code == 0, told
        assert "0 differences, 0 not verified" in told
    assert not writer.failures
    found = questions(drill.store())
    assert {id: text for id, text in found.items() if int(id[1:]) < 60} == {
        f"m{number}": "Why?" for number in range(60)
    }
    written = {int(id[1:]) for id in found if int(id[1:]) >= 10_000}
    # of the writer: what it wrote until the second before, and all since the switch
    assert {*writer.acknowledged[target]} <= written
    old = [number for number in writer.acknowledged[NAME] if number in written]
    assert old == writer.acknowledged[NAME][: len(old)]
    assert len(old) > 0

    leaving = next(steps)
    drill.environment = named(leaving)
    gone = drill.templates()[DATA]["Resources"]
    assert [r["Properties"]["TableName"] for r in gone.values() if r["Type"] == GLOBAL].count(
        NAME
    ) == 0
    assert next(steps, None) is None


def follow(drill: Drill, steps: Iterator[RunbookStep], told: str) -> Mapping[str, Template]:
    """Change the environment's file as a step says; the command is the one that was printed."""
    step, command = next(steps), next(steps).command
    assert command in told
    for line in step.settings.splitlines():
        assert line in told
    drill.environment = named(step)
    return drill.templates()


def named(step: RunbookStep) -> Environment:
    tables = msgspec.structs.replace(PROD.tables, names=step.names())
    return msgspec.structs.replace(PROD, tables=tables)
