"""On demand or provisioned: where each costs less, worked out by hand."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keyline_deploy.environment import Capacity
from keyline_ops.costs.capacity import CapacityCost, break_even
from keyline_ops.costs.forecast import forecast
from keyline_ops.costs.prices import CURRENT
from tests.keyline_ops.unit.costs.test_forecast import GET, PUT, Settings, system_of


def rows(
    calls: float, capacity: Capacity | None = None
) -> dict[tuple[str | None, str], CapacityCost]:
    system = system_of(replace(PUT, per_month=calls), GET)
    found = forecast(system, Settings(), CURRENT, capacity=capacity)
    return {(row.index, row.kind): row for row in found.capacity}


@pytest.mark.requirement("B-74")
def test_a_provisioned_unit_costs_less_from_29_percent_of_use_on() -> None:
    # $0.00065 an hour over 3,600 x $0.625 / 1,000,000 = $0.00225; reads $0.00013 over $0.00045
    assert break_even(CURRENT, "write") == pytest.approx(0.2889, abs=1e-4)
    assert break_even(CURRENT, "read") == pytest.approx(0.2889, abs=1e-4)


def test_a_steady_load_costs_less_with_capacity_and_a_small_one_does_not() -> None:
    # a hundred million writes of 2 units: 76.1 units a second, 108.7 at 70 % of use
    steady = rows(100e6)[None, "write"]
    assert steady.units_per_second == pytest.approx(200e6 / (730 * 3600))
    assert steady.on_demand_usd.most == pytest.approx(125.0)
    assert steady.provisioned_usd.most == pytest.approx(200e6 / 3600 / 0.7 * 0.00065)
    assert steady.cheaper == "provisioned"
    assert steady.peak == pytest.approx(0.7 / break_even(CURRENT, "write"))
    small = rows(1_000)[None, "write"]
    assert (small.cheaper, small.peak) == ("on-demand", None)
    assert small.provisioned_usd.most == pytest.approx(0.00065 * 730)  # one unit all the time


@given(st.floats(1, 1e10))
def test_what_is_called_cheaper_is_cheaper(calls: float) -> None:
    for row in rows(calls).values():
        less = min(row.on_demand_usd.most, row.provisioned_usd.most)
        named = row.provisioned_usd if row.cheaper == "provisioned" else row.on_demand_usd
        assert named.most == less


@pytest.mark.requirement("B-75")
def test_an_environment_with_provisioned_capacity_pays_for_its_least_and_for_its_use() -> None:
    capacity = Capacity(min_write=5, min_read=5, utilization_percent=70)
    system = system_of(PUT, GET)
    on_demand = forecast(system, Settings(), CURRENT)
    provisioned = forecast(system, Settings(), CURRENT, capacity=capacity)
    by_place = {(row.index, row.kind): row for row in provisioned.capacity}
    assert {row.billing for row in by_place.values()} == {"provisioned"}
    # nobody reads ByAuthor much: five units an hour, all month
    assert by_place["ByAuthor", "read"].usd.most == pytest.approx(5 * 0.00013 * 730)
    assert provisioned.requests_usd.most == pytest.approx(
        sum(row.provisioned_usd.most for row in by_place.values())
    )
    assert provisioned.requests_usd.most > on_demand.requests_usd.most
    assert provisioned.usd.most == pytest.approx(provisioned.table_usd("Notes").most)
    other = forecast(system, Settings(), CURRENT, capacity=Capacity(tables=("Else",)))
    assert other.requests_usd == on_demand.requests_usd


def test_capacity_that_costs_nothing_has_no_peak() -> None:
    free = msgspec.structs.replace(CURRENT, read_hour=0.0, write_hour=0.0)
    system = system_of(replace(PUT, per_month=100e6), GET)
    found = forecast(system, Settings(), free).capacity
    assert {(row.provisioned_usd.most, row.peak, row.cheaper) for row in found} == {
        (0.0, None, "provisioned")
    }
