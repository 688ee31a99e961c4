"""Key templates."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.model import Template
from tests.unit.keyline.model.declarations import Refusal


def test_it_is_put_together_from_fields() -> None:
    template = Template("{day}#{n:03d}")
    assert template.fields == ("day", "n")
    assert template.render({"day": "2026-01-31", "n": 7}) == "2026-01-31#007"


def test_braces_are_doubled_to_stand_for_themselves() -> None:
    assert Template("{{{a}}}").render({"a": 1}) == "{1}"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, "DAY#"),
        ({"day": "1"}, "DAY#1#"),
        ({"day": "1", "n": 2}, "DAY#1#2!"),
        ({"n": 2}, "DAY#"),
        ({"day": None, "n": 2}, "DAY#"),
    ],
)
def test_its_prefix_goes_up_to_the_first_unknown_field(
    known: dict[str, object], expected: str
) -> None:
    assert Template("DAY#{day}#{n}!").prefix(known) == expected


def test_up_to_a_field_it_ends_there() -> None:
    template = Template("{{x}}#{day}#{n:03d}#{m}")
    assert template.up_to("day").text == "{{x}}#{day}"
    assert template.up_to("n").render({"day": "d", "n": 1}) == "{x}#d#001"
    with pytest.raises(ValueError, match="other"):
        template.up_to("other")


def test_equal_texts_are_equal_templates() -> None:
    assert Template("{a}") == Template("{a}") != Template("{b}")
    assert len({Template("{a}"), Template("{a}")}) == 1
    assert repr(Template("{a}")) == "Template('{a}')"


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(KeyError):
        Template("{a}").render({})


def test_a_format_says_whether_it_takes_a_value() -> None:
    template = Template("{n:05d}#{m}")
    assert template.text_of("n", 7) == "00007"
    assert template.text_of("n", "x") is None
    assert template.text_of("m", Decimal("1.5")) == "1.5"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{a", "expected '}'"),
        ("a}", "Single '}'"),
        ("{}", "'' is no field's name"),
        ("{a.b}", "'a.b' is no field's name"),
        ("{a[0]}", "'a[0]' is no field's name"),
        ("{a!r}", "more than a name and a format"),
        ("{a:{b}}", "more than a name and a format"),
    ],
)
def test_what_is_no_template_is_refused(text: str, says: str) -> None:
    Refusal(f"template {text!r}", says, "Write {field}").of(lambda: Template(text))


@given(st.integers(0, 10**12 - 1), st.integers(0, 10**12 - 1))
def test_numbers_with_a_width_sort_as_text(a: int, b: int) -> None:
    template = Template("{n:012d}")
    assert (template.render({"n": a}) < template.render({"n": b})) == (a < b)
