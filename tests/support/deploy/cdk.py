"""The pinned CDK command line, as a person would use it, with the emulator for its AWS."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.deploy.assembly import Deployable
from tests.support.deploy.emulator import REGION, Emulator


@dataclass(frozen=True)
class Cdk:
    """The command line with the credentials of an account; what it prints is returned."""

    emulator: Emulator
    account: str
    root: Path

    def bootstrap(self) -> str:
        return self._run("bootstrap", f"aws://{self.account}/{REGION}")

    def deploy(self, assembly: Deployable) -> str:
        return self._run("deploy", "--all", "--require-approval=never", app=assembly)

    def destroy(self, assembly: Deployable) -> str:
        return self._run("destroy", "--all", "--force", app=assembly)

    def _run(self, *arguments: str, app: Deployable | None = None) -> str:
        done = subprocess.run(
            [
                str(self.root / "node_modules" / ".bin" / "cdk"),
                *arguments,
                *(("--app", str(app.path)) if app else ()),
            ],
            cwd=self.emulator.home,
            env={
                **self.emulator.environment(self.account),
                "AWS_ENDPOINT_URL": self.emulator.url,
                "NODE_EXTRA_CA_CERTS": str(self.emulator.certificate),
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                "CI": "true",  # everything to stdout, nothing asked
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"cdk {' '.join(arguments)}:\n{done.stdout}"
        return done.stdout
