"""The CDK app: `cdk synth -c env=dev`. No AWS call, no credentials, no Docker."""

from __future__ import annotations

import sys
from functools import partial

import aws_cdk as cdk

from keyline.problem import KeylineError
from keyline_cdk.bundling import Target, bundle
from keyline_cdk.environment import Environment, EnvironmentProblem, load, names
from stacks.application import build
from stacks.systems import SYSTEMS


def chosen(app: cdk.App) -> Environment:
    """Read the environment that the context names.

    Raises
    ------
    EnvironmentProblem
        If it names none, an unknown one, or one that is not right.
    """
    name = app.node.try_get_context("env")
    if not name:
        raise EnvironmentProblem(
            "-c env=", "no environment is named.", f"Name one of: {', '.join(names())}."
        )
    return load(str(name))


def main() -> None:
    """Synthesize the environment named by the context."""
    app = cdk.App()
    try:
        environment = chosen(app)
        target = Target.HOST if environment.is_local else Target.LAMBDA
        build(app, environment, SYSTEMS, partial(bundle, target=target))
    except KeylineError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
