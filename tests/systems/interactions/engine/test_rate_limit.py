"""A client's window admits exactly as many requests as it says, however many come at once."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interactions.patterns import RATE_COUNT
from interactions.rate_limit import DynamoRateLimiter, LimitReachedError, Span, Usage
from interactions.system import SYSTEM
from keyline.run import OutcomeUnknownError, Store, UnavailableError, dynamodb_client
from tests.support.answers import intercept, refusal
from tests.support.engine import where
from tests.support.faults import Fault, FaultProxy, fault_proxy
from tests.support.soak import AT_LENGTH
from tests.systems.interactions.on_engine import MakeMediphant, Mediphant

REQUESTS = 10_000 if AT_LENGTH else 2_000
"""In all; 10,000 take a quarter of a minute."""
THREADS = 64
TEN = 4_102_480_800
"""2100-01-01T10:00:00Z: no window of the tests is over yet."""
HOUR = 3_600


def admitted(limiter: DynamoRateLimiter, client: str) -> bool:
    """Return whether a request is admitted."""
    try:
        limiter.admit(client)
    except LimitReachedError:
        return False
    return True


@pytest.mark.soak
@pytest.mark.requirement("M-19", "M-06")
def test_requests_at_once_admit_exactly_the_limit_of_each_client_and_window(
    mediphant: Mediphant,
) -> None:
    windows = [mediphant.limiter(TEN + HOUR * n + 1) for n in range(2)]
    asked = [(windows[n % 2], n // 2 % 2, f"client-{n % 4 // 2}") for n in range(REQUESTS)]

    def one(each: tuple[DynamoRateLimiter, int, str]) -> tuple[float, str, bool]:
        limiter, _, client = each
        return limiter.now(), client, admitted(limiter, client)

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(one, asked))

    count = Counter((now, client) for now, client, yes in answers if yes)
    assert count == {(w.now(), f"client-{n}"): 100 for w in windows for n in range(2)}
    rows = mediphant.rows("RATE_LIMIT")
    assert [row["count"]["N"] for row in rows] == ["100"] * 4


@pytest.mark.requirement("M-19", "M-20", "M-21", "M-22")
def test_a_window_is_stored_as_the_specification_writes_it_with_its_count_on_top(
    mediphant: Mediphant,
) -> None:
    for now in (TEN + 1, TEN + HOUR - 1):
        mediphant.limiter(now).admit("client")
    (row,) = mediphant.rows("RATE_LIMIT")
    assert (row["PK"]["S"], row["SK"]["S"]) == ("RATE_LIMIT#client", "WINDOW#2100-01-01T10:00:00Z")
    assert row["count"] == {"N": "2"}
    assert row["Data"]["M"] == {
        "windowStart": {"S": "2100-01-01T10:00:00Z"},
        "windowEnd": {"S": "2100-01-01T11:00:00Z"},
    }
    slack = mediphant.settings.rate_slack_seconds
    assert slack > 0
    assert int(row["TTL"]["N"]) == TEN + HOUR + slack
    assert "GSI1PK" not in row


@pytest.mark.requirement("M-24")
@pytest.mark.parametrize(("limit", "seconds"), [(3, 60), (1, 3600)])
def test_limit_and_window_are_settings(
    make_mediphant: MakeMediphant, limit: int, seconds: int
) -> None:
    mediphant = make_mediphant(rate_limit=limit, rate_window_seconds=seconds)
    for start in (TEN, TEN + seconds):
        found = [admitted(mediphant.limiter(start + n / 10), "client") for n in range(limit + 3)]
        assert found == [True] * limit + [False] * 3


@pytest.mark.requirement("M-19")
def test_usage_counts_down_and_says_when_the_window_ends(make_mediphant: MakeMediphant) -> None:
    mediphant = make_mediphant(rate_limit=2)
    first = mediphant.limiter(TEN + 600).admit("client")
    assert (first.remaining, first.reset) == (1, 3_000)
    assert first.headers == {
        "RateLimit-Policy": '"default";q=2;w=3600',
        "RateLimit": '"default";r=1;t=3000',
    }
    mediphant.limiter(TEN + 600.5).admit("client")
    with pytest.raises(LimitReachedError) as refused:
        mediphant.limiter(TEN + HOUR - 0.5).admit("client")
    assert refused.value.usage.reset == 1
    assert refused.value.usage.headers["RateLimit"] == '"default";r=0;t=1'


@pytest.mark.requirement("M-19")
def test_a_refused_request_counts_nothing_and_is_an_answer_rather_than_a_failure(
    make_mediphant: MakeMediphant,
) -> None:
    mediphant = make_mediphant(rate_limit=1)
    assert admitted(mediphant.limiter(TEN), "client")
    before = len(mediphant.meter.calls)
    assert not any(admitted(mediphant.limiter(TEN), "client") for _ in range(5))
    refused = mediphant.meter.calls[before:]
    assert [(call.pattern, call.failed) for call in refused] == [("rate-limit-count", False)] * 5
    (row,) = mediphant.rows("RATE_LIMIT")
    assert row["count"] == {"N": "1"}


@pytest.mark.requirement("M-23")
def test_the_current_window_is_read_and_never_an_older_one_that_is_still_stored(
    mediphant: Mediphant,
) -> None:
    for _ in range(7):
        mediphant.limiter(TEN + 1).admit("client")
    assert mediphant.limiter(TEN + 2).usage("client").count == 7
    later = mediphant.limiter(TEN + HOUR + 1).usage("client")
    assert (later.count, later.remaining) == (0, 100)
    assert later.span.name == "2100-01-01T11:00:00Z"
    reads = [call for call in mediphant.meter.calls if call.operation == "GetItem"]
    assert [call.read for call in reads] == [1.0, 1.0]  # consistent: not half a unit
    assert len(mediphant.rows("RATE_LIMIT")) == 1


@pytest.mark.requirement("M-21")
def test_a_window_that_is_over_still_counts_for_a_process_whose_clock_is_behind(
    make_mediphant: MakeMediphant,
) -> None:
    mediphant = make_mediphant(rate_limit=2, rate_window_seconds=60)
    behind = mediphant.limiter(time.time() // 60 * 60 - 1)
    assert behind.usage("client").span.end <= time.time()
    assert [admitted(behind, "client") for _ in range(4)] == [True, True, False, False]
    assert behind.usage("client").count == 2


@given(
    moments=st.lists(st.floats(0, 4_000_000_000), min_size=1, max_size=5),
    seconds=st.integers(1, 86_400),
)
def test_nobody_is_told_to_wait_longer_than_a_window_whatever_the_clock_says(
    moments: list[float], seconds: int
) -> None:
    for now in moments:
        span = Span.at(now, seconds)
        assert span.start <= now < span.end
        error = LimitReachedError(Usage(5, 5, span, now))
        assert 1 <= error.usage.reset <= seconds
        assert f"t={error.usage.reset}" in error.usage.headers["RateLimit"]


def test_a_database_that_does_not_answer_is_an_error_and_not_an_open_door(
    mediphant: Mediphant,
) -> None:
    limiter = mediphant.limiter(TEN)
    intercept(mediphant.client, lambda _: refusal("InternalServerError", 500))
    with pytest.raises(UnavailableError):
        limiter.admit("client")


def test_the_request_is_one_conditional_update(mediphant: Mediphant) -> None:
    mediphant.limiter(TEN).admit("client")
    (call,) = mediphant.meter.calls
    assert (call.pattern, call.operation) == (RATE_COUNT.name, "UpdateItem")


def behind(mediphant: Mediphant, proxy: FaultProxy) -> DynamoRateLimiter:
    """Return a limiter whose requests pass a proxy."""
    store = Store(
        system=SYSTEM,
        environment=mediphant.environment,
        settings=mediphant.settings,
        client=dynamodb_client(
            **{**where(proxy.url), "read_timeout": 20.0, "connect_timeout": 20.0}
        ),
    )
    return DynamoRateLimiter(store, mediphant.settings, lambda: TEN + 1)


@pytest.mark.soak
@pytest.mark.requirement("M-19")
@pytest.mark.parametrize("limit", [100, REQUESTS])
def test_a_request_whose_answer_is_lost_counts_at_most_as_often_as_it_is_sent(
    make_mediphant: MakeMediphant, limit: int
) -> None:
    mediphant, requests = make_mediphant(rate_limit=limit), REQUESTS // 4
    with fault_proxy(mediphant.endpoint, seed=3) as proxy:
        proxy.share, proxy.kinds = 0.2, (Fault.LOST,)
        limiter = behind(mediphant, proxy)

        def one(_: int) -> bool | None:
            try:
                return admitted(limiter, "client")
            except OutcomeUnknownError:
                return None

        with ThreadPoolExecutor(8) as threads:
            answers = Counter(threads.map(one, range(requests)))
    (row,) = mediphant.rows("RATE_LIMIT")
    counted, lost = int(row["count"]["N"]), proxy.failed[Fault.LOST, "UpdateItem"]
    assert lost > requests / 10
    assert answers[True] <= counted <= min(limit, requests + lost)


def test_a_window_that_is_full_when_the_answer_was_lost_admits_nobody(
    make_mediphant: MakeMediphant,
) -> None:
    mediphant = make_mediphant(rate_limit=1)
    with fault_proxy(mediphant.endpoint) as proxy:
        proxy.next(Fault.LOST)
        assert not admitted(behind(mediphant, proxy), "client")
    (row,) = mediphant.rows("RATE_LIMIT")
    assert row["count"]["N"] == "1"


COUNTED = (
    ("interactions", "POST /interactions"),
    ("interactions", "GET /sessions/{sessionId}/history"),
    ("faq", "GET /faq"),
)
"""The functions and their routes that count against the limit of a client."""


@pytest.mark.parametrize("phase", [1, 2, 3])
def test_every_address_of_a_network_counts_against_one_limit(
    phase: int, make_mediphant: MakeMediphant
) -> None:
    mediphant = make_mediphant(phase=phase, rate_limit=len(COUNTED))
    apis = {name: mediphant.app(name) for name in ("interactions", "faq")}
    session = apis["interactions"]("POST /sessions").body["sessionId"]
    body = {"medA": "warfarin", "medB": "ibuprofen", "sessionId": session}

    def ask(function: str, route: str, address: str) -> int:
        path = {"sessionId": session} if "{" in route else None
        sent = body if route.startswith("POST") else None
        query = "q=dose" if route == "GET /faq" else ""
        return apis[function](route, path, query=query, body=sent, address=address).status

    used = [ask(*each, f"2001:db8:7:7::{n:x}") for n, each in enumerate(COUNTED)]
    assert max(used) < 300
    spellings = ("2001:0DB8:7:7:0:0:0:FFFF", "2001:db8:7:7:ffff::1")
    refused = [ask(*each, address) for each in COUNTED for address in spellings]
    assert refused == [429] * len(refused)
    left = apis["interactions"]("GET /rate-limit", address="2001:db8:7:7:8::1").body["remaining"]
    assert left == 0
    assert ask(*COUNTED[0], "2001:db8:7:8::1") == 201
