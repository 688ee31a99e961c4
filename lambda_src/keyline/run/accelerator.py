"""Reads of items through DAX, where an environment has it."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, TypeVar

import msgspec

from keyline import variables
from keyline.model.pattern import Get
from keyline.model.system import System
from keyline.run.dax import DaxConnection, dax_client
from keyline.run.errors import UnavailableError
from keyline.run.store import Store

T = TypeVar("T", bound=msgspec.Struct)


class Accelerator:
    """Gets items as DAX has them.

    What it answers may be older than the last write by as long as DAX keeps an item
    (`item_seconds` of `[cache.dax]`), and of writes that go past DAX, as a store's do, DAX learns
    nothing. So a caller compares what it gets with something that it has read from DynamoDB, and
    reads from there where the two do not fit.

    Parameters
    ----------
    store
        A store whose connection is one to DAX.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def for_function(cls, system: System) -> Accelerator | None:
        """Return what the environment variables of a Lambda function say; None without DAX."""
        url = os.environ.get(variables.DAX)
        if not url:
            return None
        connection = DaxConnection(partial(dax_client, url))
        return cls(Store.for_function(system, connection=connection))

    def get(self, pattern: Get[T], /, **key: Any) -> T | None:
        """Return an item as DAX has it; None if there is none, or DAX does not answer."""
        try:
            return self._store.get(pattern, **key)
        except UnavailableError:
            return None
