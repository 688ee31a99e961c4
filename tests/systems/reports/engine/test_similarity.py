"""Similar products on the engine, with matrices in a bucket of moto's server."""

from __future__ import annotations

import hashlib
import io
import logging
import math
import pickle
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import msgspec
import numpy as np
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from keyline.model import item_size, query_units, read_units
from keyline.moments import CLOCK_MARGIN_SECONDS
from keyline_local.testing import LOOPBACK, free_port
from reports.embeddings import EmbeddingRepository, NewEmbedding
from reports.matrix import ModelMatrix
from reports.matrix_bucket import MatrixBucket
from reports.matrix_location import BUCKET_VARIABLE
from reports.similarity import SimilaritySearch
from tests.systems.reports.on_engine import Answer, Api, MakeReports, Reports

ROUTE = "GET /products/{productId}/similar"
BUCKET = "k9-similarity-tests"
DIMENSION = 16
CATALOGUE = {"cognito:groups": "[readers catalogue]"}


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """Yield where moto's server listens."""
    server = ThreadedMotoServer(LOOPBACK, free_port(), verbose=False)
    server.start()
    try:
        yield f"http://{LOOPBACK}:{server._port}"
    finally:
        server.stop()


@pytest.fixture
def s3(s3_url: str) -> Iterator[Any]:
    """S3 with an empty, versioned bucket."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield client
    resource = boto3.resource(
        "s3",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    resource.Bucket(BUCKET).object_versions.delete()
    client.delete_bucket(Bucket=BUCKET)


class Catalogue:
    """Products with vectors, and processes of the function that compares them."""

    def __init__(self, reports: Reports, s3_url: str) -> None:
        self.reports = reports
        self.repository = EmbeddingRepository(reports.store)
        self.s3_url = s3_url
        self.vectors: dict[str, list[float]] = {}

    def add(self, product: str, vector: list[float], model: str = "clip-v1") -> None:
        self.vectors[product] = vector
        self.repository.store_embedding(
            NewEmbedding(product_id=product, model_version=model, embedding_vector=vector)
        )

    def fill(self, count: int, dimension: int = DIMENSION) -> None:
        drawn = np.random.default_rng(11)
        for n in range(count):
            self.add(f"p-{n:04}", drawn.standard_normal(dimension).tolist())

    def process(self, **environ: str) -> Api:
        """Return a new process of the function."""
        given = {
            BUCKET_VARIABLE: BUCKET,
            "AWS_ENDPOINT_URL_S3": self.s3_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        return self.reports.app("similarity", **{**given, **environ})

    def cosine(self, one: str, other: str) -> float:
        a, b = self.vectors[one], self.vectors[other]
        return math.fsum(x * y for x, y in zip(a, b, strict=True)) / (
            math.hypot(*a) * math.hypot(*b)
        )


@pytest.fixture
def catalogue(reports: Reports, s3: Any, s3_url: str) -> Catalogue:
    return Catalogue(reports, s3_url)


def ask(api: Api, product: str = "p-0000", query: str = "") -> Answer:
    """Ask as a user of the catalogue's group, who may ask for all."""
    return api(ROUTE, {"productId": product}, query=query, claims=CATALOGUE)


def objects(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


class Told:
    """Return what the function wrote: EMF lines."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def names(self) -> list[str]:
        """Return the matrix metrics since the last look."""
        lines = [msgspec.json.decode(line) for line in self._capsys.readouterr().out.splitlines()]
        return [name for line in lines for name in line if name.startswith("Matrix")]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.mark.parametrize("k", [1, 5, 100])
@pytest.mark.requirement("K-77")
def test_the_answer_is_that_of_comparing_with_each(catalogue: Catalogue, k: int) -> None:
    catalogue.fill(40)
    answer = ask(catalogue.process(), query=f"k={k}")
    assert answer.status == 200
    by_hand = {
        other: catalogue.cosine("p-0000", other) for other in catalogue.vectors if other != "p-0000"
    }
    expected = sorted(by_hand, key=lambda other: -by_hand[other])[:k]
    similar = answer.body["similar"]
    assert [each["product_id"] for each in similar] == expected
    for each in similar:
        assert each["score"] == pytest.approx(by_hand[each["product_id"]], abs=2e-6)
    assert answer.body["product_id"] == "p-0000"
    assert answer.body["model_version"] == "clip-v1"
    assert (answer.body["products"], answer.body["left_out"]) == (40, 0)
    age = datetime.now(UTC) - datetime.fromisoformat(answer.body["as_of"])
    assert timedelta(0) < age < timedelta(minutes=5)


def test_ten_are_answered_where_nobody_says_how_many(catalogue: Catalogue) -> None:
    catalogue.fill(12)
    assert len(ask(catalogue.process()).body["similar"]) == 10


def test_only_the_same_model_version_is_compared(catalogue: Catalogue) -> None:
    catalogue.fill(3)
    catalogue.add("other", [1.0] * DIMENSION, model="clip-v2")
    api = catalogue.process()
    assert {each["product_id"] for each in ask(api).body["similar"]} == {"p-0001", "p-0002"}
    alone = ask(api, "other").body
    assert (alone["model_version"], alone["products"], alone["similar"]) == ("clip-v2", 1, [])


def test_vectors_of_another_dimension_are_left_out_and_told(
    catalogue: Catalogue, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue.fill(3)
    catalogue.add("longer", [1.0] * (DIMENSION + 1))
    with caplog.at_level(logging.WARNING):
        body = ask(catalogue.process()).body
    assert (body["products"], body["left_out"]) == (3, 1)
    assert told.names() == ["MatrixBuilds", "MatrixVectorsLeftOut"]
    assert "products[longer]" in caplog.text


def test_a_product_without_an_embedding_is_not_found(catalogue: Catalogue) -> None:
    answer = ask(catalogue.process(), "p-none")
    assert answer.status == 404
    assert answer.body["path"] == "path.productId"
    assert answer.body["type"] == "urn:problem-type:not-found"
    assert answer.body["detail"] == "the product has no embedding."
    assert answer.body["suggestion"].startswith("Store one with PUT /products/{productId}")


@pytest.mark.parametrize("query", ["k=0", "k=101", "k=x", "fresh=perhaps", "model_version=m"])
def test_what_cannot_be_asked_is_refused(catalogue: Catalogue, query: str) -> None:
    assert ask(catalogue.process(), query=query).status == 400


def test_a_token_is_needed(catalogue: Catalogue) -> None:
    answer = catalogue.process()(ROUTE, {"productId": "p-0000"}, user=None)
    assert answer.status == 401


@pytest.mark.parametrize("groups", [None, "[readers catalogues]"])
def test_reading_all_anew_takes_the_catalogues_group(
    catalogue: Catalogue, told: Told, groups: str | None
) -> None:
    catalogue.fill(3)
    api, claims = catalogue.process(), {} if groups is None else {"cognito:groups": groups}
    where = {"productId": "p-0000"}
    refused = api(ROUTE, where, query="fresh=true", claims=claims)
    assert (refused.status, refused.body["path"]) == (403, "token.cognito:groups")
    assert told.names() == []
    assert api(ROUTE, where, query="fresh=false", claims=claims).status == 200


# --- what it costs ----------------------------------------------------------------------


@pytest.mark.parametrize(("shards", "pages"), [(1, 2), (4, 4)])
@pytest.mark.requirement("K-08")
def test_all_vectors_are_read_once_and_cost_their_floor(
    make_reports: MakeReports, s3_url: str, shards: int, pages: int
) -> None:
    """600 vectors of 512 numbers: more than one page of 1 MB together."""
    reports = make_reports(model_shards=shards)
    catalogue = Catalogue(reports, s3_url)
    catalogue.fill(600, 512)
    rows = reports.stored("k9-embeddings")
    assert sum(map(item_size, rows)) > 2**20
    search = SimilaritySearch(reports.store, None, lambda _: None)

    reports.meter.flush()
    assert search.nearest("p-0000", 5).compared == 600
    own, *queries = reports.meter.calls
    (first,) = [each for each in rows if each["product_id"]["S"] == "p-0000"]
    assert own.pattern == "embedding-get"
    assert own.read == own.floor == read_units(item_size(first), consistent=True)
    assert {(call.pattern, call.index) for call in queries} == {
        ("model-vectors", "ModelVersionIndex")
    }
    assert len(queries) == pages
    assert [call.read for call in queries] == [call.floor for call in queries]
    assert query_units(rows) <= sum(call.read for call in queries) < query_units(rows) + pages

    reports.meter.flush()
    search.nearest("p-0001", 5)
    assert [call.pattern for call in reports.meter.calls] == ["embedding-get"]


# --- how old it may be ------------------------------------------------------------------


def test_the_own_vector_is_as_of_the_last_write(catalogue: Catalogue) -> None:
    catalogue.add("east", [1.0, 0.0])
    catalogue.add("north", [0.0, 1.0])
    catalogue.add("own", [1.0, 0.1])
    api = catalogue.process()
    assert ask(api, "own").body["similar"][0]["product_id"] == "east"
    catalogue.add("own", [0.1, 1.0])
    assert ask(api, "own").body["similar"][0]["product_id"] == "north"


def test_fresh_reads_anew_and_others_get_it_from_the_bucket(
    catalogue: Catalogue, told: Told
) -> None:
    catalogue.fill(3)
    api = catalogue.process()
    before = ask(api).body
    catalogue.add("new", catalogue.vectors["p-0000"])
    assert ask(api).body == before
    fresh = ask(api, query="fresh=true").body
    assert fresh["similar"][0] == {"product_id": "new", "score": 1.0}
    assert fresh["as_of"] > before["as_of"]
    assert told.names() == ["MatrixBuilds", "MatrixHits", "MatrixBuilds"]
    assert ask(catalogue.process()).body == fresh
    assert told.names() == ["MatrixLoads"]


@pytest.mark.parametrize("shared", [True, False])
def test_an_answer_is_never_older_than_the_setting(
    make_reports: MakeReports, s3: Any, s3_url: str, shared: bool
) -> None:
    reports = make_reports(matrix_seconds=60)
    catalogue = Catalogue(reports, s3_url)
    catalogue.fill(3)
    bucket = MatrixBucket(s3, BUCKET, "float32") if shared else None
    now = [time.time()]

    def process() -> SimilaritySearch:
        return SimilaritySearch(reports.store, bucket, lambda _: None, clock=lambda: now[0])

    one = process()
    begun = one.nearest("p-0000", 5).about.read_at
    catalogue.add("new", catalogue.vectors["p-0000"])
    now[0] += 59
    assert one.nearest("p-0000", 5).about.read_at == begun
    if shared:
        assert process().nearest("p-0000", 5).about.read_at == begun
    now[0] += 1
    for each in (one, process()):
        found = each.nearest("p-0000", 5)
        assert found.about.read_at == now[0]
        assert found.nearest[0].product_id == "new"


@pytest.mark.parametrize("ahead", [-CLOCK_MARGIN_SECONDS, 0, 2, CLOCK_MARGIN_SECONDS])
def test_what_was_stored_up_to_as_of_is_compared_whatever_clock_the_reader_has(
    catalogue: Catalogue, ahead: float
) -> None:
    # Given a process whose clock differs from the clock of those that store vectors
    catalogue.fill(3)
    search = SimilaritySearch(
        catalogue.reports.store, None, lambda _: None, clock=lambda: time.time() + ahead
    )
    before = search.nearest("p-0000", 5)

    # When a vector is stored after the reading
    catalogue.add("later", catalogue.vectors["p-0000"])
    found = search.nearest("p-0000", 5)
    assert "later" not in {each.product_id for each in found.nearest}

    # Then no answer without it says that it is as of a moment at which it was there
    later = catalogue.repository.get_embedding("later")
    assert later
    stored = datetime.fromisoformat(later.created_at).timestamp()
    assert before.about == found.about
    assert found.about.as_of < stored


def test_a_matrix_that_is_too_old_is_not_even_fetched(catalogue: Catalogue, s3: Any) -> None:
    catalogue.fill(3)
    ask(catalogue.process())
    bucket = MatrixBucket(s3, BUCKET, "float32")
    assert bucket.load("clip-v1", DIMENSION, since=time.time() - 300) is not None
    statuses: list[int] = []
    s3.meta.events.register(
        "after-call.s3.GetObject",
        lambda http_response, **_: statuses.append(http_response.status_code),
    )
    (entry,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert bucket.load("clip-v1", DIMENSION, since=entry["LastModified"].timestamp()) is None
    assert statuses == [304]


# --- the bucket -------------------------------------------------------------------------


@pytest.mark.requirement("K-37")
def test_a_matrix_is_one_object_named_by_model_version_dimension_and_codec(
    make_reports: MakeReports, s3: Any, s3_url: str
) -> None:
    reports = make_reports(vector_codec="float16")
    catalogue = Catalogue(reports, s3_url)
    model = "clip/v1 \u00e4?#" * 6
    catalogue.add("own", [1.0, 0.0], model=model)
    api = catalogue.process()
    ask(api, "own")
    (key,) = objects(s3)
    digest = hashlib.sha256(model.encode()).hexdigest()
    assert key == f"matrices/v2/{digest}/2-float16.npz"
    ask(api, "own", "fresh=true")
    assert objects(s3) == [key]
    with np.load(io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())) as archive:
        assert archive["rows"].tolist() == [[1.0, 0.0]]


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("it was unpickled",))


def _trap(_: bytes) -> bytes:
    out = io.BytesIO()
    np.savez(out, rows=np.array([Trap()], dtype=object))
    return out.getvalue()


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    "damage",
    [_flipped, _trap, lambda content: content[:-9], lambda _: b"", lambda _: pickle.dumps(Trap())],
    ids=["flipped", "trap", "cut", "empty", "pickle"],
)
def test_a_damaged_object_is_made_anew(
    catalogue: Catalogue, s3: Any, told: Told, damage: Any, signed: bool
) -> None:
    """Also one whose digest was made to fit, which nothing but this function writes."""
    catalogue.fill(20)
    before = ask(catalogue.process()).body
    (key,) = objects(s3)
    stored = s3.get_object(Bucket=BUCKET, Key=key)
    content = damage(stored["Body"].read())
    metadata = {"sha256": hashlib.sha256(content).hexdigest()} if signed else stored["Metadata"]
    s3.put_object(Bucket=BUCKET, Key=key, Body=content, Metadata=metadata)
    told.names()

    answer = ask(catalogue.process())
    assert answer.status == 200
    assert answer.body["similar"] == before["similar"]
    assert told.names() == ["MatrixDamaged", "MatrixBuilds"]
    ask(catalogue.process())
    assert told.names() == ["MatrixLoads"]


def test_a_whole_matrix_without_its_digest_is_made_anew(
    catalogue: Catalogue, s3: Any, told: Told
) -> None:
    catalogue.fill(20)
    before = ask(catalogue.process()).body
    (key,) = objects(s3)
    stored = s3.get_object(Bucket=BUCKET, Key=key)
    matrix = ModelMatrix.unpack(stored["Body"].read())
    other = ModelMatrix(matrix.about, matrix.products, -matrix.rows).pack()
    s3.put_object(Bucket=BUCKET, Key=key, Body=other, Metadata=stored["Metadata"])
    told.names()

    assert ask(catalogue.process()).body["similar"] == before["similar"]
    assert told.names() == ["MatrixDamaged", "MatrixBuilds"]


def test_another_model_versions_matrix_is_not_taken_for_this_ones(
    catalogue: Catalogue, s3: Any, told: Told
) -> None:
    catalogue.fill(2)
    catalogue.add("other", [1.0] * DIMENSION, model="clip-v2")
    api = catalogue.process()
    ask(api)
    ask(api, "other")
    bucket = MatrixBucket(s3, BUCKET, "float32")
    source, target = (bucket.key(model, DIMENSION) for model in ("clip-v2", "clip-v1"))
    s3.copy_object(Bucket=BUCKET, Key=target, CopySource={"Bucket": BUCKET, "Key": source})
    told.names()
    assert ask(catalogue.process()).body["products"] == 2
    assert told.names() == ["MatrixDamaged", "MatrixBuilds"]


@pytest.mark.parametrize(
    "environ",
    [
        {BUCKET_VARIABLE: "k9-similarity-none"},
        {"AWS_ENDPOINT_URL_S3": f"http://{LOOPBACK}:9"},
    ],
    ids=["no bucket", "no answer"],
)
def test_a_bucket_that_fails_does_not_fail_the_request(
    catalogue: Catalogue, told: Told, environ: dict[str, str]
) -> None:
    catalogue.fill(4)
    api = catalogue.process(**environ)
    answer = ask(api)
    assert answer.status == 200
    assert len(answer.body["similar"]) == 3
    assert sorted(told.names()) == ["MatrixBucketFailures", "MatrixBuilds"]
    assert ask(api).body == answer.body
    assert told.names() == ["MatrixHits"]


def test_without_a_bucket_the_process_has_its_own(catalogue: Catalogue, told: Told) -> None:
    catalogue.fill(4)
    api = catalogue.process(**{BUCKET_VARIABLE: ""})
    assert ask(api).body == ask(api).body
    assert told.names() == ["MatrixBuilds", "MatrixHits"]


def test_a_damaged_vector_of_the_own_product_is_no_answer(catalogue: Catalogue) -> None:
    catalogue.fill(3)
    name = f"k9-embeddings-{catalogue.reports.environment}"
    catalogue.reports.dynamodb.update_item(
        TableName=name,
        Key={"product_id": {"S": "p-0000"}},
        UpdateExpression="SET embedding_vector = :v",
        ExpressionAttributeValues={":v": {"B": b"abc"}},
    )
    api = catalogue.process()
    assert ask(api).status == 500
    assert ask(api, "p-0001").body["left_out"] == 1


def test_more_vectors_than_the_memory_holds_are_refused(
    make_reports: MakeReports, s3: Any, s3_url: str
) -> None:
    """64 vectors of 4,096 numbers are a megabyte, which leaves no room for their products."""
    reports = make_reports(matrix_megabytes=1)
    catalogue = Catalogue(reports, s3_url)
    catalogue.fill(63, 4_096)
    api = catalogue.process()
    assert ask(api).body["products"] == 63
    catalogue.add("p-more", [1.0] * 4_096)
    answer = ask(api, query="fresh=true")
    assert (answer.status, answer.body["path"]) == (422, "path.productId")
    assert answer.body["type"] == "urn:problem-type:unprocessable-content"
    assert "63 vectors of 4096 numbers" in answer.body["detail"]
    assert "matrix_megabytes" in answer.body["suggestion"]
