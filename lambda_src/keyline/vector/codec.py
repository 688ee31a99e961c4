"""One vector ↔ bytes, without numpy.

`float32`
    4 bytes a number; exact for what is a float32, and otherwise within 2⁻²⁴ of its size
    (2⁻¹⁵⁰ near zero).
`float16`
    2 bytes; within 2⁻¹¹ of a number's size (2⁻²⁵ near zero), and up to 65,504.
`int8`
    1 byte; within half a scale, which is the vector's largest number / 127, kept beside it.

Bytes are little-endian on every machine. Source of the float formats and their rounding, to the
nearest: IEEE 754-2019, binary32 and binary16.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from math import isfinite
from typing import Literal, get_args

import msgspec

from keyline.errors import KeylineError, instead_of

Codec = Literal["float32", "float16", "int8"]
CODECS: tuple[Codec, ...] = get_args(Codec)
WIDTH: dict[Codec, int] = {"float32": 4, "float16": 2, "int8": 1}
"""Bytes of one number."""

MAX_DIMENSION = 4096
"""Numbers of a vector where the caller does not say otherwise: 16 KB as float32."""
STEPS = 127
"""Steps of int8 on either side of zero. -128 is not used, so that -x is as exact as x."""
LEAST_SCALE = 2.0**-126
"""The least normal float32: numbers that are smaller than half of it are zero under int8."""

_FORMAT: dict[Codec, str] = {"float32": "f", "float16": "e"}
_LARGEST: dict[Codec, float] = {"float32": (2 - 2.0**-23) * 2.0**127, "float16": 65504.0}
_LARGEST["int8"] = 2.0**127  # so that 127 scales, rounded, are still a float32


class VectorError(KeylineError):
    """A vector that cannot be stored, or bytes that are not a vector."""


class Packed(msgspec.Struct, frozen=True):
    """A vector as it is stored.

    Attributes
    ----------
    dimension
        How many numbers it has.
    scale
        What one step of int8 is worth; None for the other codecs.
    """

    data: bytes
    codec: Codec
    dimension: int
    scale: float | None = None


def encode(
    vector: Sequence[float],
    codec: Codec,
    *,
    dimension: int | None = None,
    max_dimension: int = MAX_DIMENSION,
    path: str = "vector",
) -> Packed:
    """Return a vector as bytes.

    Parameters
    ----------
    dimension
        How many numbers it has to have; any number of them if None.
    path
        How errors name the vector.

    Raises
    ------
    VectorError
        If it is empty or too long, has another dimension than it has to, or holds something
        that is not a finite number, or is too large for the codec.
    """
    check_codec(codec, path)
    count = len(vector)
    if dimension is not None and count != dimension:
        raise VectorError(
            path, f"has {count} numbers, its dimension is {dimension}.", "Make the two agree."
        )
    check_dimension(count, max_dimension, path)
    numbers = _numbers(vector, path)
    largest = max(map(abs, numbers))
    if largest > _LARGEST[codec]:
        raise _too_large(numbers, codec, path)
    if codec == "int8":
        scale = max(largest / STEPS, LEAST_SCALE)
        steps = array("b", [round(number / scale) for number in numbers])
        return Packed(steps.tobytes(), codec, count, scale)
    return Packed(struct.pack(f"<{count}{_FORMAT[codec]}", *numbers), codec, count)


def decode(packed: Packed, path: str = "vector") -> list[float]:
    """Return the numbers of a stored vector.

    Raises
    ------
    VectorError
        If the bytes are not a vector of this codec and dimension.
    """
    check(packed, path)
    if packed.codec == "int8":
        scale = packed.scale or 0.0
        return [step * scale for step in array("b", packed.data)]
    numbers = list(struct.unpack(f"<{packed.dimension}{_FORMAT[packed.codec]}", packed.data))
    if not all(map(isfinite, numbers)):
        raise VectorError(path, NOT_FINITE, STORE_AGAIN)
    return numbers


NOT_FINITE = "holds what is not a finite number."
STORE_AGAIN = "Store the vector again: what is there is damaged."


def check(packed: Packed, path: str = "vector") -> None:
    """Refuse what cannot be a vector by its codec, its length or its scale.

    Raises
    ------
    VectorError
        If it cannot. Whether the numbers are finite is left to who reads them.
    """
    check_codec(packed.codec, path)
    expected = packed.dimension * WIDTH[packed.codec]
    if packed.dimension < 1 or len(packed.data) != expected:
        raise VectorError(
            path,
            f"takes {len(packed.data)} bytes; {packed.dimension} numbers as {packed.codec} "
            f"take {expected}.",
            STORE_AGAIN,
        )
    if packed.codec == "int8" and not (packed.scale and 0 < packed.scale <= _LARGEST["int8"]):
        raise VectorError(path, f"is int8 with the scale {packed.scale}.", STORE_AGAIN)


def check_dimension(dimension: int, most: int = MAX_DIMENSION, path: str = "vector") -> None:
    """Refuse a dimension out of bounds.

    Raises
    ------
    VectorError
        If it is not 1 to `most`.
    """
    if not 1 <= dimension <= most:
        raise VectorError(path, f"has {dimension} numbers.", f"Give 1 to {most}.")


def check_codec(codec: str, path: str = "vector") -> None:
    """Refuse a codec that there is not.

    Raises
    ------
    VectorError
        If it is not one of `CODECS`.
    """
    if codec not in WIDTH:
        raise VectorError(path, f"has the codec {codec!r}.", instead_of(codec, CODECS))


def _numbers(vector: Sequence[float], path: str) -> array[float]:
    if isinstance(vector, bytes | bytearray | memoryview):  # array would take them for its content
        raise VectorError(path, "is bytes.", "Give numbers.")
    if bool in map(type, vector):  # which array takes for 0 and 1
        place = list(map(type, vector)).index(bool)
        raise VectorError(f"{path}[{place}]", "is bool and not a number.", "Give numbers.")
    try:
        numbers = array("d", vector)
    except (TypeError, OverflowError) as error:
        raise VectorError(path, f"holds what is not a number: {error}.", "Give numbers.") from error
    if not all(map(isfinite, numbers)):
        place = next(n for n, number in enumerate(numbers) if not isfinite(number))
        raise VectorError(
            f"{path}[{place}]", f"is {numbers[place]}, not a finite number.", "Give finite numbers."
        )
    return numbers


def _too_large(numbers: array[float], codec: Codec, path: str) -> VectorError:
    most = _LARGEST[codec]
    place = next(n for n, number in enumerate(numbers) if abs(number) > most)
    return VectorError(
        f"{path}[{place}]",
        f"is beyond {most:g}, the largest that {codec} holds.",
        "Scale the vector, to length 1 for cosine, or store it as float32.",
    )
