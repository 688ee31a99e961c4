"""Route selection: the documented priorities of HTTP APIs."""

import pytest

from keyline_local.api.http_routes import RouteTable
from keyline_local.resources import Route

# The example of "Create routes for HTTP APIs" in API Gateway's developer guide.
GUIDE = [
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "ANY /{proxy+}",
    "$default",
]


def select(keys: list[str], method: str, path: str) -> tuple[str, dict[str, str]] | None:
    match = RouteTable([Route(key=key, function="f") for key in keys]).select(method, path)
    return None if match is None else (match.route.key, dict(match.parameters))


@pytest.mark.parametrize("keys", [GUIDE, GUIDE[::-1]], ids=["as declared", "reversed"])
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/pets/dog/1", ("GET /pets/dog/1", {})),
        ("GET", "/pets/dog/2", ("GET /pets/dog/{id}", {"id": "2"})),
        ("GET", "/pets/cat/1", ("GET /pets/{proxy+}", {"proxy": "cat/1"})),
        ("POST", "/test/5", ("ANY /{proxy+}", {"proxy": "test/5"})),
        ("POST", "/pets/dog/1", ("ANY /{proxy+}", {"proxy": "pets/dog/1"})),
        ("GET", "/", ("$default", {})),
    ],
)
def test_most_specific_route_wins_whatever_the_order(
    keys: list[str], method: str, path: str, expected: tuple[str, dict[str, str]]
) -> None:
    assert select(keys, method, path) == expected


def test_named_method_goes_before_any_at_the_same_path() -> None:
    assert select(["ANY /a", "GET /a"], "GET", "/a") == ("GET /a", {})
    assert select(["ANY /a", "GET /a"], "PUT", "/a") == ("ANY /a", {})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/a"), ("GET", "/a/"), ("GET", "/b"), ("GET", "/a/b"), ("GET", "/")],
)
def test_wrong_method_trailing_slash_and_unknown_path_match_nothing(method: str, path: str) -> None:
    assert select(["GET /a"], method, path) is None


@pytest.mark.parametrize("path", ["/pets", "/pets/"])
def test_greedy_variable_needs_something_to_match(path: str) -> None:
    assert select(["GET /pets/{proxy+}"], "GET", path) is None


def test_variable_never_spans_or_is_empty() -> None:
    assert select(["GET /a/{id}/c"], "GET", "/a//c") is None
    assert select(["GET /a/{id}/c"], "GET", "/a/1/2/c") is None
    assert select(["GET /a/{id}/{x}"], "GET", "/a/1/2") == (
        "GET /a/{id}/{x}",
        {"id": "1", "x": "2"},
    )
