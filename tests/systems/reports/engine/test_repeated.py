"""Requests that are sent again, tries that arrive late, and versions in `If-Match`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from keyline.moments import iso
from keyline.run import NotFoundError
from reports.embeddings import EmbeddingRepository, NewEmbedding
from reports.repositories import ReportRepository
from tests.support.faults import Fault, FaultProxy, fault_proxy
from tests.systems.reports.on_engine import MakeReports, Reports
from tests.systems.reports.unit.examples import report

pytestmark = pytest.mark.usefixtures("no_sleep")
CREATE = "POST /reports"
SHOW = "GET /reports/{id}"
CHANGE = "PATCH /reports/{id}"
DELETE = "DELETE /reports/{id}"
PROFILE = "PATCH /profile"
JSON = {"content-type": "application/json"}
HEADERS = {**JSON, "idempotency-key": '"key-1"'}
NEW = {"title": "Test", "author": "Ada"}


@pytest.fixture
def proxy(reports: Reports) -> Iterator[FaultProxy]:
    with fault_proxy(reports.endpoint) as made:
        yield made


@pytest.fixture
def behind(reports: Reports, proxy: FaultProxy) -> Reports:
    """The system on the same tables, behind the proxy."""
    return Reports(proxy.url, reports.environment, reports.settings, reports.monkeypatch)


class TestCreate:
    def test_a_request_with_a_key_creates_one_report_and_is_answered_alike(
        self, reports: Reports
    ) -> None:
        api = reports.app("reports")
        first = api(CREATE, body=NEW, headers=HEADERS)
        changed = api(CHANGE, {"id": first.body["id"]}, body={"version": 1, "title": "Changed"})
        again = api(CREATE, body=NEW, headers=HEADERS)
        assert (first.status, changed.status, again.status) == (201, 200, 201)
        assert again.body == first.body  # as the first time, although the report has changed
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["etag"] == first.headers["etag"] == '"1"'
        assert "request" not in first.body
        (row,) = reports.stored("k9-reports")
        assert row["title"]["S"] == "Changed"

    def test_a_key_with_another_request_is_refused(self, reports: Reports) -> None:
        api = reports.app("reports")
        assert api(CREATE, body=NEW, headers=HEADERS).status == 201
        other = api(CREATE, body={"title": "Other"}, headers=HEADERS)
        assert (other.status, other.body["path"]) == (422, "headers.idempotency-key")

    def test_keys_of_two_users_do_not_meet(self, reports: Reports) -> None:
        api = reports.app("reports")
        told = [api(CREATE, body=NEW, headers=HEADERS, user=user) for user in ("ada", "bob")]
        assert len({answer.body["id"] for answer in told}) == 2
        assert len(reports.stored("k9-reports")) == 2

    def test_a_report_costs_the_same_with_a_key(self, reports: Reports) -> None:
        repository = ReportRepository(reports.store)
        repository.create_report(report(id="without"))
        without = [(c.pattern, c.write) for c in reports.meter.calls]
        assert without == [("report-store", 3)]

    @pytest.mark.parametrize("fault", [Fault.UNSENT, Fault.LOST])
    def test_a_request_whose_answer_was_lost_may_be_sent_again(
        self, reports: Reports, behind: Reports, proxy: FaultProxy, fault: Fault
    ) -> None:
        api = behind.app("reports")
        proxy.next(*[fault] * 3)
        told = [api(CREATE, body=NEW, headers=HEADERS) for _ in range(2)]
        assert [answer.status for answer in told] == [503, 201]
        (row,) = reports.stored("k9-reports")
        assert row["id"]["S"] == told[1].body["id"]

    def test_a_late_try_of_an_earlier_request_does_not_bring_a_report_back(
        self, reports: Reports, behind: Reports, proxy: FaultProxy
    ) -> None:
        api = behind.app("reports")
        proxy.next(*[Fault.LATE] * 3)
        told = [api(CREATE, body=NEW, headers=HEADERS) for _ in range(2)]
        assert [answer.status for answer in told] == [503, 201]
        api("DELETE /reports/{id}", {"id": told[1].body["id"]})
        proxy.deliver()
        assert reports.stored("k9-reports") == []


class TestChange:
    def test_a_change_that_is_sent_again_is_made_once(self, reports: Reports) -> None:
        api = reports.app("reports")
        path = {"id": api(CREATE, body=NEW).body["id"]}
        change = {"version": 1, "title": "Changed", "author": None}
        first, again = (api(CHANGE, path, body=change) for _ in range(2))
        assert (first.status, again.status) == (200, 200)
        assert again.body == first.body
        assert (again.body["version"], again.body["author"]) == (2, None)
        other = api(CHANGE, path, body={**change, "title": "Other"})
        assert (other.status, other.body["currentVersion"]) == (409, 2)

    def test_a_change_that_somebody_has_changed_again_is_a_conflict(self, reports: Reports) -> None:
        api = reports.app("reports")
        path = {"id": api(CREATE, body=NEW).body["id"]}
        change = {"version": 1, "title": "Changed"}
        assert api(CHANGE, path, body=change).status == 200
        assert api(CHANGE, path, body={"version": 2, "author": "Bob"}).status == 200
        assert api(CHANGE, path, body=change).status == 409

    def test_another_user_does_not_learn_of_the_report(self, reports: Reports) -> None:
        api = reports.app("reports")
        path = {"id": api(CREATE, body=NEW).body["id"]}
        change = {"version": 1, "title": "Changed"}
        assert api(CHANGE, path, body=change).status == 200
        assert api(CHANGE, path, body=change, user="bob").status == 404

    def test_a_profile_s_change_is_recognised_as_well(self, reports: Reports) -> None:
        api = reports.app("users")
        change = {"version": 1, "name": "Ada", "preferences": {"size": 0.1}, "email": None}
        first, again = (api(PROFILE, body=change) for _ in range(2))
        assert (first.status, again.status, again.body) == (200, 200, first.body)
        cleared = {"version": 2, "preferences": None}
        first, again = (api(PROFILE, body=cleared) for _ in range(2))
        assert (first.status, again.status, again.body) == (200, 200, first.body)


class TestDelete:
    def test_a_report_that_is_gone_is_404_also_for_its_owner(self, reports: Reports) -> None:
        api = reports.app("reports")
        path = {"id": api(CREATE, body=NEW).body["id"]}
        assert [api(DELETE, path).status for _ in range(2)] == [204, 404]

    def test_a_late_second_try_of_a_deletion_that_found_nothing_is_done(
        self, reports: Reports, behind: Reports, proxy: FaultProxy
    ) -> None:
        stored = ReportRepository(reports.store).create_report(report())
        proxy.next(Fault.LOST)
        ReportRepository(behind.store).delete_report(stored.id, stored.user_id, version=1)
        with pytest.raises(NotFoundError):
            ReportRepository(behind.store).delete_report(stored.id, stored.user_id)


class TestVersions:
    def test_the_header_and_the_field_say_the_same(self, reports: Reports) -> None:
        api = reports.app("reports")
        created = api(CREATE, body=NEW)
        path = {"id": created.body["id"]}
        etag = created.headers["etag"]
        assert api(SHOW, path).headers["etag"] == etag == '"1"'
        changed = api(CHANGE, path, body={"title": "2"}, headers={**JSON, "if-match": etag})
        assert (changed.status, changed.headers["etag"]) == (200, '"2"')
        both = {**JSON, "if-match": '"2"'}
        assert api(CHANGE, path, body={"title": "3", "version": 2}, headers=both).status == 200
        stale = api(CHANGE, path, body={"title": "4"}, headers=both)
        assert (stale.status, stale.body["currentVersion"]) == (412, 3)
        differing = api(CHANGE, path, body={"title": "4", "version": 3}, headers=both)
        assert (differing.status, differing.body["path"]) == (400, "headers.if-match")
        neither = api(CHANGE, path, body={"title": "4"})
        assert (neither.status, neither.body["path"]) == (400, "body.version")

    def test_a_deletion_takes_either(self, reports: Reports) -> None:
        api = reports.app("reports")
        path = {"id": api(CREATE, body=NEW).body["id"]}
        assert api(DELETE, path, headers={"if-match": '"2"'}).status == 412
        assert api(DELETE, path, query="version=2").status == 409
        assert api(DELETE, path, query="version=2", headers={"if-match": '"1"'}).status == 400
        assert api(DELETE, path, headers={"if-match": '"1"'}).status == 204

    def test_a_profile_takes_either(self, reports: Reports) -> None:
        api = reports.app("users")
        shown = api("GET /profile")
        match = {**JSON, "if-match": shown.headers["etag"]}
        changed = api(PROFILE, body={"name": "Ada"}, headers=match)
        assert (changed.status, changed.headers["etag"]) == (200, '"2"')
        assert api(PROFILE, body={"name": "Eve"}, headers=match).status == 412


class TestLateTries:
    """A first try that the network keeps back comes after what was written later."""

    def test_a_late_favourite_does_not_come_back(
        self, reports: Reports, behind: Reports, proxy: FaultProxy
    ) -> None:
        direct = ReportRepository(reports.store)
        kept = direct.create_report(report())
        proxy.only = frozenset({"UpdateItem"})
        proxy.next(Fault.LATE)
        added = ReportRepository(behind.store).add_favorite(kept.id, kept.user_id, "p")
        assert added.favorites == {"p"}
        direct.remove_favorite(kept.id, kept.user_id, "p")
        assert len(proxy.deliver()) == 1
        assert direct.get_report(kept.id, kept.user_id).favorites == set()

    def test_a_late_removal_does_not_undo_an_addition(
        self, reports: Reports, behind: Reports, proxy: FaultProxy
    ) -> None:
        direct = ReportRepository(reports.store)
        kept = direct.create_report(report(favorites={"p"}))
        proxy.only = frozenset({"UpdateItem"})
        proxy.next(Fault.LATE)
        ReportRepository(behind.store).remove_favorite(kept.id, kept.user_id, "p")
        direct.add_favorite(kept.id, kept.user_id, "p")
        assert len(proxy.deliver()) == 1
        assert direct.get_report(kept.id, kept.user_id).favorites == {"p"}

    @pytest.mark.parametrize("fault", [Fault.UNSENT, Fault.LOST])
    def test_a_change_of_favourites_whose_answer_was_lost_is_done(
        self, reports: Reports, behind: Reports, proxy: FaultProxy, fault: Fault
    ) -> None:
        kept = ReportRepository(reports.store).create_report(report(favorites={"p-1"}))
        repository = ReportRepository(behind.store)
        proxy.only = frozenset({"UpdateItem"})
        proxy.next(fault)
        assert repository.add_favorite(kept.id, "ada", "p-2").favorites == {"p-1", "p-2"}
        proxy.next(fault)
        assert repository.remove_favorite(kept.id, "ada", "p-1").favorites == {"p-2"}

    def test_additions_at_once_all_count_and_never_exceed_the_limit(
        self, make_reports: MakeReports
    ) -> None:
        reports = make_reports(max_favorites=5)
        repository = ReportRepository(reports.store)
        kept = repository.create_report(report())

        def add(number: int) -> bool:
            try:
                repository.add_favorite(kept.id, kept.user_id, f"p-{number}")
            except Exception as error:  # noqa: BLE001 - the only one that is expected
                return type(error).__name__ != "TooManyFavoritesError"
            return True

        with ThreadPoolExecutor(4) as threads:
            added = list(threads.map(add, range(8)))
        stored = repository.get_report(kept.id, kept.user_id)
        assert added.count(True) == len(stored.favorites) == 5

    @pytest.mark.parametrize(("model", "replaces"), [("m-1", None), ("m-1", "m-1"), ("m-2", "m-1")])
    def test_a_late_vector_does_not_replace_a_newer_one(
        self,
        reports: Reports,
        behind: Reports,
        proxy: FaultProxy,
        model: str,
        replaces: str | None,
    ) -> None:
        direct = EmbeddingRepository(reports.store)
        direct.store_embedding(vector(1.0, "m-1"))
        proxy.next(Fault.LATE)
        EmbeddingRepository(behind.store).store_embedding(vector(2.0, model), replaces=replaces)
        newest = direct.store_embedding(vector(3.0, model))
        assert len(proxy.deliver()) == 1
        assert direct.get_embedding("p") == newest

    def test_the_last_write_counts_whatever_the_clocks_say(
        self, reports: Reports, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository = EmbeddingRepository(reports.store)
        with monkeypatch.context() as ahead:
            ahead.setattr(
                "reports.embeddings.iso_now", lambda: iso(4_000_000_000_000_000, "microseconds")
            )
            first = repository.store_embedding(vector(1.0, "m-1"))
        second = repository.store_embedding(vector(2.0, "m-1"))
        assert second.created_at > first.created_at
        assert repository.get_embedding("p") == second


def vector(number: float, model: str) -> NewEmbedding:
    return NewEmbedding(product_id="p", model_version=model, embedding_vector=[number])
