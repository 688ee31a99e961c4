"""Reports of users and products with vectors: what the reports system's demonstration loads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from keyline_ops.demo.draws import draws

USERS = 12
PRODUCTS = 240
DIMENSION = 64
SUBJECTS = ("Sleep", "Coat", "Weight", "Appetite", "Energy", "Joints", "Allergies", "Teeth")
KINDS = ("food", "snack", "supplement", "toy", "bed", "harness")
_NOISE = 0.35


@dataclass(frozen=True)
class WrittenReport:
    """A report, before it is sent."""

    user: str
    title: str
    reference: str


@dataclass(frozen=True)
class Product:
    """A product and its vector."""

    id: str
    vector: tuple[float, ...]


@dataclass(frozen=True)
class Catalogue:
    """The data that is loaded.

    Attributes
    ----------
    model
        The model version that all vectors are of.
    """

    model: str
    reports: tuple[WrittenReport, ...]
    products: tuple[Product, ...]

    @property
    def size(self) -> int:
        """Return how many requests it takes."""
        return len(self.reports) + len(self.products)


def catalogue() -> Catalogue:
    """Return invented reports and products; they are the same at every run."""
    return Catalogue("sample-1", tuple(_reports()), tuple(_products()))


def _reports() -> Iterator[WrittenReport]:
    for user in range(1, USERS + 1):
        name = f"user-{user:02}"
        # The first has three pages of 20, as the busiest user of a small application has.
        for number in range(1, 46 if user == 1 else 2 + draws(name).randrange(12)):
            drawn = draws(name, number)
            title = f"{drawn.choice(SUBJECTS)} after {drawn.randint(1, 12)} weeks"
            yield WrittenReport(name, title, f"{name}/{number:03}")


def _products() -> Iterator[Product]:
    """Yield vectors around one centre for each kind, so that a neighbour is of the same kind."""
    for number in range(PRODUCTS):
        kind = KINDS[number % len(KINDS)]
        centre, own = draws("centre", kind), draws("product", number)
        vector = [centre.gauss(0, 1) + _NOISE * own.gauss(0, 1) for _ in range(DIMENSION)]
        length = math.sqrt(sum(value * value for value in vector))
        yield Product(f"{kind}-{number:03}", tuple(value / length for value in vector))
