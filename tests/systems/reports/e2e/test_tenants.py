"""Two users at each other's reports: nothing leaks, and no acknowledged change is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.platform import Running
from tests.support.soak import SECONDS
from tests.systems.reports.e2e.api import Api
from tests.systems.reports.e2e.tenant import Tenant

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("reports")]

CLIENTS = 3
"""Clients of each user at once, who change the same few reports."""


@pytest.mark.requirement("K-06", "K-27", "K-31", "K-44")
def test_two_users_at_each_other_s_reports_lose_and_learn_nothing(
    api: Api, running: Running
) -> None:
    # Given two users, each with a profile and two reports
    ada, eve = tenants = Tenant(api), Tenant(api)
    ada.other, eve.other = eve, ada
    for tenant in tenants:
        tenant.begin(reports=2)
        tenant.walk(random.Random(0))

    # When clients of both read, write and attack, each everything at least once
    def go_on(tenant: Tenant, seed: int) -> None:
        chance = random.Random(seed)
        for step in tenant.steps():
            step(chance)
        while time.monotonic() < until:
            chance.choice(tenant.steps())(chance)

    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(2 * CLIENTS) as pool:
        clients = [
            pool.submit(go_on, tenant, seed) for seed in range(CLIENTS) for tenant in tenants
        ]
        for client in clients:
            client.result()

    # Then every answer was the asker's alone (each was looked at), and the books balance
    for tenant in tenants:
        tenant.settle(running)
        done = Counter(tenant.done)
        assert done["change", 200] >= 2
        assert done["steal", 400] >= CLIENTS
        print(dict(sorted(done.items())))  # pytest shows it with -rP
