"""Errors as RFC 9457 problem documents: what a client may know, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from keyline.errors import KeylineError
from keyline.http.answer import Answer
from keyline.http.json_text import encode
from keyline.http.response import check_headers
from keyline.idempotency import KeyReusedError
from keyline.payload import MAX_BODY
from keyline.run import errors

CONTENT_TYPE = "application/problem+json"
PARTS = frozenset({"body", "client", "headers", "path", "query", "token"})
"""What the path of a problem begins with: a part of the request, or who sent it."""

_FIRST = re.compile(r"[^.\[]+")
_NOWHERE: Mapping[str, str] = {}


class HttpError(KeylineError):
    """An error that a handler answers a request with.

    Parameters
    ----------
    status
        The HTTP status, 400 to 599.
    path
        Which part of the request it is about: `body.tokenCount`, `query.from`, `path.moduleId`.
    headers
        Headers of the answer, such as `Retry-After`: of those that CORS exposes.
    members
        Further members of the problem document, which programs can read; the standard ones
        keep their meaning.
    """

    def __init__(
        self,
        status: int,
        path: str,
        message: str,
        suggestion: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(path, message, suggestion)
        self.status = HTTPStatus(status)
        self.headers = dict(headers or {})
        check_headers(self.headers)
        self.members = dict(members or {})


class AnswerTooLargeError(HttpError):
    """An answer that Lambda would not let out: 422 if the request can ask for less, 500 otherwise.

    Attributes
    ----------
    size
        Bytes of the answer's body, escaped as Lambda counts them.
    """

    def __init__(self, size: int, *, can_ask_for_less: bool, reads: bool) -> None:
        said = f"the answer takes {size} bytes, and {MAX_BODY} are the most that can be sent."
        if can_ask_for_less:
            status, suggestion = HTTPStatus.UNPROCESSABLE_ENTITY, _ASK_FOR_LESS
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            suggestion = _SUGGESTIONS[status] if reads else _CARRIED_OUT
        super().__init__(status, "query" if can_ask_for_less else "", said, suggestion)
        self.size = size


class Refusal(NamedTuple):
    """The refusal of a request that ends in an error of the system's own.

    Attributes
    ----------
    status
        The HTTP status, 400 to 599.
    path
        Which part of the request the error is about.
    """

    status: HTTPStatus
    path: str


Refusals = Mapping[type[KeylineError], Refusal]
"""By class of error; a subclass that is not named is refused as its base."""


def refused(error: Exception, refusals: Refusals) -> Exception:
    """Return the error as these refusals answer it, or as it is if they do not name its class."""
    if isinstance(error, KeylineError):
        for kind in type(error).__mro__:
            if kind in refusals:
                status, path = refusals[kind]
                return HttpError(status, path, error.message, error.suggestion)
    return error


def missing(path: str, what: str) -> HttpError:
    """Return what is not there, or not for this caller: the answer does not say which."""
    return HttpError(
        HTTPStatus.NOT_FOUND, path, f"there is no such {what}.", "Check the identifiers."
    )


class Problem(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A problem document.

    Attributes
    ----------
    type
        A URN that tells one kind of problem from another.
    detail, path, suggestion
        What is wrong, with which part of the request, and what would put it right.
    instance
        The request's id, as the log has it.
    currentVersion
        For a version conflict: the version that is there.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    path: str = ""
    suggestion: str = ""
    instance: str = ""
    currentVersion: int | None = None


STATUS: Mapping[type[KeylineError], HTTPStatus] = {
    errors.BadValueError: HTTPStatus.BAD_REQUEST,
    errors.InvalidCursorError: HTTPStatus.BAD_REQUEST,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConditionFailedError: HTTPStatus.CONFLICT,
    KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ItemTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.ThrottledError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UnprocessedLeftError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The errors that a client can act on; subclasses share their base's status. A throttled
table is the service's fault and not the client's, so it is 503 and not 429."""

_ASK_FOR_LESS = "Ask for less: for fewer items with `limit`, or for a shorter range."
_CARRIED_OUT = "The request was carried out. Do not send it again: read what it changed."
_IN_DOUBT = "the request may have been carried out, or not: the database's answer was lost."
READ_FIRST = "Read what the request was to change before you send it again."
"""A client is not told to try again after some seconds: the write might be carried out twice."""

_STANDARD_HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}
_PHRASES: Mapping[int, str] = {  # Python 3.13 has these names, 3.12 the older ones
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
_DESCRIPTIONS: Mapping[int, str] = {413: "Content is too large"}
"""What Python 3.13 says of a status, and 3.12 says in other words."""

_SUGGESTIONS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "Correct the request.",
    HTTPStatus.NOT_FOUND: "Check the identifiers in the path.",
    HTTPStatus.CONFLICT: "Read the item again, and repeat the change on what is there now.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send less.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again after the seconds in Retry-After.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Report it with the request's id, which is `instance`.",
}


def phrase_of(status: HTTPStatus) -> str:
    """Name a status as RFC 9110 does, under every Python."""
    return _PHRASES.get(status, status.phrase)


def description_of(status: HTTPStatus) -> str:
    """Say what a status means, in the same words under every Python."""
    return _DESCRIPTIONS.get(status, status.description) or phrase_of(status)


def status_of(error: Exception) -> HTTPStatus:
    """Return the status that an error is answered with; 500 for what no client can act on."""
    if isinstance(error, HttpError):
        return error.status
    if isinstance(error, errors.TransactionCancelledError):
        return _status_of_cancelled(error)
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(
    error: Exception,
    request_id: str,
    places: Mapping[str, str] = _NOWHERE,
    in_doubt: str = READ_FIRST,
) -> Problem:
    """Return what a client is told of an error: nothing of what only the log may hold.

    Parameters
    ----------
    places
        The parts of the request by the names that an error may use: `moduleId` →
        `path.moduleId`.
    in_doubt
        What is suggested where the request may have been carried out.
    """
    status = status_of(error)
    suggestion = _SUGGESTIONS.get(status, "")
    if isinstance(error, errors.OutcomeUnknownError):
        return Problem(
            type=_type_of(_kind_of(error)),
            title=phrase_of(status),
            status=status,
            detail=_IN_DOUBT,
            suggestion=in_doubt,
            instance=request_id,
        )
    told = status < HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, HttpError)
    if not (told and isinstance(error, KeylineError)):
        return Problem(
            type=_type_of(phrase_of(status)),
            title=phrase_of(status),
            status=status,
            detail=description_of(status),
            suggestion=suggestion,
            instance=request_id,
        )
    return Problem(
        type=_type_of(phrase_of(status) if type(error) is HttpError else _kind_of(error)),
        title=phrase_of(status),
        status=status,
        detail=error.message,
        path=_path_of(error, places),
        suggestion=error.suggestion or suggestion,
        instance=request_id,
        currentVersion=error.version if isinstance(error, errors.VersionConflictError) else None,
    )


def _path_of(error: KeylineError, places: Mapping[str, str]) -> str:
    """Return which part of the request it is about.

    An error of the run time names a field or a pattern. A field is told as the part of the request
    that it came with. A client does not know patterns: such an error is about what the path names.
    """
    if isinstance(error, errors.InvalidCursorError):
        return "query.cursor"
    name = _FIRST.match(error.path)
    head = name[0] if name else ""
    if head in PARTS:
        return error.path
    if head in places:
        return places[head] + error.path[len(head) :]
    is_content = isinstance(error, errors.BadValueError | errors.ItemTooLargeError)
    return "body" if is_content and "body" in places else "path"


def answer(
    error: Exception,
    request_id: str,
    places: Mapping[str, str] = _NOWHERE,
    in_doubt: str = READ_FIRST,
) -> Answer:
    """Return what an error is answered with; see `problem_of`."""
    return Answer(
        status_of(error),
        _headers_of(error),
        encode(_document(error, problem_of(error, request_id, places, in_doubt))),
        CONTENT_TYPE,
    )


def _document(error: Exception, told: Problem) -> dict[str, Any]:
    members = error.members if isinstance(error, HttpError) else {}
    return {**members, **msgspec.to_builtins(told)}


def _headers_of(error: Exception) -> dict[str, str]:
    if isinstance(error, errors.OutcomeUnknownError):
        return {}
    own = error.headers if isinstance(error, HttpError) else {}
    return {**_STANDARD_HEADERS.get(status_of(error), {}), **_retry_after(error), **own}


def _retry_after(error: Exception) -> dict[str, str]:
    seconds = getattr(error, "retry_after", None)
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _status_of_cancelled(error: errors.TransactionCancelledError) -> HTTPStatus:
    codes = {reason.code for reason in error.reasons}
    if codes & {"ConditionalCheckFailed", "TransactionConflict"}:
        return HTTPStatus.CONFLICT
    if codes & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _kind_of(error: Exception) -> str:
    """Return what a type calls an error: the name of its class without the suffix."""
    return type(error).__name__.removesuffix("Error")


def _type_of(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", "-", name)
    return f"urn:problem-type:{words.lower()}"
