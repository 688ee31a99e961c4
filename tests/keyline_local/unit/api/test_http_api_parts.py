"""CORS, throttle, access log and identity source of an HTTP API."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline_local.api import access_log, cors
from keyline_local.api.authorizer import identity
from keyline_local.api.http_event import HttpResponse
from keyline_local.api.throttle import Throttle
from keyline_local.resources import Cors

CORS = Cors(
    allow_origins=["https://app.example", "http://*"],
    allow_methods=["GET", "POST"],
    allow_headers=["authorization"],
    expose_headers=["etag"],
    allow_credentials=True,
    max_age=60,
)


def test_preflight_of_an_allowed_origin() -> None:
    response = cors.preflight(CORS, {"origin": "https://app.example"})
    assert response.status == 204
    assert dict(response.headers) == {
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "60",
        "access-control-allow-credentials": "true",
    }


def test_preflight_of_another_origin_grants_nothing() -> None:
    assert cors.preflight(CORS, {"origin": "https://evil.example"}) == HttpResponse(204, [], b"")


@pytest.mark.parametrize(
    ("origins", "origin", "expected"),
    [
        (["*"], "https://any.example", "*"),
        (["http://*"], "http://any.example", "http://any.example"),
        (["http://*"], "https://any.example", None),
        (["https://a"], "https://a.evil", None),
    ],
)
def test_origin_patterns(origins: list[str], origin: str, expected: str | None) -> None:
    response = cors.decorate(
        replace(CORS, allow_origins=origins), origin, HttpResponse(200, [], b"")
    )
    assert dict(response.headers).get("access-control-allow-origin") == expected


def test_cors_headers_of_the_function_are_replaced() -> None:
    own = HttpResponse(200, [("access-control-allow-origin", "*"), ("x-a", "1")], b"")
    assert cors.decorate(CORS, "https://evil.example", own).headers == [("x-a", "1")]


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("OPTIONS", {"origin": "o", "access-control-request-method": "PUT"}, True),
        ("OPTIONS", {"origin": "o"}, False),
        ("GET", {"origin": "o", "access-control-request-method": "PUT"}, False),
    ],
)
def test_what_counts_as_preflight(method: str, headers: dict[str, str], expected: bool) -> None:
    assert cors.is_preflight(method, headers) is expected


def test_throttle_refills_at_its_rate_up_to_the_burst() -> None:
    now = [0.0]
    throttle = Throttle(rate=10, burst=3, clock=lambda: now[0])
    assert [throttle.admit() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.1
    assert [throttle.admit() for _ in range(2)] == [True, False]
    now[0] = 60.0
    assert [throttle.admit() for _ in range(4)] == [True, True, True, False]


@given(
    steps=st.lists(st.floats(min_value=0, max_value=2), max_size=60),
    rate=st.floats(min_value=0.1, max_value=50),
    burst=st.integers(min_value=1, max_value=20),
)
def test_throttle_never_admits_more_than_burst_and_rate_allow(
    steps: list[float], rate: float, burst: int
) -> None:
    now = [0.0]
    throttle = Throttle(rate, burst, clock=lambda: now[0])
    admitted = 0
    for step in steps:
        now[0] += step
        admitted += throttle.admit()
    assert admitted <= burst + rate * now[0] + 1e-6


def test_access_log_fills_in_variables_and_dashes() -> None:
    line = access_log.render(
        '{"id":"$context.requestId","sub":"$context.authorizer.claims.sub",'
        '"len":$context.responseLength,"e":"$context.error.message."}',
        {"requestId": "r", "authorizer.claims.sub": "s", "responseLength": 0},
    )
    assert line == '{"id":"r","sub":"s","len":0,"e":"-."}'


@pytest.mark.parametrize(
    ("sources", "headers", "query", "expected"),
    [
        (["$request.header.Authorization"], {"authorization": "Bearer t"}, "", "t"),
        (["$request.header.Authorization"], {"authorization": "bearer t"}, "", "t"),
        (["$request.header.Authorization"], {"authorization": "t"}, "", "t"),
        (["$request.header.Authorization"], {}, "access=t", None),
        (["$request.querystring.access"], {}, "a=1&access=t", "t"),
        (["$request.header.X", "$request.querystring.access"], {}, "access=t", "t"),
    ],
)
def test_identity_sources(
    sources: list[str], headers: dict[str, str], query: str, expected: str | None
) -> None:
    assert identity(sources, headers, query) == expected
