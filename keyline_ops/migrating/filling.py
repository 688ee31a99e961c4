"""A fill: attributes that items of a table lack, each set if the item is still as it was read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from keyline.model import Fill
from keyline.run import BadValueError, ItemUnreadableError, ReplyError
from keyline_ops.migrating.outcome import Outcome, Refusal
from keyline_ops.migrating.stored import Kind, unchanged
from keyline_ops.scanning.requests import ATTEMPTS, Rate, Requests, ScanStoppedError
from keyline_ops.scanning.segments import Item, Page, key_of, shown

ItemT = TypeVar("ItemT", bound=msgspec.Struct)


class _Got(msgspec.Struct):
    Item: dict[str, dict[str, Any]] | None = None


_GOT = msgspec.json.Decoder(_Got)


@dataclass(frozen=True)
class Lacking(Generic[ItemT]):
    """Finds what items lack; asks no table."""

    fill: Fill[ItemT]
    kind: Kind[ItemT]

    def of(self, item: Item, outcome: Outcome, now: float) -> Item:
        """Return the attributes that an item lacks and would get; the outcome counts the others.

        Parameters
        ----------
        now
            Epoch seconds.
        """
        if not self.kind.holds(item) or self.kind.is_expired(item, now):
            outcome.passed += 1
            return {}
        absent = [name for name in self.fill.attributes if name not in item]
        try:
            written = self._filled(item) if absent else {}
        except (BadValueError, ItemUnreadableError) as error:
            key = shown(key_of(item, self.kind.keys))
            outcome.refuse(Refusal(key, error.path, error.message, error.suggestion))
            return {}
        lacking = {name: written[name] for name in absent if name in written}
        if not lacking:
            outcome.there += 1
        return lacking

    def _filled(self, item: Item) -> Item:
        read = self.kind.read(item)
        return self.kind.written(self.fill.fill(read) if self.fill.fill else read)


@dataclass(frozen=True)
class Filler(Generic[ItemT]):
    """Fills pages of items."""

    lacking: Lacking[ItemT]
    requests: Requests
    rate: Rate

    def carry_out(self, page: Page) -> Outcome:
        """Fill a page.

        Raises
        ------
        ScanStoppedError
            If DynamoDB refuses, throttles or does not answer for too long.
        """
        outcome = Outcome(read=len(page.Items))
        for item in page.Items:
            self._fill(item, outcome)
        return outcome

    def _fill(self, item: Item, outcome: Outcome) -> None:
        kind = self.lacking.kind
        key = key_of(item, kind.keys)
        found: Item | None = item
        for _ in range(ATTEMPTS):
            if found is None:
                outcome.gone += 1
                return
            lacking = self.lacking.of(found, outcome, time.time())
            if not lacking:
                return
            self.rate.take(1)
            if self._set(key, found, lacking):
                outcome.written += 1
                return
            request = {"TableName": kind.name, "Key": key, "ConsistentRead": True}
            found = _GOT.decode(self.requests.send("GetItem", request)).Item
        advice = "Run the same command again when there are fewer writes."
        said = f"the item with {shown(key)} changes too often to be filled."
        raise ScanStoppedError(self.requests.path, said, advice)

    def _set(self, key: Item, item: Item, lacking: Item) -> bool:
        """Set attributes; False if the item is not as it was read any more."""
        request = unchanged(item, self.lacking.kind.keys, self.lacking.kind.fields)
        names, values = request["ExpressionAttributeNames"], {}
        sets = []
        for number, (name, value) in enumerate(lacking.items()):
            names[f"#s{number}"], values[f":s{number}"] = name, value
            sets.append(f"#s{number}=:s{number}")
        request["ExpressionAttributeValues"] = request.get("ExpressionAttributeValues", {}) | values
        request |= {
            "TableName": self.lacking.kind.name,
            "Key": key,
            "UpdateExpression": f"SET {', '.join(sets)}",
        }
        try:
            self.requests.send("UpdateItem", request)
        except ReplyError:
            return False
        return True
