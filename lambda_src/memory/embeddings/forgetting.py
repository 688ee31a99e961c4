"""Take codes out of the blocks."""

from __future__ import annotations

from keyline.run import Store


def take_out(store: Store, user_id: str, numbers: frozenset[int] | None) -> None:
    """Take the codes of some embeddings of a user out of the blocks; of all if None."""
    raise NotImplementedError
