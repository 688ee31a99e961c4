"""The fixtures that tests of several folders share.

A fixture imports what it needs inside, so that collecting the tests of one folder does not load
the CDK for those of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

if TYPE_CHECKING:
    from tests.support.local_services import LocalServices
    from tests.support.templates import Stacks, Templates


@pytest.fixture
def template_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """A snapshot in a JSON file of its own."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The stacks of an environment by name: `stacks("dev")["orders-data-dev"].tags`."""
    from tests.support import synthesized

    return partial(synthesized.stacks, base=synthesized.shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def templates(stacks: Stacks) -> Templates:
    """The templates of an environment by stack name: `templates("dev")["orders-data-dev"]`."""
    return lambda name: {stack: found.template for stack, found in stacks(name).items()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return where an app writes its assembly."""
    return tmp_path


@pytest.fixture(scope="session")
def local_assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The local environment's assembly; a test that runs or changes it takes a copy."""
    from tests.support import synthesized

    return synthesized.local_assembly(synthesized.shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def local_services(
    local_assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalServices]:
    """The AWS APIs other than DynamoDB; tests that use them are of the group `services`."""
    from tests.support.local_services import running_services

    with running_services(local_assembly, tmp_path_factory.mktemp("services")) as services:
        yield services


@pytest.fixture(scope="session", autouse=True)
def _one_loader() -> Iterator[None]:
    """A process makes one client; tests make hundreds, and each reads what DynamoDB looks like."""
    from keyline.run import botocore_client

    loader = botocore_client._Loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore_client, "_Loader", lambda: loader)
        yield


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore wait no time before it tries again."""
    from botocore.retries.standard import ExponentialBackoff

    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the run time wait no time before it tries again."""
    monkeypatch.setattr("keyline.run.backoff.wait", lambda _: None)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Yield where an engine listens: one for each test process."""
    from tests.support.engine import running_engine

    with running_engine() as url:
        yield url
