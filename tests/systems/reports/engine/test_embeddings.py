"""Embeddings on the engine: what a vector costs, what replaces what, and what is refused."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from keyline.model import item_size, query_units, read_units, write_units
from keyline.run import BadValueError, InvalidCursorError, Store, dynamodb_client
from keyline.vector import CODECS, Codec
from reports.embeddings import EmbeddingRepository, NewEmbedding, OtherModelStoredError
from reports.system import SYSTEM
from tests.support.engine import where
from tests.systems.reports.on_engine import Api, MakeReports, Reports

DIMENSION = 512
CATALOGUE = {"cognito:groups": "[readers catalogue]"}
PUT, GET, LIST = (
    "PUT /products/{productId}/embedding",
    "GET /products/{productId}/embedding",
    "GET /embeddings",
)
_drawn = random.Random(20260131)


def unit_vector(dimension: int = DIMENSION) -> list[float]:
    """Return a direction, which is what models give."""
    numbers = [_drawn.gauss(0, 1) for _ in range(dimension)]
    length = math.hypot(*numbers)
    return [number / length for number in numbers]


def embedding(product: str = "p-1", model: str = "clip-v1", **fields: Any) -> NewEmbedding:
    given = {"embedding_vector": [1.0, -0.5], **fields}
    return NewEmbedding(product_id=product, model_version=model, **given)


def row(reports: Reports) -> dict[str, Any]:
    (found,) = reports.stored("k9-embeddings")
    return found


@pytest.fixture
def repository(reports: Reports) -> EmbeddingRepository:
    return EmbeddingRepository(reports.store)


# --- what it costs ----------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 4])
def test_every_pattern_costs_its_floor(make_reports: MakeReports, shards: int) -> None:
    reports = make_reports(model_shards=shards)
    repository = EmbeddingRepository(reports.store)
    for n in range(12):
        repository.store_embedding(embedding(f"p-{n}", embedding_vector=unit_vector()))
    repository.store_embedding(embedding("p-0", embedding_vector=unit_vector()))
    repository.store_embedding(
        embedding("p-1", "clip-v2", embedding_vector=unit_vector()), replaces="clip-v1"
    )
    repository.get_embedding("p-1")
    repository.get_embeddings_by_model("clip-v1", limit=5)
    list(repository.all_embeddings_by_model("clip-v1"))

    calls = reports.meter.calls
    assert {call.pattern for call in calls} == {
        "embedding-store",
        "embedding-swap",
        "embedding-get",
        "model-embeddings",
    }
    for call in calls:
        assert call.floor is not None
        assert call.read + call.write == call.floor, call


@pytest.mark.parametrize(
    ("codec", "units"),
    [("float32", 3), ("float16", 2), ("int8", 1)],
)
@pytest.mark.requirement("K-09")
def test_512_numbers_as_binary_take_a_half_of_a_list_or_less(
    make_reports: MakeReports, codec: Codec, units: int
) -> None:
    reports = make_reports(vector_codec=codec)
    vector = unit_vector()
    EmbeddingRepository(reports.store).store_embedding(embedding(embedding_vector=vector))
    (call,) = reports.meter.calls
    assert call.write == 2 * units
    assert call.by_index == {"ModelVersionIndex": units}

    as_list = row(reports) | {
        "product_id": {"S": "p-2"},
        "embedding_vector": {"L": [{"N": repr(number)} for number in vector]},
    }
    answer = reports.dynamodb.put_item(
        TableName=f"k9-embeddings-{reports.environment}",
        Item=as_list,
        ReturnConsumedCapacity="INDEXES",
    )
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 12
    assert item_size(as_list) > 5_500
    assert write_units(item_size(as_list)) == 6


@pytest.mark.requirement("K-08", "K-30")
def test_more_than_a_megabyte_of_a_model_version_comes_in_pages(reports: Reports) -> None:
    """700 vectors of 2 KB in four shards, some of which take more than one page."""
    repository = EmbeddingRepository(reports.store)
    vector = unit_vector()
    for n in range(700):
        repository.store_embedding(embedding(f"p-{n:04}", embedding_vector=vector))
    repository.store_embedding(embedding("other", "clip-v2", embedding_vector=vector))
    rows = reports.stored("k9-embeddings")
    ours = [each for each in rows if each["model"]["S"] == "clip-v1"]
    by_shard = Counter(each["model_version"]["S"] for each in ours)
    assert set(by_shard) == {"clip-v1", "clip-v1#1", "clip-v1#2", "clip-v1#3"}
    assert sum(map(item_size, ours)) > 2**20

    reports.meter.flush()
    found = list(repository.all_embeddings_by_model("clip-v1"))
    assert sorted(each.product_id for each in found) == [f"p-{n:04}" for n in range(700)]
    assert {each.model_version for each in found} == {"clip-v1"}
    calls = reports.meter.calls
    assert len(calls) == 4  # each shard is below a page of 1 MB
    assert sum(call.read for call in calls) == sum(
        query_units([each for each in ours if each["model_version"]["S"] == shard])
        for shard in by_shard
    )


@pytest.mark.requirement("K-08", "K-30")
def test_a_shard_beyond_a_megabyte_is_read_on(make_reports: MakeReports) -> None:
    reports = make_reports(model_shards=1)
    repository = EmbeddingRepository(reports.store)
    vector = unit_vector(4_096)
    for n in range(70):
        repository.store_embedding(embedding(f"p-{n:02}", embedding_vector=vector))
    reports.meter.flush()
    found = list(repository.all_embeddings_by_model("clip-v1"))
    assert sorted(each.product_id for each in found) == [f"p-{n:02}" for n in range(70)]
    calls = reports.meter.calls
    assert len(calls) == 2
    assert [call.read for call in calls] == [call.floor for call in calls]


def test_pages_hold_what_they_promise_each_vector_once(reports: Reports) -> None:
    repository = EmbeddingRepository(reports.store)
    for n in range(25):
        repository.store_embedding(embedding(f"p-{n:02}"))
    seen: list[str] = []
    cursor, sizes = None, []
    while True:
        page = repository.get_embeddings_by_model("clip-v1", limit=10, cursor=cursor, caller="ada")
        seen += [each.product_id for each in page.items]
        sizes.append(len(page.items))
        assert cursor is None or page.cursor != cursor  # else it would never end
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == [f"p-{n:02}" for n in range(25)]
    assert sizes[:2] == [10, 10]


def test_a_cursor_is_the_callers_and_the_model_versions(
    reports: Reports, repository: EmbeddingRepository
) -> None:
    for n in range(3):
        repository.store_embedding(embedding(f"p-{n}"))
    cursor = repository.get_embeddings_by_model("clip-v1", limit=1, caller="ada").cursor
    for model, caller in (("clip-v1", "bob"), ("clip-v2", "ada")):
        with pytest.raises(InvalidCursorError):
            repository.get_embeddings_by_model(model, cursor=cursor, caller=caller)


# --- what comes back --------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.requirement("K-09", "K-10", "K-29")
def test_numbers_go_in_and_come_out_as_a_list(make_reports: MakeReports, codec: Codec) -> None:
    reports = make_reports(vector_codec=codec)
    repository = EmbeddingRepository(reports.store)
    vector = unit_vector()
    given = embedding(embedding_vector=vector, vector_dimension=DIMENSION)
    stored = repository.store_embedding(given)
    assert "B" in row(reports)["embedding_vector"]
    assert ("vector_scale" in row(reports)) == (codec == "int8")
    found = repository.get_embedding("p-1")
    assert found == stored
    assert (found.model_version, found.vector_dimension) == ("clip-v1", DIMENSION)
    assert found.vector_codec == codec
    assert found.created_at.endswith("Z")
    assert found.embedding_vector == pytest.approx(vector, abs=max(map(abs, vector)) / 250)


def test_vectors_of_several_codecs_are_read_by_what_each_says(make_reports: MakeReports) -> None:
    reports = make_reports()
    for codec in CODECS:
        settings = msgspec.structs.replace(reports.settings, vector_codec=codec)
        reports.store.settings = settings
        EmbeddingRepository(reports.store).store_embedding(embedding(codec))
    found = EmbeddingRepository(reports.store).all_embeddings_by_model("clip-v1")
    assert {each.product_id: each.vector_codec for each in found} == {c: c for c in CODECS}


def test_a_product_without_a_vector_has_none(repository: EmbeddingRepository) -> None:
    assert repository.get_embedding("p-1") is None


def test_a_read_is_of_the_last_write(reports: Reports, repository: EmbeddingRepository) -> None:
    repository.store_embedding(embedding(embedding_vector=unit_vector()))
    reports.meter.flush()
    repository.get_embedding("p-1")
    (call,) = reports.meter.calls
    assert call.read == read_units(item_size(row(reports)), consistent=True)


# --- what replaces what -----------------------------------------------------------------


@pytest.mark.requirement("K-07", "K-29")
def test_the_same_model_version_is_stored_again(
    reports: Reports, repository: EmbeddingRepository
) -> None:
    first = repository.store_embedding(embedding())
    again = repository.store_embedding(embedding(embedding_vector=[0.25, 0.5, 1.0]))
    found = repository.get_embedding("p-1")
    assert found == again
    assert found.vector_dimension == 3
    assert found.created_at > first.created_at
    assert len(reports.stored("k9-embeddings")) == 1


@pytest.mark.requirement("K-07")
def test_another_model_version_is_not_overwritten_unawares(
    reports: Reports, repository: EmbeddingRepository
) -> None:
    repository.store_embedding(embedding())
    before = row(reports)
    with pytest.raises(OtherModelStoredError) as refused:
        repository.store_embedding(embedding(model="clip-v2"))
    assert refused.value.current.model == "clip-v1"
    assert "'clip-v1'" in refused.value.message
    assert '"replaces": "clip-v1"' in refused.value.suggestion
    assert row(reports) == before


@pytest.mark.requirement("K-07")
def test_another_model_version_is_replaced_by_its_name(
    reports: Reports, repository: EmbeddingRepository
) -> None:
    repository.store_embedding(embedding())
    repository.store_embedding(embedding(model="clip-v2"), replaces="clip-v1")
    found = repository.get_embedding("p-1")
    assert found is not None
    assert found.model_version == "clip-v2"
    assert list(repository.all_embeddings_by_model("clip-v1")) == []
    assert len(list(repository.all_embeddings_by_model("clip-v2"))) == 1


@pytest.mark.requirement("K-07")
def test_a_replacement_that_is_sent_again_is_stored_again(repository: EmbeddingRepository) -> None:
    repository.store_embedding(embedding())
    for _ in range(2):
        repository.store_embedding(embedding(model="clip-v2"), replaces="clip-v1")
    found = repository.get_embedding("p-1")
    assert found is not None
    assert found.model_version == "clip-v2"


@pytest.mark.requirement("K-07")
def test_only_the_version_that_is_named_is_replaced(
    reports: Reports, repository: EmbeddingRepository
) -> None:
    repository.store_embedding(embedding(model="clip-v3"))
    before = row(reports)
    with pytest.raises(OtherModelStoredError, match="clip-v3"):
        repository.store_embedding(embedding(model="clip-v2"), replaces="clip-v1")
    assert row(reports) == before
    with pytest.raises(OtherModelStoredError, match="no vector to replace"):
        repository.store_embedding(embedding("p-2", "clip-v2"), replaces="clip-v1")
    assert len(reports.stored("k9-embeddings")) == 1


@pytest.mark.requirement("K-07")
def test_shards_that_were_changed_hide_no_model_version(make_reports: MakeReports) -> None:
    """The condition is on the plain version, however it was sharded when it was stored."""
    reports = make_reports(model_shards=1)
    repository = EmbeddingRepository(reports.store)
    products = [f"p-{n}" for n in range(12)]
    for product in products:
        repository.store_embedding(embedding(product))
    settings = msgspec.structs.replace(reports.settings, model_shards=8)
    wider = EmbeddingRepository(
        Store(
            system=SYSTEM,
            environment=reports.environment,
            settings=settings,
            client=dynamodb_client(**where(reports.endpoint)),
        )
    )
    for product in products:
        wider.store_embedding(embedding(product))
    assert len({each["model_version"]["S"] for each in reports.stored("k9-embeddings")}) > 1
    assert {each.product_id for each in wider.all_embeddings_by_model("clip-v1")} == set(products)


# --- many at once -----------------------------------------------------------------------


class Clock:
    """A clock that only sleeping, and what is stored, moves on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.requirement("K-08")
def test_many_are_stored_no_faster_than_the_index_takes_them(
    reports: Reports, repository: EmbeddingRepository
) -> None:
    clock = Clock()

    def given() -> Iterator[NewEmbedding]:
        for n in range(30):
            if n == 10:
                clock.now += 5.0  # a pause earns nothing
            yield embedding(f"p-{n}")

    count = repository.store_embeddings(given(), per_second=10, clock=clock, sleep=clock.sleep)
    assert count == len(reports.stored("k9-embeddings")) == 30
    assert clock.now == pytest.approx(100 + 5 + 28 * 0.1, abs=0.11)
    assert len(clock.slept) == 28
    assert max(clock.slept) == pytest.approx(0.1)


@pytest.mark.requirement("K-07")
def test_what_was_stored_of_many_may_be_stored_again(
    reports: Reports, repository: EmbeddingRepository
) -> None:
    repository.store_embedding(embedding("p-2", "clip-v0"))
    many = [embedding(f"p-{n}") for n in range(4)]
    with pytest.raises(OtherModelStoredError):
        repository.store_embeddings(many, per_second=1e6)
    assert len(reports.stored("k9-embeddings")) == 3
    repository.store_embedding(many[2], replaces="clip-v0")
    assert repository.store_embeddings(many, per_second=1e6) == 4


# --- what is refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"vector_dimension": 3}, "embedding_vector"),
        ({"embedding_vector": [1.0, math.nan]}, "embedding_vector[1]"),
        ({"embedding_vector": [math.inf]}, "embedding_vector[0]"),
        ({"embedding_vector": [1e39]}, "embedding_vector[0]"),
        ({"embedding_vector": []}, "embedding_vector"),
        ({"embedding_vector": [0.0] * 4_097}, "embedding_vector"),
        ({"model": "clip#1"}, "model_version"),
        ({"product": "sku/1"}, "product_id"),
        ({"product": ".."}, "product_id"),
        ({"product": "p\0"}, "product_id"),
    ],
)
@pytest.mark.requirement("K-09")
def test_what_is_no_vector_is_refused_and_nothing_is_stored(
    reports: Reports, repository: EmbeddingRepository, fields: dict[str, Any], path: str
) -> None:
    with pytest.raises(BadValueError) as refused:
        repository.store_embedding(embedding(**fields))
    assert refused.value.path == path
    assert refused.value.suggestion
    assert reports.stored("k9-embeddings") == []
    assert list(reports.meter.calls) == []


@pytest.mark.requirement("K-09")
def test_the_largest_vector_of_any_setting_is_far_from_the_limit_of_an_item(
    make_reports: MakeReports,
) -> None:
    reports = make_reports(max_dimension=16_384)
    repository = EmbeddingRepository(reports.store)
    repository.store_embedding(embedding(embedding_vector=[1e-5 / 3] * 16_384))
    assert item_size(row(reports)) < 400 * 1024 / 6


def test_a_float16_that_is_too_large_is_refused(make_reports: MakeReports) -> None:
    reports = make_reports(vector_codec="float16")
    with pytest.raises(BadValueError, match="65504") as refused:
        EmbeddingRepository(reports.store).store_embedding(
            embedding(embedding_vector=[1.0, 70000.0])
        )
    assert refused.value.path == "embedding_vector[1]"
    assert reports.stored("k9-embeddings") == []


# --- over HTTP --------------------------------------------------------------------------


@pytest.fixture
def api(reports: Reports) -> Api:
    return reports.app("embeddings")


def body(**fields: Any) -> dict[str, Any]:
    return {"model_version": "clip-v1", "embedding_vector": [1.0, -0.5], **fields}


def put(api: Api, product: str = "p-1", **fields: Any) -> Any:
    return api(PUT, {"productId": product}, body=body(**fields), claims=CATALOGUE)


@pytest.mark.requirement("K-09", "K-77")
def test_a_vector_is_stored_and_shown_as_a_list(api: Api) -> None:
    stored = put(api, vector_dimension=2)
    assert stored.status == 200
    assert stored.body.keys() == {
        "product_id",
        "model_version",
        "vector_dimension",
        "vector_codec",
        "created_at",
    }
    shown = api(GET, {"productId": "p-1"}, user="bob")
    assert shown.status == 200
    assert shown.body == stored.body | {"embedding_vector": [1.0, -0.5]}


def test_a_product_without_a_vector_is_not_found(api: Api) -> None:
    assert api(GET, {"productId": "p-1"}).status == 404


@pytest.mark.parametrize("groups", [None, "[]", "[readers]", "[catalogues]"])
def test_storing_takes_the_catalogues_group(reports: Reports, api: Api, groups: str | None) -> None:
    claims = {} if groups is None else {"cognito:groups": groups}
    answer = api(PUT, {"productId": "p-1"}, body=body(), claims=claims)
    assert answer.status == 403
    assert "catalogue" in answer.body["detail"]
    assert reports.stored("k9-embeddings") == []


@pytest.mark.parametrize("route", [PUT, GET, LIST])
def test_a_token_is_needed_and_an_identity_token_is_none(api: Api, route: str) -> None:
    given = {"body": body()} if route == PUT else {"query": "model_version=clip-v1"}
    for user, claims in ((None, {}), ("ada", {**CATALOGUE, "token_use": "id"})):
        answer = api(route, {"productId": "p-1"}, user=user, claims=claims, **given)
        assert answer.status == 401


@pytest.mark.requirement("K-07")
def test_the_answer_names_the_version_that_is_there_and_how_to_replace_it(api: Api) -> None:
    put(api)
    refused = put(api, model_version="clip-v2")
    assert refused.status == 409
    assert refused.body["path"] == "body.model_version"
    assert refused.body["type"] == "urn:problem-type:other-model-stored"
    assert "clip-v1" in refused.body["detail"]
    assert put(api, model_version="clip-v2", replaces="clip-v1").status == 200
    assert put(api, product="p-2", replaces="clip-v0").body["path"] == "body.replaces"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"vector_dimension": 3}, "body.embedding_vector"),
        ({"embedding_vector": [1.0, "x"]}, "body.embedding_vector[1]"),
        ({"embedding_vector": [1e39]}, "body.embedding_vector[0]"),
        ({"embedding_vector": None}, "body.embedding_vector"),
        ({"model_version": ""}, "body.model_version"),
        ({"model_version": "clip#1"}, "body.model_version"),
        ({"product_id": "p-2"}, "body.product_id"),
    ],
)
@pytest.mark.requirement("K-09")
def test_what_cannot_be_stored_is_refused_with_its_path(
    reports: Reports, api: Api, fields: dict[str, Any], path: str
) -> None:
    answer = put(api, **fields)
    assert answer.status == 400
    assert answer.body["path"] == path
    assert answer.body["suggestion"]
    assert reports.stored("k9-embeddings") == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
@pytest.mark.requirement("K-09")
def test_what_is_no_finite_number_is_refused(reports: Reports, api: Api, number: str) -> None:
    text = f'{{"model_version": "clip-v1", "embedding_vector": [{number}]}}'
    answer = api(PUT, {"productId": "p-1"}, text=text, claims=CATALOGUE)
    assert answer.status == 400
    assert reports.stored("k9-embeddings") == []


def test_the_longest_vector_fits_into_a_body_however_it_is_written(api: Api) -> None:
    longest = [-2.2250738585072014e-308] * 4_096
    assert put(api, embedding_vector=longest).status == 200
    more = put(api, embedding_vector=[0.5] * 4_097)
    assert (more.status, more.body["path"]) == (400, "body.embedding_vector")
    assert put(api, embedding_vector=longest * 2).status == 413


def test_the_largest_page_of_the_largest_vectors_can_be_answered(
    reports: Reports, api: Api
) -> None:
    for n in range(70):
        put(api, product=f"p-{n}", embedding_vector=[-1.0000000331813535e-32] * 4_096)
    page = api(LIST, query="model_version=clip-v1&limit=100")
    assert page.size < 6_291_556  # what Lambda lets out
    rest = api(LIST, query=f"model_version=clip-v1&limit=100&cursor={page.body['cursor']}")
    assert len(page.body["embeddings"]) + len(rest.body["embeddings"]) == 70


@pytest.mark.requirement("K-30")
def test_a_model_version_is_listed_page_by_page(api: Api) -> None:
    for n in range(3):
        put(api, product=f"p-{n}")
    put(api, product="p-9", model_version="clip-v2")
    query = "model_version=clip-v1&limit=2"
    first = api(LIST, query=query)
    assert first.status == 200
    cursor = first.body["cursor"]
    second = api(LIST, query=f"{query}&cursor={cursor}")
    assert second.body["cursor"] is None
    shown = first.body["embeddings"] + second.body["embeddings"]
    assert sorted(each["product_id"] for each in shown) == ["p-0", "p-1", "p-2"]
    assert all(each["embedding_vector"] == [1.0, -0.5] for each in shown)
    assert api(LIST, query=f"{query}&cursor={cursor}", user="bob").status == 400
    assert api(LIST).body["path"] == "query.model_version"
    marked = api(LIST, query="model_version=clip%231")  # as a shard is
    assert (marked.status, marked.body["path"]) == (400, "query.model_version")


@pytest.mark.requirement("K-73")
def test_no_vector_is_logged(
    api: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    put(api, embedding_vector=[0.123456789, 1e39])
    put(api, embedding_vector=[0.123456789])
    api(GET, {"productId": "p-1"})
    logged = [str(vars(record)) for record in caplog.records]
    assert sum(PUT in line for line in logged) == 2
    metered = capsys.readouterr().out
    assert "embedding-store" in metered
    assert "0.12345" not in metered + "".join(logged)
