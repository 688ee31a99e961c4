"""Hand what a stream consumer gave up on to it again."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from keyline.model import StreamSource, stream_filter_of
from keyline_deploy.stream_filter import passes
from keyline_ops.redriving.consumer import Consumer, Queue, Record
from keyline_ops.redriving.failure import Failure


class Outcome(StrEnum):
    """The end of a failure."""

    REDRIVEN = "redriven"
    WAITING = "would be redriven"
    FAILED = "failed again"
    LOST = "lost"


@dataclass(frozen=True)
class Done:
    """The end of one message.

    Attributes
    ----------
    records
        How many records of the stream it was about, without those that the filter leaves out.
    why
        What the function said if it failed again.
    """

    failure: Failure
    outcome: Outcome
    records: int
    why: str = ""


def redrive(
    source: StreamSource,
    consumer: Consumer,
    queue: Queue,
    *,
    dry_run: bool = False,
    forget: bool = False,
    give_up: bool = False,
) -> Generator[Done, None, None]:
    """Yield what becomes of each message of the queue.

    A message is deleted once the function has processed all of its records. So nothing is lost if
    this is interrupted, and a function whose changes count once counts these once.

    Parameters
    ----------
    dry_run
        Read the records, and change nothing.
    forget
        Delete the messages whose records the stream no longer has.
    give_up
        Delete the messages whose records fail again, so that they are never processed.
    """
    unwanted = {Outcome.REDRIVEN}
    unwanted |= {Outcome.LOST} if forget else set()
    unwanted |= {Outcome.FAILED} if give_up else set()
    kept: list[Failure] = []
    try:
        for failure in queue.failures():
            kept.append(failure)
            done = _one(failure, source, consumer, dry_run=dry_run)
            if done.outcome in unwanted and not dry_run:
                queue.delete(failure)
                kept.pop()
            yield done
    finally:  # also if it was interrupted: others may read what is left
        for failure in kept:
            queue.release(failure)


def _one(failure: Failure, source: StreamSource, consumer: Consumer, *, dry_run: bool) -> Done:
    found = consumer.records(failure)
    if found is None:
        return Done(failure, Outcome.LOST, failure.records)
    wanted = _filtered(found, source)
    if dry_run:
        return Done(failure, Outcome.WAITING, len(wanted))
    for start in range(0, len(wanted), source.batch):
        answer = consumer.invoke(wanted[start : start + source.batch])
        if answer.error or answer.failed:
            why = answer.error or f"{len(answer.failed)} records could not be processed"
            return Done(failure, Outcome.FAILED, len(wanted), why)
    return Done(failure, Outcome.REDRIVEN, len(wanted))


def _filtered(records: Sequence[Record], source: StreamSource) -> list[Record]:
    pattern = stream_filter_of(source)
    return [record for record in records if passes([pattern] if pattern else [], record)]
