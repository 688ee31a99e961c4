"""The interactions system's demonstration: checks and searches in, histories and sessions out."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from interactions.history_store import RECENT
from interactions.inputs import MAX_SEARCH
from interactions.system import SYSTEM, TABLE_SIZES
from keyline_deploy.names import function_name
from keyline_ops.demo import sgd
from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import Session, UnexpectedAnswerError
from keyline_ops.demo.work import side_by_side
from systems.interactions.samples import checks as sample
from systems.interactions.samples.checks import WantedCheck

QUESTIONS = 200
"""How many utterances of real dialogues are searched for."""


class InteractionsJourney:
    """Checks medicines as patients do, searches the frequent questions, reads histories."""

    system = SYSTEM
    data_files = (sgd.DIALOGUES,)

    def __init__(self) -> None:
        self._checks: Mapping[str, list[WantedCheck]] = {}
        self._questions: Sequence[str] = ()
        self._sessions: dict[str, str] = {}
        self.loaded_before = False
        self._started = time.time()

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Take the utterances of dialogues as searches, or a sample; checks are always made up.

        Raises
        ------
        KeylineError
            If a line cannot be read.
        """
        self._questions = (
            sgd.questions(data / sgd.DIALOGUES, QUESTIONS, MAX_SEARCH) if data else sample.QUESTIONS
        )
        by_user: dict[str, list[WantedCheck]] = defaultdict(list)
        for check in sample.checks():
            by_user[check.user].append(check)
        self._checks = by_user
        checks, searches = sum(map(len, by_user.values())), len(self._questions)
        source = sgd.DIALOGUES if data else "the sample"
        return f"{checks} checks, {searches} searches of {source}", checks + searches

    async def load(self, session: Session, advance: Advance) -> None:
        """Send each user's checks in order in one session, and the searches.

        What an earlier run sent is not sent again, be it all or what it came to.
        """
        sent = {user: await self._begin(session, user) for user in self._checks}
        self.loaded_before = any(sent.values())

        async def write(user: str) -> None:
            for number, check in enumerate(self._checks[user]):
                if number >= sent[user]:
                    await self._check(session, user, self._sessions[user], check)
                advance()

        async def search(words: str) -> None:
            if not self.loaded_before:
                await _as(session, "reader", "GET", "/faq", params={"q": words})
            advance()

        await side_by_side(self._checks, write)
        await side_by_side(self._questions, search)

    async def exercise(self, session: Session) -> Sequence[str]:
        """Read histories and sessions, clear one; compare with what was sent."""
        lines = ["The data of an earlier run is there; --fresh starts with an empty state."]
        if not self.loaded_before:
            lines = [await self._check_histories(session), await self._check_searches(session)]
        user, name = next(iter(self._sessions.items()))
        await _as(session, user, "GET", f"/sessions/{name}")
        await _as(session, user, "GET", "/sessions")
        await _as(session, user, "GET", "/rate-limit")
        await _as(session, "support", "GET", f"/analytics/sessions/{name}")
        stranger = f"/sessions/{name}/history"
        await _as(session, "stranger", "GET", stranger, refused=HTTPStatus.NOT_FOUND)
        await self._clear(session, user)
        await session.run_schedule(function_name(SYSTEM.name, TABLE_SIZES.name, "local"))
        return lines

    async def _begin(self, session: Session, user: str) -> int:
        """Open the user's session, or find the one of an earlier run; its checks so far."""
        page = await _as(session, user, "GET", "/me")
        known = page["sessions"]
        while page["cursor"]:
            page = await _as(session, user, "GET", "/sessions", params={"cursor": page["cursor"]})
            known += page["sessions"]
        oldest = min(known, key=lambda each: str(each["createdAt"]), default=None)
        if oldest is None:
            oldest = await _as(session, user, "POST", "/sessions")
        self._sessions[user] = oldest["sessionId"]
        return int(oldest["queryCount"])

    async def _check(
        self, session: Session, user: str, name: str, check: WantedCheck, key: str | None = None
    ) -> Any:
        body = {"medA": check.first, "medB": check.second, "sessionId": name}
        return await _as(session, user, "POST", "/interactions", json=body, key=key)

    async def _check_histories(self, session: Session) -> str:
        """Check that every history is the latest checks, newest first, and counts all of them."""
        for user, checks in self._checks.items():
            path = f"/sessions/{self._sessions[user]}"
            found = (await _as(session, user, "GET", f"{path}/history"))["checks"]
            got = [(check["medA"], check["medB"]) for check in found]
            sent = [(check.first, check.second) for check in reversed(checks)]
            if got != sent[:RECENT]:
                raise UnexpectedAnswerError(
                    f"{path}/history", "is not the latest of what was sent."
                )
            count = (await _as(session, user, "GET", path))["queryCount"]
            if count != len(checks):
                raise UnexpectedAnswerError(path, f"counts {count} checks of {len(checks)}.")
        return f"Histories of {len(self._checks)} users: the latest {RECENT} in order, all counted."

    async def _check_searches(self, session: Session) -> str:
        """Check that the day's analytics count every search."""
        told = 0
        for day in sorted({_day(self._started), _day(time.time())}):  # one, but at midnight
            answer = await _as(session, "staff", "GET", "/faq/searches", params={"day": day})
            told += answer["searches"]
        if not session.counts(told, len(self._questions)):
            raise UnexpectedAnswerError(
                "/faq/searches", f"counts {told} of {len(self._questions)} searches."
            )
        return f"Analytics of the day count all {len(self._questions)} searches."

    async def _clear(self, session: Session, user: str) -> None:
        name = (await _as(session, user, "POST", "/sessions"))["sessionId"]
        check = self._checks[user][0]
        sent = [await self._check(session, user, name, check, key=name) for _ in range(2)]
        if sent[0] != sent[1]:
            raise UnexpectedAnswerError(name, "gives another answer to a check that is sent again.")
        await _as(session, user, "DELETE", f"/sessions/{name}/history")
        left = (await _as(session, user, "GET", f"/sessions/{name}/history"))["checks"]
        if left:
            raise UnexpectedAnswerError(name, f"still shows {len(left)} checks that were deleted.")


def _day(moment: float) -> str:
    """Return the UTC day of a moment in epoch seconds."""
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


async def _as(session: Session, user: str, method: str, path: str, **request: Any) -> Any:
    return await session.call(method, path, scopes=SYSTEM.scopes, subject=user, **request)


JOURNEY = InteractionsJourney
