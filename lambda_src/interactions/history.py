"""Checks and sessions as they are made: identifiers, moments and ends are given here, once.

What keeps them is a `HistoryStore`; the same item may be kept by two of them.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from interactions.settings import Settings
from interactions.store import RECENT, HistoryStore
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.moments import DAY_SECONDS, iso, us_of_ms
from keyline.run import UniqueClock

_ID_BYTES = 8
"""Random bytes of a check's id, besides its microsecond: enough for any number of processes."""


@dataclass(frozen=True)
class History:
    """The checks of a user's sessions.

    Parameters
    ----------
    clock
        Where moments come from, each later than the one before.
    """

    store: HistoryStore
    settings: Settings
    clock: UniqueClock

    def open_session(self, user: str) -> Session:
        """Open a session that ends `session_days` from now."""
        moment = self.clock.next()
        at = iso(us_of_ms(moment))
        session = Session(
            userId=user,
            sessionId=uuid.uuid4().hex,
            TTL=_after(moment, self.settings.session_days),
            lastActivity=at,
            Data=SessionData(createdAt=at),
        )
        self.store.create_session(session)
        return session

    def add_query(
        self,
        user: str,
        session_id: str,
        *,
        med_a: str,
        med_b: str,
        is_potentially_risky: bool,
        reason: str,
    ) -> Check:
        """Keep what was checked and what came of it.

        Raises
        ------
        NoSession
            If the user has no such session.
        """
        moment = self.clock.next()
        at = iso(us_of_ms(moment))
        check = Check(
            sessionId=session_id,
            at=at,
            id=f"{us_of_ms(moment) % 1000:03d}{secrets.token_hex(_ID_BYTES)}",
            Data=CheckData(
                medA=med_a,
                medB=med_b,
                isPotentiallyRisky=is_potentially_risky,
                reason=reason,
                timestamp=at,
                sessionId=session_id,
            ),
            # Counted from the check's own moment: it may be stored later than it was made.
            TTL=_after(moment, self.settings.history_days),
        )
        self.store.add_check(user, check)
        return check

    def get_recent_queries(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """A session's latest checks, newest first.

        Raises
        ------
        NoSession
            If the user has no such session.
        """
        return self.store.recent_checks(user, session_id, limit)


def _after(moment: float, days: float) -> int:
    """Epoch seconds, so many days after a moment in epoch milliseconds."""
    return int(moment / 1000 + days * DAY_SECONDS)
