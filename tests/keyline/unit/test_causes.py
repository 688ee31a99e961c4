"""The cause of a failed call is told in words, and not by the name of a class."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore import exceptions

from keyline.causes import _WORDS, cause_of
from keyline.run import http1


def refusal(answer: dict[str, Any]) -> exceptions.ClientError:
    return exceptions.ClientError(answer, "GetItem")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="x"), "no answer came in time"),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), "no connection was made in time"),
        (exceptions.EndpointConnectionError(endpoint_url="x"), "no connection was made"),
        (exceptions.SSLError(endpoint_url="x", error="x"), "TLS failed"),
        (exceptions.NoCredentialsError(), "there are no credentials"),
        (msgspec.ValidationError("secret"), "the answer is not as described"),
        (refusal({"Error": {"Code": "AccessDenied"}}), "it was refused: AccessDenied"),
        (refusal({}), "it was refused"),
        (http1.ClosedError("secret"), "the connection was closed before the answer came"),
        (http1.ConnectError("secret"), "no connection was made"),
        (http1.TlsError("secret"), "TLS failed"),
        (http1.MalformedError("secret"), "the answer is not as described"),
        (KeyError("secret"), "the client failed"),
    ],
)
def test_a_cause_is_told_in_words(error: Exception, says: str) -> None:
    assert cause_of(error) == says


def test_each_class_that_has_words_is_there() -> None:
    known = {*vars(exceptions), *vars(msgspec), *vars(http1)}
    assert set(_WORDS) <= known


@pytest.mark.parametrize("said", [None, "no", {}])
def test_a_refusal_that_does_not_say_why_is_one_all_the_same(said: object) -> None:
    error = RuntimeError()
    error.response = {"Error": said}  # type: ignore[attr-defined] # as clients of others do
    assert cause_of(error) == "it was refused"
