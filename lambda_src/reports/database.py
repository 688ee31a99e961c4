"""Where the tables are, and how values go there and come back, for code that uses boto3.

The repositories need none of it: the store knows its tables and types. It is the interface
that the system's specification gives to scripts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from keyline import variables
from keyline.model import Table
from keyline.problem import KeylineError
from reports.converters import to_dynamodb, to_python
from reports.tables import EMBEDDINGS, REPORTS, USERS


@dataclass(frozen=True)
class TableReference:
    """A deployed table.

    Attributes
    ----------
    name
        The name under which it is deployed.
    table
        Its declaration.
    """

    name: str
    table: Table

    def __str__(self) -> str:
        return self.name


class DatabaseManager:
    """The tables of the environment that this process runs in, and conversions of values."""

    @staticmethod
    @cache
    def get_users_table() -> TableReference:
        """The table of users: `k9-users-{environment}`, from DYNAMODB_USERS_TABLE.

        It is looked up once in a process, as the other two are.

        Raises
        ------
        KeylineError
            If the variable is not set, or holds what is no table's name.
        """
        return _reference("DYNAMODB_USERS_TABLE", USERS)

    @staticmethod
    @cache
    def get_reports_table() -> TableReference:
        """The table of reports: `k9-reports-{environment}`, from DYNAMODB_REPORTS_TABLE."""
        return _reference("DYNAMODB_REPORTS_TABLE", REPORTS)

    @staticmethod
    @cache
    def get_embeddings_table() -> TableReference:
        """The table of vectors: `k9-embeddings-{environment}`, from DYNAMODB_EMBEDDINGS_TABLE."""
        return _reference("DYNAMODB_EMBEDDINGS_TABLE", EMBEDDINGS)

    @staticmethod
    def convert_decimals(data: Any) -> Any:
        """What boto3 read, in Python's own types.

        A whole number is an int, exactly, however large; any other is a float where some float
        is written as just this number (0.1 is), and stays a Decimal where none is: 38 digits
        come back as 38 digits. Binary is bytes. Lists, dicts and sets are converted throughout.
        """
        return to_python(data, "data")

    @staticmethod
    def prepare_for_dynamodb(data: Any) -> Any:
        """An item, or a value, as boto3 writes it.

        Of an item (a dict or a Struct) attributes that are None or an empty set are left out:
        DynamoDB has no empty sets, and the absent attribute says the same. Deeper, None is
        stored as NULL. Numbers become Decimal, exactly, a float by the shortest text that means
        it; bool stays bool; a datetime becomes ISO 8601 text in UTC.

        Raises
        ------
        BadValue
            By its path, what DynamoDB cannot hold exactly: NaN, infinity, more than 38 digits,
            a datetime without a time zone, a set of several types, deeper than 32 levels.
        """
        if isinstance(data, msgspec.Struct):
            data = msgspec.structs.asdict(data)
        if isinstance(data, Mapping):
            data = {name: value for name, value in data.items() if not _is_nothing(value)}
        return to_dynamodb(data, "data")


def _is_nothing(value: Any) -> bool:
    return value is None or value in (set(), frozenset())


def _reference(variable: str, table: Table) -> TableReference:
    name, environment = os.environ.get(variable), os.environ.get(variables.ENVIRONMENT)
    if not name:
        raise KeylineError(variable, "is not set.", f"Set it to the name of {table.name}'s table.")
    if name.startswith("arn:"):
        raise KeylineError(variable, "is an ARN.", "Set it to the table's name.")
    if environment and name != table.physical_name(environment):
        raise KeylineError(
            variable,
            f"is {name!r}, but the environment {environment!r} has another table.",
            f"Set it to {table.physical_name(environment)}.",
        )
    return TableReference(name, table)
