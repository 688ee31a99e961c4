"""An environment in, its stacks out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import aws_cdk as cdk

from keyline.model import System, faults_among
from keyline.problem import instead_of, raise_first
from keyline_cdk.environment import Environment, EnvironmentProblem
from keyline_cdk.validation import add_checks
from stacks.account_stack import AccountStack
from stacks.chat_service_stack import ChatServiceStack
from stacks.data_stack import DataStack
from stacks.interactions_service_stack import InteractionsServiceStack
from stacks.reports_data_stack import ReportsDataStack
from stacks.reports_service_stack import ReportsServiceStack
from stacks.service_stack import Bundler, ServiceStack

DATA: Mapping[str, type[DataStack]] = {"reports": ReportsDataStack}
SERVICES: Mapping[str, type[ServiceStack]] = {
    "chat": ChatServiceStack,
    "interactions": InteractionsServiceStack,
    "reports": ReportsServiceStack,
}
"""The systems that have more to them than their declaration says."""


def build(
    app: cdk.App, environment: Environment, systems: Iterable[System], bundler: Bundler
) -> None:
    """Add an environment's stacks and checks to an app.

    Parameters
    ----------
    bundler
        Tests of templates give one that bundles nothing.

    Raises
    ------
    DeclarationError
        If two systems cannot be in one account.
    EnvironmentProblem
        If the environment gives a user pool to a system that there is not.
    """
    systems = tuple(systems)
    raise_first(faults_among(systems))
    _check_user_pools(environment, systems)
    account = AccountStack(app, environment=environment)
    for system in systems:
        data = DATA.get(system.name, DataStack)(app, system=system, environment=environment)
        data.add_stack_dependency(account, "Alarms notify the topic by name.")
        service = SERVICES.get(system.name, ServiceStack)
        service(
            app,
            system=system,
            environment=environment,
            data=data,
            bundler=bundler,
        )
    add_checks(app, environment)


def _check_user_pools(environment: Environment, systems: Iterable[System]) -> None:
    known = [system.name for system in systems]
    for name in environment.user_pools:
        if name not in known:
            raise EnvironmentProblem(
                f"{environment.name}.toml: user_pools.{name}",
                "there is no such system.",
                instead_of(name, known),
            )
