"""An environment in, its stacks out."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from keyline.errors import instead_of, raise_first
from keyline.model import System, faults_among
from keyline_cdk.validation import add_checks, add_nag
from keyline_deploy.environment import Environment, EnvironmentFileError, check_takes_pool
from keyline_deploy.systems import part
from stacks.account_stack import AccountStack
from stacks.cache_stack import CacheStack
from stacks.data_stack import DataStack
from stacks.pipeline_stack import PipelineStack
from stacks.service_stack import Bundler, ServiceStack


def build(
    app: cdk.App, environment: Environment, systems: Iterable[System], bundler: Bundler
) -> None:
    """Add an environment's stacks and checks to an app.

    A system that needs more than its declaration says has `systems/<name>/stacks.py`, which
    names its own stack classes: `DATA`, `SERVICE`, or both.

    Parameters
    ----------
    bundler
        Tests of templates give one that bundles nothing.

    Raises
    ------
    DeclarationError
        If two systems cannot be in one account.
    EnvironmentFileError
        If the environment gives a user pool to a system that there is not, or that takes none.
    """
    systems = tuple(systems)
    raise_first(faults_among(systems))
    _check_user_pools(environment, systems)
    account = AccountStack(app, systems=systems, environment=environment)
    cache = _cache_stack(app, environment, systems)
    if cache:
        cache.add_stack_dependency(account, "The cache is encrypted with the environment's key.")
    for system in systems:
        own = part(system.name, "stacks")
        data_stack: type[DataStack] = getattr(own, "DATA", DataStack)
        service_stack: type[ServiceStack] = getattr(own, "SERVICE", ServiceStack)
        data = data_stack(app, system=system, environment=environment)
        data.add_stack_dependency(account, "Alarms notify the topic by name.")
        service = service_stack(
            app,
            system=system,
            environment=environment,
            data=data,
            bundler=bundler,
        )
        if cache and any(function.caches for function in system.functions):
            service.add_stack_dependency(cache, "Functions are told by name where the cache is.")
    _bound_roles(app, environment)
    add_checks(app, environment, systems)


def _bound_roles(app: cdk.App, environment: Environment) -> None:
    boundary = environment.roles.permissions_boundary
    for each in app.node.find_all() if boundary else ():
        if isinstance(each, iam.CfnRole):
            each.permissions_boundary = boundary


def build_pipeline(app: cdk.App, environment: Environment) -> None:
    """Add the stack of an environment's workflows, and cdk-nag's checks, to an app.

    Our own rules are about tables and the roles of functions.

    Raises
    ------
    EnvironmentFileError
        If the environment's file names no repository.
    """
    PipelineStack(app, environment=environment)
    add_nag(app)


def _cache_stack(
    app: cdk.App, environment: Environment, systems: Iterable[System]
) -> CacheStack | None:
    functions = [f for system in systems for f in system.functions if f.caches]
    if environment.cache is None:
        return None
    accelerated = {
        environment.table_name(system.name, pattern.table)
        for system in systems
        for function in system.functions
        for pattern in function.accelerated
    }
    return CacheStack(
        app,
        environment=environment,
        shared=environment.cache,
        functions=functions,
        accelerated=accelerated,
    )


def _check_user_pools(environment: Environment, systems: Iterable[System]) -> None:
    known = {system.name: system for system in systems}
    for name in environment.user_pools:
        path = f"{environment.name}.toml: user_pools.{name}"
        if name not in known:
            raise EnvironmentFileError(path, "there is no such system.", instead_of(name, known))
        check_takes_pool(known[name], path)
