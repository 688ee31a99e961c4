"""The memory specification's claims of before and after (I-23 to I-35), on the same turns.

    python -m benchmarks.memory_before_after [--data FOLDER] [--turns 700 20000] [--json FILE]

FOLDER holds sgd-dev.jsonl and sgd-dev-minilm.npy; without it turns and vectors are made up. Both
designs hold the turns of one user on the embedded engine and have the same client, so that the
design alone tells them apart.

before   one table with the user as partition key and whole items, no index and no projection. The
         session's turns are looked for among the user's turns, the newest first. A search reads all
         vectors, which are float32, and compares each.
after    the memory system without its cache (L1), with packed codes.

A context has the turns of a session, the user's latest, and those that are similar to a query. Of
the current session its turns are the latest; a resumed one lies behind others. The two designs take
turns, and the first of them changes, so that a busy moment of the machine meets both. No model is
called: the vectors are given. The engine has no network, so its times are not those of DynamoDB: a
request takes some milliseconds there, and a design with fewer requests one after the other gains
more. Units carry over.
"""

from __future__ import annotations

import math
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import numpy as np

from benchmarks.memory_search import THREADS
from benchmarks.ratio import Ratio
from benchmarks.result import keep, machine, parser
from keyline.model import (
    STORAGE_OVERHEAD_BYTES,
    BatchWrite,
    Function,
    Key,
    Put,
    Query,
    System,
    Table,
    item_size,
)
from keyline.moments import DAY_SECONDS
from keyline.percentile import percentile
from keyline.run import Meter, Store, dynamodb_client
from keyline_ops.costs.prices import CURRENT, GIGABYTE, MILLION
from keyline_ops.demo import sgd
from memory.context_cache import ContextCache
from memory.embeddings.packing import BLOCK_ROWS, DUE_EVERY, MARGIN_SECONDS, Packer
from memory.embeddings.provider import OfflineEmbeddings
from memory.embeddings.search import EmbeddingSearch
from memory.embeddings.store import EmbeddingStore
from memory.engine import OptimizedContextEngine
from memory.history import History
from memory.interactions import Interactions
from memory.legacy import LEGACY_HISTORY, LegacyTurn, turn_of
from memory.measures import Measures
from memory.patterns import INTERACTIONS, TURN_BATCH, TURN_BYTES
from memory.settings import Settings
from memory.system import SYSTEM
from memory.turns import NewTurn, embeddings_of
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import create_table_params, created

ENVIRONMENT = "benchmark"
USER = "ada"
DAYS = 29
SESSION = 20
"""Turns of a made-up session."""
CONTEXTS = 30
"""Contexts and searches of each kind that are measured."""
WRITES = 128
"""Interactions of two turns that are measured."""
TRACED = 3
"""Of these, whose memory is measured: to trace it takes time."""
STEPS = 20
K = 10
MEGABYTE = 2**20
SETTINGS = Settings(embeddings="offline")
SHOWN = SETTINGS.session_turns + SETTINGS.recent_turns
DIMENSION = 384
TURNS_A_MONTH = 2 * INTERACTIONS
"""The rates that the patterns declare. A turn is kept for a month, so as many are stored."""


@dataclass(frozen=True)
class Said:
    """A turn of a session."""

    session: str
    role: str
    text: str
    vector: list[float]


T = TypeVar("T")


# --- before ---------------------------------------------------------------------------


class OldVector(msgspec.Struct, kw_only=True):
    """A vector as float32, in the partition of its user."""

    user_id: Annotated[str, msgspec.Meta(min_length=1)]
    id: str
    vector: bytes
    summary: str


OLD_VECTOR_BYTES = 1_900
OLD_VECTORS = Table(
    "before-embeddings",
    """Key design:
    user_id: all vectors of a user are one partition, and a search reads all of it.
    """,
    key=Key("user_id", "id"),
    entities=[OldVector],
)
OLD_TURNS = Query(
    name="before-turns",
    why="Read a user's turns whole, the newest first.",
    table=LEGACY_HISTORY,
    shape=LegacyTurn,
    descending=True,
    page=1_000,
    items=SHOWN,
    item_bytes=TURN_BYTES,
)
OLD_COMPARED = Query(
    name="before-vectors",
    why="Read all vectors of a user.",
    table=OLD_VECTORS,
    shape=OldVector,
    page=1_000,
    items=700,
    item_bytes=OLD_VECTOR_BYTES,
)
OLD_TURN_PUT = Put(
    name="before-turn",
    why="Store a turn.",
    table=LEGACY_HISTORY,
    shape=LegacyTurn,
    item_bytes=TURN_BYTES,
)
OLD_VECTOR_PUT = Put(
    name="before-vector",
    why="Store a vector.",
    table=OLD_VECTORS,
    shape=OldVector,
    item_bytes=OLD_VECTOR_BYTES,
)
OLD_TURN_BATCH = BatchWrite(
    name="before-turn-batch",
    why="Store the turns that there were.",
    table=LEGACY_HISTORY,
    shape=LegacyTurn,
    item_bytes=TURN_BYTES,
)
OLD_VECTOR_BATCH = BatchWrite(
    name="before-vector-batch",
    why="Store the vectors that there were.",
    table=OLD_VECTORS,
    shape=OldVector,
    item_bytes=OLD_VECTOR_BYTES,
)
OLD = System(
    name="before",
    title="The memory of conversations before",
    tables=(LEGACY_HISTORY, OLD_VECTORS),
    functions=(
        Function(
            name="all",
            handler="before.all.handler",
            why="Does everything.",
            patterns=(
                OLD_TURNS,
                OLD_COMPARED,
                OLD_TURN_PUT,
                OLD_VECTOR_PUT,
                OLD_TURN_BATCH,
                OLD_VECTOR_BATCH,
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Before:
    """The design before."""

    store: Store

    def fill(self, turns: Sequence[LegacyTurn], said: Sequence[Said]) -> None:
        """Store turns with their vectors."""
        self.store.batch_write(OLD_TURN_BATCH, puts=turns)
        self.store.batch_write(OLD_VECTOR_BATCH, puts=map(_old_vector, turns, said))

    def save(self, said: Sequence[Said]) -> None:
        """Store an interaction: each turn and each vector by itself."""
        for n, each in enumerate(said):
            turn = _legacy(time.time() * 1_000_000 + n, each)
            self.store.put(OLD_TURN_PUT, turn)
            self.store.put(OLD_VECTOR_PUT, _old_vector(turn, each))

    def session_and_recent(self, session: str) -> tuple[list[LegacyTurn], list[LegacyTurn]]:
        """Read the latest turns of a session and of all others."""
        own, others = list[LegacyTurn](), list[LegacyTurn]()
        cursor: str | None = None
        limit = SHOWN
        while True:
            page = self.store.query(OLD_TURNS, limit=limit, cursor=cursor, user_id=USER)
            for turn in page.items:
                (own if turn.session_id == session else others).append(turn)
            cursor, limit = page.cursor, 1_000
            if len(own) >= SETTINGS.session_turns or cursor is None:
                return own[: SETTINGS.session_turns], others[: SETTINGS.recent_turns]

    def search(self, vector: Sequence[float], k: int = K) -> list[tuple[float, str]]:
        """Read all vectors, as a loop over pages does, and compare each."""
        query = np.asarray(vector, "<f4")
        query /= np.linalg.norm(query)
        found = []
        for old in list(self.store.items(OLD_COMPARED, user_id=USER)):
            compared = np.frombuffer(old.vector, "<f4")
            found.append((float(query @ compared) / float(np.linalg.norm(compared)), old.summary))
        return sorted(found, reverse=True)[:k]

    def context(self, session: str, vector: Sequence[float]) -> object:
        """Read the three parts of a context."""
        return self.session_and_recent(session), self.search(vector, SETTINGS.related_turns)


def _old_vector(turn: LegacyTurn, said: Said) -> OldVector:
    vector = np.asarray(said.vector, "<f4").tobytes()
    return OldVector(user_id=USER, id=turn.sort_key, vector=vector, summary=said.text[:200])


def _legacy(moment_us: float, said: Said) -> LegacyTurn:
    return LegacyTurn(
        user_id=USER,
        sort_key=f"{int(moment_us):016d}",
        role="user" if said.role == "user" else "assistant",
        content=said.text,
        session_id=said.session,
        ttl=int(moment_us / 1_000_000 + SETTINGS.history_days * DAY_SECONDS),
    )


# --- after ----------------------------------------------------------------------------


class After:
    """The design after, as it is deployed but for its cache."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.history = History(store)
        self._saved = 0
        self._embeddings = EmbeddingStore(store, codec=SETTINGS.vector_codec)
        provider = OfflineEmbeddings()
        self._interactions = Interactions(store, SETTINGS, self._embeddings, provider)
        self._search = EmbeddingSearch(store)
        self._engine = OptimizedContextEngine(
            memory=self.history,
            search=self._search,
            provider=provider,
            cache=ContextCache(None, lambda _: None),
            settings=SETTINGS,
            measures=Measures(None),
        )

    def fill(self, turns: Sequence[LegacyTurn], said: Sequence[Said]) -> None:
        """Store turns with their vectors, and pack their codes as the stream does."""
        new = list(map(turn_of, turns))
        size = max(BLOCK_ROWS, math.ceil(len(new) / STEPS))
        for first in range(0, len(new), size):
            part = new[first : first + size]
            vectors = [each.vector for each in said[first : first + size]]
            self.store.batch_write(TURN_BATCH, puts=part)
            embeddings = embeddings_of(part, vectors, SETTINGS.history_days)
            self._embeddings.store_all(USER, embeddings)
            self._pack(part[-1].timestamp / 1000 + MARGIN_SECONDS + 1)

    def save(self, said: Sequence[Said]) -> None:
        """Store an interaction, and pack codes as often as the stream does."""
        new = [NewTurn(role="user", content=each.text, vector=each.vector) for each in said]
        self._interactions.save(USER, said[0].session, new)
        self._saved += len(said)
        if self._saved % DUE_EVERY < len(said):
            self._pack(time.time() + MARGIN_SECONDS + 10)

    def session_and_recent(self, session: str) -> object:
        """Read the latest turns of a session and of the user."""
        own = self.history.latest_of_session(USER, session, SETTINGS.session_turns)
        return own, self.history.get_recent_context_optimized(USER, SHOWN)

    def search(self, vector: Sequence[float], k: int = K) -> list[tuple[float, str]]:
        """Search by codes."""
        found = self._search.search(USER, vector, k).neighbours
        return [(each.score, each.metadata["summary"]) for each in found]

    def context(self, session: str, vector: Sequence[float]) -> object:
        """Build a context."""
        return self._engine.build_context_for_query_optimized("", USER, session, vector)

    def close(self) -> None:
        """End the threads."""
        self._engine.close()
        self._search.close()

    def _pack(self, at: float) -> None:
        Packer(self.store, clock=lambda: at).pack(USER)


SYSTEMS = (OLD, SYSTEM)


# --- measuring ------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """The measurements of a call, before and after.

    Attributes
    ----------
    units
        Read and write units of a call, on average.
    peak_mb
        What a call takes of memory at most, beyond what was taken before.
    """

    p50_ms: tuple[float, float]
    p95_ms: tuple[float, float]
    units: tuple[float, float]
    peak_mb: tuple[float, float]


class Sides:
    """Both designs with the same turns."""

    def __init__(self, before: Before, after: After) -> None:
        self.before = before
        self.after = after

    def pair(
        self, old: Callable[[T], object], new: Callable[[T], object], given: Sequence[T]
    ) -> Pair:
        """Measure calls of both designs, which take turns."""
        sides = ((old, self.before.store), (new, self.after.store))
        times: tuple[list[float], list[float]] = ([], [])
        units: tuple[list[float], list[float]] = ([], [])
        for number, each in enumerate(given):
            for side in (0, 1) if number % 2 else (1, 0):
                call, store = sides[side]
                store.meter.flush()
                started = time.perf_counter()
                call(each)
                times[side].append((time.perf_counter() - started) * 1000)
                units[side].append(sum(made.read + made.write for made in store.meter.calls))
        return Pair(
            p50_ms=_both(lambda side: percentile(sorted(times[side]), 0.5)),
            p95_ms=_both(lambda side: percentile(sorted(times[side]), 0.95)),
            units=_both(lambda side: float(np.mean(units[side]))),
            peak_mb=_both(lambda side: _peak(sides[side][0], given[:TRACED])),
        )


def _both(figure: Callable[[int], float]) -> tuple[float, float]:
    return float(f"{figure(0):.4g}"), float(f"{figure(1):.4g}")


def _peak(call: Callable[[T], object], given: Sequence[T]) -> float:
    """Return the most memory that one of the calls takes."""
    tracemalloc.start()
    found = 0
    for each in given:
        start, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call(each)
        found = max(found, tracemalloc.get_traced_memory()[1] - start)
    tracemalloc.stop()
    return found / MEGABYTE


@dataclass(frozen=True)
class Measured:
    """The measurements with so many turns of one user.

    Attributes
    ----------
    stored_bytes
        That a turn is billed for, with its vector, its codes, indexes and overhead.
    recall_at_10
        Of the ten best cosines that the search before found, the share that the one after did.
    """

    turns: int
    stored_bytes: tuple[float, float]
    current_session: Pair
    resumed_session: Pair
    search: Pair
    context: Pair
    interaction: Pair
    recall_at_10: float


def measured(said: Sequence[Said], url: str) -> Measured:
    """Measure both designs with some turns."""
    tables = [
        create_table_params(table, ENVIRONMENT) for system in SYSTEMS for table in system.tables
    ]
    end = time.time() - 2 * MARGIN_SECONDS
    moments = np.linspace(end - DAYS * DAY_SECONDS, end, len(said)).tolist()
    turns = [_legacy(moment * 1e6, each) for moment, each in zip(moments, said, strict=True)]
    with created(url, tables), closing(After(_store(url, SYSTEM))) as after:
        before = Before(_store(url, OLD))
        before.fill(turns, said)
        after.fill(turns, said)
        sides = Sides(before, after)
        stored = _both(lambda side: stored_bytes(url, SYSTEMS[side]) / len(said))
        drawn = [said[n] for n in np.random.default_rng(1).integers(0, len(said), CONTEXTS)]
        sessions, vectors = [each.session for each in drawn], [each.vector for each in drawn]
        current = next(
            session
            for session, turns in groupby(reversed(said), key=lambda each: each.session)
            if len(list(turns)) >= SETTINGS.session_turns
        )
        parts = (before.session_and_recent, after.session_and_recent)
        return Measured(
            turns=len(said),
            stored_bytes=stored,
            current_session=sides.pair(*parts, [current] * CONTEXTS),
            resumed_session=sides.pair(*parts, sessions),
            search=sides.pair(before.search, after.search, vectors),
            context=sides.pair(
                lambda vector: before.context(current, vector),
                lambda vector: after.context(current, vector),
                vectors,
            ),
            recall_at_10=recall(before, after, vectors),
            interaction=sides.pair(
                before.save, after.save, [said[n : n + 2] for n in range(0, 2 * WRITES, 2)]
            ),
        )


def recall(before: Before, after: After, vectors: Sequence[list[float]]) -> float:
    """Return which share of the ten best the search after found."""
    shares = []
    for vector in vectors:
        least = before.search(vector)[-1][0] - 1e-3  # vectors are float16 after
        found = after.search(vector)
        shares.append(sum(score >= least for score, _ in found) / K)
    return round(float(np.mean(shares)), 4)


def stored_bytes(url: str, system: System) -> int:
    """Return the bytes that DynamoDB bills for the tables of a system with their indexes."""
    total = 0
    for table in system.tables:
        for index in (None, *table.indexes):
            where_of = {"TableName": table.physical_name(ENVIRONMENT)}
            if index is not None:
                where_of["IndexName"] = index.name
            pages = admin_client(url).get_paginator("scan").paginate(**where_of)
            total += sum(
                item_size(item) + STORAGE_OVERHEAD_BYTES for page in pages for item in page["Items"]
            )
    return total


def _store(url: str, system: System) -> Store:
    client = dynamodb_client(**where(url), read_timeout=30)
    settings = SETTINGS if system is SYSTEM else system.settings()
    return Store(
        system=system, environment=ENVIRONMENT, settings=settings, client=client, meter=Meter()
    )


# --- the claims -----------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """A claim of the specification, what was measured, and the verdict."""

    line: str
    what: str
    said: str
    before: float
    after: float
    change: str
    verdict: str


def claims(user: Measured, large: Measured) -> list[Claim]:
    """Judge each claim.

    Parameters
    ----------
    user
        With the turns that a user has at the declared rates. Costs are of such users.
    large
        With the turns of a large history.
    """
    reads = _month(user.context.units, INTERACTIONS * CURRENT.read_million / MILLION)
    writes = _month(user.interaction.units, INTERACTIONS * CURRENT.write_million / MILLION)
    storage = _month(user.stored_bytes, TURNS_A_MONTH * CURRENT.storage / GIGABYTE)
    total = reads[0] + writes[0] + storage[0], reads[1] + writes[1] + storage[1]
    both = "{} turns".format
    few, many = both(f"{user.turns:,}"), both(f"{large.turns:,}")
    return [
        _claim("I-23", f"context, ms, {many}", "200-500 to 10-50, -90 %", large.context.p50_ms, 90),
        _claim("I-23", f"context, ms, {few}", "the same", user.context.p50_ms, 90),
        _claim(
            "I-24",
            f"read units of a context without its search, {few}",
            "5-10 to 1-2, -80 %",
            user.current_session.units,
            80,
        ),
        _claim("I-24", f"of a resumed session, {few}", "the same", user.resumed_session.units, 80),
        _claim("I-24", f"with its search, {few}", "the same", user.context.units, 80),
        _claim("I-24", f"with its search, {many}", "the same", large.context.units, 80),
        _claim(
            "I-25",
            f"search without the model, ms, {many}",
            "1,000-3,000 to 50-200, -95 %",
            large.search.p50_ms,
            95,
        ),
        _claim("I-25", f"search without the model, ms, {few}", "the same", user.search.p50_ms, 95),
        _claim(
            "I-26",
            f"memory of a context, MB, {many}",
            "50-100 to 5-15, -85 %",
            large.context.peak_mb,
            85,
        ),
        _claim("I-26", f"memory of a context, MB, {few}", "the same", user.context.peak_mb, 85),
        _claim("I-27", f"query latency, ms, p95, {many}", "-90 %", large.context.p95_ms, 90),
        _claim("I-28", "cost of a month, USD", "-80 %", total, 80),
        _claim("I-29", f"memory of a search, MB, {many}", "-85 %", large.search.peak_mb, 85),
        _claim("I-30", f"search, ms, p95, {many}", "-95 %", large.search.p95_ms, 95),
        _claim("I-31", "reads of a month, USD", "12 to 2.40, -80 %", reads, 80),
        _claim("I-32", "writes of a month, USD", "6 to 3.60, -40 %", writes, 40),
        _claim("I-33", "storage of a month, USD", "2.50 to 2, -20 %", storage, 20),
        _claim("I-34", "total of a month, USD", "20.50 to 8, -61 %", total, 61),
        _claim("I-35", "total of a month, USD", "-61 %, and I-27", total, 61),
    ]


def _month(units: tuple[float, float], usd: float) -> tuple[float, float]:
    return units[0] * usd, units[1] * usd


def _claim(line: str, what: str, said: str, pair: tuple[float, float], percent: float) -> Claim:
    before, after = pair
    less = 100 * (1 - after / before)
    verdict = "reached" if less >= percent else "not reached" if less > 0 else "wrong: it rises"
    before, after = _both(lambda side: pair[side])
    return Claim(line, what, said, before, after, f"{-less:+.1f} %", verdict)


# --- the turns ------------------------------------------------------------------------


def of_dialogues(folder: Path) -> list[Said]:
    """Return the turns of real dialogues, each dialogue as a session."""
    found = list(sgd.dialogues(folder / sgd.DIALOGUES))
    rows = iter(sgd.vectors_of(found, folder).astype("<f8").tolist())
    return [
        Said(each.dialogue_id, turn.speaker.lower(), turn.utterance, next(rows))
        for each in found
        for turn in each.turns
    ]


def invented(count: int) -> list[Said]:
    """Return turns whose vectors lie around centres, ten around each."""
    random = np.random.default_rng(1)
    centres = random.standard_normal((-(-count // K), DIMENSION))
    noise = random.standard_normal((count, DIMENSION)) * 0.5
    vectors = np.repeat(centres, K, axis=0)[:count] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = random.permutation(count)
    return [
        Said(
            f"session-{n // SESSION}",
            "user" if n % 2 else "assistant",
            f"Line {n} of what was said. " * 3,
            vectors[place].astype("<f2").tolist(),
        )
        for n, place in enumerate(order)
    ]


def main() -> int:
    """Measure, judge and print; keep what was measured of real dialogues.

    The kept result is that of real dialogues. A result of made-up dialogues does not take its
    place: `--json` has to name another file for it.
    """
    options = parser(__doc__, __file__)
    options.add_argument("--data", type=Path, help="folder of real dialogues and vectors")
    options.add_argument(
        "--turns", type=int, nargs=2, default=[700, 20_000], help="of a user, and of a large one"
    )
    given = options.parse_args()
    if THREADS not in os.environ:  # numpy reads it at its import, which is over
        command = [sys.executable, "-m", "benchmarks.memory_before_after", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, THREADS: "1"})
    said = of_dialogues(given.data) if given.data else invented(max(given.turns))
    with running_engine() as url:
        user, large = (measured(said[:count], url) for count in given.turns)
    judged = claims(user, large)
    result = {
        "machine": machine(),
        "source": sgd.DIALOGUES if given.data else "made up",
        "claims": judged,
        "ratios": [
            Ratio(
                what=f"{claim.line}: {claim.what}",
                against="the old way",
                value=round(claim.after / claim.before, 3),
            )
            for claim in judged
        ],
        "measured": [user, large],
    }
    keeps = given.data or given.json != options.get_default("json")
    keep(result, given.json if keeps else None)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
