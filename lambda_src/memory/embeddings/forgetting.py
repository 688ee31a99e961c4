"""Take the codes of forgotten embeddings out of the blocks.

A search compares the embeddings themselves, so it never returns one that is deleted, whatever the
blocks say. But a code tells something of a text, so it has to go as well.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from keyline.errors import KeylineError
from keyline.run import ConditionFailedError, Store
from memory.embeddings.blocks import Rows
from memory.embeddings.patterns import (
    CODES_ALL,
    DIRECTORY_CHANGE,
    DIRECTORY_DELETE,
    GROUP_CHANGE,
    GROUPS_WRITE,
    RECENT_CHANGE,
    RECENT_DELETE,
)
from memory.embeddings.tables import Directory, Group, Recent

ATTEMPTS = 8
"""Times that the blocks are read, while other processes change them."""


class BlocksBusyError(KeylineError):
    """Blocks that other processes changed again and again. The call may be repeated."""


def take_out(store: Store, user_id: str, numbers: frozenset[int]) -> None:
    """Take the codes of some embeddings of a user out of the blocks.

    A packer that read the codes before and puts them into a new generation meanwhile finds the
    directory changed, and gives up. A user's first directory cannot be changed before: the packer
    looks for what was taken out when it has created it, and this function looks whether it is there
    when it has taken everything out. Whichever comes last sees the other.

    Raises
    ------
    BlocksBusyError
        If other processes changed the blocks each time.
    """
    for _ in range(ATTEMPTS):
        parts = list(store.items(CODES_ALL, user_id=user_id))
        directory = _directory(parts)
        try:
            for part in parts:
                if not isinstance(part, Directory):
                    _take_out_of(store, part, numbers)
            if directory is not None:
                changed = msgspec.structs.replace(directory, version=directory.version + 1)
                store.put(DIRECTORY_CHANGE, changed, read_version=directory.version)
        except ConditionFailedError:
            continue
        if directory is None and parts:
            first = store.query(CODES_ALL, user_id=user_id, limit=1).items
            if _directory(first) is not None:
                continue
        return
    raise BlocksBusyError("codes", "were changed by other processes each time.", "Repeat the call.")


def delete_codes(store: Store, user_id: str) -> None:
    """Delete all codes of a user. Codes can be made again from the embeddings that there are."""
    store.delete(DIRECTORY_DELETE, user_id=user_id)
    parts = list(store.items(CODES_ALL, user_id=user_id))
    store.batch_write(
        RECENT_DELETE,
        deletes=[
            {"user_id": user_id, "number": each.number}
            for each in parts
            if isinstance(each, Recent)
        ],
    )
    store.batch_write(
        GROUPS_WRITE,
        deletes=[
            {"user_id": user_id, "generation": each.generation, "number": each.number}
            for each in parts
            if isinstance(each, Group)
        ],
    )


def _directory(parts: Iterable[Directory | Recent | Group]) -> Directory | None:
    return next((part for part in parts if isinstance(part, Directory)), None)


def _take_out_of(store: Store, part: Recent | Group, numbers: frozenset[int]) -> None:
    rows = Rows.of(part.rows)
    left = rows.without(numbers)
    if len(left) == len(rows):
        return
    changed = msgspec.structs.replace(part, rows=left.to_bytes(), version=part.version + 1)
    if isinstance(changed, Recent):
        store.put(RECENT_CHANGE, changed, read_version=part.version)
    else:
        store.put(GROUP_CHANGE, changed, read_version=part.version)
