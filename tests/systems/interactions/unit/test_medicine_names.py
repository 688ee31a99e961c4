"""A medicine is found by its name as people paste it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interactions.faq import shipped as questions
from interactions.faq_searches import digest_of
from interactions.medicine_names import normalised
from interactions.rules import shipped

RULES = shipped()
KNOWN = sorted({*RULES._known, *RULES.aliases})

MARKS = ("®", "™", "©", "®\ufe0f", "™\ufe0f", "(R)", " (TM)", "Ⓡ", "🄬", "℠", "¹")
DOSES = (
    *("400 mg", "400mg", "0.5 mg", "0,5 g", "1,000 mg", "1/2 g", "½ g", "200-400 mg", "400-mg"),
    *("5 mg/ml", "125 mg/5 ml", "25 µg/h", "25 μg", "25mcg", "1000 IU", "1000 I.U.", "10 units"),
    *("2 x 400 mg", "400 mg x 20", "1 %", "1%", "50 mg/500 mg", "20 mmol", "500㎎"),
    *("400 milligrams", "5 millilitres", "100 mg per dose", "20 tablets"),
)
FORMS = (
    *("tablets", "Tablet", "tab.", "capsules", "caplets", "oral suspension", "syrup", "gel"),
    *("film-coated tablets", "modified-release tablets", "cream", "drops", "(coated)", "patch"),
    *("suppositories", "Injection", "effervescent tablets", "oral solution,"),
)
AROUND = (
    *(("(", ")"), ("[", "]"), ('"', '"'), ("“", "”"), ("«", "»"), ("", "."), ("", ","), ("", ":")),
    *(("• ", ""), ("- ", ""), ("\u2013 ", ""), ("* ", "*"), ("", "…"), ("", " 💊"), ("", "!")),
    ("<", ">"),
)
SPACES = (" ", "\u00a0", "\u2009", "\u202f", "\u3000", "  ", "\t")
UNSEEN = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\ufe0f", "\u034f")


def full_width(text: str) -> str:
    """Return the text in the forms of East Asian fonts."""
    return "".join(chr(ord(c) + 0xFEE0) if 0x21 <= ord(c) <= 0x7E else c for c in text)


@st.composite
def pasted(draw: st.DrawFn, name: str) -> str:
    """Return a name with decorations of each kind, or without."""
    text = draw(st.sampled_from([name, name.upper(), name.title(), full_width(name)]))
    text = text.replace(
        "'", draw(st.sampled_from(["'", "\u2019", "\u2018", "\u00b4", "`", "\u2032"]))
    )
    text += draw(st.sampled_from(["", *MARKS]))
    if draw(st.booleans()):
        before, after = draw(st.sampled_from(AROUND))
        text = f"{before}{text}{after}"
    if draw(st.booleans()):
        text = f"{text} {draw(st.sampled_from(DOSES))}"
    form = draw(st.sampled_from(["", *FORMS]))
    text = draw(st.sampled_from([f"{text} {form}", f"{form} {text}"]))
    if draw(st.booleans()):
        text = f"{text} {draw(st.sampled_from(DOSES))}"
    text = text.replace(" ", draw(st.sampled_from(SPACES)))
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from(["", *UNSEEN])) + text[at:]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("warfarin®", "warfarin"),
        ("ASPIRIN™", "aspirin"),
        ("ibuprofen 400 mg", "ibuprofen"),
        ("ibuprofen.", "ibuprofen"),
        ("Ibuprofen 400mg tablets", "ibuprofen"),
        ("(ibuprofen)", "ibuprofen"),
        ("ｉｂｕｐｒｏｆｅｎ　４００ｍｇ", "ibuprofen"),  # noqa: RUF001 # full width
        ("ibuprofen\u00a0400\u00a0mg", "ibuprofen"),
        ("ibu\u200bprofen", "ibuprofen"),
        ("Tab. Ibuprofen 400mg x 20", "ibuprofen"),
        ("Isosorbide Mononitrate 60 mg prolonged-release tablets", "isosorbide mononitrate"),
        ("St. John`s wort 300 mg", "st john's wort"),
    ],
)
def test_a_name_is_found_in_what_is_pasted(text: str, name: str) -> None:
    assert normalised(text) == name


@given(st.data(), st.sampled_from(KNOWN), st.sampled_from(KNOWN))
def test_a_decoration_makes_neither_another_name_nor_another_result(
    data: st.DataObject, first: str, second: str
) -> None:
    texts = data.draw(pasted(first)), data.draw(pasted(second))
    assert [normalised(text) for text in texts] == [first, second]
    assert RULES.same(*texts) is RULES.same(first, second)
    assert RULES.check(*texts) == RULES.check(first, second)
    assert all(map(RULES.knows, texts))


def test_two_known_names_are_never_one() -> None:
    assert len({normalised(name) for name in KNOWN}) == len(KNOWN)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("vitamin b 6", "vitamin b 12"),
        ("insulin 30/70", "insulin 50/50"),
        ("5-l-methylfolate", "methylfolate"),
        ("5-fluorouracil", "fluorouracil"),
        ("coenzyme q10", "coenzyme q1"),
        ("gelatine", "tine"),
        ("400 mg", "200 mg"),
        ("tablets", "capsules"),
        ("💊", "💉"),
        ("®", "™"),
        ("दवा", "दव"),
    ],
)
def test_what_may_be_a_part_of_a_name_stays(first: str, second: str) -> None:
    assert not RULES.same(first, second)


@given(st.text(max_size=40))
def test_something_is_left_of_every_text(text: str) -> None:
    assert bool(normalised(text)) is bool(text)


@pytest.mark.parametrize("name", ["aspirn", "water", "vitamin c", "", "®"])
def test_a_name_that_the_rules_do_not_have_is_not_known(name: str) -> None:
    assert not RULES.knows(name)


def test_names_of_groups_aliases_and_pairs_are_known() -> None:
    assert all(map(RULES.knows, KNOWN))
    assert not RULES.knows("nsaid")


@pytest.mark.parametrize("search", ["ibuprofen™", "'ibuprofen'", "“IBUPROFEN®”", "ibuprofen¹"])
def test_a_search_is_read_in_the_same_way(search: str) -> None:
    assert questions().search(search) == questions().search("ibuprofen") != []
    assert digest_of("aspirin™") == digest_of("Aspirin")
