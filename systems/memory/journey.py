"""The memory system's demonstration: conversations in; contexts, searches and histories out."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np

from keyline.run import Store
from keyline_deploy.environment import load
from keyline_deploy.names import function_name
from keyline_ops.demo import sgd
from keyline_ops.demo.draws import draws
from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import NotThereError, Session, UnexpectedAnswerError
from keyline_ops.demo.work import WORKERS, side_by_side
from keyline_ops.deployed import Deployed
from memory.embeddings.patterns import CODES_ALL, GROUPS_WRITE
from memory.embeddings.store import EmbeddingStore
from memory.embeddings.tables import Group
from memory.patterns import TURN_BATCH
from memory.settings import Settings
from memory.system import SYSTEM, TABLE_SIZES
from memory.turns import MAX_TURNS, NewTurn, embeddings_of, turns_at
from systems.memory.samples import conversations as sample
from systems.memory.samples.conversations import Conversation, Said

SEARCHES = 50
"""How many searches are compared with all vectors of their users."""
NEIGHBOURS = 10
RECALL = 0.98
"""The least part of the true neighbours that the searches find. Before the codes of a user's turns
are packed, they find all."""
ARCHIVED, LATER = 1_152, 96
"""Turns of an older history, and those that follow: enough for groups of codes, and a block."""
_SESSION = 48
"""Turns of a session of the older history."""
_HOUR_MS = 3_600_000.0
_TOLERANCE = 0.002
"""By how much a cosine of float16 may differ from ours."""


class MemoryJourney:
    """Saves conversations as an assistant would, and recalls them."""

    system = SYSTEM
    data_files = (sgd.DIALOGUES, sgd.VECTORS)

    def __init__(self) -> None:
        self._conversations: Sequence[Conversation] = ()
        self._turns: dict[str, list[Said]] = defaultdict(list)
        self.loaded_before = False
        self._started = time.time()

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Read the dialogues and vectors of the folder, or make the sample's conversations.

        Raises
        ------
        KeylineError
            If a line cannot be read, or the files are of two versions.
        """
        self._conversations = sample.of_dialogues(data) if data else sample.invented()
        for each in self._conversations:
            self._turns[each.user] += each.turns
        turns, size = sum(map(len, self._turns.values())), len(self._conversations)
        source = sgd.DIALOGUES if data else "sample conversations"
        return f"{turns:,} turns in {size:,} sessions of {source}", size

    async def load(self, session: Session, advance: Advance) -> None:
        """Save each conversation in order, several side by side.

        What an earlier run saved is not saved again.
        """
        first = self._conversations[:WORKERS]
        self.loaded_before = any([await _is_saved(session, each) for each in first])

        async def save(conversation: Conversation) -> None:
            if not (self.loaded_before and await _is_saved(session, conversation)):
                await _save(session, conversation, key=conversation.session)
            advance()

        await side_by_side(self._conversations, save)

    async def exercise(self, session: Session) -> Sequence[str]:
        """Build contexts, search, read and forget; compare with what was sent."""
        lines = ["The data of an earlier run is there; --fresh starts with an empty state."]
        if not self.loaded_before:
            lines = [await self._check_history(session)]
        lines.append(await self._check_contexts(session))
        lines.append(await self._check_searches(session))
        await self._read(session)
        await self._write_again(session)
        lines.append(await self._recall_archive(session))
        await session.run_schedule(function_name(SYSTEM.name, TABLE_SIZES.name, "local"))
        return lines

    async def _check_history(self, session: Session) -> str:
        """Check that one user's history holds each turn once, and each session is in order."""
        user = self._conversations[0].user
        summaries = [each["content_summary"] for each in await _all(session, user, "/history")]
        sent = [" ".join(said.content.split())[:200] for said in self._turns[user]]
        if sorted(summaries) != sorted(sent):
            raise UnexpectedAnswerError("/history", "is not what was sent.")
        return f"The history of {user}: {len(sent)} turns, each once."

    async def _check_contexts(self, session: Session) -> str:
        """Check that the context of each conversation begins with its latest turns."""

        async def build(conversation: Conversation) -> None:
            last = conversation.turns[-1]
            body = {
                "query": last.content,
                "session_id": conversation.session,
                "vector": last.vector,
            }
            found = await _as(session, conversation.user, "POST", "/contexts", json=body)
            latest = conversation.turns[-_SETTINGS.session_turns :]
            shown = [each["summary"] for each in found["session"]]
            if shown != [" ".join(said.content.split())[:200] for said in latest]:
                raise UnexpectedAnswerError(conversation.session, "has a context of other turns.")

        await side_by_side(self._conversations, build)
        return f"A context for each of {len(self._conversations):,} sessions."

    async def _check_searches(self, session: Session) -> str:
        """Check that searches find the turns that a comparison of all vectors finds."""
        drawn = draws("searches", len(self._conversations))
        found = wanted = 0
        for _ in range(SEARCHES):
            conversation = drawn.choice(self._conversations)
            query = drawn.choice(conversation.turns)
            body = {"query": query.content, "limit": NEIGHBOURS, "vector": query.vector}
            answer = await _as(session, conversation.user, "POST", "/searches", json=body)
            scores = [each["score"] for each in answer["turns"]]
            best = _best(self._turns[conversation.user], query)
            wanted += len(best)
            found += sum(score >= best[-1] - _TOLERANCE for score in scores)
        if found < RECALL * wanted:
            raise UnexpectedAnswerError("/searches", f"found {found} of {wanted} neighbours.")
        return f"{SEARCHES} searches found {found} of the {wanted} nearest turns of all."

    async def _read(self, session: Session) -> None:
        known = self._conversations[0]
        page = await _as(session, known.user, "GET", f"/sessions/{known.session}")
        last = page["turns"][0]
        whole = await _as(session, known.user, "GET", f"/turns/{last['id']}")
        if whole["content"] != known.turns[-1].content:
            raise UnexpectedAnswerError(last["id"], "has another text than was sent.")
        await _as(session, known.user, "GET", f"/days/{last['at'][:10]}")
        body = {"text": whole["content"], "vector": known.turns[-1].vector}
        alike = await _as(session, known.user, "POST", "/near-duplicates", json=body)
        if last["id"] not in [each["id"] for each in alike["turns"]]:
            raise UnexpectedAnswerError("/near-duplicates", "does not find the turn itself.")
        stranger = f"/sessions/{known.session}"
        await _as(session, "stranger", "GET", stranger, refused=HTTPStatus.NOT_FOUND)

    async def _write_again(self, session: Session) -> None:
        """Save twice with one key, then forget it."""
        name = f"again-{int(self._started)}"
        again = Conversation(f"user-{name}", name, self._conversations[0].turns)
        sent = [await _save(session, again, key=name) for _ in range(2)]
        if sent[0] != sent[1]:
            raise UnexpectedAnswerError(
                name, "gives another answer to an interaction that is sent again."
            )
        forgotten = await _as(session, again.user, "DELETE", f"/sessions/{name}")
        if forgotten["turns"] != len(again.turns):
            raise UnexpectedAnswerError(name, "is not forgotten whole.")

    async def _recall_archive(self, session: Session) -> str:
        """Search an older history, whose codes are packed, and forget it.

        The history is written as a migration writes one: not through the API, with the times that
        it had.
        """
        user = f"archive-{int(self._started)}"
        store = Deployed(load("local"), session.platform.endpoints.engine).store(SYSTEM, 4)
        archived = sample.archived(ARCHIVED)
        _write_archive(store, user, archived, self._started * 1000 - 2 * _HOUR_MS)
        await session.settle()
        later = sample.archived(LATER, ARCHIVED)
        _write_archive(store, user, later, self._started * 1000 - _HOUR_MS)
        await session.settle()
        await _find(session, user, archived[0])
        _lose_a_group(store, user)
        await _find(session, user, archived[1])
        for name in (f"archive-{ARCHIVED}", "archive-0"):
            await _as(session, user, "DELETE", f"/sessions/{name}")
        forgotten = await _as(session, user, "DELETE", "/history")
        if not forgotten["complete"] or forgotten["turns"] != ARCHIVED + LATER - 2 * _SESSION:
            raise UnexpectedAnswerError("/history", f"was forgotten as {forgotten}.")
        if (await _as(session, user, "GET", "/history"))["turns"]:
            raise UnexpectedAnswerError("/history", "still shows what was forgotten.")
        return f"An older history of {ARCHIVED + LATER:,} turns packed, searched and forgotten."


_SETTINGS = Settings()


def _write_archive(store: Store, user: str, said: Sequence[Said], moment: float) -> None:
    turns = []
    for begin in range(0, len(said), _SESSION):
        part = [NewTurn(role=each.role, content=each.content) for each in said[begin:][:_SESSION]]
        number = int(said[begin].content.split()[1])
        turns += turns_at(moment + begin * 1000, user, f"archive-{number}", part, f"{number}")
    store.batch_write(TURN_BATCH, puts=turns)
    vectors = [each.vector for each in said]
    embeddings = embeddings_of(turns, vectors, _SETTINGS.history_days)
    EmbeddingStore(store).store_all(user, embeddings)


def _lose_a_group(store: Store, user: str) -> None:
    """Delete a block of codes, as a crash between two writes might; a search notices it."""
    group = next(each for each in store.items(CODES_ALL, user_id=user) if isinstance(each, Group))
    key = {"user_id": user, "generation": group.generation, "number": group.number}
    store.batch_write(GROUPS_WRITE, deletes=[key])


async def _find(session: Session, user: str, said: Said) -> None:
    """Check that a search for a turn's own vector finds the turn first."""
    body = {"query": said.content, "limit": 1, "vector": said.vector}
    found = (await _as(session, user, "POST", "/searches", json=body))["turns"]
    if [each["summary"] for each in found] != [said.content]:
        raise UnexpectedAnswerError("/searches", f"does not find {said.content!r} by its vector.")


def _best(said: Sequence[Said], query: Said) -> list[float]:
    """Return the cosines of the nearest turns, the greatest first."""
    vectors = np.array([each.vector for each in said])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    wanted = np.array(query.vector)
    scores: list[float] = np.sort(vectors @ (wanted / np.linalg.norm(wanted)))[::-1].tolist()
    return scores[:NEIGHBOURS]


async def _is_saved(session: Session, conversation: Conversation) -> bool:
    """Return whether all turns of a conversation are there."""
    path = f"/sessions/{conversation.session}"
    try:
        page = await _as(session, conversation.user, "GET", path, params={"limit": _SESSION})
    except NotThereError:
        return False
    return len(page["turns"]) == len(conversation.turns)


async def _save(session: Session, conversation: Conversation, key: str) -> list[Any]:
    """Save a conversation in parts; each part has a key of its own, and may be sent again."""
    found = []
    for begin in range(0, len(conversation.turns), MAX_TURNS):
        body = {
            "session_id": conversation.session,
            "turns": [said.json for said in conversation.turns[begin:][:MAX_TURNS]],
        }
        path, part = "/interactions", f"{key}-{begin}"
        found.append(await _as(session, conversation.user, "POST", path, json=body, key=part))
    return found


async def _all(session: Session, user: str, path: str) -> list[Any]:
    return await session.all_pages(
        path, "turns", params={"limit": 100}, scopes=SYSTEM.scopes, subject=user
    )


async def _as(session: Session, user: str, method: str, path: str, **request: Any) -> Any:
    return await session.call(method, path, scopes=SYSTEM.scopes, subject=user, **request)


JOURNEY = MemoryJourney
