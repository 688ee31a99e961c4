"""Limits of tables on the local platform, whose engine is not DynamoDB itself."""

from __future__ import annotations

from collections.abc import Iterator

from keyline import variables
from keyline.errors import Fault
from keyline.model import System
from keyline_local import SHORTEST_STREAMED_NAME

_ENVIRONMENT = "local"
_ANOTHER_ENGINE = f"or run the platform on another engine, by {variables.DYNAMODB_ENDPOINT}."


def faults(system: System) -> Iterator[Fault]:
    """Yield what the embedded engine cannot do of a system's tables."""
    for table in system.tables:
        path = f"{system.name}.tables[{table.name}]"
        name = table.physical_name(_ENVIRONMENT)
        if table.stream and len(name) < SHORTEST_STREAMED_NAME:
            yield (
                path,
                f"is deployed locally as {name!r}. The embedded engine needs"
                f" {SHORTEST_STREAMED_NAME} characters in the name of a table with a stream.",
                f"Give the table a longer name, {_ANOTHER_ENGINE}",
            )
        for index in table.indexes:
            if len(index.key.partition) > 1 or len(index.key.sort) > 1:
                yield (
                    f"{path}.indexes[{index.name}]",
                    "has a key of several attributes, for which the embedded engine answers"
                    " queries wrongly.",
                    f"Join the attributes in one key with a template, {_ANOTHER_ENGINE}",
                )
