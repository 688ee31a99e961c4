"""An environment in, its stacks out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import aws_cdk as cdk

from keyline.model import System
from keyline_cdk.bundling import Bundle
from keyline_cdk.environment import Environment
from keyline_cdk.validation import add_checks
from stacks.account_stack import AccountStack
from stacks.chat_service_stack import ChatServiceStack
from stacks.data_stack import DataStack
from stacks.service_stack import ServiceStack

SERVICES: Mapping[str, type[ServiceStack]] = {"chat": ChatServiceStack}
"""The systems whose service has more to it than their declaration says."""

Bundler = Callable[[str], Bundle]
"""Puts a system's code together, by the system's name."""


def build(
    app: cdk.App, environment: Environment, systems: Iterable[System], bundler: Bundler
) -> None:
    """Add an environment's stacks and checks to an app.

    Parameters
    ----------
    bundler
        Tests of templates give one that bundles nothing.
    """
    account = AccountStack(app, environment=environment)
    for system in systems:
        data = DataStack(app, system=system, environment=environment)
        data.add_stack_dependency(account, "Alarms notify the topic by name.")
        service = SERVICES.get(system.name, ServiceStack)
        service(
            app,
            system=system,
            environment=environment,
            data=data,
            bundle=bundler(system.name),
        )
    add_checks(app, environment)
