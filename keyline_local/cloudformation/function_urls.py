"""Function URLs of the templates: each is an address with one route, to its function.

Source: "Creating and managing Lambda function URLs" (Lambda developer guide). The event has payload
format 2.0, as that of an HTTP API.
"""

from __future__ import annotations

from keyline_local.cloudformation.http_apis import cors_of, expect, function_of
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.resources import Api, Function, Route


def function_url(templates: Templates, url: Resource, functions: Named[Function]) -> Api:
    """Return a function's URL as an API.

    Raises
    ------
    LocalPlatformError
        The URL asks its callers for signatures, or streams its answers.
    """
    properties = templates.properties(url)
    check_properties(url.type, properties, url.path)
    expect(properties, "AuthType", "NONE", url.path)
    expect({"InvokeMode": "BUFFERED", **properties}, "InvokeMode", "BUFFERED", url.path)
    arn = properties["TargetFunctionArn"]
    function = function_of(arn, functions, f"{url.path}/Properties/TargetFunctionArn")
    return Api(
        logical_id=url.logical_id,
        api_id=templates.identity(url).attributes["UrlId"],
        name=url.logical_id,
        title=f"the URL of {function.name}",
        stage="$default",
        is_function_url=True,
        routes=[Route(key="$default", function=function.name, timeout=function.timeout + 1)],
        cors=cors_of(properties.get("Cors"), f"{url.path}/Properties/Cors"),
    )
