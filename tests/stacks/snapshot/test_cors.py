"""Test what the APIs of every environment let browsers send and read."""

from __future__ import annotations

import pytest

from keyline.model.http_headers import PREFLIGHT_SECONDS, REQUEST_HEADERS, RESPONSE_HEADERS
from tests.support.templates import ENVIRONMENTS, Templates

API = "AWS::ApiGatewayV2::Api"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_cors_allows_what_is_read_and_exposes_what_is_sent(
    environment: str, templates: Templates
) -> None:
    found = [
        resource["Properties"]["CorsConfiguration"]
        for template in templates(environment).values()
        for resource in template["Resources"].values()
        if resource["Type"] == API
    ]
    assert found
    for cors in found:
        assert cors["AllowHeaders"] == [*REQUEST_HEADERS]
        assert cors["ExposeHeaders"] == [*RESPONSE_HEADERS]
        assert cors["MaxAge"] == PREFLIGHT_SECONDS
