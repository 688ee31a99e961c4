"""The function that archives the expired items of a table, which no system declares."""

from __future__ import annotations

from keyline.archive import FUNCTION_HANDLER
from keyline.model import Function, StreamSource, Table


def writer_of(table: Table) -> Function:
    """Return the function that writes the expired items of a table."""
    return Function(
        name=f"archive-{table.name.lower()}",
        handler=FUNCTION_HANDLER,
        why=f"Writes expired items of {table.name} to the archive.",
        source=StreamSource(table=table, events=("REMOVE",), expired=True, batch=1_000, window=60),
        services=("s3",),
        timeout=60,
    )
