"""Reads through DAX: what is sent, what comes back, and what happens where DAX fails.

No DAX runs here. A client of botocore takes its place, since Amazon's client of DAX takes and
answers the same; Amazon's client itself is only driven against a port where nobody listens.
"""

from __future__ import annotations

import base64
import json
import logging
from functools import partial
from typing import Any

import pytest

from keyline import variables
from keyline.run import Accelerator, NoReplyError, Store
from keyline.run.dax import DaxConnection, dax_client
from tests.support.sample.books import BOOK_GET, SMALL

ASKED = {"TableName": "Books-dev", "Key": {"bookId": {"S": "1"}}}


class Answering:
    """A client that keeps what it is asked."""

    def __init__(self, **reply: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.reply = reply

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Answer as botocore's client does."""
        self.asked.append(request)
        if not self.reply:
            raise ConnectionResetError
        return {**self.reply, "ResponseMetadata": {"RequestId": "1"}}


def accelerator(connection: DaxConnection) -> Accelerator:
    return Accelerator(Store(system=SMALL, environment="dev", connection=connection))


def test_a_consistent_read_is_sent_as_one_that_dax_may_answer_from_memory() -> None:
    client = Answering(Item={"bookId": {"S": "1"}})
    DaxConnection(lambda: client).send("GetItem", {**ASKED, "ConsistentRead": True})
    assert client.asked == [ASKED]


def test_a_reply_is_what_dynamodb_would_have_written() -> None:
    item = {"bookId": {"S": "1"}, "cover": {"B": b"\xff\x00"}, "tags": {"BS": [b"\xfe"]}}
    reply = DaxConnection(lambda: Answering(Item=item)).send("GetItem", ASKED)
    written = json.loads(reply.body)["Item"]
    assert base64.b64decode(written["cover"]["B"]) == b"\xff\x00"
    assert base64.b64decode(written["tags"]["BS"][0]) == b"\xfe"
    assert (written["bookId"], reply.request_id) == ({"S": "1"}, "1")


def test_an_item_is_read_as_its_pattern_says() -> None:
    found = accelerator(DaxConnection(lambda: Answering(Item={"bookId": {"S": "1"}})))
    book = found.get(BOOK_GET, bookId="1")
    assert book is not None
    assert book.bookId == "1"


def test_no_other_operation_goes_through_dax() -> None:
    with pytest.raises(ValueError, match="Query"):
        DaxConnection(Answering).send("Query", ASKED)


def test_a_failure_opens_the_circuit_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    client = Answering()
    connection = DaxConnection(lambda: client)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(NoReplyError) as raised:
                connection.send("GetItem", ASKED)
            assert not raised.value.in_doubt
    assert len(client.asked) == 1
    assert len(caplog.records) == 1
    assert accelerator(connection).get(BOOK_GET, bookId="1") is None


def test_amazon_s_client_fails_where_nobody_listens_and_the_caller_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    connection = DaxConnection(partial(dax_client, "daxs://127.0.0.1:9"))
    assert accelerator(connection).get(BOOK_GET, bookId="1") is None
    with pytest.raises(NoReplyError, match="some seconds ago"):
        connection.send("GetItem", ASKED)


def test_a_function_has_dax_only_where_a_variable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variables.DAX, raising=False)
    assert Accelerator.for_function(SMALL) is None
    for name, value in (
        (variables.DAX, "daxs://127.0.0.1:9"),
        (variables.SYSTEM, SMALL.name),
        (variables.ENVIRONMENT, "dev"),
        (variables.FUNCTION, "read"),
    ):
        monkeypatch.setenv(name, value)
    assert Accelerator.for_function(SMALL) is not None
