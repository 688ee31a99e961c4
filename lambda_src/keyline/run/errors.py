"""The errors of a call: a caller can tell them apart and act on each.

No message holds an item's values, so messages may be logged as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from keyline.errors import KeylineError


class BadCallError(KeylineError):
    """A call that does not fit its pattern: a parameter missing, unknown or of a wrong type."""


class BadValueError(KeylineError):
    """A value that DynamoDB cannot store."""

    def at(self, path: str) -> BadValueError:
        """Return the same error for a value whose place is known better."""
        return BadValueError(path, self.message, self.suggestion)


class ItemUnreadableError(KeylineError):
    """A stored item that does not fit the shape it is read as.

    Attributes
    ----------
    key
        The item's primary key as DynamoDB JSON, Binary as base64 text; empty where it cannot be
        told.
    field
        The part of the item that does not fit, with dots between names: `kind`, `Data.due`.
        Empty where it cannot be told.
    carried_out
        Whether the item is the result of a change that was carried out.
    """

    def __init__(
        self,
        path: str,
        message: str,
        suggestion: str = "",
        *,
        key: Mapping[str, Mapping[str, str]] | None = None,
        field: str = "",
        carried_out: bool = False,
    ) -> None:
        super().__init__(path, message, suggestion)
        self.key = dict(key or {})
        self.field = field
        self.carried_out = carried_out

    def after_change(self) -> ItemUnreadableError:
        """Return the same error for the item that a change left behind."""
        return ItemUnreadableError(
            self.path,
            f"the change was carried out, but {self.message}",
            self.suggestion,
            key=self.key,
            field=self.field,
            carried_out=True,
        )


class NotFoundError(KeylineError):
    """The item to change does not exist, or has expired."""


class Current:
    """The item that stood in the way of a write.

    Attributes
    ----------
    current
        The item, as the pattern's shape; None if there is none, or if it cannot be read.
    unreadable
        Why the item cannot be read; None if it can, or if there is none. So there is no item
        where both are None.
    """

    current: Any
    unreadable: ItemUnreadableError | None

    def current_item(self) -> Any:
        """Return the item, or None if there is none.

        Raises
        ------
        ItemUnreadableError
            If there is an item that cannot be read.
        """
        if self.unreadable is not None:
            raise self.unreadable
        return self.current

    def _keep(self, current: Any) -> None:
        """Keep the item, or the reason in its place if it cannot be read."""
        self.unreadable = current if isinstance(current, ItemUnreadableError) else None
        self.current = None if self.unreadable is not None else current


class ConditionFailedError(KeylineError, Current):
    """A write whose condition does not hold.

    Parameters
    ----------
    current
        The item that is there; the reason in its place if it cannot be read.

    Attributes
    ----------
    current, unreadable
        As of `Current`.
    """

    def __init__(self, path: str, message: str, suggestion: str = "", *, current: Any) -> None:
        super().__init__(path, message, suggestion)
        self._keep(current)


class AlreadyExistsError(ConditionFailedError):
    """A create met an item of the same key."""


class VersionConflictError(ConditionFailedError):
    """Somebody else changed the item first: its version is not the expected one.

    Attributes
    ----------
    version
        The version that is there; None if there is no item, or it has none.
    """

    def __init__(
        self,
        path: str,
        message: str,
        suggestion: str = "",
        *,
        current: Any,
        version: int | None = None,
    ) -> None:
        super().__init__(path, message, suggestion, current=current)
        self.version = version

    def is_own(self, expected: int, changes: Mapping[str, Any]) -> bool:
        """Return whether the item that is there is what the update would have made of it.

        Then an earlier try of the same request has made it, or somebody else has made the same
        change from the same version. These two look the same: a caller who has to tell them
        apart, such as one who counts up, must not ask.

        Parameters
        ----------
        expected
            The version that the update was given.
        changes
            Fields that the update sets, with their values. What differs between two tries, such
            as a moment, is left out.
        """
        item = self.current
        if item is None or self.version != expected + 1:
            return False
        fields = {f.encode_name: f for f in msgspec.structs.fields(item)}
        return all(
            getattr(item, fields[name].name) == (_default_of(fields[name]) if new is None else new)
            for name, new in changes.items()
        )


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    """Return what a read gives where the attribute was removed."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.default is msgspec.NODEFAULT else field.default


class ItemTooLargeError(KeylineError):
    """An item beyond DynamoDB's limit of 400 KB.

    Attributes
    ----------
    size
        Bytes.
    largest
        The largest attributes with their bytes.
    """

    def __init__(
        self, path: str, size: int, limit: int, largest: Sequence[tuple[str, int]]
    ) -> None:
        parts = ", ".join(f"{name} ({bytes_} B)" for name, bytes_ in largest)
        super().__init__(
            path, f"the item takes {size} B of {limit} B.", f"Its largest attributes: {parts}."
        )
        self.size = size
        self.largest = tuple(largest)


class InvalidCursorError(KeylineError):
    """A cursor that this call did not issue, or that was altered."""


class ThrottlingReason(msgspec.Struct, frozen=True):
    """The reason and the place of a throttled request.

    Attributes
    ----------
    reason
        Such as `TableWriteKeyRangeThroughputExceeded`.
    resource
        The ARN of the table or index.
    """

    reason: str
    resource: str = ""


class ThrottledError(KeylineError):
    """DynamoDB refused for its throughput, and the retries were used up.

    Attributes
    ----------
    reasons
        What DynamoDB says of it; empty where it says nothing.
    retry_after
        Seconds after which another try makes sense.
    """

    def __init__(
        self, path: str, reasons: Sequence[ThrottlingReason] = (), retry_after: int = 1
    ) -> None:
        why = ", ".join(r.reason for r in reasons) or "no reason given"
        super().__init__(
            path,
            f"was throttled ({why}).",
            "Try again later. If this lasts, spread the requests over more partition keys.",
        )
        self.reasons = tuple(reasons)
        self.retry_after = retry_after


class UnavailableError(KeylineError):
    """The service gave no answer in time, or said that it is at fault."""


class OutcomeUnknownError(UnavailableError, Current):
    """A write that may have been carried out, or not: its answer was lost.

    Attributes
    ----------
    repeatable
        Whether the same call may simply be made again. If the write was carried out already, the
        second call changes nothing, as long as nobody else has written the item since. The second
        call may then raise `AlreadyExistsError`, `VersionConflictError`, `ConditionFailedError` or
        `NotFoundError`.
    current, unreadable
        As of `Current`: the item that a repeated attempt has met and that does not fulfil its
        condition. The two are None if the attempt met no such item, or if there was no answer at
        all.
    """

    def __init__(
        self, path: str, suggestion: str, *, repeatable: bool, current: Any = None
    ) -> None:
        super().__init__(path, "the write may have been carried out, or not.", suggestion)
        self.repeatable = repeatable
        self._keep(current)


_LOOK_UP = 'Look the code up in the DynamoDB developer guide, section "Error handling".'
_ADVICE = {
    "AccessDeniedException": "Name the pattern in `patterns` of the function, and deploy its role.",
    "InvalidSignatureException": "Set the clock of this machine, or correct the credentials.",
    "ResourceNotFoundException": "Deploy the table and the index first.",
}


class RequestRefusedError(KeylineError):
    """DynamoDB refused the request for another reason.

    Attributes
    ----------
    code
        DynamoDB's name of the error: `AccessDeniedException`.
    """

    def __init__(self, path: str, code: str, message: str) -> None:
        super().__init__(
            path, f"DynamoDB refused the request ({code}): {message}", _ADVICE.get(code, _LOOK_UP)
        )
        self.code = code


class UnprocessedLeftError(KeylineError):
    """A batch of which DynamoDB left a part undone, however often it was asked.

    Attributes
    ----------
    remaining
        The keys, or the put and delete requests, as DynamoDB writes them.
    """

    def __init__(self, path: str, remaining: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(
            path, f"{len(remaining)} parts were left undone.", "Try these again later."
        )
        self.remaining = tuple(remaining)


class Cancelled(Current, msgspec.Struct, frozen=True):
    """The reason why one action made a transaction fail.

    Attributes
    ----------
    action
        The action's place in the transaction, from 0.
    pattern
        The pattern's name.
    code
        `ConditionalCheckFailed`, `TransactionConflict`, `ThrottlingError`, ...
    current, unreadable
        As of `Current`, where a condition failed.
    without_value
        The sources of an update that have no value in the item, by what is set from each.
    """

    action: int
    pattern: str
    code: str
    current: Any = None
    unreadable: ItemUnreadableError | None = None
    without_value: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __str__(self) -> str:
        names = ", ".join(dict.fromkeys(self.without_value.values()))
        return f"{self.pattern}: {self.code}" + (f" without a value of {names}" if names else "")


class TransactionCancelledError(KeylineError):
    """A transaction of which no part was carried out.

    Attributes
    ----------
    reasons
        The actions that made it fail.
    """

    def __init__(self, path: str, reasons: Sequence[Cancelled]) -> None:
        why = ", ".join(map(str, reasons)) or "no reason given"
        super().__init__(
            path,
            f"was cancelled ({why}).",
            "Read `reasons`: each names an action that failed, and the item that it met.",
        )
        self.reasons = tuple(reasons)

    @property
    def conflict(self) -> bool:
        """Return whether it merely met another transaction, so that another try may succeed."""
        return bool(self.reasons) and all(r.code == "TransactionConflict" for r in self.reasons)

    def current_of(self, action: int) -> Any:
        """Return the item that stood in the way of an action; None if there was none to read."""
        return next((r.current for r in self.reasons if r.action == action), None)

    def refused(self, pattern: str) -> bool:
        """Return whether the condition of an action did not hold.

        Parameters
        ----------
        pattern
            The name of the action's pattern.
        """
        return any(
            r.pattern == pattern and r.code == "ConditionalCheckFailed" for r in self.reasons
        )
