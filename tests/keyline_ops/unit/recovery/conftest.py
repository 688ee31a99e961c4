"""The sample shop, deployed from its template to moto's DynamoDB, which remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from keyline_deploy.names import stack_id
from keyline_deploy.synthesized import Template
from keyline_ops.deployed import Deployed
from stacks.application import build
from tests.keyline_ops.unit.recovery.shop import ENVIRONMENT, Shop
from tests.support.recovery.deploying import deploy
from tests.support.recovery.remembering import remembering
from tests.support.sample.shop import LARGE
from tests.support.synthesized import once, shared_folder
from tests.support.templates import new_app, no_bundle


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """The templates of the sample: synthesized once for the workers of a run."""

    def synthesized() -> dict[str, dict[str, Any]]:
        folder = tmp_path_factory.mktemp("recovery")
        app = new_app(folder, checks=False)
        build(app, ENVIRONMENT, [LARGE], no_bundle(folder))
        return {stack.id: stack.template for stack in app.synth().stacks}

    file = shared_folder(tmp_path_factory) / "recovery.json"
    return once(file, synthesized, dict[str, dict[str, Any]])


@pytest.fixture
def shop(templates: Mapping[str, Template]) -> Iterator[Shop]:
    """The sample as it is deployed."""
    with mock_aws(), remembering():
        made: dict[str, Any] = {}

        def clients(service: str) -> Any:
            if service not in made:
                made[service] = boto3.client(service, region_name=ENVIRONMENT.region)
            return made[service]

        for stack in ("orders-data-dev", "orders-service-dev"):
            deploy(clients, stack, templates[stack_id(stack)])
        yield Shop(templates, Deployed(ENVIRONMENT), clients)
