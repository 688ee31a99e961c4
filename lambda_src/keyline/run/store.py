"""The store: a system's access patterns, carried out.

Each call names a pattern; the pattern says the rest. A store is safe to share between
threads and is made once per process.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, TypeVar, overload

import msgspec

from keyline.model.metric import LATENCY_METRICS
from keyline.model.pattern import (
    BatchGet,
    BatchWrite,
    Delete,
    Get,
    Put,
    Query,
    TransactGet,
    TransactWrite,
    Update,
)
from keyline.model.system import System
from keyline.model.table import Table
from keyline.run import batch, clock, counting, single, single_transaction, transaction
from keyline.run.calls import Calls
from keyline.run.client import Client, dynamodb_client
from keyline.run.client_settings import POOL
from keyline.run.clock import UniqueClock, later
from keyline.run.compiled import Compiler, Memo
from keyline.run.connection import Connection, Sender
from keyline.run.context import from_environment
from keyline.run.cursor import CursorSigner
from keyline.run.errors import AlreadyExistsError, BadCallError, OutcomeUnknownError
from keyline.run.meter import PROCESS, Labels, Meter
from keyline.run.query import Page, QueryReader
from keyline.run.settings import TableSettings
from keyline.run.transaction import Operation, Read, Write
from keyline.run.update import UpdateCall

T = TypeVar("T", bound=msgspec.Struct)
ViewT = TypeVar("ViewT")

UNIQUE_ATTEMPTS = 16
"""Moments that `put_unique` tries."""


class Store:
    """Carries out access patterns.

    Parameters
    ----------
    system
        Whose patterns they are.
    environment
        Which tables: it is part of their names.
    settings
        The system's settings; its defaults where not given.
    client
        What `keyline.run.dynamodb_client` made; one for the environment where not given.
    cursor_secret
        What cursors are signed with. Without one the store signs with a secret of its own, and
        its cursors are of use to itself alone.
    function
        The declared name of the function it serves.
    meter
        Where calls are recorded; one of its own where not given.
    measure_sizes
        Whether each call also records the units that its item sizes imply. Reads then ask
        for all attributes, which costs the same, and writes for the item as it was.
    unique_clock
        Where `put_unique` takes its moments; the process' where not given.
    tables
        The deployed names of tables that do not have their declared one, by declared name.
    connection
        What sends requests; a connection of the client where not given.
    """

    def __init__(
        self,
        *,
        system: System,
        environment: str,
        settings: msgspec.Struct | None = None,
        client: Client | None = None,
        cursor_secret: bytes | None = None,
        function: str = "",
        meter: Meter | None = None,
        measure_sizes: bool = False,
        unique_clock: UniqueClock | None = None,
        tables: Mapping[str, str] | None = None,
        connection: Sender | None = None,
    ) -> None:
        self.system = system
        self.environment = environment
        self.settings = settings if settings is not None else system.settings()
        self.clock = unique_clock or clock.PROCESS
        self.meter = meter if meter is not None else Meter()
        signer = CursorSigner(system.name, cursor_secret or secrets.token_bytes(32))
        latencies = set(LATENCY_METRICS) <= set(system.metrics)
        labels = Labels(environment, system.name, function, latencies)
        sender = connection or Connection(client or dynamodb_client())
        self._calls = Calls(sender, self.meter, labels, measuring=measure_sizes)
        self._lock = threading.Lock()
        self._executor: Executor | None = None
        self._tables = dict(tables or {})
        self._compiler = Compiler(
            self.table_name, TableSettings(self.settings), whole=measure_sizes
        )
        self._queries: Memo[Query[Any], QueryReader[Any]] = Memo(
            lambda p: QueryReader(self._compiler.query(p), self._calls, signer, self._threads)
        )

    @classmethod
    def for_function(
        cls, system: System, *, client: Client | None = None, connection: Sender | None = None
    ) -> Store:
        """Return the store of a Lambda function, from what its environment variables say.

        Parameters
        ----------
        client, connection
            As in the constructor.

        Raises
        ------
        KeylineError
            If one is missing.
        """
        context = from_environment(system, system.settings)
        return cls(
            system=system,
            environment=context.environment,
            settings=context.settings,
            cursor_secret=context.cursor_secret,
            function=context.function,
            meter=PROCESS,
            measure_sizes=context.measure_sizes and connection is None,
            tables=context.tables,
            client=client,
            connection=connection,
        )

    def table_name(self, table: Table) -> str:
        """Return the name under which a table is deployed here."""
        return self._tables.get(table.name) or table.physical_name(self.environment)

    def get(self, pattern: Get[T], /, **key: Any) -> T | None:
        """Return the item of this key, or None if there is none or it has expired."""
        return single.get(pattern, self._calls, self._compiler, key)

    @overload
    def query(
        self,
        pattern: Query[T],
        /,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        caller: str = "",
        **values: Any,
    ) -> Page[T]: ...

    @overload
    def query(
        self,
        pattern: Query[T],
        /,
        *,
        view: Callable[[T], ViewT],
        limit: int | None = None,
        cursor: str | None = None,
        caller: str = "",
        **values: Any,
    ) -> Page[ViewT]: ...

    def query(
        self,
        pattern: Query[T],
        /,
        *,
        view: Callable[[T], Any] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        caller: str = "",
        **values: Any,
    ) -> Page[Any]:
        """Return a page of items in order; a page of N holds N if so many have not expired.

        The page ends earlier where more items would not fit into one answer of a function
        (`keyline.payload`). A page holds at least one item if there is one.

        Parameters
        ----------
        view
            What an item is shown as: the page holds that, and the size of its JSON counts. The
            item itself where not given.
        limit
            How many items; the pattern's page where not given.
        cursor
            What the page before returned; None for the first.
        caller
            Whom the cursor is bound to: it is refused from anybody else.

        Raises
        ------
        InvalidCursorError
            If the cursor was not issued for this very query.
        """
        return self._queries[pattern].page(limit, cursor, caller, values, view or _as_it_is)

    def items(self, pattern: Query[T], /, **values: Any) -> Iterator[T]:
        """Yield all items in order, which are read on while they are taken."""
        return self._queries[pattern].items(values)

    def count(self, pattern: Query[Any], /, **values: Any) -> int:
        """Return how many unexpired items a query finds, at the cost of reading them.

        Items that cannot be read are counted as well.

        Raises
        ------
        BadCallError
            If the key that serves the query holds the expiry.
        """
        return counting.count(self._compiler.count(pattern), self._calls, values, self._threads)

    def put(
        self,
        pattern: Put[T] | TransactWrite[T],
        item: T,
        token: str | None = None,
        /,
        **values: Any,
    ) -> T:
        """Write an item; the item as it is stored, its expiry filled in.

        Parameters
        ----------
        pattern
            A put; or a transaction whose only part is a put, if an attempt of the call that
            arrives late must change nothing (docs/guarantees.md).
        token
            For a transaction: what several calls of one operation share, so that none of them
            changes anything if it arrives late. The items of these calls may differ: the first one
            counts.

        Raises
        ------
        AlreadyExistsError
            If there is one of this key, unless the pattern replaces.
        ConditionFailedError
            If a condition of the pattern does not hold.
        ItemTooLargeError
            If it is beyond 400 KB.
        OutcomeUnknownError
            If the answer was lost, and the item that is there now is another one.
        TransactionCancelledError
            If the pattern is a transaction, and other writes of the item came in between at
            every try.
        """
        if isinstance(pattern, TransactWrite):
            return single_transaction.put(pattern, self._calls, self._compiler, item, values, token)
        if token is not None:
            raise BadCallError(
                pattern.name,
                "is given a token.",
                "Declare a TransactWrite with it as the only part.",
            )
        return single.put(pattern, self._calls, self._compiler, item, values)

    def put_or_get(
        self,
        pattern: Put[T] | TransactWrite[T],
        item: T,
        token: str | None = None,
        /,
        **values: Any,
    ) -> tuple[T, bool]:
        """Create an item, or return the one of its key that is there.

        Parameters
        ----------
        token
            As of `put`.

        Returns
        -------
        tuple[T, bool]
            The item that is there, and whether it was there before.

        Raises
        ------
        AlreadyExistsError
            If there is one that the error does not show, such as an item of another kind.
        OutcomeUnknownError
            If the answer was lost, and there is no item now.
        """
        try:
            return self.put(pattern, item, token, **values), False
        except (AlreadyExistsError, OutcomeUnknownError) as error:
            stored: T | None = error.current_item()
            if stored is None:
                raise
            return stored, True

    def put_unique(
        self, pattern: Put[T] | TransactWrite[T], make: Callable[[float], T], /, **values: Any
    ) -> T:
        """Create an item whose key holds a moment that no other has.

        Parameters
        ----------
        make
            A moment in epoch milliseconds, with three decimals → the item. The function is called
            again with a later moment if there is an item of this key already.

        Raises
        ------
        AlreadyExistsError
            If the moments tried were all taken.
        OutcomeUnknownError
            As `put`. No later moment is tried then: the item might be there twice.
        """
        moment = self.clock.next()
        for collisions in range(1, UNIQUE_ATTEMPTS):
            try:
                return self.put(pattern, make(moment), **values)
            except AlreadyExistsError:
                moment = self.clock.next(after=later(moment, collisions))
        return self.put(pattern, make(moment), **values)

    def update(
        self,
        pattern: Update[T],
        changes: Mapping[str, Any],
        /,
        *,
        expected: int | None = None,
        **key: Any,
    ) -> T:
        """Change some attributes of an item; the item as it is then.

        Parameters
        ----------
        changes
            Values of attributes that the pattern sets, adds to or discards from: all or some.
            What is set to None is removed.
        expected
            The version that the item has to have, where the pattern counts versions.

        Raises
        ------
        NotFoundError
            If there is no such item or it has expired, unless the pattern upserts.
        VersionConflictError
            If somebody else changed it first.
        ConditionFailedError
            If another condition of the pattern does not hold.
        ItemUnreadableError
            If the change was carried out, and the item as it is then cannot be read.
        OutcomeUnknownError
            If the answer was lost, and the item does not show whether the update was carried out.
        """
        call = UpdateCall(changes, expected, key, time.time())
        return single.update(pattern, self._calls, self._compiler, call)

    def update_once(
        self,
        pattern: Update[Any],
        changes: Mapping[str, Any],
        /,
        *,
        token: str | None = None,
        moment: float | None = None,
        **key: Any,
    ) -> None:
        """Change some attributes of an item exactly once, however often the client tries.

        The call is a transaction of this one update, for twice the units in the table. A
        transaction returns no item. An upsert does not replace an expired item.

        Parameters
        ----------
        changes
            As of `update`.
        token, moment
            As of `transact`: several calls with one token change the item once.

        Raises
        ------
        NotFoundError
            If there is no such item or it has expired, unless the pattern upserts.
        ConditionFailedError
            If a condition of the pattern does not hold.
        TransactionCancelledError
            If other writes of the item came in between at every try.
        OutcomeUnknownError
            If the answer was lost. With a token the call may be made again.
        BadCallError
            If the pattern is not declared `exactly_once`, or as of `transact`.
        """
        operation = Operation.of(pattern, token, moment)
        single_transaction.update(pattern, self._calls, self._compiler, changes, key, operation)

    def get_and_update(
        self,
        pattern: Update[T],
        changes: Mapping[str, Any],
        /,
        *,
        expected: int | None = None,
        **key: Any,
    ) -> T | None:
        """Change some attributes of an item, and return the item as it was; None if there was none.

        The call is not repeated if its answer is lost: the item as it was would be lost with it.

        Parameters
        ----------
        changes, expected
            As of `update`.

        Raises
        ------
        NotFoundError, VersionConflictError, ConditionFailedError
            As `update`.
        ItemUnreadableError
            If the change was carried out, and the item as it was cannot be read.
        OutcomeUnknownError
            If the answer was lost.
        """
        call = UpdateCall(changes, expected, key, time.time())
        return single.get_and_update(pattern, self._calls, self._compiler, call)

    def delete(self, pattern: Delete[T], /, **key: Any) -> None:
        """Delete an item.

        Raises
        ------
        NotFoundError
            If there is none, or it has expired, and the pattern says that it must exist. The error
            is not raised if an earlier attempt of the call may have deleted the item.
        ConditionFailedError
            If a condition of the pattern does not hold.
        OutcomeUnknownError
            If the answer was lost, and there is another item now.
        """
        single.delete(pattern, self._calls, self._compiler, key)

    def replace(self, pattern: Put[T], item: T, /, **values: Any) -> T | None:
        """Write an item, and return the one that was there; None if there was none.

        The call is not repeated if its answer is lost: what was there would be lost with it.

        Raises
        ------
        BadCallError
            If the pattern does not replace.
        ConditionFailedError, ItemTooLargeError
            As `put`.
        ItemUnreadableError
            If the item was written, and the one that was there cannot be read.
        OutcomeUnknownError
            If the answer was lost.
        """
        return single.replace(pattern, self._calls, self._compiler, item, values)

    def take(self, pattern: Delete[T], /, **key: Any) -> T | None:
        """Delete an item, and return it as it was; None if there was none or it had expired.

        The call is not repeated if its answer is lost: the item would be lost with it.

        Raises
        ------
        NotFoundError, ConditionFailedError
            As `delete`.
        ItemUnreadableError
            If the item was deleted, and cannot be read.
        OutcomeUnknownError
            If the answer was lost.
        """
        return single.take(pattern, self._calls, self._compiler, key)

    def batch_get(self, pattern: BatchGet[T], /, *, keys: Iterable[Mapping[str, Any]]) -> list[T]:
        """Return the items of any number of keys, in the order of the keys, each once.

        Items that are missing are left out.

        Raises
        ------
        UnprocessedLeftError
            If DynamoDB did not give some, however often it was asked.
        """
        return batch.get_all(self._compiler.batch_get(pattern), self._calls, keys)

    def batch_write(
        self,
        pattern: BatchWrite[T],
        /,
        *,
        puts: Iterable[T] = (),
        deletes: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Write and delete any number of items, unconditionally, in no order and not as one.

        Raises
        ------
        BadCallError
            If an item is named twice.
        ItemTooLargeError
            If one is beyond 400 KB; nothing was written then.
        UnprocessedLeftError
            If DynamoDB left some undone, however often it was asked.
        OutcomeUnknownError
            If an answer was lost. The same batch may be sent again.
        """
        batch.write_all(self._compiler.batch_write(pattern), self._calls, puts, deletes)

    def transact(
        self,
        pattern: TransactWrite[Any],
        actions: Sequence[Write],
        /,
        *,
        token: str | None = None,
        moment: float | None = None,
    ) -> None:
        """Carry out all of these writes or none.

        Parameters
        ----------
        token
            What makes the call idempotent for ten minutes: the same token with the same actions is
            carried out once. Such a call sees the time rounded down to the minute. An item that
            expired less than a minute ago may still count as there, and an expiry that counts from
            the call is up to a minute earlier.
        moment
            Epoch seconds of the operation that the token names, the same in each call with the
            token. The call then sees this time, and it is not rounded.

        Raises
        ------
        TransactionCancelledError
            If one of them could not be carried out, with the reason of each.
        OutcomeUnknownError
            If the answer was lost, or another call with the token is being carried out.
        BadCallError
            If the token was used for other actions within ten minutes, or there is a moment
            without a token.
        """
        transaction.write(pattern, self._calls, actions, self._compiler, token, moment)

    def transact_get(self, pattern: TransactGet[Any], reads: Sequence[Read], /) -> list[Any]:
        """Return several items as of one moment, in the order of the reads.

        None stands for what is missing.

        Raises
        ------
        TransactionCancelledError
            If one of them was being written.
        """
        return transaction.read(pattern, self._calls, reads, self._compiler)

    def close(self) -> None:
        """End the threads that read shards."""
        if self._executor is not None:
            self._executor.shutdown()

    def _threads(self) -> Executor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(POOL, "keyline")
            return self._executor


def _as_it_is(item: T) -> T:
    return item
