"""Writing messages and reading them back through the table and its three indexes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.patterns import (
    CONVERSATION_MESSAGES,
    MESSAGE_CREATE,
    MODULE_FACTS,
    MODULE_MESSAGES,
    PROVIDER_MESSAGES,
    STUDENT_MESSAGES,
)
from chat.repository import PageRequest, TooMuchError
from keyline.days import Period
from keyline.model import query_units
from keyline.run import UniqueClock
from tests.systems.chat.on_engine import Chat, MakeChat
from tests.systems.chat.unit.examples import START, message

STAFF = PageRequest(caller="staff")


@pytest.mark.requirement("T-02")
def test_a_thousand_messages_of_one_millisecond_are_all_kept_in_order(chat: Chat) -> None:
    # Given two processes whose clocks stand still
    processes = [chat.process(UniqueClock(lambda: int(START) * 1_000_000)) for _ in range(2)]

    def write(number: int) -> str:
        name = f"m-{number}"
        stored = processes[number % 2].create(lambda at: message(timestamp=at, messageId=name))
        return stored.messageId

    # When 32 threads write a thousand messages to one conversation
    with ThreadPoolExecutor(32) as pool:
        written = list(pool.map(write, range(1000)))

    # Then each is there once, at a time of its own, newest first
    first = PageRequest(caller="staff", limit=500)
    page = chat.repository.page(CONVERSATION_MESSAGES, None, first, conversationId="c-1")
    second = PageRequest(caller="staff", limit=500, cursor=page.cursor)
    rest = chat.repository.page(CONVERSATION_MESSAGES, None, second, conversationId="c-1")
    found = page.items + rest.items
    assert {m.messageId for m in found} == set(written)
    assert len(found) == 1000
    times = [m.timestamp for m in found]
    assert times == sorted(set(times), reverse=True)


@pytest.mark.requirement("T-04", "T-05", "T-06", "T-09", "T-25", "T-35")
def test_a_message_is_found_through_each_index_in_its_range(chat: Chat) -> None:
    stored = [
        chat.add(
            message(
                conversationId=f"c-{n % 2}",
                timestamp=START + n * 1000,
                moduleId=1 + n % 2,
                studentId=1 + n % 2,
                provider=("openai", "anthropic")[n % 2],
            )
        )
        for n in range(10)
    ]
    span = Period(START + 2000, START + 6000)
    expected = [m.messageId for m in reversed(stored[2:7:2])]
    for page in (
        chat.repository.page(CONVERSATION_MESSAGES, span, STAFF, conversationId="c-0"),
        chat.repository.page(MODULE_MESSAGES, span, STAFF, moduleId=1),
        chat.repository.page(STUDENT_MESSAGES, span, STAFF, studentId=1),
        chat.repository.page(PROVIDER_MESSAGES, span, STAFF, provider="openai"),
    ):
        assert [m.messageId for m in page.items] == expected
    assert chat.repository.page(MODULE_MESSAGES, span, STAFF, moduleId=1).items[0] == stored[6]


@pytest.mark.requirement("T-23", "T-49")
def test_a_range_is_charged_for_what_it_holds_and_for_nothing_else(chat: Chat) -> None:
    """The range is in the key condition: a filter would read, and charge for, all messages."""
    stored = [chat.add(message(timestamp=START + n, question="q" * 4000)) for n in range(20)]
    names = [m.messageId for m in stored[5:8]]
    rows = [row for row in chat.stored("ChatMessages") if row["messageId"]["S"] in names]
    span = Period(START + 5, START + 7)
    written = len(chat.meter.calls)
    pages = [
        chat.repository.page(MODULE_MESSAGES, span, STAFF, moduleId=7),
        chat.repository.page(STUDENT_MESSAGES, span, STAFF, studentId=1),
        chat.repository.page(PROVIDER_MESSAGES, span, STAFF, provider="openai"),
    ]
    for page in pages:
        assert [m.messageId for m in page.items] == names[::-1]
    assert [call.read for call in chat.meter.calls[written:]] == [query_units(rows)] * 3


@pytest.mark.requirement("T-05", "T-48")
def test_a_message_without_student_is_in_no_student_s_index(chat: Chat) -> None:
    chat.add(message(studentId=None))
    (row,) = chat.stored("ChatMessages")
    assert "studentId" not in row
    index = chat.dynamodb.scan(
        TableName=chat.store.system.table("ChatMessages").physical_name(chat.environment),
        IndexName="StudentActivityIndex",
    )
    assert index["Count"] == 0


@pytest.mark.requirement("T-47", "X-04")
def test_messages_expire_twelve_months_after_their_time_in_epoch_seconds(chat: Chat) -> None:
    chat.add(message(timestamp=START))
    (row,) = chat.stored("ChatMessages")
    assert int(row["ttl"]["N"]) == START / 1000 + 365 * 86_400


@pytest.mark.requirement("T-47", "X-04")
def test_an_expired_message_is_in_no_answer_and_a_page_is_full_all_the_same(chat: Chat) -> None:
    year = 366 * 86_400_000
    old = [chat.add(message(timestamp=START - year + n)) for n in range(5)]
    kept = [chat.add(message(timestamp=START + n)) for n in range(3)]
    newest = [m.messageId for m in reversed(kept)]
    span = Period(0, START + 10)
    for limit in (3, 4, 50):
        request = PageRequest(caller="staff", limit=limit)
        for page in (
            chat.repository.page(CONVERSATION_MESSAGES, span, request, conversationId="c-1"),
            chat.repository.page(MODULE_MESSAGES, span, request, moduleId=7),
            chat.repository.page(STUDENT_MESSAGES, span, request, studentId=1),
            chat.repository.page(PROVIDER_MESSAGES, span, request, provider="openai"),
        ):
            assert [m.messageId for m in page.items] == newest
    assert [m.messageId for m in chat.repository.recent(1, request).items] == newest
    facts = chat.repository.facts(MODULE_FACTS, span, "Ask for less.", moduleId=7)
    assert [fact.timestamp for fact in facts] == [m.timestamp for m in kept]
    assert chat.repository.message("c-1", old[0].timestamp) is None
    keys = [(m.conversationId, m.timestamp) for m in (*old, *kept)]
    assert len(chat.repository.messages(keys)) == 3


def test_a_long_answer_is_stored_compressed_and_read_as_it_was(chat: Chat) -> None:
    text = "Think of it as unpacking. " * 200
    stored = chat.add(message(response=text))
    (row,) = chat.stored("ChatMessages")
    assert len(row["response"]["B"]) < len(text) / 4
    assert chat.repository.message("c-1", stored.timestamp) == stored
    assert stored.response == text


@pytest.mark.requirement("T-26")
def test_a_student_s_latest_ten(chat: Chat) -> None:
    stored = [chat.add(message(timestamp=START + n)) for n in range(15)]
    recent = chat.repository.recent(1, PageRequest(caller="staff", limit=10)).items
    assert [m.messageId for m in recent] == [m.messageId for m in reversed(stored[5:])]


@pytest.mark.requirement("T-60")
def test_messages_by_key_come_in_order_without_the_missing_in_as_many_calls_as_needed(
    chat: Chat,
) -> None:
    stored = [chat.add(message(timestamp=START + n)) for n in range(150)]
    keys = [(m.conversationId, m.timestamp) for m in stored]
    written = len(chat.meter.calls)
    found = chat.repository.messages([("c-1", START - 1), *keys, keys[0]])
    assert [m.messageId for m in found][:150] == [m.messageId for m in stored]
    calls = chat.meter.calls[written:]
    assert [call.operation for call in calls] == ["BatchGetItem"] * 2  # of 100 keys at most


@pytest.mark.requirement("T-06")
def test_a_sharded_provider_answers_as_the_plain_one_in_order_and_page_by_page(
    make_chat: MakeChat,
) -> None:
    # Given the same messages behind one shard and behind eight
    messages = [message(timestamp=START + n, conversationId=f"c-{n % 9}") for n in range(60)]
    plain, sharded = make_chat(), make_chat(provider_shards=8)
    for one in messages:
        plain.add(one)
        sharded.add(one)
    spread, whole = (
        {row["provider"]["S"] for row in chat.stored("ChatMessages")} for chat in (sharded, plain)
    )
    assert spread == {"openai", *(f"openai#{n}" for n in range(1, 8))}
    assert whole == {"openai"}  # the specification's own key, unless shards are set

    # When both are read page by page
    def read(chat: Chat) -> list[str]:
        found, cursor = [], None
        while True:
            request = PageRequest(caller="staff", limit=7, cursor=cursor)
            page = chat.repository.page(
                PROVIDER_MESSAGES, Period(START, START + 50), request, provider="openai"
            )
            found += [m.messageId for m in page.items]
            assert cursor is None or page.cursor != cursor  # else it would never end
            cursor = page.cursor
            if cursor is None:
                return found

    # Then the answers are the same
    assert read(plain) == read(sharded) == [m.messageId for m in reversed(messages[:51])]


@pytest.mark.requirement("T-17", "T-22", "T-50", "T-57")
def test_a_range_of_more_than_one_megabyte_is_read_to_its_end_or_refused(
    make_chat: MakeChat,
) -> None:
    chat = make_chat(max_messages=700)
    texts = [chr(97 + n % 26) * 900 for n in range(700)]
    for n, text in enumerate(texts):
        chat.store.put(
            MESSAGE_CREATE, message(timestamp=START + n, question=text, response=text, tokenCount=n)
        )
    facts = chat.repository.facts(
        MODULE_FACTS, Period(START, START + 10_000), "Ask for less.", moduleId=7
    )
    assert sorted(f.tokenCount for f in facts) == list(range(700))
    queries = [call for call in chat.meter.calls if call.pattern == "module-facts"]
    assert len(queries) > 1  # a page of DynamoDB's is 1 MB

    chat.add(message(timestamp=START + 701))
    with pytest.raises(TooMuchError) as refused:
        chat.repository.facts(
            MODULE_FACTS, Period(START, START + 10_000), "Ask for less.", moduleId=7
        )
    assert refused.value.suggestion == "Ask for less."
