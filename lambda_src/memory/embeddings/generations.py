"""Put all codes of a user into groups of similar ones. Needs numpy.

The groups are written first, under the name of a new generation. Then one conditional write of
the directory puts the generation in force. If the process ends in between, the groups of its
generation are of no use to anybody, and a later call deletes them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from keyline.run import AlreadyExistsError, ConditionFailedError, Store
from memory.embeddings.blocks import ID_BYTES, Rows, latest, width
from memory.embeddings.codes import Codes
from memory.embeddings.forgetting import take_out
from memory.embeddings.grouping import centre_of, groups_of, reach_of
from memory.embeddings.patterns import (
    CODES_ALL,
    DIRECTORY_CHANGE,
    DIRECTORY_CREATE,
    GROUPS_WRITE,
    RECENT_DELETE,
)
from memory.embeddings.tables import Directory, Group, Recent

Numbers: TypeAlias = NDArray[np.uint64]

RECENT_ROWS = 1_024
RECENT_SHARE = 1 / 8
"""Codes in recent blocks from which on all are grouped again: a number, and a share of the groups.
Each search reads all recent blocks. A new generation costs a write of all codes."""
GROUP_BYTES = 4_096
"""Of the item of a group at most: what half a read unit reads."""
_ITEM_BYTES = 160
"""Of the item of a group without its rows and without the user's identifier."""
RETIRED_SECONDS = 60
"""How long a generation stays that is out of force, for the searches that still read it."""
BUILD_SECONDS = 900
"""After which a generation that was never put in force is deleted: no function runs longer."""


class _Parts(msgspec.Struct, frozen=True):
    """All codes of a user."""

    directory: Directory | None
    recent: list[Recent]
    groups: list[Group]

    @property
    def in_force(self) -> list[Recent | Group]:
        """The blocks that a search reads."""
        directory = self.directory
        if directory is None:
            return list(self.recent)
        groups = [each for each in self.groups if each.generation == directory.generation]
        return [*groups, *(each for each in self.recent if each.number > directory.number)]


def group(store: Store, user_id: str, now: float) -> bool:
    """Group all codes of a user if there are enough in recent blocks.

    Parameters
    ----------
    now
        Epoch seconds.

    Returns
    -------
    bool
        Whether a new generation is in force.
    """
    parts = _read(store, user_id)
    directory = parts.directory
    _delete_unused(store, user_id, parts, now)
    fresh = [each for each in parts.in_force if isinstance(each, Recent)]
    count = sum(len(Rows.of(each.rows)) for each in fresh)
    grouped = directory.count if directory else 0
    if not fresh or count < max(RECENT_ROWS, grouped * RECENT_SHARE):
        return False
    generation = f"{int(now):010d}-{secrets.token_hex(3)}"
    dimension = Rows.of(fresh[-1].rows).dimension
    numbers, codes = _joined(parts.in_force, dimension)
    places = groups_of(codes, dimension, _most_rows(user_id, dimension))
    ttl = latest(each.ttl for each in parts.in_force)
    groups = [
        Group(
            user_id=user_id,
            generation=generation,
            number=number,
            rows=Rows(dimension, numbers[rows].tobytes(), codes[rows].tobytes()).to_bytes(),
            ttl=ttl,
        )
        for number, rows in enumerate(places)
    ]
    store.batch_write(GROUPS_WRITE, puts=groups)
    centres = np.stack([centre_of(codes[rows], dimension) for rows in places])
    made = Directory(
        user_id=user_id,
        generation=generation,
        last=fresh[-1].last,
        number=fresh[-1].number,
        count=len(codes),
        dimension=dimension,
        centres=centres.tobytes(),
        reach=reach_of(codes, places, centres, dimension),
        retired_at=int(now),
        ttl=ttl,
        version=directory.version + 1 if directory else 1,
    )
    if _put_in_force(store, made, directory):
        if directory is None:
            _take_out_forgotten(store, user_id, numbers)
        return True
    _delete_groups(store, groups)
    return False


def _put_in_force(store: Store, made: Directory, read: Directory | None) -> bool:
    """Write the directory, and return whether nobody has changed it since it was read."""
    try:
        if read is None:
            store.put(DIRECTORY_CREATE, made)
        else:
            store.put(DIRECTORY_CHANGE, made, read_version=read.version)
    except (AlreadyExistsError, ConditionFailedError):
        return False
    return True


def _take_out_forgotten(store: Store, user_id: str, grouped: Numbers) -> None:
    """Take out of a user's first groups what was taken out of the recent blocks meanwhile."""
    recent = _read(store, user_id).recent
    left = np.frombuffer(b"".join(Rows.of(each.rows).numbers for each in recent), "<u8")
    if len(gone := np.setdiff1d(grouped, left)):
        take_out(store, user_id, frozenset(gone.tolist()))


def _read(store: Store, user_id: str) -> _Parts:
    directory: Directory | None = None
    recent, groups = list[Recent](), list[Group]()
    for each in store.items(CODES_ALL, user_id=user_id):
        if isinstance(each, Directory):
            directory = each
        elif isinstance(each, Recent):
            recent.append(each)
        else:
            groups.append(each)
    return _Parts(directory, recent, groups)


def _delete_unused(store: Store, user_id: str, parts: _Parts, now: float) -> None:
    """Delete what no search reads any more: what is grouped, and generations out of force."""
    directory = parts.directory
    if directory is None or now - directory.retired_at < RETIRED_SECONDS:
        return
    grouped = [each.number for each in parts.recent if each.number <= directory.number]
    store.batch_write(
        RECENT_DELETE, deletes=[{"user_id": user_id, "number": number} for number in grouped]
    )
    _delete_groups(
        store,
        [
            each
            for each in parts.groups
            if each.generation != directory.generation and _is_over(each.generation, now)
        ],
    )


def _is_over(generation: str, now: float) -> bool:
    """Return whether the process that makes a generation cannot be at it any more."""
    return now - int(generation.partition("-")[0]) > BUILD_SECONDS


def _delete_groups(store: Store, groups: Sequence[Group]) -> None:
    store.batch_write(
        GROUPS_WRITE,
        deletes=[
            {"user_id": each.user_id, "generation": each.generation, "number": each.number}
            for each in groups
        ],
    )


def _joined(blocks: Sequence[Recent | Group], dimension: int) -> tuple[Numbers, Codes]:
    """Return all codes of a dimension, each once."""
    rows = [Rows.of(block.rows) for block in blocks]
    fitting = [each for each in rows if each.dimension == dimension]
    numbers = np.frombuffer(b"".join(each.numbers for each in fitting), "<u8")
    codes = np.frombuffer(b"".join(each.codes for each in fitting), np.uint8)
    unique, first = np.unique(numbers, return_index=True)
    return unique, codes.reshape(len(numbers), -1)[first]


def _most_rows(user_id: str, dimension: int) -> int:
    room = GROUP_BYTES - _ITEM_BYTES - len(user_id.encode())
    return max(1, room // (ID_BYTES + width(dimension)))
