"""The vectors of products over a run: which of them a read may find."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from keyline.run import Store
from reports.embeddings import EmbeddingRepository, NewEmbedding
from tests.support.protocols.clocks import Time
from tests.support.protocols.plan import Plan

PRODUCTS = ("p", "q", "r")
INSTANT = 0.001
"""Seconds between two moments of a run."""
NEVER = math.inf


@dataclass
class Stored:
    """A vector that was sent: its number, when, and when it was acknowledged."""

    number: int
    began: float
    ended: float = NEVER


@dataclass
class Vectors:
    """The vectors that were sent of one model version: each of them `[number, 1]`."""

    plan: Plan
    time: Time
    model: str = field(default_factory=lambda: uuid.uuid4().hex)
    sent: dict[str, list[Stored]] = field(default_factory=lambda: {p: [] for p in PRODUCTS})
    numbers: int = 0

    def now(self) -> float:
        """Return this moment, which is later than the one before."""
        self.time.advance(INSTANT)
        return self.time.now

    def product(self, name: str) -> str:
        """Return the product's identifier, which no other run has."""
        return f"{name}-{self.model}"

    def store(self, actor: str, store: Store) -> None:
        """Send a product's next vector."""
        name = self.plan.draw.choice(PRODUCTS)
        self.numbers += 1
        number = self.numbers
        self.plan.note(actor, f"stores {number} of {name}")
        sent = Stored(number, self.now())
        self.sent[name].append(sent)
        EmbeddingRepository(store).store_embedding(
            NewEmbedding(
                product_id=self.product(name),
                model_version=self.model,
                embedding_vector=[float(number), 1.0],
            )
        )
        sent.ended = self.now()

    def check(self, name: str, number: int | None, began: float) -> None:
        """Compare what a read has found, which began at a moment, with what was sent."""
        sent = self.sent[name]
        kept = [each for each in sent if not _replaced(each, sent, began)]
        possible: list[int | None] = [each.number for each in kept]
        if all(each.ended >= began for each in sent):
            possible.append(None)
        assert number in possible, f"{name} has {number}, not one of {possible}"


def _replaced(stored: Stored, sent: Sequence[Stored], began: float) -> bool:
    return any(stored.ended < later.began and later.ended < began for later in sent)
