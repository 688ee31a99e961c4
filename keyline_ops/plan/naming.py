"""The ways in which a template's texts name a table or an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from keyline_ops.plan.constants import Value, shown

_PLAIN_WORD = re.compile(r"[a-z]+")
_UNKNOWN = re.compile(r"\$\{[^}]*\}")
_OF_AN_INDEX = re.compile(r"index|idx|gsi", re.I)


@dataclass(frozen=True)
class Text:
    """A text of a template for people, and the key that it stands under."""

    key: str
    text: str


@dataclass(frozen=True)
class IndexName:
    """The name of an index of a table.

    `email` and `status` may be the name of anything else. Such a plain word counts only where
    something says that it is an index.
    """

    index: str
    table: str

    def is_in(self, text: Text) -> bool:
        """Return whether a text is the name, or has it in quotes or in the ARN of the index."""
        is_told = bool(_OF_AN_INDEX.search(text.key)) or not self._is_plain
        return (
            (text.text == self.index and is_told)
            or self._quoted.search(text.text) is not None
            or any(
                found["table"] in (None, shown(self.table))
                for found in self._path.finditer(text.text)
            )
        )

    @property
    def _is_plain(self) -> bool:
        return _PLAIN_WORD.fullmatch(self.index) is not None

    @cached_property
    def _quoted(self) -> re.Pattern[str]:
        said = r"(?:index|idx|gsi)\w*\\?[\"']?\s*[:=]\s*\\?" if self._is_plain else ""
        return re.compile(rf"{said}[\"']{re.escape(self.index)}\\?[\"']", re.I if said else 0)

    @cached_property
    def _path(self) -> re.Pattern[str]:
        return re.compile(
            r"(?:(?:^|[:/])table/(?P<table>[^/]+)/)?"
            rf"(?<![\w.-])index/{re.escape(self.index)}(?![\w.-])"
        )


def mentions(text: str, name: str) -> bool:
    """Return whether a text has a name as a word of its own."""
    return re.search(rf"(?<![\w.-]){re.escape(shown(name))}(?![\w.-])", text) is not None


def covers(pattern: str, name: str) -> bool:
    """Return whether a pattern of ARNs (`arn:aws:dynamodb:*:*:table/*`) covers a table.

    An unknown part of the pattern (`${AWS::Region}`) covers everything.
    """
    if "*" not in pattern:
        return False
    known = _UNKNOWN.sub("*", pattern)
    parts = known.split(":", 5)
    service = parts[2] if len(parts) > 2 else "*"  # `*` and `arn:*` cover all services
    own = parts[5] if len(parts) > 5 else "*"
    ends = known.endswith("*") or len(parts) > 5
    return ends and fnmatchcase("dynamodb", service) and fnmatchcase(f"table/{shown(name)}", own)


def texts_of(value: Value, key: str = "") -> Iterator[Text]:
    """Yield the texts of a value."""
    if isinstance(value, str):
        yield Text(key, shown(value))
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts_of(item, name)


def keys_of(value: Value) -> Iterator[str]:
    """Yield the keys of a value, of all its levels."""
    if isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from keys_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys_of(item)
