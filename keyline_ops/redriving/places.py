"""The places of a stream consumer and its on-failure queue, in an environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config

from keyline.errors import KeylineError, instead_of, named
from keyline.model import StreamSource, System
from keyline_deploy.archive_writer import writer_of
from keyline_deploy.environment import Environment
from keyline_deploy.names import failure_queue_name, function_name
from keyline_local import client
from keyline_ops.aws import aws_client
from keyline_ops.deployed import deployed
from keyline_ops.redriving.consumer import (
    HIDDEN_SECONDS,
    AwsConsumer,
    Consumer,
    LocalConsumer,
    Queue,
)
from keyline_ops.running import RUN_SECONDS, ask_local

_ONE_LONG_ATTEMPT = Config(
    read_timeout=HIDDEN_SECONDS + 10, retries={"mode": "standard", "total_max_attempts": 1}
)
"""A function may run for 15 minutes. boto3 waits for one, and then invokes it again beside itself.
Source: botocore reference, Config."""


@dataclass(frozen=True)
class Declared:
    """A function that consumes a stream."""

    system: System
    function: str
    source: StreamSource


@dataclass(frozen=True)
class Place:
    """A consumer with its queue."""

    consumer: Consumer
    queue: Queue


def consumer_of(
    system: str, function: str, systems: Sequence[System], environment: Environment
) -> Declared:
    """Find a stream consumer: one that the system declares, or a writer of its archive.

    Raises
    ------
    KeylineError
        If the system has no consumer of this name in the environment.
    """
    found = named(system, systems, "SYSTEM", "system")
    archived = environment.archive.get(found.name, ())
    writers = [writer_of(found.table(name)) for name in archived]
    consumers = {each.name: each.source for each in (*found.functions, *writers) if each.source}
    if function not in consumers:
        raise KeylineError(
            f"{system} {function}",
            "the system has no such stream consumer.",
            instead_of(function, consumers),
        )
    return Declared(found, function, consumers[function])


def place(declared: Declared, environment: Environment, state: Path | None) -> Place:
    """Find a consumer and its queue in an environment.

    Raises
    ------
    KeylineError
        If the local platform does not run, or the credentials are of another account.
    """
    names = (declared.system.name, declared.function, environment.name)
    name, queue, region = function_name(*names), failure_queue_name(*names), environment.region
    if deployed(environment, state).is_local:

        def ask(method: str, path: str, params: Mapping[str, str], content: bytes | None) -> Any:
            return ask_local(
                environment,
                state,
                method,
                path,
                params=params,
                content=content,
                seconds=RUN_SECONDS,
            )

        local = ask("GET", "/status", {}, None)["aws"]
        return Place(LocalConsumer(ask, name), Queue(client("sqs", local, region), queue))
    streams, messages = (aws_client(service, region) for service in ("dynamodbstreams", "sqs"))
    functions = aws_client("lambda", region, _ONE_LONG_ATTEMPT)
    return Place(AwsConsumer(streams, functions, name, region), Queue(messages, queue))
