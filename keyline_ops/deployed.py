"""An environment's tables as they are: on AWS under the caller's credentials, or on this machine.

The declaration says what a table is called; nothing here lists or guesses names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from keyline.errors import KeylineError, instead_of
from keyline.model import System, Table
from keyline.run import Client, Connection, Sender, Store, dynamodb_client
from keyline_deploy.environment import Environment
from keyline_local import client
from keyline_ops.advice import advice_on
from keyline_ops.aws import aws_client
from keyline_ops.running import ask_local

_LOCAL_CREDENTIALS = ("local", "local")


@dataclass(frozen=True)
class Deployed:
    """The address at which an environment's tables answer.

    Attributes
    ----------
    engine
        The local platform's engine; None for AWS.
    """

    environment: Environment
    engine: str | None = None

    @property
    def is_local(self) -> bool:
        """Return whether it is this machine's."""
        return self.engine is not None

    def name_of(self, owned: Owned) -> str:
        """Return the name of the deployed table that serves."""
        return self.environment.table_name(owned.system.name, owned.table)

    def client(self) -> Any:
        """Return boto3's client of DynamoDB."""
        region = self.environment.region
        if self.engine is not None:
            return client("dynamodb", self.engine, region)
        return aws_client("dynamodb", region)

    def clients(self, service: str) -> Any:
        """Return boto3's client of a service, of which the local engine has DynamoDB alone."""
        if service == "dynamodb":
            return self.client()
        return aws_client(service, self.environment.region)

    def store(
        self,
        system: System,
        connections: int,
        *,
        connection: Sender | None = None,
        cursor_secret: bytes | None = None,
    ) -> Store:
        """Return the store of a system, with the environment's settings.

        Parameters
        ----------
        connections
            How many calls may be under way at once.
        connection, cursor_secret
            As of a `Store`.
        """
        return Store(
            system=system,
            environment=self.environment.name,
            settings=self.environment.settings(system.name, system.settings),
            client=None if connection else self._client(connections),
            connection=connection,
            cursor_secret=cursor_secret,
            tables=self.environment.restored_tables(system),
        )

    def connection(self, connections: int) -> Connection:
        """Return what sends requests that no pattern makes.

        Parameters
        ----------
        connections
            How many calls may be under way at once.
        """
        return Connection(self._client(connections))

    def _client(self, connections: int) -> Client:
        return dynamodb_client(
            endpoint_url=self.engine,
            region=self.environment.region,
            read_timeout=20,
            pool=connections,
            credentials=_LOCAL_CREDENTIALS if self.engine is not None else None,
            proxied=self.engine is None,
        )


def deployed(environment: Environment, state: Path | None) -> Deployed:
    """Find an environment's tables.

    Parameters
    ----------
    state
        The local platform's state folder; None where nobody named one.

    Raises
    ------
    KeylineError
        If the local platform is not running, or the credentials are another account's.
    """
    if environment.is_local:
        status = ask_local(environment, state, "GET", "/status")
        return Deployed(environment, engine=str(status["engine"]))
    if environment.account is not None:
        _check_account(environment)
    return Deployed(environment)


class CallerIdentity(NamedTuple):
    """The account that the caller's credentials are for, and its partition, such as `aws`."""

    account: str
    partition: str


def caller_identity(environment: Environment) -> CallerIdentity:
    """Ask AWS whose credentials the caller has.

    Raises
    ------
    KeylineError
        If there are no credentials, or AWS refuses them.
    """
    with translated(f"environment {environment.name}"):
        sts = aws_client("sts", environment.region)
        told = sts.get_caller_identity()
    return CallerIdentity(str(told["Account"]), str(told["Arn"]).split(":")[1])


def _check_account(environment: Environment) -> None:
    """Refuse credentials of another account: tables may have the same names there."""
    mine = caller_identity(environment).account
    if mine != environment.account:
        raise KeylineError(
            f"environment {environment.name}",
            f"is in the account {environment.account}. The credentials are for {mine}.",
            "Choose others with AWS_PROFILE, or correct the environment's file.",
        )


@contextlib.contextmanager
def translated(path: str) -> Iterator[None]:
    """Let an error of AWS's read as any other of ours.

    Parameters
    ----------
    path
        What was being done, or to which table.

    Raises
    ------
    KeylineError
        For what boto3 raises.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise KeylineError(
            path, "there are no AWS credentials.", "Sign in, or set AWS_PROFILE."
        ) from error
    except ClientError as error:
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        raise KeylineError(
            path,
            f"AWS refused {error.operation_name} ({code}): {said.get('Message', '')}",
            advice_on(code),
        ) from error
    except BotoCoreError as error:
        raise KeylineError(path, f"AWS gave no answer: {error}", "Try again later.") from error


@dataclass(frozen=True)
class Owned:
    """A table, and the system that it is of."""

    system: System
    table: Table


def find_table(name: str, environment: Environment, systems: Sequence[System]) -> Owned:
    """Return the table of a name: the declaration's, or the deployed one.

    Raises
    ------
    KeylineError
        If no system declares it.
    """
    known = _by_name(environment, systems)
    if name not in known:
        declared = [table.name for system in systems for table in system.tables]
        raise KeylineError(f"table {name}", "no system declares it.", instead_of(name, declared))
    return known[name]


def find_tables(name: str, environment: Environment, systems: Sequence[System]) -> list[Owned]:
    """Return the tables of a system of this name, or the one table of this name.

    Raises
    ------
    KeylineError
        If there is neither.
    """
    for system in systems:
        if system.name == name:
            return [Owned(system, table) for table in system.tables]
    known = _by_name(environment, systems)
    if name not in known:
        names = [s.name for s in systems] + [t.name for s in systems for t in s.tables]
        raise KeylineError(name, "is not a system and not a table.", instead_of(name, names))
    return [known[name]]


def chosen_tables(
    system: str | None, table: str | None, environment: Environment, systems: Sequence[System]
) -> list[Owned]:
    """Return the tables that a command is given: of all systems, of one system, or one table.

    Raises
    ------
    KeylineError
        If there is no such system, or the table is not one of it.
    """
    if system is None:
        return [Owned(each, owned) for each in systems for owned in each.tables]
    known = {each.name: each for each in systems}
    if system not in known:
        raise KeylineError(
            f"system {system}", "there is no such system.", instead_of(system, known)
        )
    if table is None:
        return [Owned(known[system], owned) for owned in known[system].tables]
    own = _by_name(environment, [known[system]])
    if table not in own:
        declared = [each.name for each in known[system].tables]
        raise KeylineError(
            f"table {table}",
            f"is not a table of {system}.",
            instead_of(table, declared),
        )
    return [own[table]]


def _by_name(environment: Environment, systems: Sequence[System]) -> dict[str, Owned]:
    known: dict[str, Owned] = {}
    for system in systems:
        for table in system.tables:
            owned = Owned(system, table)
            deployed = environment.table_names(system.name, table)
            known |= dict.fromkeys((table.name, *deployed), owned)
    return known
