"""The vectors of Titan: asked for once, checked, and a failure told in words."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from memory.embeddings import titan
from memory.embeddings.provider import MAX_CHARACTERS, TITAN_DIMENSION, EmbeddingFailedError
from memory.embeddings.titan import ATTEMPTS, TitanEmbeddings, bedrock_client
from tests.support.scripted import Scripted, Step, close, hang, reply, scripted

VECTOR = [1.0, *[0.0] * (TITAN_DIMENSION - 1)]


def answered(**body: object) -> bytes:
    said = json.dumps(body).encode()
    return reply(said, headers={"Content-Type": "application/json", "x-amz-crc32": None})


def refused(code: str, status: int) -> bytes:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code, "x-amz-crc32": None}
    return reply(b'{"message":"said"}', status, headers)


@pytest.fixture
def bedrock() -> Iterator[Scripted]:
    with scripted() as running:
        yield running


@pytest.fixture
def embeddings(bedrock: Scripted, monkeypatch: pytest.MonkeyPatch) -> TitanEmbeddings:
    monkeypatch.setattr(titan, "READ_TIMEOUT", 1.0)  # no shorter: a busy machine stands still
    made = bedrock_client(
        endpoint_url=bedrock.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return TitanEmbeddings(made)


def test_a_text_is_asked_for_once_and_cut(bedrock: Scripted, embeddings: TitanEmbeddings) -> None:
    bedrock.steps.append(answered(embedding=VECTOR, inputTextTokenCount=2))
    assert embeddings.embed("é" * (MAX_CHARACTERS + 1)) == VECTOR
    ((head, body),) = bedrock.requests
    assert head.startswith(b"POST /model/amazon.titan-embed-text-v2%3A0/invoke HTTP/1.1\r\n")
    sent = {"inputText": "é" * MAX_CHARACTERS, "dimensions": TITAN_DIMENSION, "normalize": True}
    assert json.loads(body) == sent


def test_a_text_without_words_is_not_asked_for(
    bedrock: Scripted, embeddings: TitanEmbeddings
) -> None:
    assert embeddings.embed(" \n") == [0.0] * TITAN_DIMENSION
    assert bedrock.requests == []


@pytest.mark.parametrize(
    ("step", "says", "asked"),
    [
        (answered(embedding=[1.0]), "answered with 1 numbers, not 1024", 1),
        (answered(embedding=None), "the answer is not as described", 1),
        (answered(), "the answer is not as described", 1),
        (refused("AccessDeniedException", 403), "it was refused: AccessDeniedException", 1),
        (refused("ThrottlingException", 429), "it was refused: ThrottlingException", ATTEMPTS),
        (close, "the connection was closed before the answer came", ATTEMPTS),
        (hang, "no answer came in time", ATTEMPTS),
    ],
)
def test_a_failure_is_told_and_the_next_text_has_its_vector(
    bedrock: Scripted, embeddings: TitanEmbeddings, step: Step, says: str, asked: int
) -> None:
    bedrock.steps += [step] * asked
    with pytest.raises(EmbeddingFailedError, match=says):
        embeddings.embed("a text")
    assert len(bedrock.requests) == asked
    bedrock.steps.append(answered(embedding=VECTOR))
    assert embeddings.embed("a text") == VECTOR


def test_a_call_that_fails_once_is_made_again(
    bedrock: Scripted, embeddings: TitanEmbeddings
) -> None:
    bedrock.steps += [refused("ThrottlingException", 429), answered(embedding=VECTOR)]
    assert embeddings.embed("a text") == VECTOR
