"""Queues of the platform's own, between what tells of something and a function."""

from __future__ import annotations

import hashlib

from keyline_local.resources import Queue

_VISIBILITY = "43200"
"""Seconds, the most that SQS takes: a message comes again only if the platform has ended."""


def own_queue(kind: str, what: str, *, region: str, account: str, aws: str) -> Queue:
    """Return a queue that no template names.

    Parameters
    ----------
    kind
        What tells of something: a part of the queue's name.
    what
        What tells it to whom: the same text gives the same queue.
    aws
        URL of the AWS APIs.
    """
    name = f"keyline-{kind}-{hashlib.sha256(what.encode()).hexdigest()[:16]}"
    return Queue(
        logical_id=name,
        name=name,
        arn=f"arn:aws:sqs:{region}:{account}:{name}",
        url=f"{aws}/{account}/{name}",
        attributes={"VisibilityTimeout": _VISIBILITY},
    )
