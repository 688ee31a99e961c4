"""Copies into a real table: killed, gone on with, and among writers of both tables."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline.errors import KeylineError
from keyline.run import OutcomeUnknownError, ThrottledError, TransactionCancelledError, Write
from keyline_ops.migrating.checkpoint import State
from keyline_ops.migrating.job import Job
from tests.keyline_ops.engine.migrating.bench import Bench
from tests.support.sample.moving import (
    DELETE_BOTH,
    DELETE_NEW,
    DELETE_OLD,
    OLD_RECEIPTS,
    PUT_NEW,
    PUT_OLD,
    RECEIPTS,
    RECEIPTS_COPY,
    WRITE_BOTH,
    OldReceipt,
    receipt_of,
)
from tests.support.small_disk import SmallDisk, on_each_disk

LATER = 4_000_000_000


def receipts(count: int, customers: int = 10) -> list[OldReceipt]:
    return [
        OldReceipt(customer=f"c{n % customers}", number=n, cents=n + 1, text=f"receipt {n}")
        for n in range(count)
    ]


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return sorted(int(item["number"]["N"]) for item in items)


def contents(items: list[dict[str, Any]]) -> dict[int, int]:
    return {int(item["number"]["N"]): int(item["cents"]["N"]) for item in items}


def test_every_item_arrives_in_its_new_form_with_its_expiry(bench: Bench) -> None:
    bench.put_receipts(
        [
            OldReceipt(
                customer="ann", number=1, cents=5, text="t", scan=b"\x00\xff", expires=LATER
            ),
            OldReceipt(customer="ann", number=2, cents=6),
            OldReceipt(customer="ann", number=3, cents=0),
            OldReceipt(customer="ann", number=4, cents=7, expires=1_000_000_000),
        ]
    )
    state = bench.job(RECEIPTS_COPY).run(lambda _: None)
    assert state.outcome == msgspec.structs.replace(
        state.outcome, read=4, written=2, passed=2, there=0, newer=0, gone=0, refused=0
    )
    first, second = sorted(bench.items(RECEIPTS), key=lambda item: item["pk"]["S"])
    assert first == {
        "pk": {"S": "ann#00000001"},
        "customer": {"S": "ann"},
        "number": {"N": "1"},
        "cents": {"N": "5"},
        "text": {"S": "t"},
        "scan": {"B": b"\x00\xff"},
        "ttl": {"N": str(LATER)},
    }
    assert "ttl" not in second
    assert bench.job(RECEIPTS_COPY).verify(lambda _: None).faultless


def test_a_second_run_finds_all_there_and_keeps_what_is_newer(bench: Bench) -> None:
    bench.put_receipts(receipts(120))
    job = bench.job(RECEIPTS_COPY)
    job.run(lambda _: None)
    newer = receipt_of(OldReceipt(customer="c5", number=5, cents=999))
    assert newer is not None
    bench.store().put(PUT_NEW, newer)
    outcome = job.run(lambda _: None).outcome
    assert (outcome.written, outcome.there, outcome.newer) == (0, 119, 1)
    assert contents(bench.items(RECEIPTS))[5] == 999


@pytest.mark.requirement("I-42")
def test_a_verification_names_what_is_missing_and_what_differs(bench: Bench) -> None:
    bench.put_receipts(receipts(250))
    job = bench.job(RECEIPTS_COPY)
    job.run(lambda _: None)
    store = bench.store()
    store.delete(DELETE_NEW, customer="c7", number=7)
    changed = receipt_of(OldReceipt(customer="c8", number=8, cents=1))
    extra = receipt_of(OldReceipt(customer="x", number=1, cents=1))
    assert changed is not None
    assert extra is not None
    store.put(PUT_NEW, changed)
    store.put(PUT_NEW, extra)
    verdict = job.verify(lambda _: None)
    assert (verdict.source, verdict.target, verdict.compared) == (250, 250, 249)
    assert sorted((each.key, each.what) for each in verdict.differences) == [
        ("pk 'c7#00000007'", "missing"),
        ("pk 'c8#00000008'", "different"),
    ]
    assert verdict.only_target == 1
    assert job.progress.verified is None
    by_keys = job.verify(lambda _: None, share=0.0)
    assert (by_keys.missing, by_keys.different, by_keys.compared) == (1, 0, 0)


def test_an_item_that_does_not_fit_is_refused_and_the_others_go(bench: Bench) -> None:
    bench.put_receipts(receipts(3))
    bench.put(
        OLD_RECEIPTS, [{"customer": {"S": "bad"}, "number": {"N": "1"}, "cents": {"S": "no"}}]
    )
    outcome = bench.job(RECEIPTS_COPY).run(lambda _: None).outcome
    assert (outcome.written, outcome.refused) == (3, 1)
    (refusal,) = outcome.refusals
    assert refusal.key == "customer 'bad', number '1'"
    assert "no" not in refusal.message.split("'")


def test_a_transform_that_makes_one_item_of_two_is_found(bench: Bench) -> None:
    def merged(old: OldReceipt) -> Any:
        return receipt_of(msgspec.structs.replace(old, number=1))

    bench.put_receipts(receipts(10, customers=1))
    job = bench.job(msgspec.structs.replace(RECEIPTS_COPY, transform=merged))
    outcome = job.run(lambda _: None).outcome
    assert (outcome.written, outcome.newer) == (1, 9)
    assert job.verify(lambda _: None).different == 9


def test_an_item_deleted_after_it_was_read_does_not_come_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion and the change happen between the read of the page and the copy."""
    bench.put_receipts(receipts(60, customers=1))
    store = bench.store()
    from keyline_ops.migrating import copying

    batches = copying._batches

    def interfering(*given: Any) -> Iterator[Any]:
        store.transact(
            DELETE_BOTH,
            [
                Write.delete(DELETE_OLD, customer="c0", number=3),
                Write.delete(DELETE_NEW, customer="c0", number=3),
            ],
        )
        store.put(PUT_OLD, OldReceipt(customer="c0", number=4, cents=777))
        monkeypatch.setattr(copying, "_batches", batches)
        yield from batches(*given)

    monkeypatch.setattr(copying, "_batches", interfering)
    outcome = bench.job(RECEIPTS_COPY).run(lambda _: None, segments=1).outcome
    assert (outcome.written, outcome.gone) == (59, 1)
    found = contents(bench.items(RECEIPTS))
    assert 3 not in found
    assert found[4] == 777


@pytest.mark.requirement("I-55")
def test_nothing_is_lost_or_undone_among_writers_of_both_tables(bench: Bench) -> None:
    """Writers keep what they were told; at the end both tables hold exactly that."""
    count, writers = 1_500, 4
    bench.put_receipts(receipts(count))
    oracle = {n: n + 1 for n in range(count)}
    done = threading.Event()

    def write(writer: int) -> int:
        store, draw, made = bench.store(), random.Random(writer), 0
        while not done.is_set() or made < 100:
            number = draw.randrange(count // writers) * writers + writer
            customer = f"c{number % 10}"
            try:
                if draw.random() < 0.4:
                    store.transact(
                        DELETE_BOTH,
                        [
                            Write.delete(DELETE_OLD, customer=customer, number=number),
                            Write.delete(DELETE_NEW, customer=customer, number=number),
                        ],
                    )
                    oracle.pop(number, None)
                else:
                    old = OldReceipt(customer=customer, number=number, cents=10**6 + made)
                    new = receipt_of(old)
                    assert new is not None
                    store.transact(WRITE_BOTH, [Write.put(PUT_OLD, old), Write.put(PUT_NEW, new)])
                    oracle[number] = old.cents
            except (TransactionCancelledError, ThrottledError, OutcomeUnknownError):
                continue  # a conflict with the copy: nothing was carried out
            made += 1
        return made

    job = bench.job(RECEIPTS_COPY)
    with ThreadPoolExecutor(writers) as pool:
        under_way = [pool.submit(write, writer) for writer in range(writers)]
        try:
            job.run(lambda _: None, segments=4)
        finally:
            done.set()
        assert all(each.result() >= 100 for each in under_way)
    assert contents(bench.items(OLD_RECEIPTS)) == oracle
    assert contents(bench.items(RECEIPTS)) == oracle
    verdict = job.verify(lambda _: None)
    assert verdict.faultless
    assert verdict.only_target == 0


def progress(job: Job) -> State:
    return job.progress


def test_thousands_of_items_survive_three_kills(bench: Bench) -> None:
    count = 6_000
    bench.put_receipts(receipts(count))
    draw = random.Random(7)
    points = sorted(draw.randrange(count // 20, count * 9 // 10) for _ in range(3))
    job = bench.job(RECEIPTS_COPY)
    for point in points:
        process = bench.keyline("receipts", "--step", "backfill", "--rate", "4000")
        while progress(job).outcome.read < point:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert progress(job).under_way
    code, (result,) = bench.run("receipts", "--step", "backfill")
    assert code == 0
    assert result["read"] == count
    assert result["written"] + result["there"] == count
    assert result["newer"] == 0
    assert numbers(bench.items(RECEIPTS)) == [*range(count)]
    code, (verdict,) = bench.run("receipts", "--step", "verify")
    assert code == 0
    assert verdict["faultless"]
    assert (verdict["source"], verdict["target"], verdict["compared"]) == (count, count, count)


def test_one_backfill_runs_once_at_a_time(bench: Bench) -> None:
    bench.put_receipts(receipts(5))
    job = bench.job(RECEIPTS_COPY)

    def again(_: int) -> None:
        with pytest.raises(KeylineError, match="running already"):
            bench.job(RECEIPTS_COPY).run(lambda _: None)

    job.run(again)


@pytest.mark.soak
@on_each_disk
def test_a_full_disk_stops_a_backfill_that_goes_on_when_there_is_space(
    bench: Bench, tmp_path: Path, small_disk: SmallDisk
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        count = 1_000
        bench.put_receipts(receipts(count))
        on_disk = replace(bench, folder=disk.seen, disk=disk)
        job = on_disk.job(RECEIPTS_COPY)
        process = on_disk.keyline("receipts", "--step", "backfill", "--rate", "1000")
        while progress(job).outcome.read < count // 10:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        disk.fill()
        _, said = process.communicate()
        assert process.returncode == 2
        assert "Traceback" not in said
        assert f"{disk.folder}/" in said
        assert "Make space there" in said
        assert job.progress.under_way
        disk.free()
        code, (result,) = on_disk.run("receipts", "--step", "backfill")
        assert (code, result["read"], result["written"] + result["there"]) == (0, count, count)
        assert numbers(bench.items(RECEIPTS)) == [*range(count)]
