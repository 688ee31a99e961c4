"""Stored vectors as rows of a matrix: the same numbers as read one by one."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.vector import CODECS, Codec, Packed, VectorError, decode, encode
from keyline.vector.matrix import Rows, floats

numbers = st.floats(-65504, 65504, width=32)
stored = st.integers(1, 8).flatmap(
    lambda dimension: st.lists(
        st.tuples(
            st.lists(numbers, min_size=dimension, max_size=dimension), st.sampled_from(CODECS)
        ),
        min_size=1,
        max_size=20,
    )
)


@given(stored)
def test_rows_are_what_is_read_one_by_one(vectors: list[tuple[list[float], Codec]]) -> None:
    rows = Rows(len(vectors[0][0]))
    packed = [encode(vector, codec) for vector, codec in vectors]
    for each in packed:
        rows.add(each)
    assert len(rows) == len(packed)
    found = rows.matrix()
    assert found.dtype == np.float32
    expected = np.array([decode(each) for each in packed])
    # int8 is multiplied in float32 here: half a unit of its 24 bits for the scale, another
    # for the product.
    assert np.allclose(found, expected, rtol=2.0**-22, atol=2.0**-140)


def test_without_a_vector_there_is_no_row() -> None:
    assert Rows(3).matrix().shape == (0, 3)


@pytest.mark.parametrize("codec", CODECS)
def test_one_vector_as_an_array(codec: Codec) -> None:
    assert floats(encode([1.0, -0.5], codec)) == pytest.approx([1.0, -0.5], abs=1 / 254)


def test_a_row_of_another_dimension_is_refused() -> None:
    rows = Rows(2)
    with pytest.raises(VectorError, match="has 3 numbers, the matrix has rows of 2") as refused:
        rows.add(encode([1.0, 2.0, 3.0], "float16"), "products[p1]")
    assert refused.value.path == "products[p1]"
    assert len(rows) == 0


def test_bytes_that_are_no_vector_are_refused() -> None:
    with pytest.raises(VectorError, match="takes 3 bytes"):
        Rows(1).add(Packed(b"abc", "float32", 1))
    with pytest.raises(VectorError, match="scale"):
        Rows(1).add(Packed(b"a", "int8", 1))


def test_what_is_not_finite_is_refused_and_not_appended() -> None:
    rows = Rows(2)
    rows.add(encode([1.0, 2.0], "float32"))
    with pytest.raises(VectorError, match="not a finite number") as refused:
        rows.add(Packed(struct.pack("<2f", 1.0, math.nan), "float32", 2), "products[p2]")
    assert refused.value.path == "products[p2]"
    assert rows.matrix().tolist() == [[1.0, 2.0]]
