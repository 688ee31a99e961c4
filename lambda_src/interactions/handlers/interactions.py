"""Check medicines against each other, and keep sessions and their history.

A session belongs to a user, the token's subject. Another user's session answers 404, as if it
did not exist. A request is checked before it is counted against the client's limit, so a request
that is wrong is not counted.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated

import msgspec

from interactions.answers import (
    CheckView,
    HistoryView,
    Me,
    OwnedSession,
    SessionsView,
    SessionView,
    UsageView,
)
from interactions.context import CONTEXT
from interactions.dynamo_store import DynamoStore
from interactions.handlers.clients import ClientNames
from interactions.handlers.limits import admitted
from interactions.handlers.texts import cleaned
from interactions.history import History
from interactions.history_store import RECENT, SESSIONS, NoSessionError
from interactions.inputs import MedicineName, SessionCursor, SessionId, SessionLimit
from interactions.patterns import REQUESTS
from interactions.rules import shipped
from interactions.stores import Stores
from interactions.system import SYSTEM
from keyline.days import kept_since
from keyline.http import App, Caller, Client, HttpError, Refusal, Response, missing, replayed
from keyline.idempotency import IdempotencyKey, Reserved, reservation, reserve
from keyline.moments import iso, us_of_ms
from keyline.run import Store
from keyline.tracing import segment

MAX_BODY = 4 * 1024
"""Bytes: enough for two names and a session id, with any JSON escapes."""


class NewCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two medicines to check against each other."""

    medA: Annotated[MedicineName, msgspec.Meta(examples=["warfarin"])]
    medB: Annotated[MedicineName, msgspec.Meta(examples=["ibuprofen"])]
    sessionId: SessionId


class HistoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of checks to show."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = RECENT


class MeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of sessions to show."""

    limit: SessionLimit = SESSIONS


class SessionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page of the sessions to read."""

    limit: SessionLimit = SESSIONS
    cursor: SessionCursor | None = None


app = App(SYSTEM, refusals={NoSessionError: Refusal(HTTPStatus.NOT_FOUND, "path.sessionId")})
_store = Store.for_function(SYSTEM)
_stores = Stores.of_function(_store, CONTEXT.settings)
_history = History(_stores.history, CONTEXT.settings, _store.clock)
_limiter = _stores.limiter
_dynamo = DynamoStore(_store, CONTEXT.settings)
_clients = ClientNames(CONTEXT.secret, CONTEXT.settings.client_ipv6_prefix)
_rules = shipped()


@app.post(
    "/interactions",
    status=HTTPStatus.CREATED,
    max_body=MAX_BODY,
    problems=[HTTPStatus.NOT_FOUND],  # the session
)
def check(
    body: NewCheck, caller: Caller, client: Client, key: IdempotencyKey | None
) -> Response[CheckView]:
    """Check two medicines against each other, and keep the result in the session's history."""
    first, second = cleaned(body.medA, "body.medA"), cleaned(body.medB, "body.medB")
    if _rules.same(first, second):
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            "body.medB",
            "is the same medicine as body.medA.",
            "Name two different medicines.",
        )
    name = _clients.of(client)
    reserved = reservation(_store, REQUESTS.find, key) if key else None
    with segment("limitRate"):
        usage = _limiter.usage(name) if reserved else admitted(_limiter, name)
    if key and reserved is None:
        reserved = reserve(_store, REQUESTS.reserve, key)
    verdict = _rules.check(first, second)
    named = {"medA": first, "medB": second}
    try:
        with segment("keepCheck"):
            kept = _history.add_query(
                caller.subject,
                body.sessionId,
                med_a=first,
                med_b=second,
                is_potentially_risky=verdict.risky,
                reason=verdict.reason,
                unknown=[field for field, name in named.items() if not _rules.knows(name)],
                reserved=reserved,
            )
    except NoSessionError as error:  # this route alone has the session's id in its body
        if _is_earlier(reserved):
            admitted(_limiter, name)  # nothing was stored: this try costs as much as the first
        raise missing("body.sessionId", "session") from error
    headers = {**usage.headers, **replayed(_is_earlier(reserved))}
    return Response(CheckView.of(kept), headers=headers)


@app.get("/sessions/{sessionId}/history")
def history(
    sessionId: SessionId, query: HistoryQuery, caller: Caller, client: Client
) -> Response[HistoryView]:
    """Show a session's latest checks, newest first. Counts against the client's limit."""
    usage = admitted(_limiter, _clients.of(client))
    found = _history.get_recent_queries(caller.subject, sessionId, query.limit)
    kept = iso(us_of_ms(kept_since(CONTEXT.settings.history_days, time.time() * 1000)))
    view = HistoryView(checks=[CheckView.of(each) for each in found], completeFrom=kept)
    return Response(view, headers=usage.headers)


@app.delete("/sessions/{sessionId}/history")
def clear(sessionId: SessionId, caller: Caller) -> None:
    """Delete a session's checks."""
    _stores.history.clear_checks(caller.subject, sessionId)


@app.post("/sessions", status=HTTPStatus.CREATED)
def open_session(caller: Caller, key: IdempotencyKey | None) -> Response[SessionView]:
    """Open a session. The header `Location` has its address."""
    reserved = reserve(_store, REQUESTS.reserve, key) if key else None
    session = _history.open_session(caller.subject, reserved)
    headers = {"Location": f"/sessions/{session.sessionId}", **replayed(_is_earlier(reserved))}
    return Response(SessionView.of(session), headers=headers)


@app.get("/sessions")
def sessions(query: SessionsQuery, caller: Caller) -> SessionsView:
    """List the caller's sessions that have not ended, page by page."""
    after = query.cursor or ""
    found = _stores.history.sessions_of(caller.subject, after=after, limit=query.limit)
    return SessionsView.of(found)


@app.get("/sessions/{sessionId}")
def session(sessionId: SessionId, caller: Caller) -> SessionView:
    """Show one of the caller's sessions."""
    found = _stores.history.session(caller.subject, sessionId)
    if found is None:
        raise missing("path.sessionId", "session")
    return SessionView.of(found)


@app.get("/me")
def me(query: MeQuery, caller: Caller) -> Me:
    """Show when the caller opened the first session, and the sessions that have not ended.

    `GET /sessions` takes the answer's cursor, and shows the other sessions.
    """
    return Me.of(caller.subject, *_stores.history.profile(caller.subject, query.limit))


@app.get("/rate-limit")
def rate_limit(client: Client) -> Response[UsageView]:
    """Show how many requests the caller's network has used. This request is not counted."""
    usage = _limiter.usage(_clients.of(client))
    return Response(UsageView.of(usage), headers=usage.headers)


@app.get("/analytics/sessions/{sessionId}")
def owned(sessionId: SessionId) -> OwnedSession:
    """Show any user's session by its id, and the id of its user, for support."""
    found = _dynamo.owned(sessionId)
    if found is None:
        raise missing("path.sessionId", "session")
    return OwnedSession(userId=found.userId, session=SessionView.of(found))


def _is_earlier(reserved: Reserved | None) -> bool:
    return reserved is not None and reserved.earlier


handler = app.handler
