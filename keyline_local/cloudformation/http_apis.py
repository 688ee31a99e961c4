"""An HTTP API of the templates: routes joined with integration, authorizer and stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from keyline_local.call_parameters import PARAMETERS, is_known
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import as_flag
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Api, Authorizer, Cors, Function, Route, ServiceCall

STAGE = "AWS::ApiGatewayV2::Stage"
ROUTE = "AWS::ApiGatewayV2::Route"
INTEGRATION = "AWS::ApiGatewayV2::Integration"
AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"

_INVOCATION = re.compile(r".*/functions/(.+)/invocations")
_INTERNET = "INTERNET"  # the default; the other value is a link to a VPC
_INTEGRATION_TIMEOUT = 30.0  # seconds; the service's default and maximum


def function_of(arn: str, functions: Named[Function], path: str) -> Function:
    """Return the function an ARN names, a version or alias at its end left aside.

    Raises
    ------
    LocalPlatformError
        No function of the assembly has this ARN or name.
    """
    match = _INVOCATION.fullmatch(arn)
    plain = match[1] if match else arn
    is_function = plain.startswith("arn:") and ":function:" in plain
    return functions.find(plain.split(":")[6] if is_function else plain, path)


def http_api(templates: Templates, api: Resource, functions: Named[Function]) -> Api:
    """Return an HTTP API.

    Raises
    ------
    LocalPlatformError
        The resource is not an HTTP API, or an integration, authorizer or stage is of an unsupported
        kind.
    """
    properties = _checked(templates, api)
    expect(properties, "ProtocolType", "HTTP", api.path)
    api_id = templates.identity(api).ref
    quick = _quick_routes(properties, api, functions)
    stage, stage_path = _stage(templates, api, api_id, is_quick=bool(quick))
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
        routes=[*quick, *_routes(templates, api_id, functions)],
        cors=cors_of(
            properties.get("CorsConfiguration"), f"{api.path}/Properties/CorsConfiguration"
        ),
        rate=None if rate is None else float(rate),
        burst=None if burst is None else int(burst),
        access_log_format=stage.get("AccessLogSettings", {}).get("Format"),
    )


def _checked(templates: Templates, resource: Resource) -> dict[str, Any]:
    properties = templates.properties(resource)
    check_properties(resource.type, properties, resource.path)
    return properties


def expect(properties: Mapping[str, Any], key: str, value: object, path: str) -> None:
    """Refuse a property that has another value than the one that is supported.

    Raises
    ------
    LocalPlatformError
        The property has another value.
    """
    found = properties.get(key)
    if found != value:
        raise LocalPlatformError(
            f"{path}/Properties/{key}",
            f"{key} {found!r} is not supported",
            f"use {value!r}",
        )


def _quick_routes(
    properties: Mapping[str, Any], api: Resource, functions: Named[Function]
) -> list[Route]:
    """Return the route of an API that is written with its target alone ("quick create")."""
    if "Target" not in properties:
        if "RouteKey" in properties:
            raise LocalPlatformError(
                f"{api.path}/Properties/RouteKey",
                "the RouteKey of an API needs a Target",
                "name a function as the Target, or write an AWS::ApiGatewayV2::Route",
            )
        return []
    function = function_of(properties["Target"], functions, f"{api.path}/Properties/Target")
    return [Route(key=properties.get("RouteKey", "$default"), function=function.name)]


def _stage(
    templates: Templates, api: Resource, api_id: str, *, is_quick: bool
) -> tuple[dict[str, Any], str]:
    stages = [(p, r.path) for r, p in _parts(templates, STAGE, api_id).values()]
    if is_quick and not stages:
        return {"StageName": "$default", "AutoDeploy": True}, api.path
    if len(stages) != 1:
        raise LocalPlatformError(
            api.path,
            f"the API has {len(stages)} stages; the local platform serves exactly one",
            "give the API its default stage only",
        )
    return stages[0]


def parts(
    templates: Templates, type_: str, key: str, api_id: str
) -> list[tuple[Resource, dict[str, Any]]]:
    """Return an API's parts of one type, each with its properties.

    Parameters
    ----------
    key
        The property that names the API.
    """
    return [
        (resource, _checked(templates, resource))
        for resource in templates.resources(type_)
        if templates.properties(resource)[key] == api_id
    ]


def _parts(
    templates: Templates, type_: str, api_id: str
) -> dict[str, tuple[Resource, dict[str, Any]]]:
    """Return an HTTP API's parts of one type by their id."""
    found = parts(templates, type_, "ApiId", api_id)
    return {templates.identity(part[0]).ref: part for part in found}


def _routes(templates: Templates, api_id: str, functions: Named[Function]) -> list[Route]:
    integrations = _parts(templates, INTEGRATION, api_id)
    authorizers = {
        key: _authorizer(resource, properties)
        for key, (resource, properties) in _parts(templates, AUTHORIZER, api_id).items()
    }
    routes = []
    for route, properties in _parts(templates, ROUTE, api_id).values():
        integration, settings = integrations[properties["Target"].removeprefix("integrations/")]
        expect(settings, "IntegrationType", "AWS_PROXY", integration.path)
        connected = {"ConnectionType": _INTERNET, **settings}
        expect(connected, "ConnectionType", _INTERNET, integration.path)
        timeout = settings.get("TimeoutInMillis")
        calls_service = "IntegrationSubtype" in settings
        routes.append(
            Route(
                key=properties["RouteKey"],
                function="" if calls_service else _function(settings, integration.path, functions),
                call=_call(settings, integration.path) if calls_service else None,
                payload=settings.get("PayloadFormatVersion", "2.0"),
                authorizer=_authorizer_of(route, properties, authorizers),
                scopes=properties.get("AuthorizationScopes", []),
                timeout=_INTEGRATION_TIMEOUT if timeout is None else float(timeout) / 1000,
            )
        )
    return routes


def _function(settings: Mapping[str, Any], path: str, functions: Named[Function]) -> str:
    """Return the name of the function of an integration."""
    if settings.get("PayloadFormatVersion") != "1.0":
        expect(settings, "PayloadFormatVersion", "2.0", path)
    if "RequestParameters" in settings:
        raise LocalPlatformError(
            f"{path}/Properties/RequestParameters",
            "the local platform does not change a request before a function has it",
            "have the function read the request as it came",
        )
    return function_of(settings["IntegrationUri"], functions, f"{path}/IntegrationUri").name


def _call(settings: Mapping[str, Any], path: str) -> ServiceCall:
    """Return the call of an integration with a service of AWS."""
    operation, given = settings["IntegrationSubtype"], settings.get("RequestParameters", {})
    if operation not in PARAMETERS:
        raise LocalPlatformError(
            f"{path}/Properties/IntegrationSubtype",
            f"the local platform does not call {operation!r} for a route",
            f"use {' or '.join(PARAMETERS)}, or have a function make the call",
        )
    unread = sorted(name for name, value in given.items() if not is_known(value))
    if unknown := [*sorted(given.keys() - PARAMETERS[operation]), *unread]:
        raise LocalPlatformError(
            f"{path}/Properties/RequestParameters",
            f"the local platform does not support {', '.join(unknown)} of {operation}",
            "have a function make the call",
        )
    return ServiceCall(operation=operation, parameters=given)


def _authorizer_of(
    route: Resource, properties: Mapping[str, Any], authorizers: Mapping[str, Authorizer]
) -> Authorizer | None:
    if properties.get("AuthorizationType", "NONE") == "NONE":
        return None
    expect(properties, "AuthorizationType", "JWT", route.path)
    return authorizers[properties["AuthorizerId"]]


def _authorizer(resource: Resource, properties: Mapping[str, Any]) -> Authorizer:
    expect(properties, "AuthorizerType", "JWT", resource.path)
    jwt = properties["JwtConfiguration"]
    return Authorizer(
        logical_id=resource.logical_id,
        name=properties["Name"],
        issuer=jwt["Issuer"],
        audience=jwt["Audience"],
        identity_source=properties["IdentitySource"],
    )


def cors_of(configuration: Mapping[str, Any] | None, path: str) -> Cors | None:
    """Return the CORS of an HTTP API or a function URL; both write it in the same way."""
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
