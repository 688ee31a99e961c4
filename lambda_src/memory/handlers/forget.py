"""Forget a session, or everything of a user. The user is the token's subject."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated

import msgspec

from keyline.http import App, Caller, Refusal
from keyline.metrics import Metrics
from keyline.moments import DAY_SECONDS, iso, us_of_seconds
from keyline.run import Store
from memory.context import CONTEXT
from memory.context_cache import ContextCache
from memory.embeddings.forgetting import BlocksBusyError
from memory.embeddings.store import EmbeddingStore
from memory.forgetting import Forgetting, Forgotten
from memory.history import History
from memory.inputs import SessionId
from memory.measures import Measures
from memory.outputs import Count, YesOrNo
from memory.system import SYSTEM


class ForgottenView(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of forgotten items, and what remains in backups.

    Attributes
    ----------
    turns
        How many turns were deleted, each with its embedding.
    complete
        Whether nothing is left. Send the request again if it is false.
    in_backups_until
        Backups of the tables may hold what was deleted until this moment. Nobody reads them but
        to restore a table.
    """

    turns: Count
    complete: YesOrNo
    in_backups_until: Annotated[str, msgspec.Meta(examples=["2026-03-07T00:00:00Z"])]

    @classmethod
    def of(cls, forgotten: Forgotten) -> ForgottenView:
        """Return the answer about what was forgotten just now."""
        until = time.time() + CONTEXT.settings.backup_days * DAY_SECONDS
        return cls(
            turns=forgotten.turns,
            complete=forgotten.complete,
            in_backups_until=iso(us_of_seconds(until), "seconds"),
        )


app = App(
    SYSTEM, refusals={BlocksBusyError: Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "path.sessionId")}
)
_store = Store.for_function(SYSTEM)
_forgetting = Forgetting(History(_store), EmbeddingStore(_store))
_measures = Measures(Metrics(CONTEXT.environment, SYSTEM))
_cache = ContextCache.of(CONTEXT.settings, _measures.count)


@app.delete("/sessions/{sessionId}", problems=(HTTPStatus.SERVICE_UNAVAILABLE,))
def session(sessionId: SessionId, caller: Caller) -> ForgottenView:
    """Forget a session: its turns and their embeddings."""
    forgotten = _forgetting.session(caller.subject, sessionId)
    _cache.try_to_renew(caller.subject)
    return ForgottenView.of(forgotten)


@app.delete("/history")
def history(caller: Caller) -> ForgottenView:
    """Forget everything of the caller: all turns, embeddings and codes."""
    forgotten = _forgetting.everything(caller.subject)
    _cache.try_to_renew(caller.subject)
    return ForgottenView.of(forgotten)


handler = app.handler
