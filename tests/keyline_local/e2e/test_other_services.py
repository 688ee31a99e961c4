"""S3 and the Parameter Store as a handler reaches them: from its own bundle, on one machine."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import bundler
from keyline_deploy.bundling import Target
from keyline_deploy.systems import systems
from keyline_local.cloudformation.assembly import read_assembly
from keyline_local.cloudformation.deployment import resolve_deployment
from keyline_local.cloudformation.http_apis import api_names
from keyline_local.host.ports import Ports, endpoints
from keyline_local.resources import Deployment
from keyline_local.services.aws import Aws

pytestmark = pytest.mark.xdist_group("services")

BUCKET = """
from botocore.exceptions import ClientError
s3 = create("s3")
bucket = os.environ["SIMILARITY_BUCKET"]
try:
    s3.get_object(Bucket=bucket, Key="matrices/m1")
except ClientError as error:
    missing = error.response["Error"]["Code"]
first = s3.put_object(Bucket=bucket, Key="matrices/m1", Body=b"one")["VersionId"]
second = s3.put_object(Bucket=bucket, Key="matrices/m1", Body=b"two")["VersionId"]
found = s3.get_object(Bucket=bucket, Key="matrices/m1")["Body"].read().decode()
before = s3.get_object(Bucket=bucket, Key="matrices/m1", VersionId=first)["Body"].read().decode()
print(json.dumps([missing, found, before, first != second]))
"""
PHASE = """
name = os.environ["KEYLINE_PHASE_PARAMETER"]
print(json.dumps(create("ssm").get_parameter(Name=name)["Parameter"]["Value"]))
"""
PROGRAM = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from botocore.config import Config
from botocore.session import Session
def create(service):
    return Session().create_client(service, config=Config(connect_timeout=5, read_timeout=5))
"""


@pytest.fixture(scope="module")
def deployment(local_assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The local environment; with `aws` its buckets and parameters are there."""
    folder = tmp_path_factory.mktemp("services")
    ports = Ports().chosen()
    assembly = read_assembly(local_assembly)
    addresses = endpoints(ports, apis=ports.for_apis(api_names(assembly)))
    return resolve_deployment(assembly, addresses, root=folder)


@pytest.fixture(scope="module")
def aws(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def started() -> Aws:
        server = Aws(
            tmp_path_factory.mktemp("aws") / "aws.log",
            port=Ports().chosen().aws,
            account=deployment.account,
            region=deployment.region,
        )
        await server.start()
        await server.fill(deployment)
        return server

    with asyncio.Runner() as runner:
        server = runner.run(started())
        try:
            yield server.endpoint
        finally:
            runner.run(server.stop())


def ask(deployment: Deployment, aws: str, system: str, function: str, program: str) -> Any:
    """Run a program on a function's bundle, with its environment and nothing of this one."""
    (declared,) = (s for s in systems() if s.name == system)
    made = bundler(Target.HOST)(declared, declared.function(function))
    (found,) = (f for f in deployment.functions if f.name == f"{system}-{function}-local")
    kept = {k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"}
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", PROGRAM + program, str(made.path)],
        env={
            **kept,
            **found.environment,
            **credentials,
            "AWS_REGION": deployment.region,
            "AWS_DEFAULT_REGION": deployment.region,
            "AWS_ENDPOINT_URL": aws,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.requirement("K-37")
def test_the_similarity_function_keeps_objects_in_its_versioned_bucket(
    deployment: Deployment, aws: str
) -> None:
    answer = ask(deployment, aws, "reports", "similarity", BUCKET)
    assert answer == ["NoSuchKey", "two", "one", True]


def test_the_interactions_function_reads_its_phase(deployment: Deployment, aws: str) -> None:
    assert ask(deployment, aws, "interactions", "interactions", PHASE) == "3"


def test_all_apis_have_ports_in_the_order_of_the_systems(deployment: Deployment) -> None:
    assert [api.name for api in deployment.apis] == [f"{s.name}-local" for s in systems()]
