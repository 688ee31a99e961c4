"""Templates between two deployments: one side's, with parts of a table as the other side has them.

All is done on templates as they are written. What is not written out (an index in a condition, a
name that a function makes) is not taken apart.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from keyline.errors import KeylineError
from keyline_ops.plan.evaluate import Template
from keyline_ops.plan.findings import Part

_ATTRIBUTES = "AttributeDefinitions"
_WITH_KEYS = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "VectorIndexes")

Entry = dict[str, Any]


class ByHandError(KeylineError):
    """A deployment that takes steps which the command does not make by itself."""


def mixed(
    base: Template, other: Template, logical_id: str, parts: Collection[Part], order: Template
) -> Template:
    """Return a template whose table has some parts as another template has them.

    Parameters
    ----------
    parts
        A part that the other template does not have is left out.
    order
        The template whose order lists follow, so that equal templates are written alike.

    Raises
    ------
    ByHandError
        If the table is not written out in both templates.
    """
    made = copy.deepcopy(dict(base))
    table, donor, wanted = (_properties(each, logical_id) for each in (made, other, order))
    for part in parts:
        if part.index:
            _take_index(table, donor, wanted, part)
        elif part.section in donor:
            table[part.section] = copy.deepcopy(donor[part.section])
        else:
            table.pop(part.section, None)
    _define(table, donor, wanted, logical_id)
    return made


def _properties(template: Template, logical_id: str) -> Entry:
    resources = template.get("Resources")
    body = resources.get(logical_id) if isinstance(resources, dict) else None
    found = body.get("Properties") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise _not_written_out(logical_id)
    return found


def _take_index(table: Entry, donor: Entry, wanted: Entry, part: Part) -> None:
    ours = {each["IndexName"]: each for each in _listed(table, part.section, "IndexName")}
    theirs = {each["IndexName"]: each for each in _listed(donor, part.section, "IndexName")}
    ours.pop(part.index, None)
    if part.index in theirs:
        ours[part.index] = copy.deepcopy(theirs[part.index])
    names = [each["IndexName"] for each in _listed(wanted, part.section, "IndexName")]
    _put(table, part.section, _ordered(ours, names))
    for replica in _replicas(table):
        _take_index(replica, _like(replica, donor), _like(replica, wanted), part)


def _replicas(table: Entry) -> list[Entry]:
    """Return the replicas of a global table, each of which lists the indexes too."""
    found = table.get("Replicas", [])
    if isinstance(found, list) and all(isinstance(each, dict) for each in found):
        return found
    raise _not_written_out("Replicas")


def _like(replica: Entry, table: Entry) -> Entry:
    """Return the replica of another template in the region of one; empty where there is none."""
    found = _replicas(table)
    same = [each for each in found if each.get("Region") == replica.get("Region")]
    return next(iter([*same, *(found if len(found) == 1 else [])]), {})


def _define(table: Entry, donor: Entry, wanted: Entry, logical_id: str) -> None:
    """Define the attributes that keys have, and no others: DynamoDB refuses both."""
    sides = (wanted, donor, table)
    defined = {
        each["AttributeName"]: each
        for side in reversed(sides)
        for each in _listed(side, _ATTRIBUTES, "AttributeName")
    }
    used = _used(table)
    if lacking := used - defined.keys():
        raise _not_written_out(logical_id, f", {', '.join(sorted(lacking))} is not defined")
    names = [each["AttributeName"] for side in sides for each in side.get(_ATTRIBUTES, [])]
    _put(table, _ATTRIBUTES, _ordered({name: defined[name] for name in used}, names))


def _used(table: Entry) -> set[str]:
    keyed = [table, *(each for name in _WITH_KEYS for each in _listed(table, name, "IndexName"))]
    return {
        part["AttributeName"]
        for each in keyed
        for part in _listed(each, "KeySchema", "AttributeName")
    }


def _listed(properties: Mapping[str, Any], section: str, name: str) -> list[Entry]:
    """Return a list of a table whose members are written out under a name."""
    found = properties.get(section, [])
    if isinstance(found, list) and all(
        isinstance(each, dict) and isinstance(each.get(name), str) for each in found
    ):
        return found
    raise _not_written_out(section)


def _ordered(entries: Mapping[str, Entry], names: Iterable[str]) -> list[Entry]:
    return [entries[name] for name in dict.fromkeys([*names, *entries]) if name in entries]


def _put(table: Entry, section: str, entries: list[Entry]) -> None:
    if entries:
        table[section] = entries
    else:
        table.pop(section, None)


def _not_written_out(path: str, more: str = "") -> ByHandError:
    return ByHandError(
        path,
        f"is not written out in the template{more}. The command cannot take the change apart.",
        "Make the deployments that `keyline plan` prints yourself.",
    )
