"""The scenes of a drill: throttled table, poison record, dead function, silent rule, full queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyline.errors import KeylineError
from keyline.model import Function, System
from keyline_deploy.environment import Environment
from keyline_deploy.names import failure_queue_name, function_name, pascal, stack_id, stack_name
from keyline_local import client
from keyline_ops.alarms.cause import Cause
from keyline_ops.alarms.drill import (
    DAY,
    HOUR,
    Ask,
    Consumption,
    Scene,
    lost_failure,
    nothing,
)
from keyline_ops.redriving.places import Declared, place
from keyline_ops.redriving.redrive import redrive

_MESSAGES = 25
_POISON = {"S": "keyline-drill", "N": "1", "B": b"keyline-drill"}
"""A key for each type of an attribute."""


@dataclass(frozen=True)
class Stage:
    """The place of a drill: a system, with the functions that the scenes need.

    Attributes
    ----------
    reader, consumer, daily
        A function with routes, one that consumes a stream without a filter on values, and one that
        runs by the clock.
    """

    system: System
    reader: Function
    consumer: Function
    daily: Function


def stage_of(system: System) -> Stage | None:
    """Return the stage that a system makes; None if it lacks a function that a scene needs."""
    readers = [each for each in system.functions if each.routes]
    consumers = [each for each in system.functions if each.source and not each.source.where]
    daily = [each for each in system.functions if each.schedule]
    if not (readers and consumers and daily):
        return None
    quickest = min(consumers, key=lambda each: each.source.window if each.source else 0)
    return Stage(system, readers[0], quickest, daily[0])


def choose(systems: Sequence[System], name: str | None) -> Stage:
    """Return the stage of a system, or the first that there is.

    Raises
    ------
    KeylineError
        If no system has what the scenes need.
    """
    for system in systems:
        stage = stage_of(system) if name in (None, system.name) else None
        if stage is not None:
            return stage
    raise KeylineError(
        name or "systems",
        "has no API, stream consumer and scheduled function, all of which the drill needs.",
        "Name another system with --system.",
    )


class Scenes:
    """Makes the scenes of a stage on the running platform."""

    def __init__(
        self, stage: Stage, ask: Ask, environment: Environment, state: Path | None
    ) -> None:
        self._stage = stage
        self._ask = ask
        self._environment = environment
        self._state = state

    def of(self, causes: Sequence[Cause]) -> list[Scene]:
        """Return a scene for each cause, in their order."""
        make: Mapping[Cause, Callable[[], Scene]] = {
            Cause.THROTTLE: self._throttle,
            Cause.POISON: self._poison,
            Cause.CRASH: self._crash,
            Cause.SILENCE: self._silence,
            Cause.FULL_QUEUE: self._full_queue,
        }
        return [make[cause]() for cause in causes]

    def _throttle(self) -> Scene:
        table = self._stage.system.tables[0]
        name = self._environment.table_name(self._stage.system.name, table)
        return Scene(
            cause="a table is throttled",
            stack=self._stack("data"),
            alarm=f"{pascal(table.name)}Alarms/WriteThrottles",
            begin=lambda: self._begin("throttle", name, DAY),
            repair=lambda: self._resume(name),
            repaired_by=f"keyline local resume {name}",
        )

    def _crash(self) -> Scene:
        function = self._stage.reader
        name = self._function(function)
        return Scene(
            cause="a function dies",
            stack=self._stack("service"),
            alarm=f"{pascal(function.name)}Errors",
            begin=lambda: self._begin("crash", name, DAY),
            each=lambda: self._invoke(name),
            repair=lambda: self._resume(name),
            repaired_by=f"keyline local resume {name}",
        )

    def _silence(self) -> Scene:
        function = self._stage.daily
        name = self._function(function)

        def repair() -> None:
            self._resume(name)
            self._ask("POST", f"/schedules/{name}")

        return Scene(
            cause="a schedule is silent",
            stack=self._stack("service"),
            alarm=f"{pascal(function.name)}Schedule/Silent",
            begin=lambda: self._begin("pause", name, 7 * DAY),
            repair=repair,
            repaired_by=f"keyline local resume {name}; keyline trigger {name}",
            step=6 * HOUR,
            within=4 * DAY,
        )

    def _poison(self) -> Scene:
        function, name = self._stage.consumer, self._function(self._stage.consumer)
        assert function.source is not None  # noqa: S101 - it is a consumer
        table = self._environment.table_name(self._stage.system.name, function.source.table)
        dynamodb = self._client("dynamodb", "engine")
        described = dynamodb.describe_table(TableName=table)["Table"]
        types = {a["AttributeName"]: a["AttributeType"] for a in described["AttributeDefinitions"]}
        key = {
            part["AttributeName"]: {(kind := types[part["AttributeName"]]): _POISON[kind]}
            for part in described["KeySchema"]
        }
        consumption = Consumption(self._ask, name)

        def begin() -> None:
            dynamodb.put_item(TableName=table, Item=key)
            dynamodb.delete_item(TableName=table, Key=key)
            consumption.wait_for(records=2)

        return Scene(
            cause="a record is poison",
            stack=self._stack("service"),
            alarm=f"{pascal(function.name)}Stream/GivenUp",
            begin=begin,
            repair=lambda: self._redrive(give_up=True),
            repaired_by=f"keyline redrive {self._stage.system.name} {function.name} --give-up",
        )

    def _full_queue(self) -> Scene:
        function = self._stage.consumer
        assert function.source is not None  # noqa: S101 - it is a consumer
        sqs = self._client("sqs", "aws")
        names = (self._stage.system.name, function.name, self._environment.name)
        url = sqs.get_queue_url(QueueName=failure_queue_name(*names))["QueueUrl"]
        table = self._environment.table_name(self._stage.system.name, function.source.table)

        def begin() -> None:
            for _ in range(_MESSAGES):
                sqs.send_message(
                    QueueUrl=url, MessageBody=lost_failure(f"arn:aws:dynamodb:{table}")
                )

        return Scene(
            cause="a failure queue is full, and nobody looks",
            stack=self._stack("service"),
            alarm=f"{pascal(function.name)}Stream/Forgotten",
            begin=begin,
            repair=lambda: self._redrive(forget=True),
            repaired_by=f"keyline redrive {self._stage.system.name} {function.name} --forget",
            step=6 * HOUR,
            within=8 * DAY,
        )

    def _redrive(self, **options: bool) -> None:
        function = self._stage.consumer
        assert function.source is not None  # noqa: S101 - it is a consumer
        declared = Declared(self._stage.system, function.name, function.source)
        where = place(declared, self._environment, self._state)
        for _ in redrive(declared.source, where.consumer, where.queue, **options):
            nothing()

    def _begin(self, kind: str, name: str, seconds: int) -> None:
        self._ask("POST", f"/faults/{kind}", params={"name": name, "seconds": str(seconds)})

    def _resume(self, name: str) -> None:
        self._ask("DELETE", "/faults", params={"name": name})

    def _invoke(self, name: str) -> None:
        self._ask("POST", f"/functions/{name}", content=b"{}")

    def _client(self, service: str, at: str) -> Any:
        return client(service, self._ask("GET", "/status")[at], self._environment.region)

    def _function(self, function: Function) -> str:
        return function_name(self._stage.system.name, function.name, self._environment.name)

    def _stack(self, part: str) -> str:
        return stack_id(stack_name(self._stage.system.name, part, self._environment.name))
