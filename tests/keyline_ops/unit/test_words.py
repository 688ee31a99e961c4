"""Test how commands count."""

from __future__ import annotations

import pytest

from keyline_ops.words import count_of


@pytest.mark.parametrize(
    ("number", "says"), [(0, "0 tables"), (1, "1 table"), (2, "2 tables"), (1_000, "1,000 tables")]
)
def test_one_is_singular(number: int, says: str) -> None:
    assert count_of(number, "table") == says
