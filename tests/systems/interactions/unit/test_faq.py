"""The frequent questions are found by their words, the best first, always in the same order."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from interactions.faq import Entry, Faq, shipped
from interactions.faq_searches import digest_of

FAQ = Faq(
    common=frozenset({"the", "of"}),
    entries=(
        Entry("answer", "What?", "The dose is in here.", ()),
        Entry("keyword", "Who?", "Nothing.", ("dose",)),
        Entry("question", "Which dose?", "The dose.", ("dose",)),
        Entry("second", "Which doses?", "None.", ()),
    ),
)


def ids(text: str) -> list[str]:
    """Return the entries that a search finds, in order."""
    return [found.entry.id for found in FAQ.search(text)]


def test_a_word_of_the_question_counts_most_and_of_the_answer_least() -> None:
    assert ids("dose") == ["question", "second", "keyword", "answer"]
    assert [found.score for found in FAQ.search("dose")] == [3, 3, 2, 1]


@pytest.mark.parametrize("text", ["DOSES", " dose ", "dose, dose!", "the dosing of"])
def test_case_endings_and_common_words_do_not_matter(text: str) -> None:
    assert ids(text) == ids("dose")


def test_words_count_together_and_equals_come_as_they_are_listed() -> None:
    assert ids("dose nothing") == ["keyword", "question", "second", "answer"]
    assert [found.score for found in FAQ.search("nothing dose")] == [3, 3, 3, 1]


@pytest.mark.parametrize("text", ["the", "of the", "", "?!", "unheard-of"])
def test_what_no_entry_has_finds_nothing(text: str) -> None:
    assert ids(text) == []


def test_the_shipped_questions_are_found_by_what_people_ask() -> None:
    faq = shipped()
    for text, best in (
        ("I forgot my dose", "missed-dose"),
        ("grapefruit juice", "grapefruit"),
        ("warfarin ibuprofen", "painkillers-and-blood-thinners"),
        ("crushing tablets", "splitting-tablets"),
    ):
        assert faq.search(text)[0].entry.id == best
    assert len({entry.id for entry in faq.entries}) == len(faq.entries)


@pytest.mark.requirement("M-30")
def test_a_digest_is_the_same_in_every_process_and_for_every_spelling() -> None:
    assert digest_of("Medication   Adherence ") == digest_of("medication adherence")
    assert digest_of("a") != digest_of("b")
    code = "from interactions.faq_searches import digest_of; print(digest_of('dose'), end='')"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {digest_of("dose")}
