"""Numbers come back exactly as they were given."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyline.model import BatchWrite, Function, Get, Key, Put, System, Table
from keyline.model.size import item_size
from keyline.run import Store
from keyline.run.values import struct_writer
from tests.support.bench import fresh


class Amounts(msgspec.Struct, kw_only=True):
    """Numbers of each type."""

    key: str
    whole: int
    real: float
    exact: Decimal
    many: set[int] = msgspec.field(default_factory=set)
    listed: list[float] = msgspec.field(default_factory=list)
    free: dict[str, Any] = msgspec.field(default_factory=dict)


TABLE = Table("KeylineAmounts", "Key design: one by one.", key=Key("key"), entities=[Amounts])
_common: dict[str, Any] = {
    "why": "Tested.",
    "table": TABLE,
    "shape": Amounts,
    "item_bytes": 100,
    "per_month": 1,
}
PUT = Put(name="put-amounts", replace=True, **_common)
GET = Get(name="get-amounts", consistent=True, **_common)
WRITE = BatchWrite(name="write-amounts", **_common)
AMOUNTS = System(
    name="amounts",
    title="Amounts",
    tables=(TABLE,),
    functions=(
        Function(
            name="all",
            handler="amounts.handlers.all.handler",
            why="All.",
            patterns=(PUT, GET, WRITE),
        ),
    ),
)

_whole = st.integers(-(10**38) + 1, 10**38 - 1)
_real = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda x: x == 0 or 1e-130 <= abs(x) < 1e126
)
_exact = st.builds(
    lambda digits, power: Decimal(digits).scaleb(power), _whole, st.integers(-90, 80)
)


@pytest.fixture(scope="module")
def amounts(engine: str) -> Iterator[Store]:
    with fresh(engine, AMOUNTS.tables) as made:
        yield Store(
            system=AMOUNTS,
            environment=made.environment,
            client=made.client(),
            measure_sizes=True,
        )


@given(
    whole=_whole,
    real=_real,
    exact=_exact,
    many=st.sets(_whole, max_size=4),
    listed=st.lists(_real, max_size=4),
)
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_number_makes_the_round_trip(
    amounts: Store,
    whole: int,
    real: float,
    exact: Decimal,
    many: set[int],
    listed: list[float],
) -> None:
    free: dict[str, Any] = {
        "whole": whole,
        "real": real,
        "exact": exact,
        "none": None,
        "yes": True,
        "l": [whole],
    }
    item = Amounts(
        key="k", whole=whole, real=real, exact=exact, many=many, listed=listed, free=free
    )
    amounts.put(PUT, item)
    got = amounts.get(GET, key="k")
    assert got is not None
    # What has no declared type comes back as the simplest type that holds the decimal text
    assert float(got.free.pop("real")) == free.pop("real")
    assert Decimal(str(got.free.pop("exact"))) == free.pop("exact")
    assert got == item


@given(number=st.one_of(_exact, st.decimals(-(10**15), 10**15, places=3)))
@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_size_of_a_number_is_the_engines_to_the_byte(amounts: Store, number: Decimal) -> None:
    # Given an item that takes exactly 1 KB by our reckoning
    bare = Amounts(key="k", whole=1, real=1.0, exact=number, free={"pad": ""})
    amounts.put(PUT, bare)
    room = 1024 - item_size(struct_writer(Amounts)(bare))
    for more, units in ((0, 1.0), (1, 2.0)):
        amounts.put(PUT, msgspec.structs.replace(bare, free={"pad": "x" * (room + more)}))
        # Then it costs one unit, and with one byte more two
        assert amounts.meter.calls[-1].write == units
        amounts.put(PUT, bare)


def test_the_size_of_an_item_by_the_guide() -> None:
    item: dict[str, dict[str, Any]] = {
        "k": {"S": "ä"},
        "n": {"N": "-1234.5"},
        "t": {"BOOL": True},
        "z": {"NULL": True},
        "b": {"B": b"12345"},
        "ss": {"SS": ["a", "bc"]},
        "l": {"L": [{"N": "1"}, {"S": "x"}]},
        "m": {"M": {"a": {"S": "b"}}},
    }
    sizes = [1 + 2, 1 + 5, 1 + 1, 1 + 1, 1 + 5, 2 + 3, 1 + 3 + 3 + 2, 1 + 3 + 3]
    assert item_size(item) == sum(sizes)
