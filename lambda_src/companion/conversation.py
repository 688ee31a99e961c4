"""One turn of a conversation: who speaks, how urgent it is, what is answered, what is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from hashlib import sha256

import msgspec

from companion.answer_writer import PatientWriter
from companion.patterns import (
    ALEXA_USER,
    ASSIGNMENT_GET,
    CAREGIVER_GET,
    CONVERSATION_GET,
    CONVERSATION_TURNS,
    DAY_ADD,
    LOG_CREATE,
    PATIENT_GET,
    PATIENT_PROFILE,
    TURN_LOG,
)
from companion.repetition import RecentTurns
from companion.settings import Settings
from companion.tables import Conversation, Log, Profile
from companion.words import CONCERN, EMERGENCY, NONE, level_of
from keyline.cache import LRU, Cache, CacheSettings, Count
from keyline.errors import KeylineError
from keyline.moments import iso_of
from keyline.run import Accelerator, Store, TransactionCancelledError, Write, backoff
from keyline.tracing import segment

PROFILES = 500
"""Profiles that a process remembers at most."""
ATTEMPTS = 3
"""Tries of a turn's transaction that meets another one of the same patient."""
EMERGENCY_ANSWER = (
    "I am telling the people who care for you right now. Please stay where you are."
    " If you can, call your emergency number."
)
CONCERN_ANSWER = "You are not alone. I am letting the people who care for you know. "


class UnknownUserError(KeylineError):
    """An Alexa user who is not the user of any patient."""

    def __init__(self) -> None:
        super().__init__("user", "has no patient.", "Link the Alexa user to a patient.")


class PatientContext(msgspec.Struct, frozen=True):
    """The context of a turn: the facts that it needs of a patient.

    Attributes
    ----------
    conversation
        As it is now, never from memory.
    """

    profile: Profile
    conversation: Conversation


class _Known(msgspec.Struct, frozen=True):
    stamp: str
    profile: Profile


def shared_profiles(settings: Settings, count: Count) -> Cache | None:
    """Return the cache of profiles that the settings describe; None without a redis.

    Parameters
    ----------
    count
        Told of each hit, miss and failure.
    """
    if not settings.cache_url or not settings.profile_seconds:
        return None
    return Cache.of(
        CacheSettings(
            prefix="companion:",
            seconds=settings.profile_seconds,
            url=settings.cache_url,
            timeout=settings.cache_timeout_ms / 1000,
        ),
        count,
    )


class Contexts(msgspec.Struct, frozen=True, dict=True):
    """Finds the patient of an Alexa user.

    What a process remembers is used only if the stamp of the patient is still the same, which is
    one consistent read. Every change of a profile, an assignment or an Alexa user changes it.

    Parameters
    ----------
    profiles
        Where all instances of the function share profiles; None where they do not.
    accelerator
        DAX; None where the environment has none. A profile of it is used only if it is of the
        version that the conversation names, which is read from DynamoDB.
    clock
        Seconds, which never go back.
    """

    store: Store
    settings: Settings
    profiles: Cache | None = None
    accelerator: Accelerator | None = None
    clock: Callable[[], float] = time.monotonic
    _executor: ThreadPoolExecutor = msgspec.field(
        default_factory=lambda: ThreadPoolExecutor(4, "context")
    )

    @cached_property
    def _known(self) -> LRU[str, _Known]:
        return LRU(self.settings.profile_seconds, PROFILES, clock=self.clock)

    def get_patient_context(self, alexa_user: str) -> PatientContext:
        """Return what a turn needs.

        Raises
        ------
        UnknownUserError
            If the user has no patient, or the caregiver who linked the user may not see the
            patient any more.
        """
        known = self._known.get(alexa_user)
        if known is not None:
            now = self._conversation(known.profile.patientId)
            if now is not None and now.stamp == known.stamp:
                return PatientContext(known.profile, now)
            self._known.remove(alexa_user)
        return self._read(alexa_user)

    def _read(self, alexa_user: str) -> PatientContext:
        """Read who it is, and then all that follows from it at the same time."""
        user = self.store.get(ALEXA_USER, alexaUserId=alexa_user)
        if user is None:
            raise UnknownUserError
        patient, caregiver = user.patientId, user.caregiverId
        get, submit = self.store.get, self._executor.submit
        # The stamp is read before the profile, so that a change between the two is noticed.
        conversation = self._conversation(patient)
        if conversation is None:
            raise UnknownUserError
        profile = submit(self._profile, conversation)
        assignment = submit(get, ASSIGNMENT_GET, caregiverId=caregiver, patientId=patient)
        carer = submit(get, CAREGIVER_GET, username=user.username)
        found, assigned, cared = profile.result(), assignment.result(), carer.result()
        if assigned is None or cared is None:
            raise UnknownUserError
        self._known.put(alexa_user, _Known(conversation.stamp, found))
        return PatientContext(found, conversation)

    def _profile(self, conversation: Conversation) -> Profile:
        """Read a profile, or take the one that all instances share for its stamp."""
        patient = conversation.patientId

        def read() -> Profile:
            if self.accelerator is not None:
                kept = self.accelerator.get(PATIENT_GET, patientId=patient)
                if kept is not None and kept.version == conversation.profileVersion:
                    return Profile.of(kept)
            found = self.store.get(PATIENT_PROFILE, patientId=patient)
            if found is None:
                raise UnknownUserError
            return found

        if self.profiles is None:
            return read()
        return self.profiles.answer((patient, conversation.stamp), Profile, read)

    def _conversation(self, patient: str) -> Conversation | None:
        return self.store.get(CONVERSATION_GET, patientId=patient)


class Turn(msgspec.Struct, frozen=True):
    """The words of a patient.

    Attributes
    ----------
    request_id
        Alexa's id of the request.
    answer
        What is answered, unless it is an emergency; None lets the writer answer.
    """

    request_id: str
    moment: datetime
    intent: str
    utterance: str
    answer: str | None = None


class Conversations(msgspec.Struct, frozen=True):
    """Answers the turns of patients, and keeps each once."""

    store: Store
    settings: Settings
    writer: PatientWriter

    def decide(self, context: PatientContext, turn: Turn) -> Log:
        """Return the turn with its level and its answer, not kept yet."""
        with segment("checkRepetition"):
            repeated = self._recent(context, turn).count(turn.utterance)
        level = level_of(turn.utterance)
        if level == NONE and repeated >= self.settings.repetitions:
            level = CONCERN
        key = key_of(turn)
        return Log(
            patientId=context.profile.patientId,
            timestamp=key,
            userUtterance=turn.utterance,
            assistantResponse=self._said(context.profile, turn, level),
            intent=turn.intent,
            escalationLevel=level,
            repeatCount=repeated,
            escalation=f"{level}#{key}" if level else None,
        )

    def log_conversation(self, context: PatientContext, log: Log, turn: Turn) -> Log:
        """Keep a turn, count it and remember its words; return the turn that is kept.

        Raises
        ------
        UnknownUserError
            If the patient is being erased.
        """
        turns = self._recent(context, turn).with_turn(turn.utterance, turn.moment).pack()
        counted = {
            "conversations": 1,
            "lastConversationAt": log.at,
            "lastEscalationLevel": log.escalationLevel,
        }
        writes = [
            Write.put(LOG_CREATE, log),
            Write.update(DAY_ADD, counted, patientId=log.patientId, day=log.at[:10]),
            Write.update(CONVERSATION_TURNS, {"turns": turns}, patientId=log.patientId),
        ]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.store.transact(TURN_LOG, writes)
            except TransactionCancelledError as cancelled:
                kept = cancelled.current_of(0)
                if isinstance(kept, Log):
                    return kept
                if cancelled.refused(CONVERSATION_TURNS.name):
                    raise UnknownUserError from cancelled  # the patient is being erased
                if not cancelled.conflict or attempt == ATTEMPTS:
                    raise
                backoff.wait(attempt)
            else:
                break
        return log

    def _recent(self, context: PatientContext, turn: Turn) -> RecentTurns:
        """Return the turns that a turn may repeat."""
        turns = RecentTurns.unpack(context.conversation.turns)
        return turns.within(turn.moment, self.settings.repetition_hours)

    def _said(self, profile: Profile, turn: Turn, level: int) -> str:
        if level == EMERGENCY:
            return EMERGENCY_ANSWER
        answer = turn.answer
        if answer is None:
            with segment("generateNovaResponse"):
                answer = self.writer.write(profile, turn.utterance)
        return CONCERN_ANSWER + answer if level == CONCERN else answer


def key_of(turn: Turn) -> str:
    """Return the sort key of a turn: its moment, and a digest that follows from its request."""
    digest = sha256(turn.request_id.encode()).hexdigest()[:26]
    return f"{iso_of(turn.moment, 'milliseconds')}#{digest}"
