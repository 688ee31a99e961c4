"""A backfill of an environment: its tables there, its checkpoint, and what carries it out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keyline.model import Copy, Fill, System, Table
from keyline.moments import iso_now
from keyline_deploy.project import LOCAL_STATE
from keyline_ops.deployed import Deployed
from keyline_ops.kept import key_of, table_id
from keyline_ops.migrating.checkpoint import State, checkpoint, read
from keyline_ops.migrating.copying import Copier, Pairing
from keyline_ops.migrating.declaration import Backfill
from keyline_ops.migrating.filling import Filler, Lacking
from keyline_ops.migrating.outcome import Outcome
from keyline_ops.migrating.run import Pages, backfill, new_segments
from keyline_ops.migrating.stored import Kind
from keyline_ops.migrating.verify import Verdict, Verification
from keyline_ops.scanning.parallel import SEGMENTS, in_parallel
from keyline_ops.scanning.requests import Rate, Requests
from keyline_ops.scanning.segments import Segments
from keyline_ops.tables.describe import described, required

Tell = Callable[[int], object]


@dataclass(frozen=True)
class Job:
    """A backfill in an environment.

    Attributes
    ----------
    state
        The local platform's state folder, if one was named; checkpoints are beside it.
    """

    system: System
    backfill: Backfill
    where: Deployed
    state: Path | None

    @property
    def name(self) -> str:
        """Return what the command calls the backfill."""
        return self.backfill.name

    @property
    def source(self) -> Table:
        """The table that is read."""
        return self.backfill.source if isinstance(self.backfill, Copy) else self.backfill.table

    @property
    def target(self) -> Table:
        """The table that is written."""
        return self.backfill.target if isinstance(self.backfill, Copy) else self.backfill.table

    @property
    def progress(self) -> State:
        """Return what is known of it."""
        return read(self._folder, self._key)

    def deployed_name(self, table: Table) -> str:
        """Return the name of the deployed table that serves."""
        return self.where.environment.table_name(self.system.name, table)

    def missing(self) -> str:
        """Return the deployed name of a table that is not there; empty if both are."""
        client = self.where.client()
        names = dict.fromkeys((self.deployed_name(self.source), self.deployed_name(self.target)))
        return next((name for name in names if described(client, name) is None), "")

    def items(self) -> int:
        """Return how many items the source has, as DynamoDB last counted."""
        return int(self._description(self.source)["ItemCount"])

    def outside(self) -> int | None:
        """Return how many items the index lacks, as DynamoDB last counted; nothing is read.

        Items of kinds that never have its key are among them. None for what fills no index.
        """
        _, slash, name = self.name.partition("/")
        if isinstance(self.backfill, Copy) or not slash:
            return None
        found = self._description(self.source)
        indexes = found.get("GlobalSecondaryIndexes", [])
        counts = [index["ItemCount"] for index in indexes if index["IndexName"] == name]
        return int(found["ItemCount"]) - int(counts[0]) if counts else None

    def run(self, tell: Tell, *, segments: int = SEGMENTS, rate: float | None = None) -> State:
        """Carry it out, or go on with a run that was interrupted.

        Parameters
        ----------
        segments
            How many segments are read at once; a run that is gone on with keeps its own number.
        rate
            The most items that are written a second; None for no limit.

        Raises
        ------
        KeylineError
            If it runs already, a table is not there, or DynamoDB refuses.
        """
        with checkpoint(self._folder, self._key) as kept:
            state = kept.state
            if not state.under_way:
                state.segments, state.filled, state.verified = new_segments(segments), None, None
                kept.save()
            count = len(state.segments)
            requests = self._requests(count)
            reads = Segments(requests, self.deployed_name(self.source), count)
            backfill(self._pages(requests, Rate(rate)), reads, kept, tell)
            state.filled = iso_now()
            kept.save()
            return state

    def try_out(self, tell: Tell, *, segments: int = SEGMENTS) -> Outcome:
        """Read the whole source and say what would be written; nothing is changed.

        `written` counts the items that would be tried.
        """
        requests = self._requests(segments)
        reads = Segments(requests, self.deployed_name(self.source), segments)
        check = self._check()

        def look(number: int) -> Outcome:
            outcome = Outcome()
            for page in reads.pages(number, None):
                now = time.time()
                outcome.read += len(page.Items)
                outcome.written += sum(check(item, outcome, now) for item in page.Items)
                tell(len(page.Items))
            return outcome

        return Outcome().plus(in_parallel(look, [*range(segments)], requests.stop))

    def verify(self, tell: Tell, *, share: float = 1.0, segments: int = SEGMENTS) -> Verdict:
        """Compare source and target, or count what items still lack.

        A faultless verification is noted in the checkpoint, which a clean-up asks for.
        """
        with checkpoint(self._folder, self._key) as kept:
            verdict = self._verdict(tell, share, segments)
            if verdict.faultless:
                kept.state.verified = kept.state.verified or iso_now()
            else:
                kept.state.verified = None
            kept.save()
        return verdict

    def note_cut_over(self) -> None:
        """Note that the target has taken over."""
        with checkpoint(self._folder, self._key) as kept:
            kept.state.cut_over = iso_now()
            kept.save()

    def note_roll_back(self) -> None:
        """Note that the source has taken over again."""
        with checkpoint(self._folder, self._key) as kept:
            kept.state.cut_over = None
            kept.save()

    def _verdict(self, tell: Tell, share: float, segments: int) -> Verdict:
        if isinstance(self.backfill, Copy):
            pairing = self._pairing(self.backfill)
            return Verification(pairing, self._requests(segments), share).run(segments, tell)
        found = self.try_out(tell, segments=segments)
        return Verdict(
            source=found.written + found.there,
            target=found.written + found.there,
            passed=found.passed,
            refused=found.refused,
            compared=found.written + found.there,
            different=found.written,
            refusals=found.refusals,
        )

    def _check(self) -> Callable[[dict[str, Any], Outcome, float], bool]:
        if isinstance(self.backfill, Copy):
            pairing = self._pairing(self.backfill)
            return lambda item, outcome, now: pairing.pair(item, outcome, now) is not None
        lacking = self._lacking(self.backfill)
        return lambda item, outcome, now: bool(lacking.of(item, outcome, now))

    def _pages(self, requests: Requests, rate: Rate) -> Pages:
        if isinstance(self.backfill, Copy):
            return Copier(self._pairing(self.backfill), requests, rate)
        return Filler(self._lacking(self.backfill), requests, rate)

    def _pairing(self, copy: Copy[Any, Any]) -> Pairing[Any, Any]:
        return Pairing(
            copy, self._kind(copy.source, copy.shape), self._kind(copy.target, copy.into)
        )

    def _lacking(self, fill: Fill[Any]) -> Lacking[Any]:
        return Lacking(fill, self._kind(fill.table, fill.shape))

    def _kind(self, table: Table, shape: Any) -> Kind[Any]:
        settings = self.where.environment.settings(self.system.name, self.system.settings)
        return Kind(self.name, table, shape, self.deployed_name(table), settings)

    def _requests(self, connections: int) -> Requests:
        return Requests(self.where.connection(connections), self.name)

    @cached_property
    def _folder(self) -> Path:
        return (self.state or LOCAL_STATE).parent / "migrations"

    @cached_property
    def _key(self) -> str:
        """The digest of the backfill and its tables: a new table starts without the old items."""
        found = [self._description(table) for table in (self.source, self.target)]
        ids = map(table_id, found)
        shape = (
            self.backfill.into if isinstance(self.backfill, Copy) else self.backfill.shape
        ).__name__
        return key_of(self.where.environment.name, self.system.name, self.name, shape, *ids)

    def _description(self, table: Table) -> Any:
        name = self.deployed_name(table)
        return required(described(self.where.client(), name), name)
