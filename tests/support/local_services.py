"""S3, the Parameter Store and others as a handler reaches them: from its own bundle, locally."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import bundler
from keyline_deploy.bundling import Target
from keyline_deploy.systems import declaration
from keyline_local import Deployment, Ports
from keyline_local.testing import Aws, api_names, endpoints, read_assembly, resolve_deployment

PROGRAM = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from botocore.config import Config
from botocore.session import Session
def create(service):
    return Session().create_client(service, config=Config(connect_timeout=5, read_timeout=5))
"""


@dataclass(frozen=True)
class LocalServices:
    """The local environment's buckets, parameters and queues on a server of their own.

    Attributes
    ----------
    endpoint
        Where the server answers.
    """

    deployment: Deployment
    endpoint: str

    def ask(self, system: str, function: str, program: str) -> Any:
        """Run a program on a function's bundle, with its environment and nothing of this one."""
        made = bundler(Target.HOST)(declaration(system), declaration(system).function(function))
        name = f"{system}-{function}-local"
        (found,) = (f for f in self.deployment.functions if f.name == name)
        kept = {k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"}
        credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        done = subprocess.run(
            [sys.executable, "-S", "-P", "-c", PROGRAM + program, str(made.path)],
            env={
                **kept,
                **found.environment,
                **credentials,
                "AWS_REGION": self.deployment.region,
                "AWS_DEFAULT_REGION": self.deployment.region,
                "AWS_ENDPOINT_URL": self.endpoint,
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def deployment_of(assembly: Path, folder: Path) -> Deployment:
    """Read the local environment for a platform on free ports."""
    ports = Ports().chosen()
    read = read_assembly(assembly)
    addresses = endpoints(ports, apis=ports.for_apis(api_names(read)))
    return resolve_deployment(read, addresses, root=folder)


@contextmanager
def running_services(assembly: Path, folder: Path) -> Iterator[LocalServices]:
    """Serve the AWS APIs of the local environment, with its resources in them."""
    deployment = deployment_of(assembly, folder)

    async def started() -> Aws:
        server = Aws(
            folder / "aws.log",
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
            yield LocalServices(deployment, server.endpoint)
        finally:
            runner.run(server.stop())
