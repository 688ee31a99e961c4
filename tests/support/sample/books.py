"""The books of the shop: the least that a system can be."""

from __future__ import annotations

import msgspec

from keyline.model import Function, Get, Key, System, Table


class Book(msgspec.Struct):
    """An item with a key and nothing else."""

    bookId: str


BOOKS = Table("Books", "Key design: one book, by its id.", key=Key("bookId"), entities=[Book])
BOOK_GET = Get(name="book-get", why="Read.", table=BOOKS, shape=Book, item_bytes=10, per_month=1)
BOOK_READER = Function(
    name="read", handler="books.read.handler", why="Reads books.", patterns=(BOOK_GET,)
)
SMALL = System(name="books", title="Books", tables=(BOOKS,), functions=(BOOK_READER,))
