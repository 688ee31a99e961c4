"""`keyline deploy` under `kill -9`, with a writer and a reader that go on all the time.

The emulator refuses two changes of indexes at once, and takes its time to fill one. Only an
emulator proves what is here: nothing ran on AWS.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ssm as ssm
from botocore.config import Config

from tests.support.deploy.emulator import ACCOUNT, REGION, Emulator, running_emulator

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1200)]

TABLE = "orders-wave-dev"
READER = "/orders/reader"
OLD, NEW, OTHER = "by-status", "by-customer", "by-day"
KEYS = {OLD: "status", NEW: "customer", OTHER: "day"}
FILL_SECONDS = 4
SIGNS = ("deploying...", "being filled")
"""What the command prints in the middle of a wave: in an update, and while an index is filled."""
WAVE = re.compile(r"wave \d+ of \d+: ")

Kill = tuple[str, str]


@pytest.fixture(scope="module")
def emulator_with_rules(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("emulator-with-rules")
    with running_emulator(root, folder, fill_seconds=FILL_SECONDS) as emulator:
        yield emulator


def synthesized(folder: Path, indexes: Sequence[str], reads: str = "") -> Path:
    """Return a cloud assembly: a data stack, and a service stack whose parameter names an index.

    There is no service stack if it reads none.
    """
    app = cdk.App(outdir=str(folder))
    data = cdk.Stack(app, "Data", stack_name="wave-data-dev", env=cdk.Environment(region=REGION))
    dynamodb.TableV2(
        data,
        "Orders",
        table_name=TABLE,
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        billing=dynamodb.Billing.on_demand(),
        removal_policy=cdk.RemovalPolicy.RETAIN,
        global_secondary_indexes=[
            dynamodb.GlobalSecondaryIndexPropsV2(
                index_name=name,
                partition_key=dynamodb.Attribute(
                    name=KEYS[name], type=dynamodb.AttributeType.STRING
                ),
            )
            for name in indexes
        ],
    )
    if reads:
        service = cdk.Stack(
            app, "Service", stack_name="wave-service-dev", env=cdk.Environment(region=REGION)
        )
        service.add_stack_dependency(data, "It reads the table by name.")
        value = f"{TABLE}/index/{reads}"
        ssm.CfnParameter(service, "Reads", type="String", name=READER, value=value)
    app.synth()
    return folder


class Command:
    """`keyline deploy` and `cdk deploy` with the emulator for their AWS."""

    def __init__(self, root: Path, emulator: Emulator) -> None:
        self._root, self._home = root, emulator.home
        self._environment = {
            **emulator.environment(ACCOUNT),
            "AWS_ENDPOINT_URL": emulator.url,
            "NODE_EXTRA_CA_CERTS": str(emulator.certificate),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CI": "true",
        }

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "keyline_ops.cli", *arguments]
        return subprocess.run(command, **self._how())

    def keyline(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.command("deploy", *arguments)

    def cdk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        cdk = str(self._root / "node_modules" / ".bin" / "cdk")
        return subprocess.run([cdk, *arguments], **{**self._how(), "cwd": self._home})

    def kill_anew(self, killed: set[Kill], *arguments: str) -> int:
        """Run the command, and kill it where it was not killed before.

        Parameters
        ----------
        killed
            The steps and signs at which it was killed; one is added.

        Returns
        -------
        Its exit code: -9 if it was killed.
        """
        process = subprocess.Popen(
            self._command(arguments),
            cwd=self._root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout
        step = ""
        for line in process.stdout:
            print(line, end="")
            step = line.rpartition(": ")[2].strip() if WAVE.match(line) else step
            kill = (step, next((sign for sign in SIGNS if sign in line), ""))
            if step and kill[1] and kill not in killed:
                process.send_signal(signal.SIGKILL)
                killed.add(kill)
                break
        process.stdout.close()
        return process.wait()

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "keyline_ops.cli", "deploy", *arguments]

    def _how(self) -> dict[str, Any]:
        return {
            "cwd": self._root,
            "env": self._environment,
            "stdin": subprocess.DEVNULL,
            "capture_output": True,
            "text": True,
        }


class Traffic:
    """A writer, and a reader of the index that the deployed parameter names."""

    def __init__(self, emulator: Emulator) -> None:
        once = Config(retries={"total_max_attempts": 1})
        self._dynamodb = emulator.client("dynamodb")
        self._dynamodb.meta.config.merge(once)
        self._ssm = emulator.client("ssm")
        self._end = threading.Event()
        self.written: list[str] = []
        self.read: dict[str, int] = {}
        self.failed: list[str] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        threads = [
            threading.Thread(target=self._repeat, args=(step,))
            for step in (self._writer(), self._reader())
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._end.set()
            for thread in threads:
                thread.join()

    def _repeat(self, step: Callable[[], None]) -> None:
        while not self._end.is_set():
            try:
                step()
            except Exception as error:  # noqa: BLE001 (any failed request is what is looked for)
                self.failed.append(repr(error))
            self._end.wait(0.1)

    def _writer(self) -> Callable[[], None]:
        numbers = itertools.count()

        def write() -> None:
            key = f"order-{next(numbers)}"
            item = {name: {"S": "x"} for name in KEYS.values()} | {"pk": {"S": key}}
            self._dynamodb.put_item(TableName=TABLE, Item=item)
            self.written.append(key)

        return write

    def _reader(self) -> Callable[[], None]:
        def read() -> None:
            acknowledged = len(self.written)
            named = self._ssm.get_parameter(Name=READER)["Parameter"]["Value"]
            index = named.rpartition("/")[2]
            found = self.keys(index)
            lost = set(self.written[:acknowledged]) - found
            if lost:
                self.failed.append(f"{index} lacks {sorted(lost)[:3]}")
            self.read[index] = self.read.get(index, 0) + 1

        return read

    def keys(self, index: str) -> set[str]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=TABLE,
            IndexName=index,
            KeyConditionExpression="#k = :v",
            ExpressionAttributeNames={"#k": KEYS[index]},
            ExpressionAttributeValues={":v": {"S": "x"}},
        )
        return {item["pk"]["S"] for page in pages for item in page["Items"]}


def indexes_of(emulator: Emulator) -> dict[str, str]:
    table = emulator.client("dynamodb").describe_table(TableName=TABLE)["Table"]
    found = table["GlobalSecondaryIndexes"]
    return {each["IndexName"]: each.get("IndexStatus", "ACTIVE") for each in found}


def planned(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what the waves of a dry run do, without their tables."""
    assert done.returncode == 2, done.stderr
    steps = [" ".join(wave["steps"]) for wave in json.loads(done.stdout)["waves"]]
    return [step.rpartition(": ")[2].partition(",")[0] for step in steps]


def test_three_index_changes_under_kill_9_lose_nothing(
    root: Path, emulator_with_rules: Emulator, tmp_path: Path
) -> None:
    emulator = emulator_with_rules
    run = Command(root, emulator)
    assert run.command("bootstrap", "--environment", "dev").returncode == 0
    to = ("--environment", "dev", "--yes", "--output", str(tmp_path / "waves"), "--to")

    # Given a table with an index, and a service that reads it
    before = synthesized(tmp_path / "before", [OLD], OLD)
    first = run.keyline(*to, str(before))
    assert first.returncode == 0, first.stderr
    table_alone = synthesized(tmp_path / "table-alone", [NEW, OTHER])
    after = synthesized(tmp_path / "after", [NEW, OTHER], NEW)

    # When three index changes are deployed at once, then they are refused, and nothing is changed
    plain = run.cdk("deploy", "Data", "--require-approval=never", "--app", str(after))
    assert plain.returncode != 0
    assert "LimitExceededException" in plain.stdout + plain.stderr
    assert indexes_of(emulator) == {OLD: "ACTIVE"}

    # And when they are planned, then each is a wave, and readers change between them
    assert planned(run.keyline(*to, str(table_alone), "--dry-run", "--json")) == [
        f"create the index {NEW}",
        f"create the index {OTHER}",
        f"delete the index {OLD}",
    ]
    assert planned(run.keyline(*to, str(after), "--dry-run", "--json")) == [
        f"create the index {NEW}",
        f"create the index {OTHER}",
        "deploy everything else",
        f"delete the index {OLD}",
    ]

    # When the command is killed in the middle of each wave, and run again
    traffic = Traffic(emulator)
    with traffic.running():
        killed: set[Kill] = set()
        while (code := run.kill_anew(killed, *to, str(after))) == -signal.SIGKILL:
            pass
        again = run.keyline(*to, str(after), "--dry-run")

    # Then it comes to the right end, nothing is lost, and no request failed
    assert code == 0
    assert again.returncode == 0
    assert indexes_of(emulator) == {NEW: "ACTIVE", OTHER: "ACTIVE"}
    assert traffic.failed == []
    assert traffic.read.keys() == {OLD, NEW}
    assert traffic.keys(NEW) == traffic.keys(OTHER) == set(traffic.written)
    steps = {step.partition(",")[0] for step, _ in killed}
    assert steps >= {
        f"create the index {NEW}",
        f"create the index {OTHER}",
        "deploy everything else",
    }
    # CloudFormation ends the update of the readers although the command was killed. If it has
    # ended before the next plan, one deployment is left, which deletes the index.
    assert steps & {f"delete the index {OLD}", "deploy everything"}
    assert {sign for _, sign in killed} == set(SIGNS)
