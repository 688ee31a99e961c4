"""Users, their reports, and embeddings by name of what is asked: thin over the access patterns.

A report is its owner's alone. What is another's raises the same `NotFound` as what is not
there, so that nobody learns which identifiers exist; every other failure is raised as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from keyline.moments import iso_now
from keyline.problem import KeylineError
from keyline.run import ConditionFailed, NotFound, Page, Store, VersionConflict
from reports.embeddings import EmbeddingRepository
from reports.patterns import (
    FAVORITE_ADD,
    FAVORITE_REMOVE,
    PROFILE_CREATE,
    PROFILE_GET,
    PROFILE_UPDATE,
    REPORT_CREATE,
    REPORT_DELETE,
    REPORT_DELETE_VERSION,
    REPORT_GET,
    REPORT_UPDATE,
    USER_REPORTS,
)
from reports.settings import Settings
from reports.tables import Report, User

__all__ = ["EmbeddingRepository", "ReportRepository", "UserRepository"]


class TooManyFavorites(KeylineError):
    """One more product than the favourites of a report may be."""


@dataclass(frozen=True)
class UserRepository:
    """Profiles."""

    store: Store

    def create_user(self, user: User) -> User:
        """Store a new profile.

        Raises
        ------
        AlreadyExists
            If the user has one; it is unchanged then, and the error's `current`.
        """
        return self.store.put(PROFILE_CREATE, user)

    def get_user(self, user_id: str) -> User | None:
        """A user's profile, as of the last write; None if there is none."""
        return self.store.get(PROFILE_GET, user_id=user_id)

    def update_user(self, user_id: str, changes: Mapping[str, Any], *, version: int) -> User:
        """Change some attributes of a profile; those set to None are removed.

        Parameters
        ----------
        version
            The one that was read: nobody may have changed the profile since.

        Raises
        ------
        NotFound
            If the user has no profile.
        VersionConflict
            If somebody else changed it first.
        """
        changed = {**changes, "updated_at": iso_now()}
        if "preferences" in changed and changed["preferences"] is None:
            changed["preferences"] = {}  # a profile without any
        return self.store.update(PROFILE_UPDATE, changed, expected=version, user_id=user_id)


@dataclass(frozen=True)
class ReportRepository:
    """Reports."""

    store: Store

    def create_report(self, report: Report) -> Report:
        """Store a new report.

        Raises
        ------
        AlreadyExists
            If its identifier is taken, whoever has it.
        """
        return self.store.put(REPORT_CREATE, report)

    def get_report(self, report_id: str, user_id: str) -> Report:
        """A user's report, as of the last write.

        Raises
        ------
        NotFound
            If there is none, or it is another's.
        """
        report = self.store.get(REPORT_GET, id=report_id)
        if report is None or report.user_id != user_id:
            raise _no_such_report()
        return report

    def list_reports(
        self, user_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Page[Report]:
        """A page of a user's reports, newest first; a cursor is of use to this user alone.

        It is read from an index, which may lag behind the last write for a moment.

        Raises
        ------
        InvalidCursor
            If the cursor was issued for another user, or was altered.
        """
        return self.store.query(
            USER_REPORTS, limit=limit, cursor=cursor, caller=user_id, user_id=user_id
        )

    def update_report(
        self, report_id: str, user_id: str, changes: Mapping[str, Any], *, version: int
    ) -> Report:
        """Change some attributes of a user's report; those set to None are removed.

        Parameters
        ----------
        version
            The one that was read: nobody may have changed the report since.

        Raises
        ------
        NotFound
            If there is none, or it is another's.
        VersionConflict
            If somebody else changed it first.
        """
        with _own(user_id):
            return self.store.update(
                REPORT_UPDATE,
                {**changes, "updated_at": iso_now()},
                expected=version,
                id=report_id,
                user_id=user_id,
            )

    def delete_report(self, report_id: str, user_id: str, *, version: int | None = None) -> None:
        """Delete a user's report.

        Parameters
        ----------
        version
            The one that was read; None to delete it whatever it is now.

        Raises
        ------
        NotFound
            If there is none, or it is another's.
        VersionConflict
            If somebody changed it since.
        """
        with _own(user_id):
            if version is None:
                self.store.delete(REPORT_DELETE, id=report_id, user_id=user_id)
            else:
                self._delete_version(report_id, user_id, version)

    def add_favorite(self, report_id: str, user_id: str, product_id: str) -> Report:
        """Add a product to a report's favourites; one that is there already changes nothing.

        The version stays as it is, and additions at the same moment all count. The greatest
        number of favourites is looked up before, so that as many as are added at the very same
        moment may go beyond it.

        Raises
        ------
        NotFound
            If there is no such report, or it is another's.
        TooManyFavorites
            If the report has as many favourites as it may have.
        """
        found = self.get_report(report_id, user_id)
        most = self._settings.max_favorites
        if product_id not in found.favorites and len(found.favorites) >= most:
            raise TooManyFavorites(
                "favorites",
                f"would be more than the {most} favourites that a report may have.",
                "Remove some first.",
            )
        with _own(user_id):
            return self.store.update(
                FAVORITE_ADD, {"favorites": {product_id}}, id=report_id, user_id=user_id
            )

    def remove_favorite(self, report_id: str, user_id: str, product_id: str) -> Report:
        """Take a product from a report's favourites; one that is not there changes nothing.

        Raises
        ------
        NotFound
            If there is no such report, or it is another's.
        """
        with _own(user_id):
            return self.store.update(
                FAVORITE_REMOVE, {"favorites": {product_id}}, id=report_id, user_id=user_id
            )

    def _delete_version(self, report_id: str, user_id: str, version: int) -> None:
        try:
            self.store.delete(REPORT_DELETE_VERSION, id=report_id, user_id=user_id, version=version)
        except ConditionFailed as error:
            raise VersionConflict(
                REPORT_DELETE_VERSION.name,
                "somebody changed the report since it was read.",
                "Read it, and delete it by its version.",
                current=error.unreadable or error.current,
                version=error.current.version if error.current else None,
            ) from error

    @property
    def _settings(self) -> Settings:
        return cast("Settings", self.store.settings)


@contextmanager
def _own(user_id: str) -> Iterator[None]:
    """A write to a report: of another's it says what it says of none.

    A condition that fails for the version may well be about another's report, and the owner is
    then told from the item that DynamoDB returns with the refusal.
    """
    try:
        yield
    except NotFound as error:
        raise _no_such_report() from error
    except ConditionFailed as error:
        if error.current is None or error.current.user_id != user_id:
            raise _no_such_report() from error
        raise


def _no_such_report() -> NotFound:
    return NotFound("report", "there is no such report.", "Check the identifier.")
