"""Nearest products: the same as comparing with each, in an order that depends on nothing else."""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.vector import CODECS, Codec, Packed, decode, encode
from reports.matrix import (
    FAULTS,
    About,
    DamagedMatrixError,
    ModelMatrix,
    TooManyVectorsError,
    read_matrix,
    row_bytes,
)
from reports.tables import Vector

NEAR = 2e-6
"""A score is rounded to six decimals, and computed from seven digits."""
PLENTY = 2**24


def stored(product: str, packed: Packed) -> Vector:
    return Vector(
        product_id=product,
        embedding_vector=packed.data,
        vector_dimension=packed.dimension,
        vector_codec=packed.codec,
        vector_scale=packed.scale,
    )


def matrix_of(vectors: Sequence[Vector], dimension: int) -> ModelMatrix:
    about = About(model_version="m-1", dimension=dimension, read_at=1_700_000_000.0)
    found, faults = read_matrix(vectors, about, PLENTY)
    assert not faults
    return found


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return math.fsum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0


@st.composite
def catalogues(draw: st.DrawFn) -> list[Vector]:
    """Products whose vectors are often equal, opposite, multiples of each other, or zero."""
    dimension = draw(st.integers(1, 6))
    small = st.lists(st.integers(-2, 2).map(float), min_size=dimension, max_size=dimension)
    any_size = st.lists(st.floats(-60000, 60000, width=32), min_size=dimension, max_size=dimension)
    codecs = draw(st.sampled_from([CODECS, ("float32",)]))
    vectors = draw(st.lists(st.tuples(small | any_size, st.sampled_from(codecs)), min_size=1))
    names = draw(st.permutations([f"p{n:03}" for n in range(len(vectors))]))
    return [
        stored(name, encode(vector, codec))
        for name, (vector, codec) in zip(names, vectors, strict=True)
    ]


def packed_of(each: Vector) -> Packed:
    return Packed(
        each.embedding_vector, each.vector_codec, each.vector_dimension, each.vector_scale
    )


@given(catalogues(), st.integers(1, 12))
def test_the_nearest_are_those_of_comparing_with_each(catalogue: list[Vector], k: int) -> None:
    own, numbers = catalogue[0], {v.product_id: decode(packed_of(v)) for v in catalogue}
    matrix = matrix_of(catalogue, own.vector_dimension)
    found = matrix.nearest(packed_of(own), k, other_than=own.product_id)

    expected = {
        product: cosine(numbers[own.product_id], vector)
        for product, vector in numbers.items()
        if product != own.product_id
    }
    assert len(found) == len({each.product_id for each in found}) == min(k, len(expected))
    for each in found:
        assert each.score == pytest.approx(expected[each.product_id], abs=NEAR)
    last = min((each.score for each in found), default=1.0)
    chosen = {each.product_id for each in found}
    assert all(score <= last + NEAR for p, score in expected.items() if p not in chosen)
    assert found == sorted(found, key=lambda each: (-each.score, each.product_id))


@given(catalogues(), st.integers(1, 12), st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_the_order_of_reading(
    catalogue: list[Vector], k: int, random: Random
) -> None:
    own = catalogue[0]
    answers = []
    for _ in range(3):
        matrix = matrix_of(catalogue, own.vector_dimension)
        answers.append(matrix.nearest(packed_of(own), k, other_than=own.product_id))
        random.shuffle(catalogue)
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("codec", CODECS)
def test_equal_vectors_are_in_order_of_the_product_wherever_they_lie(codec: Codec) -> None:
    """With rows enough for several blocks, of a dimension that no vector unit divides."""
    drawn = np.random.default_rng(7)
    vector = drawn.standard_normal(511).tolist()
    products = [f"p{n:05}" for n in drawn.permutation(3_000)]
    catalogue = [stored(product, encode(vector, codec)) for product in products]
    matrix = matrix_of(catalogue, 511)
    found = matrix.nearest(encode(vector, codec), 100, other_than="p00003")
    assert [each.product_id for each in found] == [f"p{n:05}" for n in range(101) if n != 3]
    assert {each.score for each in found} == {1.0}


def test_a_vector_of_zeros_is_like_none() -> None:
    vectors = {"zero": [0.0, 0.0], "one": [1.0, 0.0], "other": [-1.0, 0.0]}
    matrix = matrix_of([stored(p, encode(v, "float32")) for p, v in vectors.items()], 2)
    to_one = matrix.nearest(encode([2.0, 0.0], "float32"), 5, other_than="one")
    assert [(each.product_id, each.score) for each in to_one] == [("zero", 0.0), ("other", -1.0)]
    to_zero = matrix.nearest(encode([0.0, 0.0], "float32"), 5, other_than="zero")
    assert [(each.product_id, each.score) for each in to_zero] == [("one", 0.0), ("other", 0.0)]
    assert not math.copysign(1, to_zero[1].score) < 0


def test_lengths_beyond_float32_are_no_matter() -> None:
    vectors = {"large": [3e38, 3e38], "small": [1e-44, 1e-44], "across": [3e38, -3e38]}
    matrix = matrix_of([stored(p, encode(v, "float32")) for p, v in vectors.items()], 2)
    found = matrix.nearest(encode([1.0, 1.0], "float32"), 3, other_than="")
    assert [(each.product_id, each.score) for each in found] == [
        ("large", 1.0),
        ("small", 1.0),
        ("across", 0.0),
    ]


def test_a_product_that_is_not_in_the_matrix_is_compared_with_all() -> None:
    matrix = matrix_of([stored("old", encode([1.0], "float32"))], 1)
    found = matrix.nearest(encode([1.0], "float32"), 5, other_than="new")
    assert [each.product_id for each in found] == ["old"]
    empty = matrix_of([], 1)
    assert empty.nearest(encode([1.0], "float32"), 5, other_than="new") == []


def test_what_cannot_be_compared_is_left_out_and_told() -> None:
    vectors = [
        stored("good", encode([1.0, 2.0], "float32")),
        stored("longer", encode([1.0, 2.0, 3.0], "float32")),
        Vector(
            product_id="broken",
            embedding_vector=b"\0",
            vector_dimension=2,
            vector_codec="float32",
        ),
    ]
    found, faults = read_matrix(vectors, About(model_version="m", dimension=2, read_at=1.0), PLENTY)
    assert found.products == ["good"]
    assert found.about.left_out == 2
    assert [fault.path for fault in faults] == [
        "products[longer].embedding_vector",
        "products[broken].embedding_vector",
    ]


def test_more_vectors_than_the_memory_may_hold_are_not_read() -> None:
    taken = []

    def vectors(count: int) -> list[Vector]:
        return [stored(f"p{n}", encode([1.0, 2.0], "float32")) for n in range(count)]

    def reading(count: int) -> Iterator[Vector]:
        for each in vectors(count):
            taken.append(each)
            yield each

    about, most = About(model_version="m", dimension=2, read_at=1.0), 5 * row_bytes(2, "p0")
    found = read_matrix(vectors(5), about, most)[0]
    assert (len(found.products), found.size) == (5, most)
    with pytest.raises(TooManyVectorsError) as refused:
        read_matrix(reading(100), about, most)
    assert refused.value.args == (5,)
    assert len(taken) == 6


def test_a_products_name_takes_memory_as_well() -> None:
    """A thousand names of a kilobyte are a megabyte, however short the vectors are."""
    vectors = [stored(f"{n:01000}", encode([1.0], "float32")) for n in range(1_000)]
    about = About(model_version="m", dimension=1, read_at=1.0)
    assert read_matrix(vectors, about, 2**21)[0].size > 10**6
    with pytest.raises(TooManyVectorsError) as refused:
        read_matrix(vectors, about, 500_000)
    assert 400 < refused.value.args[0] < 500


def test_of_many_that_are_left_out_the_first_are_told_and_all_are_counted() -> None:
    vectors = (stored(f"p{n}", encode([1.0], "float32")) for n in range(1_000))
    found, faults = read_matrix(vectors, About(model_version="m", dimension=2, read_at=1.0), PLENTY)
    assert (found.products, found.about.left_out) == ([], 1_000)
    assert [fault.path for fault in faults] == [
        f"products[p{n}].embedding_vector" for n in range(FAULTS)
    ]


@given(catalogues())
def test_a_matrix_comes_back_from_its_file(catalogue: list[Vector]) -> None:
    matrix = matrix_of(catalogue, catalogue[0].vector_dimension)
    back = ModelMatrix.unpack(matrix.pack())
    assert (back.about, back.products) == (matrix.about, matrix.products)
    assert back.rows.tolist() == matrix.rows.tolist()


def test_its_file_is_one_that_numpy_reads_without_pickle() -> None:
    matrix = matrix_of([stored("p\u00e4", encode([3.0, 4.0], "float32"))], 2)
    with np.load(io.BytesIO(matrix.pack()), allow_pickle=False) as archive:
        assert archive["rows"].tolist() == [[np.float32(0.6), np.float32(0.8)]]


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("it was unpickled",))


def _npz(**arrays: object) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type] # as an attacker would
    return out.getvalue()


def test_what_is_no_matrix_is_refused_and_never_unpickled() -> None:
    whole = matrix_of([stored("p", encode([3.0, 4.0], "float32"))], 2).pack()
    with np.load(io.BytesIO(whole)) as archive:
        parts = dict(archive)
    trap = np.array([Trap()], dtype=object)
    bad = [
        b"",
        b"not a matrix",
        whole[:-1],
        whole[: len(whole) // 2],
        pickle.dumps(Trap()),
        _npz(**{**parts, "rows": trap}),
        _npz(**{**parts, "products": trap}),
        _npz(rows=parts["rows"]),
        _npz(**{**parts, "rows": parts["rows"].astype("f8")}),
        _npz(**{**parts, "rows": parts["rows"].reshape(2, 1)}),
        _npz(**{**parts, "about": np.frombuffer(b"{}", np.uint8)}),
    ]
    for content in bad:
        with pytest.raises(DamagedMatrixError):
            ModelMatrix.unpack(content)


@given(st.data())
def test_a_byte_of_the_numbers_that_changed_is_noticed(data: st.DataObject) -> None:
    matrix = matrix_of([stored(f"p{n}", encode([1.0, n], "float32")) for n in range(9)], 2)
    whole = bytearray(matrix.pack())
    start = bytes(whole).index(matrix.rows.tobytes())
    place = data.draw(st.integers(start, start + matrix.rows.nbytes - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedMatrixError):
        ModelMatrix.unpack(bytes(whole))
