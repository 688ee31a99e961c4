"""Facts that the templates of this project say, and those of others do not.

The template of a data stack says what its declaration knows of stored items: the texts of keys,
shards, periods, codecs, the phase of a migration. Beside its tables, a system keeps records that
were given up, logs and a secret. Templates of others are not judged by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyline_deploy.stored import METADATA
from keyline_ops.plan.constants import Value, as_text
from keyline_ops.plan.findings import Finding, harmless, refused
from keyline_ops.plan.side import Place, Side

_QUEUE = "AWS::SQS::Queue"
_KEPT = {
    _QUEUE: "the records in it that a consumer gave up",
    "AWS::Logs::LogGroup": "its logs",
    "AWS::S3::Bucket": "its objects",
    "AWS::SecretsManager::Secret": "its secret",
}
"""Types that keep something beside tables, and what is lost with them."""


def own_findings(old: Side, new: Side) -> Iterator[tuple[str, list[Finding]]]:
    """Yield what is found in the stacks of this project, by stack."""
    if not any(_declared(side, stack) for side in (old, new) for stack in side.evaluators):
        return
    for stack in sorted(old.evaluators.keys() & new.evaluators.keys()):
        found = [
            *_stored(_declared(old, stack), _declared(new, stack)),
            *_kept(old, new, stack),
            *_watched(old, new, stack),
        ]
        was, becomes = old.evaluators[stack].stack, new.evaluators[stack].stack
        if was.termination_protection and not becomes.termination_protection:
            found.append(
                refused(
                    "TerminationProtection",
                    "is switched off: one call deletes the stack.",
                    "Keep it on.",
                )
            )
        if found:
            yield stack, found


def _declared(side: Side, stack: str) -> Mapping[str, Any]:
    metadata = side.evaluators[stack].stack.template.get("Metadata")
    found = metadata.get(METADATA) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


# --------------------------------------------------------------------------- declaration


def _stored(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    if not old or not new:
        return
    for name in sorted(old["settings"].keys() & new["settings"].keys()):
        was, becomes = old["settings"][name], new["settings"][name]
        if was["value"] != becomes["value"]:
            yield _setting(f"settings.{name}", was["kind"], was["value"], becomes["value"])
    for table in sorted(old["tables"].keys() & new["tables"].keys()):
        yield from _table(f"tables.{table}", old["tables"][table], new["tables"][table])


def _setting(path: str, kind: str, was: Any, becomes: Any) -> Finding:
    changes = f"goes from {was} to {becomes}"
    if kind == "shards" and becomes < was:
        return refused(
            path,
            f"{changes}: items in the shards above are no longer read.",
            "Keep the number until those items have expired or are written again.",
        )
    if kind == "days" and becomes < was:
        return refused(
            path,
            f"{changes}: new items are deleted earlier than before.",
            "Keep the period, or release the change with its reason.",
        )
    if kind == "codec":
        return refused(
            path,
            f"{changes}: stored vectors keep the old codec, and new ones have the other.",
            "Store the vectors again under a new model version.",
        )
    if kind == "phase" and becomes < was:
        return refused(
            path,
            f"{changes}: requests read the store again that no longer gets all writes.",
            "Keep the phase. The runbook of the migration says how to go back.",
        )
    return harmless(path, f"{changes}.")


def _table(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    if old["discriminator"] != new["discriminator"]:
        yield refused(
            f"{path}.discriminator",
            f"changes from {old['discriminator']!r}: the kinds of stored items are not known.",
            "Keep it, or move the items (docs/migrations.md).",
        )
    for name, was in sorted(old["shards"].items()):
        yield from _shards(f"{path}.shards.{name}", was, new["shards"].get(name, 1))
    yield from _period(f"{path}.days", old.get("days"), new.get("days"))
    for kind in sorted(old["kinds"].keys() & new["kinds"].keys()):
        yield from _kind(f"{path}.kinds.{kind}", old["kinds"][kind], new["kinds"][kind])


def _shards(path: str, was: int, becomes: int) -> Iterator[Finding]:
    if becomes < was:
        yield _setting(path, "shards", was, becomes)


def _period(path: str, was: float | None, becomes: float | None) -> Iterator[Finding]:
    if becomes is not None and (was is None or becomes < was):
        yield _setting(path, "days", float("inf") if was is None else was, becomes)


def _kind(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _period(f"{path}.days", old.get("days"), new.get("days"))
    for what in ("tag", "keys", "constants"):
        if old[what] != new[what]:
            yield refused(
                f"{path}.{what}",
                f"change from {old[what]} to {new[what]}: stored items are no longer found.",
                "Move the items to the new keys (docs/migrations.md).",
            )


# ------------------------------------------------------------------------- beside tables


def _kept(old: Side, new: Side, stack: str) -> Iterator[Finding]:
    for place, kind in sorted(_of(old, stack, tuple(_KEPT))):
        was = old.resource(place)
        if new.type_of(place) != kind:
            if was.deletion_policy.startswith("Retain") and kind == _QUEUE:
                yield refused(
                    place[1],
                    f"leaves its stack, and nothing watches {_KEPT[kind]} any more.",
                    "Keep the name of what it belongs to, or release the change when it is empty.",
                )
            elif was.deletion_policy.startswith("Retain"):
                yield harmless(place[1], "leaves its stack and is kept.")
            else:
                yield refused(
                    place[1],
                    f"is removed, and {_KEPT[kind]} with it.",
                    "Keep the name of what it belongs to, or release the change when it is empty.",
                )
            continue
        becomes = new.resource(place).properties
        if kind == "AWS::Logs::LogGroup" and _days(becomes) < _days(was.properties):
            yield refused(
                f"{place[1]}.RetentionInDays",
                f"goes from {_days(was.properties):g} days to {_days(becomes):g}: older logs are"
                " deleted.",
                "Keep the period, or release the change with its reason.",
            )


def _days(properties: Mapping[str, Value]) -> float:
    """Return how long a log group keeps logs; infinite if it does not say."""
    days = as_text(properties.get("RetentionInDays"))
    return float(days) if days.isdigit() else float("inf")


def _watched(old: Side, new: Side, stack: str) -> Iterator[Finding]:
    for place, kind in sorted(_of(old, stack, ("AWS::CloudWatch::Alarm",))):
        if new.type_of(place) != kind:
            yield harmless(place[1], "is removed: this alarm tells nobody any more.")
            continue
        was = old.resource(place).properties.get("Threshold")
        becomes = new.resource(place).properties.get("Threshold")
        if was != becomes:
            yield harmless(f"{place[1]}.Threshold", f"goes from {was} to {becomes}.")


def _of(side: Side, stack: str, kinds: tuple[str, ...]) -> Iterator[tuple[Place, str]]:
    return ((place, side.declared[place]) for place in side.of(*kinds) if place[0] == stack)
