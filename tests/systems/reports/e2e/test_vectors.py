"""Vectors of products: who stores them, what is refused, and what is found by them."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import pytest

from keyline_local import client
from tests.support.client import assert_problem
from tests.support.platform import CODE, Running
from tests.systems.reports.e2e.api import EMBEDDINGS, Api, everything, fresh

pytestmark = pytest.mark.xdist_group("reports")

FUNCTION = "reports-similarity-local"
VECTOR = [0.25, -0.5, 0.75]


def matrices(running: Running) -> Counter[str]:
    """Return how often a matrix was built, loaded from the bucket, or found in the process."""
    names = ("MatrixBuilds", "MatrixLoads", "MatrixHits")
    found: Counter[str] = Counter()
    for metric in running.platform.logs.metrics:
        found.update({name: len(metric.document.get(name, ())) for name in names})
    return found


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


@pytest.mark.requirement("K-37", "K-77")
def test_similar_products_are_read_from_a_matrix_until_it_is_asked_for_anew(
    api: Api, running: Running
) -> None:
    # Given vectors of a model version, and of another
    chance, model = random.Random(1), fresh()
    vectors = {fresh(): [chance.gauss(0, 1) for _ in range(16)] for _ in range(12)}
    for product, vector in vectors.items():
        assert api.embed(product, model, vector).status_code == 200
    assert api.embed(fresh(), fresh(), next(iter(vectors.values()))).status_code == 200
    product, own = next(iter(vectors.items()))
    where, user = f"/products/{product}/similar", api.user()

    def expected() -> list[str]:
        others = [name for name in vectors if name != product]
        return sorted(others, key=lambda name: -cosine(own, vectors[name]))[:5]

    # When similar ones are asked for, then they are the nearest by a plain computation
    before = matrices(running)
    first = api.get(where, user, k=5)
    assert [found["product_id"] for found in first["similar"]] == expected()
    scores = [cosine(own, vectors[name]) for name in expected()]
    assert [found["score"] for found in first["similar"]] == pytest.approx(scores, abs=1e-6)
    assert (first["model_version"], first["products"], first["left_out"]) == (model, 12, 0)

    # And the matrix they were read from is in the bucket, the one object of this model version
    bucket = running.function(FUNCTION).environment["SIMILARITY_BUCKET"]
    s3 = client("s3", running.platform.endpoints.aws, running.platform.deployment.region)
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert all(key.startswith("matrices/") for key in keys)

    # When a nearer one is stored meanwhile, then the matrix answers still
    near = fresh()
    assert api.embed(near, model, [2 * number for number in own]).status_code == 200
    assert api.get(where, user, k=5) == first

    # And so does it for a new process, which has it from the bucket
    source = running.root / CODE / "reports" / "handlers" / "similarity.py"
    source.write_text(source.read_text() + "\n# saved again\n")
    assert api.get(where, user, k=5) == first

    # When it is to be fresh, then the new one is there, and from then on for all
    vectors[near] = [2 * number for number in own]
    anew = api.get(where, api.catalogue(), k=5, fresh="true")
    assert [found["product_id"] for found in anew["similar"]] == expected()
    assert anew["similar"][0]["product_id"] == near
    assert (anew["products"], anew["as_of"] > first["as_of"]) == (13, True)
    assert api.get(where, user, k=5) == anew

    # And each was answered as it is said
    counted = matrices(running) - before
    assert counted == {"MatrixBuilds": 2, "MatrixHits": 2, "MatrixLoads": 1}
    assert len(s3.list_objects_v2(Bucket=bucket)["Contents"]) == len(keys)


@pytest.mark.requirement("K-07", "K-29", "K-30")
def test_a_vector_is_stored_replaced_and_listed(api: Api, running: Running) -> None:
    # Given vectors of a model version, which anybody reads
    model, user = fresh(), api.user()
    products = [fresh() for _ in range(7)]
    for product in products:
        assert api.embed(product, model, VECTOR, vector_dimension=3).status_code == 200

    # When they are listed page by page, then each is there once, as it was sent
    pages = api.pages("/embeddings", "embeddings", user, model_version=model, limit=3)
    listed = [found for page in pages for found in page]
    assert max(len(page) for page in pages) <= 3
    assert sorted(found["product_id"] for found in listed) == sorted(products)
    assert all(found["embedding_vector"] == VECTOR for found in listed)
    assert api.get(f"/products/{products[0]}/embedding", user) in listed

    # When one of another model version is stored, it is refused by the one that is there
    before = everything(running)
    newer = fresh()
    for more in ({}, {"replaces": fresh()}):
        refused = api.embed(products[0], newer, VECTOR, **more)
        assert_problem(refused, 409)
        assert model in refused.json()["suggestion"]
    assert everything(running) == before

    # And taken where the request names that one; a second try changes nothing
    for _ in range(2):
        assert api.embed(products[0], newer, VECTOR, replaces=model).status_code == 200
    assert api.get(f"/products/{products[0]}/embedding", user)["model_version"] == newer
    left = api.pages("/embeddings", "embeddings", user, model_version=model)
    assert sorted(f["product_id"] for page in left for f in page) == sorted(products[1:])


@pytest.mark.requirement("K-09")
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("body.embedding_vector", {"vector_dimension": 4}),
        ("body.embedding_vector", {"embedding_vector": []}),
        ("body.embedding_vector", {"embedding_vector": [0.5] * 4_097}),
        ("body.embedding_vector[1]", {"embedding_vector": [0.5, 1e39]}),
        ("body.embedding_vector[1]", {"embedding_vector": [0.5, "NaN"]}),
        ("body.embedding_vector[0]", {"embedding_vector": [None]}),
        ("body.model_version", {"model_version": ""}),
        ("body.product_id", {"product_id": "another"}),
    ],
)
def test_what_is_no_vector_is_refused_and_nothing_is_stored(
    api: Api, running: Running, path: str, fields: dict[str, Any]
) -> None:
    product, before = fresh(), everything(running)
    body = {"model_version": "m", "embedding_vector": VECTOR, **fields}
    answer = api.call("PUT", f"/products/{product}/embedding", token=api.catalogue(), json=body)
    assert_problem(answer, 400, path)
    assert everything(running) == before


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_refused_and_nothing_is_stored(
    api: Api, running: Running, number: str
) -> None:
    before = everything(running)
    answer = api.call(
        "PUT",
        f"/products/{fresh()}/embedding",
        token=api.catalogue(),
        content=f'{{"model_version": "m", "embedding_vector": [0.5, {number}]}}',
        headers={"Content-Type": "application/json"},
    )
    assert_problem(answer, 400)
    assert everything(running) == before


@pytest.mark.parametrize("groups", [None, [], ["editors"], ["catalogues", "cat alogue"]])
def test_only_the_catalogue_s_group_stores_vectors(
    api: Api, running: Running, groups: list[str] | None
) -> None:
    before = everything(running)
    claims = {} if groups is None else {"cognito:groups": groups}
    token = api.token(fresh(), claims={"token_use": "access", **claims})
    assert_problem(api.embed(fresh(), "m", VECTOR, token), 403, "token.cognito:groups")
    assert everything(running) == before


def test_only_the_catalogue_s_group_has_all_vectors_read_anew(api: Api, running: Running) -> None:
    product = fresh()
    assert api.embed(product, fresh(), VECTOR).status_code == 200
    path, before = f"/products/{product}/similar", matrices(running)
    answer = api.call("GET", path, token=api.user(), params={"fresh": "true"})
    assert_problem(answer, 403, "token.cognito:groups")
    assert matrices(running) == before
    assert api.get(path, api.user(), fresh="false")["products"] == 1


@pytest.mark.requirement("K-09")
def test_a_vector_takes_four_bytes_a_number(api: Api, running: Running) -> None:
    product = fresh()
    assert api.embed(product, fresh(), VECTOR).status_code == 200
    (item,) = [i for i in running.items(EMBEDDINGS) if i["product_id"] == product]
    assert len(item["embedding_vector"].value) == 4 * len(VECTOR)
    assert api.get(f"/products/{product}/embedding")["embedding_vector"] == VECTOR
