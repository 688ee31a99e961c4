"""Key templates: what follows what."""

from __future__ import annotations

from decimal import Decimal

import pytest

from keyline.model import Template
from keyline.model.template import NumberFormat
from tests.support.declarations import Refusal


def test_it_is_put_together_from_fields() -> None:
    template = Template("DAY#{day}#{n:03d}!")
    assert template.fields == ("day", "n")
    assert template.literal == "DAY#"
    assert [(p.before, p.field, p.format, p.after, p.last) for p in template.parts] == [
        ("DAY#", "day", "", "#", False),
        ("#", "n", "03d", "!", True),
    ]


def test_braces_are_doubled_to_stand_for_themselves() -> None:
    assert Template("{{{a}}}").literal == "{"
    assert Template("{{{a}}}").parts[0].after == "}"
    assert Template("a{{b}}c{x}d{{e}}").parts[0].before == "a{b}c"
    assert Template("a{{b}}c{x}d{{e}}").parts[0].after == "d{e}"
    assert Template("{{}}").literal == "{}"
    assert Template("{{}}").parts == ()


def test_up_to_a_field_it_ends_there() -> None:
    template = Template("{{x}}#{day}#{n:03d}#{m}")
    assert template.up_to("day") == (("{x}#", "day", ""),)
    assert template.up_to("n") == (("{x}#", "day", ""), ("#", "n", "03d"))
    with pytest.raises(KeyError, match="other"):
        template.up_to("other")


def test_equal_texts_are_equal_templates() -> None:
    assert Template("{a}") == Template("{a}") != Template("{b}")
    assert len({Template("{a}"), Template("{a}")}) == 1
    assert repr(Template("{a}")) == "Template('{a}')"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{a", "expected '}'"),
        ("a}", "Single '}'"),
        ("{}", "'' is not a field's name"),
        ("{a.b}", "'a.b' is not a field's name"),
        ("{a[0]}", "'a[0]' is not a field's name"),
        ("{a!r}", "more than a name and a format"),
        ("{a:{b}}", "more than a name and a format"),
    ],
)
def test_what_is_no_template_is_refused(text: str, says: str) -> None:
    Refusal(f"template {text!r}", says, "Write {field}").of(lambda: Template(text))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("", NumberFormat()),
        ("d", NumberFormat(places=0)),
        ("04d", NumberFormat(4, 0)),
        ("04", NumberFormat(4, 0)),
        (".2f", NumberFormat(places=2)),
        ("016.3f", NumberFormat(16, 3)),
        ("05.0f", NumberFormat(5, 0)),
    ],
)
def test_a_format_that_keeps_numbers_apart_is_taken(spec: str, expected: NumberFormat) -> None:
    assert Template(f"{{n:{spec}}}").parts[0].number_format == expected


@pytest.mark.parametrize("spec", ["4d", "x", "e", "g", ".2", "%", ",", "+d", "<4d", "c", "03.3f"])
def test_a_format_that_could_write_numbers_alike_is_not_taken(spec: str) -> None:
    assert Template(f"{{n:{spec}}}").parts[0].number_format is None


@pytest.mark.parametrize("spec", ["04d", "07.2f", "016.3f", ".1f"])
@pytest.mark.parametrize("number", ["0", "7", "9999.9", "1234"])
def test_a_number_is_written_as_python_writes_it(spec: str, number: str) -> None:
    exact = Decimal(number)
    written = NumberFormat(*_parts(spec))
    if exact == exact.quantize(written.step or Decimal(1)):
        python = int(exact) if spec.endswith("d") else float(exact)
        assert written.text(exact) == format(python, spec)


def _parts(spec: str) -> tuple[int | None, int | None]:
    found = Template(f"{{n:{spec}}}").parts[0].number_format
    assert found is not None
    return found.width, found.places


def test_a_format_knows_its_largest_number() -> None:
    assert NumberFormat(4, 0).largest == 9999
    assert NumberFormat(7, 2).largest == Decimal("9999.99")
    assert NumberFormat(places=2).largest is None
