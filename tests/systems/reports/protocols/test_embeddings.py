"""Processes that store the vectors of the same products: the last acknowledged one is there."""

from __future__ import annotations

import pytest

from keyline.run import Store, ThrottledError, UnavailableError, UniqueClock
from reports.embeddings import EmbeddingRepository, ProductEmbedding
from tests.support.faults import Fault
from tests.support.protocols.clocks import Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import Plan
from tests.systems.reports.on_engine import Reports
from tests.systems.reports.protocols.vectors import PRODUCTS, Vectors

pytestmark = [pytest.mark.usefixtures("no_sleep"), pytest.mark.soak]

PROCESSES = ("a", "b", "c")


class Catalogue:
    """Three processes store and read the vectors of some products.

    Parameters
    ----------
    late
        Whether tries may arrive late.
    """

    def __init__(self, plan: Plan, reports: Reports, *, late: bool = False) -> None:
        self.plan = plan
        self.never = () if late else (Fault.LATE,)
        self.network = Network(reports.endpoint, plan)
        self.network.meanwhile = self._act_of_another
        self.close = self.network.close
        self.stores = {
            name: reports.store_behind(self.network.client(name), UniqueClock())
            for name in PROCESSES
        }
        self.direct = reports.store_behind(reports.client, UniqueClock())
        self.vectors = Vectors(plan, Time())

    def step(self) -> None:
        """Let a process store a vector, or read one."""
        self._act(self.plan.draw.choice(PROCESSES))

    def finish(self) -> None:
        """Compare all that is stored with what was sent."""
        self.network.heal()
        for name in PRODUCTS:
            self._read(self.direct, name)

    def _act_of_another(self, actor: str) -> None:
        self._act(self.plan.draw.choice([name for name in PROCESSES if name != actor]))

    def _act(self, actor: str) -> None:
        store, reads = self.stores[actor], self.plan.draw.random() < 0.4
        try:
            with self.plan.without(*self.never):
                if reads:
                    self._read(store, self.plan.draw.choice(PRODUCTS))
                else:
                    self.vectors.store(actor, store)
        except (ThrottledError, UnavailableError) as error:
            self.plan.note(actor, f"  {type(error).__name__}")
        except Crash:
            pass  # a repository has no memory

    def _read(self, store: Store, name: str) -> None:
        began = self.vectors.now()
        found = EmbeddingRepository(store).get_embedding(self.vectors.product(name))
        number = None if found is None else round(found.embedding_vector[0])
        self.vectors.check(name, number, began)


def test_the_last_acknowledged_vector_is_there(reports: Reports) -> None:
    drive(lambda plan: Catalogue(plan, reports), runs=5)


def test_the_driver_finds_a_vector_that_is_not_read_as_of_the_last_write(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, ProductEmbedding | None] = {}
    get = EmbeddingRepository.get_embedding

    def first_found(repository: EmbeddingRepository, product_id: str) -> ProductEmbedding | None:
        found[product_id] = found.get(product_id) or get(repository, product_id)
        return found[product_id]

    monkeypatch.setattr(EmbeddingRepository, "get_embedding", first_found)
    assert_found(lambda plan: Catalogue(plan, reports))


def test_a_late_try_of_a_vector_undoes_nothing(reports: Reports) -> None:
    drive(lambda plan: Catalogue(plan, reports, late=True), runs=6, kinds=(Fault.LATE,))
