"""Give scripts that use boto3 the names of the tables and conversions of values.

The system's specification asks for this interface. The repositories do not need it, because
their store knows the tables and the types.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from keyline import variables
from keyline.errors import KeylineError
from keyline.model import Table
from reports.converters import to_dynamodb, to_python
from reports.tables import EMBEDDINGS, REPORTS, USERS


class TableReference(msgspec.Struct, frozen=True):
    """A deployed table.

    Attributes
    ----------
    name
        The name of the deployed table.
    table
        The table's declaration.
    """

    name: str
    table: Table

    def __str__(self) -> str:
        return self.name


class DatabaseManager:
    """Find the tables of the process's environment, and convert values."""

    @staticmethod
    @cache
    def get_users_table() -> TableReference:
        """Return the table of users: `k9-users-{environment}`, from DYNAMODB_USERS_TABLE.

        A process looks each table up once.

        Raises
        ------
        KeylineError
            If the variable is not set, or does not hold the name of this table.
        """
        return _reference("DYNAMODB_USERS_TABLE", USERS)

    @staticmethod
    @cache
    def get_reports_table() -> TableReference:
        """Return the table of reports: `k9-reports-{environment}`, from DYNAMODB_REPORTS_TABLE."""
        return _reference("DYNAMODB_REPORTS_TABLE", REPORTS)

    @staticmethod
    @cache
    def get_embeddings_table() -> TableReference:
        """Return the table of vectors: `k9-embeddings-{environment}`.

        The name comes from DYNAMODB_EMBEDDINGS_TABLE.
        """
        return _reference("DYNAMODB_EMBEDDINGS_TABLE", EMBEDDINGS)

    @staticmethod
    def convert_decimals(data: Any) -> Any:
        """Return what boto3 read, in Python's own types.

        A whole number becomes an int, however large. Another number becomes a float if the float's
        text is exactly this number (0.1 is an example). A number without such a float stays a
        Decimal, so no digit is lost. Binary becomes bytes. Lists, dicts and sets are converted at
        all levels.
        """
        return to_python(data, "data")

    @staticmethod
    def prepare_for_dynamodb(data: Any) -> Any:
        """Return an item, or a value, as boto3 writes it.

        Attributes of an item (a dict or a Struct) that are None or an empty set are left out:
        DynamoDB has no empty sets, and a missing attribute means the same. At deeper levels None
        is stored as NULL. A number becomes the exact Decimal; a float becomes the Decimal of its
        shortest text. A bool stays a bool. A datetime becomes ISO 8601 text in UTC.

        Raises
        ------
        BadValueError
            If DynamoDB cannot hold a part exactly: NaN, infinity, more than 38 digits, a datetime
            without a time zone, a set of several types, more than 32 levels. The error has the
            path of that part.
        """
        if isinstance(data, msgspec.Struct):
            data = msgspec.structs.asdict(data)
        if isinstance(data, Mapping):
            data = {name: value for name, value in data.items() if not _is_empty(value)}
        return to_dynamodb(data, "data")


def _is_empty(value: Any) -> bool:
    return value is None or value in (set(), frozenset())


def _served(table: Table, environment: str) -> str:
    """Return the name of the table that serves: a restored one has a name of its own."""
    named = msgspec.json.decode(os.environ.get(variables.TABLES, "{}"), type=dict[str, str])
    return named.get(table.name) or table.physical_name(environment)


def _reference(variable: str, table: Table) -> TableReference:
    name, environment = os.environ.get(variable), os.environ.get(variables.ENVIRONMENT)
    if not name:
        raise KeylineError(
            variable, "is not set.", f"Set it to the name of the table {table.name}."
        )
    if name.startswith("arn:"):
        raise KeylineError(variable, "is an ARN.", "Set it to the name of the table.")
    expected = _served(table, environment) if environment else name
    if name != expected:
        raise KeylineError(
            variable,
            f"is {name!r}, but the environment {environment!r} has another table.",
            f"Set it to {expected}.",
        )
    return TableReference(name, table)
