"""The skill on an engine: whose patient it is, what is kept, what is read."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta

import pytest

from companion.alexa import UnverifiedRequestError
from companion.answer_writer import FALLBACK
from companion.conversation import CONCERN_ANSWER, EMERGENCY_ANSWER
from companion.skill import GOODBYE, HELP, NOT_UNDERSTOOD, REFUSAL
from companion.tables import LOGS, Profile
from keyline.run import Client, OutcomeUnknownError
from keyline.run.client_settings import ClientSettings
from tests.support.events import Context
from tests.support.faults import Fault, fault_proxy
from tests.systems.companion.on_engine import (
    ALEXA_USER,
    SKILL_ID,
    Companion,
    MakeCompanion,
    alexa_request,
    said,
)

READS = {"GetItem", "Query", "BatchGetItem", "TransactGetItems"}


def test_a_launch_greets_the_patient_of_the_alexa_user(companion: Companion) -> None:
    companion.patient()
    answer = companion.skill.answer(alexa_request("LaunchRequest"))
    assert "Hello Ada" in answer["response"]["outputSpeech"]["text"]
    assert answer["response"]["shouldEndSession"] is False


def test_an_unknown_user_is_refused_and_hears_of_nobody(companion: Companion) -> None:
    companion.patient()
    stranger = companion.skill.answer(said("who am I", "amzn1.ask.account.OTHER"))
    assert stranger["response"]["outputSpeech"]["text"] == REFUSAL
    assert companion.stored("BuddyConversationLogs") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AMAZON.StopIntent", GOODBYE),
        ("AMAZON.CancelIntent", GOODBYE),
        ("AMAZON.FallbackIntent", NOT_UNDERSTOOD),
    ],
)
def test_intents_of_alexa_are_answered(companion: Companion, name: str, text: str) -> None:
    answer = companion.skill.answer(alexa_request("IntentRequest", intent={"name": name}))
    assert answer["response"]["outputSpeech"]["text"] == text


@pytest.mark.requirement("B-O4")
def test_a_cry_for_help_is_a_turn_of_level_1_and_is_answered_with_help(
    companion: Companion,
) -> None:
    """Alexa takes "help" for its own intent, so that the words never come in a slot."""
    request = alexa_request("IntentRequest", intent={"name": "AMAZON.HelpIntent"})
    refused = companion.skill.answer(request)
    assert refused["response"]["outputSpeech"]["text"] == REFUSAL
    companion.patient()
    answer = companion.skill.answer(request)
    assert answer["response"]["outputSpeech"]["text"] == CONCERN_ANSWER + HELP
    (stored,) = stored_logs(companion)
    assert stored["escalationLevel"] == {"N": "1"}


def test_the_end_of_a_session_is_not_spoken_to(companion: Companion) -> None:
    ended = companion.skill.answer(alexa_request("SessionEndedRequest", reason="USER_INITIATED"))
    assert ended["response"] == {}


def test_another_skill_and_an_old_request_are_refused(companion: Companion) -> None:
    companion.patient()
    with pytest.raises(UnverifiedRequestError):
        companion.skill.answer(said("hello", skill="amzn1.ask.skill.other"))
    for seconds in (-160, 160):
        moment = datetime.now(UTC) + timedelta(seconds=seconds)
        with pytest.raises(UnverifiedRequestError):
            companion.skill.answer(said("hello", moment=moment))


@pytest.mark.requirement("B-06")
def test_turns_of_one_moment_are_all_kept_and_a_repeated_request_once(
    companion: Companion,
) -> None:
    companion.patient()
    moment = datetime.now(UTC)
    for number in range(10):
        for _ in range(2):
            companion.say(f"word {number}", moment=moment, request_id=f"request-{number}")
    assert len(companion.stored("BuddyConversationLogs")) == 10
    days = [item for item in companion.stored("BuddyRecords") if item["kind"]["S"] == "DAY"]
    assert [day["conversations"]["N"] for day in days] == ["10"]


@pytest.mark.requirement("B-18")
@pytest.mark.usefixtures("no_sleep")
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_turn_whose_answers_are_lost_is_kept_and_counted_once(
    companion: Companion, lost: int
) -> None:
    companion.patient()
    moment = datetime.now(UTC)
    turn = said("hello there", moment=moment, request_id="request-1")
    companion.say("good morning")
    with fault_proxy(companion.endpoint) as proxy:
        behind = Companion(
            proxy.url, companion.environment, companion.settings, companion.monkeypatch
        )
        reads = [None] * 5  # of a cold turn
        proxy.next(*reads, *[Fault.LOST] * lost)
        with contextlib.suppress(OutcomeUnknownError):
            behind.skill.answer(turn)
        assert proxy.failed.total() == lost
    companion.skill.answer(turn)  # Alexa sends it again
    assert len(companion.stored("BuddyConversationLogs")) == 2
    days = [item for item in companion.stored("BuddyRecords") if item["kind"]["S"] == "DAY"]
    assert [day["conversations"]["N"] for day in days] == ["2"]


def test_the_fourth_repetition_raises_level_1(companion: Companion) -> None:
    companion.patient()
    for words in ("What day is it?", "what day IS it", "What, day is it!", "what day is it"):
        companion.say(words)
    levels = sorted(item["escalationLevel"]["N"] for item in stored_logs(companion))
    assert levels == ["0", "0", "0", "1"]


def test_level_2_is_told_at_once_and_goes_before_a_repetition(companion: Companion) -> None:
    patient = companion.patient()
    for _ in range(5):
        assert companion.say("I fell") == EMERGENCY_ANSWER
    assert companion.told.messages == [(patient["patientId"], "carer", 2)] * 5
    assert {item["escalationLevel"]["N"] for item in stored_logs(companion)} == {"2"}


@pytest.mark.requirement("B-59")
def test_a_changed_medication_is_used_on_the_next_turn(companion: Companion) -> None:
    patient = companion.patient(medications=[{"name": "Aspirin", "dose": "100 mg"}])
    assert "Aspirin" in companion.say("my medication")
    changed = companion.call(
        "PATCH /patients/{patientId}",
        path={"patientId": patient["patientId"]},
        body={"version": 1, "medications": [{"name": "Ibuprofen", "dose": "200 mg"}]},
    )
    assert (changed.status, changed.body["version"]) == (200, 2)
    assert "Ibuprofen" in companion.say("my medication")


@pytest.mark.requirement("B-55")
def test_a_warm_turn_makes_one_read(companion: Companion) -> None:
    companion.patient()
    companion.say("hello")
    before = len(companion.meter.calls)
    companion.say("hello again")
    assert [call.pattern for call in companion.meter.calls[before:]] == [
        "conversation-get",
        "turn-log",
    ]


@pytest.mark.requirement("B-16")
def test_all_turns_of_a_process_go_over_one_client(make_companion: MakeCompanion) -> None:
    companion = make_companion(skill_id=SKILL_ID, alerts="log")
    companion.patient()
    made: list[object] = []

    class Counted(Client):
        def __init__(self, settings: ClientSettings) -> None:
            super().__init__(settings)
            made.append(self)

    companion.monkeypatch.setattr("keyline.run.client.Client", Counted)
    handler = companion.module("skill").handler
    assert len(made) == 1  # it is there before the first request comes
    for words in ("hello", "I slept well", "what day is it"):
        handler(said(words), Context())
    assert len(companion.stored(LOGS.name)) == 3
    assert len(made) == 1


@pytest.mark.requirement("B-45")
def test_a_turn_leaves_the_profile_as_it_is(companion: Companion) -> None:
    companion.patient(people=[{"name": "Eve", "relation": "daughter"}])
    before = companion.stored("BuddyPatients")
    companion.say("hello")
    assert companion.stored("BuddyPatients") == before


def test_the_next_turn_after_the_patient_was_erased_is_refused(companion: Companion) -> None:
    patient = companion.patient()
    companion.say("hello")
    path = {"patientId": patient["patientId"]}
    assert companion.call("DELETE /patients/{patientId}", path=path).status == 200
    assert companion.say("hello") == REFUSAL
    assert companion.stored("BuddyConversationLogs") == []


@pytest.mark.requirement("B-21")
def test_a_model_that_hangs_gives_the_fallback_answer(make_companion: object) -> None:
    assert callable(make_companion)
    companion: Companion = make_companion(model_seconds=0.05)
    companion.patient()
    release = threading.Event()

    class Hanging:
        def write(self, profile: Profile, utterance: str) -> str:
            release.wait(10)
            return "late"

    companion.skill = companion.new_skill(Hanging())
    assert companion.say("hello") == FALLBACK
    release.set()
    assert companion.counted.count("ModelFailures") == 1


def test_an_alert_that_fails_does_not_fail_the_turn(companion: Companion) -> None:
    companion.patient()
    companion.told.failures = 1
    assert companion.say("I fell", ALEXA_USER) == EMERGENCY_ANSWER
    assert len(companion.failed) == 1


def stored_logs(companion: Companion) -> list[dict[str, dict[str, str]]]:
    return companion.stored("BuddyConversationLogs")
