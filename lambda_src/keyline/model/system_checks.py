"""Checks of a system: names, indexes that no pattern uses, settings, and what Lambda refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import get_args

import msgspec

from keyline.errors import Fault, instead_of, repeated
from keyline.model import schedule_expression
from keyline.model.deployment_checks import deployment_faults
from keyline.model.faults import faults_of
from keyline.model.field_checks import field_faults, is_number
from keyline.model.metric import COMMON_DIMENSIONS, LIBRARY_NAMES, Metric
from keyline.model.migration_checks import migration_faults
from keyline.model.pattern import Check, Get
from keyline.model.stream_source import StreamSource
from keyline.model.stream_source_checks import condition_faults
from keyline.model.system import Function, Method, Route, System
from keyline.model.table import Table

_SYSTEM_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORDS = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HANDLER = re.compile(r"\w+(\.\w+)+")
_ROUTE_PATH = re.compile(r"(/(?!\.{1,2}(/|$))([\w.~-]+|{\w+}))+|/", re.ASCII)
_SCOPE = re.compile(r"[!#-\[\]-~]*")
"""Printable ASCII without the space that parts the scopes of a token (RFC 6749, section 3.3)."""
_PARAMETER = re.compile(r"{\w+}")
_CAPITALIZED = re.compile(r"[A-Z][A-Za-z0-9]{0,254}")
"""CloudWatch's API reference takes 255 characters for the name of a metric or of a dimension."""
MAX_DIMENSIONS = 27
"""Dimensions of a metric in addition to `Environment` and `System`: Powertools writes 29."""

MAX_HTTP_SECONDS = 30
"""API Gateway answers 504 by then, whatever the function does afterwards."""

_LIMITS = {
    "memory": (128, 10_240, "MiB"),
    "timeout": (1, 900, "seconds"),
}
"""Lambda's quotas of a function."""
_STREAM_LIMITS = {
    "batch": (1, 10_000, "records"),
    "window": (0, 300, "seconds"),
    "max_attempts": (0, 10_000, "retries"),
    "max_age_hours": (1, 24, "hours, which is as long as a stream holds a record"),
}
"""Lambda's quotas of a stream's event source mapping."""


@faults_of.register(System)
def _system_faults(system: System) -> Iterator[Fault]:
    """Yield everything that is wrong with a system, the most basic first."""
    yield from field_faults(system)
    if not _SYSTEM_NAME.fullmatch(system.name):
        yield "name", "is not a package's name.", "Use a-z, 0-9 and _, a letter first."
    if not _WORDS.fullmatch(system.name):
        yield (
            "name",
            "has a word that does not begin with a letter: a stack's id would not tell it apart.",
            "Write my_orders: one _ between two words, and a letter first in each.",
        )
    yield from _duplicates(system)
    yield from _table_faults(system)
    yield from _unused_indexes(system)
    yield from _setting_faults(system)
    for metric in system.metrics:
        for path, message, suggestion in _metric_faults(metric):
            yield f"metrics[{metric.name}]{path}", message, suggestion
    for function in system.functions:
        for path, message, suggestion in _function_faults(system, function):
            yield f"functions[{function.name}].{path}", message, suggestion
    yield from migration_faults(system)
    yield from deployment_faults(system)


def _duplicates(system: System) -> Iterator[Fault]:
    for kind, names in (
        ("tables", [t.name for t in system.tables]),
        ("patterns", [p.name for p in system.patterns]),
        ("functions", [f.name for f in system.functions]),
        ("metrics", [m.name for m in system.published]),
        ("routes", [_route_key(r) for f in system.functions for r in f.routes]),
    ):
        for name in repeated(names):
            yield f"{kind}[{name}]", "is declared twice.", "Give each its own name."


def _route_key(route: Route) -> str:
    """Return what API Gateway tells routes apart by: the names of parameters do not count."""
    return f"{route.method} {_PARAMETER.sub('{}', route.path)}"


def _table_faults(system: System) -> Iterator[Fault]:
    for pattern in system.patterns:
        if not _owns(system, pattern.table):
            yield (
                f"patterns[{pattern.name}]",
                f"asks the table {pattern.table.name}, which the system does not have.",
                "Add the table to the system.",
            )


def _owns(system: System, table: Table) -> bool:
    return any(own is table for own in system.tables)


def _unused_indexes(system: System) -> Iterator[Fault]:
    used = {(p.table.name, p.index_name) for p in system.patterns}
    for table in system.tables:
        for index in table.indexes:
            if (table.name, index.name) not in used:
                yield (
                    f"{table.name}.indexes[{index.name}]",
                    "serves no access pattern, and every write pays for it.",
                    "Declare the pattern it is for, give it to a function, or drop the index.",
                )


def _setting_faults(system: System) -> Iterator[Fault]:
    fields = {f.name: f for f in msgspec.structs.fields(system.settings)}
    for name, field in fields.items():
        if field.required:
            yield (
                f"settings.{name}",
                "has no default.",
                "Give it one, so that an environment need not name it.",
            )
    for function in system.functions:
        if function.caches and "cache_url" not in fields:
            yield (
                f"functions[{function.name}].caches",
                f"needs the setting 'cache_url', which {system.settings.__name__} lacks.",
                'Declare cache_url: CacheUrl = "" (keyline.settings), or leave caches out.',
            )
    defaults = system.settings()
    for path, name in _named_settings(system):
        if name not in fields:
            yield (
                path,
                f"names the setting {name!r}, which {system.settings.__name__} lacks.",
                instead_of(name, fields),
            )
        value = getattr(defaults, name)
        if not is_number(value) or value <= 0:
            yield path, f"names the setting {name!r}, which is {value!r}.", "Use a number above 0."


def _named_settings(system: System) -> Iterator[tuple[str, str]]:
    for table in system.tables:
        for index in table.indexes:
            if isinstance(index.shards, str):
                yield f"{table.name}.indexes[{index.name}].shards", index.shards
        retentions = {"ttl": table.ttl.retention if table.ttl else None}
        retentions |= {kind.shape.__name__: kind.retention for kind in table.kinds}
        for where, retention in retentions.items():
            if retention and isinstance(retention.days, str):
                yield f"{table.name}.{where}.retention", retention.days


def _metric_faults(metric: Metric) -> Iterator[Fault]:
    if not _CAPITALIZED.fullmatch(metric.name):
        yield "", "is not in capitalized words.", "Use A-Z, a-z and 0-9: ProviderCost."
    if metric.name in LIBRARY_NAMES:
        yield "", "is a name that Keyline itself uses.", "Give it another name."
    for name in metric.dimensions:
        if not _CAPITALIZED.fullmatch(name):
            yield (
                ".dimensions",
                f"{name!r} is not in capitalized words.",
                "Use A-Z, a-z and 0-9: Provider.",
            )
        if name in COMMON_DIMENSIONS:
            yield ".dimensions", f"{name} is there in every metric.", "Leave it out."
        if name == metric.name:
            yield (
                ".dimensions",
                f"{name} is the name of the metric too, and one of the two values would be lost.",
                "Give one of them another name.",
            )
    for name in repeated(metric.dimensions):
        yield ".dimensions", f"name {name} twice.", "Name each dimension once."
    if len(metric.dimensions) > MAX_DIMENSIONS:
        yield (
            ".dimensions",
            f"are {len(metric.dimensions)}; a metric takes {MAX_DIMENSIONS}.",
            "Name fewer.",
        )


def _function_faults(system: System, function: Function) -> Iterator[Fault]:
    if not _KEBAB.fullmatch(function.name):
        yield "name", "is not in kebab case.", "Use a-z, 0-9 and single dashes: daily-report."
    if not _HANDLER.fullmatch(function.handler):
        yield (
            "handler",
            f"{function.handler!r} is not a dotted path.",
            f"Name a module and its function: {system.name}.handlers.read.handler.",
        )
    if not function.why:
        yield "why", "is empty.", "Say in a sentence what the function is for."
    yield from _limit_faults("", function, _LIMITS)
    if function.routes and function.timeout > MAX_HTTP_SECONDS:
        yield (
            "timeout",
            f"is {function.timeout} s, API Gateway waits {MAX_HTTP_SECONDS} s.",
            "Answer earlier, or do the work in a function of its own.",
        )
    if function.concurrency is not None and not _is_whole(function.concurrency, least=1):
        yield "concurrency", f"is {function.concurrency}.", "Use 1 or more, or None."
    if function.requirements and not _KEBAB.fullmatch(function.requirements):
        yield (
            "requirements",
            f"{function.requirements!r} is not in kebab case.",
            "Give the middle of the file's name: 'similarity' for requirements-similarity.txt.",
        )
    if function.schedule is not None:
        yield from _schedule_faults(function.schedule)
    for pattern in function.patterns:
        if isinstance(pattern, Check):
            yield (
                f"patterns[{pattern.name}]",
                "is a Check, which cannot be called alone.",
                "Name the TransactWrite that it is a part of.",
            )
    yield from _accelerated_faults(system, function)
    for table in function.describes:
        if not _owns(system, table):
            yield "describes", f"the system has no table {table.name}.", "Add it to the system."
    for route in function.routes:
        yield from _route_faults(route)
    if function.source:
        yield from _source_faults(system, function.source)


def _accelerated_faults(system: System, function: Function) -> Iterator[Fault]:
    if function.accelerated and not function.caches:
        yield "accelerated", "needs the network of the cache.", "Declare caches=True too."
    for pattern in function.accelerated:
        path = f"accelerated[{pattern.name}]"
        if not isinstance(pattern, Get):
            yield (
                path,
                f"is a {type(pattern).__name__}.",
                "Name a Get: no write refreshes what DAX keeps of a query.",
            )
        elif not _owns(system, pattern.table):
            yield path, f"asks the table {pattern.table.name}.", "Add the table to the system."


def _limit_faults(
    path: str, declared: Function | StreamSource, limits: Mapping[str, tuple[int, int, str]]
) -> Iterator[Fault]:
    for name, (low, high, unit) in limits.items():
        value = getattr(declared, name)
        if not _is_whole(value, least=low) or value > high:
            yield f"{path}{name}", f"is {value!r}.", f"Use {low} to {high} {unit}."


def _is_whole(value: object, *, least: int) -> bool:
    """Return whether it is a whole number, as AWS takes it: neither 1.5 nor True."""
    return type(value) is int and value >= least


def _schedule_faults(expression: str) -> Iterator[Fault]:
    try:
        schedule_expression.parse(expression)
    except ValueError as error:
        yield (
            "schedule",
            f"{expression!r} is not a schedule: {error}.",
            schedule_expression.SUGGESTION,
        )


def _route_faults(route: Route) -> Iterator[Fault]:
    path = f"routes[{route.method} {route.path}]"
    if route.method not in get_args(Method):
        yield path, "has no method of ours.", f"Use one of {', '.join(get_args(Method))}."
    if not _ROUTE_PATH.fullmatch(route.path):
        yield path, "has no valid path.", "Write /modules/{moduleId}/messages."
    for name in repeated(_PARAMETER.findall(route.path)):
        yield path, f"names {name} twice.", "Name each parameter once."
    if not _SCOPE.fullmatch(route.scope):
        yield (
            f"{path}.scope",
            f"{route.scope!r} is not a scope: no token can carry it.",
            "Use ASCII letters, digits and signs, without spaces: chat/read.",
        )


def _source_faults(system: System, source: StreamSource) -> Iterator[Fault]:
    if not _owns(system, source.table):
        yield "source", f"the system has no table {source.table.name}.", "Add it to the system."
    if source.table.stream is None:
        yield (
            "source",
            f"the table {source.table.name} has no stream.",
            "Declare stream=StreamView.NEW_IMAGE, or another view.",
        )
    for path, message, suggestion in condition_faults(source):
        yield f"source.{path}", message, suggestion
    yield from _limit_faults("source.", source, _STREAM_LIMITS)
