"""A migration in the service stack: the parameter with its phase, its alarms, its graphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm

from keyline.migration import (
    ASKED,
    COMPARED,
    MISMATCHES,
    PATTERN,
    PENDING,
    PHASE_FAILURES,
    READ_FAILURES,
    WRITE_FAILURES,
)
from keyline.model import Migration, MigrationSettings, System
from keyline_cdk.alarm import add_alarm
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.metrics import MINUTE, percentage, system_maximum, system_sum
from keyline_deploy.data_points import DataPoints
from keyline_deploy.environment import Environment
from keyline_deploy.names import phase_parameter_name


def add_phase(
    stack: cdk.Stack,
    *,
    system: System,
    migration: Migration,
    environment: Environment,
    functions: Iterable[HandlerFunction],
) -> None:
    """Add the parameter that holds the phase, and let functions read it.

    A deployment sets the parameter when it is made, and again only when the setting `phase` has
    changed: CloudFormation leaves alone what its template says as before. So a switch by hand
    stays.

    Parameters
    ----------
    functions
        Those that the migration names. The functions' variable with the parameter's name follows
        from the declaration.
    """
    name = phase_parameter_name(system.name, environment.name)
    settings = cast("MigrationSettings", environment.settings(system.name, system.settings))
    ssm.StringParameter(
        stack,
        "Phase",
        parameter_name=name,
        string_value=str(settings.phase),
        allowed_pattern=PATTERN,
        description=f"The phase of the move from {migration.source} to {migration.target}:"
        " 1, 2 or 3.",
    )
    arn = stack.format_arn(service="ssm", resource="parameter", resource_name=name[1:])
    for function in functions:
        function.allow(["ssm:GetParameter"], arn)


def alarm_reasons(system: System, migration: Migration) -> dict[str, str]:
    """Return the metrics of a migration that are watched, each with what its alarm means."""
    source, target = migration.source, migration.target
    return {
        MISMATCHES: f"What {source} and {target} answer for {migration.what} differs. Stay in this"
        " phase, and find out why before reads move on.",
        WRITE_FAILURES: f"Writes to {target} have failed while {source} still holds what they"
        " said. Requests succeed; what is pending is written with later requests.",
        READ_FAILURES: f"Reads of {target} have failed, and {source} has answered. Phase 3 would"
        " answer 503: see the errors of the patterns that read, by the saved query about calls.",
        PHASE_FAILURES: "The parameter with the phase could not be read or understood. The last"
        f" known phase goes on: `keyline phase {system.name}` shows the value.",
    }


def add_migration_alarms(
    stack: cdk.Stack,
    *,
    system: System,
    migration: Migration,
    environment: Environment,
    topic: sns.ITopic,
) -> None:
    """Notify in the minute in which a migration fails or its two stores differ."""
    for metric, why in alarm_reasons(system, migration).items():
        add_alarm(
            stack,
            metric,
            metric=system_sum(environment.name, system.name, metric, period=MINUTE),
            above=0,
            points=DataPoints(1, 5),
            why=why,
            runbook=migration.runbook,
            topic=topic,
        )


def migration_graphs(
    environment: str, system: str
) -> tuple[tuple[str, Sequence[cloudwatch.IMetric]], ...]:
    """Return the graphs of a migration: its hit ratio, its reads, its pending writes."""
    counts = {
        name: system_sum(environment, system, name, period=MINUTE) for name in (*ASKED, *COMPARED)
    }
    hits, misses, fallbacks = (counts[name] for name in ASKED)
    ratio = percentage("Hit ratio", hits, {"misses": misses, "fallbacks": fallbacks})
    pending = system_maximum(environment, system, PENDING)
    return (
        ("Migration: hit ratio, %", [ratio]),
        ("Migration: reads", list(counts.values())),
        ("Migration: pending writes of one process", [pending]),
    )
