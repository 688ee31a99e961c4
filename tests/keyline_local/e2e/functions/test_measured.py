"""Test that the platform measures of functions and APIs what Lambda and HTTP APIs publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_local.lambdas.functions import ThrottledError
from keyline_local.resources import Api, Route
from keyline_local.services.metric_store import MetricStore
from tests.keyline_local.measured import total

if TYPE_CHECKING:
    from tests.keyline_local.e2e.functions.host import Host

HANDLER = """
    def handler(event, context):
        if event.get("rawPath") == "/bad" or event.get("bad"):
            raise ValueError("bad")
        return {"statusCode": 404 if event.get("rawPath") == "/none" else 200}
"""


def totals(store: MetricStore) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {(metric.name, metric.dimensions): total(store, metric) for metric in store.metrics()}


def test_functions_and_requests_are_counted_as_aws_counts_them(
    host: Host, http: httpx.Client
) -> None:
    store = MetricStore()
    functions = host.functions(host.function(HANDLER), metrics=store)
    routes = [Route(key=f"GET /{path}", function="demo") for path in ("good", "bad", "none")]
    api = Api(logical_id="Http", api_id="abc", name="demo", stage="$default", routes=routes)
    gateway = host.gateway(api, functions, metrics=store)

    for path in ("good", "bad", "none", "unknown"):
        http.get(f"{gateway.url}/{path}")

    found = totals(store)
    of_function, of_api = frozenset({("FunctionName", "demo")}), frozenset({("ApiId", "Http")})
    assert found["Invocations", of_function] == 3
    assert found["Errors", of_function] == 1
    assert found["Duration", of_function] > 0
    assert (found["Count", of_api], found["4xx", of_api], found["5xx", of_api]) == (4, 2, 1)
    assert found["Latency", of_api] > 0

    # And an alarm can watch each of them
    catalogue = MetricCatalogue([])
    for metric in store.metrics():
        names = [name for name, _ in metric.dimensions]
        assert catalogue.fault(metric.namespace, metric.name, names) is None


def test_an_invocation_that_is_refused_is_a_throttle_and_no_invocation(host: Host) -> None:
    store = MetricStore()
    functions = host.functions(host.function(HANDLER, concurrency=0), metrics=store)
    with pytest.raises(ThrottledError):
        host.invoke(functions)
    found: Any = {name: value for (name, _), value in totals(store).items()}
    assert found == {"ConcurrentExecutions": 1, "Throttles": 1}
