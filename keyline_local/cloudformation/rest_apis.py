"""REST APIs of the templates: the methods of their resources, with what integrates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyline_local.cloudformation.http_apis import expect, function_of, parts
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Answer, Api, Function, Route

RESOURCE = "AWS::ApiGateway::Resource"
METHOD = "AWS::ApiGateway::Method"
DEPLOYMENT = "AWS::ApiGateway::Deployment"
REST_STAGE = "AWS::ApiGateway::Stage"

_API = "RestApiId"
_TIMEOUT = 29.0  # seconds; the service's default and maximum
_HEADER = "method.response.header."


def rest_api(templates: Templates, api: Resource, functions: Named[Function]) -> Api:
    """Return a REST API.

    Raises
    ------
    LocalPlatformError
        A method has an authorizer or an API key, or another integration than a function or a
        constant answer.
    """
    properties = templates.properties(api)
    check_properties(api.type, properties, api.path)
    identity = templates.identity(api)
    stage, throttle = _stage(templates, api, identity.ref)
    paths = _paths(templates, identity.ref, identity.attributes["RootResourceId"])
    rate, burst = throttle.get("ThrottlingRateLimit"), throttle.get("ThrottlingBurstLimit")
    name = str(properties.get("Name", api.logical_id))
    return Api(
        logical_id=api.logical_id,
        api_id=identity.ref,
        name=name,
        title=properties.get("Description", name),
        stage=stage,
        routes=[
            _route(resource, method, paths, functions)
            for resource, method in parts(templates, METHOD, _API, identity.ref)
        ],
        rate=None if rate is None else float(rate),
        burst=None if burst is None else int(burst),
        is_rest=True,
        binary_types=properties.get("BinaryMediaTypes", []),
    )


def _stage(templates: Templates, api: Resource, api_id: str) -> tuple[str, Mapping[str, Any]]:
    """Return the name of the stage, and the settings of all its methods."""
    found = [each for _, each in parts(templates, REST_STAGE, _API, api_id)]
    if not found:
        deployments = [
            templates.properties(each)
            for each in templates.resources(DEPLOYMENT)
            if templates.properties(each)[_API] == api_id
        ]
        found = [each for each in deployments if "StageName" in each]
    if len(found) != 1:
        raise LocalPlatformError(
            api.path,
            f"the API has {len(found)} stages; the local platform serves exactly one",
            "give the API one stage",
        )
    settings = found[0].get("MethodSettings", [])
    for each in settings:
        if (each.get("ResourcePath"), each.get("HttpMethod")) != ("/*", "*"):
            raise LocalPlatformError(
                f"{api.path}",
                "the settings of a single method are not supported",
                "set them for the stage, by ResourcePath /* and HttpMethod *",
            )
    return str(found[0]["StageName"]), settings[0] if settings else {}


def _paths(templates: Templates, api_id: str, root: str) -> dict[str, str]:
    """Return the path of each resource by its id."""
    above = {
        templates.identity(resource).ref: (properties["ParentId"], properties["PathPart"])
        for resource, properties in parts(templates, RESOURCE, _API, api_id)
    }

    def path_of(key: str) -> str:
        if key == root:
            return ""
        parent, part = above[key]
        return f"{path_of(parent)}/{part}"

    return {root: "/", **{key: path_of(key) for key in above}}


def _route(
    resource: Resource,
    method: Mapping[str, Any],
    paths: Mapping[str, str],
    functions: Named[Function],
) -> Route:
    expect({"AuthorizationType": "NONE", **method}, "AuthorizationType", "NONE", resource.path)
    expect({"ApiKeyRequired": False, **method}, "ApiKeyRequired", False, resource.path)
    key = f"{method['HttpMethod']} {paths[method['ResourceId']]}"
    integration = method["Integration"]
    path = f"{resource.path}/Properties/Integration"
    if integration["Type"] == "MOCK":
        return Route(key=key, answer=_answer(integration, path))
    if integration["Type"] != "AWS_PROXY":
        raise LocalPlatformError(
            f"{path}/Type",
            f"the integration {integration['Type']!r} is not supported",
            "use AWS_PROXY: a function that is handed the whole request",
        )
    timeout = integration.get("TimeoutInMillis")
    return Route(
        key=key,
        function=function_of(integration["Uri"], functions, f"{path}/Uri").name,
        timeout=_TIMEOUT if timeout is None else float(timeout) / 1000,
    )


def _answer(integration: Mapping[str, Any], path: str) -> Answer:
    responses = integration.get("IntegrationResponses", [])
    if len(responses) != 1 or any(responses[0].get("ResponseTemplates", {}).values()):
        raise LocalPlatformError(
            f"{path}/IntegrationResponses",
            "a constant answer has one response, without templates",
            "have a function answer; for CORS, allow one origin or all",
        )
    parameters = responses[0].get("ResponseParameters", {})
    headers = {
        name.removeprefix(_HEADER): value[1:-1]
        for name, value in parameters.items()
        if name.startswith(_HEADER) and value[:1] == value[-1:] == "'"
    }
    if len(headers) != len(parameters):
        raise LocalPlatformError(
            f"{path}/IntegrationResponses/0/ResponseParameters",
            "a constant answer has constant headers only",
            "have a function answer",
        )
    return Answer(status=int(responses[0]["StatusCode"]), headers=headers)
