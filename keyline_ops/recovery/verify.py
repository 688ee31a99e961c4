"""Tables and alarms of an environment as their templates have them, against what is deployed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_deploy.synthesized import Template
from keyline_ops.deployed import Deployed, Owned
from keyline_ops.recovery.alarms import compare_alarms
from keyline_ops.recovery.aspect import Compared, Drift, Unverified, compare
from keyline_ops.recovery.aspects import ASPECTS
from keyline_ops.recovery.expected import expected
from keyline_ops.recovery.sight import Clients, Sight
from keyline_ops.words import count_of

_LOCAL = {
    "encryption": "the local engine encrypts nothing.",
    "tags": "the local platform gives tables no tags.",
}
"""Aspects that the local platform leaves out without refusing a call."""
_MISSING = "Deploy the data stack. If it was deleted, `keyline restore` brings it back."


def verify(
    templates: Mapping[str, Template],
    where: Deployed,
    tables: Sequence[Owned],
    clients: Clients,
    *,
    alarms: bool,
) -> list[Compared]:
    """Compare tables, and the alarms of their systems.

    Parameters
    ----------
    alarms
        Whether alarms are compared too: they are of a whole system.

    Raises
    ------
    KeylineError
        If the assembly is another environment's, or AWS refuses.
    """
    found = [_table(templates, where, owned, clients) for owned in tables]
    if alarms:
        systems = dict.fromkeys(owned.system.name for owned in tables)
        found += [compare_alarms(templates, where, system, clients) for system in systems]
    return found


def _table(
    templates: Mapping[str, Template], where: Deployed, owned: Owned, clients: Clients
) -> Compared:
    wanted = expected(templates, where, owned)
    sight = Sight(clients, wanted.name)
    try:
        _ = sight.table
    except KeylineError as error:
        if error.message != "is not deployed.":
            raise
        return Compared(wanted.name, (), (Drift("table", "deployed", None, _MISSING),), ())
    if not where.is_local:
        return compare(wanted, sight, ASPECTS)
    found = compare(wanted, sight, tuple(each for each in ASPECTS if each.name not in _LOCAL))
    told = tuple(Unverified(name, why) for name, why in _LOCAL.items())
    named = {path for each in ASPECTS if each.name in _LOCAL for path in each.properties}
    known = (each for each in found.unverified if not each.path.startswith(tuple(named)))
    return dataclasses.replace(found, unverified=(*known, *told))


def as_json(found: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return the comparison as JSON."""
    return [dataclasses.asdict(each) for each in found]


def show(found: Sequence[Compared], console: Console) -> None:
    """Print what differs and what could not be verified, then the counts."""
    for each in found:
        for drift in each.drifts:
            line = f"✗ {each.name}: {drift.path}"
            console.print(Text(line, "red"), soft_wrap=True)
            said = f"    declared {word(drift.declared)}, deployed {word(drift.deployed)}"
            console.print(Text(said), soft_wrap=True)
            console.print(Text(f"    {drift.suggestion}", "dim"), soft_wrap=True)
    for each in found:
        for unverified in each.unverified:
            line = f"? {each.name}: {unverified.path} is not verified: {unverified.why}"
            console.print(Text(line, "yellow"), soft_wrap=True)
    verified = sum(len(each.verified) for each in found)
    drifts = sum(len(each.drifts) for each in found)
    told = f"{count_of(verified, 'value')} as declared, {count_of(drifts, 'difference')}"
    unknown = sum(len(each.unverified) for each in found)
    console.print(Text(f"{told}, {unknown} not verified"))


def word(value: object) -> str:
    """Return a value in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "nothing" if value is None else str(value)
