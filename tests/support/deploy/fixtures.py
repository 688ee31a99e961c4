"""The environment dev, synthesized once and deployed once in a worker.

Tests that use it are of the group `deploy`, so that one worker runs them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from keyline_local import Issuer
    from tests.support.deploy.assembly import Deployable
    from tests.support.deploy.deployment import Deployment
    from tests.support.deploy.emulator import Emulator


@pytest.fixture(scope="session")
def emulator(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator of AWS."""
    from tests.support.deploy.emulator import running_emulator

    with running_emulator(root, tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def deployed_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """The issuer of the tokens that deployed APIs take."""
    from tests.support.deploy.issuing import running_issuer

    with running_issuer(tmp_path_factory.mktemp("issuer")) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def dev_assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly as it is."""
    from keyline_ops.synth import up_to_date
    from tests.support.deploy.deployment import ENVIRONMENT

    return up_to_date(ENVIRONMENT, tmp_path_factory.mktemp("synthesized") / "assembly")


@pytest.fixture(scope="session")
def deployable_dev(
    dev_assembly: Path, deployed_issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Deployable:
    """The cloud assembly as the emulator takes it."""
    from tests.support.deploy.assembly import deployable

    folder = tmp_path_factory.mktemp("deployable") / "assembly"
    return deployable(dev_assembly, folder, issuer=deployed_issuer.url)


@pytest.fixture(scope="session")
def deployment(
    root: Path, emulator: Emulator, deployed_issuer: Issuer, deployable_dev: Deployable
) -> Iterator[Deployment]:
    """The environment, deployed to an account that was bootstrapped for it."""
    from tests.support.deploy.cdk import Cdk
    from tests.support.deploy.deployment import Deployment
    from tests.support.deploy.emulator import ACCOUNT

    cdk = Cdk(emulator, ACCOUNT, root)
    cdk.bootstrap()
    cdk.deploy(deployable_dev)
    deployment = Deployment(emulator, deployed_issuer, cdk, deployable_dev)
    yield deployment
    deployment.close()
