"""A copy: items of one table into another, each on condition that nothing newer is undone.

A transaction puts an item into the target if the target lacks it *and* the source still has it as
it was read. So what is deleted during the copy does not come back, and what is written stays
(docs/adr/0029-migrations.md).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from keyline.errors import KeylineError
from keyline.model import Copy
from keyline.run import BadValueError, ItemUnreadableError, ReplyError
from keyline_ops.migrating.outcome import Outcome, Refusal
from keyline_ops.migrating.stored import Kind, same, unchanged
from keyline_ops.scanning.requests import ATTEMPTS, Rate, Requests, ScanStoppedError
from keyline_ops.scanning.segments import Item, Page, key_of, shown

SourceT = TypeVar("SourceT", bound=msgspec.Struct)
TargetT = TypeVar("TargetT", bound=msgspec.Struct)

BATCH = 50
"""Items of a transaction, each with a check and a put: DynamoDB takes 100 actions."""
BATCH_BYTES = 1_500_000
"""Bytes of a transaction's items as JSON: DynamoDB takes 4 MB."""


@dataclass(frozen=True)
class Pair:
    """An item of the source, and what it becomes in the target."""

    source: Item
    target: Item


class Reason(msgspec.Struct):
    """The reason why an action of a transaction was not carried out."""

    Code: str = "None"
    Item: dict[str, dict[str, Any]] | None = None


class _Cancelled(msgspec.Struct):
    CancellationReasons: list[Reason] = []


class _Got(msgspec.Struct):
    Item: dict[str, dict[str, Any]] | None = None


_CANCELLED = msgspec.json.Decoder(_Cancelled)
_GOT = msgspec.json.Decoder(_Got)
_FAILED = "ConditionalCheckFailed"
_FATAL = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})


@dataclass(frozen=True)
class Pairing(Generic[SourceT, TargetT]):
    """Makes items of the target; asks no table."""

    copy: Copy[SourceT, TargetT]
    source: Kind[SourceT]
    target: Kind[TargetT]

    def pair(self, item: Item, outcome: Outcome, now: float) -> Pair | None:
        """Return what an item becomes; None if it is not copied, which the outcome then counts.

        Parameters
        ----------
        now
            Epoch seconds.
        """
        if not self.source.holds(item) or self.source.is_expired(item, now):
            outcome.passed += 1
            return None
        try:
            made = self.copy.transform(self.source.read(item))
            target = None if made is None else self.target.written(made)
        except (BadValueError, ItemUnreadableError) as error:
            key = shown(key_of(item, self.source.keys))
            outcome.refuse(Refusal(key, error.path, error.message, error.suggestion))
            return None
        if target is None:
            outcome.passed += 1
            return None
        return Pair(item, self._with_expiry(item, target))

    def _with_expiry(self, item: Item, target: Item) -> Item:
        """Give an item the expiry of the source, or none if it has none there."""
        source, into = self.copy.source.ttl, self.copy.target.ttl
        if source is None or into is None:
            return target
        kept = {name: value for name, value in target.items() if name != into.attribute}
        if (at := item.get(source.attribute)) is not None:
            kept[into.attribute] = at
        return kept


@dataclass(frozen=True)
class Copier(Generic[SourceT, TargetT]):
    """Copies pages of items."""

    pairing: Pairing[SourceT, TargetT]
    requests: Requests
    rate: Rate

    def carry_out(self, page: Page) -> Outcome:
        """Copy a page.

        Raises
        ------
        ScanStoppedError
            If DynamoDB refuses, throttles or does not answer for too long.
        """
        outcome, now = Outcome(read=len(page.Items)), time.time()
        found = (self.pairing.pair(item, outcome, now) for item in page.Items)
        for batch in _batches([pair for pair in found if pair], self.pairing.target.keys):
            self.rate.take(len(batch))
            self._copy(batch, outcome)
        return outcome

    def _copy(self, batch: Sequence[Pair], outcome: Outcome) -> None:
        """Copy a batch; those that are settled otherwise are taken out of it until it goes."""
        waits = 0
        while batch:
            reasons = self._try(batch)
            if reasons is None:
                outcome.written += len(batch)
                return
            left = []
            for pair, check, put in zip(batch, reasons[::2], reasons[1::2], strict=True):
                if bad := {check.Code, put.Code} & _FATAL:
                    raise self._stopped(f"DynamoDB refused an item ({', '.join(bad)}).", pair)
                again = self._settle(pair, check, put, outcome)
                if again is not None:
                    left.append(again)
            if left == list(batch):
                waits += 1
                if waits == ATTEMPTS:
                    codes = {r.Code for r in reasons} - {"None"}
                    raise self._stopped(f"DynamoDB failed ({', '.join(codes)}).", left[0])
                self.requests.wait(waits)
            batch = left

    def _settle(self, pair: Pair, check: Reason, put: Reason, outcome: Outcome) -> Pair | None:
        """Count an item that need not be written; return it, as it is now, if it still has to."""
        if put.Code == _FAILED:
            if put.Item is not None and same(put.Item, pair.target):
                outcome.there += 1
            else:
                outcome.newer += 1
            return None
        if check.Code != _FAILED:
            return pair
        source = self.pairing.source
        item = self.read_again(source.name, key_of(pair.source, source.keys))
        if item is None:
            outcome.gone += 1
            return None
        return self.pairing.pair(item, outcome, time.time())

    def read_again(self, table: str, key: Item) -> Item | None:
        """Return an item as it is now."""
        request = {"TableName": table, "Key": key, "ConsistentRead": True}
        return _GOT.decode(self.requests.send("GetItem", request)).Item

    def _try(self, batch: Sequence[Pair]) -> list[Reason] | None:
        """Send a batch, and return why it was cancelled; None if it was carried out."""
        actions = [action for pair in batch for action in self._actions(pair)]
        try:
            self.requests.send("TransactWriteItems", {"TransactItems": actions})
        except ReplyError as error:
            return _CANCELLED.decode(error.body).CancellationReasons
        return None

    def _actions(self, pair: Pair) -> Iterator[dict[str, Any]]:
        source, target = self.pairing.source, self.pairing.target
        yield {
            "ConditionCheck": {
                "TableName": source.name,
                "Key": key_of(pair.source, source.keys),
                **unchanged(pair.source, source.keys, source.fields),
            }
        }
        yield {
            "Put": {
                "TableName": target.name,
                "Item": pair.target,
                "ConditionExpression": "attribute_not_exists(#key)",
                "ExpressionAttributeNames": {"#key": target.keys[0]},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _stopped(self, said: str, pair: Pair) -> KeylineError:
        key = shown(key_of(pair.source, self.pairing.source.keys))
        advice = "Correct the item or the declaration and run the command again."
        return ScanStoppedError(self.requests.path, f"{said} Its key: {key}.", advice)


def _batches(pairs: Sequence[Pair], keys: tuple[str, ...]) -> Iterator[list[Pair]]:
    """Yield batches that a transaction takes: bounded, and no key of the target twice."""
    batch: list[Pair] = []
    size, names = 0, set[bytes]()
    for pair in pairs:
        more = len(msgspec.json.encode(pair.source)) + len(msgspec.json.encode(pair.target))
        name = msgspec.json.encode(key_of(pair.target, keys))
        if batch and (len(batch) == BATCH or size + more > BATCH_BYTES or name in names):
            yield batch
            batch, size, names = [], 0, set()
        batch.append(pair)
        names.add(name)
        size += more
    if batch:
        yield batch
