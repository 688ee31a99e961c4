"""Reports and vectors as long as they may be: every list of them is let out, and is whole."""

from __future__ import annotations

from keyline.moments import iso_now
from reports.patterns import REPORT_CREATE
from reports.tables import Report
from tests.support.pages import pages
from tests.systems.reports.on_engine import MakeReports, Reports

CATALOGUE = {"cognito:groups": "[catalogue]"}


def test_reports_with_all_the_favourites_that_they_may_have(reports: Reports) -> None:
    # Of products whose names take four times their length in an answer
    favourites = {f"{n:04}" + '"' * 124 for n in range(1_000)}
    for n in range(25):
        moment = iso_now()
        reports.store.put(
            REPORT_CREATE,
            Report(
                id=f"report-{n:02}",
                user_id="ada",
                title="\\" * 300,
                created_at=moment,
                updated_at=moment,
                favorites=favourites,
            ),
        )
    api = reports.app("reports")
    for query in ("", "limit=100"):
        found = list(pages(lambda asked: api("GET /reports", query=asked), "reports", query))
        names = [each["id"] for page in found for each in page]
        assert names == [f"report-{n:02}" for n in range(24, -1, -1)]
        assert [len(page) for page in found] == [11, 11, 3]


def test_vectors_of_as_many_numbers_as_may_be(make_reports: MakeReports) -> None:
    # Of numbers whose text is twenty times as long as the byte that is stored of each
    reports = make_reports(max_dimension=16_384, vector_codec="int8")
    api = reports.app("embeddings")
    body = {"model_version": "m", "embedding_vector": [-1 / 3, 0.7 / 3] * 8_192}
    for n in range(25):
        path = {"productId": f"p-{n}"}
        stored = api("PUT /products/{productId}/embedding", path, body=body, claims=CATALOGUE)
        assert stored.status == 200, stored.body
    for query in ("model_version=m", "model_version=m&limit=100"):
        found = list(pages(lambda asked: api("GET /embeddings", query=asked), "embeddings", query))
        names = [each["product_id"] for page in found for each in page]
        assert sorted(names) == sorted(f"p-{n}" for n in range(25))
        assert [len(page) for page in found] == [18, 7]
