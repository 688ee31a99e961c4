"""The words of a new system, and the names that it cannot have."""

from __future__ import annotations

import pytest

from keyline_ops.new.words import MAX_NAME, BadNameError, Words, words_of

SHORTEST_DEPLOYED_NAME = 11
"""Of a table whose stream the local engine is asked for."""


def made(system: str, item: str | None = None, title: str | None = None) -> Words:
    return words_of(system, item, title, stream=True)


@pytest.mark.parametrize(
    ("system", "item", "items", "title"),
    [
        ("notes", "note", "notes", "Notes"),
        ("my_orders", "my_order", "my_orders", "My orders"),
        ("stories", "story", "stories", "Stories"),
        ("boxes", "box", "boxes", "Boxes"),
        ("classes", "class", "classes", "Classes"),
        ("status", "status_item", "status_items", "Status"),
        ("ab", "ab_item", "ab_items", "Ab"),
        ("s", "s_item", "s_items", "S"),
    ],
)
def test_an_item_and_the_title_follow_from_the_system_s_name(
    system: str, item: str, items: str, title: str
) -> None:
    words = made(system)
    assert (words.item, words.context()["items"], words.title) == (item, items, title)


@pytest.mark.parametrize("length", range(1, MAX_NAME + 1))
def test_an_item_s_name_is_never_too_long(length: int) -> None:
    words = made("a" * length)
    assert made("other", words.item).item == words.item


@pytest.mark.parametrize("system", ["a", "ab", "abcd", "notes"])
def test_a_deployed_table_s_name_is_long_enough_for_the_local_engine(system: str) -> None:
    for name in made(system).tables:
        assert len(f"{name}-local") >= SHORTEST_DEPLOYED_NAME


@pytest.mark.parametrize(
    ("system", "suggested"),
    [
        ("my-orders", "Did you mean 'my_orders'?"),
        ("MyOrders", "Did you mean 'my_orders'?"),
        ("my orders", "Did you mean 'my_orders'?"),
        ("_notes", "Did you mean 'notes'?"),
        ("my_2nd", ""),
        ("2nd", ""),
        ("", ""),
        ("n" * (MAX_NAME + 1), ""),
        ("../notes", "Did you mean 'notes'?"),
    ],
)
def test_what_is_not_a_name_is_refused_with_what_a_name_is(system: str, suggested: str) -> None:
    with pytest.raises(BadNameError) as refused:
        made(system)
    assert refused.value.path == "SYSTEM"
    assert refused.value.message == f"{system!r} is not a name of a system."
    assert refused.value.suggestion.startswith("A name has up to 20 characters")
    assert refused.value.suggestion.endswith(suggested or "between two words.")


def test_the_name_of_an_item_is_not_that_of_the_package() -> None:
    with pytest.raises(BadNameError, match=r"--item: 'library' is the name of the system") as it:
        made("library", "library")
    assert it.value.suggestion == "Use two names: --item library_item."


@pytest.mark.parametrize("title", ["", " ", "a\nb", "a | b", "[a](b)", 'a "b"', "a" * 61])
def test_a_title_that_would_break_a_page_is_refused(title: str) -> None:
    with pytest.raises(BadNameError, match="is not a title"):
        made("notes", title=title)


def test_a_title_may_have_the_letters_of_any_language() -> None:
    assert made("notes", title="Ärzte & Pläne (2026)").title == "Ärzte & Pläne (2026)"
