"""Test that a parameter is read alike without botocore and by botocore."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import Session

from keyline import variables
from keyline.run.client_settings import ClientSettings
from keyline.run.first_attempt import way_of
from keyline.run.plain_environment import plain_environment
from keyline.run.service import SSM
from keyline.ssm import Parameter, ParameterUnreadError, parameters
from tests.support.answers import answer
from tests.support.parameter_store import parameter_store
from tests.support.scripted import Scripted, Step, close, dribble, hang, reply, scripted
from tests.support.sent import in_words, sent_by

NAME = "/keyline/notes/test/migration-phase"
MOMENT = datetime(2026, 11, 30, 12, tzinfo=UTC)
REGIONS = Session().get_available_regions("ssm", "aws")
FOUND = reply(
    b'{"Parameter":{"LastModifiedDate":1.7965e9,"Name":"n","Type":"String","Value":"2","Version":1}}',
    headers={"x-amz-crc32": None, "Content-Type": "application/x-amz-json-1.1"},
)
DAMAGED = reply(b"{}", headers={"x-amz-crc32": "7"})


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["", "botocore"])
def transport(request: pytest.FixtureRequest, plain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transport that makes the calls in a plain environment: ours, and botocore's."""
    monkeypatch.setenv(variables.TRANSPORT, request.param)


@pytest.fixture
def server(plain: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with scripted() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", running.url)
        yield running


def test_a_parameter_is_read_with_the_moment_it_was_changed(
    transport: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with parameter_store(monkeypatch) as ssm:
        ssm.put_parameter(Name=NAME, Type="String", Value="2")
        changed = ssm.get_parameter(Name=NAME)["Parameter"]["LastModifiedDate"].timestamp()
        read = parameters(2)
        assert read(NAME) == Parameter("2", changed)
        ssm.put_parameter(Name=NAME, Value="3", Overwrite=True)
        assert read(NAME).value == "3"
        ssm.delete_parameter(Name=NAME)
        with pytest.raises(ParameterUnreadError, match=r"^it was refused: ParameterNotFound$"):
            read(NAME)


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (reply(b'{"__type":"ThrottlingException","message":"slow"}', 400), "ThrottlingException"),
        (reply(b'{"__type":"com.amazonaws.ssm#InternalServerError"}', 500), "InternalServerError"),
        (reply(b'{"__type":"a#ParameterNotFound:http://x/"}', 400), "refused: ParameterNotFound$"),
        (reply(b"<html>", 503), "it was refused: 503"),
        (close, "the connection was closed before the answer came"),
        (hang, "no answer came in time"),
    ],
)
def test_a_read_that_fails_says_why_and_the_next_one_reads(
    transport: None, server: Scripted, step: Step, why: str
) -> None:
    server.steps += [step, dribble(FOUND)]
    read = parameters(0.2)
    with pytest.raises(ParameterUnreadError, match=why):
        read(NAME)
    assert len(server.requests) == 1
    assert read(NAME) == Parameter("2", 1.7965e9)
    assert [json.loads(body) for _, body in server.requests] == [{"Name": NAME}] * 2


@pytest.mark.parametrize("body", [b"{}", b'{"Parameter":{}}', b'{"Parameter":{"Value":"7"}}'])
def test_an_answer_that_holds_no_parameter_is_refused(
    transport: None, server: Scripted, body: bytes
) -> None:
    server.steps.append(reply(body))
    with pytest.raises(ParameterUnreadError, match="the answer is not as described"):
        parameters(0.2)(NAME)


@pytest.mark.parametrize(
    "answer", [reply(b""), reply(b"{"), reply(b'{"Parameter":{"Value":7}}'), DAMAGED]
)
def test_an_answer_that_is_not_whole_is_refused(server: Scripted, answer: bytes) -> None:
    server.steps.append(answer)
    with pytest.raises(ParameterUnreadError, match="the answer is not as described"):
        parameters(0.2)(NAME)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("more", [{}, {"AWS_SESSION_TOKEN": "token"}])
def test_a_request_is_that_of_botocore(
    plain: None, region: str, more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.time", MOMENT.timestamp)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: MOMENT.replace(tzinfo=None))
    settings = ClientSettings()
    environment = plain_environment(settings, service=SSM)
    if environment is None:
        assert region not in ("us-east-1", "eu-central-1", "ap-southeast-2", "sa-east-1")
        return
    url, ours = sent_by(way_of(environment, settings, SSM), "GetParameter", b'{"Name": "n"}')
    theirs = _theirs(region)
    assert url == theirs.url
    said = in_words(theirs)
    for name in ("Authorization", "Content-Type", "X-Amz-Date", "X-Amz-Security-Token"):
        assert ours.get(name.lower()) == said.get(name.lower())
    assert ours["x-amz-target"] == said["x-amz-target"]


def test_botocore_is_not_imported_for_it(server: Scripted) -> None:
    server.steps += [FOUND, reply(b'{"__type":"ParameterNotFound"}', 400), close]
    code = (
        "import sys\n"
        "from keyline.ssm import ParameterUnreadError, parameters\n"
        "read = parameters(1)\n"
        f"assert read({NAME!r}).value == '2'\n"
        "for _ in range(2):\n"
        f"    try: read({NAME!r})\n"
        "    except ParameterUnreadError: pass\n"
        "assert 'botocore.session' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(server.requests) == 3


def _theirs(region: str) -> Any:
    seen: list[Any] = []

    def note(request: Any, **_: Any) -> Any:
        seen.append(request)
        return answer(200, {})

    client = Session().create_client("ssm", region_name=region)
    client.meta.events.register("before-send.ssm", note)
    client.get_parameter(Name="n")
    return seen[0]
