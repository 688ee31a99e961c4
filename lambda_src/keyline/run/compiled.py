"""Compiled patterns: what the calls of a pattern need, and what no value of a call changes.

Each kind of pattern has a form of its own. A pattern is compiled once, at its first call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from keyline.model.collection import OneOf
from keyline.model.pattern import BatchGet, BatchWrite, Delete, Get, Pattern, Put, Query, Update
from keyline.model.table import Table
from keyline.run import floor, reply, request
from keyline.run.calls import Floor
from keyline.run.codec import Attributes, ItemWriter, KeyPart, Reader
from keyline.run.errors import BadCallError
from keyline.run.misfit import Decoder, ReadableOnly
from keyline.run.request import Prepared, Request
from keyline.run.settings import TableSettings
from keyline.run.update import UpdateRequests

if TYPE_CHECKING:
    from keyline.run.collection import CollectionReader

T = TypeVar("T", bound=msgspec.Struct)
P = TypeVar("P", bound=Pattern[Any])
C = TypeVar("C")


class Memo(dict[P, C]):
    """The compiled form of each pattern, made once.

    Parameters
    ----------
    make
        What makes it. Threads that need it at the same moment may each call `make`, and all of
        them get the first result.
    """

    def __init__(self, make: Callable[[P], C]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, pattern: P) -> C:
        """Make it of a pattern that is not there yet."""
        return self.setdefault(pattern, self._make(pattern))


class CompiledGet(msgspec.Struct, Generic[T], frozen=True):
    """A get: its request, and what reads the item."""

    prepared: Prepared
    reader: Reader[T]
    decoder: Decoder
    floor: Floor


class CompiledBatchGet(msgspec.Struct, Generic[T], frozen=True):
    """A batch of gets.

    Attributes
    ----------
    shared
        The part of the request that all keys of the table share.
    """

    pattern: BatchGet[T]
    table_name: str
    prepared: Prepared
    shared: Request
    reader: Reader[T]
    decoder: Decoder


class CompiledQuery(msgspec.Struct, Generic[T], frozen=True):
    """A query.

    Attributes
    ----------
    decoder
        What decodes a page of items.
    shards
        Over how many values its partition key is spread; 1 where the key is not sharded.
    floor
        None where items are left out: the answer does not tell their sizes.
    """

    pattern: Query[T]
    prepared: Prepared
    reader: Reader[T] | CollectionReader[T]
    decoder: Decoder
    shards: int
    floor: Floor | None


class CompiledCount(msgspec.Struct, frozen=True):
    """A query that counts its items; `shards` is as of a `CompiledQuery`."""

    pattern: Query[Any]
    prepared: Prepared
    shards: int


class CompiledPut(msgspec.Struct, Generic[T], frozen=True):
    """A put: the request without the item, and what writes the item."""

    pattern: Put[T]
    prepared: Prepared
    writer: ItemWriter

    def request(
        self, item: msgspec.Struct, values: Mapping[str, Any], now: float
    ) -> tuple[Request, Attributes]:
        """Return the request of a put, and the attributes that it writes.

        Raises
        ------
        BadCallError
            If the item is not of the pattern's kind, or a value is missing or unknown.
        BadValueError
            If a value cannot be stored, or could not be read back.
        ItemTooLargeError
            If DynamoDB would refuse the item.
        """
        attributes = _attributes(self.pattern, self.writer, item, now)
        return {**self.prepared.build(values, now), "Item": attributes}, attributes


class CompiledUpdate(msgspec.Struct, frozen=True):
    """An update."""

    requests: UpdateRequests
    floor: Floor


class CompiledDelete(msgspec.Struct, frozen=True):
    """A delete, or the check of an item in a transaction."""

    prepared: Prepared
    floor: Floor


class CompiledBatchWrite(msgspec.Struct, Generic[T], frozen=True):
    """A batch of puts and deletes.

    Attributes
    ----------
    parameters
        The values that a delete has to give.
    key
        How the primary key of an item is made.
    """

    pattern: BatchWrite[T]
    table_name: str
    parameters: frozenset[str]
    key: tuple[KeyPart, ...]
    writer: ItemWriter

    def attributes(self, item: msgspec.Struct, now: float) -> Attributes:
        """Return an item as it is written.

        Raises
        ------
        BadCallError, BadValueError, ItemTooLargeError
            As `CompiledPut.request`, for the item.
        """
        return _attributes(self.pattern, self.writer, item, now)


class Compiler:
    """Compiles patterns, each of them once.

    Parameters
    ----------
    table_name
        Gives the deployed name of a table.
    settings
        What retention and shards are named by.
    whole
        Whether reads ask for all attributes, whatever the pattern's shape.
    """

    def __init__(
        self, table_name: Callable[[Table], str], settings: TableSettings, *, whole: bool
    ) -> None:
        self._table_name = table_name
        self._settings = settings
        self._whole = whole
        self._readers: Memo[Pattern[Any], Reader[Any]] = Memo(Reader[Any].of)
        self._gets: Memo[Get[Any], CompiledGet[Any]] = Memo(self._get)
        self._batch_gets: Memo[BatchGet[Any], CompiledBatchGet[Any]] = Memo(self._batch_get)
        self._counts: Memo[Query[Any], CompiledCount] = Memo(self._count)
        self._puts: Memo[Put[Any], CompiledPut[Any]] = Memo(self._put)
        self._updates: Memo[Update[Any], CompiledUpdate] = Memo(self._update)
        self._deletes: Memo[Delete[Any], CompiledDelete] = Memo(self._delete)
        self._batch_writes: Memo[BatchWrite[Any], CompiledBatchWrite[Any]] = Memo(self._batch_write)

    def reader(self, pattern: Pattern[T]) -> Reader[T]:
        """Return what reads the items of a pattern, which are of one kind.

        A write needs it only for the item that stood in its way.
        """
        return self._readers[pattern]

    def get(self, pattern: Get[T]) -> CompiledGet[T]:
        """Compile a get."""
        return self._gets[pattern]

    def batch_get(self, pattern: BatchGet[T]) -> CompiledBatchGet[T]:
        """Compile a batch of gets."""
        return self._batch_gets[pattern]

    def query(self, pattern: Query[T]) -> CompiledQuery[T]:
        """Compile a query, each time: the store keeps the reader that it makes of it."""
        reader = self._page_reader(pattern)
        decoder: Decoder = reader.page_decoder
        if pattern.skip_unreadable:
            decoder = ReadableOnly(reply.PageReply, decoder, reader)
        return CompiledQuery(
            pattern,
            request.query_request(pattern, self._name(pattern), whole=self._whole),
            reader,
            decoder,
            self._shards(pattern),
            None if pattern.where else floor.of_page(pattern.consistent),
        )

    def count(self, pattern: Query[Any]) -> CompiledCount:
        """Compile a query that counts its items."""
        return self._counts[pattern]

    def put(self, pattern: Put[T]) -> CompiledPut[T]:
        """Compile a put."""
        return self._puts[pattern]

    def update(self, pattern: Update[Any]) -> CompiledUpdate:
        """Compile an update."""
        return self._updates[pattern]

    def delete(self, pattern: Delete[Any]) -> CompiledDelete:
        """Compile a delete, or a check."""
        return self._deletes[pattern]

    def batch_write(self, pattern: BatchWrite[T]) -> CompiledBatchWrite[T]:
        """Compile a batch of puts and deletes."""
        return self._batch_writes[pattern]

    def _get(self, pattern: Get[Any]) -> CompiledGet[Any]:
        reader = self.reader(pattern)
        return CompiledGet(
            request.get_request(pattern, self._name(pattern), whole=self._whole),
            reader,
            reply.decoder(reply.ItemReply, reader.wire),
            floor.of_item(pattern.consistent),
        )

    def _batch_get(self, pattern: BatchGet[Any]) -> CompiledBatchGet[Any]:
        name, reader = self._name(pattern), self.reader(pattern)
        prepared = request.get_request(pattern, name, whole=self._whole)
        shared = {k: v for k, v in prepared.fixed.items() if k != "TableName"}
        shared.update(prepared.expressions.parameters({}))
        decoder: Decoder = reply.decoder(reply.BatchGetReply, reader.wire)
        if pattern.skip_unreadable:
            decoder = ReadableOnly(reply.BatchGetReply, decoder, reader)
        return CompiledBatchGet(pattern, name, prepared, shared, reader, decoder)

    def _page_reader(self, pattern: Query[T]) -> Reader[T] | CollectionReader[T]:
        if not isinstance(pattern.shape, OneOf):
            return self.reader(pattern)
        # Imported here, since few systems need it at their start.
        from keyline.run.collection import CollectionReader

        return CollectionReader(pattern)

    def _count(self, pattern: Query[Any]) -> CompiledCount:
        prepared = request.count_request(pattern, self._name(pattern))
        return CompiledCount(pattern, prepared, self._shards(pattern))

    def _shards(self, pattern: Query[Any]) -> int:
        shards = self._settings.shards(pattern.table) if pattern.index else {}
        return shards.get(pattern.key.partition[0], 1)

    def _put(self, pattern: Put[Any]) -> CompiledPut[Any]:
        prepared = request.put_request(pattern, self._name(pattern))
        return CompiledPut(pattern, prepared, self._writer(pattern))

    def _update(self, pattern: Update[Any]) -> CompiledUpdate:
        requests = UpdateRequests(pattern, self._name(pattern), self._writer(pattern))
        return CompiledUpdate(requests, floor.of_update(pattern))

    def _delete(self, pattern: Delete[Any]) -> CompiledDelete:
        prepared = request.delete_request(pattern, self._name(pattern))
        return CompiledDelete(prepared, floor.of_write(pattern.table, None))

    def _batch_write(self, pattern: BatchWrite[Any]) -> CompiledBatchWrite[Any]:
        return CompiledBatchWrite(
            pattern,
            self._name(pattern),
            frozenset(pattern.parameters),
            request.primary_key(pattern),
            self._writer(pattern),
        )

    def _writer(self, pattern: Pattern[Any]) -> ItemWriter:
        return ItemWriter(pattern.table, pattern.kind, self._settings)

    def _name(self, pattern: Pattern[Any]) -> str:
        return self._table_name(pattern.table)


def _attributes(
    pattern: Pattern[Any], writer: ItemWriter, item: msgspec.Struct, now: float
) -> Attributes:
    shape = writer.kind.shape
    if not isinstance(item, shape):
        given = type(item).__name__
        raise BadCallError(pattern.name, f"is given a {given}.", f"Give a {shape.__name__}.")
    attributes = writer.attributes(item, now)
    request.check_size(pattern, attributes)
    return attributes
