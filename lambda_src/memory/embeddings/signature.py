"""Signatures of vectors by random hyperplanes, without numpy.

Each bit says on which side of a hyperplane the vector lies. Two vectors at the angle a share a bit
with the probability 1 - a/pi. Source: M. Charikar, "Similarity estimation techniques from rounding
algorithms", STOC 2002. The planes' normals are rows of +1 and -1 that follow from the dimension
alone, so they are the same in every process and under every version of Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations
from operator import itemgetter

PLANES = 64
DIGITS = PLANES // 4
"""Hexadecimal digits of a signature."""
_SEED = b"memory similarity hash 1"

_Picker = Callable[[Sequence[float]], tuple[float, ...]]


def similarity_hash(vector: Sequence[float]) -> str:
    """Return the signature of a vector: 16 hexadecimal digits."""
    bits = sum((side > 0) << (PLANES - 1 - n) for n, side in enumerate(_sides(vector)))
    return f"{bits:0{DIGITS}x}"


def probes(vector: Sequence[float], digits: int, count: int) -> list[str]:
    """Return beginnings of signatures that vectors near to this one have, the likeliest first.

    The first is the vector's own. The others differ from it in the bits whose planes the vector
    lies nearest to. Source: Q. Lv et al., "Multi-probe LSH", VLDB 2007.

    Parameters
    ----------
    digits
        Hexadecimal digits of a beginning.
    count
        How many beginnings.
    """
    width = 4 * digits
    sides = _sides(vector)[:width]
    own = sum((side > 0) << (width - 1 - n) for n, side in enumerate(sides))
    found = sorted(_flips(sides), key=lambda flip: flip[0])[: count - 1]
    return [f"{own ^ mask:0{digits}x}" for _, mask in [(0.0, 0), *found]]


def _flips(sides: Sequence[float]) -> Iterator[tuple[float, int]]:
    """Yield how unlikely it is that one, two or three bits differ, and the mask of those bits."""
    width = len(sides)
    for bits in range(1, 4):
        for chosen in combinations(range(width), bits):
            yield sum(sides[n] ** 2 for n in chosen), sum(1 << (width - 1 - n) for n in chosen)


def _sides(vector: Sequence[float]) -> list[float]:
    """Return how far the vector lies on the one or the other side of each plane."""
    total = sum(vector)
    return [2 * sum(pick(vector)) - total for pick in _planes(len(vector))]


@lru_cache(maxsize=4)
def _planes(dimension: int) -> tuple[_Picker, ...]:
    """Return what picks the numbers of a vector at which each plane's normal is +1."""
    width = (dimension + 7) // 8
    content = hashlib.shake_256(_SEED + b"%d" % dimension).digest(PLANES * width)
    return tuple(
        _picker(int.from_bytes(content[n * width : (n + 1) * width], "little"), dimension)
        for n in range(PLANES)
    )


def _picker(bits: int, dimension: int) -> _Picker:
    chosen = [n for n in range(dimension) if bits >> n & 1]
    if len(chosen) > 1:
        picked: _Picker = itemgetter(*chosen)
        return picked
    return lambda vector: tuple(vector[n] for n in chosen)
