"""The chat specification's cost figures, computed from its own scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from chat.patterns import MODULE_DAYS, MODULE_STUDENT_DAYS
from keyline.model import STORAGE_OVERHEAD_BYTES, read_units, write_units
from keyline_ops.costs import figures
from keyline_ops.costs.figures import Row, at_both_prices
from keyline_ops.costs.prices import CURRENT, GIGABYTE, MILLION, Prices

INDEXES = 3


@dataclass(frozen=True)
class Reads:
    """Queries of an index in a month, and how many items each reads."""

    queries: float
    items: int


MODULE = Reads(100_000, 10)
STUDENT = Reads(50_000, 5)
PROVIDER = Reads(10_000, 100)


@dataclass(frozen=True)
class Month:
    """A month of messages.

    Attributes
    ----------
    messages
        Messages of the month.
    item_bytes
        The size of one. All three indexes carry it whole.
    kept_months
        Months of messages that are stored at its end.
    """

    messages: float = MILLION
    item_bytes: int = 2_048
    kept_months: int = 1

    def stored(self, copies: int = 1 + INDEXES, overhead: int = STORAGE_OVERHEAD_BYTES) -> float:
        """Gigabytes: items x (size + overhead) x copies."""
        items = self.messages * self.kept_months
        return items * (self.item_bytes + overhead) * copies / GIGABYTE

    def written(self, copies: int = 1 + INDEXES) -> float:
        """Write units: messages x ⌈size / 1 KB⌉ x copies."""
        return self.messages * write_units(self.item_bytes) * copies

    def read(self, *reads: Reads) -> float:
        """Read units: queries x ⌈items x size / 4 KB⌉ / 2, growing with the messages."""
        scale = self.messages / MILLION
        return sum(r.queries * scale * read_units(r.items * self.item_bytes) for r in reads)

    def index_usd(self, reads: Reads, prices: Prices = CURRENT) -> float:
        """What one index costs: its storage, its writes and its reads."""
        return (
            self.stored(1) * prices.storage
            + self.written(1) * prices.write_million / MILLION
            + self.read(reads) * prices.read_million / MILLION
        )

    def usd(self, prices: Prices = CURRENT) -> float:
        """What table and indexes cost, without recovery."""
        reads = self.read(MODULE, STUDENT, PROVIDER)
        return (
            self.stored() * prices.storage
            + self.written() * prices.write_million / MILLION
            + reads * prices.read_million / MILLION
        )

    def recovery_usd(self, prices: Prices = CURRENT) -> float:
        """What point-in-time recovery of the table costs; indexes are not part of it."""
        return self.stored(1) * prices.recovery


def rollup_units(messages: int, module_totals: int, provider_totals: int, students: int) -> float:
    """Write units of counting a batch of messages.

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
    """Read units of a module's report from its totals.

    Parameters
    ----------
    models, students
        How many are active on a day.
    """
    by_model = read_units(days * models * MODULE_DAYS.item_bytes)
    return by_model + read_units(days * students * MODULE_STUDENT_DAYS.item_bytes)


def rows() -> Iterator[Row]:
    """The figures of the specification, computed at today's prices and at those before."""
    yield from _index_rows()
    yield from _total_rows()
    yield from _size_rows()
    yield from _rollup_rows()
    yield from _report_rows()


def markdown() -> str:
    """The figures as a table."""
    return figures.markdown(rows())


def _index_rows() -> Iterator[Row]:
    month = Month()
    yield Row(
        "T-18",
        "storage of one copy",
        "$0.50",
        "1 M x (2,048 + 100) B x $0.25/GB",
        *at_both_prices(lambda p: month.stored(1) * p.storage),
    )
    yield Row(
        "T-19",
        "module reads",
        "$1.25",
        "100 K x ⌈10 x 2,048 B / 4 KB⌉ / 2 = " + _thousands(month.read(MODULE)) + " read units",
        *at_both_prices(lambda p: month.read(MODULE) * p.read_million / MILLION),
    )
    yield Row(
        "T-20",
        "writes of one copy",
        "$1.25",
        "1 M x ⌈2,048 B / 1 KB⌉ = 2 M write units",
        *at_both_prices(lambda p: month.written(1) * p.write_million / MILLION),
    )
    for line, name, said, reads in (
        ("T-21", "module", "$3.00", MODULE),
        ("T-33", "student", "$2.38", STUDENT),
        ("T-44", "provider", "$1.88", PROVIDER),
    ):
        units = _thousands(month.read(reads))
        yield Row(
            line,
            f"{name} index in all",
            said,
            f"storage + writes + {units} read units",
            *at_both_prices(partial(month.index_usd, reads)),
        )


def _total_rows() -> Iterator[Row]:
    month = Month()
    yield Row(
        "T-45",
        "table and three indexes",
        "$7.76",
        f"{month.stored():.3f} GB + {month.written() / MILLION:.0f} M write units + "
        f"{_thousands(month.read(MODULE, STUDENT, PROVIDER))} read units",
        *at_both_prices(month.usd),
    )
    yield Row(
        "T-45",
        "point-in-time recovery",
        "-",
        f"{month.stored(1):.3f} GB x $0.20",
        *at_both_prices(month.recovery_usd),
    )
    for millions, said in ((10, "$77"), (100, "$770"), (1000, "$7,700")):
        one = Month(messages=millions * MILLION)
        yield Row(
            "T-46",
            f"{millions} M messages, first month",
            said,
            "x messages",
            *at_both_prices(one.usd),
        )
    for millions in (1, 1000):
        kept = Month(messages=millions * MILLION, kept_months=12)
        yield Row(
            "T-46",
            f"{millions} M messages a month, twelve months kept",
            "-",
            f"storage x 12 = {kept.stored():,.1f} GB",
            *at_both_prices(kept.usd),
        )


def _size_rows() -> Iterator[Row]:
    said, ours = Month(item_bytes=2_000), Month()
    yield Row(
        "T-52",
        "size by the specification's formula",
        "8 GB, $2.00",
        "2 KB x 1 M x (3 + 1)",
        f"{said.stored(overhead=0):.1f} GB, ${said.stored(overhead=0) * CURRENT.storage:.2f}",
        "the same",
    )
    yield Row(
        "T-52",
        "size with 100 B per item and copy",
        "-",
        "(2,048 + 100) B x 1 M x (3 + 1)",
        f"{ours.stored():.2f} GB, ${ours.stored() * CURRENT.storage:.2f}",
        "the same",
    )


def _rollup_rows() -> Iterator[Row]:
    for messages, modules, providers, students in ((1, 1, 1, 1), (4, 3, 2, 3), (100, 30, 4, 50)):
        units = rollup_units(messages, modules, providers, students) / messages
        yield Row(
            "T-43",
            f"roll-ups, batches of {messages}",
            "-",
            f"({messages} marks + {modules} + {providers} totals) x 2 + {students} students x 3 "
            f"= {units:.1f} write units per message",
            *at_both_prices(partial(_written_usd, units)),
        )


def _report_rows() -> Iterator[Row]:
    yield Row(
        "T-43",
        "a module's month, 10,000 messages read",
        "-",
        "10 K x 2,048 B / 4 KB / 2",
        f"{read_units(10_000 * Month().item_bytes):,.0f} read units",
        "the same",
    )
    yield Row(
        "T-43",
        "the same from totals",
        "-",
        f"30 days x (4 models x {MODULE_DAYS.item_bytes} B, "
        f"20 students x {MODULE_STUDENT_DAYS.item_bytes} B)",
        f"{report_units(30, 4, 20):,.0f} read units",
        "the same",
    )


def _written_usd(units_each: float, prices: Prices) -> float:
    """What so many write units for each of a million messages cost."""
    return units_each * prices.write_million


def _thousands(units: float) -> str:
    return f"{units / 1000:,.0f} K"
