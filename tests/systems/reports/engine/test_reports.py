"""Reports belong to one user each, and no update of theirs is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from keyline.run import (
    AlreadyExistsError,
    BadValueError,
    InvalidCursorError,
    NotFoundError,
    VersionConflictError,
)
from reports.patterns import REPORT_CREATE
from reports.repositories import ReportRepository, TooManyFavoritesError
from reports.tables import Report
from tests.systems.reports.on_engine import MakeReports, Reports
from tests.systems.reports.unit.examples import MOMENT, report


def of(reports: Reports) -> ReportRepository:
    return ReportRepository(reports.store)


def pages(repository: ReportRepository, user: str, limit: int) -> list[list[Report]]:
    """Return all pages of a user's reports."""
    found, cursor = [], None
    while True:
        page = repository.list_reports(user, limit=limit, cursor=cursor)
        found.append(page.items)
        assert cursor is None or page.cursor != cursor  # else it would never end
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.requirement("K-05", "K-25")
def test_a_report_is_stored_and_read_as_written(reports: Reports) -> None:
    stored = of(reports).create_report(
        report(author="Ada", date="2026-01-31", reference="R-1", favorites={"p-1", "p-2"})
    )
    assert of(reports).get_report(stored.id, "ada") == stored
    (row,) = reports.stored("k9-reports")
    assert row["date"] == {"S": "2026-01-31"}
    assert row["reference"] == {"S": "R-1"}
    assert sorted(row["favorites"]["SS"]) == ["p-1", "p-2"]


@pytest.mark.parametrize("name", ["2026/01", "..", "p\0", "a\\b", ""])
def test_what_no_address_can_name_is_refused_and_can_be_removed_where_it_is_stored(
    reports: Reports, name: str
) -> None:
    repository = of(reports)
    with pytest.raises(BadValueError, match=r"^id: must be text"):
        repository.create_report(report(id=name))
    with pytest.raises(BadValueError, match=r"^favorites\[0\]: must be text"):
        repository.create_report(report(favorites={name}))
    stored = report(favorites={name} - {""})
    reports.store.put(REPORT_CREATE, stored)  # as an earlier release did
    with pytest.raises(BadValueError, match=r"^product_id: must be text"):
        repository.add_favorite(stored.id, "ada", name)
    if name:
        assert repository.remove_favorite(stored.id, "ada", name).favorites == set()
        reports.store.put(REPORT_CREATE, report(id=name))
        assert repository.get_report(name, "ada").id == name
        repository.delete_report(name, "ada")
    assert [row["id"]["S"] for row in reports.stored("k9-reports")] == [stored.id]


@pytest.mark.requirement("K-25", "K-06")
def test_a_create_takes_over_no_identifier(reports: Reports) -> None:
    first = of(reports).create_report(report(id="r", title="Ada's"))
    for user in ("ada", "mallory"):
        with pytest.raises(AlreadyExistsError):
            of(reports).create_report(report(id="r", user_id=user, title="Taken"))
    assert of(reports).get_report("r", "ada") == first


@pytest.mark.requirement("K-26")
@pytest.mark.parametrize("ties", [False, True])
def test_forty_five_reports_are_pages_of_twenty_twenty_and_five(
    reports: Reports, ties: bool
) -> None:
    repository = of(reports)
    expected = []
    for n in range(45):
        # With ties: nine moments of five reports each, so that pages end within one.
        second = n // 5 if ties else n
        moment = f"2026-01-31T12:00:{second:02}.000000Z"
        expected.append(repository.create_report(report(created_at=moment)).id)
        repository.create_report(report(user_id="bob", created_at=moment))

    found = pages(repository, "ada", 20)
    assert [len(page) for page in found] == [20, 20, 5]
    listed = [r for page in found for r in page]
    assert sorted(r.id for r in listed) == sorted(expected)
    assert {r.user_id for r in listed} == {"ada"}
    moments = [r.created_at for r in listed]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.requirement("K-26")
def test_forty_five_reports_of_one_moment_are_listed_once_each(reports: Reports) -> None:
    repository = of(reports)
    expected = {repository.create_report(report()).id for _ in range(45)}
    found = [r.id for page in pages(repository, "ada", 20) for r in page]
    assert (len(found), set(found)) == (45, expected)


@pytest.mark.requirement("K-26")
def test_reports_that_come_while_pages_are_read_disturb_none(reports: Reports) -> None:
    repository = of(reports)
    before = [
        repository.create_report(report(created_at=f"2026-01-31T12:00:{n:02}.000000Z")).id
        for n in range(45)
    ]
    seen: list[str] = []
    cursor = None
    for number in range(3):
        page = repository.list_reports("ada", limit=20, cursor=cursor)
        seen += [r.id for r in page.items]
        cursor = page.cursor
        # A newer one, an older one, and one of the moment that the page ended with.
        for n, moment in enumerate(("2027-01-01", "2025-01-01", page.items[-1].created_at)):
            repository.create_report(report(id=f"new-{number}-{n}", created_at=moment))
    old = [name for name in seen if not name.startswith("new-")]
    assert len(seen) == len(set(seen))
    assert sorted(old) == sorted(before)


@pytest.mark.requirement("K-26")
def test_a_cursor_is_of_use_to_its_user_alone(reports: Reports) -> None:
    repository = of(reports)
    for _ in range(3):
        repository.create_report(report())
        repository.create_report(report(user_id="bob"))
    cursor = repository.list_reports("ada", limit=2).cursor
    assert cursor
    with pytest.raises(InvalidCursorError):
        repository.list_reports("bob", limit=2, cursor=cursor)
    for broken in (cursor[:-2] + "xx", "x", cursor[1:]):
        with pytest.raises(InvalidCursorError):
            repository.list_reports("ada", limit=2, cursor=broken)


@pytest.mark.requirement("K-06", "K-27", "K-28", "K-31")
def test_another_user_cannot_tell_a_report_from_none(reports: Reports) -> None:
    repository = of(reports)
    stored = repository.create_report(report(favorites={"p-1"}))
    said = set()
    for name in (stored.id, "none"):
        for attempt in (
            lambda name=name: repository.get_report(name, "mallory"),
            lambda name=name: repository.update_report(name, "mallory", {"title": "x"}, version=1),
            lambda name=name: repository.update_report(name, "mallory", {"title": "x"}, version=9),
            lambda name=name: repository.delete_report(name, "mallory"),
            lambda name=name: repository.delete_report(name, "mallory", version=1),
            lambda name=name: repository.delete_report(name, "mallory", version=9),
            lambda name=name: repository.add_favorite(name, "mallory", "p-2"),
            lambda name=name: repository.remove_favorite(name, "mallory", "p-1"),
        ):
            with pytest.raises(NotFoundError) as refused:
                attempt()
            said.add(str(refused.value))
    assert len(said) == 1
    assert repository.get_report(stored.id, "ada") == stored
    assert repository.list_reports("mallory").items == []


@pytest.mark.requirement("K-27", "K-28", "K-34")
def test_the_condition_denies_what_the_code_would_let_through(reports: Reports) -> None:
    """Ownership holds in DynamoDB, not only in the repository's reading of the answer."""
    repository = of(reports)
    stored = repository.create_report(report())
    calls = len(reports.meter.calls)
    with pytest.raises(NotFoundError):
        repository.update_report(stored.id, "mallory", {"title": "x"}, version=1)
    with pytest.raises(NotFoundError):
        repository.delete_report(stored.id, "mallory")
    assert [c.pattern for c in reports.meter.calls[calls:]] == ["report-update", "report-delete"]
    (row,) = reports.stored("k9-reports")
    assert (row["title"], row["user_id"]) == ({"S": stored.title}, {"S": "ada"})


@pytest.mark.requirement("K-05")
def test_a_change_is_partial_and_removes_what_is_none(reports: Reports) -> None:
    repository = of(reports)
    stored = repository.create_report(report(author="Ada", reference="R-1", favorites={"p"}))
    changed = repository.update_report(
        stored.id, "ada", {"reference": None, "date": "2026-02-01"}, version=1
    )
    assert (changed.author, changed.reference, changed.date) == ("Ada", None, "2026-02-01")
    assert (changed.version, changed.favorites) == (2, {"p"})
    assert changed.created_at == MOMENT < changed.updated_at
    (row,) = reports.stored("k9-reports")
    assert "reference" not in row


@pytest.mark.requirement("K-44")
def test_of_many_editors_of_one_version_exactly_one_wins(reports: Reports) -> None:
    repository = of(reports)
    stored = repository.create_report(report())
    start = Barrier(8)

    def edit(editor: int) -> int | None:
        start.wait()
        try:
            repository.update_report(stored.id, "ada", {"title": f"by {editor}"}, version=1)
        except VersionConflictError as error:
            assert error.version == 2
            return None
        return editor

    with ThreadPoolExecutor(8) as pool:
        winners = [editor for editor in pool.map(edit, range(8)) if editor is not None]
    (winner,) = winners
    now = repository.get_report(stored.id, "ada")
    assert (now.title, now.version) == (f"by {winner}", 2)


@pytest.mark.requirement("K-44")
def test_favourites_added_at_once_are_all_there(reports: Reports) -> None:
    repository = of(reports)
    stored = repository.create_report(report(favorites={"old"}))
    start = Barrier(32)

    def favor(n: int) -> None:
        start.wait()
        repository.add_favorite(stored.id, "ada", f"p-{n}")
        repository.add_favorite(stored.id, "ada", "shared")
        if n % 2:
            repository.remove_favorite(stored.id, "ada", f"p-{n}")

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(favor, range(32)))
    now = repository.get_report(stored.id, "ada")
    assert now.favorites == {"old", "shared", *(f"p-{n}" for n in range(0, 32, 2))}
    assert (now.version, now.updated_at) == (1, stored.updated_at)


def test_favourites_come_and_go_and_the_last_leaves_an_empty_set(reports: Reports) -> None:
    repository = of(reports)
    stored = repository.create_report(report())
    repository.add_favorite(stored.id, "ada", "p")
    assert repository.add_favorite(stored.id, "ada", "p").favorites == {"p"}
    assert repository.remove_favorite(stored.id, "ada", "other").favorites == {"p"}
    assert repository.remove_favorite(stored.id, "ada", "p").favorites == set()
    assert repository.get_report(stored.id, "ada").favorites == set()


def test_favourites_are_bounded(make_reports: MakeReports) -> None:
    repository = of(make_reports(max_favorites=2))
    stored = repository.create_report(report())
    for product in ("a", "b", "a"):
        repository.add_favorite(stored.id, "ada", product)
    with pytest.raises(TooManyFavoritesError):
        repository.add_favorite(stored.id, "ada", "c")
    repository.remove_favorite(stored.id, "ada", "a")
    assert repository.add_favorite(stored.id, "ada", "c").favorites == {"b", "c"}


@pytest.mark.requirement("K-28")
def test_a_report_is_deleted_once_and_by_version_where_that_is_said(reports: Reports) -> None:
    repository = of(reports)
    stored = repository.create_report(report())
    repository.update_report(stored.id, "ada", {"title": "Changed"}, version=1)
    with pytest.raises(VersionConflictError) as refused:
        repository.delete_report(stored.id, "ada", version=1)
    assert refused.value.version == 2
    repository.delete_report(stored.id, "ada", version=2)
    for version in (None, 2):
        with pytest.raises(NotFoundError):
            repository.delete_report(stored.id, "ada", version=version)
    other = repository.create_report(report())
    repository.delete_report(other.id, "ada")
    assert reports.stored("k9-reports") == []
