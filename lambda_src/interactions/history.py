"""Make sessions and checks: this module gives each its identifier, its moment and its end.

A `HistoryStore` keeps them. Two stores may keep the same item, so nothing is made in a store.
"""

from __future__ import annotations

import secrets
import uuid
from hashlib import sha256

import msgspec

from interactions.history_store import RECENT, HistoryStore, Operation
from interactions.settings import Settings
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.idempotency import Reserved
from keyline.moments import DAY_SECONDS, iso, us_of_ms
from keyline.run import AlreadyExistsError, UniqueClock

_ID_BYTES = 8
"""Bytes of a check's id, after its microsecond. The bytes keep the ids of processes apart. The
bytes are random, or those of the request's key."""
_TOKEN_DIGITS = 32
"""Hexadecimal digits of a token: 128 bits."""


class History(msgspec.Struct, frozen=True):
    """The checks of a user's sessions.

    Parameters
    ----------
    clock
        Gives the moments. Each moment is later than the one before.
    """

    store: HistoryStore
    settings: Settings
    clock: UniqueClock

    def open_session(self, user: str, reserved: Reserved | None = None) -> Session:
        """Open a session that ends `session_days` from now.

        Parameters
        ----------
        reserved
            What the tries of the request share, so that they open one session; None if the
            request has no key.
        """
        moment = reserved.moment if reserved else self.clock.next()
        at = iso(us_of_ms(moment))
        session = Session(
            userId=user,
            sessionId=reserved.id if reserved else uuid.uuid4().hex,
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
        reserved: Reserved | None = None,
    ) -> Check:
        """Make a check of two medicines with its result, and keep the check.

        Parameters
        ----------
        unknown
            Which of `medA` and `medB` the rules do not know; None if nobody has looked.
        reserved
            What the tries of the request share, so that they make one check; None if the request
            has no key. If an earlier try has made the check, that check is returned.

        Raises
        ------
        NoSessionError
            If the user has no session of this id, or the session has ended.
        """
        moment = reserved.moment if reserved else self.clock.next()
        suffix = reserved.id[: 2 * _ID_BYTES] if reserved else secrets.token_hex(_ID_BYTES)
        at = iso(us_of_ms(moment))
        check = Check(
            sessionId=session_id,
            at=at,
            id=f"{us_of_ms(moment) % 1000:03d}{suffix}",
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
        try:
            self.store.add_check(user, check, _operation(user, check, reserved))
        except AlreadyExistsError as error:
            if reserved is None:
                raise
            stored: Check = error.current_item()  # made under the rules of that moment
            return stored
        return check

    def get_recent_queries(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """Return a session's latest checks, newest first.

        Raises
        ------
        NoSessionError
            If the user has no session of this id, or the session has ended.
        """
        return self.store.recent_checks(user, session_id, limit)


def _operation(user: str, check: Check, reserved: Reserved | None) -> Operation | None:
    """Return what the tries of a request share; None if the request has no key.

    Tries that found another result, since the rules have changed, are not one write: the later
    one meets the check.
    """
    if reserved is None:
        return None
    content = msgspec.json.encode([reserved.id, user, check])
    return Operation(reserved.moment / 1000, sha256(content).hexdigest()[:_TOKEN_DIGITS])


def _after(moment: float, days: float) -> int:
    """Return the epoch seconds that lie some days after a moment in epoch milliseconds."""
    return int(moment / 1000 + days * DAY_SECONDS)
