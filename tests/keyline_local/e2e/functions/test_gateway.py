"""An HTTP API over real sockets, with tokens of a real issuer and a real function behind it."""

from __future__ import annotations

import base64
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import PlainTextResponse
from starlette.routing import Route as Page

from keyline_local.api.gateway import MAX_BODY
from keyline_local.api.issuer import Issuer
from keyline_local.resources import Api, Authorizer, Cors, Route

if TYPE_CHECKING:
    from tests.keyline_local.e2e.functions.host import Host

HANDLER = """
    import json, os, time
    def handler(event, context):
        answer = json.loads(event.get("body") or "{}") if not event["isBase64Encoded"] else {}
        match answer:
            case {"sleep": seconds}: time.sleep(seconds)
            case {"raise": text}: raise ValueError(text)
            case {"answer": response}: return response
        return event
"""


def api(*routes: Route, **settings: Any) -> Api:
    defaults: dict[str, Any] = {"logical_id": "Api", "api_id": "abc", "name": "demo"}
    return Api(**{**defaults, "stage": "$default", "routes": routes, **settings})


def echo(key: str, **settings: Any) -> Route:
    return Route(key=key, function="demo", **settings)


class Served:
    """One API with the demo function, and a client of it."""

    def __init__(self, host: Host, served: Api, http: httpx.Client, **settings: Any) -> None:
        self.host = host
        self.functions = host.functions(host.function(HANDLER, **settings))
        self.gateway = host.gateway(served, self.functions, account="123456789012")
        self._http = http

    def send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return self._http.request(method, self.gateway.url + path, **kwargs)

    def answer(self, result: object) -> httpx.Response:
        return self.send("POST", "/", json={"answer": result})


def test_event_of_a_real_request(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("GET /a/{id}/{rest+}")), http)
    headers = [("x-multi", "1"), ("x-multi", "2"), ("cookie", "a=1; b=2")]
    response = served.send("GET", "/a/x%20%C3%A9/y/z?p=1&p=2&q=%26", headers=headers)
    event = response.json()
    assert response.headers["apigw-requestid"] == event["requestContext"]["requestId"]
    assert event["routeKey"] == "GET /a/{id}/{rest+}"
    assert event["rawPath"] == "/a/x é/y/z"
    assert event["rawQueryString"] == "p=1&p=2&q=%26"
    assert event["queryStringParameters"] == {"p": "1,2", "q": "&"}
    assert event["pathParameters"] == {"id": "x é", "rest": "y/z"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-multi"] == "1,2"
    assert event["requestContext"]["accountId"] == "123456789012"
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


def test_binary_both_ways_and_several_cookies(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("POST /")), http)
    sent = served.send("POST", "/", content=b"\x00\xff", headers={"content-type": "image/png"})
    assert sent.json()["isBase64Encoded"] is True
    assert base64.b64decode(sent.json()["body"]) == b"\x00\xff"
    body = base64.b64encode(b"\x89PNG\x00").decode()
    response = served.answer(
        {
            "statusCode": 201,
            "headers": {"content-type": "image/png"},
            "cookies": ["a=1; HttpOnly", "b=2"],
            "body": body,
            "isBase64Encoded": True,
        }
    )
    assert (response.status_code, response.content) == (201, b"\x89PNG\x00")
    assert response.headers["content-type"] == "image/png"
    assert response.headers.get_list("set-cookie") == ["a=1; HttpOnly", "b=2"]


def test_no_content_has_none_and_keeps_the_connection(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("POST /")), http)
    response = served.answer({"statusCode": 204, "body": "dropped"})
    assert (response.status_code, response.content) == (204, b"")
    assert "content-length" not in response.headers
    assert served.answer({"next": 1}).json() == {"next": 1}


def test_bare_json_is_a_200(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("POST /")), http)
    response = served.answer({"hello": "world"})
    assert (response.status_code, response.json()) == (200, {"hello": "world"})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("PUT", "/a"), ("GET", "/a/"), ("DELETE", "/")]
)
def test_unknown_path_and_wrong_method_are_not_found(
    host: Host, http: httpx.Client, method: str, path: str
) -> None:
    served = Served(host, api(echo("GET /a")), http)
    response = served.send(method, path)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "body", [{"raise": "secret detail"}, {"answer": {"statusCode": 200, "body": {"no": "string"}}}]
)
def test_failing_function_shows_no_internals(
    host: Host, http: httpx.Client, body: dict[str, Any]
) -> None:
    served = Served(host, api(echo("POST /")), http)
    response = served.send("POST", "/", json=body)
    log = str(host.folder / "logs" / "demo.log")
    expected = {"message": "Internal Server Error", "log": log}
    assert (response.status_code, response.json()) == (500, expected)
    assert served.send("POST", "/", json={}).status_code == 200


@pytest.mark.parametrize(
    "body", [{"raise": "secret detail"}, {"answer": {"statusCode": 200, "body": {"no": "string"}}}]
)
def test_the_url_of_a_failing_function_is_a_bad_gateway(
    host: Host, http: httpx.Client, body: dict[str, Any]
) -> None:
    served = Served(host, api(echo("$default"), is_function_url=True), http)
    response = served.send("POST", "/", json=body)
    log = str(host.folder / "logs" / "demo.log")
    expected = {"message": "Internal Server Error", "log": log}
    assert (response.status_code, response.json()) == (502, expected)
    assert served.send("POST", "/", json={}).status_code == 200


def test_the_url_of_a_function_that_runs_too_often_is_429(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("$default"), is_function_url=True), http, concurrency=0)
    response = served.send("GET", "/")
    assert (response.status_code, response.json()) == (429, {"message": "Rate Exceeded."})


def test_a_500_of_the_function_names_the_log_and_keeps_the_rest(
    host: Host, http: httpx.Client
) -> None:
    served = Served(host, api(echo("POST /")), http)
    log = str(host.folder / "logs" / "demo.log")
    headers = {"content-type": "application/problem+json"}
    own = {"statusCode": 500, "headers": headers, "body": json.dumps({"status": 500})}
    response = served.answer(own)
    assert response.json() == {"status": 500, "log": log}
    assert response.headers["content-type"] == "application/problem+json"
    for status, body in ((500, "no JSON"), (500, "[1]"), (503, "{}")):
        assert served.answer({"statusCode": status, "body": body}).text == body


def test_integration_timeout_is_503_and_the_function_runs_on(
    host: Host, http: httpx.Client
) -> None:
    served = Served(host, api(echo("POST /", timeout=0.3)), http, concurrency=1)
    response = served.send("POST", "/", json={"sleep": 1})
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    event = b'{"isBase64Encoded": false}'
    after = host.run(served.functions.invoke("demo", event, wait_for_slot=True))
    assert not after.cold


def test_a_request_that_outlasts_the_platform_is_503(
    host: Host, http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    served = Served(host, api(echo("POST /")), http)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.send, "POST", "/", json={"sleep": 9})
        while not served.gateway._integrations:
            time.sleep(0.01)
        host.run(served.gateway.stop())
        response = waiting.result()
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert [record for record in caplog.records if record.exc_info] == []


def test_function_without_free_concurrency_is_503(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("POST /")), http, concurrency=0)
    response = served.send("POST", "/", json={})
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


def test_size_limits(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("POST /")), http)
    text = {"content-type": "text/plain"}
    too_large = {"message": "Request Entity Too Large"}
    for size in (MAX_BODY + 1, 7 * 1024 * 1024):
        response = served.send("POST", "/", content=b"x" * size, headers=text)
        assert (response.status_code, response.json()) == (413, too_large)
    response = served.send("POST", "/", headers={"x-large": "x" * 10_300})
    assert response.status_code == 431
    assert served.send("POST", "/", json={"answer": 1}).text == "1"


def test_stage_throttle(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("GET /"), rate=0.001, burst=2), http)
    responses = [served.send("GET", "/") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[2].json() == {"message": "Too Many Requests"}


def test_cors_is_answered_by_the_api(host: Host, http: httpx.Client) -> None:
    cors = Cors(allow_origins=["https://app.example"], allow_methods=["POST"])
    served = Served(host, api(echo("POST /"), cors=cors), http)
    origin = {"origin": "https://app.example"}
    asked = {**origin, "access-control-request-method": "POST"}
    preflight = served.send("OPTIONS", "/", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "POST"
    own = {"statusCode": 200, "headers": {"access-control-allow-origin": "*"}}
    response = served.send("POST", "/", json={"answer": own}, headers=origin)
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    missing = served.send("POST", "/missing", headers=origin)
    assert missing.status_code == 404
    assert missing.headers["access-control-allow-origin"] == "https://app.example"


def test_named_stage_is_part_of_the_path(host: Host, http: httpx.Client) -> None:
    served = Served(host, api(echo("GET /a"), stage="v1"), http)
    assert served.gateway.url.endswith("/v1")
    event = served.send("GET", "/a").json()
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/v1/a", "v1")
    root = served.gateway.url.removesuffix("/v1")
    assert [http.get(root + path).status_code for path in ("/a", "/v2/a", "/")] == [404] * 3


def test_access_log_follows_its_format(host: Host, http: httpx.Client) -> None:
    form = '{"id":"$context.requestId","status":$context.status,"route":"$context.routeKey"}'
    served = Served(host, api(echo("GET /a"), access_log_format=form), http)
    found, missing = served.send("GET", "/a"), served.send("GET", "/b")
    lines = [json.loads(line.text) for line in host.logs.lines if line.source == "demo.access"]
    assert lines == [
        {"id": found.headers["apigw-requestid"], "status": 200, "route": "GET /a"},
        {"id": missing.headers["apigw-requestid"], "status": 404, "route": "-"},
    ]


def test_half_of_a_body_is_handed_to_no_function(host: Host, http: httpx.Client) -> None:
    form = '{"status":$context.status,"invoked":"$context.integrationStatus"}'
    served = Served(host, api(echo("POST /"), access_log_format=form), http)
    with socket.create_connection(("127.0.0.1", served.gateway.port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    host.run(served.gateway.stop())  # it waits for what it serves
    lines = [json.loads(line.text) for line in host.logs.lines if line.source == "demo.access"]
    assert lines == [{"status": 400, "invoked": "-"}]


def test_pages_under_the_reserved_prefix(host: Host, http: httpx.Client) -> None:
    async def page(_: object) -> PlainTextResponse:
        return PlainTextResponse("page")

    functions = host.functions(host.function(HANDLER))
    gateway = host.gateway(api(echo("$default")), functions, extra_routes=[Page("/docs", page)])
    assert http.get(f"{gateway.url}/_keyline/docs").text == "page"
    assert http.get(f"{gateway.url}/other").json()["routeKey"] == "$default"


class TestTokens:
    """The JWT authorizer against a running issuer."""

    @pytest.fixture
    def issuer(self, host: Host) -> Issuer:
        return host.issuer()

    @pytest.fixture
    def served(self, host: Host, http: httpx.Client, issuer: Issuer) -> Served:
        authorizer = Authorizer(
            logical_id="Jwt", name="jwt", issuer=issuer.url, audience=["api", "api-2"]
        )
        routes = [
            echo("GET /me", authorizer=authorizer),
            echo("GET /write", authorizer=authorizer, scopes=["write", "admin"]),
            echo("GET /open"),
        ]
        return Served(host, api(*routes), http)

    def get(self, served: Served, path: str, token: str | None) -> httpx.Response:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return served.send("GET", path, headers=headers)

    def test_good_token_passes_with_its_claims(self, served: Served, issuer: Issuer) -> None:
        token = issuer.mint("tutor-1", audience="api-2", claims={"roles": ["a", "b"]})
        context = self.get(served, "/me", token).json()["requestContext"]
        claims = context["authorizer"]["jwt"]["claims"]
        assert (claims["sub"], claims["roles"], claims["aud"]) == ("tutor-1", "[a b]", "api-2")
        assert claims["exp"].isdigit()
        assert "authorizer" not in self.get(served, "/open", None).json()["requestContext"]

    def test_client_id_stands_in_for_a_missing_audience_only(
        self, served: Served, issuer: Issuer
    ) -> None:
        alone = issuer.mint("me", claims={"client_id": "api"})
        beside = issuer.mint("me", audience="other", claims={"client_id": "api"})
        assert self.get(served, "/me", alone).status_code == 200
        assert self.get(served, "/me", beside).status_code == 401

    def test_one_required_scope_is_enough(self, served: Served, issuer: Issuer) -> None:
        token = issuer.mint("me", audience="api", scopes=["read", "admin"])
        jwt_context = self.get(served, "/write", token).json()["requestContext"]["authorizer"][
            "jwt"
        ]
        assert jwt_context["scopes"] == ["admin"]
        refused = self.get(served, "/write", issuer.mint("me", audience="api", scopes=["read"]))
        assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})
        assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]

    def test_no_token(self, served: Served) -> None:
        response = self.get(served, "/me", None)
        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
        assert response.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"aud": "other"}, "valid audience"),
            ({"aud": None}, "valid audience"),
            ({"exp": 1_700_000_000}, "expired"),
            ({"exp": None}, "lacks a required claim"),
            ({"nbf": 4_000_000_000}, "not valid yet"),
            ({"iat": 4_000_000_000}, "not valid yet"),
            ({"iss": "http://127.0.0.1:1"}, "valid issuer"),
        ],
    )
    def test_wrong_claims(
        self, served: Served, issuer: Issuer, claims: dict[str, Any], reason: str
    ) -> None:
        response = self.get(served, "/me", issuer.mint("me", audience="api", claims=claims))
        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
        assert reason in response.headers["www-authenticate"]

    def test_forged_tokens(self, served: Served, issuer: Issuer) -> None:
        good = issuer.mint("me", audience="api")
        header = jwt.get_unverified_header(good)
        claims = jwt.decode(good, options={"verify_signature": False})
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_id = {"kid": header["kid"]}
        head, body, signature = good.split(".")
        other_body = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "root"}).encode())
        forged = {
            "other key, same id": jwt.encode(claims, stranger, "RS256", headers=key_id),
            "unknown key id": jwt.encode(claims, stranger, "RS256", headers={"kid": "x"}),
            "no key id": jwt.encode(claims, stranger, "RS256"),
            "none": jwt.encode(claims, "", "none", headers=key_id),
            "symmetric": jwt.encode(claims, "k" * 32, "HS256", headers=key_id),
            "changed body": f"{head}.{other_body.decode().rstrip('=')}.{signature}",
            "no signature": f"{head}.{body}.",
            "no token": "x",
        }
        statuses = {
            name: self.get(served, "/me", token).status_code for name, token in forged.items()
        }
        assert statuses == dict.fromkeys(forged, 401)
        assert self.get(served, "/me", good).status_code == 200

    def test_expiry_is_judged_at_the_time_of_the_request(
        self, served: Served, issuer: Issuer
    ) -> None:
        token = issuer.mint("me", audience="api", expires=2)
        assert self.get(served, "/me", token).status_code == 200
        while time.time() < jwt.decode(token, options={"verify_signature": False})["exp"]:
            time.sleep(0.05)
        assert self.get(served, "/me", token).status_code == 401

    def test_unreachable_issuer_refuses_instead_of_failing(
        self, host: Host, http: httpx.Client, issuer: Issuer
    ) -> None:
        nowhere = Authorizer(
            logical_id="Jwt", name="jwt", issuer="http://127.0.0.1:1", audience=["api"]
        )
        served = Served(host, api(echo("GET /me", authorizer=nowhere)), http)
        token = replace_issuer(issuer, nowhere.issuer).mint("me", audience="api")
        response = self.get(served, "/me", token)
        assert response.status_code == 401
        assert "OIDC discovery" in response.headers["www-authenticate"]


def replace_issuer(issuer: Issuer, url: str) -> Issuer:
    """Return the same key under another `iss`."""
    issuer.url = url
    return issuer
