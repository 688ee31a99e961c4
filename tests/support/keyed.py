"""Random key templates with items and conditions for them, and what a plain filter finds."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from hypothesis import strategies as st

from keyline.model import Condition, DeclarationError, Entity, Index, Key, Table

# Few characters, so that values, the literals between them and their beginnings often meet.
_LETTERS = st.characters(codec="utf-8") | st.sampled_from("#ab#\x00!~\ud7ff\ue000\uffff")
_SHORT = st.text("#a", max_size=3)
TEXTS = st.one_of(
    _SHORT, _SHORT, _SHORT, st.text(_LETTERS | st.sampled_from("#ab01.-"), max_size=5)
)
SEPARATORS = st.sampled_from(["#", "#", "##", "#a", "a", "", "0", "#1#", "-", ".", "\x00", "ab"])


class Colour(enum.Enum):
    """A plain Enum."""

    RED = "red"
    REDDISH = "red#"
    BLUE = "blue"


@dataclass(frozen=True)
class FieldKind:
    """A kind of field: its type, the formats it is tried with, its values, values to ask for."""

    python: Any
    formats: tuple[str, ...]
    values: st.SearchStrategy[Any]
    plain: Callable[[Any], Any] = lambda value: value


FOUR = Annotated[str, msgspec.Meta(min_length=4, max_length=4)]
_DECIMALS = st.decimals(-100, 10_000, places=2) | st.sampled_from(
    [Decimal("10.00"), Decimal("10"), Decimal("1E+1"), Decimal("0.0"), Decimal("-0")]
)
_FLOATS = st.floats(-10, 10_000, allow_nan=False).map(lambda x: round(x, 1)) | st.sampled_from(
    [0.0, -0.0, 5.0, 1e20, 1e-7]
)
FIELDS = (
    FieldKind(str, ("",), TEXTS),
    FieldKind(str, ("",), TEXTS),
    FieldKind(str, ("",), TEXTS),
    FieldKind(FOUR, ("",), st.text("#ab0", min_size=4, max_size=4)),
    FieldKind(int, ("", "04d", "d"), st.integers(-3, 12) | st.integers(-5, 20_000)),
    FieldKind(float, ("", "08.1f", ".1f"), _FLOATS),
    FieldKind(Decimal, ("", "08.2f", ".2f", "05"), _DECIMALS),
    FieldKind(Literal["a", "a#b", "b"], ("",), st.sampled_from(["a", "a#b", "b"])),
    FieldKind(Literal[1, 2, 10], ("", "02d"), st.sampled_from([1, 2, 10])),
    FieldKind(Colour, ("",), st.sampled_from(Colour), plain=lambda colour: colour.value),
)


@dataclass(frozen=True)
class Keyed:
    """A table whose sort key is a random template.

    Attributes
    ----------
    kinds
        What each field of the template is, by name.
    """

    table: Table
    shape: Any
    kinds: Mapping[str, FieldKind]

    @property
    def entity(self) -> Entity:
        """The one kind of item."""
        return self.table.kinds[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """The template's fields, in order."""
        return self.entity.templates["sk"].fields


@st.composite
def keyed_tables(draw: st.DrawFn, name: str = "KeylineKeyed", without: str = "") -> Keyed:
    """Tables with one to three fields in the sort key that the declaration admits.

    A separator that is `without` is not used.

    An index has the same sort key, and may be sharded.
    """
    shards = draw(st.sampled_from([None, 1, 3]))
    separators = SEPARATORS.filter(lambda text: not text or text != without)
    while True:
        count = draw(st.integers(1, 3))
        kinds = {f"f{n}": draw(st.sampled_from(FIELDS)) for n in range(count)}
        text = draw(st.sampled_from(["", "X#", "#"]))
        for field, kind in kinds.items():
            spec = draw(st.sampled_from(kind.formats))
            text += "{" + field + (f":{spec}" if spec else "") + "}" + draw(separators)
        shape = msgspec.defstruct(
            "Keyed",
            [("id", str), ("topic", str), *((f, k.python) for f, k in kinds.items())],
            kw_only=True,
        )
        index = Index(name="ByTopic", key=Key("topic", "sk"), why="Tested.", shards=shards)
        try:
            table = Table(
                name,
                "Key design: random.",
                key=Key("id", "sk"),
                entities=[Entity(shape, keys={"sk": text})],
                indexes=[index],
            )
        except DeclarationError:
            continue
        return Keyed(table, shape, kinds)


def items_of(keyed: Keyed) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Fields of several items."""
    return st.lists(
        st.fixed_dictionaries({f: kind.values for f, kind in keyed.kinds.items()}), max_size=8
    )


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, given: value == given,
    "<": lambda value, given: value < given,
    "<=": lambda value, given: value <= given,
    ">": lambda value, given: value > given,
    ">=": lambda value, given: value >= given,
    "between": lambda value, given: given[0] <= value <= given[1],
    "begins_with": lambda value, given: value.startswith(given),
}


def expected(
    keyed: Keyed,
    items: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
    condition: Condition,
    given: Mapping[str, Any],
) -> list[Mapping[str, Any]]:
    """Return the items that fulfil a condition on the last of these fields, by plain Python."""
    *before, last = fields

    def plain(field: str, value: Any) -> Any:
        make = keyed.kinds[field].plain
        if isinstance(value, tuple):
            return tuple(map(make, value))
        return make(value) if isinstance(value, enum.Enum) else value

    def fulfils(item: Mapping[str, Any]) -> bool:
        same = all(plain(f, item[f]) == plain(f, given[f]) for f in before)
        compare = _COMPARE[condition.operator]
        return same and compare(plain(last, item[last]), plain(last, given[last]))

    return [item for item in items if fulfils(item)]


def order(keyed: Keyed, item: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what the fields of an item are sorted by."""
    return tuple(keyed.kinds[f].plain(item[f]) for f in keyed.fields)
