"""HTTP APIs of the templates: routes joined with integration, authorizer and stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from keyline_local.cloudformation.assembly import Assembly
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import as_flag
from keyline_local.cloudformation.templates import HTTP_API, Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Api, Authorizer, Cors, Function, Route

STAGE = "AWS::ApiGatewayV2::Stage"
ROUTE = "AWS::ApiGatewayV2::Route"
INTEGRATION = "AWS::ApiGatewayV2::Integration"
AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"

_INVOCATION = re.compile(r".*/functions/(.+)/invocations")
_INTEGRATION_TIMEOUT = 30.0  # seconds; the service's default and maximum


def function_of(arn: str, functions: Mapping[str, Function], path: str) -> Function:
    """Return the function an ARN names, a version or alias at its end left aside.

    Raises
    ------
    LocalPlatformError
        No function of the assembly has this ARN or name.
    """
    match = _INVOCATION.fullmatch(arn)
    plain = match[1] if match else arn
    name = plain.split(":")[6] if plain.startswith("arn:") and plain.count(":") > 5 else plain
    if name not in functions:
        raise LocalPlatformError(
            path,
            f"no stack defines the Lambda function {plain!r}",
            f"functions of the app: {', '.join(sorted(functions)) or 'none'}",
        )
    return functions[name]


def api_names(assembly: Assembly) -> list[str]:
    """Return the names of the HTTP APIs as the templates write them, in the order of `http_apis`.

    They are known before the addresses are, which a name that is not plain text may depend on:
    such an API has its logical id here.
    """
    return [
        name if isinstance(name := resource.get("Properties", {}).get("Name"), str) else logical_id
        for stack in assembly.stacks
        for logical_id, resource in stack.section("Resources").items()
        if resource.get("Type") == HTTP_API
    ]


def http_apis(templates: Templates, functions: Mapping[str, Function]) -> list[Api]:
    """Return the HTTP APIs.

    Parameters
    ----------
    functions
        The assembly's functions by name.

    Raises
    ------
    LocalPlatformError
        An API is not an HTTP API, or an integration, authorizer or stage is of an unsupported kind.
    """
    return templates.read(lambda api: _api(templates, api, functions), HTTP_API)


def _api(templates: Templates, api: Resource, functions: Mapping[str, Function]) -> Api:
    properties = _checked(templates, api)
    _expect(properties, "ProtocolType", "HTTP", api.path)
    api_id = templates.identity(api).ref
    stage, stage_path = _stage(templates, api, api_id)
    throttle = stage.get("DefaultRouteSettings", {})
    rate, burst = throttle.get("ThrottlingRateLimit"), throttle.get("ThrottlingBurstLimit")
    if not as_flag(stage.get("AutoDeploy", False), f"{stage_path}/Properties/AutoDeploy"):
        raise LocalPlatformError(
            stage_path, "a stage without AutoDeploy needs a Deployment", "set AutoDeploy to true"
        )
    return Api(
        logical_id=api.logical_id,
        api_id=api_id,
        name=properties["Name"],
        title=properties.get("Description", properties["Name"]),
        stage=stage["StageName"],
        routes=_routes(templates, api_id, functions),
        cors=_cors(properties.get("CorsConfiguration"), f"{api.path}/Properties/CorsConfiguration"),
        rate=None if rate is None else float(rate),
        burst=None if burst is None else int(burst),
        access_log_format=stage.get("AccessLogSettings", {}).get("Format"),
    )


def _checked(templates: Templates, resource: Resource) -> dict[str, Any]:
    properties = templates.properties(resource)
    check_properties(resource.type, properties, resource.path)
    return properties


def _expect(properties: Mapping[str, Any], key: str, value: str, path: str) -> None:
    found = properties.get(key)
    if found != value:
        raise LocalPlatformError(
            f"{path}/Properties/{key}",
            f"{key} {found!r} is not supported",
            f"use {value!r}",
        )


def _stage(templates: Templates, api: Resource, api_id: str) -> tuple[dict[str, Any], str]:
    stages = [(p, r.path) for r, p in _parts(templates, STAGE, api_id).values()]
    if len(stages) != 1:
        raise LocalPlatformError(
            api.path,
            f"the API has {len(stages)} stages; the local platform serves exactly one",
            "give the API its default stage only",
        )
    return stages[0]


def _parts(
    templates: Templates, type_: str, api_id: str
) -> dict[str, tuple[Resource, dict[str, Any]]]:
    """Return an API's parts of one type by their id."""
    return {
        templates.identity(resource).ref: (resource, _checked(templates, resource))
        for resource in templates.resources(type_)
        if templates.properties(resource)["ApiId"] == api_id
    }


def _routes(templates: Templates, api_id: str, functions: Mapping[str, Function]) -> list[Route]:
    integrations = _parts(templates, INTEGRATION, api_id)
    authorizers = {
        key: _authorizer(resource, properties)
        for key, (resource, properties) in _parts(templates, AUTHORIZER, api_id).items()
    }
    routes = []
    for route, properties in _parts(templates, ROUTE, api_id).values():
        integration, settings = integrations[properties["Target"].removeprefix("integrations/")]
        _expect(settings, "IntegrationType", "AWS_PROXY", integration.path)
        _expect(settings, "PayloadFormatVersion", "2.0", integration.path)
        uri = settings["IntegrationUri"]
        timeout = settings.get("TimeoutInMillis")
        routes.append(
            Route(
                key=properties["RouteKey"],
                function=function_of(uri, functions, f"{integration.path}/IntegrationUri").name,
                authorizer=_authorizer_of(route, properties, authorizers),
                scopes=properties.get("AuthorizationScopes", []),
                timeout=_INTEGRATION_TIMEOUT if timeout is None else float(timeout) / 1000,
            )
        )
    return routes


def _authorizer_of(
    route: Resource, properties: Mapping[str, Any], authorizers: Mapping[str, Authorizer]
) -> Authorizer | None:
    if properties.get("AuthorizationType", "NONE") == "NONE":
        return None
    _expect(properties, "AuthorizationType", "JWT", route.path)
    return authorizers[properties["AuthorizerId"]]


def _authorizer(resource: Resource, properties: Mapping[str, Any]) -> Authorizer:
    _expect(properties, "AuthorizerType", "JWT", resource.path)
    jwt = properties["JwtConfiguration"]
    return Authorizer(
        logical_id=resource.logical_id,
        name=properties["Name"],
        issuer=jwt["Issuer"],
        audience=jwt["Audience"],
        identity_source=properties["IdentitySource"],
    )


def _cors(configuration: Mapping[str, Any] | None, path: str) -> Cors | None:
    if configuration is None:
        return None
    age = configuration.get("MaxAge")
    return Cors(
        allow_origins=configuration.get("AllowOrigins", []),
        allow_methods=configuration.get("AllowMethods", []),
        allow_headers=configuration.get("AllowHeaders", []),
        expose_headers=configuration.get("ExposeHeaders", []),
        allow_credentials=as_flag(configuration.get("AllowCredentials", False), path),
        max_age=None if age is None else int(age),
    )
