"""The decision whether a role's statements grant an action on a resource.

Source: IAM's "Policy evaluation logic": an explicit deny wins, then any allow, else denied.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from keyline_local.resources import Statement

_log = logging.getLogger(__name__)


class Decision(NamedTuple):
    """`explicit` is set when a Deny statement decided."""

    allowed: bool
    explicit: bool = False


def evaluate(statements: Iterable[Statement], action: str, resource: str) -> Decision:
    """Judge `action` (such as `dynamodb:GetItem`) on the ARN `resource`.

    Conditions are not evaluated here. A statement that would match but for its conditions counts
    as matching if it denies, and as not matching if it allows, with a warning.
    """
    matching = [each for each in statements if _matches(each, action, resource)]
    if any(each.effect == "Deny" for each in matching):
        return Decision(allowed=False, explicit=True)
    return Decision(allowed=any(each.effect == "Allow" for each in matching))


def allowing(statements: Iterable[Statement], action: str, resource: str) -> list[Statement]:
    """Return the statements that allow `action` on the ARN `resource`; none if one denies it."""
    known = list(statements)
    if not evaluate(known, action, resource).allowed:
        return []
    return [each for each in known if each.effect == "Allow" and _matches(each, action, resource)]


def _matches(statement: Statement, action: str, resource: str) -> bool:
    if not _any_match(statement.actions, action, re.IGNORECASE):
        return False
    if not _any_match(statement.resources, resource, 0):
        return False
    if statement.conditions:
        denies = statement.effect == "Deny"
        _log.warning(
            "a statement on %s %s, since its conditions (%s) cannot be evaluated locally",
            action,
            "denies" if denies else "allows nothing",
            ", ".join(statement.conditions),
        )
        return denies
    return True


def _any_match(patterns: Sequence[str], value: str, flags: int) -> bool:
    return any(_compiled(pattern, flags).fullmatch(value) is not None for pattern in patterns)


@cache
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """Compile IAM's wildcards: `*` any characters (also `/` and `:`), `?` exactly one."""
    literal = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(literal, flags | re.DOTALL)
