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
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from keyline.model.collection import OneOf
from keyline.model.pattern import (
    BatchGet,
    BatchWrite,
    Delete,
    Get,
    Pattern,
    Put,
    Query,
    TransactGet,
    TransactWrite,
    Update,
)
from keyline.model.system import System
from keyline.run import batch, clock, floor, refusals, reply, request, transaction
from keyline.run.calls import Calls
from keyline.run.client import POOL, Connection, Refusal, dynamodb_client
from keyline.run.clock import UniqueClock, later
from keyline.run.codec import Attributes, Reader, Writer
from keyline.run.context import from_environment
from keyline.run.cursor import CursorSigner
from keyline.run.errors import AlreadyExists, BadCall, ItemUnreadable
from keyline.run.meter import PROCESS, Labels, Meter
from keyline.run.page import Page
from keyline.run.query import QueryReader
from keyline.run.repeat import SAFE
from keyline.run.repeat import of_update as repeat_of_update
from keyline.run.settings import Settings
from keyline.run.transaction import Read, Write
from keyline.run.update import UpdateCall, UpdateRequests

if TYPE_CHECKING:
    from keyline.run.collection import CollectionReader

T = TypeVar("T", bound=msgspec.Struct)

UNIQUE_ATTEMPTS = 16
"""Moments that `put_unique` tries."""

_RAW_WRITE = reply.decoder(reply.WriteReply, reply.RAW)


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
    """

    def __init__(
        self,
        *,
        system: System,
        environment: str,
        settings: msgspec.Struct | None = None,
        client: Any = None,
        cursor_secret: bytes | None = None,
        function: str = "",
        meter: Meter | None = None,
        measure_sizes: bool = False,
        unique_clock: UniqueClock | None = None,
    ) -> None:
        self.system = system
        self.environment = environment
        self.settings = settings if settings is not None else system.settings()
        self.clock = unique_clock or clock.PROCESS
        self.meter = meter if meter is not None else Meter()
        self._resolved = Settings(self.settings)
        self._signer = CursorSigner(system.name, cursor_secret or secrets.token_bytes(32))
        labels = Labels(environment, system.name, function)
        self._calls = Calls(
            Connection(client or dynamodb_client()), self.meter, labels, measuring=measure_sizes
        )
        self._lock = threading.Lock()
        self._executor: Executor | None = None
        self._prepared: dict[Pattern[Any], Any] = {}
        self._readers: dict[Pattern[Any], Reader[Any]] = {}
        self._writers: dict[Pattern[Any], Writer] = {}

    @classmethod
    def for_function(cls, system: System) -> Store:
        """The store of a Lambda function, from what its environment variables say.

        Raises
        ------
        KeylineError
            If one is missing.
        """
        context = from_environment(system)
        return cls(
            system=system,
            environment=context.environment,
            settings=context.settings,
            cursor_secret=context.cursor_secret,
            function=context.function,
            meter=PROCESS,
            measure_sizes=context.measure_sizes,
        )

    def get(self, pattern: Get[T], /, **key: Any) -> T | None:
        """The item of this key; None if there is none or it has expired."""
        prepared = self._get(pattern)
        reader = self._reader(pattern)
        found = self._calls.send(
            pattern,
            "GetItem",
            prepared.build(key),
            reply.decoder(reply.ItemReply, reader.wire),
            lambda answer: int(answer.Item is not None),
            floor.of_item(pattern.consistent),
        ).Item
        if found is None or reader.expired(found, time.time()):
            return None
        return reader.item(found)

    def query(
        self,
        pattern: Query[T],
        /,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        caller: str = "",
        **values: Any,
    ) -> Page[T]:
        """A page of items in order; a page of N holds N if there are N that have not expired.

        Parameters
        ----------
        limit
            How many items; the pattern's page where not given.
        cursor
            What the page before returned; None for the first.
        caller
            Whom the cursor is bound to: it is refused from anybody else.

        Raises
        ------
        InvalidCursor
            If the cursor was not issued for this very query.
        """
        return self._query(pattern).page(limit, cursor, caller, values)

    def items(self, pattern: Query[T], /, **values: Any) -> Iterator[T]:
        """All items in order, read on while they are taken."""
        return self._query(pattern).items(values)

    def put(self, pattern: Put[T], item: T, /, **values: Any) -> T:
        """Write an item; the item as it is stored, its expiry filled in.

        Raises
        ------
        AlreadyExists
            If there is one of this key, unless the pattern replaces.
        ConditionFailed
            If a condition of the pattern does not hold.
        ItemTooLarge
            If it is beyond 400 KB.
        OutcomeUnknown
            If the answer was lost, and the item that is there now is another one.
        """
        now = time.time()
        asked, attributes = self._put(pattern, item, values, now)
        if self._calls.measuring:
            asked["ReturnValues"] = "ALL_OLD"
        try:
            self._calls.send(
                pattern,
                "PutItem",
                asked,
                _RAW_WRITE,
                _one,
                floor.of_write(pattern.table, attributes),
                repeat=SAFE,
            )
        except Refusal as refusal:
            if not refusals.is_own_write(refusal, attributes):
                raise refusals.of_put(pattern, self._reader(pattern), refusal, now) from refusal
        return self._writer(pattern).stored(item, attributes)

    def put_unique(self, pattern: Put[T], make: Callable[[float], T], /, **values: Any) -> T:
        """Create an item whose key holds a moment that no other has.

        Parameters
        ----------
        make
            A moment in epoch milliseconds, with three decimals → the item. It is called again
            with a later one if there is an item of this key already.

        Raises
        ------
        AlreadyExists
            If the moments tried were all taken.
        OutcomeUnknown
            As `put`. No later moment is tried then: the item might be there twice.
        """
        moment = self.clock.next()
        for collisions in range(1, UNIQUE_ATTEMPTS):
            try:
                return self.put(pattern, make(moment), **values)
            except AlreadyExists:
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
        NotFound
            If there is no such item or it has expired, unless the pattern upserts.
        VersionConflict
            If somebody else changed it first.
        ConditionFailed
            If another condition of the pattern does not hold.
        ItemUnreadable
            If the change was carried out, and the item as it is then cannot be read.
        OutcomeUnknown
            If the answer was lost, and the item does not show whether the update was carried out.
        """
        requests, reader, now = self._update(pattern), self._reader(pattern), time.time()
        call = UpdateCall(changes, expected, key, now)
        while True:  # a second time at most: in place of an item that has expired
            try:
                return self._change(pattern, requests.build(call), changes)
            except Refusal as refusal:
                is_done = partial(requests.is_done, call)
                own = refusals.of_own_update(pattern, reader, refusal, is_done)
                if own is not None:
                    return own
                expired = refusals.expired_item(pattern, refusal, now)
                following = requests.replacing(call, expired)
                if following is None:
                    raise refusals.of_update(
                        pattern, reader, refusal, changes, expected, now, anew=call.anew
                    ) from refusal
            call = following

    def delete(self, pattern: Delete[T], /, **key: Any) -> None:
        """Delete an item.

        Raises
        ------
        NotFound
            If there is none, or it has expired, and the pattern says that it must exist.
        ConditionFailed
            If a condition of the pattern does not hold.
        OutcomeUnknown
            If the answer was lost, and there is another item now, or none where one must exist.
        """
        now = time.time()
        asked = self._delete(pattern).build(key, now)
        if self._calls.measuring:
            asked["ReturnValues"] = "ALL_OLD"
        try:
            self._calls.send(
                pattern,
                "DeleteItem",
                asked,
                _RAW_WRITE,
                _one,
                floor.of_write(pattern.table, None),
                repeat=SAFE,
            )
        except Refusal as refusal:
            error = refusals.of_delete(pattern, self._reader(pattern), refusal, now)
            if error is not None:
                raise error from refusal

    def batch_get(self, pattern: BatchGet[T], /, *, keys: Iterable[Mapping[str, Any]]) -> list[T]:
        """The items of any number of keys, in their order, each once; those missing left out.

        Raises
        ------
        UnprocessedLeft
            If DynamoDB did not give some, however often it was asked.
        """
        prepared = self._get(pattern)
        return batch.get_all(pattern, prepared, self._reader(pattern), self._calls, keys)

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
        BadCall
            If an item is named twice.
        ItemTooLarge
            If one is beyond 400 KB; nothing was written then.
        UnprocessedLeft
            If DynamoDB left some undone, however often it was asked.
        OutcomeUnknown
            If an answer was lost. The same batch may be sent again.
        """
        now = time.time()
        items = [self._attributes(pattern, item, now) for item in puts]
        key = request.primary_key(pattern)
        batch.write_all(pattern, self._name(pattern), self._calls, items, deletes, key)

    def transact(
        self, pattern: TransactWrite[Any], actions: Sequence[Write], /, *, token: str | None = None
    ) -> None:
        """Carry out all of these writes or none.

        Parameters
        ----------
        token
            What makes the call idempotent for ten minutes: the same token with the same actions
            is carried out once. Such a call sees the time rounded down to the minute: an item
            that expired less than a minute ago may still count as there, and an expiry that
            counts from the call is up to a minute earlier.

        Raises
        ------
        TransactionCancelled
            If one of them could not be carried out, with the reason of each.
        OutcomeUnknown
            If the answer was lost, or another call with the token is being carried out.
        BadCall
            If the token was used for other actions within ten minutes.
        """
        transaction.write(pattern, self._calls, actions, self._action, self._reader, token)

    def transact_get(self, pattern: TransactGet[Any], reads: Sequence[Read], /) -> list[Any]:
        """Several items as of one moment, in the order of the reads; None for what is missing.

        Raises
        ------
        TransactionCancelled
            If one of them was being written.
        """

        def build(each: Read) -> request.Request:
            return self._get(each.pattern).build(each.key)

        return transaction.read(pattern, self._calls, reads, build, self._reader)

    def close(self) -> None:
        """End the threads that read shards."""
        if self._executor is not None:
            self._executor.shutdown()

    def _change(self, pattern: Update[T], asked: request.Request, changes: Iterable[str]) -> T:
        reader: Reader[T] = self._reader(pattern)
        asked["ReturnValues"] = "ALL_NEW"
        try:
            answer = self._calls.send(
                pattern,
                "UpdateItem",
                asked,
                reply.decoder(reply.WriteReply, reader.wire),
                _one,
                floor.of_update(pattern),
                repeat=repeat_of_update(pattern, changes),
            )
            return reader.item(answer.Attributes)
        except ItemUnreadable as error:
            raise error.after_change() from None

    def _put(
        self, pattern: Put[Any], item: msgspec.Struct, values: Mapping[str, Any], now: float
    ) -> tuple[request.Request, Attributes]:
        """The request of a put, and the attributes it writes."""
        prepared = self._cached(pattern, lambda: request.put_request(pattern, self._name(pattern)))
        attributes = self._attributes(pattern, item, now)
        return {**prepared.build(values, now), "Item": attributes}, attributes

    def _attributes(self, pattern: Pattern[Any], item: msgspec.Struct, now: float) -> Attributes:
        if not isinstance(item, pattern.kind.shape):
            raise BadCall(
                pattern.name,
                f"is given a {type(item).__name__}.",
                f"Give a {pattern.kind.shape.__name__}.",
            )
        attributes = self._writer(pattern).attributes(item, now)
        request.check_size(pattern, attributes)
        return attributes

    def _action(self, action: Write, now: float) -> request.Request:
        """The request of one write of a transaction."""
        match action.pattern:
            case Put() as put if action.item is not None:
                return self._put(put, action.item, action.values, now)[0]
            case Update() as update:
                call = UpdateCall(action.changes, action.expected, action.values, now)
                return self._update(update).build(call)
            case Delete() as delete:
                return self._delete(delete).build(action.values, now)
        raise BadCall(action.pattern.name, "is no write, or lacks its item.", "Use Write.put.")

    def _get(self, pattern: Get[Any] | BatchGet[Any]) -> request.Prepared:
        whole = self._calls.measuring
        return self._cached(  # type: ignore[no-any-return] # one kind per pattern
            pattern, lambda: request.get_request(pattern, self._name(pattern), whole=whole)
        )

    def _delete(self, pattern: Delete[Any]) -> request.Prepared:
        return self._cached(  # type: ignore[no-any-return] # one kind per pattern
            pattern, lambda: request.delete_request(pattern, self._name(pattern))
        )

    def _update(self, pattern: Update[Any]) -> UpdateRequests:
        return self._cached(  # type: ignore[no-any-return] # one kind per pattern
            pattern,
            lambda: UpdateRequests(pattern, self._name(pattern), self._writer(pattern)),
        )

    def _query(self, pattern: Query[T]) -> QueryReader[T]:
        return self._cached(pattern, lambda: self._query_reader(pattern))  # type: ignore[no-any-return] # one kind per pattern

    def _query_reader(self, pattern: Query[T]) -> QueryReader[T]:
        whole = self._calls.measuring
        shards = self._resolved.shards(pattern.table) if pattern.index else {}
        return QueryReader(
            pattern,
            request.query_request(pattern, self._name(pattern), whole=whole),
            self._page_reader(pattern),
            self._calls,
            self._signer,
            shards.get(pattern.key.partition[0], 1),
            self._threads,
        )

    def _page_reader(self, pattern: Query[T]) -> Reader[T] | CollectionReader[T]:
        if not isinstance(pattern.shape, OneOf):
            return self._reader(pattern)
        # Imported here, since few systems need it at their start.
        from keyline.run.collection import CollectionReader

        return CollectionReader(pattern)

    def _cached(self, pattern: Pattern[Any], make: Any) -> Any:
        found = self._prepared.get(pattern)
        if found is None:
            found = self._prepared[pattern] = make()
        return found

    def _reader(self, pattern: Pattern[T]) -> Reader[T]:
        found = self._readers.get(pattern)
        if found is None:
            found = self._readers[pattern] = Reader.of(pattern)
        return found

    def _writer(self, pattern: Pattern[Any]) -> Writer:
        found = self._writers.get(pattern)
        if found is None:
            found = self._writers[pattern] = Writer(pattern.table, pattern.kind, self._resolved)
        return found

    def _name(self, pattern: Pattern[Any]) -> str:
        return pattern.table.physical_name(self.environment)

    def _threads(self) -> Executor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(POOL, "keyline")
            return self._executor


def _one(_: Any) -> int:
    return 1
