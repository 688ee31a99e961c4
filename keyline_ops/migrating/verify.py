"""Verification of a backfill: every page of both tables, none of their items kept in memory."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from keyline_ops.migrating.copying import Pair, Pairing
from keyline_ops.migrating.outcome import MAX_REFUSALS, Outcome, Refusal
from keyline_ops.migrating.stored import same
from keyline_ops.scanning.parallel import in_parallel
from keyline_ops.scanning.requests import ATTEMPTS, Requests, ScanStoppedError
from keyline_ops.scanning.segments import Item, Segments, key_of, shown

SourceT = TypeVar("SourceT", bound=msgspec.Struct)
TargetT = TypeVar("TargetT", bound=msgspec.Struct)

KEYS = 100
"""Keys of a BatchGetItem."""


class Difference(msgspec.Struct, frozen=True):
    """An item of which the tables differ.

    Attributes
    ----------
    key
        The key of the item in the target, as text.
    what
        `missing` in the target, or `different` there.
    """

    key: str
    what: str


class Verdict(msgspec.Struct):
    """The result of a verification.

    Attributes
    ----------
    source, target
        Items of the source that have to be in the target, and all items of the target.
    passed, refused
        As in `Outcome`.
    compared
        Items whose contents were compared.
    missing, different
        Items that the target lacks, and those that differ; `differences` are the first of them.
    """

    source: int = 0
    target: int = 0
    passed: int = 0
    refused: int = 0
    compared: int = 0
    missing: int = 0
    different: int = 0
    differences: tuple[Difference, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def faultless(self) -> bool:
        """Return whether the target has everything, as it should be."""
        return not (self.missing or self.different or self.refused)

    @property
    def only_target(self) -> int:
        """Return how many items only the target has: new ones, or those whose deletion it lacks."""
        return self.target - (self.source - self.missing)

    def add(self, other: Verdict) -> None:
        """Add what was found elsewhere."""
        for name in ("source", "target", "passed", "refused", "compared", "missing", "different"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.differences = (*self.differences, *other.differences)[:MAX_REFUSALS]
        self.refusals = (*self.refusals, *other.refusals)[:MAX_REFUSALS]

    def differs(self, key: Item, what: str) -> None:
        """Count a difference."""
        setattr(self, what, getattr(self, what) + 1)
        if len(self.differences) < MAX_REFUSALS:
            self.differences = (*self.differences, Difference(shown(key), what))


class _Responses(msgspec.Struct):
    Responses: dict[str, list[Item]] = {}
    UnprocessedKeys: dict[str, Any] = {}


_RESPONSES = msgspec.json.Decoder(_Responses)


@dataclass(frozen=True)
class Verification(Generic[SourceT, TargetT]):
    """Compares the tables of a copy.

    Parameters
    ----------
    share
        Of which share of the items the contents are compared, 0 to 1. Keys are compared of all.
    """

    pairing: Pairing[SourceT, TargetT]
    requests: Requests
    share: float

    def run(self, segments: int, tell: Callable[[int], object]) -> Verdict:
        """Compare everything.

        Parameters
        ----------
        tell
            Is given the number of items of each page that is done.

        Raises
        ------
        ScanStoppedError
            If DynamoDB refuses, throttles or does not answer for too long.
        """
        verdict, stop = Verdict(), self.requests.stop
        source = Segments(self.requests, self.pairing.source.name, segments)
        target = Segments(self.requests, self.pairing.target.name, segments, only_count=True)

        def compare(number: int) -> Verdict:
            found = Verdict()
            for page in source.pages(number, None):
                self._page(page.Items, found)
                tell(len(page.Items))
            return found

        def count(number: int) -> int:
            return sum(page.Count for page in target.pages(number, None))

        for each in in_parallel(compare, [*range(segments)], stop):
            verdict.add(each)
        verdict.target = sum(in_parallel(count, [*range(segments)], stop))
        return verdict

    def _page(self, items: Sequence[Item], verdict: Verdict) -> None:
        outcome, now = Outcome(), time.time()
        pairs = [p for item in items if (p := self.pairing.pair(item, outcome, now))]
        verdict.source += len(pairs)
        verdict.passed += outcome.passed
        verdict.refused += outcome.refused
        verdict.refusals = (*verdict.refusals, *outcome.refusals)[:MAX_REFUSALS]
        for start in range(0, len(pairs), KEYS):
            self._pairs(pairs[start : start + KEYS], verdict)

    def _pairs(self, pairs: Sequence[Pair], verdict: Verdict) -> None:
        found = self._in_target(pair.target for pair in pairs)
        for pair in pairs:
            stored = found.get(self._name(pair.target))
            what = self._compared(pair.target, stored, verdict)
            if what and (key := self._still_differs(pair)) is not None:
                verdict.differs(key, what)

    def _compared(self, expected: Item, stored: Item | None, verdict: Verdict) -> str:
        """Return how an item differs; empty if it does not, or is not drawn."""
        if stored is None:
            return "missing"
        if random.random() >= self.share:  # noqa: S311 - not a secret
            return ""
        verdict.compared += 1
        return "" if same(expected, stored) else "different"

    def _still_differs(self, pair: Pair) -> Item | None:
        """Look again, in the order of writes: a write between the two reads is not a fault."""
        source = self.pairing.source
        found = self._get(source.name, [key_of(pair.source, source.keys)])
        now = self.pairing.pair(found[0], Outcome(), time.time()) if found else None
        if now is None:
            return None
        stored = self._in_target([now.target]).get(self._name(now.target))
        if stored is not None and same(now.target, stored):
            return None
        return key_of(now.target, self.pairing.target.keys)

    def _in_target(self, items: Iterable[Item]) -> dict[bytes, Item]:
        target = self.pairing.target
        keys = {self._name(item): key_of(item, target.keys) for item in items}
        return {self._name(item): item for item in self._get(target.name, [*keys.values()])}

    def _name(self, item: Item) -> bytes:
        return msgspec.json.encode(key_of(item, self.pairing.target.keys))

    def _get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """Read items by their keys, again until all are read."""
        found: list[Item] = []
        asked: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}}
        for attempt in range(1, ATTEMPTS + 1):
            body = self.requests.send("BatchGetItem", {"RequestItems": asked})
            reply = _RESPONSES.decode(body)
            found += reply.Responses.get(table, [])
            if not reply.UnprocessedKeys:
                return found
            asked = reply.UnprocessedKeys
            if len(reply.Responses.get(table, [])) == 0:
                self.requests.wait(attempt)
        said = "DynamoDB did not give some items, however often it was asked."
        raise ScanStoppedError(self.requests.path, said, "Run the command again later.")
