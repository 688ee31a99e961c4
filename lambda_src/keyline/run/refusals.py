"""The meaning of a failed condition for the pattern that asked for it.

A condition may fail because an earlier attempt of the same call was carried out and only its answer
was lost. Such a refusal is in doubt. The refusal is told as somebody else's change only where the
item proves that the earlier attempt was not carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from keyline.errors import KeylineError
from keyline.model.pattern import Delete, Pattern, Put, Update
from keyline.model.shape import fields_of
from keyline.run import reply
from keyline.run.codec import Attributes, Reader
from keyline.run.comparison import same
from keyline.run.errors import (
    AlreadyExistsError,
    ConditionFailedError,
    ItemUnreadableError,
    NotFoundError,
    VersionConflictError,
)
from keyline.run.misfit import is_expired
from keyline.run.outcome import ReplyError
from keyline.run.repeat import SAFE
from keyline.run.repeat import of_update as repeat_of_update
from keyline.run.set_from import sources_without_value

T = TypeVar("T", bound=msgspec.Struct)
_UNMET = "a condition of the write does not hold.", "Read `current`: it is the item that is there."
_GIVE_VALUE = "Give the source a value first, or declare it with or_given()."
_MISSING = "there is no such item.", "Check the key, or create the item first."
_RAW = reply.decoder(reply.RawReply)
_ITEM = reply.decoder(reply.RAW)


def of_put(pattern: Put[Any], reader: Reader[Any], refusal: ReplyError, now: float) -> KeylineError:
    """Return why an item was not written, or that it may have been."""
    there = _current(pattern, reader, refusal.body, now)
    return unmet_put(pattern.name, pattern, there, in_doubt=refusal.in_doubt)


def unmet_put(path: str, pattern: Put[Any], current: Any, *, in_doubt: bool) -> KeylineError:
    """Return what the failed condition of a put means.

    Parameters
    ----------
    path
        The name of the pattern that was called: the put's own, or that of its transaction.
    current
        The item that is there, or why it cannot be read; None if there is none.
    in_doubt
        Whether an earlier attempt of the call may have been carried out.
    """
    if in_doubt:
        return SAFE.unknown(path, current)
    if current is not None and not pattern.replace:
        return AlreadyExistsError(
            path, "there is an item of this key.", "Change it, or use another key.", current=current
        )
    return ConditionFailedError(path, *_UNMET, current=current)


def of_update(
    pattern: Update[Any],
    reader: Reader[Any],
    refusal: ReplyError,
    changes: Iterable[str],
    expected: int | None,
    now: float,
    *,
    replacing: bool,
) -> KeylineError:
    """Return why an item was not changed, or that it may have been.

    Parameters
    ----------
    changes
        The names of what was to change.
    replacing
        Whether the update was to start over an expired item, with version 1.
    """
    current = _current(pattern, reader, refusal.body, now)
    version = _version(pattern, refusal.body)
    proven = not replacing and _is_before(version, expected, refusal)
    if refusal.in_doubt and not proven:
        return repeat_of_update(pattern, changes).unknown(pattern.name, current)
    if pattern.version and version != expected and (current is not None or pattern.upsert):
        return VersionConflictError(
            pattern.name,
            "somebody else changed the item first.",
            "Read it, apply the change again, and write with its version.",
            current=current,
            version=None if version is None else int(version),
        )
    return unmet_update(pattern, current, sources_without_value(pattern, _raw(refusal.body) or {}))


def unmet_update(
    pattern: Update[Any], current: Any, without_value: Mapping[str, str]
) -> KeylineError:
    """Return what the failed condition of an update means, where it is not about the version.

    Parameters
    ----------
    current
        As of `unmet_put`.
    without_value
        The sources that have no value in the item, by what the update sets from each.
    """
    if current is None and not pattern.upsert:
        return NotFoundError(pattern.name, *_MISSING)
    if without_value:
        lacking = [
            f"{source!r} has no value, and {name!r} is set from it"
            for name, source in without_value.items()
        ]
        return ConditionFailedError(
            pattern.name, f"{'; '.join(lacking)}.", _GIVE_VALUE, current=current
        )
    return ConditionFailedError(pattern.name, *_UNMET, current=current)


def of_delete(
    pattern: Delete[Any], reader: Reader[Any], refusal: ReplyError, now: float
) -> KeylineError | None:
    """Return why an item was not deleted, or that it may have been.

    None if there was none to delete, which is as good. A refusal in doubt is None as well where the
    item must exist: an earlier attempt of the call has deleted it, or somebody else has.
    """
    current = _current(pattern, reader, refusal.body, now)
    if current is not None:
        if refusal.in_doubt:
            return SAFE.unknown(pattern.name, current)
        return ConditionFailedError(pattern.name, *_UNMET, current=current)
    if pattern.must_exist and not refusal.in_doubt:
        return NotFoundError(pattern.name, *_MISSING)
    return None


def expired_item(pattern: Pattern[Any], refusal: ReplyError, now: float) -> Attributes | None:
    """Return the item that stood in the way, if it has expired."""
    found = _RAW.decode(refusal.body).Item
    expired = bytes(found) and is_expired(pattern.table, found, now)
    return _raw(refusal.body) if expired else None


def is_own_write(refusal: ReplyError, attributes: Attributes) -> bool:
    """Return whether the item that stood in the way is the very one, written by an earlier attempt.

    Somebody else's item that is the same in every attribute is not told apart.
    """
    found = _raw(refusal.body) if refusal.in_doubt else None
    return found is not None and same({"M": found}, {"M": attributes})


def of_own_update(
    pattern: Update[T],
    reader: Reader[T],
    refusal: ReplyError,
    is_done: Callable[[Attributes], bool],
) -> T | None:
    """Return the item that stood in the way, if an earlier attempt of the update has made it so.

    Somebody else's change to the very same values, by the same version, is not told apart.
    """
    found = _raw(refusal.body) if refusal.in_doubt else None
    if found is None or not is_done(found):
        return None
    try:
        return reader.item(reader.fit(_RAW.decode(refusal.body).Item))
    except ItemUnreadableError as error:
        raise error.after_change() from None


def without_value(pattern: Pattern[Any], raw: msgspec.Raw) -> Mapping[str, str]:
    """Return the sources of an update that have no value in the item that is there.

    The keys are what the update sets from each source. Another write has no sources.
    """
    if not isinstance(pattern, Update) or not pattern.set_from or not bytes(raw):
        return {}
    return sources_without_value(pattern, _ITEM.decode(raw))


def current(pattern: Pattern[Any], reader: Reader[Any], raw: msgspec.Raw, now: float) -> Any:
    """Return the item that is there, or the reason why it cannot be read.

    None if there is none or it has expired: that is told without reading it.
    """
    if not bytes(raw) or is_expired(pattern.table, raw, now):
        return None
    try:
        return reader.item(reader.fit(raw))
    except ItemUnreadableError as error:
        return error


def _current(pattern: Pattern[Any], reader: Reader[Any], body: bytes, now: float) -> Any:
    return current(pattern, reader, _RAW.decode(body).Item, now)


def _raw(body: bytes) -> Attributes | None:
    found: Attributes | None = reply.decoder(reply.ConditionReply, reply.RAW).decode(body).Item
    return found


def _is_before(version: Decimal | None, expected: int | None, refusal: ReplyError) -> bool:
    """Return whether the item proves that an update from the expected version was not carried out.

    A version only grows, and the update would have made it one more than the expected one.
    """
    if expected is None or _raw(refusal.body) is None:
        return False
    return version is None or version <= expected


def _version(pattern: Update[Any], body: bytes) -> Decimal | None:
    """Return the version of the item that is there.

    Where the item lacks the attribute, the version is the default of its field.
    """
    item, name = _raw(body), pattern.version
    if item is None or name is None:
        return None
    field = fields_of(pattern.kind.shape)[name]
    stored = item.get(name, {}).get("N", field.default if field.defaulted else None)
    return None if stored is None else Decimal(stored)
