"""The reports system's demonstration: reports and a catalogue in, pages and neighbours out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import NotThereError, Session, UnexpectedAnswerError
from keyline_ops.demo.sgd import DIALOGUES, VECTORS
from keyline_ops.demo.work import WORKERS, side_by_side
from reports.settings import Settings
from reports.system import SYSTEM
from systems.reports.samples import sgd
from systems.reports.samples.catalogue import Catalogue, Product, WrittenReport, catalogue

PAGE = 20
NEIGHBOURS = 10
_CATALOGUE = {mark.claim: [mark.member] for mark in Settings().catalogue[:1]}
"""The claims of who stores vectors, and may have all of them read again."""
_TOLERANCE = 1e-4
"""How far two scores may be apart: vectors are stored as 32-bit numbers."""


class ReportsJourney:
    """Writes reports as their users, vectors as the catalogue, and reads both."""

    system = SYSTEM
    data_files = (DIALOGUES, VECTORS)

    def __init__(self) -> None:
        self._catalogue = Catalogue("", (), ())
        self._by_user: Mapping[str, list[WrittenReport]] = {}
        self.loaded_before = False

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Read the dialogues and their vectors, or make a sample.

        Raises
        ------
        KeylineError
            If a line cannot be read.
        """
        self._catalogue = sgd.catalogue(data) if data else catalogue()
        found = self._catalogue
        by_user: dict[str, list[WrittenReport]] = defaultdict(list)
        for report in found.reports:
            by_user[report.user].append(report)
        self._by_user = by_user
        name = DIALOGUES if data else "the sample"
        what = f"{len(found.reports):,} reports and {len(found.products):,} vectors of {name}"
        return what, found.size

    async def load(self, session: Session, advance: Advance) -> None:
        """Send each user's reports in order and the catalogue's vectors, several side by side.

        What an earlier run sent is not sent again, be it all or what it came to.
        """
        first = [await self._has_vector(session, p) for p in self._catalogue.products[:WORKERS]]
        self.loaded_before = any(first) or bool(await self._stored(session, self._busiest))

        async def write(user: str) -> None:
            stored = await self._stored(session, user) if self.loaded_before else []
            for number, report in enumerate(self._by_user[user]):
                if number >= len(stored):
                    await self._post(session, report)
                advance()

        async def store(product: Product) -> None:
            if not (self.loaded_before and await self._has_vector(session, product)):
                await self._put_vector(session, product.id, product.vector)
            advance()

        await side_by_side(self._by_user, write)
        await side_by_side(self._catalogue.products, store)

    async def exercise(self, session: Session) -> Sequence[str]:
        """Page, change, delete; compare with what was sent where the data is new."""
        lines = ["The data of an earlier run is there; --fresh starts with an empty state."]
        if not self.loaded_before:
            lines = [await self._check_reports(session)]
        await self._change_profile(session)
        await self._change_reports(session)
        await self._replace_vector(session)
        return [*lines, await self._check_neighbours(session)]

    @property
    def _busiest(self) -> str:
        return max(self._by_user, key=lambda user: len(self._by_user[user]))

    async def _post(self, session: Session, report: WrittenReport) -> Any:
        body = {"title": report.title, "reference": report.reference}
        return await _as(session, report.user, "POST", "/reports", json=body)

    async def _stored(self, session: Session, user: str) -> list[Any]:
        """Return a user's reports, newest first, page by page."""
        return await session.all_pages(
            "/reports", "reports", params={"limit": PAGE}, scopes=SYSTEM.scopes, subject=user
        )

    async def _put_vector(
        self, session: Session, product: str, vector: Sequence[float], **more: str
    ) -> None:
        body = {"model_version": self._catalogue.model, "embedding_vector": [*vector]} | more
        await _as(session, "catalogue", "PUT", _vector_of(product), json=body, claims=_CATALOGUE)

    async def _has_vector(self, session: Session, product: Product) -> bool:
        try:
            await _as(session, "catalogue", "GET", _vector_of(product.id))
        except NotThereError:
            return False
        return True

    async def _check_reports(self, session: Session) -> str:
        """Check that every user's reports come back in pages: each once, newest first."""
        for user, reports in self._by_user.items():
            stored = await self._stored(session, user)
            got = [(report["title"], report["reference"]) for report in reversed(stored)]
            if got != [(report.title, report.reference) for report in reports]:
                raise UnexpectedAnswerError(user, "has other reports than were sent.")
        most = len(self._by_user[self._busiest])
        return (
            f"Reports of {len(self._by_user)} users (up to {most}) read back in pages of {PAGE}: "
            "each once, in order, none of another's."
        )

    async def _change_profile(self, session: Session) -> None:
        profile = await _as(session, self._busiest, "GET", "/profile")
        change = {"version": profile["version"], "preferences": {"theme": "dark"}}
        await _as(session, self._busiest, "PATCH", "/profile", json=change)

    async def _change_reports(self, session: Session) -> None:
        """Let two editors change one version: the second is refused. A stranger finds nothing.

        The first editor's request may be sent again, and so may the one that creates a report.
        """
        user = self._busiest
        report = await self._post(session, WrittenReport(user, "A draft", "draft"))
        path = f"/reports/{report['id']}"
        await _as(session, user, "GET", path)
        change = {"version": report["version"], "title": "A better title"}
        for _ in range(2):
            await _as(session, user, "PATCH", path, json=change)
        second = {**change, "title": "Another title"}
        await _as(session, user, "PATCH", path, json=second, refused=HTTPStatus.CONFLICT)
        await _as(session, "stranger", "PATCH", path, json=change, refused=HTTPStatus.NOT_FOUND)
        product = quote(self._catalogue.products[0].id, safe="")
        await _as(session, user, "PUT", f"{path}/favorites/{product}")
        await _as(session, user, "DELETE", f"{path}/favorites/{product}")
        await _as(session, user, "DELETE", path, params={"version": report["version"] + 1})
        other = await self._post(session, WrittenReport(user, "Another draft", "draft"))
        await _as(session, user, "DELETE", f"/reports/{other['id']}")

    async def _replace_vector(self, session: Session) -> None:
        """Move a vector to another model version and back, each time by the version it replaces."""
        known, model = self._catalogue.products[0], self._catalogue.model
        again = {"model_version": "trial", "replaces": model}
        await self._put_vector(session, known.id, known.vector, **again)
        await self._put_vector(session, known.id, known.vector, replaces="trial")
        params = {"model_version": model, "limit": PAGE}
        await _as(session, "reader", "GET", "/embeddings", params=params)

    async def _check_neighbours(self, session: Session) -> str:
        """Check that similar products equal a comparison with every vector that was sent."""
        products = self._catalogue.products
        matrix = np.array([product.vector for product in products], dtype=np.float32)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        for number in (0, len(products) // 2):
            path = f"/products/{quote(products[number].id, safe='')}/similar"
            fresh = number == 0
            params = {"k": NEIGHBOURS, "fresh": "true" if fresh else "false"}
            claims = _CATALOGUE if fresh else None
            answer = await _as(session, "reader", "GET", path, claims=claims, params=params)
            scores = np.delete(matrix @ matrix[number], number)
            best = np.sort(scores)[::-1][:NEIGHBOURS]
            told = [found["score"] for found in answer["similar"]]
            if len(told) != len(best) or float(np.abs(best - told).max()) > _TOLERANCE:
                raise UnexpectedAnswerError(path, f"tells {told}, a comparison with all {[*best]}.")
        return f"The {NEIGHBOURS} nearest of {len(products):,} vectors equal a full comparison."


def _vector_of(product: str) -> str:
    return f"/products/{quote(product, safe='')}/embedding"


async def _as(
    session: Session,
    user: str,
    method: str,
    path: str,
    claims: Mapping[str, Any] | None = None,
    **request: Any,
) -> Any:
    return await session.call(method, path, scopes=(), subject=user, claims=claims, **request)


JOURNEY = ReportsJourney
