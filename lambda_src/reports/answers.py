"""The bodies of the answers about reports."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.run import Page
from reports.inputs import Cursor
from reports.tables import Report


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A report.

    Attributes
    ----------
    favorites
        Identifiers of products, sorted.
    created_at, updated_at
        ISO 8601 in UTC. A change of the favourites does not change `updated_at`.
    version
        Send it with the next change.
    """

    id: Annotated[str, msgspec.Meta(examples=["0f8fad5b-d9cb-469f-a165-70867728950e"])]
    user_id: Annotated[str, msgspec.Meta(examples=["ada"])]
    title: Annotated[str, msgspec.Meta(examples=["Test Report"])]
    author: Annotated[str, msgspec.Meta(examples=["Ada Example"])] | None
    date: Annotated[str, msgspec.Meta(examples=["2026-01-31"])] | None
    reference: Annotated[str, msgspec.Meta(examples=["REF-2026-001"])] | None
    favorites: Annotated[list[str], msgspec.Meta(examples=[["product-1"]])]
    created_at: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]
    updated_at: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]
    version: Annotated[int, msgspec.Meta(examples=[1])]

    @classmethod
    def of(cls, report: Report) -> ReportAnswer:
        """Return the answer about a report."""
        shown = {name: getattr(report, name) for name in cls.__struct_fields__}
        return cls(**{**shown, "favorites": sorted(report.favorites)})


class ReportPage(msgspec.Struct, frozen=True):
    """Reports, and the cursor of the next page; null after the last page.

    A page of reports with many favourites ends before it has as many as `limit`: an answer has
    6 MB at most.
    """

    reports: list[ReportAnswer]
    cursor: Cursor | None = None

    @classmethod
    def of(cls, page: Page[Report]) -> ReportPage:
        """Return the answer about a page of reports."""
        return cls([ReportAnswer.of(report) for report in page.items], page.cursor)
