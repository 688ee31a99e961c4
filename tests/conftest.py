"""Settings of all tests: no network credentials, no environment of the caller's, short pauses.

The requirements report is a plugin of its own (tests/support/requirements_report.py), named
in pyproject.toml.
"""

from __future__ import annotations

import gc
import inspect
import os
import sys
from functools import cache
from pathlib import Path

import httpx
import pytest
from botocore import hooks
from botocore.loaders import JSONFileLoader
from botocore.retries.standard import ExponentialBackoff
from httpx._transports import default as httpx_transport
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# numpy reads it at its import. Threads that compute small products wait for each other, and on a
# machine where other tests run they wait longer than they compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A test never reaches AWS: whatever asks for credentials gets these, and no profile is read.
_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",  # a stand-in
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# How long the long tests run, how much they try, and who sends a first attempt: the caller says it.
_KEPT = (
    "KEYLINE_SOAK_SECONDS",
    "KEYLINE_SOAK_SEED",
    "KEYLINE_FAULT_RESULTS",
    "KEYLINE_FUZZ_EXAMPLES",
    "KEYLINE_FUZZ_SEED",
    "KEYLINE_LOCAL_OVERRIDE",
    "KEYLINE_TRANSPORT",
)


def isolate() -> None:
    """Set the environment; on import, since a folder's conftest may import the CDK right after."""
    tools = Path(sys.prefix) / "bin"  # node and cdk, also where the environment is not activated
    os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    # The ports are those of the environment's file, whatever the developer's own are.
    os.environ.pop("KEYLINE_PORT_OFFSET", None)
    os.environ["KEYLINE_LOCAL_OVERRIDE"] = os.devnull
    if "KEYLINE_DYNAMODB_ENDPOINT" in os.environ:
        return  # the engine tests go where the caller says, with the caller's credentials
    for name in [name for name in os.environ if name.startswith(("AWS_", "KEYLINE_"))]:
        if name not in _KEPT:
            del os.environ[name]
    os.environ.update(_AWS)
    # The CDK's own check of templates takes 3 s of each synthesis. `make synth-all` runs it for
    # every environment. Here our rules and cdk-nag run, and the test of the CDK's switches it on.
    os.environ["CDK_VALIDATION"] = "false"


isolate()

pytest_plugins = ["tests.support.fixtures", "tests.support.deploy.fixtures"]

# Clients are made by the hundred, each with a session of its own, and a session reads again what
# services look like: a tenth of a second of parsing each.
_read = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: _read(path)

# A session registers 120 handlers. For each of them botocore asks `inspect` whether it takes
# keywords, and goes through the names that events once had: half of what a client costs.
_alias = hooks.EventAliaser(None)._alias_event_name  # it remembers
hooks.EventAliaser._alias_event_name = lambda _, name: _alias(name)
_inspected = hooks.accepts_kwargs
hooks.accepts_kwargs = lambda handler: (
    bool(handler.__code__.co_flags & inspect.CO_VARKEYWORDS)
    if hasattr(handler, "__code__")
    else _inspected(handler)
)

# A client of httpx reads the certificates of all authorities, also where it asks this machine.
vars(httpx_transport)["create_ssl_context"] = cache(httpx.create_ssl_context)

# What was throttled is sent again after seconds; here it is after as long as what has failed.
_backoff = ExponentialBackoff._DEFAULT_BACKOFF_CONFIG
_backoff["throttling_base_scale"] = _backoff["non_throttling_base_scale"]

# An example that takes long says something of the machine, not of what is tested.
settings.register_profile("keyline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keyline")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups next
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long; where snapshots are written, leave out what has none.

    A long test that comes last has one worker busy and the others idle. One worker synthesizes
    (group `cdk`): a second one would make again what the tests of a module share.
    """
    for item in items:
        if "snapshot" in item.path.parent.parts:
            item.add_marker(pytest.mark.xdist_group("cdk"))
    if config.getoption("update_snapshots", default=False):
        without = [item for item in items if "snapshot" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in set(without)]
    items.sort(key=lambda item: not _takes_long_alone(item))


def _takes_long_alone(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("soak")) and not item.get_closest_marker("xdist_group")


def pytest_collection_finish() -> None:
    """Keep what was imported and collected from being looked at for garbage, again and again.

    Synthesized templates, models of services and the CDK stay to the end too. So garbage is
    looked for when there is more of it.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 100)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT
