"""The memory specification's figures of units and cost (I-24 to I-35), from our rates.

The specification names no rates. We take those of the declared patterns: 700,000 turns a month in
350,000 interactions, each after a context. The history before is one table with the user as
partition key, whole items, and no index: a turn is one plain write, and a context reads the latest
ten turns whole. Vectors before are float32 in the items of a second table, and a search reads all
of them.

`python -m benchmarks.memory_before_after` measures the same claims, and those of times and memory
(I-23 to I-35), on real turns.
"""

from __future__ import annotations

from functools import cache

from keyline.model import STORAGE_OVERHEAD_BYTES, read_units, write_units
from keyline_ops.costs.figures import Figure, most_usd
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.prices import CURRENT, GIGABYTE, MILLION, Prices
from memory.embeddings.patterns import EMBEDDING_CREATE
from memory.patterns import (
    INTERACTION_SAVE,
    INTERACTIONS,
    SESSION_TURN_BYTES,
    TURN_BYTES,
    USER_TURN_BYTES,
)
from memory.settings import Settings
from memory.system import SYSTEM

TURNS = 2 * INTERACTIONS
_SETTINGS = Settings()
_SHOWN = _SETTINGS.session_turns + _SETTINGS.recent_turns
BEFORE_CONTEXT = read_units(10 * TURN_BYTES)
"""Read units of the latest ten turns, whole."""
AFTER_CONTEXT = read_units(_SETTINGS.session_turns * SESSION_TURN_BYTES) + read_units(
    _SHOWN * USER_TURN_BYTES
)
"""Read units of the two Queries of a context."""
BEFORE_TURN = write_units(TURN_BYTES)
"""Write units of a turn in one table without an index."""
AFTER_TURN = (
    2 * write_units(TURN_BYTES) + write_units(USER_TURN_BYTES) + write_units(SESSION_TURN_BYTES)
)
"""Write units of a turn in a transaction, with both indexes and without its embedding."""


@cache
def built(prices: Prices = CURRENT) -> Forecast:
    """Return the forecast of the system as it is built, with the default settings."""
    return forecast(SYSTEM, _SETTINGS, prices)


def before_reads_usd(prices: Prices) -> float:
    """Return what a month of contexts cost before, without searches."""
    return INTERACTIONS * BEFORE_CONTEXT * prices.read_million / MILLION


def after_reads_usd(prices: Prices) -> float:
    """Return what a month of contexts costs, without searches."""
    return INTERACTIONS * AFTER_CONTEXT * prices.read_million / MILLION


def before_writes_usd(prices: Prices) -> float:
    """Return what writing a month's turns cost before, without vectors."""
    return TURNS * BEFORE_TURN * prices.write_million / MILLION


def after_writes_usd(prices: Prices) -> float:
    """Return what writing a month's turns costs, without vectors."""
    return TURNS * AFTER_TURN * prices.write_million / MILLION


def before_storage_usd(prices: Prices) -> float:
    """Return what a month's turns cost to store before: one copy, without vectors."""
    return TURNS * (TURN_BYTES + STORAGE_OVERHEAD_BYTES) / GIGABYTE * prices.storage


def after_storage_usd(prices: Prices) -> float:
    """Return what a month's turns cost to store in the table and both indexes."""
    sizes = (TURN_BYTES, USER_TURN_BYTES, SESSION_TURN_BYTES)
    stored = sum(size + STORAGE_OVERHEAD_BYTES for size in sizes)
    return TURNS * stored / GIGABYTE * prices.storage


def turns_usd(prices: Prices, *, after: bool) -> float:
    """Return what a month's turns cost in reads, writes and storage, before or after."""
    if after:
        return after_reads_usd(prices) + after_writes_usd(prices) + after_storage_usd(prices)
    return before_reads_usd(prices) + before_writes_usd(prices) + before_storage_usd(prices)


def _change(before: float, after: float) -> str:
    return f"{100 * (after / before - 1):+.0f} %"


FIGURES = (
    Figure(
        line="I-24",
        what="read units of a context without its search, before",
        said="5 to 10",
        formula=f"⌈10 x {TURN_BYTES:,} B / 4 KB⌉ / 2",
        text=f"{BEFORE_CONTEXT:g}",
        verdict="lower than said: whole turns are small",
    ),
    Figure(
        line="I-24",
        what="the same, after",
        said="1 to 2",
        formula=f"⌈10 x {SESSION_TURN_BYTES} B / 4 KB⌉ / 2 + ⌈{_SHOWN} x {USER_TURN_BYTES} B"
        " / 4 KB⌉ / 2",
        text=f"{AFTER_CONTEXT:g}",
        verdict="as said, but for twice as many turns; a projection saves nothing, small index"
        " items do",
    ),
    Figure(
        line="I-31",
        what="reads of a month, before",
        said="$12",
        formula=f"{INTERACTIONS:,} x {BEFORE_CONTEXT:g}",
        usd=before_reads_usd,
        places=3,
        verdict="assumed rates",
    ),
    Figure(
        line="I-31",
        what="the same, after",
        said="$2.40",
        formula=f"{INTERACTIONS:,} x {AFTER_CONTEXT:g}",
        usd=after_reads_usd,
        places=3,
        verdict=_change(before_reads_usd(CURRENT), after_reads_usd(CURRENT))
        + ", said -80 %, without the cache",
    ),
    Figure(
        line="I-32",
        what="writes of a month, before",
        said="$6",
        formula=f"{TURNS:,} x {BEFORE_TURN:g}",
        usd=before_writes_usd,
        places=3,
        verdict="assumed rates",
    ),
    Figure(
        line="I-32",
        what="the same, after",
        said="$3.60",
        source="transactions",
        formula=f"{TURNS:,} x {AFTER_TURN:g}: a transaction in the table, and two indexes",
        usd=after_writes_usd,
        places=3,
        verdict=f"wrong: {_change(before_writes_usd(CURRENT), after_writes_usd(CURRENT))}, said"
        " -40 %",
    ),
    Figure(
        line="I-33",
        what="storage of turns after a month, before",
        said="$2.50",
        source="storage",
        formula=f"{TURNS:,} x ({TURN_BYTES:,} + 100) B, one copy",
        usd=before_storage_usd,
        places=3,
        verdict="assumed rates",
    ),
    Figure(
        line="I-33",
        what="the same, after",
        said="$2",
        source="storage",
        formula=f"{TURNS:,} x ({TURN_BYTES:,} + {USER_TURN_BYTES} + {SESSION_TURN_BYTES} + 300) B",
        usd=after_storage_usd,
        places=3,
        verdict=f"wrong: {_change(before_storage_usd(CURRENT), after_storage_usd(CURRENT))},"
        " said -20 %; two indexes hold more, not less",
    ),
    Figure(
        line="I-34",
        what="total of the specification's parts, before and after",
        said="$20.50, $8",
        source="arithmetic",
        formula="12 + 6 + 2.50 = 20.50; 2.40 + 3.60 + 2 = 8",
        text="-61 %",
        verdict="right as arithmetic; its parts are not",
    ),
    Figure(
        line="I-28",
        what="cost of DynamoDB, less than before",
        said="80 %",
        source="arithmetic",
        formula="1 - 8 / 20.50",
        text="61 %",
        verdict="wrong: it contradicts the specification's own total; by our rates it is more",
    ),
    Figure(
        line="I-35",
        what="reads, writes and storage of turns, after over before",
        said="61 % less",
        source="forecast",
        formula="the lines I-31 to I-33 at the assumed rates",
        text=_change(turns_usd(CURRENT, after=False), turns_usd(CURRENT, after=True)),
        verdict="wrong: writes are the most of it, and there are three times as many",
    ),
    Figure(
        line="I-34",
        what="total as built, with vectors, searches and recovery",
        said="$8",
        source="forecast",
        formula="`keyline cost memory`: at most, after 12 months",
        usd=lambda prices: built(prices).usd.most,
        verdict="computed",
    ),
    Figure(
        line="I-34",
        what="of that, saving the interactions with their embeddings",
        source="forecast",
        formula=f"{INTERACTION_SAVE.per_month or 0:,.0f} transactions of two turns and two"
        f" embeddings of {EMBEDDING_CREATE.item_bytes:,} B",
        usd=lambda prices: most_usd(built(prices).of(INTERACTION_SAVE)),
        verdict="computed: the embeddings cost more than the turns",
    ),
)
