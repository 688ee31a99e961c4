"""Put the codes of embeddings into blocks. Needs numpy.

`Packer.pack(user_id)` may be called at any time, by any number of processes, and again after a
crash. The function that reads the stream of the table calls `Packer.pack_if_due` for the users that
wrote. Most writes of a user add no block, and looking whether one does costs eleven reads. So one
write in `DUE_EVERY` looks, which the identifier of the embedding decides.

The next recent block is created under a number that one process alone can take, and covers all
identifiers from the end of the block before up to its own end. So the blocks cover the embeddings
without a gap, no matter which process made them. A search reads from the table what no block
covers.

An identifier is made before its embedding is stored. A block ends `MARGIN_SECONDS` before now, so
an embedding that is stored within that time is never missed by its block. One that is stored later
gets a block of its own as soon as the stream shows it. Until then no search finds it.

When there are many recent blocks, all codes are grouped (`memory.embeddings.generations`).
"""

from __future__ import annotations

import heapq
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np

from keyline.run import AlreadyExistsError, Store
from keyline.vector import Packed, VectorError
from keyline.vector.matrix import floats
from memory.embeddings.blocks import Rows, latest
from memory.embeddings.codes import encode
from memory.embeddings.compression import decompress
from memory.embeddings.forgetting import BlocksBusyError, take_out
from memory.embeddings.generations import group
from memory.embeddings.identifiers import CHUNKS, chunk_of, least_at, number_of, text_of
from memory.embeddings.patterns import CODES_LAST, EMBEDDINGS_TO_PACK, RECENT_CREATE
from memory.embeddings.tables import GROUPS, Embedding, Group, Recent

MARGIN_SECONDS = 60
"""How long after its identifier was made an embedding may be stored: twice what a function that
answers a request may take. The time allows for the difference of two clocks too."""
CLOCKS_SECONDS = 10
"""Of that, what the difference of two clocks may be."""
DUE_EVERY = 16
"""Embeddings of a user of which one, on average, has the user's embeddings packed."""
ATTEMPTS = 8
"""Times that the end of the blocks is read, while other processes add blocks."""
BLOCK_ROWS = 64
"""Embeddings of a recent block. A user with fewer has no codes: all vectors are compared."""
GROUP_EVERY = 16
"""Recent blocks after which it is seen whether all codes are to be grouped."""

_log = logging.getLogger(__name__)


class _Item(NamedTuple):
    """An embedding with its number and its vector; None if the vector cannot be read."""

    number: int
    embedding: Embedding
    vector: Packed | None

    @property
    def dimension(self) -> int:
        """The dimension of its vector; 0 if the vector cannot be read."""
        return self.vector.dimension if self.vector else 0


class Packer:
    """Packs the codes of users.

    Parameters
    ----------
    clock
        Epoch seconds.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def pack_if_due(self, user_id: str, written: Sequence[Embedding]) -> int:
        """Do what `pack` does if one of the written embeddings says that it is time.

        An embedding that may have come too late for its block always says so.

        Raises
        ------
        BlocksBusyError
            If other processes added blocks each time.
        """
        late = least_at(self._moment_us(CLOCKS_SECONDS - MARGIN_SECONDS))
        numbers = [number_of(each.embedding_id) for each in written]
        if any(number < late or number % DUE_EVERY == 0 for number in numbers):
            return self.pack(user_id, written)
        return 0

    def pack(self, user_id: str, written: Iterable[Embedding] = ()) -> int:
        """Put what is in no block into blocks, and return how many embeddings that were.

        Parameters
        ----------
        written
            Embeddings that the stream shows as new. Those that came too late for their block get
            another one.

        Raises
        ------
        BlocksBusyError
            If other processes added blocks each time.
        """
        first, last = self._end(user_id)
        late = [item for item in map(_item, written) if item.number <= last]
        number, last = self._add_late(user_id, late, first, last)
        packed = len(late)
        for waiting in _blocks(self._waiting(user_id, last), whole=True):
            number, after, last = number + 1, last, waiting[-1].number
            if not self._add(user_id, number, waiting, after=after, last=last):
                return packed  # another process packs the same
            packed += len(waiting)
        if number // GROUP_EVERY > first // GROUP_EVERY:
            group(self._store, user_id, self._clock())
        return packed

    def _add_late(
        self, user_id: str, late: Sequence[_Item], number: int, last: int
    ) -> tuple[int, int]:
        """Put what came too late into blocks of its own, and return the new end of the blocks.

        No other process does: these embeddings lie before the end.
        """
        for block in _blocks(iter(late)):
            for _ in range(ATTEMPTS):
                number += 1
                if self._add(user_id, number, block, after=last, last=last):
                    break
                number, last = self._end(user_id)
            else:
                advice = "The stream delivers the embeddings again."
                raise BlocksBusyError("codes", "were changed by other processes each time.", advice)
        return number, last

    def _moment_us(self, seconds: float) -> int:
        """Return a moment as seconds from now: epoch microseconds."""
        return int((self._clock() + seconds) * 1_000_000)

    def _end(self, user_id: str) -> tuple[int, int]:
        """Return the number of the last block, and the identifier up to which blocks cover."""
        found = self._store.query(CODES_LAST, user_id=user_id, part=GROUPS, limit=1).items
        ends = [each for each in found if not isinstance(each, Group)]
        return (ends[0].number, ends[0].last) if ends else (0, 0)

    def _waiting(self, user_id: str, last: int) -> Iterator[_Item]:
        """Give the embeddings that are in no block and old enough for one, in order."""
        until = least_at(self._moment_us(-MARGIN_SECONDS)) - 1
        if until <= last:
            return iter(())
        bounds = (text_of(last + 1), text_of(until))
        chunks = (
            self._store.items(EMBEDDINGS_TO_PACK, user_id=user_id, chunk=chunk, embedding_id=bounds)
            for chunk in range(CHUNKS)
        )
        return map(_item, heapq.merge(*chunks, key=lambda each: each.embedding_id))

    def _add(
        self, user_id: str, number: int, items: Sequence[_Item], *, after: int, last: int
    ) -> bool:
        """Create a block, and return whether no other process created it first."""
        block = Recent(
            user_id=user_id,
            number=number,
            rows=_rows(items).to_bytes(),
            after=after,
            last=last,
            ttl=latest(item.embedding.ttl for item in items),
        )
        try:
            self._store.put(RECENT_CREATE, block)
        except AlreadyExistsError:
            return False
        self._take_out_forgotten(user_id, {item.number for item in items})
        return True

    def _take_out_forgotten(self, user_id: str, numbers: Set[int]) -> None:
        """Take out of the blocks what was forgotten while a block was made.

        Forgetting deletes embeddings before it looks for their codes. So either it sees the new
        block, or the embeddings are seen to be gone here.
        """
        there = set[int]()
        by_chunk = defaultdict(list)
        for number in numbers:
            by_chunk[chunk_of(text_of(number))].append(number)
        for chunk, own in by_chunk.items():
            bounds = text_of(min(own)), text_of(max(own))
            found = self._store.items(
                EMBEDDINGS_TO_PACK, user_id=user_id, chunk=chunk, embedding_id=bounds
            )
            there.update(number_of(each.embedding_id) for each in found)
        if gone := numbers - there:
            take_out(self._store, user_id, frozenset(gone))


def _blocks(items: Iterator[_Item], *, whole: bool = False) -> Iterator[list[_Item]]:
    """Yield the items of each block, all vectors of a block of one dimension.

    Parameters
    ----------
    whole
        Whether the last items are left out if they are too few.
    """
    while taken := list(islice(items, BLOCK_ROWS)):
        if whole and len(taken) < BLOCK_ROWS:
            return
        for _, block in groupby(taken, key=lambda item: item.dimension):
            yield list(block)


def _item(embedding: Embedding) -> _Item:
    number = number_of(embedding.embedding_id)
    try:
        return _Item(number, embedding, decompress(embedding.vector_compressed))
    except VectorError as error:
        _log.warning("the embedding %s gets no code: %s", embedding.embedding_id, error)
        return _Item(number, embedding, None)


def _rows(items: Sequence[_Item]) -> Rows:
    """Return the rows of a block, and leave out vectors that cannot be read."""
    vectors = [floats(item.vector) for item in items if item.vector]
    if not vectors:
        return Rows(1, b"", b"")
    numbers = np.array([item.number for item in items], "<u8")
    return Rows(len(vectors[0]), numbers.tobytes(), encode(np.stack(vectors)).tobytes())
