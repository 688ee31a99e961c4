"""The statements of roles that allow a pattern, as the synthesized templates have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keyline.model import Pattern, System, access_of, function_name
from keyline_deploy.environment import Environment
from keyline_local import Deployment, Statement, allowing


@dataclass(frozen=True)
class Permission:
    """An action that a function may carry out on a table or an index.

    Attributes
    ----------
    statements
        Those that allow it, as JSON of a policy has them; none if no statement does.
    """

    function: str
    action: str
    resource: str
    statements: list[Mapping[str, Any]]


def permissions(
    pattern: Pattern[Any], system: System, environment: Environment, deployment: Deployment
) -> Iterator[Permission]:
    """Yield what each function that uses a pattern needs for it, with what allows that."""
    arns = {table.name: table.arn for table in deployment.tables}
    deployed = {function.name: function for function in deployment.functions}
    for declared in system.functions:
        used = {action for each in declared.patterns for action in (each, *each.actions)}
        name = function_name(system.name, declared.name, environment.name)
        if pattern not in used or name not in deployed:
            continue
        for access in sorted(access_of([pattern])):
            table = environment.table_name(system.name, system.table(access.table))
            resource = arns[table] + (f"/index/{access.index}" if access.index else "")
            action = f"dynamodb:{access.action}"
            found = allowing(deployed[name].statements, action, resource)
            yield Permission(name, action, resource, [statement(each) for each in found])


def statement(found: Statement) -> Mapping[str, Any]:
    """Return a statement of a role as JSON of a policy has it."""
    conditions = {"Condition": dict(found.conditions)} if found.conditions else {}
    return {
        "Effect": found.effect,
        "Action": list(found.actions),
        "Resource": list(found.resources),
        **conditions,
    }
