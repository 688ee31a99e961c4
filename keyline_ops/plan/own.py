"""placeholder"""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.findings import Finding
from keyline_ops.plan.side import Side


def own_findings(old: Side, new: Side) -> Iterator[tuple[str, list[Finding]]]:
    """Nothing yet."""
    yield from ()
