"""The address and the headers of a request: of one that we would send, and of one of botocore's."""

from __future__ import annotations

from typing import Any

from keyline.run.first_attempt import Way


def sent_by(way: Way, operation: str, body: bytes) -> tuple[str, dict[str, str]]:
    """Return where a request of ours goes, and its headers by their names in lower case."""
    head = way.destination.request(operation, way.keys, body).partition(b"\r\n\r\n")[0]
    lines = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
    return f"{way.destination.origin.url}/", {name.lower(): value for name, _, value in lines}


def in_words(request: Any) -> dict[str, str]:
    """Return the headers of a request of botocore's by their names in lower case."""
    said = {name.lower(): value for name, value in request.headers.items()}
    return {name: v.decode() if isinstance(v, bytes) else v for name, v in said.items()}
