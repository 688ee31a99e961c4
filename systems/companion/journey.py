"""The companion system's demonstration: patients talk to the skill, caregivers look after them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from companion.alerts import TAKE_OVER_SECONDS
from companion.conversation import Turn, key_of
from companion.inputs import EARLIEST, LATEST
from companion.patterns import ALERT_CLAIM, PATIENT_LOGS, TURN_ALERTS
from companion.settings import Settings
from companion.system import SKILL, SYSTEM, TABLE_SIZES
from companion.tables import Alert, Log
from keyline.run import Store
from keyline_deploy.environment import LOCAL, load
from keyline_deploy.names import function_name
from keyline_ops.demo import sgd
from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import Session, UnexpectedAnswerError
from keyline_ops.demo.work import side_by_side
from keyline_ops.deployed import Deployed
from systems.companion.samples import conversations
from systems.companion.samples.alexa import alexa_request, said

NAMES = ("Ada", "Grace", "Joan")
CAREGIVER, HELPER = "demo-carer", "demo-helper"
DAY_COUNTS = ("conversations", "concerns", "emergencies")
_SKILL = function_name(SYSTEM.name, SKILL.name, LOCAL)
_SKILL_ID = load(LOCAL).settings(SYSTEM.name, Settings).skill_id


class CompanionJourney:
    """Patients have a day of conversation, and their caregiver uses every route."""

    system = SYSTEM
    data_files: Sequence[str] = (sgd.DIALOGUES,)

    def __init__(self) -> None:
        self._turns: list[list[str]] = []
        self._patients: list[dict[str, Any]] = []
        self.loaded_before = False

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Divide turns of the dialogues, or invented ones, among the patients.

        Raises
        ------
        KeylineError
            If a line cannot be read.
        """
        said = conversations.of_dialogues(data) if data else conversations.invented()
        self._turns = [said[number :: len(NAMES)] for number in range(len(NAMES))]
        source = sgd.DIALOGUES if data else "an invented day"
        return f"{len(said):,} turns of {len(NAMES)} patients from {source}", len(said)

    async def load(self, session: Session, advance: Advance) -> None:
        """Store the patients, and let each say all turns to the skill, one after the other.

        What an earlier run said is not said again.
        """
        for name in NAMES:
            body = {"preferredName": name, "alexaUserId": _user(name)}
            made = await _call(session, "POST", "/patients", json=body, key=f"demo-{name}")
            self._patients.append(made)
        self.loaded_before = bool(await self._logs(session, self._patients[0]))

        async def talk(number: int) -> None:
            for words in self._turns[number]:
                if not self.loaded_before:
                    await _say(session, NAMES[number], words)
                advance()

        await side_by_side(range(len(NAMES)), talk)

    async def exercise(self, session: Session) -> Sequence[str]:
        """Use every route and every kind of request, and compare with what was said."""
        lines = ["The data of an earlier run is there; --fresh starts with an empty state."]
        if not self.loaded_before:
            lines = [await self._check_day(session)]
        lines.append(await self._change_medication(session))
        lines.append(await self._take_alert_over(session))
        await self._share(session)
        await self._use_lists(session)
        lines.append(await self._erase(session))
        await session.run_schedule(function_name(SYSTEM.name, TABLE_SIZES.name, LOCAL))
        return lines

    async def _check_day(self, session: Session) -> str:
        """Check that each turn is kept once with its level, and each escalation is told once."""
        await session.settle()
        store, told, escalated = _store(session), 0, 0
        for patient, turns in zip(self._patients, self._turns, strict=True):
            kept = await self._logs(session, patient)
            wanted = sorted(zip(turns, conversations.levels_of(turns), strict=True))
            if sorted((log["userUtterance"], log["escalationLevel"]) for log in kept) != wanted:
                raise UnexpectedAnswerError("conversations", "are not what was said.")
            await self._check_days(session, patient, kept)
            for log in _stored_logs(store, patient):
                if log.escalationLevel:
                    told += _told(store, log)
                    escalated += 1
        if told != escalated:
            raise UnexpectedAnswerError("alerts", f"{told} of {escalated} escalations were told.")
        turns_in_all = sum(map(len, self._turns))
        return f"{turns_in_all:,} turns, each kept once; {escalated} escalations, each told once."

    async def _check_days(
        self, session: Session, patient: dict[str, Any], kept: Sequence[Any]
    ) -> None:
        """Check that the stream has told what the turns of each day were."""
        days = await session.all_pages(
            f"/patients/{patient['patientId']}/days",
            "days",
            params={"limit": 100},
            scopes=SYSTEM.scopes,
            subject=CAREGIVER,
        )
        levels = [log["escalationLevel"] for log in kept]
        told = [sum(day[name] for day in days) for name in DAY_COUNTS]
        if told != [len(kept), levels.count(1), levels.count(2)]:
            raise UnexpectedAnswerError("days", "do not say what was said.")

    async def _change_medication(self, session: Session) -> str:
        """Change a medication, and check that it is spoken on the next turn."""
        name, patient = NAMES[0], self._patients[0]
        await session.invoke(_SKILL, alexa_request("LaunchRequest", _user(name), skill=_SKILL_ID))
        path = f"/patients/{patient['patientId']}"
        for medicine in ("Aspirin", "Ibuprofen"):
            version = (await _call(session, "GET", path))["version"]
            body = {"version": version, "medications": [{"name": medicine, "dose": "100 mg"}]}
            await _call(session, "PATCH", path, json=body)
            answer = await _say(session, name, f"what are my pills at {time.time()}")
            if medicine not in answer:
                raise UnexpectedAnswerError("skill", "speaks an older medication.")
        return "A changed medication was spoken on the next turn."

    async def _take_alert_over(self, session: Session) -> str:
        """Check that an alert whose process ended before it told is told by the next one."""
        name, patient = NAMES[0], self._patients[0]
        now = datetime.now(UTC)
        turn = Turn(request_id=f"demo-{now}", moment=now, intent="", utterance="I fell")
        claim = Alert(
            patientId=patient["patientId"],
            timestamp=key_of(turn),
            caregiverId=CAREGIVER,
            level=2,
            claimedAt=now.timestamp() - TAKE_OVER_SECONDS - 1,
        )
        store = _store(session)
        store.put(ALERT_CLAIM, claim)
        await _say(session, name, turn.utterance, request_id=turn.request_id, moment=now)
        await session.settle()
        (alert,) = store.items(TURN_ALERTS, patientId=claim.patientId, timestamp=claim.timestamp)
        if not alert.sent:
            raise UnexpectedAnswerError("alerts", "an alert of a process that has ended stayed.")
        return "An alert of a process that had ended was taken over."

    async def _share(self, session: Session) -> None:
        """Assign a second caregiver, and end it."""
        path = f"/patients/{self._patients[1]['patientId']}"
        await _call(session, "GET", "/me", subject=HELPER)
        for ended_by in (f"/me{path}", f"{path}/caregivers/{HELPER}"):
            await _call(session, "PUT", f"{path}/caregivers/{HELPER}")
            await _call(session, "GET", path, subject=HELPER)
            if len((await _call(session, "GET", f"{path}/caregivers"))["assignments"]) != 2:
                raise UnexpectedAnswerError(path, "does not have two caregivers.")
            subject = HELPER if ended_by.startswith("/me") else CAREGIVER
            await _call(session, "DELETE", ended_by, subject=subject)
            await _call(session, "GET", path, subject=HELPER, refused=HTTPStatus.NOT_FOUND)

    async def _use_lists(self, session: Session) -> None:
        me = await _call(session, "GET", "/me")
        change = {"version": me["version"], "displayName": "A carer"}
        await _call(session, "PATCH", "/me", json=change)
        for path in ("/me/patients", "/me/assignments"):
            if len((await _call(session, "GET", path))["assignments"]) != len(NAMES):
                raise UnexpectedAnswerError(path, "does not list all patients.")
        path = f"/patients/{self._patients[0]['patientId']}/escalations"
        if not (await _call(session, "GET", path))["conversations"]:
            raise UnexpectedAnswerError(path, "does not list the emergency.")

    async def _erase(self, session: Session) -> str:
        """Erase a patient, of whom nothing answers any more."""
        name, patient = NAMES[2], self._patients[2]
        await _say(session, name, "I fell")
        await session.settle()
        path = f"/patients/{patient['patientId']}"
        erased = await _call(session, "DELETE", path)
        await _call(session, "GET", path, refused=HTTPStatus.NOT_FOUND)
        if _stored_logs(_store(session), patient):
            raise UnexpectedAnswerError(path, "has turns still.")
        return f"A patient was erased with {erased['logs']} turns."

    async def _logs(self, session: Session, patient: dict[str, Any]) -> list[Any]:
        """Return all turns of a patient, as the API shows them."""
        return await session.all_pages(
            f"/patients/{patient['patientId']}/conversations",
            "conversations",
            params={"limit": 100},
            scopes=SYSTEM.scopes,
            subject=CAREGIVER,
        )


def _user(name: str) -> str:
    """Return the Alexa user of a patient."""
    return f"amzn1.ask.account.{name.upper()}"


async def _say(session: Session, name: str, words: str, **more: Any) -> str:
    """Return what the skill says to what a patient says."""
    answer = await session.invoke(_SKILL, said(words, _user(name), skill=_SKILL_ID, **more))
    text: str = answer["response"]["outputSpeech"]["text"]
    return text


async def _call(
    session: Session, method: str, path: str, *, subject: str = CAREGIVER, **request: Any
) -> Any:
    return await session.call(method, path, scopes=SYSTEM.scopes, subject=subject, **request)


def _store(session: Session) -> Store:
    return Deployed(load(LOCAL), session.platform.endpoints.engine).store(SYSTEM, 4)


def _stored_logs(store: Store, patient: dict[str, Any]) -> list[Log]:
    always = (EARLIEST, LATEST)
    return list(store.items(PATIENT_LOGS, patientId=patient["patientId"], timestamp=always))


def _told(store: Store, log: Log) -> int:
    """Return how many caregivers were told of a turn."""
    alerts = store.items(TURN_ALERTS, patientId=log.patientId, timestamp=log.timestamp)
    return sum(alert.sent for alert in alerts)


JOURNEY = CompanionJourney
