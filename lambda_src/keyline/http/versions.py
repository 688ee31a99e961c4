"""Versions of items in requests and answers: `If-Match` and `ETag` (RFC 9110, 8.8.3 and 13.1.1).

A request names the version that was read in its header, or in a field of its own. Both say the
same.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, TypeVar

import msgspec

from keyline.http.headers import IF_MATCH
from keyline.http.problem import HttpError
from keyline.http.response import Response


class Versioned(Protocol):
    """An answer about an item that has a version."""

    @property
    def version(self) -> int: ...


VersionedT = TypeVar("VersionedT", bound=Versioned)


class IfMatch(msgspec.Struct, frozen=True):
    """The version that the header `If-Match` names.

    Attributes
    ----------
    version
        None if the request has no such header.
    """

    version: int | None

    def or_given(self, given: int | None, path: str) -> int | None:
        """Return the version that the request names; None if it names none.

        Parameters
        ----------
        given
            The version in the body or in the query.
        path
            Where it stands: `body.version`.

        Raises
        ------
        HttpError
            400 if the header names another version.
        """
        if None not in (given, self.version) and given != self.version:
            raise HttpError(
                HTTPStatus.BAD_REQUEST,
                f"headers.{IF_MATCH}",
                f"names another version than {path}.",
                "Send the version once, or the same version in both places.",
            )
        return self.version if given is None else given

    def required(self, given: int | None, path: str) -> int:
        """Return the version that the request names, as `or_given`.

        Raises
        ------
        HttpError
            400 if it names none, or two.
        """
        version = self.or_given(given, path)
        if version is None:
            raise HttpError(
                HTTPStatus.BAD_REQUEST, path, "is missing.", "Send it, or the header If-Match."
            )
        return version


def versioned(body: VersionedT, headers: Mapping[str, str] | None = None) -> Response[VersionedT]:
    """Return an answer about an item, with its version as the header `ETag`."""
    return Response(body, headers={**(headers or {}), "ETag": f'"{body.version}"'})
