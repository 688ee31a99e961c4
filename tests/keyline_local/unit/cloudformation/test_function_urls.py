"""Function URLs, and HTTP APIs that are written with their target alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Cors, Deployment
from tests.keyline_local.local_assembly import deployment

ARN = {"Fn::GetAtt": ["F", "Arn"]}
ROLE: dict[str, Any] = {"Type": "AWS::IAM::Role"}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"ZipFile": "x"},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Timeout": 60,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    },
}


def read(path: Path, outputs: dict[str, Any] | None = None, **more: Any) -> Deployment:
    template = {"Resources": {"Role": ROLE, "F": FUNCTION, **more}, "Outputs": outputs or {}}
    return deployment(path, {"Data": template})


def url(**properties: Any) -> dict[str, Any]:
    given = {"AuthType": "NONE", "TargetFunctionArn": ARN, **properties}
    return {"Type": "AWS::Lambda::Url", "Properties": given}


def quick(**properties: Any) -> dict[str, Any]:
    given = {"Name": "quick", "ProtocolType": "HTTP", "Target": ARN, **properties}
    return {"Type": "AWS::ApiGatewayV2::Api", "Properties": given}


def test_a_function_url_is_an_address_of_its_own(tmp_path: Path) -> None:
    outputs = {"Url": {"Value": {"Fn::GetAtt": ["U", "FunctionUrl"]}}}
    found = read(tmp_path, outputs, U=url(Cors={"AllowOrigins": ["*"], "MaxAge": 5}))
    (api,) = found.apis
    (route,) = api.routes
    assert (route.key, route.function, route.payload) == ("$default", "Data-F", "2.0")
    assert route.timeout > 60
    assert api.is_function_url
    assert isinstance(api.cors, Cors)
    assert (api.cors.allow_origins, api.cors.max_age) == (["*"], 5)
    assert found.outputs == {"Data.Url": "http://127.0.0.1:5/"}


def test_an_api_with_a_target_has_one_route_and_its_stage(tmp_path: Path) -> None:
    (api,) = read(tmp_path, Api=quick()).apis
    assert (api.stage, [route.key for route in api.routes]) == ("$default", ["$default"])
    (named,) = read(tmp_path / "named", Api=quick(RouteKey="GET /x")).apis
    assert [(route.key, route.function) for route in named.routes] == [("GET /x", "Data-F")]


def routed(**more: Any) -> dict[str, Any]:
    """Return an API with a route, whose integration has more properties."""
    integration = {
        "ApiId": {"Ref": "A"},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": ARN,
        "PayloadFormatVersion": "2.0",
    }
    target = {"Fn::Join": ["/", ["integrations", {"Ref": "I"}]]}
    route = {"ApiId": {"Ref": "A"}, "RouteKey": "GET /x", "Target": target}
    stage = {"ApiId": {"Ref": "A"}, "StageName": "$default", "AutoDeploy": True}
    parts: dict[str, dict[str, Any]] = {
        "Api": {"Name": "a", "ProtocolType": "HTTP"},
        "Integration": {**integration, **more},
        "Route": route,
        "Stage": stage,
    }
    return {
        name[0]: {"Type": f"AWS::ApiGatewayV2::{name}", "Properties": properties}
        for name, properties in parts.items()
    }


def test_a_route_reaches_its_function(tmp_path: Path) -> None:
    (api,) = read(tmp_path, **routed()).apis
    assert [(route.key, route.function) for route in api.routes] == [("GET /x", "Data-F")]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"U": url(AuthType="AWS_IAM")}, "AuthType 'AWS_IAM' is not supported"),
        ({"U": url(InvokeMode="RESPONSE_STREAM")}, "InvokeMode 'RESPONSE_STREAM'"),
        ({"U": url(TargetFunctionArn="other")}, "no stack defines the Lambda function"),
        ({"Api": quick(Target="https://example.com")}, "no stack defines the Lambda function"),
        ({"Api": quick(Target={"Ref": "AWS::NoValue"}, RouteKey="GET /x")}, "needs a Target"),
        (routed(RequestParameters={"append:header.x": "y"}), "RequestParameters"),
    ],
)
def test_what_could_not_be_honoured_is_refused(tmp_path: Path, more: Any, says: str) -> None:
    with pytest.raises(LocalPlatformError, match=says):
        read(tmp_path, **more)
