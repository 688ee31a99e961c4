"""The causes of failed calls of other services, in words and not as names of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS: Mapping[str, str] = {
    "ReadTimeoutError": "no answer came in time",
    "ConnectTimeoutError": "no connection was made in time",
    "ConnectionClosedError": "the connection was closed before the answer came",
    "ClosedError": "the connection was closed before the answer came",
    "EndpointConnectionError": "no connection was made",
    "ConnectError": "no connection was made",
    "ProxyConnectionError": "no connection to the proxy was made",
    "SSLError": "TLS failed",
    "TlsError": "TLS failed",
    "NoCredentialsError": "there are no credentials",
    "PartialCredentialsError": "the credentials are not complete",
    "CredentialRetrievalError": "the credentials could not be read",
    "MetadataRetrievalError": "the credentials could not be read",
    "ResponseStreamingError": "the answer broke off",
    "IncompleteReadError": "the answer broke off",
    "MsgspecError": "the answer is not as described",
    "MalformedError": "the answer is not as described",
}
"""Classes of errors of botocore, msgspec and keyline.run.http1. No module is imported for them."""


def cause_of(error: BaseException) -> str:
    """Return why a call failed: the code of a refusal, or what went wrong on the way.

    Examples
    --------
    >>> cause_of(TimeoutError())
    'the client failed'
    """
    response: Any = getattr(error, "response", None)
    if isinstance(response, Mapping):
        said = response.get("Error")
        code = said.get("Code") if isinstance(said, Mapping) else None
        return f"it was refused: {code}" if code else "it was refused"
    names = (of.__name__ for of in type(error).__mro__)
    return next((_WORDS[name] for name in names if name in _WORDS), "the client failed")
