"""Answers by rules and by the model of Bedrock, and what a patient hears if none comes."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from aws_lambda_powertools import Logger
from botocore.stub import ANY, Stubber

from companion.answer_writer import FALLBACK, NovaWriter, PatientWriter, RuleWriter, writer_of
from companion.publishers import LogPublisher, TopicPublisher, publisher_of
from companion.settings import Settings
from companion.tables import Medication, Person, Profile, Routine

PROFILE = Profile(
    patientId="p",
    preferredName="Ada",
    people=[Person(name="Eve", relation="daughter")],
    routines=[Routine(time="08:00", activity="breakfast")],
    medications=[Medication(name="Aspirin", dose="100 mg")],
)
NOBODY = Profile(patientId="p", preferredName="Ada")
MODEL = "amazon.nova-lite-v1:0"


def client(service: str) -> Any:
    return botocore.session.get_session().create_client(
        service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.mark.requirement("B-21")
@pytest.mark.parametrize(
    ("words", "known", "unknown"),
    [
        ("what are my pills", "Aspirin 100 mg", "no medicines"),
        ("what is planned today", "breakfast at 08:00", "nothing planned"),
        ("who is in my family", "Eve, your daughter", "do not know"),
        ("Who's that?", "Eve, your daughter", "do not know"),
        ("I slept well", "Ada", "Ada"),
        ("my pillow is soft", "Ada", "Ada"),
        ("the whole house is warm", "Ada", "Ada"),
        ("a medical book about planets", "Ada", "Ada"),
    ],
)
def test_rules_answer_from_the_profile(words: str, known: str, unknown: str) -> None:
    assert known in RuleWriter().write(PROFILE, words)
    assert unknown in RuleWriter().write(NOBODY, words)


@pytest.mark.requirement("B-21")
def test_the_model_is_given_the_profile_and_the_words() -> None:
    bedrock = client("bedrock-runtime")
    said = {"role": "assistant", "content": [{"text": " Eve visits you. "}]}
    answer = {
        "output": {"message": said},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    }
    asked: dict[str, Any] = {
        "modelId": MODEL,
        "system": ANY,
        "messages": [{"role": "user", "content": [{"text": "who comes"}]}],
        "inferenceConfig": {"maxTokens": 120, "temperature": 0},
    }
    seen: list[str] = []
    bedrock.meta.events.register(
        "provide-client-params.*.*", lambda params, **_: seen.append(params["system"][0]["text"])
    )
    with Stubber(bedrock) as stub:
        stub.add_response("converse", answer, asked)
        writer = PatientWriter(NovaWriter(bedrock, MODEL), 3.5, lambda: None)
        assert writer.write(PROFILE, "who comes") == "Eve visits you."
        stub.assert_no_pending_responses()
    assert all(fact in seen[0] for fact in ("Eve", "breakfast", "Aspirin"))


@pytest.mark.requirement("B-21")
@pytest.mark.parametrize("answer", [ValueError("no"), "  ", KeyError("output")])
def test_a_model_that_fails_or_is_silent_gives_the_fallback(answer: object) -> None:
    failures: list[int] = []

    class Failing:
        def write(self, profile: Profile, utterance: str) -> str:
            if isinstance(answer, Exception):
                raise answer
            return str(answer)

    writer = PatientWriter(Failing(), 3.5, lambda: failures.append(1))
    assert writer.write(PROFILE, "who comes") == FALLBACK
    assert len(failures) == 1


def test_the_settings_name_the_writer_and_the_publisher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert isinstance(writer_of(Settings()), RuleWriter)
    assert isinstance(writer_of(Settings(model_id=MODEL)), NovaWriter)
    assert isinstance(publisher_of(Settings(), Logger()), TopicPublisher)
    assert isinstance(publisher_of(Settings(alerts="log"), Logger()), LogPublisher)


@pytest.mark.requirement("B-64")
def test_a_message_has_ids_and_the_level_and_no_health_data() -> None:
    sns = client("sns")
    topic = "arn:aws:sns:us-east-1:111111111111:buddy-escalations-dev"
    told = {
        "TopicArn": topic,
        "Subject": "Buddy: level 2",
        "Message": "Level 2 for patient patient-1 at 2026-01-31T10:00:00.000Z.",
        "MessageAttributes": {
            "caregiverId": {"DataType": "String", "StringValue": "carer"},
            "level": {"DataType": "Number", "StringValue": "2"},
        },
    }
    with Stubber(sns) as stub:
        stub.add_response("publish", {"MessageId": "1"}, told)
        publisher = TopicPublisher(sns, topic)
        publisher.publish("patient-1", "carer", 2, "2026-01-31T10:00:00.000Z")
        stub.assert_no_pending_responses()
