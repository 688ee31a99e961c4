"""The chat specification's cost figures, computed from its own scenario.

A month has a million messages of 2 KB, and queries of the three indexes. The declared patterns
have these rates.
"""

from __future__ import annotations

from functools import cache, partial

import msgspec

from chat.patterns import (
    MESSAGE_BYTES,
    MESSAGE_CREATE,
    MODULE_DAYS,
    MODULE_MESSAGES,
    MODULE_STUDENT_DAYS,
    PROVIDER_MESSAGES,
    STUDENT_MESSAGES,
    STUDENT_RECENT,
)
from chat.settings import Settings
from chat.system import SYSTEM
from chat.tables import MESSAGES, Message
from keyline.model import Function, Pattern, System, read_units
from keyline_ops.costs.figures import Figure, dollars, most_units, most_usd
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.prices import CURRENT, GIGABYTE, MILLION, Prices
from keyline_ops.costs.storage import TableCost

Patterns = tuple[Pattern[Message], ...]

MODULE: Patterns = (MODULE_MESSAGES,)
STUDENT: Patterns = (STUDENT_MESSAGES, STUDENT_RECENT)
PROVIDER: Patterns = (PROVIDER_MESSAGES,)
INDEXES = (MODULE, STUDENT, PROVIDER)
"""The queries of each index that carries whole messages."""
COPIES = 1 + len(INDEXES)
"""Of a message: in the table and in each index."""
FORMULA_GB = 2_000 * MILLION * COPIES / GIGABYTE
"""What the specification's formula gives for the size: without overhead, of 2 KB."""


def specified(millions: float = 1) -> System:
    """Return the system that the specification describes, with so many messages a month."""
    called = (MESSAGE_CREATE, *MODULE, *STUDENT, *PROVIDER)
    scaled = [
        msgspec.structs.replace(each, per_month=(each.per_month or 0) * millions) for each in called
    ]
    month = Function(
        name="month",
        handler="chat.handlers.write.handler",
        why="A month of messages and of questions about them.",
        patterns=tuple(scaled),
    )
    return System(
        name=SYSTEM.name,
        title="The month of the specification",
        tables=(MESSAGES,),
        functions=(month,),
        settings=Settings,
    )


@cache
def month(prices: Prices = CURRENT, *, millions: float = 1, months: int = 1) -> Forecast:
    """Return the forecast of a month, after months of which the messages are kept."""
    return forecast(specified(millions), Settings(), prices, months=months)


def stored(prices: Prices = CURRENT, *, millions: float = 1, months: int = 1) -> TableCost:
    """Return what storing the messages takes."""
    return month(prices, millions=millions, months=months).table(MESSAGES.name)


def stored_gb(*, millions: float = 1, months: int = 1) -> float:
    """Return the gigabytes of the table and its indexes: items x (size + overhead) x copies."""
    found = stored(millions=millions, months=months)
    return found.table_gb.most + found.index_gb.most


def read(*patterns: Pattern[Message]) -> float:
    """Return the read units of a month's queries."""
    return most_units(month().of(*patterns))


def written() -> float:
    """Return the write units of a month's messages, in the table and in its indexes."""
    return most_units(month().of(MESSAGE_CREATE))


def copy_usd(prices: Prices) -> float:
    """Return what storing one copy of each message costs."""
    return stored(prices).storage_usd.most / COPIES


def copy_writes_usd(prices: Prices) -> float:
    """Return what writing one copy of each message costs."""
    return most_usd(month(prices).of(MESSAGE_CREATE)) / COPIES


def reads_usd(patterns: Patterns, prices: Prices) -> float:
    """Return what queries cost."""
    return most_usd(month(prices).of(*patterns))


def index_usd(patterns: Patterns, prices: Prices) -> float:
    """Return what one index costs: its storage, its writes and its queries."""
    return copy_usd(prices) + copy_writes_usd(prices) + reads_usd(patterns, prices)


def month_usd(prices: Prices, *, millions: float = 1, months: int = 1) -> float:
    """Return what table and indexes cost, without recovery."""
    found = month(prices, millions=millions, months=months)
    return found.requests_usd.most + found.table(MESSAGES.name).storage_usd.most


def recovery_usd(prices: Prices) -> float:
    """Return what point-in-time recovery of the table costs; indexes are not part of it."""
    return stored(prices).recovery_usd.most


def rollup_units(messages: int, module_totals: int, provider_totals: int, students: int) -> float:
    """Return the write units of counting a batch of messages.

    A mark per message, and one addition per total that the batch touches, in transactions
    (twice the price); a student's total is in an index as well. That a student's last
    activity moves forward is left out: 3 units for each student and hour.

    Parameters
    ----------
    module_totals, provider_totals, students
        How many totals of each kind the batch touches.
    """
    return 2 * (messages + module_totals + provider_totals) + 3 * students


def report_units(days: int, models: int, students: int) -> float:
    """Return the read units of a module's report from its totals.

    Parameters
    ----------
    models, students
        How many are active on a day.
    """
    by_model = read_units(days * models * MODULE_DAYS.item_bytes)
    return by_model + read_units(days * students * MODULE_STUDENT_DAYS.item_bytes)


def _rollups(messages: int, modules: int, providers: int, students: int) -> Figure:
    units = rollup_units(messages, modules, providers, students) / messages
    return Figure(
        line="T-43",
        what=f"roll-ups, batches of {messages}",
        source="transactions",
        formula=f"({messages} marks + {modules} + {providers} totals) x 2 + {students} students "
        f"x 3 = {units:.1f} write units per message",
        usd=lambda prices: units * prices.write_million,
    )


def _thousands(units: float) -> str:
    return f"{units / 1000:,.0f} K"


FIGURES = (
    Figure(
        line="T-18",
        what="storage of one copy",
        said="$0.50",
        source="storage",
        formula="1 M x (2,048 + 100) B x $0.25/GB",
        usd=copy_usd,
    ),
    Figure(
        line="T-19",
        what="module reads",
        said="$1.25",
        formula=f"100 K x ⌈10 x 2,048 B / 4 KB⌉ / 2 = {_thousands(read(*MODULE))} read units",
        usd=partial(reads_usd, MODULE),
    ),
    Figure(
        line="T-19",
        what="a million read units",
        said="$1.25",
        formula="1 M read units",
        usd=lambda prices: prices.read_million,
        places=3,
        verdict="wrong: that was the price of write units",
    ),
    Figure(
        line="T-20",
        what="writes of one copy",
        said="$1.25",
        formula="1 M x ⌈2,048 B / 1 KB⌉ = 2 M write units",
        usd=copy_writes_usd,
    ),
    Figure(
        line="T-21",
        what="module index in all",
        said="$3.00",
        verdict="a coincidence at the old prices: reads 40 times too dear, half the write units",
        source="forecast",
        formula=f"storage + writes + {_thousands(read(*MODULE))} read units",
        usd=partial(index_usd, MODULE),
    ),
    Figure(
        line="T-33",
        what="student reads",
        said="$0.63",
        formula=f"{_thousands(read(*STUDENT))} read units",
        usd=partial(reads_usd, STUDENT),
        places=3,
    ),
    Figure(
        line="T-33",
        what="student index in all",
        said="$2.38",
        source="forecast",
        formula=f"storage + writes + {_thousands(read(*STUDENT))} read units",
        usd=partial(index_usd, STUDENT),
    ),
    Figure(
        line="T-44",
        what="provider reads",
        said="$0.13",
        formula=f"{_thousands(read(*PROVIDER))} read units",
        usd=partial(reads_usd, PROVIDER),
        places=3,
    ),
    Figure(
        line="T-44",
        what="provider index in all",
        said="$1.88",
        verdict="a coincidence: reads too dear, writes at half their units",
        source="forecast",
        formula=f"storage + writes + {_thousands(read(*PROVIDER))} read units",
        usd=partial(index_usd, PROVIDER),
    ),
    Figure(
        line="T-45",
        what="table and three indexes",
        said="$7.76",
        verdict="wrong: without the table's writes, and with reads 40 times too dear",
        source="forecast",
        formula=f"{stored_gb():.3f} GB + {written() / MILLION:.0f} M write units + "
        f"{_thousands(read(*MODULE, *STUDENT, *PROVIDER))} read units",
        usd=month_usd,
    ),
    Figure(
        line="T-45",
        what="point-in-time recovery",
        source="storage",
        formula=f"{stored().table_gb.most:.3f} GB x $0.20",
        usd=recovery_usd,
    ),
    Figure(
        line="T-46",
        what="10 M messages, first month",
        said="$77",
        source="forecast",
        formula="x messages",
        usd=partial(month_usd, millions=10),
    ),
    Figure(
        line="T-46",
        what="100 M messages, first month",
        said="$770",
        source="forecast",
        formula="x messages",
        usd=partial(month_usd, millions=100),
    ),
    Figure(
        line="T-46",
        what="1000 M messages, first month",
        said="$7,700",
        source="forecast",
        formula="x messages",
        usd=partial(month_usd, millions=1000),
    ),
    Figure(
        line="T-46",
        what="1 M messages a month, twelve months kept",
        source="forecast",
        formula=f"storage x 12 = {stored_gb(months=12):,.1f} GB",
        usd=partial(month_usd, months=12),
    ),
    Figure(
        line="T-46",
        what="1000 M messages a month, twelve months kept",
        source="forecast",
        formula=f"storage x 12 = {stored_gb(millions=1000, months=12):,.1f} GB",
        usd=partial(month_usd, millions=1000, months=12),
    ),
    Figure(
        line="T-52",
        what="size by the specification's formula",
        said="8 GB, $2.00",
        source="storage",
        formula="2 KB x 1 M x (3 + 1)",
        text=f"{FORMULA_GB:.1f} GB, {dollars(FORMULA_GB * CURRENT.storage)}",
        verdict="right by its formula, which leaves out 100 B of each item and copy",
    ),
    Figure(
        line="T-52",
        what="size with 100 B per item and copy",
        source="storage",
        formula="(2,048 + 100) B x 1 M x (3 + 1)",
        text=f"{stored_gb():.2f} GB, {dollars(stored_gb() * CURRENT.storage)}",
    ),
    _rollups(messages=1, modules=1, providers=1, students=1),
    _rollups(messages=4, modules=3, providers=2, students=3),
    _rollups(messages=100, modules=30, providers=4, students=50),
    Figure(
        line="T-43",
        what="a module's month, 10,000 messages read",
        formula="10 K x 2,048 B / 4 KB / 2",
        text=f"{read_units(10_000 * MESSAGE_BYTES):,.0f} read units",
    ),
    Figure(
        line="T-43",
        what="the same from totals",
        formula=f"30 days x (4 models x {MODULE_DAYS.item_bytes} B, "
        f"20 students x {MODULE_STUDENT_DAYS.item_bytes} B)",
        text=f"{report_units(30, 4, 20):,.0f} read units",
    ),
)
