"""Checks of a system's stacks against the limits of AWS and the CDK: names, counts, sizes.

Names and sizes hold for every environment: they are checked with the longest name that an
environment may have. Sources of the limits: the service quotas and API references of
CloudFormation, Lambda, API Gateway, IAM and CloudWatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyline.errors import Fault, repeated
from keyline.model.deployment import (
    DATA_IDS,
    dashboard_widgets,
    data_resources,
    function_ids,
    resource_policy_size,
    role_policy_size,
    route_id,
    service_ids,
    service_resources,
    table_ids,
    variables_size,
)
from keyline.model.names import (
    LONGEST_ENVIRONMENT,
    MAX_ENVIRONMENT_NAME,
    function_name,
    pascal,
    stack_name,
)
from keyline.model.system import Function, Route, System
from keyline.model.table import Table

MAX_STACK_NAME = 128
MAX_STACK_RESOURCES = 500
MAX_FUNCTION_NAME = 64
MAX_FUNCTION_DESCRIPTION = 256
MAX_HANDLER = 128
MAX_VARIABLES = 4096
"""Bytes of a function's environment variables."""
MAX_ROLE_POLICY = 10_240
"""Characters of a role's inline policies."""
MAX_RESOURCE_POLICY = 20_480
"""Bytes of the policy that says who may invoke a function."""
MAX_API_DESCRIPTION = 1024
MAX_ROUTES = 300
"""Routes of an HTTP API (API Gateway's default quota)."""
MAX_SCOPE = 64
MAX_WIDGETS = 500
"""Graphs of a dashboard."""
MAX_TABLE_NAME = 255

_IN_ENVIRONMENT = f"where the environment's name has {MAX_ENVIRONMENT_NAME}"
_SPLIT = "Split the system in two: a system has stacks of its own."


def deployment_faults(system: System) -> Iterator[Fault]:
    """Yield what is wrong with the stacks that a system would have."""
    yield from _stack_faults(system)
    yield from _table_faults(system)
    yield from _count_faults(system)
    taken = dict.fromkeys(service_ids(system), "the stack itself")
    for function in system.functions:
        for path, message, suggestion in (
            *_id_faults("name", function.name, function_ids(function), taken),
            *_function_faults(system, function),
        ):
            yield f"functions[{function.name}].{path}", message, suggestion
    yield from _api_faults(system)


def faults_among(systems: Iterable[System]) -> Iterator[Fault]:
    """Yield what two systems of one app, in one account, cannot both have."""
    systems = tuple(systems)
    for name in repeated(system.name for system in systems):
        yield f"systems[{name}]", "is there twice.", "Give each system its own name."
    owned = [(t.physical_name(LONGEST_ENVIRONMENT), t, s) for s in systems for t in s.tables]
    for physical in repeated(name for name, _, _ in owned):
        *_, (table, system) = [(t, s) for name, t, s in owned if name == physical]
        first = next(s for name, _, s in owned if name == physical)
        yield (
            f"{system.name}.tables[{table.name}]",
            f"is deployed under the name of a table of {first.name}.",
            "Give one of them another name, or another physical name.",
        )


def _stack_faults(system: System) -> Iterator[Fault]:
    name = stack_name(system.name, "service", LONGEST_ENVIRONMENT)
    if len(name) > MAX_STACK_NAME:
        yield (
            "name",
            f"makes a stack's name of {len(name)} characters {_IN_ENVIRONMENT}; "
            f"CloudFormation takes {MAX_STACK_NAME}.",
            f"Shorten it by {len(name) - MAX_STACK_NAME}.",
        )
    if len(system.title) > MAX_API_DESCRIPTION:
        yield (
            "title",
            f"has {len(system.title)} characters; an API's description takes "
            f"{MAX_API_DESCRIPTION}.",
            "Shorten it.",
        )


def _table_faults(system: System) -> Iterator[Fault]:
    taken = dict.fromkeys(DATA_IDS, "the stack itself")
    physical: dict[str, str] = {}
    for table in system.tables:
        path = f"tables[{table.name}]"
        yield from _id_faults(path, table.name, table_ids(table), taken)
        name = table.physical_name(LONGEST_ENVIRONMENT)
        if len(name) > MAX_TABLE_NAME:
            yield (
                f"{path}.physical",
                f"makes a name of {len(name)} characters {_IN_ENVIRONMENT}; DynamoDB takes "
                f"{MAX_TABLE_NAME}.",
                f"Shorten it by {len(name) - MAX_TABLE_NAME}.",
            )
        if name in physical:
            yield (
                f"{path}.physical",
                f"makes the name that {physical[name]} has.",
                "Put {name} in it, or give each table its own.",
            )
        physical[name] = table.name
        yield from _index_faults(path, table)


def _index_faults(path: str, table: Table) -> Iterator[Fault]:
    taken = {"": "the table itself"}
    for index in table.indexes:
        id = pascal(index.name)
        if id in taken:
            yield (
                f"{path}.indexes[{index.name}]",
                f"has the alarms' names of {taken[id]}: only letters and digits tell them apart.",
                "Give it another name.",
            )
        taken[id] = index.name


def _id_faults(path: str, name: str, ids: Iterable[str], taken: dict[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with construct ids, which CloudFormation's logical ids begin with."""
    if not pascal(name)[:1].isalpha():
        yield (
            path,
            "does not begin with a letter, as an id in a template does.",
            "Begin it with a letter. A table's deployed name may be another: physical=...",
        )
    for id in ids:
        if id in taken:
            yield (
                path,
                f"makes the id {id!r} in the stack, which {taken[id]} has.",
                "Give it another name: only letters and digits tell ids apart.",
            )
        taken[id] = repr(name)


def _function_faults(system: System, function: Function) -> Iterator[Fault]:
    name = function_name(system.name, function.name, LONGEST_ENVIRONMENT)
    if len(name) > MAX_FUNCTION_NAME:
        yield (
            "name",
            f"makes a name that is longer than {MAX_FUNCTION_NAME} characters {_IN_ENVIRONMENT}.",
            f"Shorten it by {len(name) - MAX_FUNCTION_NAME}.",
        )
    for path, says, limit, text in (
        ("why", "a function's description", MAX_FUNCTION_DESCRIPTION, function.why),
        ("handler", "Lambda", MAX_HANDLER, function.handler),
    ):
        if len(text) > limit:
            yield path, f"has {len(text)} characters; {says} takes {limit}.", "Shorten it."
    for path, what, size, limit, suggestion in (
        (
            "patterns",
            "its role's policy",
            role_policy_size(system, function),
            MAX_ROLE_POLICY,
            "Split the function, so that each uses fewer tables and indexes.",
        ),
        (
            "routes",
            "the policy that lets its routes invoke it",
            resource_policy_size(system, function),
            MAX_RESOURCE_POLICY,
            "Give some routes to another function.",
        ),
    ):
        if size > limit:
            yield path, f"{what} has up to {size:,} characters; AWS takes {limit:,}.", suggestion
    size = variables_size(system, function, system.settings())
    if size > MAX_VARIABLES:
        yield (
            "settings",
            f"its environment variables have {size:,} bytes; Lambda takes {MAX_VARIABLES:,}.",
            "Shorten the defaults of the system's settings, which are most of it.",
        )


def _api_faults(system: System) -> Iterator[Fault]:
    taken: dict[str, Route] = {}
    routes = [route for function in system.functions for route in function.routes]
    for route in routes:
        path, id = f"routes[{route.method} {route.path}]", route_id(route)
        if len(route.scope) > MAX_SCOPE:
            yield (
                f"{path}.scope",
                f"has {len(route.scope)} characters; API Gateway takes {MAX_SCOPE}.",
                "Shorten it.",
            )
        if id in taken:
            yield (
                path,
                f"makes the id {id!r} in the stack, which {taken[id].path} has.",
                "Rename a part of the path or its parameter: only letters and digits tell them "
                "apart.",
            )
        taken[id] = route
    if len(routes) > MAX_ROUTES:
        yield "routes", f"are {len(routes)}; an HTTP API takes {MAX_ROUTES}.", _SPLIT


def _count_faults(system: System) -> Iterator[Fault]:
    if not system.tables:
        yield (
            "tables",
            "is empty, and CloudFormation takes no stack without resources.",
            "Declare a table.",
        )
    for path, stack, count in (
        ("tables", "data", data_resources(system)),
        ("functions", "service", service_resources(system)),
    ):
        if count > MAX_STACK_RESOURCES:
            yield (
                path,
                f"the {stack} stack has {count} resources, their alarms included; CloudFormation "
                f"takes {MAX_STACK_RESOURCES}.",
                _SPLIT,
            )
    widgets = dashboard_widgets(system)
    if widgets > MAX_WIDGETS:
        yield (
            "tables",
            f"the dashboard has {widgets} graphs; CloudWatch takes {MAX_WIDGETS}.",
            _SPLIT,
        )
