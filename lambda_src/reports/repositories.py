"""Read and write users, their reports, and embeddings: a thin layer over the access patterns.

Only its owner can use a report. A report of another user raises the same `NotFoundError` as a
report that does not exist, so nobody learns which identifiers exist. All other errors are raised as
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import msgspec

from keyline.errors import KeylineError
from keyline.idempotency import IdempotencyKey, put_identified
from keyline.inputs import check
from keyline.model import Update
from keyline.moments import iso_now
from keyline.run import (
    ConditionFailedError,
    NotFoundError,
    OutcomeUnknownError,
    Page,
    Store,
    VersionConflictError,
    backoff,
)
from reports.embeddings import EmbeddingRepository
from reports.inputs import ProductId, ReportId
from reports.patterns import (
    FAVORITE_ADD,
    FAVORITE_REMOVE,
    PROFILE_CREATE,
    PROFILE_GET,
    PROFILE_UPDATE,
    REPORT_DELETE,
    REPORT_DELETE_VERSION,
    REPORT_GET,
    REPORT_STORE,
    REPORT_UPDATE,
    USER_REPORTS,
)
from reports.settings import Settings
from reports.tables import Report, User

ATTEMPTS = 16
"""Tries of a change of favourites that others have changed since they were read."""

__all__ = ["EmbeddingRepository", "ReportRepository", "UserRepository"]


class TooManyFavoritesError(KeylineError):
    """A report that already has as many favourites as it may have."""


class UserRepository(msgspec.Struct, frozen=True):
    """The profiles of users."""

    store: Store

    def create_user(self, user: User) -> User:
        """Store a new profile.

        Raises
        ------
        AlreadyExistsError
            If the user has a profile. The profile stays unchanged, and is the error's `current`.
        """
        return self.store.put(PROFILE_CREATE, user)

    def get_or_create_user(self, user: User) -> User:
        """Return the user's profile; a new one is stored unless the user has one."""
        return self.store.put_or_get(PROFILE_CREATE, user)[0]

    def get_user(self, user_id: str) -> User | None:
        """Return a user's profile, as of the last write; None if the user has none."""
        return self.store.get(PROFILE_GET, user_id=user_id)

    def update_user(self, user_id: str, changes: Mapping[str, Any], *, version: int) -> User:
        """Change some attributes of a profile. An attribute that is set to None is removed.

        Parameters
        ----------
        version
            The version that was read. Nobody may have changed the profile since then.

        Raises
        ------
        NotFoundError
            If the user has no profile.
        VersionConflictError
            If somebody else changed it first.
        """
        changed = {**changes, "updated_at": iso_now()}
        if "preferences" in changed and changed["preferences"] is None:
            changed["preferences"] = {}  # preferences are never absent
        return self.store.update(PROFILE_UPDATE, changed, expected=version, user_id=user_id)


class ReportRepository(msgspec.Struct, frozen=True):
    """The reports of users."""

    store: Store

    def create_report(self, report: Report) -> Report:
        """Store a new report.

        Raises
        ------
        AlreadyExistsError
            If any user has a report of this identifier.
        BadValueError
            If an address could not name the report or one of its favourites.
        """
        check("id", report.id, ReportId)
        check("favorites", report.favorites, set[ProductId])
        return self.store.put(REPORT_STORE, report)

    def create_report_once(self, report: Report, key: IdempotencyKey) -> tuple[Report, bool]:
        """Store a new report once for all tries of a request.

        Parameters
        ----------
        report
            The report's `id` is made of the key's id.

        Returns
        -------
        tuple[Report, bool]
            The report as it was created, and whether an earlier try has created it.

        Raises
        ------
        KeyReusedError
            If the key came with another request before.
        OutcomeUnknownError
            If no answer came. The request may be sent again with its key.
        """
        made = msgspec.structs.replace(report, request=key.content)
        stored, earlier = put_identified(
            self.store, REPORT_STORE, made, key, lambda report: report.request
        )
        # The request is the same, so the moment is all that the first try had of its own.
        moment = stored.created_at
        return msgspec.structs.replace(made, created_at=moment, updated_at=moment), earlier

    def get_report(self, report_id: str, user_id: str) -> Report:
        """Return a user's report, as of the last write.

        Raises
        ------
        NotFoundError
            If there is no such report, or it belongs to another user.
        """
        report = self.store.get(REPORT_GET, id=report_id)
        if report is None or report.user_id != user_id:
            raise _no_such_report()
        return report

    def list_reports(
        self, user_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Page[Report]:
        """Return a page of a user's reports, newest first. Only this user can use its cursor.

        The page is read from an index. The index may lag behind the last write for a moment.

        Raises
        ------
        InvalidCursorError
            If the cursor belongs to another user, or was changed.
        """
        return self.store.query(
            USER_REPORTS, limit=limit, cursor=cursor, caller=user_id, user_id=user_id
        )

    def update_report(
        self, report_id: str, user_id: str, changes: Mapping[str, Any], *, version: int
    ) -> Report:
        """Change some attributes of a user's report. An attribute that is set to None is removed.

        Parameters
        ----------
        version
            The version that was read. Nobody may have changed the report since then.

        Raises
        ------
        NotFoundError
            If there is no such report, or it belongs to another user.
        VersionConflictError
            If somebody else changed it first.
        """
        with _owned_by(user_id):
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
            The version that was read; None to delete any version.

        Raises
        ------
        NotFoundError
            If there is no such report, or it belongs to another user.
        VersionConflictError
            If somebody changed the report since then.
        """
        with _owned_by(user_id):
            if version is None:
                self.store.delete(REPORT_DELETE, id=report_id, user_id=user_id)
            else:
                self._delete_version(report_id, user_id, version)

    def add_favorite(self, report_id: str, user_id: str, product_id: str) -> Report:
        """Add a product to a report's favourites. A product that is there already changes nothing.

        The report's version does not change. Additions at the same moment all count, as far as
        the limit allows.

        Raises
        ------
        NotFoundError
            If there is no such report, or it belongs to another user.
        TooManyFavoritesError
            If the report has as many favourites as it may have.
        BadValueError
            If an address could not name the product.
        """
        check("product_id", product_id, ProductId)
        most = self._settings.max_favorites

        def is_done(report: Report) -> bool:
            if product_id in report.favorites:
                return True
            if len(report.favorites) >= most:
                raise TooManyFavoritesError(
                    "favorites",
                    f"the report has as many favourites as it may have: {most}.",
                    "Remove a favourite first.",
                )
            return False

        return self._change_favorites(FAVORITE_ADD, report_id, user_id, product_id, is_done)

    def remove_favorite(self, report_id: str, user_id: str, product_id: str) -> Report:
        """Remove a product from a report's favourites. A product that is not there changes nothing.

        Raises
        ------
        NotFoundError
            If there is no such report, or it belongs to another user.
        """

        def is_done(report: Report) -> bool:
            return product_id not in report.favorites

        return self._change_favorites(FAVORITE_REMOVE, report_id, user_id, product_id, is_done)

    def _change_favorites(
        self,
        pattern: Update[Report],
        report_id: str,
        user_id: str,
        product_id: str,
        is_done: Callable[[Report], bool],
    ) -> Report:
        """Read the favourites and change them, again until nobody has changed them in between.

        The condition on their version holds what was read: the limit, and that no try of an
        earlier request comes after this one.
        """
        for attempt in range(1, ATTEMPTS + 1):
            found = self.get_report(report_id, user_id)
            if is_done(found):
                return found
            try:
                with _owned_by(user_id):
                    return self.store.update(
                        pattern,
                        {"favorites": {product_id}},
                        expected=found.favorites_version,
                        id=report_id,
                        user_id=user_id,
                    )
            except (VersionConflictError, OutcomeUnknownError):
                if attempt == ATTEMPTS:
                    raise
                backoff.wait(attempt)
        raise AssertionError  # the last attempt returns or raises

    def _delete_version(self, report_id: str, user_id: str, version: int) -> None:
        try:
            self.store.delete(REPORT_DELETE_VERSION, id=report_id, user_id=user_id, version=version)
        except ConditionFailedError as error:
            raise VersionConflictError(
                REPORT_DELETE_VERSION.name,
                "somebody changed the report after it was read.",
                "Read the report again, and delete the version that is there now.",
                current=error.unreadable or error.current,
                version=error.current.version if error.current else None,
            ) from error

    @property
    def _settings(self) -> Settings:
        return cast("Settings", self.store.settings)


@contextmanager
def _owned_by(user_id: str) -> Iterator[None]:
    """Raise `NotFoundError` if a write meets a report of another user, as if it did not exist.

    A condition on the version may fail although the report belongs to another user. DynamoDB
    returns the item with the error, and the item names its owner.
    """
    try:
        yield
    except NotFoundError as error:
        raise _no_such_report() from error
    except ConditionFailedError as error:
        if error.current is None or error.current.user_id != user_id:
            raise _no_such_report() from error
        raise


def _no_such_report() -> NotFoundError:
    return NotFoundError(
        "report", "there is no such report.", "Check the identifier of the report."
    )
