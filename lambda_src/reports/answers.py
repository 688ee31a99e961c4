"""The bodies of the answers about reports."""

from __future__ import annotations

import msgspec

from keyline.run import Page
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

    id: str
    user_id: str
    title: str
    author: str | None
    date: str | None
    reference: str | None
    favorites: list[str]
    created_at: str
    updated_at: str
    version: int

    @classmethod
    def of(cls, report: Report) -> ReportAnswer:
        """Return the answer about a report."""
        fields = msgspec.structs.asdict(report)
        return cls(**{**fields, "favorites": sorted(report.favorites)})


class ReportPage(msgspec.Struct, frozen=True):
    """Reports, and the cursor of the next page; null after the last page."""

    reports: list[ReportAnswer]
    cursor: str | None = None

    @classmethod
    def of(cls, page: Page[Report]) -> ReportPage:
        """Return the answer about a page of reports."""
        return cls([ReportAnswer.of(report) for report in page.items], page.cursor)
