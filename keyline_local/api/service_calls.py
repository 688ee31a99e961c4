"""Routes of an HTTP API that call an AWS service: a queue is sent to, or an event is put.

Source: "Create AWS service integrations for HTTP APIs in API Gateway" (developer guide).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from keyline_local.api.http_event import HttpRequest, HttpResponse, joined
from keyline_local.call_parameters import REQUIRED, SEND_MESSAGE, WHOLE, WITHIN
from keyline_local.resources import ServiceCall
from keyline_local.triggers.event_bus import EventBuses, answer_of


class MissingPartError(Exception):
    """A parameter that the service needs is not in the request."""


class ServiceCalls:
    """Calls the services for the routes of the APIs.

    Parameters
    ----------
    sqs
        Makes boto3's client of the queues. The function is called in a thread.
    buses
        The event buses.
    """

    def __init__(self, sqs: Callable[[], Any], buses: EventBuses) -> None:
        self._sqs = sqs
        self._buses = buses

    async def answer(
        self,
        call: ServiceCall,
        request: HttpRequest,
        body: bytes,
        path_parameters: Mapping[str, str],
        context: Mapping[str, str],
    ) -> HttpResponse:
        """Make a route's call, and return the answer of the service.

        Raises
        ------
        MissingPartError
            The request has no value for a parameter that the service needs.
        """
        request_parts = _parts(request, body, path_parameters, context)
        given = {name: _filled(each, request_parts) for name, each in call.parameters.items()}
        found = {name: value for name, value in given.items() if value is not None}
        if missing := sorted(REQUIRED[call.operation] - found.keys()):
            raise MissingPartError(f"the request has no {', '.join(missing)}")
        if call.operation == SEND_MESSAGE:
            return await self._send(found, context["requestId"])
        return self._put(found)

    async def _send(self, given: Mapping[str, str], request_id: str) -> HttpResponse:
        numbers = {"DelaySeconds": int(given["DelaySeconds"])} if "DelaySeconds" in given else {}
        sqs = await asyncio.to_thread(self._sqs)
        sent = await asyncio.to_thread(sqs.send_message, **{**given, **numbers})
        text = (
            '<?xml version="1.0"?><SendMessageResponse '
            'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult>'
            f"<MessageId>{escape(sent['MessageId'])}</MessageId>"
            f"<MD5OfMessageBody>{escape(sent['MD5OfMessageBody'])}</MD5OfMessageBody>"
            "</SendMessageResult><ResponseMetadata>"
            f"<RequestId>{escape(request_id)}</RequestId>"
            "</ResponseMetadata></SendMessageResponse>"
        )
        return HttpResponse(200, [("content-type", "text/xml")], text.encode())

    def _put(self, given: Mapping[str, str]) -> HttpResponse:
        listed = {"Resources": json.loads(given["Resources"])} if "Resources" in given else {}
        answer = answer_of(self._buses.put([{**given, **listed}]))
        headers = [("content-type", "application/x-amz-json-1.1")]
        return HttpResponse(200, headers, json.dumps(answer).encode())


def _parts(
    request: HttpRequest,
    body: bytes,
    path_parameters: Mapping[str, str],
    context: Mapping[str, str],
) -> Callable[[str], str | None]:
    headers, text = joined(request.headers), body.decode(errors="replace")
    query = joined(parse_qsl(request.query, keep_blank_values=True))

    def part(name: str) -> str | None:
        first, _, rest = name.partition(".")
        if first == "context":
            return context.get(rest)
        kind, _, key = rest.partition(".")
        match kind:
            case "header":
                return headers.get(key.lower())
            case "path":
                return path_parameters.get(key)
            case "querystring":
                return query.get(key)
        return _of_body(text, key) if key else text or None

    return part


def _of_body(text: str, key: str) -> str | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    for step in key.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found)


def _filled(value: str, part: Callable[[str], str | None]) -> str | None:
    if match := WHOLE.fullmatch(value):
        return part(match[1])
    return WITHIN.sub(lambda match: part(match[1]) or "", value)
