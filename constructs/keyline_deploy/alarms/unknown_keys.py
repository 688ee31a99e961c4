"""Keys of a JSON document that its form does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec
from msgspec.inspect import ListType, StructType, Type, UnionType

from keyline.errors import instead_of


def unknown_keys(
    document: object, kind: type[msgspec.Struct], known: Collection[str] = ()
) -> list[str]:
    """Return for each unknown key what it is and which known key is nearest.

    Parameters
    ----------
    kind
        The form of the document.
    known
        Keys that are known although the form does not read them.
    """
    form = msgspec.inspect.type_info(kind)
    return list(dict.fromkeys(_unknown(document, form, known, "")))


def _unknown(document: object, form: Type, known: Collection[str], path: str) -> Iterator[str]:
    match form, document:
        case StructType(fields=fields), dict():
            members = {field.encode_name: field.type for field in fields}
            for key, value in document.items():
                if key in members:
                    yield from _unknown(value, members[key], known, f"{path}{key}.")
                elif key not in known:
                    nearest = instead_of(key, {*members, *known})
                    yield f"the key {path + key!r} is not known and not read. {nearest}"
        case ListType(item_type=item), list():
            for member in document:
                yield from _unknown(member, item, known, path)
        case UnionType(types=types), _:
            for one in types:
                yield from _unknown(document, one, known, path)
