from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Answer, Api
from tests.keyline_local.local_assembly import deployment

API = {"RestApiId": {"Ref": "Api"}}
FUNCTION: dict[str, Any] = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"ZipFile": "x"},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    },
}
URI = {
    "Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations"
}


def gateway(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::ApiGateway::{kind}", "Properties": properties}


def method(resource: Any, verb: str, integration: dict[str, Any], **more: Any) -> dict[str, Any]:
    return gateway(
        "Method", **API, ResourceId=resource, HttpMethod=verb, Integration=integration, **more
    )


def preflight(**more: Any) -> dict[str, Any]:
    headers = {"method.response.header.Access-Control-Allow-Origin": "'*'"}
    response = {"StatusCode": "204", "ResponseParameters": headers, **more}
    return {"Type": "MOCK", "IntegrationResponses": [response]}


def read(path: Path, **more: Any) -> Api:
    root = {"Fn::GetAtt": ["Api", "RootResourceId"]}
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
        "F": FUNCTION,
        "Api": gateway("RestApi", Name="orders"),
        "Stage": gateway("Stage", **API, StageName="prod", DeploymentId={"Ref": "Deployment"}),
        "Deployment": gateway("Deployment", **API),
        "Orders": gateway("Resource", **API, ParentId=root, PathPart="orders"),
        "Order": gateway("Resource", **API, ParentId={"Ref": "Orders"}, PathPart="{id}"),
        "Get": method({"Ref": "Order"}, "GET", {"Type": "AWS_PROXY", "Uri": URI}),
        "Any": method(root, "ANY", {"Type": "AWS_PROXY", "Uri": URI, "TimeoutInMillis": 5000}),
        "Cors": method({"Ref": "Orders"}, "OPTIONS", preflight()),
        **more,
    }
    (api,) = deployment(path, {"Data": {"Resources": resources}}).apis
    return api


def test_methods_become_routes_with_their_paths(tmp_path: Path) -> None:
    api = read(tmp_path)
    assert (api.name, api.stage, api.is_rest, api.rate) == ("orders", "prod", True, None)
    assert [(r.key, r.function, r.timeout) for r in api.routes] == [
        ("GET /orders/{id}", "Data-F", 29.0),
        ("ANY /", "Data-F", 5.0),
        ("OPTIONS /orders", "", 30.0),
    ]
    headers = {"Access-Control-Allow-Origin": "*"}
    assert api.routes[2].answer == Answer(status=204, headers=headers)


def test_the_throttle_of_the_stage_is_honoured(tmp_path: Path) -> None:
    settings = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": 5,
        "ThrottlingBurstLimit": "7",
    }
    stage = gateway("Stage", **API, StageName="prod", MethodSettings=[settings])
    api = read(tmp_path, Stage=stage)
    assert (api.rate, api.burst) == (5.0, 7)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Get": method("x", "GET", {"Type": "AWS", "Uri": URI})}, "another form"),
        (
            {"Get": method({"Ref": "Order"}, "GET", {"Type": "AWS", "Uri": URI})},
            "the integration 'AWS' is not supported",
        ),
        (
            {
                "Get": method(
                    {"Ref": "Order"},
                    "GET",
                    {"Type": "AWS_PROXY", "Uri": URI},
                    AuthorizationType="AWS_IAM",
                )
            },
            "AuthorizationType 'AWS_IAM'",
        ),
        (
            {
                "Get": method(
                    {"Ref": "Order"}, "GET", {"Type": "AWS_PROXY", "Uri": URI}, ApiKeyRequired=True
                )
            },
            "ApiKeyRequired True",
        ),
        (
            {
                "Cors": method(
                    {"Ref": "Orders"}, "OPTIONS", preflight(ResponseTemplates={"a/b": "#set($x)"})
                )
            },
            "one response, without templates",
        ),
        ({"Second": gateway("Stage", **API, StageName="dev")}, "2 stages"),
        ({"Api": gateway("RestApi", Name="orders", Body={})}, "Body of AWS::ApiGateway::RestApi"),
        ({"Model": gateway("Model", **API)}, "AWS::ApiGateway::Model"),
        (
            {"Stage": gateway("Stage", **API, StageName="prod", Variables={"a": "b"})},
            "Variables of AWS::ApiGateway::Stage",
        ),
    ],
)
def test_what_could_not_be_honoured_is_refused(
    tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalPlatformError) as caught:
        read(tmp_path, **more)
    assert message in caught.value.message
    assert caught.value.suggestion
