"""The declaration says what the specification says, and what its corrections say."""

from __future__ import annotations

from typing import Any

import pytest

from keyline.model import (
    ALL,
    Delete,
    Get,
    Key,
    Pattern,
    Put,
    Query,
    StreamView,
    Table,
    Update,
    equals,
    fields_of,
)
from reports.settings import Settings
from reports.system import SYSTEM
from reports.tables import EMBEDDINGS, REPORTS, USERS


@pytest.mark.requirement("K-01", "K-03", "K-07", "K-13")
@pytest.mark.parametrize(
    ("table", "name", "key"),
    [
        (USERS, "k9-users", "user_id"),
        (REPORTS, "k9-reports", "id"),
        (EMBEDDINGS, "k9-embeddings", "product_id"),
    ],
)
def test_a_table_has_the_specified_name_and_key(table: Table, name: str, key: str) -> None:
    names = {environment: table.physical_name(environment) for environment in ("dev", "prod")}
    assert names == {"dev": f"{name}-dev", "prod": f"{name}-prod"}
    assert table.key == Key(key)
    assert table.type_of(key) == "S"


@pytest.mark.requirement("K-12", "K-76")
@pytest.mark.parametrize("table", SYSTEM.tables, ids=lambda table: table.name)
def test_every_table_streams_both_images(table: Table) -> None:
    assert table.stream is StreamView.NEW_AND_OLD_IMAGES


@pytest.mark.requirement("K-02", "K-05", "K-10")
@pytest.mark.parametrize(
    ("table", "attributes"),
    [
        (USERS, "user_id name email avatar_url preferences created_at updated_at"),
        (REPORTS, "id user_id title author date reference favorites created_at updated_at"),
        (
            EMBEDDINGS,
            "product_id model_version embedding_vector vector_dimension created_at",
        ),
    ],
)
def test_an_item_has_the_specified_attributes(table: Table, attributes: str) -> None:
    assert set(attributes.split()) <= set(fields_of(table.kinds[0].shape))


@pytest.mark.requirement("K-02", "K-04", "K-09")
def test_attributes_have_the_types_that_they_are_stored_as() -> None:
    assert USERS.type_of("preferences") == "M"
    assert REPORTS.type_of("favorites") == "SS"
    assert REPORTS.type_of("created_at") == "S"
    assert EMBEDDINGS.type_of("embedding_vector") == "B"


@pytest.mark.requirement("K-04", "K-32")
def test_a_user_s_reports_are_indexed_by_time_and_carried_whole() -> None:
    (index,) = REPORTS.indexes
    assert (index.name, index.key) == ("UserReportsIndex", Key("user_id", "created_at"))
    assert (index.projection, index.sparse) == (ALL, False)


@pytest.mark.requirement("K-08", "K-32")
def test_the_few_model_versions_are_spread_over_shards() -> None:
    (index,) = EMBEDDINGS.indexes
    assert (index.name, index.key, index.projection) == (
        "ModelVersionIndex",
        Key("model_version"),
        ALL,
    )
    assert EMBEDDINGS.sharded == {"model_version": "model_shards"}
    assert Settings().model_shards > 1


def of_table(table: Table) -> list[Pattern[Any]]:
    return [pattern for pattern in SYSTEM.patterns if pattern.table is table]


@pytest.mark.requirement("K-06", "K-27", "K-28", "K-34")
def test_no_change_of_a_report_goes_without_its_owner() -> None:
    changes = [p for p in of_table(REPORTS) if isinstance(p, Update | Delete)]
    assert len(changes) == 5
    for pattern in changes:
        assert equals("user_id") in pattern.conditions, pattern.name


@pytest.mark.requirement("K-22", "K-25")
def test_users_and_reports_are_created_and_never_overwritten() -> None:
    puts = [p for t in (USERS, REPORTS) for p in of_table(t) if isinstance(p, Put)]
    assert len(puts) == 2
    assert not any(pattern.replace for pattern in puts)


@pytest.mark.requirement("K-24")
def test_no_update_creates_what_is_not_there() -> None:
    updates = [p for p in SYSTEM.patterns if isinstance(p, Update)]
    assert updates
    assert not any(pattern.upsert for pattern in updates)


@pytest.mark.requirement("K-44")
def test_texts_change_by_version_and_favourites_as_a_set() -> None:
    for pattern in SYSTEM.patterns:
        if isinstance(pattern, Update) and pattern.set:
            assert pattern.version == "version", pattern.name
        if isinstance(pattern, Update) and "favorites" in pattern.changed:
            assert {*pattern.add, *pattern.discard} == {"favorites"}
            assert pattern.version == "favorites_version"


@pytest.mark.requirement("K-43", "K-47")
def test_one_item_is_read_as_of_the_last_write_and_an_index_as_it_is() -> None:
    assert {p.consistent for p in SYSTEM.patterns if isinstance(p, Get)} == {True}
    assert {p.consistent for p in SYSTEM.patterns if isinstance(p, Query) and p.index} == {False}


@pytest.mark.requirement("K-34")
def test_no_function_may_do_more_than_its_patterns_do() -> None:
    may = {f.name: {(a.action, a.table, a.index) for a in f.access} for f in SYSTEM.functions}
    assert may == {
        "users": {
            ("GetItem", "k9-users", ""),
            ("PutItem", "k9-users", ""),
            ("UpdateItem", "k9-users", ""),
        },
        "reports": {
            ("GetItem", "k9-reports", ""),
            ("PutItem", "k9-reports", ""),
            ("UpdateItem", "k9-reports", ""),
            ("DeleteItem", "k9-reports", ""),
            ("Query", "k9-reports", "UserReportsIndex"),
        },
        "embeddings": {
            ("GetItem", "k9-embeddings", ""),
            ("PutItem", "k9-embeddings", ""),
            ("Query", "k9-embeddings", "ModelVersionIndex"),
        },
        "similarity": {
            ("GetItem", "k9-embeddings", ""),
            ("Query", "k9-embeddings", "ModelVersionIndex"),
        },
    }


@pytest.mark.requirement("K-77")
def test_the_routes_are_those_of_profiles_reports_embeddings_and_similarity() -> None:
    routes = {f.name: [f"{r.method} {r.path}" for r in f.routes] for f in SYSTEM.functions}
    assert routes == {
        "users": ["GET /profile", "PATCH /profile"],
        "reports": [
            "POST /reports",
            "GET /reports",
            "GET /reports/{id}",
            "PATCH /reports/{id}",
            "DELETE /reports/{id}",
            "PUT /reports/{id}/favorites/{productId}",
            "DELETE /reports/{id}/favorites/{productId}",
        ],
        "embeddings": [
            "PUT /products/{productId}/embedding",
            "GET /products/{productId}/embedding",
            "GET /embeddings",
        ],
        "similarity": ["GET /products/{productId}/similar"],
    }
