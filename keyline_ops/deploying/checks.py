"""Checks before anything is made: placeholders, issuers, the bootstrap, user pools.

The account is checked where the environment is found (`keyline_ops.deployed`).
"""

from __future__ import annotations

import itertools
import json
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from keyline.errors import Fault, KeylineError
from keyline_deploy.environment import Environment
from keyline_ops.aws import aws_client
from keyline_ops.deployed import translated
from keyline_ops.plan.evaluate import Stack

_AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"
_POOL_CLIENT = "AWS::Cognito::UserPoolClient"
_DISCOVERY = "/.well-known/openid-configuration"
_RESERVED = ("example", "example.com", "example.net", "example.org", "invalid", "test")
"""Domains that belong to nobody (RFC 2606): what stands in the files as they are shipped."""
_SECONDS = 10
_PLACEHOLDER_ACCOUNTS = ("111111111111", "222222222222")
"""What stands in the files as they are shipped."""

Fetch = Callable[[str], Any]


class NotReadyError(KeylineError):
    """A deployment that would fail: nothing of it is made."""


def check_ready(
    environment: Environment,
    running: Sequence[Stack],
    target: Sequence[Stack],
    assembly: Path,
    fetch: Fetch | None = None,
) -> None:
    """Refuse a deployment that would fail, or lock users out.

    Parameters
    ----------
    fetch
        Reads a JSON document from an address.

    Raises
    ------
    NotReadyError
        With the first of the faults.
    """
    found = itertools.chain(
        _placeholders(environment),
        _pools(running, target),
        _issuers(target, fetch or _fetched),
        _bootstrap(environment, assembly),
    )
    for path, message, suggestion in found:
        raise NotReadyError(path, message, suggestion)


# --------------------------------------------------------------------------- placeholders


def _placeholders(environment: Environment) -> Iterator[Fault]:
    file = f"{environment.name}.toml"
    if environment.account in _PLACEHOLDER_ACCOUNTS:
        yield f"{file}: account", "is the placeholder.", "Write the id of your account."
    email = environment.alarms.email
    if email and _is_reserved(email.rpartition("@")[2]):
        yield (
            f"{file}: alarms.email",
            f"{email} is a placeholder: nobody would hear of an alarm.",
            "Write the address of who is on call.",
        )


def _is_reserved(host: str) -> bool:
    return any(host == each or host.endswith(f".{each}") for each in _RESERVED)


# -------------------------------------------------------------------------------- issuers


def _issuers(target: Iterable[Stack], fetch: Fetch) -> Iterator[Fault]:
    found = {
        issuer
        for properties in _of(target, _AUTHORIZER)
        for issuer in [properties.get("JwtConfiguration", {}).get("Issuer")]
        if isinstance(issuer, str)
    }
    for issuer in sorted(found):
        yield from _issuer_faults(issuer, fetch)


def _issuer_faults(issuer: str, fetch: Fetch) -> Iterator[Fault]:
    """Look for what API Gateway looks for when it makes an authorizer."""
    advice = "Correct [auth] issuer or [user_pools] in the environment's file."
    if not issuer.startswith("https://"):
        yield f"issuer {issuer}", "is not an https address.", advice
        return
    if _is_reserved(urlsplit(issuer).hostname or ""):
        yield (
            f"issuer {issuer}",
            "is a placeholder. API Gateway makes no authorizer for it.",
            "Write the `iss` of your tokens into [auth] of the environment's file.",
        )
        return
    address = issuer.rstrip("/") + _DISCOVERY
    try:
        said = fetch(address)
    except (OSError, ValueError) as error:
        yield (
            f"issuer {issuer}",
            f"has no discovery document at {address} ({error}). API Gateway makes no authorizer"
            " without one.",
            advice,
        )
        return
    named = said.get("issuer") if isinstance(said, dict) else None
    if named != issuer:
        yield (
            f"issuer {issuer}",
            f"calls itself {named!r} in its discovery document. Every token would be refused.",
            advice,
        )


def _fetched(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 (https alone)
        return json.load(answer)


# ----------------------------------------------------------------------------- user pools


def _pools(running: Iterable[Stack], target: Sequence[Stack]) -> Iterator[Fault]:
    """Look for a pool whose users are let in now, and would not be after the deployment."""
    wanted = {stack.name: set(_pools_of(stack)) for stack in target}
    for stack in running:
        for pool in sorted(set(_pools_of(stack)) - wanted.get(stack.name, set())):
            yield (
                f"stack {stack.name}",
                f"lets users of the pool {pool} in. This deployment would lock them out.",
                "Name the pool in [user_pools] of the environment's file, so that every deployment"
                " knows it.",
            )


def _pools_of(stack: Stack) -> Iterator[str]:
    return (
        pool
        for properties in _of([stack], _POOL_CLIENT)
        if isinstance(pool := properties.get("UserPoolId"), str)
    )


def check_pools(environment: Environment, context: Sequence[str]) -> None:
    """Refuse a user pool that the caller names and the environment's file does not.

    The next deployment, without the pool, would lock its users out.

    Parameters
    ----------
    context
        `key=value` for the synthesis, as the caller wrote it.

    Raises
    ------
    NotReadyError
        If there is one. In an environment that keeps no data, a file without any pool may be left
        as it is.
    """
    known = environment.user_pools
    for entry in context:
        key, _, pool = entry.partition("=")
        system, _, name = key.rpartition(":")
        if name != "user_pool_id":
            continue
        named = {known[system]} if system in known else set(known.values()) if not system else set()
        if pool in named or (not known and not environment.keeps_data):
            continue
        said = f"names {', '.join(sorted(named))}" if named else "names none"
        raise NotReadyError(
            f"-c {entry}",
            f"is not in {environment.name}.toml, which {said}. The next deployment without it would"
            " lock its users out.",
            f'Write [user_pools] with {system or "the system"} = "{pool}" into the file.',
        )


# ------------------------------------------------------------------------------ bootstrap


def _bootstrap(environment: Environment, assembly: Path) -> Iterator[Fault]:
    """Look for what `cdk bootstrap` leaves in an account and region."""
    wanted = _wanted_bootstrap(assembly)
    for parameter, version in wanted.items():
        found = _parameter(parameter, environment.region)
        where = f"the account and region {environment.region}"
        if found is None:
            yield (
                f"environment {environment.name}",
                f"cannot be deployed: {where} are not bootstrapped ({parameter} is missing).",
                f"Run `make bootstrap ENV={environment.name}` once.",
            )
        elif int(found) < version:
            yield (
                f"environment {environment.name}",
                f"needs version {version} of the bootstrap stack; {where} have {found}.",
                f"Run `make bootstrap ENV={environment.name}` again.",
            )


def _wanted_bootstrap(assembly: Path) -> dict[str, int]:
    """Return the parameters that have the version of the bootstrap, with the least version."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    found: dict[str, int] = {}
    for artifact in manifest["artifacts"].values():
        properties: Mapping[str, Any] = artifact.get("properties") or {}
        name = properties.get("bootstrapStackVersionSsmParameter")
        if name:
            version = int(properties.get("requiresBootstrapStackVersion", 0))
            found[name] = max(found.get(name, 0), version)
    return found


def _parameter(name: str, region: str) -> str | None:
    client = aws_client("ssm", region)
    with translated(f"parameter {name}"):
        try:
            return str(client.get_parameter(Name=name)["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise


def _of(stacks: Iterable[Stack], kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the properties of the resources of a type."""
    for stack in stacks:
        for body in stack.of_types(kind).values():
            properties = body.get("Properties")
            yield properties if isinstance(properties, dict) else {}
