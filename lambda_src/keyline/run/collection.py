"""Pages of several kinds of items: each is decoded as its kind, by the discriminator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import msgspec

from keyline.model.pattern import Query
from keyline.run import misfit, reply
from keyline.run.codec import Attributes, Reader
from keyline.run.errors import ItemUnreadableError
from keyline.run.scalars import Wire

T = TypeVar("T")

Found = tuple[Reader[Any], Any]
"""An item as it was decoded, and the reader of its kind."""


class _Tag(msgspec.Struct, gc=False):
    S: str


class CollectionReader(Generic[T]):
    """A collection query's items as they are read; in a page's place of a `Reader`."""

    answer = reply.PageReply

    def __init__(self, pattern: Query[Any]) -> None:
        self._expected = misfit.Expected.of(pattern)
        self._discriminator = pattern.table.discriminator or ""
        peeked = msgspec.defstruct(
            "Peeked", [("tag", _Tag)], rename={"tag": self._discriminator}, gc=False
        )
        self._peek = reply.decoder(peeked).decode
        self._page = reply.decoder(reply.PageReply, msgspec.Raw)
        readers = [Reader[Any].of(pattern, n) for n in range(len(pattern.shapes))]
        self._kinds = {
            kind.tag: (reader, reply.decoder(reader.wire).decode)
            for kind, reader in zip(pattern.kinds, readers, strict=True)
        }

    @property
    def page_decoder(self) -> misfit.Decoder:
        """Return what decodes a page: this reader."""
        return self

    def decode(self, body: bytes | msgspec.Raw, /) -> Any:
        """Return a page whose items are each of its kind.

        Raises
        ------
        ItemUnreadableError
            If one is of no kind that the pattern names, or does not fit its kind.
        """
        page = self._page.decode(body)
        page.Items = [self.fit(raw) for raw in page.Items]
        return page

    def fit(self, stored: msgspec.Raw) -> Found:
        """Return one item of a page as it is decoded.

        Raises
        ------
        ItemUnreadableError
            As of a page.
        """
        tag = misfit.fit(self._expected, self._peek, stored).tag.S
        if tag not in self._kinds:
            raise self._of_another_kind(stored)
        reader, decode = self._kinds[tag]
        return reader, misfit.fit(self._expected, decode, stored)

    def item(self, found: Found) -> T:
        """Return the item in the shape of its kind."""
        reader, wire = found
        return reader.item(wire)  # type: ignore[no-any-return] # one of the pattern's shapes

    def items(self, found: Iterable[Found]) -> list[T]:
        """Return the items of a page, each in the shape of its kind."""
        return list(map(self.item, found))

    def live(self, items: Iterable[Found], now: float) -> list[Found]:
        """Return those of them that have not expired."""
        return [(reader, wire) for reader, wire in items if not reader.expired(wire, now)]

    def key(self, found: Found) -> Attributes:
        """Return the item's table and index keys, as stored."""
        reader, wire = found
        return reader.key(wire)

    def order(self, found: Found) -> tuple[Any, ...]:
        """Return the values of the sort key, which compare as DynamoDB sorts them."""
        reader, wire = found
        return reader.order(wire)

    def sort_key(self, found: Found) -> list[Wire]:
        """Return the same as it is stored."""
        reader, wire = found
        return reader.sort_key(wire)

    def _of_another_kind(self, stored: msgspec.Raw) -> ItemUnreadableError:
        key = misfit.primary_key(self._expected.table, msgspec.json.decode(stored))
        return ItemUnreadableError(
            self._expected.path,
            f"{misfit.subject(key)} cannot be read: its {self._discriminator} is that of no kind "
            "that the pattern reads.",
            "Name its kind in one_of(), or find out who wrote it.",
            key=key,
            field=self._discriminator,
        )
