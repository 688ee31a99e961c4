"""EventBridge's PutEvents, for whatever puts events: `boto3.client("events").put_events(...)`.

Source: "PutEvents" in the EventBridge API reference. The role of a caller is not judged: only calls
to DynamoDB are.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keyline_local.host.listener import Listener
from keyline_local.host.part import Part
from keyline_local.services.moto_server import NEVER_FIRED, REFUSAL
from keyline_local.triggers.event_bus import MOST_ENTRIES, EventBuses, answer_of, is_too_large

_OPERATIONS = ("PutEvents", "PutPartnerEvents")
_JSON = "application/x-amz-json-1.1"


class EventsApi(Part):
    """Serves PutEvents on a loopback port of its own.

    Parameters
    ----------
    buses
        Gives the buses, which are made after the functions that are told its address.
    """

    def __init__(self, buses: Callable[[], EventBuses]) -> None:
        self._buses = buses
        self._listener = Listener(Starlette(routes=[Route("/", self._answer, methods=["POST"])]))

    @property
    def url(self) -> str:
        return self._listener.url

    async def start(self) -> None:
        await self._listener.start()

    async def stop(self) -> None:
        await self._listener.stop()

    async def _answer(self, request: Request) -> Response:
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in _OPERATIONS:
            known = f"The local platform knows {' and '.join(_OPERATIONS)}, not {operation}."
            message = NEVER_FIRED.get(operation, known)
            return _reply(400, {"__type": REFUSAL, "message": message})
        asked = await request.json()
        entries = asked.get("Entries", [])
        if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_ENTRIES:
            message = f"Entries must have 1 to {MOST_ENTRIES} members."
            return _reply(400, {"__type": "ValidationException", "message": message})
        if is_too_large(entries):
            message = "Total size of the entries in the request is over the limit."
            return _reply(400, {"__type": "ValidationException", "message": message})
        of_partner = operation == "PutPartnerEvents"
        return _reply(200, answer_of(self._buses().put(entries, of_partner=of_partner)))


def _reply(status: int, body: dict[str, Any]) -> Response:
    headers = {"x-amzn-requestid": str(uuid.uuid4())}
    return JSONResponse(body, status, headers=headers, media_type=_JSON)
