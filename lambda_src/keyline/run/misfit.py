"""Items that do not fit the shape they are read as: which one, where, and what to do about it.

An answer is decoded as a whole, by one typed decoder. Where that fails, it is decoded again
item by item, to find out which items do not fit.
"""

from __future__ import annotations

import base64
import logging
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, get_args, get_origin

import msgspec

from keyline.model.pattern import Pattern
from keyline.model.table import Table
from keyline.run import reply, values
from keyline.run.errors import ItemUnreadableError

UNCONVERTIBLE = (
    ItemUnreadableError,
    ArithmeticError,
    AssertionError,
    LookupError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What an item raises that was decoded and does not make an instance of its shape all the same:
damaged compressed text, or a `__post_init__` that refuses the values."""

_log = logging.getLogger(__name__)
_ANY = reply.decoder(reply.RAW)
_PLACE = re.compile(r"at `\$(.*)`\Z")
_MISSING = re.compile(r"missing required field `(.*?)`(?: - at `.*`)?\Z")
_TAG = re.compile(r"\.([A-Z]+)")
_NAME = re.compile(r"\.([^.[]+)")
_ELEMENT = re.compile(r"\[(\d+)\]")
_NUMBER = re.compile(r"[-+.0-9eE]+")
_MEMBER = "[...]"
"""How msgspec writes the member of a map, whose name it does not tell."""
_BINARY_SHOWN = 16
"""Characters of a key's Binary value that a message shows."""


class Expected(msgspec.Struct, frozen=True):
    """The expected shape of items, as far as the error about one of them says it.

    Attributes
    ----------
    path
        What the error names first: the pattern, or the stream.
    table
        The table that the items are of.
    shapes
        The tag of each kind that an item may be of → the name of the shape it is read as.
    """

    path: str
    table: Table
    shapes: Mapping[str, str]

    @staticmethod
    def of(pattern: Pattern[Any]) -> Expected:
        """Return what a pattern expects of its items."""
        kinds = zip(pattern.kinds, pattern.shapes, strict=True)
        names = {kind.tag: shape.__name__ for kind, shape in kinds}
        return Expected(pattern.name, pattern.table, names)


class Decoder(Protocol):
    """A decoder of an answer's body."""

    def decode(self, body: bytes | msgspec.Raw, /) -> Any: ...


class Reads(Protocol):
    """The readers of a pattern's items: first as decoded, then in their shape."""

    def fit(self, stored: msgspec.Raw, /) -> Any: ...

    def item(self, found: Any, /) -> Any: ...


class ItemsDecoder(Protocol):
    """A decoder of an answer's body, and of each of its items by itself.

    Attributes
    ----------
    answer
        The type of the answer.
    """

    answer: Any

    def decode(self, body: bytes | msgspec.Raw, /) -> Any: ...

    def fit(self, stored: msgspec.Raw, /) -> Any: ...


class ReadableOnly:
    """Decodes answers from which unreadable items are left out.

    Parameters
    ----------
    answer
        `PageReply` or `BatchGetReply`.
    whole
        What decodes an answer all of whose items fit.
    """

    def __init__(self, answer: Any, whole: Decoder, reader: Reads) -> None:
        self.answer = answer
        self._whole = whole
        self._reader = reader

    def decode(self, body: bytes | msgspec.Raw, /) -> Any:
        """Return an answer that can be read whole.

        Raises
        ------
        msgspec.ValidationError, ItemUnreadableError
            If an item cannot be read.
        """
        answer = self._whole.decode(body)
        for found in _items_of(answer):
            self._reader.item(found)
        return answer

    def fit(self, stored: msgspec.Raw, /) -> Any:
        """Return one item as it is decoded.

        Raises
        ------
        ItemUnreadableError
            If it cannot be read.
        """
        found = self._reader.fit(stored)
        self._reader.item(found)
        return found


def decode(
    pattern: Pattern[Any], decoder: Decoder, body: bytes
) -> tuple[Any, Sequence[ItemUnreadableError]]:
    """Return an answer's body in its type, and why items are left out if the pattern allows it.

    Expired items are left out of what does not fit as a whole: they do not exist for readers.

    Raises
    ------
    ItemUnreadableError
        If an item does not fit the pattern's shape, and the pattern does not go on past it.
    msgspec.DecodeError, UnicodeDecodeError
        If the answer is not as DynamoDB's API describes it.
    """
    try:
        return decoder.decode(body), ()
    except (msgspec.ValidationError, ItemUnreadableError):
        return _one_by_one(pattern, _by_item(pattern, decoder), body)


def fit(
    expected: Expected, read: Callable[[Any], Any], stored: msgspec.Raw | Mapping[str, Any]
) -> Any:
    """Return one item, in the type that it is decoded into.

    Each item passes here that is not decoded with its answer as a whole. Such an item is of an
    answer that does not fit as a whole, of a collection, of a transaction, of a refusal, or of a
    stream.

    Parameters
    ----------
    read
        What decodes it.
    stored
        The item as DynamoDB writes it.

    Raises
    ------
    ItemUnreadableError
        If it does not fit. The error holds the item's key and none of its other values.
    """
    try:
        return read(stored)
    except msgspec.ValidationError as error:
        item = msgspec.json.decode(stored) if isinstance(stored, msgspec.Raw) else stored
        raise of_stored(expected, item, str(error)) from None


def of_stored(expected: Expected, item: Mapping[str, Any], said: str) -> ItemUnreadableError:
    """Return why an item does not fit, as far as the item tells: it may be of another kind.

    Parameters
    ----------
    item
        As DynamoDB writes it.
    said
        msgspec's message. Only its place is used: the rest may hold a value.
    """
    table, shapes = expected.table, expected.shapes
    key, name, shape = primary_key(table, item), table.discriminator, " or ".join(shapes.values())
    tag = str((item.get(name) or {}).get("S")) if name else ""
    if name is None or tag in shapes:
        return misfit(expected, shapes.get(tag, shape), key, field_of(item, said))
    found = [kind.shape.__name__ for kind in table.kinds if kind.tag == tag]
    if found:
        says, instead = f"is a {found[0]}, not a {shape}.", "Read it by a pattern of its own kind."
    else:
        says = f"is not a {shape}: its {name} is missing or that of no kind of the table."
        instead = "Declare its kind, or give the item the attribute."
    return ItemUnreadableError(
        expected.path, f"{subject(key)} {says}", instead, key=key, field=name
    )


def of_decoded(
    expected: Expected,
    shape: type[msgspec.Struct],
    stored: Mapping[str, Any],
    wire: Any,
    error: Exception,
) -> ItemUnreadableError:
    """Return why an item that was decoded makes no instance of its shape.

    Parameters
    ----------
    stored
        The attributes of its keys.
    """
    key, detail = primary_key(expected.table, stored), "."
    if isinstance(error, ItemUnreadableError):
        detail = f" {error.message} {error.suggestion}"
        if any(error.path == info.encode_name for info in msgspec.structs.fields(shape)):
            return misfit(expected, shape.__name__, key, error.path, detail)
    return misfit(expected, shape.__name__, key, _unconvertible(shape, wire), detail)


def misfit(
    expected: Expected, shape: str, key: Mapping[str, Any], field: str, detail: str = "."
) -> ItemUnreadableError:
    """Return the error of an item that does not fit the shape of its kind.

    Parameters
    ----------
    key, field
        As of the error.
    detail
        What follows the field, to the end of the sentence.
    """
    place = f": {field}{detail}" if field else "."
    return ItemUnreadableError(
        expected.path,
        f"{subject(key)} does not fit {shape}{place}",
        "Read it as a shape that it fits, or migrate the item.",
        key=key,
        field=field,
    )


def primary_key(table: Table, item: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return an item's primary key as DynamoDB JSON, Binary as base64; empty if it lacks a part."""
    types = table.key_attributes
    key: dict[str, dict[str, str]] = {}
    for name in table.key.attributes:
        text = _key_text(item.get(name), types[name])
        if text is None:
            return {}
        key[name] = {types[name]: text}
    return key


def subject(key: Mapping[str, Mapping[str, str]]) -> str:
    """Return what a message calls an item: `the item with id 'a', n 9`."""
    parts = (f"{name} {_shown(value)}" for name, value in key.items())
    return f"the item with {', '.join(parts)}" if key else "an item whose key cannot be told"


def field_of(item: Any, said: str) -> str:
    """Return the dotted place within an item that a message of msgspec's names; empty if none.

    A place of msgspec's goes through DynamoDB's types, `$.Data.M.due.S`, where a name may hold
    any character: so the item is walked along.
    """
    place = _PLACE.search(said)
    rest, names, node, of_attributes = place[1] if place else "", "", item, True
    while rest:
        step = _step_into(node, rest) if of_attributes else _step_through(node, rest)
        if step is None:
            break
        name, used, node, of_attributes = step
        names, rest = names + name, rest[used:]
    missing = _MISSING.search(said) if of_attributes else None
    return (names + (f".{missing[1]}" if missing else "")).removeprefix(".")


_Step = tuple[str, int, Any, bool]
"""What a step adds to the place, its length in msgspec's, where it leads, and whether there are
attributes by name."""


def _step_into(node: Any, rest: str) -> _Step | None:
    """Step from attributes by name to the value of one."""
    known = [n for n in node if rest.startswith(f".{n}")] if isinstance(node, dict) else []
    if known:
        name = max(known, key=len)
        return f".{name}", len(name) + 1, node[name], False
    if rest.startswith(_MEMBER):
        return _MEMBER, len(_MEMBER), None, False
    found = _NAME.match(rest)
    return (found[0], found.end(), None, False) if found else None


def _step_through(node: Any, rest: str) -> _Step | None:
    """Step from a value through its type to what it holds.

    A map holds attributes, and a list holds elements.
    """
    if tag := _TAG.match(rest):
        held = node.get(tag[1]) if isinstance(node, dict) else None
        return "", tag.end(), held, tag[1] == "M"
    if element := _ELEMENT.match(rest):
        number = int(element[1])
        held = node[number] if isinstance(node, list) and number < len(node) else None
        return element[0], element.end(), held, False
    return None


def _unconvertible(shape: type[msgspec.Struct], wire: Any) -> str:
    """Return the first field of a decoded item that makes no value; empty if each does."""
    for field in msgspec.structs.fields(shape):
        try:
            values.of_field(shape, field.encode_name).decode(getattr(wire, field.name))
        except UNCONVERTIBLE:
            return field.encode_name
    return ""


class _Typed:
    """Decodes each item of an answer for which there is one typed decoder."""

    def __init__(self, pattern: Pattern[Any], decoder: msgspec.json.Decoder[Any]) -> None:
        self.answer = get_origin(decoder.type)
        self.decode = decoder.decode
        self._expected = Expected.of(pattern)
        self._read = [reply.decoder(wire).decode for wire in get_args(decoder.type)]

    def fit(self, stored: msgspec.Raw, /) -> Any:
        return fit(self._expected, self._read[0], stored)


def _by_item(pattern: Pattern[Any], decoder: Any) -> ItemsDecoder:
    return _Typed(pattern, decoder) if isinstance(decoder, msgspec.json.Decoder) else decoder


def _one_by_one(
    pattern: Pattern[Any], decoder: ItemsDecoder, body: bytes
) -> tuple[Any, Sequence[ItemUnreadableError]]:
    """Return the same, decoded item by item."""
    now, left_out = time.time(), list[ItemUnreadableError]()

    def readable(raws: Iterable[msgspec.Raw]) -> list[Any]:
        kept = []
        for raw in raws:
            if is_expired(pattern.table, raw, now):
                continue
            try:
                kept.append(decoder.fit(raw))
            except ItemUnreadableError as error:
                if not isinstance(decoder, ReadableOnly):
                    raise
                left_out.append(error)
                _tell(pattern, error)
        return kept

    if decoder.answer is reply.PageReply:
        page = reply.decoder(reply.PageReply, msgspec.Raw).decode(body)
        return msgspec.structs.replace(page, Items=readable(page.Items)), left_out
    if decoder.answer is reply.BatchGetReply:
        batch = reply.decoder(reply.BatchGetReply, msgspec.Raw).decode(body)
        found = {table: readable(raws) for table, raws in batch.Responses.items()}
        return msgspec.structs.replace(batch, Responses=found), left_out
    one = reply.decoder(reply.RawReply).decode(body)
    if decoder.answer is reply.ItemReply and bytes(one.Item):
        (item,) = readable([one.Item]) or (None,)
        return reply.ItemReply(item, one.ConsumedCapacity), ()
    if decoder.answer is reply.WriteReply and bytes(one.Attributes):
        return reply.WriteReply(decoder.fit(one.Attributes), one.ConsumedCapacity), ()
    return decoder.decode(body), ()


def is_expired(table: Table, stored: msgspec.Raw, now: float) -> bool:
    """Return whether a stored item's time is over, which is told without reading the item.

    Parameters
    ----------
    now
        Epoch seconds.
    """
    at = _ANY.decode(stored).get(table.ttl.attribute, {}).get("N") if table.ttl else None
    return at is not None and float(at) <= now


def _items_of(answer: Any) -> Iterable[Any]:
    """Return the items of an answer that may have several."""
    if isinstance(answer, reply.PageReply):
        return answer.Items
    return chain.from_iterable(answer.Responses.values())


def _tell(pattern: Pattern[Any], error: ItemUnreadableError) -> None:
    """Log an item that is left out, as JSON on one line, without its other values."""
    line = {
        "message": "unreadable item",
        "pattern": pattern.name,
        "table": pattern.table.name,
        "key": error.key,
        "field": error.field,
    }
    _log.warning("%s", msgspec.json.encode(line).decode())


def _key_text(value: Any, tag: str) -> str | None:
    """Return a key's value of a type, as text; None if it is not of the type."""
    held = value.get(tag) if isinstance(value, Mapping) else None
    if isinstance(held, bytes):
        return base64.b64encode(held).decode()
    if not isinstance(held, str) or (tag == "N" and not _NUMBER.fullmatch(held)):
        return None
    return held


def _shown(value: Mapping[str, str]) -> str:
    ((tag, text),) = value.items()
    if tag == "S":
        return repr(text)
    if tag == "B" and len(text) > _BINARY_SHOWN:
        return f"{text[:_BINARY_SHOWN]}..."
    return text
