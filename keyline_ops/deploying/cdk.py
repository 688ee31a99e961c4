"""The pinned CDK command line, as a child that does not outlive the command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.project import ROOT
from keyline_local import die_with_parent
from keyline_ops.synth import SynthesisFailedError

_CONTEXT = ("-c", "--context")


class DeploymentFailedError(KeylineError):
    """A deployment that CloudFormation or the CDK ended with an error."""


@dataclass(frozen=True)
class Options:
    """The arguments that a caller wrote for the CDK, by the part of the CDK that reads them.

    Attributes
    ----------
    context
        `key=value` for the synthesis.
    rest
        For the deployment, as they are.
    """

    context: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Options:
        """Tell the options of a synthesis from those of a deployment."""
        context, rest, given = [], [], iter(arguments)
        for argument in given:
            name, joined, value = argument.partition("=")
            if argument in _CONTEXT:
                context.append(next(given, ""))
            elif joined and name in _CONTEXT:
                context.append(value)
            else:
                rest.append(argument)
        return cls(tuple(context), tuple(rest))


class Cdk:
    """Runs the CDK's command line, what it prints on standard error.

    Parameters
    ----------
    options
        Further options of `cdk deploy` and `cdk destroy`.
    """

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)

    def deploy(self, assembly: Path, stacks: Sequence[str], more: Iterable[str] = ()) -> None:
        """Deploy some stacks of an assembly and no others; all of them where none is named.

        Parameters
        ----------
        more
            Further options of this deployment.

        Raises
        ------
        DeploymentFailedError
            If one is not deployed.
        """
        which = ("--exclusively", *stacks) if stacks else ("--all",)
        self._run("deploy", *which, "--app", str(assembly), *more)

    def destroy(self, assembly: Path) -> None:
        """Delete all stacks of an assembly.

        Raises
        ------
        DeploymentFailedError
            If one is not deleted.
        """
        self._run("destroy", "--all", "--force", "--app", str(assembly))

    def bootstrap(self, where: str, policy: str) -> None:
        """Bootstrap an account and region.

        Parameters
        ----------
        where
            `aws://ACCOUNT/REGION`.
        policy
            The ARN of the policy that CloudFormation's role is given.

        Raises
        ------
        DeploymentFailedError
            If the CDK ends with an error.
        """
        policies = ("--cloudformation-execution-policies", policy)
        with tempfile.TemporaryDirectory() as outside:  # where no cdk.json names an app to run
            self._run("bootstrap", where, *policies, cwd=Path(outside))

    def _run(self, *arguments: str, cwd: Path = ROOT) -> None:
        cdk = ROOT / "node_modules" / ".bin" / "cdk"
        if not cdk.exists():
            raise SynthesisFailedError("node_modules/.bin/cdk", "is missing.", "Run `make setup`.")
        done = subprocess.run(
            [str(cdk), *arguments, *self._options],
            cwd=cwd,
            env=_variables(),
            stdout=sys.stderr,
            preexec_fn=die_with_parent(),
            check=False,
        )
        if done.returncode:
            raise DeploymentFailedError(
                f"cdk {arguments[0]}",
                f"ended with exit code {done.returncode}.",
                "Repair what the output above names, and run the command again.",
            )


def _variables() -> dict[str, str]:
    binaries = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
