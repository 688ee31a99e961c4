"""Parts that the templates do not show: nested stacks with templates elsewhere, and macros."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyline_ops.plan.constants import listed
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.findings import Finding, harmless, refused
from keyline_ops.plan.side import Place, Side

_NESTED = "AWS::CloudFormation::Stack"
_KNOWN_MACROS = ("AWS::Serverless-", "AWS::LanguageExtensions", "AWS::SecretsManager-")
"""Macros of AWS that are read here, or that make no table."""


def nested_stacks(old: Side, new: Side) -> Iterator[tuple[Place, Finding]]:
    """Yield the nested stacks that go or change, and whose templates are not here."""
    for place in old.of(_NESTED):
        if f"{place[0]}.{place[1]}" in old.evaluators:
            continue  # an assembly has its template
        was = old.resource(place)
        if new.type_of(place) != _NESTED:
            if not was.deletion_policy.startswith("Retain"):
                yield (
                    place,
                    refused(
                        "",
                        "is removed with all that is in it. Its template is not here.",
                        "Look for tables in it, and release the change if there are none.",
                    ),
                )
        elif was.properties != new.resource(place).properties:
            yield place, harmless("", "changes. Its template is not here: judge that too.")


def macros(stacks: Iterable[Stack]) -> list[str]:
    """Return the macros of templates that are not run here."""
    found: set[str] = set()
    for stack in stacks:
        given = stack.template.get("Transform")
        found |= {name for name in listed(given) if isinstance(name, str)}
    return sorted(name for name in found if not name.startswith(_KNOWN_MACROS))
