"""Vectors ↔ bytes: what comes back, how large it is, and what is refused."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyline.vector import CODECS, Codec, Packed, VectorError, decode, encode
from keyline.vector.codec import LEAST_SCALE, STEPS, WIDTH

LARGEST = {"float32": 3.4028234663852886e38, "float16": 65504.0, "int8": 2.0**127}
codecs = st.sampled_from(CODECS)


def _within(codec: Codec) -> st.SearchStrategy[list[float]]:
    largest = LARGEST[codec]
    return st.lists(st.floats(-largest, largest), min_size=1, max_size=40)


def _bound(codec: Codec, number: float, packed: Packed) -> float:
    """Return the documented error of one number."""
    if codec == "int8":
        assert packed.scale is not None
        return packed.scale / 2 * (1 + 1e-12)  # the division and the product are rounded too
    relative, near_zero = (2.0**-24, 2.0**-150) if codec == "float32" else (2.0**-11, 2.0**-25)
    return max(relative * abs(number), near_zero)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_float32_comes_back_exactly(vector: list[float]) -> None:
    packed = encode(vector, "float32")
    assert decode(packed) == vector
    assert packed.data == struct.pack(f"<{len(vector)}f", *vector)


@given(st.lists(st.floats(width=16, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_float16_comes_back_exactly(vector: list[float]) -> None:
    assert decode(encode(vector, "float16")) == vector


@given(st.data(), codecs)
@pytest.mark.requirement("I-21", "K-09")
def test_what_comes_back_is_as_near_as_documented(data: st.DataObject, codec: Codec) -> None:
    vector = data.draw(_within(codec))
    packed = encode(vector, codec)
    assert len(packed.data) == WIDTH[codec] * len(vector)
    assert (packed.dimension, packed.scale is None) == (len(vector), codec != "int8")
    for number, back in zip(vector, decode(packed), strict=True):
        assert abs(number - back) <= _bound(codec, number, packed)


@given(st.data(), codecs)
@example(data=None, codec="int8")
def test_what_came_back_is_stored_the_same_again(data: st.DataObject | None, codec: Codec) -> None:
    vector = data.draw(_within(codec)) if data else [127.0, -127.0, 0.4, -0.6]
    packed = encode(vector, codec)
    assert encode(decode(packed), codec).data == packed.data


def test_bytes_are_little_endian_on_every_machine() -> None:
    assert encode([1.0], "float32").data == b"\x00\x00\x80\x3f"
    assert encode([1.0], "float16").data == b"\x00\x3c"
    assert encode([1.0, -1.0, 0.0], "int8").data == b"\x7f\x81\x00"


def test_int8_keeps_signs_and_the_largest_number() -> None:
    packed = encode([-3.0, 1.5, 0.0], "int8")
    assert packed.scale == 3.0 / STEPS
    assert decode(packed) == pytest.approx([-3.0, 1.5, 0.0], abs=3.0 / STEPS / 2)
    assert decode(packed)[0] == pytest.approx(-3.0, rel=1e-15)


@pytest.mark.parametrize("codec", CODECS)
def test_zeros_and_what_is_too_small_are_zeros(codec: Codec) -> None:
    packed = encode([0.0, 1e-60, -1e-60], codec)
    assert decode(packed) == [0.0, 0.0, 0.0]
    assert packed.scale in (None, LEAST_SCALE)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.requirement("K-09")
def test_what_is_not_finite_is_refused_with_its_place(codec: Codec, bad: float) -> None:
    with pytest.raises(VectorError) as refused:
        encode([1.0, bad, math.nan], codec, path="body.embedding_vector")
    assert refused.value.path == "body.embedding_vector[1]"
    assert refused.value.suggestion


@pytest.mark.parametrize("codec", CODECS)
def test_what_the_codec_cannot_hold_is_refused_with_its_place(codec: Codec) -> None:
    largest = LARGEST[codec]
    encode([0.0, largest], codec)
    with pytest.raises(VectorError) as refused:
        encode([0.0, -math.nextafter(largest, math.inf)], codec)
    assert refused.value.path == "vector[1]"
    assert codec in refused.value.message


@pytest.mark.parametrize("bad", [["1"], [None], [10**400], [1j]])
def test_what_is_no_number_is_refused(bad: list[Any]) -> None:
    with pytest.raises(VectorError, match="not a number"):
        encode(bad, "float32")


def test_a_bool_is_no_number() -> None:
    with pytest.raises(VectorError, match="is bool and not a number") as refused:
        encode([1.0, True], "float32")
    assert refused.value.path == "vector[1]"


@pytest.mark.parametrize("bad", [b"12345678", bytearray(7), memoryview(b"1")])
def test_bytes_are_no_vector(bad: Any) -> None:
    with pytest.raises(VectorError, match="is bytes"):
        encode(bad, "float32")


@pytest.mark.requirement("K-09")
def test_a_dimension_that_differs_is_refused() -> None:
    assert encode([1.0, 2.0], "float32", dimension=2).dimension == 2
    with pytest.raises(VectorError, match="has 2 numbers, its dimension is 3"):
        encode([1.0, 2.0], "float32", dimension=3)


@pytest.mark.parametrize("count", [0, 5])
def test_a_dimension_out_of_bounds_is_refused(count: int) -> None:
    with pytest.raises(VectorError, match=f"has {count} numbers") as refused:
        encode([0.0] * count, "float32", max_dimension=4)
    assert refused.value.suggestion == "Give 1 to 4."


@pytest.mark.parametrize("codec", ["float64", "Float32", ""])
def test_a_codec_that_there_is_not_is_refused(codec: Any) -> None:
    with pytest.raises(VectorError, match="codec"):
        encode([1.0], codec)
    with pytest.raises(VectorError, match="codec"):
        decode(Packed(b"\0\0\0\0", codec, 1))


@given(st.data(), codecs)
def test_bytes_of_another_length_are_refused(data: st.DataObject, codec: Codec) -> None:
    packed = encode(data.draw(_within(codec)), codec)
    content = data.draw(
        st.binary(max_size=200).filter(lambda other: len(other) != len(packed.data))
    )
    with pytest.raises(VectorError, match="bytes") as refused:
        decode(Packed(content, codec, packed.dimension, packed.scale), "item.embedding_vector")
    assert refused.value.path == "item.embedding_vector"


def test_bytes_of_no_numbers_are_refused() -> None:
    with pytest.raises(VectorError):
        decode(Packed(b"", "float32", 0))


@pytest.mark.parametrize("scale", [None, 0.0, -1.0, math.nan, math.inf])
def test_int8_without_a_scale_is_refused(scale: float | None) -> None:
    with pytest.raises(VectorError, match="scale"):
        decode(Packed(b"\1", "int8", 1, scale))


@pytest.mark.parametrize(("codec", "form"), [("float32", "<f"), ("float16", "<e")])
def test_stored_numbers_that_are_not_finite_are_refused(codec: Codec, form: str) -> None:
    with pytest.raises(VectorError, match="not a finite number"):
        decode(Packed(struct.pack(form, math.nan), codec, 1))


def test_nothing_here_needs_numpy() -> None:
    code = "import sys; sys.modules['numpy'] = None; import keyline.vector"
    subprocess.run([sys.executable, "-c", code], check=True)
