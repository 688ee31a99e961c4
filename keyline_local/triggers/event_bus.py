"""The event buses: events that are put on them reach the targets of the rules they fit.

Sources: "PutEvents" and "PutPartnerEvents" (EventBridge API reference), and "Events in Amazon
EventBridge" (user guide).
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyline.moments import iso_of
from keyline_local.events.bus_names import DEFAULT, bus_name
from keyline_local.events.event_input import payload_of
from keyline_local.events.event_pattern import EventPattern
from keyline_local.host.part import Part
from keyline_local.host.tasks import begin, end
from keyline_local.resources import EventRule
from keyline_local.services.metric_store import MetricStore
from keyline_local.triggers.targets import Targets

MOST_ENTRIES = 10
"""Entries of one PutEvents (API reference)."""
_MOST_BYTES = 1024 * 1024  # of all entries together (EventBridge quotas)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """An entry that EventBridge does not take: the code and the message of its error."""

    code: str
    message: str


class EventBuses(Part):
    """The buses of a deployment with their rules.

    Parameters
    ----------
    buses
        The names of the buses beside the default one.
    account, region
        What events show.
    targets
        Reaches what the rules send to.
    """

    def __init__(
        self,
        rules: Iterable[EventRule],
        buses: Iterable[str],
        *,
        account: str,
        region: str,
        targets: Targets,
        metrics: MetricStore | None = None,
    ) -> None:
        enabled = [rule for rule in rules if rule.enabled]
        self._rules = [(rule, EventPattern(rule.pattern)) for rule in enabled]
        self._buses = {DEFAULT, *buses}
        self._account = account
        self._region = region
        self._targets = targets
        self._metrics = metrics or MetricStore()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Do nothing: events are put by callers."""

    async def stop(self) -> None:
        """Give up what is under way."""
        await end(self._tasks)

    async def settle(self) -> None:
        """Wait until all events that were put are delivered."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(
        self, entries: Sequence[Mapping[str, Any]], *, of_partner: bool = False
    ) -> list[str | Refused]:
        """Put the entries of a PutEvents on their buses.

        Parameters
        ----------
        of_partner
            Whether the entries are those of PutPartnerEvents. The source of an entry is then also
            the name of the bus.

        Returns
        -------
        list
            For each entry the id of its event, or why there is none.
        """
        return [self._put(entry, of_partner=of_partner) for entry in entries]

    def publish(self, bus: str, event: Mapping[str, Any]) -> None:
        """Send a whole event to the targets of the rules that it fits."""
        for rule, pattern in self._rules:
            if rule.bus == bus and pattern.matches(event):
                self._metrics.add("AWS/Events", "TriggeredRules", 1, RuleName=rule.name)
                self._send(rule, event)

    def _send(self, rule: EventRule, event: Mapping[str, Any]) -> None:
        told = {"rule_arn": rule.arn, "rule_name": rule.name}
        for target in rule.targets:
            payload = payload_of(target.input, event, **told)
            self._metrics.add("AWS/Events", "Invocations", 1, RuleName=rule.name)
            work = self._targets.until_done(rule.name, target, payload)
            begin(self._tasks, work, f"event {rule.name}")

    def _put(self, entry: Mapping[str, Any], *, of_partner: bool) -> str | Refused:
        for key in ("Source", "DetailType", "Detail"):
            if not isinstance(entry.get(key), str) or not entry[key]:
                message = f"Parameter {key} is not valid. Reason: {key} is a required argument."
                return Refused("InvalidArgument", message)
        if entry["Source"].startswith("aws.") and not of_partner:
            message = f"Not authorized for the source {entry['Source']}."
            return Refused("NotAuthorizedForSourceException", message)
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return Refused("MalformedDetail", "Detail is malformed.")
        bus = bus_name(entry["Source"] if of_partner else entry.get("EventBusName") or DEFAULT)
        if bus not in self._buses:
            _log.warning("an event was put on %s, which is not a bus of the app", bus)
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": self._account,
            "time": _time(entry.get("Time")),
            "region": self._region,
            "resources": entry.get("Resources", []),
            "detail": detail,
        }
        self.publish(bus, event)
        return str(event["id"])


def answer_of(results: Sequence[str | Refused]) -> dict[str, Any]:
    """Return the answer of PutEvents to its entries."""
    entries = [
        {"ErrorCode": each.code, "ErrorMessage": each.message}
        if isinstance(each, Refused)
        else {"EventId": each}
        for each in results
    ]
    failed = sum(isinstance(each, Refused) for each in results)
    return {"FailedEntryCount": failed, "Entries": entries}


def is_too_large(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the entries of a PutEvents are larger than EventBridge takes."""
    keys = ("Source", "DetailType", "Detail")
    sizes = (len(str(entry.get(key, "")).encode()) for entry in entries for key in keys)
    return sum(sizes) > _MOST_BYTES


def _time(seconds: Any) -> str:
    known = isinstance(seconds, int | float)
    return iso_of(datetime.fromtimestamp(seconds, UTC) if known else datetime.now(UTC), "seconds")
