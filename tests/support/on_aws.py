"""The tests that can run against DynamoDB itself, and every alarm in CloudWatch: `make test-aws`.

    KEYLINE_AWS=1 python -m tests.support.on_aws [tests]

It names the account and the region before it begins, and removes all that it has made.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from keyline import variables
from keyline.errors import KeylineError
from keyline.model import Table
from keyline_deploy.alarms import MetricAlarm
from keyline_deploy.alarms.templates import TemplateAlarm, alarms_of
from keyline_deploy.project import ROOT
from keyline_deploy.synthesized import read_templates
from keyline_deploy.systems import systems
from keyline_ops.synth import up_to_date
from tests.support import sample

ALLOWED = "KEYLINE_AWS"
TESTS = ("tests/keyline/engine", *(f"tests/systems/{each.name}/engine" for each in systems()))
COST = "less than 5 USD"
ENVIRONMENT = "dev"
"""The environment whose alarms are tried."""
_TRIES = 3
"""How often an alarm is set off: CloudWatch may have evaluated it before it is looked at."""
_AT_ONCE = 100
"""Alarms that CloudWatch deletes in one call at most."""
_ALARM = re.compile(r"\b(ALARM|OK|INSUFFICIENT_DATA)\(\"?([\w-]+)\"?\)")


@dataclass(frozen=True)
class Aws:
    """The account and the region of the caller's credentials."""

    session: boto3.session.Session
    account: str
    region: str

    def client(self, service: str) -> Any:
        """Return boto3's client of a service."""
        return self.session.client(service, region_name=self.region)


def main(tests: Sequence[str], workers: int = 4) -> int:
    """Run the tests and try the alarms; return 0 if all passed.

    Parameters
    ----------
    tests
        Files or folders; all that can run there where none is named.
    workers
        Processes that run the tests.

    Raises
    ------
    KeylineError
        If nobody allowed it, or there are no credentials or no region.
    """
    aws = _allowed()
    print(
        f"Account {aws.account}, region {aws.region}. This makes tables and alarms, removes them, "
        f"and costs {COST}.",
        flush=True,
    )
    with removed(aws):
        code = _run(aws, tests or TESTS, workers)
        refused = list(tried_alarms(aws))
    for line in refused:
        print(line)
    print(f"{len(refused)} alarms were refused; the tests ended with code {code}.")
    return 1 if code or refused else 0


def _allowed() -> Aws:
    if os.environ.get(ALLOWED) != "1":
        said = f"is not 1. This makes tables and alarms in your account, and costs {COST}."
        raise KeylineError(ALLOWED, said, f"Run `{ALLOWED}=1 make test-aws` if you want that.")
    session = boto3.session.Session(region_name=os.environ.get("AWS_REGION"))
    if session.region_name is None:
        raise KeylineError("region", "is not known.", "Set AWS_REGION or AWS_DEFAULT_REGION.")
    if session.get_credentials() is None:
        raise KeylineError("credentials", "are not there.", "Set AWS_PROFILE, or log in.")
    account = session.client("sts").get_caller_identity()["Account"]
    return Aws(session, str(account), session.region_name)


def _run(aws: Aws, tests: Sequence[str], workers: int) -> int:
    """Run tests of the engine with DynamoDB as their engine."""
    endpoint = str(aws.client("dynamodb").meta.endpoint_url)
    environment = {**os.environ, variables.DYNAMODB_ENDPOINT: endpoint}
    environment |= {"AWS_REGION": aws.region, "AWS_DEFAULT_REGION": aws.region}
    command = [sys.executable, "-m", "pytest", "-q", f"-n{workers}", "-m", "not soak", *tests]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


@contextmanager
def removed(aws: Aws) -> Iterator[None]:
    """Delete tables of tests that are left behind, also after an interruption.

    A table that was there before is never deleted, and no table of another name.
    """
    client = aws.client("dynamodb")
    before = _tables(client)
    try:
        yield
    finally:
        for name in sorted(_tables(client) - before):
            if name.startswith(_prefixes()):
                client.delete_table(TableName=name)
                print(f"{name} was left behind, and is deleted.")


def _prefixes() -> tuple[str, ...]:
    """Return the beginnings of the names of tests' tables: a declared table, or the project."""
    modules = (
        import_module(each.name) for each in iter_modules(sample.__path__, "tests.support.sample.")
    )
    tables = [value for module in modules for value in vars(module).values()]
    declared = [*(table for each in systems() for table in each.tables), *tables]
    names = {f"{table.name}-" for table in declared if isinstance(table, Table)}
    return ("Keyline", *sorted(names))


def _tables(client: Any) -> set[str]:
    pages = client.get_paginator("list_tables").paginate()
    return {str(name) for page in pages for name in page["TableNames"]}


def tried_alarms(aws: Aws, assembly: Path | None = None) -> Iterator[str]:
    """Make each alarm of an environment, let it go off, and delete it.

    Nobody is told: the alarms have no actions. CloudWatch looks for no metric before it takes an
    alarm. So this shows whether it takes each of them, with its expressions, and sets them off.

    Yields
    ------
    A line for each alarm that CloudWatch refuses, or that does not go off.
    """
    client = aws.client("cloudwatch")
    templates = read_templates(assembly or up_to_date(ENVIRONMENT))
    prefix = f"keyline-test-{uuid.uuid4().hex[:8]}"
    found = [each for stack, text in templates.items() for each in alarms_of(stack, text)]
    of_metrics = [each for each in found if isinstance(each.alarm, MetricAlarm)]
    joined = [each for each in found if not isinstance(each.alarm, MetricAlarm)]
    try:
        for each in of_metrics:
            yield from _tried(client, each, _name(prefix, each))
        for each in joined:
            yield from _joined(client, each, _name(prefix, each), prefix)
        print(f"{len(of_metrics)} alarms of metrics and {len(joined)} that join others were tried.")
    finally:
        _delete(client, [_name(prefix, each) for each in joined])
        _delete(client, [_name(prefix, each) for each in of_metrics])


def _name(prefix: str, found: TemplateAlarm) -> str:
    return _named(prefix, found.stack, found.logical_id)


def _named(prefix: str, stack: str, logical_id: str) -> str:
    return f"{prefix}-{stack}-{logical_id}"


def _tried(client: Any, found: TemplateAlarm, name: str) -> Iterator[str]:
    given = _without_actions(found.properties)
    try:
        client.put_metric_alarm(**{**given, "AlarmName": name, "ActionsEnabled": False})
        if not any(_goes_off(client, name) for _ in range(_TRIES)):
            yield f"{found.stack}/{found.name}: did not go off."
    except (BotoCoreError, ClientError) as error:
        yield f"{found.stack}/{found.name}: {error}"


def _goes_off(client: Any, name: str) -> bool:
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    (seen,) = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return bool(seen["StateValue"] == "ALARM")


def _joined(client: Any, found: TemplateAlarm, name: str, prefix: str) -> Iterator[str]:
    def renamed(match: re.Match[str]) -> str:
        return f'{match[1]}("{_named(prefix, found.stack, match[2])}")'

    rule = _ALARM.sub(renamed, str(found.properties["AlarmRule"]))
    try:
        client.put_composite_alarm(AlarmName=name, AlarmRule=rule, ActionsEnabled=False)
    except (BotoCoreError, ClientError) as error:
        yield f"{found.stack}/{found.name}: {error}"


def _without_actions(properties: Mapping[str, Any]) -> dict[str, Any]:
    left_out = {"AlarmActions", "OKActions", "InsufficientDataActions", "AlarmName"}
    return {name: value for name, value in properties.items() if name not in left_out}


def _delete(client: Any, names: Sequence[str]) -> None:
    for first in range(0, len(names), _AT_ONCE):
        client.delete_alarms(AlarmNames=names[first : first + _AT_ONCE])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeylineError as refusal:
        sys.exit(f"{refusal.path}: {refusal.message}\n{refusal.suggestion}")
