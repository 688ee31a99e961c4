"""Facts of a message that a transcript does not say: provider, model, tokens, response time.

A fact is made up, and always the same for the same message: drawn from a hash of its name.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.tables import Message
from keyline.moments import iso, us_of_ms
from keyline_ops.demo.draws import draws

MODELS = (
    ("openai", "gpt-4o", 0.25),
    ("openai", "gpt-4o-mini", 0.35),
    ("anthropic", "claude-sonnet", 0.25),
    ("anthropic", "claude-haiku", 0.15),
)
"""Provider, model, and how often it answers."""

DAYS = 28
"""Over how many days conversations are spread where a caller does not say."""
ANONYMOUS = 0.1
"""The part of the conversations whose student is not signed in."""
MINUTE = 60_000.0
_CHARACTERS_PER_TOKEN = 4
_FASTEST = 300
_PER_TOKEN = 9
_SPREAD = 0.7
_STALLED = 8
"""How much longer one response in fifty takes."""


@dataclass(frozen=True)
class Exchange:
    """A question and its answer, as a transcript has them."""

    conversation: str
    number: int
    module: int
    student: int | None
    question: str
    response: str


def messages_of(exchanges: Sequence[Exchange], until: float, days: int) -> Iterator[Message]:
    """Yield the messages of one conversation's exchanges, at made-up moments.

    Parameters
    ----------
    until
        The end of the period that conversations are laid into, epoch ms.
    days
        How long that period is.
    """
    timestamp, pauses = _begins(exchanges[0].conversation, until, days)
    for exchange in exchanges:
        yield message_of(exchange, timestamp)
        timestamp += _pause(pauses)


def message_of(exchange: Exchange, timestamp: float) -> Message:
    """Return the message of an exchange.

    Provider, model, tokens and response time are made up.

    Parameters
    ----------
    timestamp
        Epoch ms.
    """
    drawn = draws(exchange.conversation, exchange.number)
    provider, model, _ = drawn.choices(MODELS, [share for *_, share in MODELS])[0]
    tokens = math.ceil((len(exchange.question) + len(exchange.response)) / _CHARACTERS_PER_TOKEN)
    slowness = drawn.lognormvariate(0, _SPREAD) * (_STALLED if drawn.random() < 0.02 else 1)
    with_file = drawn.random() < 0.05
    name = f"{exchange.conversation}/{timestamp:.3f}"
    return Message(
        conversationId=exchange.conversation,
        timestamp=timestamp,
        messageId=hashlib.sha256(name.encode()).hexdigest()[:32],
        moduleId=exchange.module,
        provider=provider,
        modelUsed=model,
        question=exchange.question,
        response=exchange.response,
        tokenCount=tokens + drawn.randint(20, 120),
        responseTime=round(_FASTEST + slowness * (800 + _PER_TOKEN * tokens)),
        hasFile=with_file,
        createdAt=iso(us_of_ms(timestamp)),
        studentId=exchange.student,
        fileName="worksheet.pdf" if with_file else None,
    )


def _begins(conversation: str, until: float, days: int) -> tuple[float, random.Random]:
    """Return when a conversation begins, and the draws for the pauses in it."""
    drawn = draws(conversation, "begins")
    day = drawn.randrange(days)
    minute = drawn.triangular(7 * 60, 21 * 60, 16 * 60)
    begins = until - (day + 1) * 24 * 60 * MINUTE + minute * MINUTE
    return round(begins), drawn


def _pause(drawn: random.Random) -> float:
    """Return the milliseconds from one message of a conversation to the next."""
    return round(drawn.uniform(0.3, 2.5) * MINUTE)
