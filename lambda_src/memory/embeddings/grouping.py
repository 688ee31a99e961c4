"""Groups of similar codes, all of nearly the same size. Needs numpy.

The codes are halved again and again until a part fits into one block, each time along the
direction that tells two centres apart (2-means with equal halves). So all blocks are nearly full,
which is what a read pays for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memory.embeddings.codes import Codes, Floats, signs

Places: TypeAlias = NDArray[np.intp]
"""Numbers of rows."""

NEIGHBOURS = 10
QUERIES = 512
ENOUGH = 0.998
"""The reach is measured: this many codes are taken for queries, and this share of their so many
nearest neighbours has to be within it."""
_TURNS = 5
"""Times that the two centres of a part are computed."""
_SAMPLE = 2_048
"""Codes of a part that its direction is computed of."""
_ROWS = 4_096
_QUERIES = 64
"""Codes, and queries, that are computed with at a time."""


def groups_of(codes: Codes, dimension: int, most: int) -> list[Places]:
    """Return the rows of each group.

    Parameters
    ----------
    most
        Rows of a group at most.
    """
    waiting: list[Places] = [np.arange(len(codes))]
    found: list[Places] = []
    while waiting:
        rows = waiting.pop()
        parts = -(-len(rows) // most)
        if parts <= 1:
            found.append(np.sort(rows))
            continue
        order = rows[np.argsort(_places_along(codes[rows], dimension), kind="stable")]
        cut = len(rows) * (parts // 2) // parts
        waiting += [order[cut:], order[:cut]]
    return found


def centre_of(codes: Codes, dimension: int) -> Codes:
    """Return the code of the centre of some codes."""
    return np.packbits(signs(codes, dimension).sum(axis=0) > 0)


def reach_of(codes: Codes, groups: Sequence[Places], centres: Codes, dimension: int) -> float:
    """Measure how far below the best centre's score the groups of near neighbours lie.

    Codes themselves are the queries: measured on sentence vectors, they tell the same as vectors.
    """
    group = np.empty(len(codes), np.intp)
    for number, rows in enumerate(groups):
        group[rows] = number
    step = max(1, len(codes) // QUERIES)
    queries = np.arange(0, len(codes), step)[:QUERIES]
    points = signs(centres, dimension).T * np.float32(math.sqrt(math.pi / 2) / dimension)
    gaps = []
    for start in range(0, len(queries), _QUERIES):
        some = queries[start : start + _QUERIES]
        likeness = _products(codes[some], codes, dimension)
        likeness[np.arange(len(some)), some] = -np.inf
        near = np.argpartition(-likeness, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        scores = signs(codes[some], dimension) @ points
        of_near = np.take_along_axis(scores, group[near], axis=1)
        gaps.append(scores.max(axis=1, keepdims=True) - of_near)
    return float(np.quantile(np.concatenate(gaps), ENOUGH))


def _products(queries: Codes, codes: Codes, dimension: int) -> Floats:
    """Return the inner product of each query's signs with each code's."""
    left = signs(queries, dimension)
    found = np.empty((len(queries), len(codes)), "<f4")
    for start in range(0, len(codes), _ROWS):
        part = slice(start, start + _ROWS)
        found[:, part] = left @ signs(codes[part], dimension).T
    return found


def _places_along(codes: Codes, dimension: int) -> Floats:
    """Return how far each code lies in the direction in which the codes differ most."""
    step = -(-len(codes) // _SAMPLE)
    direction = _direction(signs(codes[::step], dimension))
    found = np.empty(len(codes), "<f4")
    for start in range(0, len(codes), _ROWS):
        part = slice(start, start + _ROWS)
        found[part] = signs(codes[part], dimension) @ direction
    return found


def _direction(points: Floats) -> Floats:
    points -= points.mean(axis=0)
    direction: Floats = points[0] - points[-1]
    for _ in range(3):  # towards the first principal component
        direction = points.T @ (points @ direction)
        direction /= max(float(np.linalg.norm(direction)), 1e-12)
    for _ in range(_TURNS):
        places = points @ direction
        upper = places > np.median(places)
        if upper.all() or not upper.any():
            break
        direction = points[upper].mean(axis=0) - points[~upper].mean(axis=0)
    return direction
