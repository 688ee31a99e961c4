"""Other words for the same template are harmless; what replaces a table never is."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.judge import judge
from keyline_ops.plan.schemas import create_only, schema_of
from keyline_ops.plan.verdict import Plan
from tests.keyline_ops.unit.plan.labelled import cases
from tests.keyline_ops.unit.plan.made import GLOBAL, TABLE, Made

_SETS = (
    *("AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "Tags"),
    *("NonKeyAttributes", "Replicas"),
)
_SEEDS = st.integers(0, 2**32)
TEMPLATES = [case.after for case in cases()]


def plan(before: dict[str, Any], after: dict[str, Any]) -> Plan:
    return judge([Stack("", before)], [Stack("", after)])


def reordered(node: Any, random: Random, name: str = "") -> Any:
    """Return the same value with its objects, and its lists that are sets, in another order."""
    if isinstance(node, dict):
        items = list(node.items())
        random.shuffle(items)
        return {key: reordered(item, random, key) for key, item in items}
    if isinstance(node, list):
        listed = [reordered(item, random) for item in node]
        if name in _SETS:
            random.shuffle(listed)
        return listed
    return node


def reworded(node: Any, random: Random) -> Any:
    """Return the same value, with intrinsic functions in place of some of its texts and numbers."""
    if isinstance(node, dict):
        if any(key == "Ref" or key.startswith("Fn::") for key in node):
            return node
        return {key: reworded(item, random) for key, item in node.items()}
    if isinstance(node, list):
        return [reworded(item, random) for item in node]
    if isinstance(node, bool) or node is None:
        return random.choice([node, str(node).lower()]) if node is not None else None
    text = str(node)
    forms: list[Any] = [
        node,
        {"Fn::Sub": text.replace("${", "${!")},
        {"Fn::Join": ["", [text[: len(text) // 2], text[len(text) // 2 :]]]},
        {"Fn::Select": [1, ["other", text]]},
        {"Fn::If": ["Always", text, "other"]},
        {"Fn::If": ["Never", {"Ref": "AWS::NoValue"}, text]},
        {"Fn::FindInMap": ["Words", "a", {"Ref": "B"}, {"DefaultValue": text}]},
    ]
    return random.choice(forms)


def in_other_words(template: dict[str, Any], random: Random) -> dict[str, Any]:
    made = copy.deepcopy(template)
    for body in made["Resources"].values():
        if body["Type"] in (TABLE, GLOBAL):
            body["Properties"] = reworded(body["Properties"], random)
    made["Conditions"] |= {
        "Always": {"Fn::Not": [{"Condition": "Never"}]},
        "Never": {"Fn::Equals": ["a", {"Ref": "B"}]},
    }
    made["Parameters"]["B"] = {"Type": "String", "Default": "b"}
    made["Mappings"]["Words"] = {"a": {"c": "other"}}
    return made


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(TEMPLATES), _SEEDS)
def test_another_order_is_harmless(template: dict[str, Any], seed: int) -> None:
    found = plan(template, reordered(template, Random(seed)))
    assert found.verdict.word == "harmless"
    assert not any(table.findings for table in found.tables), found.tables


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(TEMPLATES), _SEEDS)
def test_other_words_are_harmless(template: dict[str, Any], seed: int) -> None:
    found = plan(template, in_other_words(template, Random(seed)))
    assert found.verdict.word == "harmless", found.tables
    assert not any(table.findings for table in found.tables)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(TEMPLATES), st.from_regex(r"\A[A-Z][A-Za-z0-9]{3,12}\Z"))
def test_new_names_of_what_is_beside_tables_are_harmless(
    template: dict[str, Any], name: str
) -> None:
    """Parameters, conditions, functions, roles and policies; a key and a stream are not beside."""
    kept = ("AWS::KMS::Key", "AWS::Kinesis::Stream", TABLE, GLOBAL)
    text = json.dumps(template)
    for section in ("Resources", "Parameters", "Conditions"):
        for old, body in template[section].items():
            unknown = section == "Parameters" and "Default" not in body
            if not unknown and (section != "Resources" or body["Type"] not in kept):
                text = text.replace(f'"{old}"', f'"{name}{old}"')
                text = text.replace(f"${{{old}}}", f"${{{name}{old}}}")
    renamed = json.loads(text)
    for found in (plan(template, renamed), plan(renamed, template)):
        assert found.verdict.word == "harmless", found.tables


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(list(cases())), _SEEDS)
def test_a_verdict_does_not_depend_on_words_and_order(case: Any, seed: int) -> None:
    random = Random(seed)
    before = reordered(in_other_words(case.before, random), random)
    after = reordered(in_other_words(case.after, random), random)
    assert plan(before, after).verdict.word == case.verdict


def _sample(schema: dict[str, Any]) -> Any:
    return {"string": "other", "array": [{"IndexName": "other"}]}.get(schema.get("type", ""), {})


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in (TABLE, GLOBAL) for name in sorted(create_only(kind))],
)
@pytest.mark.parametrize("direction", [1, -1])
def test_a_create_only_property_is_never_harmless(kind: str, name: str, direction: int) -> None:
    schema = schema_of(kind)
    assert schema is not None
    before, after = Made(kind, name=None), Made(kind, name=None)
    after.props[name] = _sample(schema["properties"][name]) or {"Format": "other"}
    pair = (before.template, after.template)[::direction]
    assert plan(*pair).verdict.word == "refused"


@pytest.mark.requirement("X-12")
@settings(deadline=None, max_examples=40)
@given(st.sampled_from([TABLE, GLOBAL]), st.integers(0, 3), st.integers(0, 3))
def test_more_than_one_index_at_once_is_waves(kind: str, more: int, less: int) -> None:
    before, after = Made(kind), Made(kind)
    before.drop_index()
    after.drop_index()
    for number in range(less):
        before.add_index(f"old-{number}", f"old{number}")
    for number in range(more):
        after.add_index(f"new-{number}", f"new{number}")
    found = plan(before.template, after.template)
    assert found.verdict.word == ("waves" if more + less > 1 else "harmless")
    if more + less > 1:
        assert [len(wave) for wave in found.waves] == [1] * (more + less)
