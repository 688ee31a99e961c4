"""The CDK app: `cdk synth -c env=dev`. No AWS call, no credentials, no Docker."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import aws_cdk as cdk

from keyline.errors import KeylineError, raise_first
from keyline.model import Function, System
from keyline_deploy.bundling import SERVICES, Bundle, Target, bundle
from keyline_deploy.environment import (
    Environment,
    EnvironmentFileError,
    archive_faults,
    load,
    names,
    table_name_faults,
    unknown_systems,
    unknown_tables,
    with_user_pool,
)
from keyline_deploy.systems import systems
from stacks.application import build, build_pipeline
from stacks.service_stack import Bundler

_POOL = "user_pool_id"
_PART = "part"
_PIPELINE = "pipeline"
_NO_BYTE_CODE = (
    "bundles have no byte code, so functions start slower: the npm package pyodide, which "
    "compiles for Lambda, is not installed. Run `make setup` where an npm registry can be reached."
)


def chosen(app: cdk.App) -> Environment:
    """Read the environment that the context names, with the user pools that it names.

    `-c env=dev -c user_pool_id=us-east-1_AbCdEfGhI`: the pool is for every system whose callers
    are users of a pool. `-c <system>:user_pool_id=` is for one system, and goes before it. Both
    go before the environment's file.

    Raises
    ------
    EnvironmentFileError
        If it names none, an unknown one, or one that is not right.
    """
    name = app.node.try_get_context("env")
    if not name:
        raise EnvironmentFileError(
            "-c env=", "no environment is named.", f"Name one of: {', '.join(names())}."
        )
    environment = load(str(name))
    if app.node.try_get_context(_POOL) and not any(system.user_pool for system in systems()):
        raise EnvironmentFileError(
            f"-c {_POOL}=",
            "no system takes a user pool.",
            "Leave it out, or declare user_pool=True in the system whose callers are its users.",
        )
    for system, key in pools_of(systems()):
        pool = app.node.try_get_context(key)
        if pool is not None:
            environment = with_user_pool(environment, system, str(pool), f"-c {key}=")
    return environment


def is_pipeline(app: cdk.App) -> bool:
    """Return whether the context asks for the stack of the workflows alone: `-c part=pipeline`.

    Raises
    ------
    EnvironmentFileError
        If it asks for another part.
    """
    part = app.node.try_get_context(_PART)
    if part not in (None, _PIPELINE):
        raise EnvironmentFileError(
            f"-c {_PART}={part}", "there is no such part.", f"Write {_PIPELINE}, or leave it out."
        )
    return bool(part == _PIPELINE)


def pools_of(systems: Sequence[System]) -> Iterator[tuple[System, str]]:
    """Pair each system with the context keys that name its pool; a later key goes before."""
    for system in systems:
        if system.user_pool:
            yield system, _POOL
        yield system, f"{system.name}:{_POOL}"


def bundler(
    target: Target, out: Path | None = None, *, spans: bool = False, dax: bool = False
) -> Bundler:
    """Return what puts a function's code together; functions that ask for the same share it.

    With `spans`, bundles carry what records spans. With `dax`, those of functions with accelerated
    reads carry the client of DAX. What a bundle leaves out of our own packages,
    other than caches, is said on standard error, and so is that there is no byte code for Lambda.
    """
    once = cache(bundle)
    said: set[str] = set()

    def put_together(system: System, function: Function) -> Bundle:
        made = once(
            system.name,
            target=target,
            requirements=function.requirements,
            services=(*SERVICES, *function.services),
            spans=spans,
            dax=dax and bool(function.accelerated),
            out=out,
        )
        unsaid = [name for name in made.left_out if name not in said]
        if unsaid:
            print(f"bundle of {system.name}: left out {', '.join(unsaid)}", file=sys.stderr)
            said.update(unsaid)
        if not made.has_byte_code and _NO_BYTE_CODE not in said:
            print(_NO_BYTE_CODE, file=sys.stderr)
            said.add(_NO_BYTE_CODE)
        return made

    return put_together


def main() -> None:
    """Synthesize the environment named by the context."""
    app = cdk.App()
    try:
        environment = chosen(app)
        if is_pipeline(app):
            build_pipeline(app, environment)
            app.synth()
            return
        raise_first(unknown_systems(environment, [system.name for system in systems()]))
        raise_first(table_name_faults(environment, systems()))
        raise_first(archive_faults(environment, systems()))
        tables = [table.name for system in systems() for table in system.tables]
        raise_first(unknown_tables(environment, tables))
        target = Target.HOST if environment.is_local else Target.LAMBDA
        spans = environment.functions.spans
        dax = environment.cache is not None and environment.cache.dax is not None
        build(app, environment, systems(), bundler(target, spans=spans, dax=dax))
    except KeylineError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
