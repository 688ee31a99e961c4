"""The promise of interactions to a request with a key, while its calls fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.support.fault_rates import assert_kept
from tests.support.faults import fault_proxy
from tests.support.systems import Answer
from tests.systems.interactions.engine.test_repeated import CHECK, body, headers, opened
from tests.systems.interactions.on_engine import Api, MakeMediphant, Mediphant

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("no_sleep", "no_wait")]


@dataclass
class Checks:
    """Checks of one session, each of a medicine of its own."""

    mediphant: Mediphant
    api: Api
    session: str
    system = "interactions"

    def send(self, name: str) -> Answer:
        return self.api(
            CHECK, body={**body(self.session), "medB": name}, headers=headers(f'"{name}"')
        )

    def kept(self) -> Counter[str]:
        rows = self.mediphant.rows("QUERY")
        return Counter(row["Data"]["M"]["medB"]["S"] for row in rows)


def test_no_check_is_lost_or_doubled(make_mediphant: MakeMediphant) -> None:
    mediphant = make_mediphant(rate_limit=100_000)
    with fault_proxy(mediphant.endpoint) as proxy:
        behind = Mediphant(
            proxy.url, mediphant.environment, mediphant.settings, mediphant.monkeypatch
        )
        session = opened(mediphant.app("interactions"))
        assert_kept(Checks(mediphant, behind.app("interactions"), session), proxy)
