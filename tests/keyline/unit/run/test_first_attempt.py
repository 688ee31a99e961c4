"""The first attempt is ours where it can be, and a call ends as if botocore had made it.

In a plain environment each attempt is ours. In any other, botocore's first request of all shows
where requests go: it is learned.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.exceptions import NoCredentialsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyline import variables
from keyline.errors import KeylineError
from keyline.run import dynamodb_client
from keyline.run.attempts import ATTEMPTS
from keyline.run.client import Client
from keyline.run.connection import Connection
from keyline.run.http1 import Origin, TlsError
from keyline.run.outcome import ANSWERS, NoReplyError, ReplyError
from tests.support.deploy.certificate import write_certificate
from tests.support.scripted import (
    ITEM,
    Scripted,
    Step,
    chunked,
    close,
    dribble,
    hang,
    refusal,
    reply,
    scripted,
)

REQUEST = {"TableName": "t", "Key": {"id": {"S": "a"}}}
STEPS: dict[str, Step] = {
    "ok": reply(),
    "no checksum": reply(headers={"x-amz-crc32": None}),
    "chunked": chunked(),
    "dribble": dribble(reply()),
    "throttled": refusal("ThrottlingException"),
    "over": refusal("ProvisionedThroughputExceededException"),
    "condition": refusal("ConditionalCheckFailedException"),
    "denied": refusal("AccessDeniedException"),
    "expired": refusal("ExpiredTokenException"),
    "500": refusal("InternalServerError", 500),
    "html": reply(b"<html>busy</html>", 503),
    "latin-1": reply("beschäftigt".encode("latin-1"), 503),
    "list": reply(b"[]", 503),
    "type": reply(b'{"__type":1}', 503),
    "redirect": reply(b"", 301, {"Location": "http://127.0.0.1:9/"}),
    "closed": close,
    "hang": hang,
    "checksum": reply(headers={"x-amz-crc32": "1"}),
    "short": lambda connection: connection.sendall(reply()[:-3]),
    "no http": lambda connection: connection.sendall(b"SSH-2.0-x\r\n\r\n"),
}
SILENT = frozenset({"hang", "short"})
"""After these, nothing comes any more: only a time-out ends the attempt."""
SHORT, LONG = 0.5, 20.0
"""Seconds of a read. A busy machine may be slower than the short one."""
pytestmark = pytest.mark.usefixtures("no_sleep")


@pytest.fixture(scope="module")
def running() -> Iterator[Scripted]:
    with scripted() as server:
        yield server


@pytest.fixture
def server(running: Scripted) -> Scripted:
    running.steps.clear()
    running.requests.clear()
    return running


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment of which we do not know what it means."""
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")


@pytest.fixture(params=["plain", "learned"])
def environment(request: pytest.FixtureRequest) -> None:
    """An environment of each kind."""
    if request.param == "learned":
        request.getfixturevalue("learned")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what is sent without botocore."""
    found: list[bytes] = []
    send = Origin.send

    def listen(self: Origin, request: bytes) -> Any:
        found.append(request)
        return send(self, request)

    monkeypatch.setattr(Origin, "send", listen)
    return found


def client(url: str, **more: Any) -> Client:
    said: dict[str, Any] = {
        "region": "eu-west-1",
        "credentials": ("key", "secret"),
        "read_timeout": SHORT,
        **more,
    }
    return dynamodb_client(endpoint_url=url, **said)


def is_plain(made: Client) -> bool:
    return made._way is not None


def outcome(call: Callable[[], Any]) -> tuple[object, ...]:
    """Return all that a caller is told of a call."""
    try:
        done = call()
    except ReplyError as error:
        return error.code, error.status, error.retries, error.in_doubt, error.body
    except NoReplyError as error:
        return "no reply", error.in_doubt
    return done.body, done.request_id, done.retries


def played(server: Scripted, script: Sequence[str], *, repeatable: bool) -> tuple[object, ...]:
    """Return what becomes of a call whose requests are answered so, and what was sent."""
    made = client(server.url, read_timeout=LONG if SILENT.isdisjoint(script) else SHORT)
    connection = Connection(made)
    server.steps.clear()
    if not is_plain(made):
        connection.send("GetItem", REQUEST)  # which learns where requests go
    server.requests.clear()
    server.steps.extend(STEPS[name] for name in script)
    result = outcome(lambda: connection.send("GetItem", REQUEST, repeatable=repeatable))
    numbers = server.header("amz-sdk-request")
    bodies = [body for _, body in server.requests]
    return result, numbers, bodies


def in_both(
    server: Scripted, script: Sequence[str], *, repeatable: bool
) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return what becomes of a call with our first attempt, and with botocore's."""
    ours = played(server, script, repeatable=repeatable)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variables.TRANSPORT, "botocore")
        return ours, played(server, script, repeatable=repeatable)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("name", STEPS)
def test_each_fault_ends_as_with_botocore_s_own_attempt(
    server: Scripted, sent: list[bytes], name: str, repeatable: bool
) -> None:
    for script in ([name], [name] * ATTEMPTS):
        ours, botocores = in_both(server, script, repeatable=repeatable)
        assert ours == botocores
    assert len(sent) == 2


@pytest.mark.usefixtures("environment")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.lists(st.sampled_from([n for n in STEPS if n != "hang"]), max_size=ATTEMPTS),
    repeatable=st.booleans(),
)
def test_any_faults_end_as_with_botocore_s_own_attempt(
    server: Scripted, script: list[str], repeatable: bool
) -> None:
    ours, botocores = in_both(server, script, repeatable=repeatable)
    assert ours == botocores


words = st.sampled_from([*sorted(ANSWERS), "ValidationException", "ThrottlingException", ""])
texts = st.none() | st.text(max_size=5) | st.just(7)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    code=words,
    form=st.sampled_from(["com.amazonaws.dynamodb.v20120810#{}", "{}", "{}:http://x/", "a#b#{}"]),
    message=st.fixed_dictionaries({}, optional={"message": texts, "Message": texts}),
    tail=st.sampled_from([b"", b" ", b"}", b"\xff"]),
    headers=st.sampled_from(
        [
            {},
            {"x-amzn-RequestId": None},
            {"x-amz-crc32": None},
            {"x-amz-crc32": "1"},
            {"x-amzn-query-error": "Other;Sender"},
        ]
    ),
    status=st.sampled_from([400, 400, 400, 404, 500]),
)
def test_any_refusal_is_told_as_botocore_tells_it(
    server: Scripted,
    code: str,
    form: str,
    message: dict[str, object],
    tail: bytes,
    headers: dict[str, str | None],
    status: int,
) -> None:
    body = msgspec.json.encode({"__type": form.format(code), **message}) + tail
    STEPS["drawn"] = reply(body, status, headers)
    try:
        ours, botocores = in_both(server, ["drawn"] * ATTEMPTS, repeatable=True)
    finally:
        del STEPS["drawn"]
    assert ours == botocores


@pytest.mark.parametrize("code", sorted(ANSWERS))
def test_an_ordinary_refusal_needs_no_botocore(server: Scripted, code: str) -> None:
    made = client(server.url)
    connection = Connection(made)
    server.steps += [refusal(code), reply()]
    with pytest.raises(ReplyError, match=code):
        connection.send("PutItem", REQUEST)
    connection.send("GetItem", REQUEST)
    assert made._made is None


FRESH = """
import os, sys
from keyline.run import dynamodb_client
from keyline.run.connection import Connection
from keyline.run.outcome import ReplyError

def loaded():
    return sum(name.startswith("botocore.") for name in sys.modules)

connection = Connection(dynamodb_client())
connection.send("GetItem", {})
try:
    connection.send("PutItem", {})
except ReplyError as refused:
    print(refused.code)
before = loaded()
connection.send("GetItem", {})
print(before, loaded() > 0)
"""


def test_botocore_is_imported_when_it_is_needed(server: Scripted) -> None:
    # Given a process that only has variables
    environ = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": server.url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": "/nowhere",
    }

    # When it gets a reply, an ordinary refusal, and one that is to be repeated
    server.steps += [reply(), refusal("ConditionalCheckFailedException"), refusal("Throttling")]
    done = subprocess.run(
        [sys.executable, "-c", FRESH], env=environ, capture_output=True, text=True, check=True
    )

    # Then only the last one needs botocore
    assert done.stdout.split() == ["ConditionalCheckFailedException", "0", "True"]


@pytest.mark.usefixtures("environment")
def test_a_request_says_what_botocore_s_says(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "create")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;é /")
    made = client(server.url)
    connection = Connection(made)
    connection.send("GetItem", REQUEST)
    if is_plain(made):
        monkeypatch.setattr(made, "_is_botocores", True)
    connection.send("GetItem", REQUEST)
    heads = [
        {
            name.lower(): value
            for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:])
        }
        for head, _ in server.requests
    ]
    for head in heads:  # where powertools is imported, it adds its name to botocore's agent
        head[b"user-agent"] = head[b"user-agent"].partition(b" PT/")[0]
    changing = {b"x-amz-date", b"authorization", b"amz-sdk-invocation-id"}
    first, second = ({k: v for k, v in head.items() if k not in changing} for head in heads)
    assert first == second
    assert first[b"x-amzn-trace-id"] == b"Root=1-5759e988-bd862e3fe1be46a994272793;%C3%A9%20%2F"
    assert heads[0].keys() == heads[1].keys()


@pytest.mark.usefixtures("learned")
def test_another_account_is_asked_of_botocore_first(
    server: Scripted, sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given credentials whose account changes, as a role's may
    made = client(server.url)
    credentials = made.by_botocore._credentials
    assert credentials is not None
    connection = Connection(made)
    for account in ("111111111111", "222222222222", "111111111111"):
        monkeypatch.setattr(credentials, "account_id", account)
        connection.send("GetItem", REQUEST)
    assert len(sent) == 1


@pytest.mark.usefixtures("learned")
def test_credentials_that_change_are_used_at_once(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = client(server.url)
    connection = Connection(made)
    connection.send("GetItem", REQUEST)
    server.requests.clear()
    monkeypatch.setattr(made.by_botocore._credentials, "access_key", "new")
    monkeypatch.setattr(made.by_botocore._credentials, "token", "session")
    connection.send("GetItem", REQUEST)
    assert server.header("X-Amz-Security-Token") == ["session"]
    assert "Credential=new/" in server.header("Authorization")[0]


def test_without_credentials_botocore_says_so(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    connection = Connection(client(server.url, credentials=None))
    with pytest.raises(NoCredentialsError):
        connection.send("GetItem", REQUEST)


@pytest.mark.usefixtures("environment")
def test_a_client_that_somebody_listens_to_is_left_to_botocore(
    server: Scripted, sent: list[bytes]
) -> None:
    made = client(server.url)
    made.botocore.meta.events.register("before-sign.dynamodb", lambda **_: None)
    connection = Connection(made)
    for _ in range(3):
        assert connection.send("GetItem", REQUEST).body == ITEM
    assert sent == []


def test_a_proxy_is_left_to_botocore(
    server: Scripted, sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a proxy, which is the server itself
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "")
    connection = Connection(client("http://dynamodb.invalid:8000"))

    # When calls are made
    for _ in range(3):
        assert connection.send("GetItem", REQUEST).body == ITEM

    # Then each went to the proxy
    assert sent == []
    assert server.header("Host") == ["dynamodb.invalid:8000"] * 3


@pytest.mark.usefixtures("environment")
def test_a_handler_that_is_registered_later_is_heard(server: Scripted, sent: list[bytes]) -> None:
    made = client(server.url)
    connection = Connection(made)
    for _ in range(1 if is_plain(made) else 2):
        connection.send("GetItem", REQUEST)
    heard: list[str] = []
    made.botocore.meta.events.register_last(
        "before-send.dynamodb", lambda **said: heard.append(said["event_name"])
    )
    connection.send("GetItem", REQUEST)
    assert (len(sent), heard) == (1, ["before-send.dynamodb.GetItem"])


def test_an_endpoint_with_a_path_is_left_to_botocore(server: Scripted, sent: list[bytes]) -> None:
    connection = Connection(client(f"{server.url}/under"))
    for _ in range(2):
        connection.send("GetItem", REQUEST)
    assert sent == []


@pytest.mark.usefixtures("learned")
def test_a_client_certificate_is_left_to_botocore(
    server: Scripted, sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = client(server.url)
    monkeypatch.setattr(made.by_botocore._config, "client_cert", "/certificate.pem", raising=False)
    connection = Connection(made)
    for _ in range(2):
        connection.send("GetItem", REQUEST)
    assert sent == []


def test_another_transport_than_these_is_refused(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variables.TRANSPORT, "urllib3")
    with pytest.raises(KeylineError, match="KEYLINE_TRANSPORT: is 'urllib3'"):
        client(server.url)


def test_after_a_fault_successes_fill_botocore_s_quota(server: Scripted) -> None:
    # Given calls that have used up the quota of retries: 5 of 500 each, then nothing is repeated
    connection = Connection(client(server.url))
    connection.send("GetItem", REQUEST)
    for _ in range(60):
        server.steps.extend([refusal("ThrottlingException")] * ATTEMPTS)
        outcome(lambda: connection.send("GetItem", REQUEST))
        server.steps.clear()
    server.requests.clear()
    server.steps.extend([refusal("ThrottlingException")] * ATTEMPTS)
    server.requests.clear()
    outcome(lambda: connection.send("GetItem", REQUEST))
    assert len(server.requests) == 1
    server.steps.clear()

    # When as many succeed as one retry costs
    for _ in range(5):
        connection.send("GetItem", REQUEST)

    # Then one may be repeated
    server.requests.clear()
    server.steps.append(refusal("ThrottlingException"))
    assert connection.send("GetItem", REQUEST).retries == 1


def test_threads_share_connections_and_mix_nothing_up(server: Scripted) -> None:
    # Given a server that says what it was asked, but fails now and then
    server.answer = reply
    connection = Connection(client(server.url))
    connection.send("GetItem", REQUEST)
    server.steps.extend([refusal("ThrottlingException"), close] * 16)
    right: list[bool] = []

    def work(name: str) -> None:
        for number in range(40):
            asked = {"TableName": f"{name}-{number}"}
            told = outcome(partial(connection.send, "GetItem", asked))
            right.append(isinstance(told[0], str) or told[0] == msgspec.json.encode(asked))

    # When threads ask at once
    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    server.answer = lambda _: reply()

    # Then each is told of its own request
    assert right == [True] * 320


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return write_certificate(tmp_path)


@pytest.fixture
def secured(certificate: tuple[Path, Path]) -> Iterator[Scripted]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with scripted(context) as running:
        yield running


@pytest.mark.usefixtures("environment")
def test_the_authorities_of_the_environment_are_trusted(
    secured: Scripted,
    certificate: tuple[Path, Path],
    sent: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))
    made = client(f"https://127.0.0.1:{secured.port}")
    connection = Connection(made)
    for _ in range(3):
        assert connection.send("GetItem", REQUEST).body == ITEM
    assert len(sent) == (3 if is_plain(made) else 2)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_server_that_is_not_the_named_one_gets_no_request(
    secured: Scripted,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    # Given an authority that nobody trusts, or a certificate for another name
    if name == "localhost":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))
    made = client(f"https://{name}:{secured.port}")

    # When a request is to be sent, without botocore and with it
    first = made.first_attempt("GetItem", b"{}")
    assert isinstance(first.fault, TlsError)
    assert "CERTIFICATE_VERIFY_FAILED" in str(first.fault)
    with pytest.raises(NoReplyError):
        Connection(made).send("GetItem", REQUEST)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_RETRY_MODE", "standard")
        with pytest.raises(NoReplyError):
            Connection(client(made.by_botocore.client.meta.endpoint_url)).send("GetItem", REQUEST)

    # Then none arrives
    assert secured.requests == []
