"""The whole way of a migration by the command: plan to clean-up."""

from __future__ import annotations

import pytest

from keyline_ops.scanning.segments import PAGE
from tests.keyline_ops.engine.migrating.bench import Bench
from tests.support.sample.moving import OLD_RECEIPTS, PARCELS, RECEIPTS, OldReceipt


@pytest.mark.requirement("I-36", "I-42", "I-48")
def test_the_whole_way_of_a_copy(bench: Bench) -> None:
    bench.put_receipts(OldReceipt(customer="c", number=n, cents=n + 1) for n in range(PAGE + 1))
    code, plans = bench.run("receipts")
    assert code == 0
    assert plans[0]["next"] == "keyline migrate receipts receipts --step backfill"
    assert (plans[0]["kind"], plans[0]["items"]) == ("copy", PAGE + 1)

    code, (tried,) = bench.run("receipts", "--step", "backfill", "--dry-run")
    assert (code, tried["written"], bench.items(RECEIPTS)) == (0, PAGE + 1, [])
    code, said = bench.run("receipts", "--step", "cut-over")
    assert code == 2
    assert "was not verified" in said
    code, (filled,) = bench.run("receipts", "--step", "backfill", "--segments", "2")
    assert (code, filled["written"]) == (0, PAGE + 1)
    code, (verdict,) = bench.run("receipts", "--step", "verify", "--sample", "0.5")
    assert (code, verdict["faultless"]) == (0, True)
    code, change = bench.run("receipts", "--step", "cut-over")
    assert (code, change["done"]) == (0, True)
    _, plans = bench.run("receipts")
    assert plans[0]["next"] == "keyline migrate receipts receipts --step clean-up"
    code, said = bench.run("receipts", "--step", "clean-up")
    assert code == 2
    assert "is a table of the system" in said
    assert len(bench.items(OLD_RECEIPTS)) == PAGE + 1
    assert bench.run("receipts", "--step", "roll-back")[0] == 0
    _, plans = bench.run("receipts")
    assert plans[0]["cut_over"] is None


def test_an_index_is_filled_by_its_name(bench: Bench) -> None:
    bench.put(PARCELS, [{"parcelId": {"S": "p"}, "city": {"S": "Bonn"}}])
    code, (verdict,) = bench.run("Parcels/ByCity", "--step", "verify")
    assert (code, verdict["different"]) == (1, 1)
    code, (filled,) = bench.run("Parcels/ByCity", "--step", "backfill")
    assert (code, filled["written"]) == (0, 1)
    assert bench.run("Parcels/ByCity", "--step", "verify")[0] == 0
    code, said = bench.run("Parcels/ByCitty")
    assert code == 2
    assert "Did you mean 'Parcels/ByCity'?" in said
