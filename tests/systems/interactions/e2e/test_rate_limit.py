"""The limit of requests, met by many at once: exact for each client, whatever headers say."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.client import assert_problem
from tests.support.platform import Running, running_platform
from tests.support.soak import AT_LENGTH
from tests.systems.interactions.e2e.api import DATA, Api, fresh, of_kind
from tests.systems.interactions.e2e.variant import variant

pytestmark = pytest.mark.xdist_group("interactions")

LIMIT, WINDOW = 100, 86_400
THREADS = 64 if AT_LENGTH else 8
ADDRESSES = [f"127.0.0.{last}" for last in range(11, 15)]
REQUESTS = 10_000 if AT_LENGTH else 600
"""In all, the same number by each client."""
PRETENDED = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP", "Forwarded")


@pytest.fixture(scope="module")
def limited(
    root: Path, local_assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The system with the limit that it has on AWS, and windows of a UTC day."""
    folder = tmp_path_factory.mktemp("limited")
    changed = variant(local_assembly, folder, rate_limit=LIMIT, rate_window_seconds=WINDOW)
    with running_platform("interactions", root, folder, assembly=changed) as running:
        yield running


@pytest.fixture(scope="module")
def clients(limited: Running) -> Iterator[list[Api]]:
    """A client for each address."""
    with ExitStack() as stack:
        yield [stack.enter_context(Api(limited, address)) for address in ADDRESSES]


@pytest.fixture
def one_window() -> None:
    """Wait for the next window where the present one is about to end."""
    left = WINDOW - time.time() % WINDOW
    if left < 180:
        time.sleep(left)


def counts(running: Running) -> dict[str, int]:
    """Return what is stored of each client."""
    windows = of_kind(running, "RATE_LIMIT")
    found = {window["PK"]: int(window["count"]) for window in windows}
    assert len(found) == len(windows), "a second window has begun"
    return found


def _warm(running: Running) -> None:
    """Have as many processes started as take part, by a client that is not counted on.

    All start at once, and on few cores an answer of DynamoDB may be late then: the request is
    repeated, and may count twice.
    """
    with Api(running, "127.0.0.41") as client, ThreadPoolExecutor(THREADS) as pool:
        session = client.open()
        paths = [f"/sessions/{session}/history", "/faq?q=dose"] * (THREADS // 2)
        assert all(answer.is_success for answer in pool.map(lambda p: client.call("GET", p), paths))


@pytest.mark.soak
@pytest.mark.usefixtures("one_window")
@pytest.mark.requirement("M-19", "M-24", "M-25")
def test_each_client_is_admitted_exactly_as_often_as_the_limit_says(
    limited: Running, clients: list[Api]
) -> None:
    # Given more requests by each client than it may make, of all three kinds that are limited
    _warm(limited)
    sessions = [client.open() for client in clients]
    draw = random.Random(11)
    asked = [n % len(clients) for n in range(REQUESTS)]
    draw.shuffle(asked)

    def send(at: int) -> tuple[int, str, httpx.Response]:
        client, session = clients[at], sessions[at]
        # A client that pretends to be others, or somebody new each time, stays itself.
        other = draw.choice([*ADDRESSES, f"10.0.{draw.randrange(256)}.{draw.randrange(256)}"])
        pretended = {draw.choice(PRETENDED): draw.choice([other, f"for={other}"])}
        match draw.randrange(3):
            case 0:
                answer = client.send(session, "warfarin", fresh(), headers=pretended)
                return at, "check", answer
            case 1:
                path = f"/sessions/{session}/history"
                return at, "history", client.call("GET", path, headers=pretended)
            case _:
                return at, "search", client.call("GET", "/faq?q=dose", headers=pretended)

    # When they are sent by many threads at once
    before, searched = counts(limited), len(of_kind(limited, "FAQ_SEARCH"))
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(send, asked))

    # Then each client was admitted so often, and told how many were left: each number once
    left: dict[int, list[str]] = defaultdict(list)
    admitted: Counter[str] = Counter()
    for at, kind, answer in answers:
        assert answer.headers["ratelimit-policy"] == f'"default";q={LIMIT};w={WINDOW}'
        remaining = answer.headers["ratelimit"].split(";")[1]
        if answer.status_code in (200, 201):
            left[at].append(remaining)
            admitted[kind] += 1
        else:
            assert_problem(answer, 429, "client")
            assert remaining == "r=0"
            assert 1 <= int(answer.headers["retry-after"]) <= WINDOW
    for at in range(len(clients)):
        assert sorted(left[at]) == sorted(f"r={n}" for n in range(LIMIT)), ADDRESSES[at]

    # And that is what is counted, what was stored, and what a look at it says
    after = counts(limited)
    new = {client: count for client, count in after.items() if client not in before}
    assert sorted(new.values()) == [LIMIT] * len(clients)
    assert len(of_kind(limited, "QUERY")) == admitted["check"]
    assert len(of_kind(limited, "FAQ_SEARCH")) - searched == admitted["search"]
    for client in clients:
        seen = client.get("/rate-limit")
        assert (seen["count"], seen["remaining"], seen["limit"]) == (LIMIT, 0, LIMIT)

    # And no address is stored
    assert not [item for item in limited.items(DATA) if "127.0.0." in str(item)]
    assert counts(limited) == after


@pytest.mark.usefixtures("one_window")
@pytest.mark.requirement("M-25")
def test_a_look_at_the_limit_counts_nothing_and_is_of_the_address_alone(limited: Running) -> None:
    # Given two clients, one of which has made a request
    with Api(limited, "127.0.0.31") as client, Api(limited, "127.0.0.32") as other:
        session = client.open()
        client.check(session)

        # When both look, again and again and under other names, then each sees its own
        for name in PRETENDED:
            mine = client.call("GET", "/rate-limit", headers={name: "127.0.0.32"}).json()
            theirs = other.call("GET", "/rate-limit", headers={name: "127.0.0.31"}).json()
            assert (mine["count"], mine["remaining"]) == (1, LIMIT - 1)
            assert (theirs["count"], theirs["remaining"]) == (0, LIMIT)

        # And it is the address, not the user or the session, that is limited
        assert client.get("/rate-limit", client.user())["count"] == 1
        other.history(session)
        assert other.get("/rate-limit")["count"] == 1
