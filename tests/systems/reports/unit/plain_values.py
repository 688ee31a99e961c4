"""Strategies of all that DynamoDB stores, and a comparison that tells 1, 1.0 and True apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

MAX_DIGITS = 38


def typed(value: Any) -> Any:
    """Return a value with its types, so that equality tells `True` from `1` and bytes from text.

    A float that is whole counts as an int: DynamoDB's numbers do not tell them apart.
    """
    if isinstance(value, dict):
        return {name: typed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if isinstance(value, set):
        return {typed(member) for member in value}
    if isinstance(value, float) and value.is_integer():
        return (int, int(value))
    return (type(value), value)


decimals = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent - len(str(abs(digits)))),
    st.integers(-(10**MAX_DIGITS) + 1, 10**MAX_DIGITS - 1),
    st.integers(-80, 80),
).filter(lambda d: len(d.as_tuple().digits) <= MAX_DIGITS)
"""Numbers of up to 38 digits, exactly."""

# From 1e16 on the shortest text of a float is a whole number beside it, though it means it.
_floats = st.floats(-1e15, 1e15).filter(lambda x: x == 0 or abs(x) > 1e-100)
_integers = st.integers(-(10**MAX_DIGITS) + 1, 10**MAX_DIGITS - 1)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_names = _texts.filter(bool)
_scalars = st.none() | st.booleans() | _texts | _integers | _floats | st.binary(max_size=8)
_sets = (
    st.sets(_texts, min_size=1, max_size=4)
    | st.sets(_integers, min_size=1, max_size=4)
    | st.sets(_floats, min_size=1, max_size=4)
    | st.sets(st.binary(max_size=4), min_size=1, max_size=4)
)
nested = st.recursive(
    _scalars | _sets,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)
items = st.dictionaries(_names, nested.filter(lambda value: value is not None), max_size=5)
"""Items: what is None there is left out, and so does not come back."""

json_values = st.recursive(
    st.none() | st.booleans() | _texts | _integers | _floats,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(_names, json_values, max_size=5)
