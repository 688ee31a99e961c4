"""The backups of a table by AWS Backup: the selections that name it, and how long plans keep it.

Source: AWS Backup API reference, BackupSelection, Condition and Lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from keyline_ops.plan.constants import Value, as_text, constant_name, listed, shown
from keyline_ops.plan.naming import covers, mentions, texts_of
from keyline_ops.plan.side import Place, Side
from keyline_ops.plan.table_state import TableState

_SELECTION, _PLAN = "AWS::Backup::BackupSelection", "AWS::Backup::BackupPlan"
_FOR_EVER = float("inf")

Properties = Mapping[str, Value]


def selections(side: Side, table: TableState) -> Iterator[Place]:
    """Yield the selections that name a table: by its ARN, by a pattern or by its tags."""
    for place in side.of(_SELECTION):
        given = side.resource(place).properties.get("BackupSelection")
        if isinstance(given, dict) and _selects(given, table):
            yield place


def kept_days(side: Side, selection: Place) -> dict[str, float]:
    """Return for how many days the plan of a selection keeps the backups of each of its rules.

    The result is empty where the plan is not in these stacks.
    """
    named = shown(as_text(side.resource(selection).properties.get("BackupPlanId")))
    for place in side.of(_PLAN):
        own = constant_name(*place)
        if named in (f"${{{own}}}", f"${{{own}.BackupPlanId}}"):
            plan = side.resource(place).properties.get("BackupPlan")
            rules = _dicts(plan.get("BackupPlanRule")) if isinstance(plan, dict) else []
            return {shown(as_text(rule.get("RuleName"))): _days(rule) for rule in rules}
    return {}


def _days(rule: Properties) -> float:
    lifecycle = rule.get("Lifecycle")
    days = as_text(lifecycle.get("DeleteAfterDays")) if isinstance(lifecycle, dict) else ""
    return float(days) if days.isdigit() else _FOR_EVER


def _selects(given: Properties, table: TableState) -> bool:
    tags = dict(_tags(table))
    if any(_names(each, table) for each in listed(given.get("NotResources"))):
        return False
    conditions = given.get("Conditions")
    if isinstance(conditions, dict) and not _holds(conditions, tags):
        return False
    resources = listed(given.get("Resources"))
    by_tags = _dicts(given.get("ListOfTags"))
    if not resources and not by_tags:
        return isinstance(conditions, dict)
    return any(_names(each, table) for each in resources) or any(
        tags.get(_key(each)) == as_text(each.get("ConditionValue")) for each in by_tags
    )


def _names(resource: Value, table: TableState) -> bool:
    texts = [each.text for each in texts_of(resource)]
    return any(mentions(text, table.name) or covers(text, table.name) for text in texts)


def _holds(conditions: Properties, tags: Mapping[str, str]) -> bool:
    """Return whether tags fulfil all conditions."""
    for operator, wanted in conditions.items():
        for each in _dicts(wanted):
            value, pattern = tags.get(_key(each)), as_text(each.get("ConditionValue"))
            like = operator.endswith("Like")
            same = value is not None and (fnmatchcase(value, pattern) if like else value == pattern)
            if same == ("Not" in operator):
                return False
    return True


def _key(condition: Properties) -> str:
    return as_text(condition.get("ConditionKey")).removeprefix("aws:ResourceTag/")


def _tags(table: TableState) -> Iterator[tuple[str, str]]:
    for place in table.places.values():
        for tag in _dicts(place.rest.get("Tags")):
            yield as_text(tag.get("Key")), as_text(tag.get("Value"))


def _dicts(value: Value) -> list[Properties]:
    return [each for each in listed(value) if isinstance(each, dict)]
