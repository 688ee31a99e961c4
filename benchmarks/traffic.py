"""A week's traffic of every system on the engine, and what the forecast says of it.

    python -m benchmarks.traffic [--scale 1000] [--longest 2000] [--json [FILE]]

Each pattern is called as often as it declares for a week, divided by the scale, with items of the
size that it declares. A rare one is called twelve times, which count as much as its rate says. The
units that the engine charges are compared with the range that the forecast gives for the same
time. The budget: within 5 % of that range. `unequal` names the patterns whose calls consumed
something else than the forecast says of just these calls. Patterns with calls of more than
`--longest` items are left out: storing these items takes minutes.
"""

from __future__ import annotations

import math
import uuid
from typing import Any

from benchmarks.result import keep, machine, parser
from keyline.model import System
from keyline.run import TableSettings
from keyline_deploy.rates import MONTH_DAYS
from keyline_deploy.systems import systems
from keyline_ops.costs.units import NOTHING, Bounds, call_units
from tests.support.engine import running_engine
from tests.support.tables import create_table_params, created
from tests.support.traffic import Consumed, Traffic

WEEK = 7 / MONTH_DAYS
BUDGET = 0.05
_ROUNDING = 1e-6


def main() -> int:
    """Run the week of every system; non-zero if one is not within the budget."""
    options = parser(__doc__, __file__)
    options.add_argument("--scale", type=float, default=1000, help="1 for a whole week")
    options.add_argument("--longest", type=int, default=2000, help="items of a call at most")
    given = options.parse_args()
    with running_engine() as endpoint:
        rows = [
            row
            for each in systems()
            for row in week(each, endpoint, given.scale, longest=given.longest)
        ]
    left_out = [
        pattern.name
        for system in systems()
        for pattern in system.called
        if getattr(pattern, "items", 1) > given.longest
    ]
    context = {"machine": machine(), "scale": given.scale, "budget": BUDGET, "left_out": left_out}
    keep({**context, "systems": rows}, given.json)
    return int(any(row["off"] > BUDGET or row["unequal"] for row in rows))


def week(
    system: System, endpoint: str, scale: float, *, longest: float = math.inf
) -> list[dict[str, Any]]:
    """Run a week divided by a scale, and compare its read and its write units.

    Parameters
    ----------
    longest
        Patterns that read or write more items than this in a call are left out.
    """
    months = WEEK / scale
    environment = uuid.uuid4().hex[:8]
    names = {table.name: table.physical_name(environment) for table in system.tables}
    with created(endpoint, [create_table_params(table, environment) for table in system.tables]):
        consumed = Traffic(system, endpoint, names, longest=longest).run(months)
    return [_compared(system, kind, consumed) for kind in ("read", "write")]


def _compared(system: System, kind: str, consumed: dict[str, Consumed]) -> dict[str, Any]:
    settings = TableSettings(system.settings())
    expected, calls, units, unequal = NOTHING, 0, 0.0, []
    for pattern in system.called:
        if pattern.reads == (kind == "read") and pattern.name in consumed:
            each, found = call_units(pattern, settings), consumed[pattern.name]
            expected += each * found.wanted
            calls += found.calls
            units += found.at_rate
            if off(found.units, each * found.calls) > BUDGET:
                unequal.append(pattern.name)
    return {
        "system": system.name,
        "kind": kind,
        "calls": calls,
        "forecast": {"least": round(expected.least, 1), "most": round(expected.most, 1)},
        "measured": round(units, 1),
        "off": round(off(units, expected), 4),
        "unequal": unequal,
    }


def off(units: float, expected: Bounds) -> float:
    """Return how far units are outside of a range, as a share of its nearer end."""
    if units < expected.least - _ROUNDING:
        return 1 - units / expected.least
    if units > expected.most + _ROUNDING:
        return units / expected.most - 1 if expected.most else float("inf")
    return 0.0


if __name__ == "__main__":
    raise SystemExit(main())
