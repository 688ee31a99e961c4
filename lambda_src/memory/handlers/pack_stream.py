"""Pack the codes of new embeddings, user by user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from keyline.run import Store
from keyline.stream import Change, stream_handler
from memory.embeddings.packing import Packer
from memory.embeddings.tables import Embedding
from memory.system import SYSTEM

_packer = Packer(Store.for_function(SYSTEM))


def process(changes: Sequence[Change[Embedding]]) -> None:
    """Pack what the users of these changes have written, where it is time to."""
    written: dict[str, list[Embedding]] = defaultdict(list)
    for change in changes:
        if change.new is not None:
            written[change.new.user_id].append(change.new)
    for user_id, embeddings in written.items():
        _packer.pack_if_due(user_id, embeddings)


handler = stream_handler(SYSTEM, Embedding, process)
