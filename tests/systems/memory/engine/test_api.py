"""The memory API's Lambda handlers, called with API Gateway's events."""

from __future__ import annotations

import json
import threading
from hashlib import sha256
from typing import Any

import pytest

from keyline.http import REPLAYED
from memory.embeddings.provider import EmbeddingFailedError, OfflineEmbeddings
from memory.metrics import EMBEDDING_FAILED
from memory.patterns import TURN_CREATE
from memory.turns import NewTurn, TurnId, turns_at
from tests.systems.memory.on_engine import Api, MakeMemory, Memory, turn, turns

SAVE = "POST /interactions"
HISTORY = "GET /history"
DAY = "GET /days/{date}"
TURN = "GET /turns/{turnId}"
SESSION = "GET /sessions/{sessionId}"
CONTEXT = "POST /contexts"
SEARCH = "POST /searches"
FORGET_SESSION = "DELETE /sessions/{sessionId}"
FORGET_ALL = "DELETE /history"
NEAR_DUPLICATES = "POST /near-duplicates"


def ids_of(api: Api, route: str, path: dict[str, str] | None = None, **more: Any) -> list[str]:
    """Return the identifiers of all turns of a list, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        page = api(route, path, query=f"limit=7{cursor}", **more).body
        found += [each["id"] for each in page["turns"]]
        if page["cursor"] is None:
            return found
        cursor = f"&cursor={page['cursor']}"


@pytest.mark.requirement("I-05", "I-06")
def test_an_interaction_is_stored_with_summary_hash_tokens_and_embedding(memory: Memory) -> None:
    text = "A table for two, in San Jose. " * 20
    body = {
        "session_id": "trip",
        "turns": [
            turn(text, summary="Wants a table."),
            turn("Which cuisine?", "assistant", tokens=3),
        ],
    }
    stored = memory.app("write")(SAVE, body=body)
    assert stored.status == 201
    first, second = stored.body["turns"]
    assert first["content_hash"] == sha256(text.encode()).hexdigest()
    assert (first["tokens"], second["tokens"]) == (150, 3)
    assert (first["role"], second["role"]) == ("user", "assistant")

    whole = memory.app("read")(TURN, {"turnId": first["id"]}).body
    assert (whole["content"], whole["summary"]) == (text, "Wants a table.")
    assert whole["session_id"] == "trip"
    rows = memory.stored("ial-conversation-history-v2")
    assert {row["session_id"]["S"] for row in rows} == {"ada#trip"}
    assert all(len(row["content_summary"]["S"]) <= 200 for row in rows)
    embeddings = memory.stored("ial-conversation-embeddings")
    assert {e["embedding_id"]["S"] for e in embeddings} == {
        each["id"].rpartition("-")[0] for each in (first, second)
    }
    assert {row["ttl"]["N"] for row in (*rows, *embeddings)} == {rows[0]["ttl"]["N"]}


@pytest.mark.requirement("I-03")
def test_fifty_turns_in_one_second_keep_their_order(memory: Memory) -> None:
    api = memory.app("write")
    said = [f"turn {n}" for n in range(50)]
    sent = [api(SAVE, body=turns(*said[n : n + 2])).body["turns"] for n in range(0, 50, 2)]
    order = [each["id"] for pair in sent for each in pair]
    assert len(set(order)) == 50
    read = memory.app("read")
    (date,) = {row["date"]["S"] for row in memory.stored("ial-conversation-history-v2")}
    assert ids_of(read, HISTORY) == order[::-1]
    assert ids_of(read, SESSION, {"sessionId": "s"}) == order[::-1]
    assert ids_of(read, DAY, {"date": date}) == order[::-1]
    page = read(DAY, {"date": date}, query="limit=50").body["turns"]
    assert [each["content"] for each in reversed(page)] == said


@pytest.mark.requirement("I-38")
def test_a_context_has_the_session_what_was_said_lately_and_what_is_similar(
    make_memory: MakeMemory,
) -> None:
    memory = make_memory(embeddings="offline", session_turns=2, recent_turns=2, related_turns=1)
    write = memory.app("write")
    write(SAVE, body=turns("The penguin colony lives on the ice.", session="zoo"))
    write(SAVE, body=turns("Flights to Lisbon?", "There are three.", session="travel"))
    write(SAVE, body=turns("Good morning.", "Good morning!", session="now"))
    asked = {"query": "penguin colony ice", "session_id": "now"}
    answer = memory.app("recall")(CONTEXT, body=asked)
    assert answer.status == 200
    shown = {part: [t["summary"] for t in answer.body[part]] for part in ("session", "recent")}
    assert shown == {
        "session": ["Good morning.", "Good morning!"],
        "recent": ["Flights to Lisbon?", "There are three."],
    }
    (related,) = answer.body["related"]
    assert related["summary"] == "The penguin colony lives on the ice."
    assert related["score"] > 0.5
    assert answer.body["searched"]
    assert answer.body["text"] == (
        "This session:\nuser: Good morning.\nassistant: Good morning!\n\n"
        "Recently:\nuser: Flights to Lisbon?\nassistant: There are three.\n\n"
        "Related:\nuser: The penguin colony lives on the ice."
    )


def test_a_search_finds_what_is_similar_and_says_what_is_newer_than_the_codes(
    memory: Memory,
) -> None:
    memory.app("write")(SAVE, body=turns("Penguins live on ice.", "Camels live in the desert."))
    found = memory.app("recall")(SEARCH, body={"query": "penguins on the ice", "limit": 1}).body
    (turn,) = found["turns"]
    assert turn["summary"] == "Penguins live on ice."
    assert (found["newer"], found["packed_until"]) == (2, None)
    assert memory.app("read")(TURN, {"turnId": turn["id"]}).body["content"] == turn["summary"]


def test_vectors_of_the_client_are_compared_with_each_other(memory: Memory) -> None:
    body = {
        "session_id": "s",
        "turns": [turn("a", vector=[1.0, 0.0]), turn("b", vector=[0.0, 1.0])],
    }
    memory.app("write")(SAVE, body=body)
    found = memory.app("recall")(SEARCH, body={"query": "?", "vector": [0.1, 0.9], "limit": 1})
    assert [each["summary"] for each in found.body["turns"]] == ["b"]


def test_a_user_reaches_only_his_own_memory(memory: Memory) -> None:
    """Also where two users give a session the same name, or one names a turn of the other."""
    write = memory.app("write")
    own = write(SAVE, body=turns("Mine.", session="same")).body["turns"][0]["id"]
    write(SAVE, body=turns("Yours.", session="same"), user="bob")
    read = memory.app("read")
    assert ids_of(read, HISTORY) == ids_of(read, SESSION, {"sessionId": "same"}) == [own]
    assert read(TURN, {"turnId": own}, user="bob").status == 404
    asked = {"query": "Mine. Yours.", "session_id": "same"}
    text = memory.app("recall")(CONTEXT, body=asked, user="bob").body["text"]
    assert text == "This session:\nuser: Yours."
    assert (
        memory.app("forget")(FORGET_SESSION, {"sessionId": "same"}, user="eve").body["turns"] == 0
    )
    assert memory.app("forget")(FORGET_ALL, user="bob").body["turns"] == 1
    assert ids_of(memory.app("read"), HISTORY) == [own]


def test_a_cursor_is_of_no_use_to_another_user(memory: Memory) -> None:
    memory.app("write")(SAVE, body=turns("one", "two", "three"))
    read = memory.app("read")
    cursor = read(HISTORY, query="limit=1").body["cursor"]
    refused = read(HISTORY, query=f"limit=1&cursor={cursor}", user="eve")
    assert (refused.status, refused.body["path"]) == (400, "query.cursor")


@pytest.mark.requirement("I-15", "I-41", "I-68")
def test_a_page_across_midnight_has_no_duplicate_and_no_gap(memory: Memory) -> None:
    """Turns within milliseconds of midnight UTC, in pages of each size."""
    midnight = 1_861_920_000_000.0  # 2029-01-01, so that they have not expired
    new = [NewTurn(role="user", content=f"t{n}") for n in range(20)]
    stored = []
    for n, each in enumerate(new):
        stored += turns_at(midnight - 10 + n, "ada", "s", [each], str(n))
    for made in stored:
        memory.store.put(TURN_CREATE, made)
    assert len({made.date for made in stored}) == 2
    order = [str(TurnId.of(made)) for made in reversed(stored)]
    read = memory.app("read")
    for limit in (1, 3, 7, 10, 20):
        found: list[str] = []
        cursor = ""
        while True:
            page = read(HISTORY, query=f"limit={limit}{cursor}").body
            found += [each["id"] for each in page["turns"]]
            if page["cursor"] is None:
                break
            cursor = f"&cursor={page['cursor']}"
        assert found == order
    recent = memory.history.get_recent_context_optimized("ada", limit=15)
    assert [str(TurnId.of(each)) for each in recent] == order[:15]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"session_id": "s", "turns": []}, "body.turns"),
        ({"session_id": "a/b", "turns": [turn("x")]}, "body.session_id"),
        ({"session_id": "s", "turns": [turn("x", "narrator")]}, "body.turns[0].role"),
        ({"session_id": "s", "turns": [turn("")]}, "body.turns[0].content"),
        ({"session_id": "s", "turns": [turn("x", summary="y" * 201)]}, "body.turns[0].summary"),
        ({"session_id": "s", "turns": [turn("x", vector=[])]}, "body.turns[0].vector"),
        ({"session_id": "s", "turns": [turn("x", vector=[1e300])]}, "body.turns"),
        ({"session_id": "s", "turns": [turn("x")] * 49}, "body.turns"),
    ],
)
def test_what_cannot_be_stored_is_refused(memory: Memory, body: Any, path: str) -> None:
    answer = memory.app("write")(SAVE, body=body)
    assert (answer.status, answer.body["path"]) == (400, path)
    assert not memory.stored("ial-conversation-history-v2")


def test_the_largest_interaction_fits_into_one_transaction(memory: Memory) -> None:
    answer = memory.app("write")(SAVE, body=turns(*(f"turn {n}" for n in range(48))))
    assert answer.status == 201
    assert len(memory.stored("ial-conversation-embeddings")) == 48


def test_a_request_that_is_sent_again_stores_once(memory: Memory) -> None:
    api = memory.app("write")
    key = {"content-type": "application/json", "idempotency-key": '"k-1"'}
    first, second = (api(SAVE, body=turns("a", "b"), headers=key) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert [REPLAYED.lower() in each.headers for each in (first, second)] == [False, True]
    assert len(memory.stored("ial-conversation-history-v2")) == 2
    other = api(SAVE, body=turns("c"), headers=key)
    assert other.status == 422


def test_tries_at_once_store_once(memory: Memory) -> None:
    api = memory.app("write")
    key = {"content-type": "application/json", "idempotency-key": '"k-1"'}
    answers: list[Any] = []

    def send() -> None:
        answers.append(api(SAVE, body=turns("a", "b", "c"), headers=key))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = [answer.body for answer in answers if answer.status == 201]
    assert stored
    assert all(body == stored[0] for body in stored)
    assert len(memory.stored("ial-conversation-history-v2")) == 3


def test_a_session_is_forgotten_with_its_embeddings_and_nothing_else(memory: Memory) -> None:
    write = memory.app("write")
    write(SAVE, body=turns("Keep the penguins.", session="kept"))
    write(SAVE, body=turns("Forget the camels.", "Done.", session="gone"))
    answer = memory.app("forget")(FORGET_SESSION, {"sessionId": "gone"}).body
    assert (answer["turns"], answer["complete"]) == (2, True)
    assert answer["in_backups_until"] > "2026"
    read = memory.app("read")
    assert read(SESSION, {"sessionId": "gone"}).status == 404
    assert len(ids_of(read, HISTORY)) == 1
    found = memory.app("recall")(SEARCH, body={"query": "Forget the camels."}).body["turns"]
    assert [each["summary"] for each in found] == ["Keep the penguins."]
    again = memory.app("forget")(FORGET_SESSION, {"sessionId": "gone"}).body
    assert (again["turns"], again["complete"]) == (0, True)


def test_everything_of_a_user_is_forgotten(memory: Memory) -> None:
    memory.app("write")(SAVE, body=turns(*map(str, range(40))))
    memory.app("write")(SAVE, body=turns("Not this one."), user="bob")
    answer = memory.app("forget")(FORGET_ALL).body
    assert (answer["turns"], answer["complete"]) == (40, True)
    for table in ("ial-conversation-history-v2", "ial-conversation-embeddings"):
        assert len(memory.stored(table)) == 1


def test_a_long_history_is_forgotten_by_several_requests(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.app("write")(SAVE, body=turns(*map(str, range(40))))
    monkeypatch.setattr("memory.forgetting.MOST", 25)
    api = memory.app("forget")
    answers = [api(FORGET_ALL).body for _ in range(3)]
    assert [(each["turns"], each["complete"]) for each in answers] == [
        (25, False),
        (15, True),
        (0, True),
    ]


def test_no_line_of_the_log_holds_what_was_said(
    memory: Memory, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "xyzzy-42"
    memory.app("write")(SAVE, body=turns(f"The word is {secret}.", summary=f"About {secret}."))
    memory.app("recall")(CONTEXT, body={"query": secret, "session_id": "s"})
    memory.app("recall")(SEARCH, body={"query": secret})
    memory.app("read")(SESSION, {"sessionId": "s"})
    memory.app("forget")(FORGET_ALL)
    memory.app("write")(SAVE, body={"session_id": "s", "turns": [turn(secret, secret)]})
    out = "".join(capfd.readouterr())
    assert "memory" in out
    assert secret not in out


def test_a_model_that_does_not_answer_is_told_and_counted_once(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: OfflineEmbeddings, text: str) -> list[float]:
        raise EmbeddingFailedError("model", "did not answer.", "Try again.")

    monkeypatch.setattr(OfflineEmbeddings, "embed", fail)
    asked = {"query": "a table"}
    calls = [
        ("write", SAVE, turns("Hello."), 503),
        ("recall", SEARCH, asked, 503),
        ("recall", NEAR_DUPLICATES, {"text": "a table"}, 503),
        ("recall", CONTEXT, {**asked, "session_id": "s"}, 200),
    ]
    for function, route, body, status in calls:
        capsys.readouterr()
        answer = memory.app(function)(route, body=body)
        assert answer.status == status, route
        lines = map(json.loads, capsys.readouterr().out.splitlines())
        assert sum(sum(line.get(EMBEDDING_FAILED, [])) for line in lines) == 1, route
    assert answer.body["searched"] is False
    assert memory.stored("ial-conversation-history-v2") == []
