"""The APIs and the function URLs of the templates, in the order in which they get addresses."""

from __future__ import annotations

from keyline_local.cloudformation.assembly import Assembly
from keyline_local.cloudformation.function_urls import function_url
from keyline_local.cloudformation.http_apis import http_api
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.rest_apis import rest_api
from keyline_local.cloudformation.templates import (
    APIS,
    FUNCTION_URL,
    HTTP_API,
    REST_API,
    Resource,
    Templates,
)
from keyline_local.resources import Api, Function

_KINDS = {HTTP_API: http_api, REST_API: rest_api, FUNCTION_URL: function_url}


def apis(templates: Templates, functions: Named[Function]) -> list[Api]:
    """Return the HTTP APIs, the REST APIs and the function URLs.

    Parameters
    ----------
    functions
        The assembly's functions by name.
    """

    def read(api: Resource) -> Api:
        return _KINDS[api.type](templates, api, functions)

    return templates.read(read, *APIS)


def api_names(assembly: Assembly) -> list[str]:
    """Return the names of the APIs as the templates write them, in the order of `apis`.

    Names are known before the addresses are. A name that is not plain text may depend on an
    address: such an API has its logical id here.
    """
    return [
        name if isinstance(name := resource.get("Properties", {}).get("Name"), str) else logical_id
        for stack in assembly.stacks
        for logical_id, resource in stack.section("Resources").items()
        if resource.get("Type") in APIS
    ]
