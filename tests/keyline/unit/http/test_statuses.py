"""The words of statuses, which Python changed from 3.12 to 3.13."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from keyline.http import description_of, phrase_of


@pytest.mark.parametrize(
    ("status", "phrase", "description"),
    [
        (413, "Content Too Large", "Content is too large"),
        (414, "URI Too Long", "URI is too long"),
        (416, "Range Not Satisfiable", "Cannot satisfy request range"),
        (422, "Unprocessable Content", "Unprocessable Content"),
        (503, "Service Unavailable", "The server cannot process the request due to a high load"),
    ],
)
def test_a_status_has_the_same_words_under_every_python(
    status: int, phrase: str, description: str
) -> None:
    assert phrase_of(HTTPStatus(status)) == phrase
    assert description_of(HTTPStatus(status)) == description
