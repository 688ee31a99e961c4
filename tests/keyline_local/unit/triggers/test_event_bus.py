"""Event buses: what PutEvents takes, and which targets get it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keyline_local.host.clients import client
from keyline_local.resources import RETRIES, EventRule, Input, Target, TargetKind
from keyline_local.services.aws import Aws
from keyline_local.services.logs import Logs
from keyline_local.triggers.event_bus import EventBuses, Refused, is_too_large
from keyline_local.triggers.events_api import EventsApi
from keyline_local.triggers.service_senders import ServiceSenders
from keyline_local.triggers.stream_retry import Backoff
from keyline_local.triggers.targets import Sent, Targets

ENTRY = {"Source": "shop", "DetailType": "Order", "Detail": '{"id": "a"}', "EventBusName": "shop"}


@dataclass
class World:
    """Everything that is delivered, by the receiver."""

    got: list[tuple[str, str]] = field(default_factory=list)
    fails: int = 0

    async def invoke(self, name: str, payload: bytes) -> Sent:
        self.got.append((name, payload.decode()))
        return Sent("Unhandled" if len(self.got) <= self.fails else None)

    async def to_queue(self, url: str, body: str, group: str | None) -> None:
        self.got.append((f"{url} {group}", body))

    async def to_topic(self, arn: str, message: str) -> None:
        self.got.append((arn, message))

    def to_bus(self, target: Target, payload: str) -> None:
        self.got.append((target.address, payload))

    def to_log(self, group: str, line: str) -> None:
        self.got.append((group, line))


def target(kind: TargetKind = TargetKind.FUNCTION, address: str = "f", **more: Any) -> Target:
    return Target(kind=kind, address=address, **more)


def rule(*targets: Target, **more: Any) -> EventRule:
    given = {"bus": "shop", "pattern": {"source": ["shop"]}, **more}
    return EventRule(logical_id="R", name="r", arn="arn:r", targets=targets, **given)


def put(world: World, rules: list[EventRule], *entries: Any, **retries: int) -> list[str | Refused]:
    async def run() -> list[str | Refused]:
        targets = Targets(world, world, retries=retries, backoff=Backoff(base=0.0))
        buses = EventBuses(rules, ["shop"], account="1", region="r", targets=targets)
        async with buses:
            done = buses.put(entries)
            await buses.settle()
        return done

    return asyncio.run(run())


def test_an_event_reaches_the_targets_of_the_rules_that_it_fits() -> None:
    world = World()
    rules = [
        rule(target(address="all"), target(address="id", input=Input(path="$.detail.id"))),
        rule(target(address="other bus"), bus="default"),
        rule(target(address="other source"), pattern={"source": ["till"]}),
        rule(target(address="off"), enabled=False),
    ]
    (event_id,) = put(world, rules, ENTRY)
    sent = dict(world.got)
    assert {*sent} == {"all", "id"}
    assert sent["id"] == '"a"'
    event = json.loads(sent["all"])
    assert (event.pop("id"), len(event.pop("time"))) == (event_id, len("2027-01-01T00:00:00Z"))
    assert event == {
        "version": "0",
        "detail-type": "Order",
        "source": "shop",
        "account": "1",
        "region": "r",
        "resources": [],
        "detail": {"id": "a"},
    }


def test_each_kind_of_target_is_reached() -> None:
    world = World()
    kinds = [
        target(TargetKind.QUEUE, "url", group="g", input=Input(constant="q")),
        target(TargetKind.TOPIC, "arn", input=Input(constant="t")),
        target(TargetKind.BUS, "other", input=Input(constant="b")),
        target(TargetKind.LOG, "/aws/events/x", input=Input(constant="l")),
    ]
    put(world, [rule(*kinds)], ENTRY)
    assert sorted(world.got) == [
        ("/aws/events/x", "l"),
        ("arn", "t"),
        ("other", "b"),
        ("url g", "q"),
    ]


@pytest.mark.parametrize(("fails", "calls"), [(0, 1), (1, 2), (9, 1 + RETRIES)])
def test_a_function_that_fails_is_invoked_twice_more(fails: int, calls: int) -> None:
    world = World(fails=fails)
    put(world, [rule(target())], ENTRY)
    assert len(world.got) == calls


@pytest.mark.parametrize(("retries", "calls"), [(0, 1), (1, 2)])
def test_a_function_says_how_often_it_is_invoked_again(retries: int, calls: int) -> None:
    world = World(fails=9)
    put(world, [rule(target())], ENTRY, f=retries)
    assert len(world.got) == calls


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": None}, "InvalidArgument"),
        ({"Detail": ""}, "InvalidArgument"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException"),
    ],
)
def test_an_entry_that_eventbridge_refuses_is_refused_alone(change: Any, code: str) -> None:
    world = World()
    refused, taken = put(world, [rule(target())], {**ENTRY, **change}, ENTRY)
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert isinstance(taken, str)
    assert len(world.got) == 1


def test_a_bus_goes_by_its_name_or_its_arn_and_an_unknown_one_has_no_rules() -> None:
    world = World()
    arn = "arn:aws:events:r:1:event-bus/shop"
    put(world, [rule(target())], {**ENTRY, "EventBusName": arn}, {**ENTRY, "EventBusName": "x"})
    assert len(world.got) == 1


def test_a_partner_puts_its_events_on_the_bus_of_its_name() -> None:
    async def run() -> None:
        world, name = World(), "aws.partner/shop.example/1"
        taken = rule(target(), bus=name, pattern={"source": [{"prefix": "aws.partner"}]})
        targets = Targets(world, world)
        buses = EventBuses([taken], [name], account="1", region="r", targets=targets)
        async with buses:
            (done,) = buses.put([{**ENTRY, "Source": name}], of_partner=True)
            await buses.settle()
        assert isinstance(done, str)
        assert len(world.got) == 1

    asyncio.run(run())


def test_an_event_of_a_schedule_that_a_bus_refuses_is_told(tmp_path: Path) -> None:
    world = World()
    aws = Aws(tmp_path / "log", port=1, account="1", region="r")
    senders = ServiceSenders(aws, Logs(tmp_path))
    senders.buses = EventBuses([], [], account="1", region="r", targets=Targets(world, senders))
    ticking = target(TargetKind.BUS, "default", entry={"Source": "clock", "DetailType": "Tick"})
    senders.to_bus(ticking, "{}")
    with pytest.raises(ValueError, match="MalformedDetail"):
        senders.to_bus(ticking, "tick")


def test_entries_of_more_than_a_megabyte_are_too_large() -> None:
    assert not is_too_large([ENTRY] * 10)
    assert is_too_large([{**ENTRY, "Detail": "x" * 600_000}] * 2)


def test_a_rule_that_is_made_at_run_time_is_refused() -> None:
    async def run() -> None:
        world = World()
        targets = Targets(world, world)
        buses = EventBuses([], ["shop"], account="1", region="r", targets=targets)
        api = EventsApi(lambda: buses)
        await api.start()
        try:
            await asyncio.to_thread(make, client("events", api.url, "eu-west-1"))
        finally:
            await api.stop()

    def make(events: Any) -> None:
        with pytest.raises(ClientError, match="Declare the rule in the template"):
            events.put_rule(Name="soon", ScheduleExpression="rate(1 minute)")
        with pytest.raises(
            ClientError, match="knows PutEvents and PutPartnerEvents, not ListRules"
        ):
            events.list_rules()

    asyncio.run(run())
