"""Put the codes of new embeddings into blocks. Needs numpy.

`Packer.pack(user_id)` may be called at any time, by any number of processes, and any number of
times: by the function that reads the table's stream, for the users that wrote.
"""

from __future__ import annotations

from keyline.run import Store


class Packer:
    """Packs the codes of users."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pack(self, user_id: str) -> int:
        """Put what is in no block yet into blocks; how many embeddings that were."""
        raise NotImplementedError
