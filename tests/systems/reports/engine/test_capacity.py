"""Every access pattern costs what the sizes of its items imply, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyline.model import change_units, item_size, write_units
from reports.embeddings import EmbeddingRepository, NewEmbedding
from reports.patterns import EMBEDDING_BYTES, MODEL_VECTORS, REPORT_BYTES, USER_BYTES
from reports.repositories import ReportRepository, UserRepository
from reports.system import SYSTEM
from reports.tables import EMBEDDINGS, REPORTS, USERS
from tests.systems.reports.on_engine import MakeReports, Reports
from tests.systems.reports.unit.examples import report, user

UPDATES = {"profile-update", "report-update", "favorite-add", "favorite-remove"}
"""Patterns whose answers do not tell the item as it was, from which a floor follows."""


def embedding(product: str, model: str = "m-1", dimension: int = 512) -> NewEmbedding:
    """Return a vector of a product."""
    vector = [(n % 17 - 8) / 8 for n in range(dimension)]
    return NewEmbedding(product_id=product, model_version=model, embedding_vector=vector)


def use_every_pattern(reports: Reports) -> None:
    """Ask the tables in every way the system declares."""
    users, documents = UserRepository(reports.store), ReportRepository(reports.store)
    users.create_user(user(preferences={"theme": "dark"}))
    users.get_user("ada")
    users.update_user("ada", {"name": "Ada"}, version=1)
    for n in range(10):
        documents.create_report(report(id=f"r-{n}", author="a" * 500, favorites={"p-1"}))
    documents.get_report("r-0", "ada")
    documents.list_reports("ada", limit=5)
    documents.update_report("r-0", "ada", {"title": "t" * 300}, version=1)
    documents.add_favorite("r-0", "ada", "p-2")
    documents.remove_favorite("r-0", "ada", "p-1")
    documents.delete_report("r-0", "ada", version=2)
    documents.delete_report("r-1", "ada")
    vectors = EmbeddingRepository(reports.store)
    for n in range(4):
        vectors.store_embedding(embedding(f"p-{n}"))
    vectors.store_embedding(embedding("p-0"))
    vectors.store_embedding(embedding("p-0", "m-2"), replaces="m-1")
    vectors.get_embedding("p-0")
    vectors.get_embeddings_by_model("m-1")
    assert len(list(reports.store.items(MODEL_VECTORS, model_version="m-1"))) == 3


@pytest.mark.requirement("K-72")
@pytest.mark.parametrize("shards", [1, 4])
def test_every_pattern_is_used_and_costs_its_floor(make_reports: MakeReports, shards: int) -> None:
    reports = make_reports(model_shards=shards)
    use_every_pattern(reports)

    assert {call.pattern for call in reports.meter.calls} == {p.name for p in SYSTEM.called}
    for call in reports.meter.calls:
        if call.pattern not in UPDATES:
            assert call.floor is not None, call.pattern
            assert call.read + call.write == call.floor, call


def add_favorite(repository: ReportRepository) -> object:
    return repository.add_favorite("r", "ada", "p-2")


def remove_favorite(repository: ReportRepository) -> object:
    return repository.remove_favorite("r", "ada", "p-1")


def retitle(repository: ReportRepository) -> object:
    return repository.update_report("r", "ada", {"title": "Another"}, version=1)


@pytest.mark.parametrize("change", [add_favorite, remove_favorite, retitle])
@pytest.mark.parametrize("length", [10, 280, 3000])
def test_a_change_of_a_report_pays_for_the_whole_report_in_table_and_index(
    reports: Reports, change: Callable[[ReportRepository], object], length: int
) -> None:
    repository = ReportRepository(reports.store)
    repository.create_report(report(id="r", reference="r" * length, favorites={"p-1"}))
    (before,) = reports.stored("k9-reports")
    change(repository)
    (after,) = reports.stored("k9-reports")
    call = reports.meter.calls[-1]
    units = write_units(max(item_size(before), item_size(after)))
    assert call.write == change_units(REPORTS, before, after) == 2 * units
    assert call.by_index == {"UserReportsIndex": units}


def test_a_change_of_a_profile_pays_for_the_larger_of_before_and_after(reports: Reports) -> None:
    users = UserRepository(reports.store)
    users.create_user(user(preferences={"notes": "n" * 1500}))
    (before,) = reports.stored("k9-users")
    users.update_user("ada", {"preferences": {}}, version=1)
    (after,) = reports.stored("k9-users")
    assert reports.meter.calls[-1].write == change_units(USERS, before, after) == 2


@pytest.mark.requirement("K-09")
def test_a_vector_of_512_numbers_is_three_units_in_the_table_and_three_in_the_index(
    reports: Reports,
) -> None:
    EmbeddingRepository(reports.store).store_embedding(embedding("p" * 36))
    (call,) = reports.meter.calls
    assert (call.write, call.by_index) == (6, {"ModelVersionIndex": 3})
    (row,) = reports.stored("k9-embeddings")
    assert change_units(EMBEDDINGS, None, row) == 6


def test_the_declared_sizes_are_those_of_usual_items(reports: Reports) -> None:
    UserRepository(reports.store).create_user(
        user(
            user_id="0" * 36,
            name="A usual name",
            email="someone@example.com",
            avatar_url="https://example.com/" + "a" * 60,
            preferences={f"setting{n}": "value" for n in range(10)},
        )
    )
    ReportRepository(reports.store).create_report(
        report(
            id="0" * 36,
            user_id="0" * 36,
            title="t" * 60,
            author="A usual name",
            date="2026-01-31",
            reference="R-2026-001",
            favorites={f"{n:036}" for n in range(8)},
        )
    )
    EmbeddingRepository(reports.store).store_embedding(embedding("0" * 36))
    sizes = {t.name: item_size(row) for t in SYSTEM.tables for row in reports.stored(t.name)}
    declared: dict[str, Any] = {
        "k9-users": USER_BYTES,
        "k9-reports": REPORT_BYTES,
        "k9-embeddings": EMBEDDING_BYTES,
    }
    for table, size in sizes.items():
        assert write_units(size) == write_units(declared[table]), (table, size)
