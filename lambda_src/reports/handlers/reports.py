"""Store, show, change and delete a user's own reports and their favourites.

The token names the user. A report of another user answers 404, as if it did not exist.
"""

from __future__ import annotations

import uuid
from http import HTTPStatus

import msgspec
from msgspec import UNSET, UnsetType

from keyline.http import App, Caller, Refusal, Response
from keyline.moments import iso_now
from keyline.run import NotFoundError, Store
from reports.answers import ReportAnswer, ReportPage
from reports.context import CONTEXT
from reports.handlers.changes import named_changes
from reports.handlers.viewer import Viewer
from reports.inputs import Cursor, Date, Limit, Name, ProductId, Reference, ReportId, Title, Version
from reports.repositories import ReportRepository, TooManyFavoritesError
from reports.system import SYSTEM
from reports.tables import Report


class NewReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report to store. Only the title is required."""

    title: Title
    author: Name | None = None
    date: Date | None = None
    reference: Reference | None = None


class ReportChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a report: a field that is left out stays, null removes a value.

    Attributes
    ----------
    version
        The version that was read.
    """

    version: Version
    title: Title | UnsetType = UNSET
    author: Name | UnsetType | None = UNSET
    date: Date | UnsetType | None = UNSET
    reference: Reference | UnsetType | None = UNSET


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the reports."""

    limit: Limit = 20
    cursor: Cursor | None = None


class DeleteQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version that was read. Without it, any version of the report is deleted."""

    version: Version | None = None


app = App(
    SYSTEM,
    refusals={
        NotFoundError: Refusal(HTTPStatus.NOT_FOUND, "path.id"),
        TooManyFavoritesError: Refusal(HTTPStatus.CONFLICT, "path.productId"),
    },
)
_reports = ReportRepository(Store.for_function(SYSTEM))


@app.post("/reports", status=HTTPStatus.CREATED, any_type=True)
def create(body: NewReport, caller: Caller) -> Response[ReportAnswer]:
    """Store a report. The header `Location` has its address."""
    moment = iso_now()
    stored = _reports.create_report(
        Report(
            id=str(uuid.uuid4()),
            user_id=_user(caller),
            title=body.title,
            author=body.author,
            date=body.date.isoformat() if body.date else None,
            reference=body.reference,
            created_at=moment,
            updated_at=moment,
        )
    )
    return Response(ReportAnswer.of(stored), headers={"Location": f"/reports/{stored.id}"})


@app.get("/reports")
def page(query: PageQuery, caller: Caller) -> ReportPage:
    """List the caller's reports, newest first."""
    found = _reports.list_reports(_user(caller), limit=query.limit, cursor=query.cursor)
    return ReportPage.of(found)


@app.get("/reports/{id}")
def show(id: ReportId, caller: Caller) -> ReportAnswer:
    """Show one of the caller's reports."""
    return ReportAnswer.of(_reports.get_report(id, _user(caller)))


@app.patch("/reports/{id}", any_type=True)
def change(id: ReportId, body: ReportChange, caller: Caller) -> ReportAnswer:
    """Change a part of one of the caller's reports. 409 if it was changed after it was read."""
    changes = named_changes(body)
    changed = _reports.update_report(id, _user(caller), changes, version=body.version)
    return ReportAnswer.of(changed)


@app.delete("/reports/{id}")
def delete(id: ReportId, query: DeleteQuery, caller: Caller) -> None:
    """Delete one of the caller's reports."""
    _reports.delete_report(id, _user(caller), version=query.version)


@app.put("/reports/{id}/favorites/{productId}")
def favor(id: ReportId, productId: ProductId, caller: Caller) -> ReportAnswer:
    """Add a product to the favourites of a report. The report's version does not change."""
    return ReportAnswer.of(_reports.add_favorite(id, _user(caller), productId))


@app.delete("/reports/{id}/favorites/{productId}")
def disfavor(id: ReportId, productId: ProductId, caller: Caller) -> ReportAnswer:
    """Remove a product from the favourites of a report. The report's version does not change."""
    return ReportAnswer.of(_reports.remove_favorite(id, _user(caller), productId))


def _user(caller: Caller) -> str:
    return Viewer.of(caller, CONTEXT.settings).user_id


handler = app.handler
