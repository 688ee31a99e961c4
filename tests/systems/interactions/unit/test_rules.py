"""The rules know pairs in any order and case, and contradict neither each other nor themselves."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from interactions.medicine_names import normalised
from interactions.rules import UNKNOWN, BadRulesError, Rules, shipped

RULES = shipped()


def made(**changes: Any) -> Rules:
    """Some rules."""
    content = {"groups": {"g": ["a", "b"]}, "aliases": {"aa": "a"}, "pairs": [], **changes}
    return msgspec.convert(content, Rules)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("warfarin", "ibuprofen"),
        ("ibuprofen", "warfarin"),
        (" WARFARIN ", "Ibuprofen\t"),
        ("warfarin  sodium", "ASA"),
    ],
)
def test_a_known_pair_is_risky_in_any_order_case_and_name(first: str, second: str) -> None:
    verdict = RULES.check(first, second)
    assert (verdict.risky, verdict.reason) == (True, "increased bleeding risk")


def test_a_pair_that_no_rule_names_is_not_said_to_be_safe() -> None:
    verdict = RULES.check("warfarin", "water")
    assert (verdict.risky, verdict.reason) == (False, UNKNOWN)
    assert "does not mean" in UNKNOWN


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Aspirin", " aspirin", True),
        ("aspirin", "acetylsalicylic  ACID", True),
        ("St John\u2019s wort", "st johns wort", True),
        ("\uff41spirin", "aspirin", True),  # full width
        ("aspirin", "ibuprofen", False),
    ],
)
def test_one_medicine_has_many_spellings(first: str, second: str, same: bool) -> None:
    assert RULES.same(first, second) is same


def test_every_name_of_the_shipped_rules_is_one_that_is_looked_up() -> None:
    names = {m for group in RULES.groups.values() for m in group}
    names |= {n for pair in RULES.pairs for n in pair.between if n not in RULES.groups}
    assert all(normalised(name) == name for name in (*names, *RULES.aliases))
    assert not set(RULES.aliases.values()) - names
    assert not set(RULES.groups) & names


def test_every_member_of_two_groups_is_paired() -> None:
    for pair in RULES.pairs:
        sides = [RULES.groups.get(name, (name,)) for name in pair.between]
        for first, second in itertools.product(*sides):
            assert RULES.check(second, first).reason == pair.reason


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([{"between": ["a", "g"], "reason": "r"}], "itself"),
        (
            [{"between": ["g", "c"], "reason": "r"}, {"between": ["c", "b"], "reason": "s"}],
            "again",
        ),
        ([{"between": ["A", "c"], "reason": "r"}], "looked up as 'a'"),
        ([{"between": ["aa", "c"], "reason": "r"}], "looked up as 'a'"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(pairs: Any, message: str) -> None:
    with pytest.raises(BadRulesError, match=message):
        made(pairs=pairs).check("a", "c")


def test_an_alias_that_is_never_looked_up_is_refused() -> None:
    with pytest.raises(BadRulesError, match="looked up as 'aa'"):
        made(aliases={"AA tablets": "a"}).check("a", "c")
