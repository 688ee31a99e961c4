"""The environment dev, synthesized once and deployed once in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keyline_local import Issuer
from keyline_ops.synth import synthesize
from tests.support.deploy.assembly import Deployable, deployable
from tests.support.deploy.cdk import Cdk
from tests.support.deploy.deployment import ENVIRONMENT, Deployment
from tests.support.deploy.emulator import ACCOUNT, Emulator, running_emulator
from tests.support.deploy.issuing import running_issuer


@pytest.fixture(scope="session")
def emulator(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(root, tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with running_issuer(tmp_path_factory.mktemp("issuer")) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly as it is."""
    return synthesize(ENVIRONMENT, tmp_path_factory.mktemp("synthesized") / "assembly")


@pytest.fixture(scope="session")
def assembly(
    synthesized: Path, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Deployable:
    """The cloud assembly as the emulator takes it."""
    folder = tmp_path_factory.mktemp("deployable") / "assembly"
    return deployable(synthesized, folder, issuer=issuer.url)


@pytest.fixture(scope="session")
def deployment(
    root: Path, emulator: Emulator, issuer: Issuer, assembly: Deployable
) -> Iterator[Deployment]:
    """The environment, deployed to an account that was bootstrapped for it."""
    cdk = Cdk(emulator, ACCOUNT, root)
    cdk.bootstrap()
    cdk.deploy(assembly)
    deployment = Deployment(emulator, issuer, cdk, assembly)
    yield deployment
    deployment.close()
