"""The content types of a JSON body in UTF-8 (RFC 9110, section 8.3; RFC 8259)."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol, cast

from keyline.http.problem import HttpError

_PATH = "headers.content-type"
_SUGGESTION = "Send Content-Type: application/json."
_USUAL = frozenset({"application/json", "application/json; charset=utf-8"})
"""What needs no parser, whose import takes longer than all else of this package."""


class _ContentType(Protocol):
    """The judgement of a content type by the registry."""

    @property
    def content_type(self) -> str: ...

    @property
    def params(self) -> Mapping[str, str]: ...

    @property
    def defects(self) -> Sequence[Exception]: ...


@lru_cache(maxsize=64)
def check_json(content_type: str) -> None:
    """Refuse a content type that does not say JSON in UTF-8.

    The type is `application/json`, or one whose name ends in `+json` (RFC 6839). JSON defines no
    parameters: one that is added has no effect (RFC 8259, section 11). `charset` is the exception,
    because a client that says another charset sends other bytes.

    Raises
    ------
    HttpError
        415 if the type is another one, its parameters cannot be read, or the charset is not UTF-8.
    """
    if content_type in _USUAL:
        return
    if not content_type:
        raise _refusal("is missing.")
    header = _parsed(content_type)
    if header.defects:
        raise _refusal("cannot be read as a type with parameters.")
    if not (header.content_type == "application/json" or _is_suffixed(header.content_type)):
        raise _refusal(f"is {header.content_type}, not JSON.")
    charset = header.params.get("charset", "utf-8")
    if not _is_utf8(charset):
        raise _refusal(f"has the charset {charset!r}. The one that is taken is utf-8.")


def _parsed(content_type: str) -> _ContentType:
    from email.headerregistry import HeaderRegistry

    return cast("_ContentType", HeaderRegistry()("content-type", content_type))


def _is_suffixed(content_type: str) -> bool:
    return content_type.startswith("application/") and content_type.endswith("+json")


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False


def _refusal(message: str) -> HttpError:
    return HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _PATH, message, _SUGGESTION)
