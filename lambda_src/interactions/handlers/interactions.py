"""Checks medicines against each other, and keeps sessions and their history.

A session is its user's, the token's subject: another's answers 404, as if it were not there.
A request is checked before it is counted against the client's limit, so that what is refused
as wrong costs nothing of it.
"""

from __future__ import annotations

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
from interactions.handlers.limits import admitted
from interactions.handlers.texts import cleaned
from interactions.history import History
from interactions.inputs import MedicineName, SessionId
from interactions.rate_limit import ClientNames
from interactions.repository import DynamoStore
from interactions.rules import shipped
from interactions.store import RECENT
from interactions.stores import Stores
from interactions.system import SYSTEM
from keyline.http import App, Caller, Client, HttpError, Response, missing
from keyline.run import Store

MAX_BODY = 4 * 1024
"""Bytes: two names and a session id, however they are written."""


class NewCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two medicines to be checked against each other."""

    medA: Annotated[MedicineName, msgspec.Meta(examples=["warfarin"])]
    medB: Annotated[MedicineName, msgspec.Meta(examples=["ibuprofen"])]
    sessionId: SessionId


class HistoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many checks."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = RECENT


app = App(SYSTEM)
_store = Store.for_function(SYSTEM)
_stores = Stores.of_function(_store, CONTEXT.settings)
_history = History(_stores.history, CONTEXT.settings, _store.clock)
_limiter = _stores.limiter
_repository = DynamoStore(_store, CONTEXT.settings)
_clients = ClientNames(CONTEXT.secret)
_rules = shipped()


@app.post(
    "/interactions",
    status=HTTPStatus.CREATED,
    max_body=MAX_BODY,
    problems=[HTTPStatus.NOT_FOUND],  # the session
)
def check(body: NewCheck, caller: Caller, client: Client) -> Response[CheckView]:
    """Check two medicines against each other; the answer is in the session's history then."""
    first, second = cleaned(body.medA, "body.medA"), cleaned(body.medB, "body.medB")
    if _rules.same(first, second):
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            "body.medB",
            "is the same medicine as medA.",
            "Name two different medicines.",
        )
    usage = admitted(_limiter, _clients.of(client.address))
    verdict = _rules.check(first, second)
    kept = _history.add_query(
        caller.subject,
        body.sessionId,
        med_a=first,
        med_b=second,
        is_potentially_risky=verdict.risky,
        reason=verdict.reason,
    )
    return Response(CheckView.of(kept), headers=usage.headers)


@app.get("/sessions/{sessionId}/history")
def history(
    sessionId: SessionId, query: HistoryQuery, caller: Caller, client: Client
) -> Response[HistoryView]:
    """A session's latest checks, newest first. Counts against the client's limit."""
    usage = admitted(_limiter, _clients.of(client.address))
    found = _history.get_recent_queries(caller.subject, sessionId, query.limit)
    return Response(
        HistoryView(checks=[CheckView.of(each) for each in found]), headers=usage.headers
    )


@app.delete("/sessions/{sessionId}/history")
def clear(sessionId: SessionId, caller: Caller) -> None:
    """Delete a session's checks."""
    _stores.history.clear_checks(caller.subject, sessionId)


@app.post("/sessions", status=HTTPStatus.CREATED)
def open_session(caller: Caller) -> Response[SessionView]:
    """Open a session; its address is in `Location`."""
    session = _history.open_session(caller.subject)
    return Response(SessionView.of(session), headers={"Location": f"/sessions/{session.sessionId}"})


@app.get("/sessions")
def sessions(caller: Caller) -> SessionsView:
    """The caller's sessions that are not over."""
    found = _stores.history.sessions_of(caller.subject)
    return SessionsView(sessions=[SessionView.of(session) for session in found])


@app.get("/sessions/{sessionId}")
def session(sessionId: SessionId, caller: Caller) -> SessionView:
    """One of the caller's sessions."""
    found = _stores.history.session(caller.subject, sessionId)
    if found is None:
        raise missing("path.sessionId", "session")
    return SessionView.of(found)


@app.get("/me")
def me(caller: Caller) -> Me:
    """Since when the caller is known, and the sessions that are not over."""
    return Me.of(caller.subject, *_stores.history.profile(caller.subject))


@app.get("/rate-limit")
def rate_limit(client: Client) -> Response[UsageView]:
    """How much of its current window the caller's address has used up; counts nothing."""
    usage = _limiter.usage(_clients.of(client.address))
    return Response(UsageView.of(usage), headers=usage.headers)


@app.get("/analytics/sessions/{sessionId}")
def owned(sessionId: SessionId) -> OwnedSession:
    """A session by its id alone and whose it is, for support."""
    found = _repository.owned(sessionId)
    if found is None:
        raise missing("path.sessionId", "session")
    return OwnedSession(userId=found.userId, session=SessionView.of(found))


handler = app.handler
