"""Turns as they are made, and their identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.embeddings.identifiers import number_of
from memory.turns import NewTurn, TurnId, embeddings_of, turns_at

MOMENT = 1_767_225_599_999.999
"""The last microsecond of 2025 UTC."""


@given(st.integers(0, 2**52 - 1), st.integers(0, 0xFFF), st.sampled_from(["user", "assistant"]))
def test_an_identifier_reads_back_and_names_its_embedding(us: int, suffix: int, role: str) -> None:
    text = f"{us:016d}-{suffix:03x}-{role}"
    found = TurnId.parse(text)
    assert found is not None
    assert str(found) == text
    assert number_of(found.embedding_id) == us << 12 | suffix


@pytest.mark.parametrize("text", ["", "1-3fa-user", "9999999999999999-3fa-user", "x" * 25])
def test_another_text_is_no_identifier(text: str) -> None:
    assert TurnId.parse(text) is None


@pytest.mark.requirement("I-02")
def test_the_turns_of_an_interaction_are_of_the_utc_day_that_each_was_made_on() -> None:
    new = [NewTurn(role="user", content=str(n)) for n in range(3)]
    made = turns_at(MOMENT, "ada", "s", new, "request")
    assert [turn.date for turn in made] == ["2025-12-31", "2026-01-01", "2026-01-01"]
    ids = [TurnId.of(turn) for turn in made]
    assert [id.moment_us for id in ids] == [1_767_225_599_999_999 + n for n in range(3)]
    assert [id.key("ada")["date"] for id in ids] == [turn.date for turn in made]
    assert made == turns_at(MOMENT, "ada", "s", new, "request")


@pytest.mark.requirement("I-06")
def test_a_summary_has_200_characters_at_most_and_one_line() -> None:
    (turn,) = turns_at(MOMENT, "ada", "s", [NewTurn(role="user", content="a\n b " * 100)], "r")
    assert len(turn.content_summary) == len(turn.summary) == 200
    assert "\n" not in turn.content_summary


def test_a_text_without_words_has_no_embedding() -> None:
    new = [NewTurn(role="user", content="?"), NewTurn(role="user", content="a")]
    made = turns_at(MOMENT, "ada", "s", new, "request")
    (embedding,) = embeddings_of(made, [[0.0, 0.0], [0.6, 0.8]], days=1)
    assert embedding.embedding_id == TurnId.of(made[1]).embedding_id
    assert embedding.ttl == 1_767_225_600 + 86_400
