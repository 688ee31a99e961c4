"""Steps after a restore, so that readers use the table: exact lines and commands.

The table is taken into the stack, and then serves (docs/adr/0041-names-of-restored-tables.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from keyline_deploy.names import stack_id, stack_name, table_id
from keyline_ops.deployed import Deployed, Owned
from keyline_ops.recovery.expected import data_stack


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    lines
        What stands in the environment's file from then on; empty for a step without a change of it.
    command
        What to run; empty where there is nothing to run.
    """

    why: str
    lines: tuple[str, ...] = ()
    command: str = ""


def take_over(where: Deployed, owned: Owned, target: str) -> list[Step]:
    """Return the steps after which a restored table serves."""
    environment = where.environment
    names = environment.table_names(owned.system.name, owned.table)
    others = [name for name in names if name != target]
    verify = f"keyline verify {owned.system.name} --environment {environment.name}"
    serving = _lines(owned, [target, *others])
    kept = environment.tables.removal_policy == "retain"
    end = "It is kept." if kept or where.is_local else "It is deleted then, with its data."
    leaving = Step(f"Later: let the old table leave the stack. {end}", _lines(owned, [target]))
    if where.is_local:
        return [
            Step("Let the restored table serve, and start the platform again.", serving, "make up"),
            Step("Verify.", command=f"keyline verify {owned.system.name}"),
            leaving,
        ]
    data = data_stack(where, owned)
    service = stack_id(stack_name(owned.system.name, "service", environment.name))
    context = f"-c env={environment.name}"
    mapping = json.dumps({logical_id(owned, where, target): {"TableName": target}})
    return [
        Step(
            "Take the restored table into the stack. Nothing else changes.",
            _lines(owned, [*others, target]),
            f"cdk import {data} {context} --resource-mapping-inline '{mapping}'",
        ),
        Step(
            "Let it serve: functions, roles, alarms, dashboard and consumers move to it.",
            serving,
            f"cdk deploy {data} {service} {context}",
        ),
        Step("Verify.", command=verify),
        leaving,
    ]


def logical_id(owned: Owned, where: Deployed, name: str) -> str:
    """Return the id of a restored table in the template (`stacks.data_stack`)."""
    own = owned.table.physical_name(where.environment.name)
    return table_id(owned.table.name, own, name)


def _lines(owned: Owned, names: Sequence[str]) -> tuple[str, ...]:
    return (
        f"[tables.names.{owned.system.name}]",
        f"{json.dumps(owned.table.name)} = {json.dumps([*names])}",
    )
