"""The canary's requests through the APIs of a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
import pytest

from keyline_deploy.systems import systems
from keyline_ops.smoke.request import smoke_requests
from keyline_ops.smoke.run import try_systems
from tests.support.deploy.deployment import ENVIRONMENT, DeployedApi, Deployment

pytestmark = pytest.mark.deploy


def test_each_system_answers_the_canary_and_refuses_a_forged_token(
    deployment: Deployment,
) -> None:
    def send(url: str, headers: Mapping[str, str]) -> httpx.Response:
        parts = urlsplit(url)  # no resolver knows the API's name, so it is sent as a header
        address = f"{deployment.emulator.url}{parts.path}"
        told = {**headers, "Host": parts.netloc}
        return deployment.http.get(address, params=parts.query, headers=told)

    requests = smoke_requests(systems())
    urls = {
        request.system: output["OutputValue"]
        for request in requests
        for output in deployment.stack(f"{request.system}-service-{ENVIRONMENT}")["Outputs"]
        if output["OutputKey"] == "ApiUrl"
    }
    declared = {system.name: system for system in systems()}
    for request in requests:
        api = DeployedApi(deployment, declared[request.system])
        token = api.token("keyline-canary", claims={"cognito:groups": ["staff"]})
        (outcome,) = try_systems([request], urls, token, send)
        assert outcome.fault == "", (request, outcome)
        (forged,) = try_systems([request], urls, f"{token[:-4]}AAAA", send)
        assert "refuses the canary with 401" in forged.fault
