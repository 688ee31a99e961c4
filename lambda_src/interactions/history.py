"""Make sessions and checks: this module gives each its identifier, its moment and its end.

A `HistoryStore` keeps them. Two stores may keep the same item, so nothing is made in a store.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from interactions.history_store import RECENT, HistoryStore
from interactions.settings import Settings
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.moments import DAY_SECONDS, iso, us_of_ms
from keyline.run import UniqueClock

_ID_BYTES = 8
"""Random bytes of a check's id, after its microsecond. They keep the ids of processes apart."""


@dataclass(frozen=True)
class History:
    """The checks of a user's sessions.

    Parameters
    ----------
    clock
        Gives the moments. Each moment is later than the one before.
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
        unknown: list[str] | None = None,
    ) -> Check:
        """Make a check of two medicines with its result, and keep the check.

        Parameters
        ----------
        unknown
            Which of `medA` and `medB` the rules do not know; None if nobody has looked.

        Raises
        ------
        NoSessionError
            If the user has no session of this id, or the session has ended.
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
                unknown=unknown,
            ),
            # Counted from the moment of the check: the check may be stored later than it was made.
            TTL=_after(moment, self.settings.history_days),
        )
        self.store.add_check(user, check)
        return check

    def get_recent_queries(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """Return a session's latest checks, newest first.

        Raises
        ------
        NoSessionError
            If the user has no session of this id, or the session has ended.
        """
        return self.store.recent_checks(user, session_id, limit)


def _after(moment: float, days: float) -> int:
    """Return the epoch seconds that lie some days after a moment in epoch milliseconds."""
    return int(moment / 1000 + days * DAY_SECONDS)
