"""Store, show, change and delete a user's own reports and their favourites.

The token names the user. A report of another user answers 404, as if it did not exist.
"""

from __future__ import annotations

import uuid
from http import HTTPStatus

import msgspec
from msgspec import UNSET, UnsetType

from keyline.http import App, Caller, IfMatch, Refusal, Response, replayed, versioned
from keyline.idempotency import IdempotencyKey
from keyline.moments import iso_now
from keyline.run import NotFoundError, Store, VersionConflictError
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
        The version that was read. The version may stand in `If-Match` instead.
    """

    version: Version | None = None
    title: Title | UnsetType = UNSET
    author: Name | UnsetType | None = UNSET
    date: Date | UnsetType | None = UNSET
    reference: Reference | UnsetType | None = UNSET


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page of the reports to read."""

    limit: Limit = 20
    cursor: Cursor | None = None


class DeleteQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version that was read. The version may stand in `If-Match` instead.

    Without it, any version of the report is deleted.
    """

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
def create(body: NewReport, caller: Caller, key: IdempotencyKey | None) -> Response[ReportAnswer]:
    """Store a report. The header `Location` has its address."""
    moment = iso_now()
    made = Report(
        id=str(uuid.UUID(key.id) if key else uuid.uuid4()),
        user_id=_user(caller),
        title=body.title,
        author=body.author,
        date=body.date.isoformat() if body.date else None,
        reference=body.reference,
        created_at=moment,
        updated_at=moment,
    )
    if key is None:
        stored, earlier = _reports.create_report(made), False
    else:
        stored, earlier = _reports.create_report_once(made, key)
    headers = {"Location": f"/reports/{stored.id}", **replayed(earlier)}
    return versioned(ReportAnswer.of(stored), headers)


@app.get("/reports")
def page(query: PageQuery, caller: Caller) -> ReportPage:
    """List the caller's reports, newest first."""
    found = _reports.list_reports(_user(caller), limit=query.limit, cursor=query.cursor)
    return ReportPage.of(found)


@app.get("/reports/{id}")
def show(id: ReportId, caller: Caller) -> Response[ReportAnswer]:
    """Show one of the caller's reports."""
    return versioned(ReportAnswer.of(_reports.get_report(id, _user(caller))))


@app.patch("/reports/{id}", any_type=True)
def change(
    id: ReportId, body: ReportChange, caller: Caller, if_match: IfMatch
) -> Response[ReportAnswer]:
    """Change a part of one of the caller's reports. 409 if it was changed after it was read.

    The same change may be sent again with the same version. The change is made once.
    """
    version = if_match.required(body.version, "body.version")
    changes = named_changes(body)
    try:
        changed = _reports.update_report(id, _user(caller), changes, version=version)
    except VersionConflictError as conflict:
        if not conflict.is_own(version, changes):
            raise
        changed = conflict.current  # an earlier try of the request has made the change
    return versioned(ReportAnswer.of(changed))


@app.delete("/reports/{id}")
def delete(id: ReportId, query: DeleteQuery, caller: Caller, if_match: IfMatch) -> None:
    """Delete one of the caller's reports. 404 if it is not there, or not any more."""
    version = if_match.or_given(query.version, "query.version")
    _reports.delete_report(id, _user(caller), version=version)


@app.put("/reports/{id}/favorites/{productId}")
def favor(id: ReportId, productId: ProductId, caller: Caller) -> Response[ReportAnswer]:
    """Add a product to the favourites of a report. The report's version does not change."""
    return versioned(ReportAnswer.of(_reports.add_favorite(id, _user(caller), productId)))


@app.delete("/reports/{id}/favorites/{productId}")
def disfavor(id: ReportId, productId: ProductId, caller: Caller) -> Response[ReportAnswer]:
    """Remove a product from the favourites of a report. The report's version does not change."""
    return versioned(ReportAnswer.of(_reports.remove_favorite(id, _user(caller), productId)))


def _user(caller: Caller) -> str:
    return Viewer.of(caller, CONTEXT.settings).user_id


handler = app.handler
