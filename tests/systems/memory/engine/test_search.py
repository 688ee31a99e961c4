"""Embeddings are found whether their codes are in no block yet, in blocks, or in groups."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keyline.run import Store
from memory.embeddings import generations, packing
from memory.embeddings.blocks import Rows
from memory.embeddings.generations import group
from memory.embeddings.grouping import groups_of
from memory.embeddings.identifiers import chunk_of, new_embedding_id, number_of
from memory.embeddings.packing import BLOCK_ROWS, MARGIN_SECONDS, Packer
from memory.embeddings.patterns import CODES_ALL, GROUPS_WRITE
from memory.embeddings.search import EmbeddingSearch, Found
from memory.embeddings.store import NewEmbedding
from memory.embeddings.tables import Directory, Embedding, Group, Recent
from tests.support.protocols.crash import Crash
from tests.systems.memory.on_engine import Memory

DIMENSION = 64
ALIKE = 10
"""Vectors of a cluster: as many as a search returns."""
FEW, SOME, MANY = 30, 3 * BLOCK_ROWS + 10, 5 * BLOCK_ROWS
"""Embeddings outside of blocks, in blocks and outside of them, and in groups."""
GROUPS = 5
"""At the least that so many embeddings make."""

Vectors = NDArray[np.float32]


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few embeddings make as many groups as a thousand do with the sizes of a deployment."""
    monkeypatch.setattr(packing, "GROUP_EVERY", 4)
    monkeypatch.setattr(generations, "RECENT_ROWS", 4 * BLOCK_ROWS)
    monkeypatch.setattr(generations, "GROUP_BYTES", 1_200)


class Kept:
    """Clusters of similar vectors that a user has stored."""

    def __init__(
        self, memory: Memory, count: int, *, seed: int = 7, ttl: int | None = None
    ) -> None:
        self.memory = memory
        random = np.random.default_rng(seed)
        centres = random.standard_normal((-(-count // ALIKE), DIMENSION))
        noise = random.standard_normal((count, DIMENSION)) * 0.2
        vectors = np.repeat(centres, ALIKE, axis=0)[:count] + noise
        self.vectors: Vectors = vectors.astype("<f2").astype("<f4")
        self.units = self.vectors / np.linalg.norm(self.vectors, axis=1, keepdims=True)
        new = [NewEmbedding(vector=vector.tolist(), ttl=ttl) for vector in self.vectors]
        self.ids = [each.embedding_id for each in new]
        memory.embeddings.store_all("ada", new)

    def search(self, row: int) -> Found:
        """Search for a vector of the user."""
        search = EmbeddingSearch(self.memory.store)
        try:
            return search.search("ada", self.vectors[row].tolist(), ALIKE)
        finally:
            search.close()

    def exact(self, row: int, without: Sequence[str] = ()) -> list[str]:
        """Return the best identifiers as a comparison with all vectors gives them."""
        cosines = self.units @ self.units[row]
        ordered = [self.ids[number] for number in np.argsort(-cosines, kind="stable")]
        return [each for each in ordered if each not in without][:ALIKE]

    def cluster(self, embedding_id: str) -> int:
        """Return the cluster of a vector."""
        return self.ids.index(embedding_id) // ALIKE

    def assert_found(self, *, without: Sequence[str] = ()) -> None:
        """Search for vectors of five clusters, and compare with all vectors."""
        for row in range(0, len(self.ids) - ALIKE, len(self.ids) // 5):
            found = [each.embedding_id for each in self.search(row).neighbours]
            assert not set(found) & set(without)
            mates = [
                each for each in self.exact(row, without) if self.cluster(each) == row // ALIKE
            ]
            assert found[: len(mates)] == mates


def ids_in(found: Found) -> list[str]:
    """Return the identifiers that a search found, the nearest first."""
    return [each.embedding_id for each in found.neighbours]


def packer(store: Store) -> Packer:
    """Return a packer of a time at which all that was stored is old enough for a block."""
    return Packer(store, clock=lambda: time.time() + MARGIN_SECONDS + 10)


def parts(memory: Memory) -> list[Directory | Recent | Group]:
    return list(memory.store.items(CODES_ALL, user_id="ada"))


def coded(memory: Memory, kind: type[Recent] | type[Group]) -> Counter[int]:
    """Return how often an identifier is in blocks of a kind."""
    found = [Rows.of(part.rows).numbers for part in parts(memory) if isinstance(part, kind)]
    return Counter(np.frombuffer(b"".join(found), "<u8").tolist())


def units(memory: Memory) -> dict[str, float]:
    """Return the read units of each pattern since the last flush, which its items imply."""
    taken: dict[str, float] = {}
    for call in memory.meter.calls:
        assert call.read == call.floor, call
        taken[call.pattern] = taken.get(call.pattern, 0) + call.read
    return taken


def into_blocks(memory: Memory) -> None:
    """Put all embeddings into blocks, and do not group them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("memory.embeddings.packing.GROUP_EVERY", 1_000_000)
        packer(memory.store).pack("ada")


def crash_after(memory: Memory, writes: int, work: Callable[[], object]) -> None:
    """Do a work whose process ends after some writes of one item."""
    done = [0]
    put = Store.put

    def counted(store: Store, *given: Any, **more: Any) -> Any:
        if done[0] == writes:
            raise Crash
        done[0] += 1
        return put(store, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "put", counted)
        with pytest.raises(Crash):
            work()


def test_what_was_just_stored_is_found_and_costs_what_it_must(memory: Memory) -> None:
    kept = Kept(memory, FEW)
    memory.meter.flush()
    found = kept.search(3)
    assert ids_in(found) == kept.exact(3)
    assert (found.newer, found.packed, found.packed_until_us) == (FEW, 0, None)
    assert units(memory) == {"codes-first": 0.5, "embeddings-newer": 5.0}


def test_a_search_costs_the_blocks_and_the_vectors_that_it_compares(memory: Memory) -> None:
    kept = Kept(memory, SOME)
    assert packer(memory.store).pack("ada") == 3 * BLOCK_ROWS
    memory.meter.flush()
    found = kept.search(3)
    assert ids_in(found) == kept.exact(3)
    assert (found.newer, found.packed) == (SOME - 3 * BLOCK_ROWS, 3 * BLOCK_ROWS)
    cost = units(memory)
    assert cost.pop("embeddings-near") == (found.compared - found.newer) / 2
    assert cost == {"codes-first": 0.5, "embeddings-newer": 5.0}
    kept.assert_found()


@pytest.mark.requirement("I-11", "I-20")
def test_groups_find_what_a_comparison_of_all_finds_and_only_near_ones_are_read(
    memory: Memory,
) -> None:
    kept = Kept(memory, MANY)
    packer(memory.store).pack("ada")
    every = {Rows.of(part.rows).numbers for part in parts(memory) if isinstance(part, Group)}
    memory.meter.flush()
    found = kept.search(3)
    assert ids_in(found) == kept.exact(3)
    cost = units(memory)
    assert len(every) >= GROUPS
    assert cost["embeddings-near"] == found.compared / 2
    assert cost["groups-near"] <= len(every) / 2
    kept.assert_found()


@pytest.mark.parametrize("count", [FEW, SOME, MANY])
def test_what_is_left_out_is_neither_found_nor_read(memory: Memory, count: int) -> None:
    kept = Kept(memory, count)
    packer(memory.store).pack("ada")
    with closing(EmbeddingSearch(memory.store)) as search:
        known = ids_in(search.search("ada", kept.vectors[3].tolist(), 5))
        found = search.search("ada", kept.vectors[3].tolist(), 5, lambda: known)
        assert ids_in(found) == kept.exact(3, known)[:5]
        everything = search.search("ada", kept.vectors[3].tolist(), 5, lambda: kept.ids)
    assert (everything.neighbours, everything.compared, everything.packed) == ([], 0, 0)


def test_packers_at_once_put_each_embedding_into_one_block(memory: Memory) -> None:
    kept = Kept(memory, MANY)
    start = threading.Barrier(4)

    def pack() -> None:
        start.wait()
        packer(memory.store).pack("ada")

    threads = [threading.Thread(target=pack) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    packer(memory.store).pack("ada")
    blocks = coded(memory, Recent)
    assert len(blocks) == MANY
    assert set(blocks.values()) == {1}
    kept.assert_found()


def test_packers_at_once_give_each_embedding_that_came_too_late_a_code(memory: Memory) -> None:
    old = new_embedding_id(int((time.time() - 3_600) * 1_000_000))
    Kept(memory, BLOCK_ROWS)
    packer(memory.store).pack("ada")
    vector = [1.0] * DIMENSION
    late = [f"{int(old[:16]) + n}{old[16:]}" for n in range(4)]
    new = [NewEmbedding(vector=vector, embedding_id=each) for each in late]
    memory.embeddings.store_all("ada", new)
    start = threading.Barrier(4)

    def pack(embedding_id: str) -> None:
        written = memory.shown("ada", embedding_id)
        start.wait()
        assert packer(memory.store).pack_if_due("ada", written) == 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(pack, late))
    assert set(map(number_of, late)) <= set(coded(memory, Recent))


def test_one_write_in_sixteen_and_each_that_comes_late_looks_for_what_waits(memory: Memory) -> None:
    Kept(memory, BLOCK_ROWS)
    of_now, now = packer(memory.store), time.time() + MARGIN_SECONDS + 10
    memory.meter.flush()

    def looks(moment: float, suffix: int) -> bool:
        embedding_id = f"{int(moment * 1_000_000):016d}-{suffix:03x}"
        written = Embedding(
            user_id="ada",
            chunk=chunk_of(embedding_id),
            embedding_id=embedding_id,
            similarity_hash="",
            vector_compressed=b"",
        )
        of_now.pack_if_due("ada", [written])
        found = bool(memory.meter.calls)
        memory.meter.flush()
        return found

    assert sum(looks(now, suffix) for suffix in range(64)) == 4
    assert all(looks(now - MARGIN_SECONDS + 5, suffix) for suffix in range(4))


def test_groupers_at_once_put_one_generation_into_force(memory: Memory) -> None:
    kept = Kept(memory, MANY)
    into_blocks(memory)
    start, done = threading.Barrier(3), []

    def work() -> None:
        start.wait()
        done.append(group(memory.store, "ada", time.time()))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done.count(True) == 1
    groups = coded(memory, Group)
    assert len(groups) == MANY
    assert set(groups.values()) == {1}
    kept.assert_found()


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_crash_between_two_blocks_hides_nothing(memory: Memory, writes: int) -> None:
    kept = Kept(memory, SOME)
    crash_after(memory, writes, lambda: packer(memory.store).pack("ada"))
    assert len(coded(memory, Recent)) == writes * BLOCK_ROWS
    kept.assert_found()
    packer(memory.store).pack("ada")
    assert set(coded(memory, Recent).values()) == {1}
    kept.assert_found()


def test_a_crash_before_the_directory_hides_nothing_and_is_cleaned_up(memory: Memory) -> None:
    kept = Kept(memory, MANY)
    into_blocks(memory)
    now = time.time()
    crash_after(memory, 0, lambda: group(memory.store, "ada", now))
    assert not any(isinstance(part, Directory) for part in parts(memory))
    kept.assert_found()
    assert group(memory.store, "ada", now + 1)
    assert set(coded(memory, Group).values()) == {2}, "of the generation that is not in force too"
    kept.assert_found()
    group(memory.store, "ada", now + generations.BUILD_SECONDS + 2)
    assert set(coded(memory, Group).values()) == {1}
    assert not coded(memory, Recent)
    kept.assert_found()


@pytest.mark.parametrize("count", [1, None])
def test_a_lost_group_is_made_good_by_the_embeddings(memory: Memory, count: int | None) -> None:
    kept = Kept(memory, MANY)
    packer(memory.store).pack("ada")
    lost = [
        {"user_id": "ada", "generation": part.generation, "number": part.number}
        for part in parts(memory)
        if isinstance(part, Group)
    ]
    memory.store.batch_write(GROUPS_WRITE, deletes=lost[:count])
    kept.assert_found()


def test_a_search_goes_on_where_the_nearest_groups_were_forgotten(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "reach_of", lambda *_: 0.0)  # only the nearest group is near
    kept = Kept(memory, MANY)
    packer(memory.store).pack("ada")
    assert any(isinstance(part, Directory) for part in parts(memory))
    gone = set[str]()
    while len(gone) < MANY - ALIKE:
        near = [each for each in ids_in(kept.search(0)) if each not in gone]
        assert len(near) == ALIKE, f"{len(near)} of {MANY - len(gone)} that are left"
        memory.embeddings.forget("ada", near)
        gone.update(near)
    assert set(ids_in(kept.search(0))) == set(kept.ids) - gone


def test_what_has_expired_is_not_found_though_its_code_is_there(memory: Memory) -> None:
    kept = Kept(memory, SOME, ttl=int(time.time()) - 60)
    packer(memory.store).pack("ada")
    assert len(memory.stored("ial-conversation-embeddings")) == SOME
    assert kept.search(3).neighbours == []


@pytest.mark.parametrize("count", [FEW, SOME, MANY])
def test_what_is_forgotten_is_not_found_and_has_no_code(memory: Memory, count: int) -> None:
    kept = Kept(memory, count)
    packer(memory.store).pack("ada")
    gone = kept.ids[1:4]
    before = coded(memory, Recent) | coded(memory, Group)
    memory.embeddings.forget("ada", gone)
    left = coded(memory, Recent) | coded(memory, Group)
    assert len(left) == max(0, len(before) - len(gone))
    assert ids_in(kept.search(1))[: ALIKE - 3] == kept.exact(1, gone)[: ALIKE - 3]
    kept.assert_found(without=gone)
    memory.embeddings.forget_all("ada")
    assert parts(memory) == []
    assert kept.search(1).neighbours == []


@pytest.mark.parametrize("generation", [1, 2])
def test_what_is_forgotten_while_codes_are_grouped_gets_no_code_back(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, generation: int
) -> None:
    kept = Kept(memory, MANY)
    into_blocks(memory)
    if generation == 2:
        assert group(memory.store, "ada", time.time())
        kept = Kept(memory, MANY, seed=8)
        into_blocks(memory)

    def forget_meanwhile(*given: Any) -> Any:
        memory.embeddings.forget("ada", kept.ids[1:4])
        return groups_of(*given)

    monkeypatch.setattr(generations, "groups_of", forget_meanwhile)
    group(memory.store, "ada", time.time())
    forgotten = {number_of(each) for each in kept.ids[1:4]}
    assert not forgotten & (set(coded(memory, Group)) | set(coded(memory, Recent)))
    kept.assert_found(without=kept.ids[1:4])
