"""The interaction model: what Alexa leaves out of a free text never hides an escalation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from companion.skill import TURN_INTENTS, UTTERANCE_SLOT
from companion.words import level_of
from tests.systems.companion.unit.test_words import CASES

MODEL = json.loads(Path("systems/companion/skill/en-US.json").read_text())
LANGUAGE = MODEL["interactionModel"]["languageModel"]
INTENTS = {intent["name"]: intent for intent in LANGUAGE["intents"]}
SLOT = "{" + UTTERANCE_SLOT + "}"


def test_every_intent_that_the_skill_answers_is_there() -> None:
    of_alexa = {f"AMAZON.{n}Intent" for n in ("Help", "Stop", "Cancel", "Fallback", "NavigateHome")}
    assert set(INTENTS) == of_alexa | TURN_INTENTS
    for name in TURN_INTENTS:
        assert [slot["name"] for slot in INTENTS[name]["slots"]] == [UTTERANCE_SLOT]
        assert all(sample.count(SLOT) == 1 for sample in INTENTS[name]["samples"])


def test_a_free_text_has_words_before_it_as_alexa_asks() -> None:
    assert all(s != SLOT and s.endswith(SLOT) for s in INTENTS["ConversationIntent"]["samples"])


@pytest.mark.parametrize("sample", INTENTS["ConversationIntent"]["samples"])
def test_the_words_before_a_free_text_carry_no_sign(sample: str) -> None:
    before = sample.removesuffix(SLOT)
    for level, words in CASES:
        if words.casefold().startswith(before.casefold()):
            assert level_of(words[len(before) :]) == level, words


def test_every_sign_raises_a_level() -> None:
    values = [value["name"]["value"] for value in LANGUAGE["types"][0]["values"]]
    assert all(level_of(value) for value in values)
