"""The daily totals equal a recount, whatever the stream does to its consumer."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from keyline_local import client
from keyline_ops.cli import app
from tests.support.platform import Running, result_of
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import (
    MESSAGES,
    ROLLUPS,
    assert_totals_match,
    delete,
    everything,
    write,
)

pytestmark = pytest.mark.xdist_group("chat")

CONSUMER = "chat-rollup-stream-local"
DAY = 86_400_000
Records = Sequence[Mapping[str, Any]]


def message(**fields: Any) -> dict[str, Any]:
    """Return a message as the table holds it."""
    name = fresh_name()
    return {
        "conversationId": name,
        "timestamp": int(time.time() * 1000),
        "messageId": name,
        "moduleId": 1,
        "provider": "openai",
        "modelUsed": "gpt-4o-mini",
        "question": "Why?",
        "response": "Because.",
        "tokenCount": 10,
        "responseTime": 700,
        "hasFile": False,
        "createdAt": "2026-01-31T00:00:00.000Z",
        **fields,
    }


def inserts(running: Running) -> Records:
    return [r for r in running.stream_records(MESSAGES) if r["eventName"] == "INSERT"]


def deliver(running: Running, records: Records) -> None:
    """Invoke the consumer as its event source would."""
    answer = result_of(running.invoke(CONSUMER, {"Records": list(records)}))
    assert answer == {"batchItemFailures": []}


@pytest.mark.requirement("T-43", "X-05")
def test_totals_equal_a_recount_under_redelivery_and_reordering(api: Api, running: Running) -> None:
    # Given messages of several days, modules, models and students, some of nobody
    chance = random.Random(2)
    now = int(time.time() * 1000)
    known = len(inserts(running))
    modules, students = [fresh_id() for _ in range(3)], [fresh_id() for _ in range(4)]
    for n in range(60):
        student = chance.choice([*students, None])
        write(
            running,
            message(
                conversationId=f"{chance.choice(modules)}",
                timestamp=now - chance.randrange(5) * DAY - n,
                moduleId=chance.choice(modules),
                provider=chance.choice(["openai", "anthropic"]),
                modelUsed=chance.choice(["large", "small"]),
                tokenCount=chance.randrange(2_000),
                responseTime=chance.choice([0, 250, 251, 1_999, 2_000, 10_000, 10_001, 40_001]),
                **({} if student is None else {"studentId": student}),
            ),
        )
    captured = inserts(running)[known:]
    assert len(captured) == 60

    # When they are delivered out of order, in other cuts, and more than once,
    # beside the deliveries of the event source
    for _ in range(3):
        shuffled = chance.sample(captured, len(captured))
        deliver(running, shuffled[:25])
        deliver(running, shuffled[:1] * 3 + shuffled[20:])
    deliver(running, captured[::-1])

    # Then each message counts once, and no last activity went back
    assert_totals_match(running)

    # And the analytics of a module say the same as its messages
    first = time.strftime("%Y-%m-%d", time.gmtime(now / 1000 - 10 * 86_400))
    for module in modules:
        answer = api.get(f"/modules/{module}/analytics", **{"from": first})
        listed = api.all(f"/modules/{module}/messages")
        assert answer["messages"] == len(listed)
        assert answer["tokens"] == sum(m["tokenCount"] for m in listed)
        assert answer["uniqueStudents"] == len({m["studentId"] for m in listed if "studentId" in m})


@pytest.mark.requirement("X-05")
def test_a_changed_or_removed_message_counts_no_second_time(running: Running) -> None:
    # Given a message that is counted
    stored = message(moduleId=fresh_id(), studentId=fresh_id())
    write(running, stored)
    assert_totals_match(running)
    before = everything(running)

    # When it is written again with another text, and then removed
    write(running, {**stored, "question": "Why not?"})
    running.settle()
    delete(running, stored)
    running.removed.append(stored)
    after = everything(running)

    # Then the totals are as they were
    assert after[ROLLUPS] == before[ROLLUPS]
    assert_totals_match(running)


@pytest.mark.requirement("X-05")
def test_a_poison_record_ends_in_the_queue_and_the_rest_go_on(running: Running) -> None:
    # Given a message that the consumer cannot read, among others that it can
    (mapping,) = running.mappings
    assert mapping.on_failure
    sqs = client("sqs", running.platform.endpoints.aws, running.platform.deployment.region)
    sqs.purge_queue(QueueUrl=mapping.on_failure)
    poison = message(tokenCount="many")
    good = [message(moduleId=fresh_id(), studentId=fresh_id()) for _ in range(7)]

    # When the stream brings it
    try:
        for each in (*good[:3], poison, *good[3:]):
            write(running, each)
        running.settle()
    finally:
        delete(running, poison)

    # Then the queue has it, and it alone
    received = sqs.receive_message(
        QueueUrl=mapping.on_failure, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    (failure,) = received["Messages"]
    told = json.loads(failure["Body"])
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["requestContext"]["functionArn"] == running.function(CONSUMER).arn
    assert told["DDBStreamBatchInfo"]["batchSize"] == 1
    (record,) = [
        record
        for record in inserts(running)
        if record["dynamodb"]["Keys"]["conversationId"]["S"] == poison["conversationId"]
    ]
    number = record["dynamodb"]["SequenceNumber"]
    assert told["DDBStreamBatchInfo"]["startSequenceNumber"] == number
    assert told["DDBStreamBatchInfo"]["endSequenceNumber"] == number

    # And all others are counted
    assert_totals_match(running)


def empty(sqs: Any, queue: str) -> None:
    """Delete what is in a queue; SQS purges one only once a minute."""
    while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for each in found:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])


@pytest.mark.requirement("X-05")
def test_given_up_records_are_handed_over_again_and_count_once(running: Running) -> None:
    # Given a message that is counted, and a poison record in the queue
    (mapping,) = running.mappings
    assert mapping.on_failure
    sqs = client("sqs", running.platform.endpoints.aws, running.platform.deployment.region)
    empty(sqs, mapping.on_failure)
    poison, good = message(tokenCount="many"), message(moduleId=fresh_id(), studentId=fresh_id())
    try:
        for each in (good, poison):
            write(running, each)
        running.settle()
    finally:
        delete(running, poison)
    running.settle()
    before = everything(running)[ROLLUPS]

    # And a message that says that the counted one was given up too
    told = sqs.receive_message(QueueUrl=mapping.on_failure, VisibilityTimeout=0)["Messages"]
    text = told[0]["Body"]
    counted = next(
        record["dynamodb"]["SequenceNumber"]
        for record in inserts(running)
        if record["dynamodb"]["Keys"]["conversationId"]["S"] == good["conversationId"]
    )
    batch = json.loads(text)["DDBStreamBatchInfo"]
    again = {**batch, "startSequenceNumber": counted, "endSequenceNumber": counted}
    body = {**json.loads(text), "DDBStreamBatchInfo": again}
    sqs.send_message(QueueUrl=mapping.on_failure, MessageBody=json.dumps(body))

    # When they are handed to the consumer again
    words = ["redrive", "chat", "rollup-stream", "--state", str(running.state), "--json"]
    run = CliRunner().invoke(app, words, catch_exceptions=False)

    # Then the poison fails again and stays, and the other one is done with and counts once
    assert run.exit_code == 1
    outcomes = {each["first"]: each["outcome"] for each in json.loads(run.output)}
    assert outcomes == {batch["startSequenceNumber"]: "failed again", counted: "redriven"}
    left = sqs.receive_message(QueueUrl=mapping.on_failure, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in left] == [text]
    assert everything(running)[ROLLUPS] == before
    assert_totals_match(running)


def test_the_alarms_of_the_running_platform_have_their_states(running: Running) -> None:
    words = ["alarms", "--live", "--state", str(running.state), "--json"]
    run = CliRunner().invoke(app, words, catch_exceptions=False)
    found = {(each["stack"], each["name"]): each["state"] for each in json.loads(run.output)}
    measured = [name for stack, name in found if stack.startswith("ChatService")]
    assert any("Errors" in name for name in measured)
    assert any(name.startswith("Http") for name in measured)
    assert any(name.startswith("Trouble") for name in measured)
    assert set(found.values()) <= {"OK", "ALARM", "INSUFFICIENT_DATA"}
