"""The content of a system's two stacks, worked out from the declaration alone.

The stacks make it with the CDK, which tells too late and in its own words what is too long,
too many or too large. Tests synthesize systems and compare: what is counted here is what is
made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from keyline.model import schedule_expression
from keyline.model.names import (
    LONGEST_ENVIRONMENT,
    function_name,
    pascal,
    phase_parameter_name,
)
from keyline.model.pattern import Pattern, Query
from keyline.model.system import Function, Route, System
from keyline.model.table import Table
from keyline.moments import DAY_SECONDS, HOUR_SECONDS
from keyline.variables import (
    CURSOR_SECRET,
    DAX,
    ENVIRONMENT,
    FUNCTION,
    MEASURE_SIZES,
    PHASE_PARAMETER,
    SETTINGS,
    SPANS,
    SYSTEM,
    TABLES,
)

VCPU_MB = 1_769
"""Memory with which a function has one vCPU. Source: AWS, "Configure Lambda function memory"."""
SECRET_LENGTH = 64
"""Letters and digits of a cursor secret: more than 256 bits, which is what HMAC-SHA256 uses."""

_CDK_IDS = ("BootstrapVersion", "CheckBootstrapVersion", "Default", "Exports", "Resource")
"""Construct ids that the CDK itself uses in a stack, or in a route beside its function's id."""

DATA_IDS = (*_CDK_IDS, "AlarmTopic", "Cursor", "Trouble")
"""Construct ids that every data stack may have."""

SERVICE_IDS = (
    *_CDK_IDS,
    "AlarmTopic",
    "ApiUrl",
    "CallsQuery",
    "Dashboard",
    "ErrorsQuery",
    "Http",
    "PoolClient",
    "QueryLatencyP99",
    "Trouble",
    "UnitsQuery",
    "UserPoolClientId",
)
"""Construct ids that every service stack may have."""

MIGRATION_IDS = (
    "Phase",
    "MigrationMismatches",
    "MigrationReadFailures",
    "MigrationWriteFailures",
    "PhaseFailures",
)
"""Construct ids of a migration in the service stack: its parameter and its alarms."""

TIMED_OPERATIONS = ("GetItem", "PutItem", "Query", "UpdateItem")
"""The operations that AWS recommends an alarm on the latency of, where they are used."""

JOINED_ALARMS = 60
"""How many alarms one composite alarm joins: so many ARNs fit into its rule (CloudWatch API
reference, PutCompositeAlarm: 10,240 characters)."""

_SAVED_QUERIES = 3
_DAYS_LOOKED_BACK = 7

_WHERE = "{service}:ap-southeast-1:123456789012"
_ARN = f"arn:aws-us-gov:{_WHERE}:"
"""How an ARN begins, as long as it gets."""

_KEY_STATEMENT = 420
"""Characters of the statement that lets a function use a customer's key through DynamoDB."""
_TRACING_STATEMENT = 96
_CACHE_STATEMENTS = 540
"""Characters of the statements that let a function into the cache's network and the cache."""
_DAX_STATEMENT = 150
"""Characters of the statement that lets a function read through DAX."""
_DAX_URL = 200
"""Characters of the URL of a DAX cluster, or of the reference to it."""
_STATEMENT_ID = 100
"""Characters of a statement's id in a function's policy (Lambda: AddPermission, StatementId)."""


def operations_on(system: System, table: Table) -> tuple[str, ...]:
    """Return the DynamoDB operations that a system's functions send to a table, sorted.

    The parts of a transaction are not operations of their own.
    """
    return _operations(system.called, table)


def steady_operations_on(system: System, table: Table) -> tuple[str, ...]:
    """Return the operations that may be sent for minutes on end, sorted.

    A scheduled function runs for moments, and an alarm of its own tells when a run fails. So an
    alarm on minutes of failed or slow requests could not go off by what only such functions send.
    """
    patterns = [p for f in system.functions if f.schedule is None for p in f.patterns]
    return _operations(patterns, table)


def _operations(patterns: Iterable[Pattern[Any]], table: Table) -> tuple[str, ...]:
    found = {
        pattern.operation
        for pattern in patterns
        if any(part.table.name == table.name for part in (pattern, *pattern.actions))
    }
    return tuple(sorted(found))


def silence_of(schedule: str) -> tuple[int, int] | None:
    """Return how many periods without a run of a scheduled function are a failure.

    One period more than passes between two runs: data may be late. A function that runs at least
    once an hour is judged by the hour, any other by the day.

    Returns
    -------
    tuple[int, int] | None
        The periods, and the seconds of a period. None if they are more than the seven days that
        CloudWatch looks back (CloudWatch API reference, PutMetricAlarm).
    """
    gap = schedule_expression.parse(schedule).longest_gap()
    if gap <= HOUR_SECONDS:
        return 2, HOUR_SECONDS
    if gap > (_DAYS_LOOKED_BACK - 1) * DAY_SECONDS:
        return None
    return math.ceil(gap / DAY_SECONDS) + 1, DAY_SECONDS


def signs_cursors(function: Function) -> bool:
    """Return whether a function hands out cursors: it answers over HTTP and reads pages."""
    return bool(function.routes) and any(isinstance(p, Query) for p in function.patterns)


def reads_phase(system: System, function: Function) -> bool:
    """Return whether a function reads the phase of the system's migration."""
    return system.migration is not None and function.name in system.migration.functions


def service_ids(system: System) -> tuple[str, ...]:
    """Return the construct ids that a system's service stack may have beside its functions'."""
    return (*SERVICE_IDS, *(MIGRATION_IDS if system.migration else ()))


def table_ids(table: Table) -> tuple[str, ...]:
    """Return the construct ids of a table in its system's data stack."""
    id = pascal(table.name)
    return id, f"{id}Alarms"


def function_ids(function: Function) -> Iterator[str]:
    """Yield the construct ids of a function and of what belongs to it, in the service stack."""
    id = pascal(function.name)
    yield id
    yield f"{id}Duration"
    yield f"{id}Throttles"
    yield f"{id}Schedule" if function.schedule else f"{id}Errors"
    if function.source:
        yield f"{id}Stream"


def route_id(route: Route) -> str:
    """Return a route's construct id: `GetModulesModuleIdMessages`."""
    return pascal(route.method.capitalize() + " " + route.path)


def data_resources(system: System) -> int:
    """Count the resources of a system's data stack."""
    secret = any(signs_cursors(function) for function in system.functions)
    tables = sum(_of_table(system, table) for table in system.tables)
    return tables + composites(sum(_trouble_of(system, t) for t in system.tables)) + secret


def composites(alarms: int) -> int:
    """Count the composite alarms that join so many alarms: one, or one of several of them."""
    parts = -(-alarms // JOINED_ALARMS)
    return parts if parts <= 1 else parts + 1


def conflicts_on(system: System, table: Table) -> bool:
    """Return whether transactions of a system write or read a table."""
    return any(operation.startswith("Transact") for operation in operations_on(system, table))


def _of_table(system: System, table: Table) -> int:
    consumed = 2 * (1 + len(table.indexes))  # read and write
    growth = any(described is table for f in system.functions for described in f.describes)
    return 1 + consumed + _trouble_of(system, table) + growth


def _trouble_of(system: System, table: Table) -> int:
    """Count the alarms of a table that a composite alarm joins."""
    operations = steady_operations_on(system, table)
    throttled = 2 * (1 + len(table.indexes))  # read and write
    latency = sum(operation in operations for operation in TIMED_OPERATIONS)
    return throttled + bool(operations) + latency + conflicts_on(system, table)


def service_resources(system: System) -> int:
    """Count the resources of a system's service stack, a client in a user pool included."""
    has_api = any(function.routes for function in system.functions)
    # API, stage, log group, authorizer, client in a user pool, three alarms
    api = 8 if has_api else 0
    latency = any(isinstance(pattern, Query) for pattern in system.called)
    dashboard = 1
    migration = len(MIGRATION_IDS) if system.migration else 0
    queries = _SAVED_QUERIES if system.functions else 0
    trouble = sum(3 - bool(f.schedule) for f in system.functions) + 2 * has_api + latency
    own = api + latency + dashboard + migration + queries + composites(trouble)
    return sum(map(_of_function, system.functions)) + own


def _of_function(function: Function) -> int:
    own = 5  # function, role, log group, alarms of its duration and of its throttles
    entered = 1  # the alarm of its errors
    if function.schedule:
        entered = 5 + (silence_of(function.schedule) is not None)  # rule, permission, alarms
    if function.source:
        entered += 8  # event source mapping, queue, the queue's policy, five alarms
    if function.routes:
        entered += 1 + 2 * len(function.routes)  # integration; of each route itself, permission
    return own + entered


def dashboard_widgets(system: System) -> int:
    """Count the graphs of a system's dashboard."""
    migration = 3 if system.migration else 0
    return 2 + 3 + 3 + 5 * len(system.tables) + migration  # API, functions, operations, tables


def role_policy_size(system: System, function: Function) -> int:
    """Return the characters of a function's role policy at most, whatever the environment is."""
    name = function_name(system.name, function.name, LONGEST_ENVIRONMENT)
    actions: dict[str, list[str]] = {}
    for access in sorted(function.access):
        table = system.table(access.table).physical_name(LONGEST_ENVIRONMENT)
        target = f"table/{table}" + (f"/index/{access.index}" if access.index else "")
        resource = _ARN.format(service="dynamodb") + target
        actions.setdefault(resource, []).append(f"dynamodb:{access.action}")
    group = _ARN.format(service="logs") + f"log-group:/aws/lambda/{name}:*"
    actions[group] = ["logs:CreateLogStream", "logs:PutLogEvents"]
    if function.source:
        table = function.source.table.physical_name(LONGEST_ENVIRONMENT)
        stream = _ARN.format(service="dynamodb") + f"table/{table}/stream/2026-01-01T00:00:00.000"
        actions[stream] = [f"dynamodb:{what}" for what in ("DescribeStream", "ListStreams")]
        actions[stream] += [f"dynamodb:{what}" for what in ("GetRecords", "GetShardIterator")]
        actions[_ARN.format(service="sqs") + f"{name}-failed"] = ["sqs:SendMessage"]
    if reads_phase(system, function):
        parameter = phase_parameter_name(system.name, LONGEST_ENVIRONMENT)
        actions[_ARN.format(service="ssm") + f"parameter{parameter}"] = ["ssm:GetParameter"]
    statements = [
        {"Action": names, "Effect": "Allow", "Resource": resource}
        for resource, names in actions.items()
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    cache = _CACHE_STATEMENTS if function.caches else 0
    dax = _DAX_STATEMENT if function.accelerated else 0
    return _size(document) + _KEY_STATEMENT + _TRACING_STATEMENT + cache + dax


def resource_policy_size(system: System, function: Function) -> int:
    """Return the characters, at most, of the policy that says who may invoke a function."""
    name = function_name(system.name, function.name, LONGEST_ENVIRONMENT)
    api = _ARN.format(service="execute-api") + "abcdefghij/*/*"
    sources = {f"{api}{route.path}": "apigateway" for route in function.routes}
    if function.schedule:
        sources[_ARN.format(service="events") + f"rule/{name}"] = "events"
    statements = [
        {
            "Sid": "s" * _STATEMENT_ID,
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": _ARN.format(service="lambda") + f"function:{name}",
            "Condition": {"ArnLike": {"AWS:SourceArn": source}},
        }
        for source, service in sources.items()
    ]
    return _size({"Version": "2012-10-17", "Id": "default", "Statement": statements})


def variables(
    system: System,
    function: Function,
    environment: str,
    settings: msgspec.Struct,
    *,
    cursor_secret: str = "",
    measure_sizes: bool = False,
    spans: bool = False,
    tables: Mapping[str, str] | None = None,
    dax: str = "",
) -> dict[str, str]:
    """Return a function's environment variables, from which the run time takes its context.

    Parameters
    ----------
    cursor_secret
        The secret or a reference to it; it is left out if the function signs no cursors.
    tables
        The deployed names of tables that do not have their declared one.
    dax
        The URL of the DAX cluster or a reference to it; it is left out if it is empty.
    """
    found = {
        SYSTEM: system.name,
        ENVIRONMENT: environment,
        FUNCTION: function.name,
        SETTINGS: msgspec.json.encode(settings, order="deterministic").decode(),
        "POWERTOOLS_SERVICE_NAME": system.name,
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    if function.requirements and function.memory < 2 * VCPU_MB:
        found["OPENBLAS_NUM_THREADS"] = "1"  # numpy would start one for each CPU that it sees
    if signs_cursors(function):
        found[CURSOR_SECRET] = cursor_secret
    if measure_sizes:
        found[MEASURE_SIZES] = "1"
    if spans:
        found[SPANS] = "1"
    if dax:
        found[DAX] = dax
    if reads_phase(system, function):
        found[PHASE_PARAMETER] = phase_parameter_name(system.name, environment)
    if tables:
        found[TABLES] = msgspec.json.encode(tables, order="deterministic").decode()
    return found


def variables_size(
    system: System,
    function: Function,
    settings: msgspec.Struct,
    tables: Mapping[str, str] | None = None,
) -> int:
    """Return the bytes of a function's environment variables at most, as Lambda counts them."""
    found = variables(
        system,
        function,
        LONGEST_ENVIRONMENT,
        settings,
        cursor_secret="s" * SECRET_LENGTH,
        measure_sizes=True,
        spans=True,
        tables=tables,
        dax="d" * _DAX_URL if function.accelerated else "",
    )
    return _size(found)


def _size(document: Mapping[str, object]) -> int:
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())
