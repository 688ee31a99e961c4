"""The policy of a stack that keeps data: no update replaces or deletes one of its tables.

A template cannot set the policy. CloudFormation asks the policy at each update of the stack,
also at updates that other tools make.
Source: CloudFormation user guide, "Prevent updates to stack resources".
"""

from __future__ import annotations

import json
from typing import Any

from keyline_ops.deployed import translated
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.table_state import GLOBAL_TABLE, TABLE, TABLE_TYPES

_ALLOW_ALL = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
_KEEP_TABLES = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["Update:Replace", "Update:Delete"],
    "Resource": "*",
    "Condition": {"StringEquals": {"ResourceType": [TABLE, GLOBAL_TABLE]}},
}


def has_tables(stack: Stack) -> bool:
    """Return whether a stack has a table."""
    return bool(stack.of_types(*TABLE_TYPES))


def keep_tables(client: Any, stack: Stack) -> None:
    """Let no update of a stack replace or delete its tables.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    _set(client, stack, [_ALLOW_ALL, _KEEP_TABLES])


def allow_all(client: Any, stack: Stack) -> None:
    """Let an update of a stack do everything: a release lets it through.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    _set(client, stack, [_ALLOW_ALL])


def _set(client: Any, stack: Stack, statements: list[Any]) -> None:
    with translated(f"stack {stack.name}"):
        client.set_stack_policy(
            StackName=stack.name, StackPolicyBody=json.dumps({"Statement": statements})
        )
