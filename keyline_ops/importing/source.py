"""A file of records, one JSON object a line or one JSON list, read piece by piece."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from keyline.errors import KeylineError

CHUNK = 64 * 1024
MAX_RECORD = 2 * 1024 * 1024
"""Characters. An item takes 400 KB; what is longer than this is not a record but a broken file."""

NO_UTF_8 = "is not UTF-8 (iconv converts files)."
_SPACE = " \t\r\n"


@dataclass(frozen=True)
class Record:
    """One record of a file.

    Attributes
    ----------
    number
        The record's place among the records, from 1.
    line
        The line that it begins on, from 1.
    value
        What it holds: a JSON value; None where it cannot be read.
    fault
        Why it cannot be read; empty where it can.
    """

    number: int
    line: int
    value: Any = None
    fault: str = ""


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises
    ------
    KeylineError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def records(path: Path, at: Callable[[int], object] = lambda _: None) -> Iterator[Record]:
    """Read the records of a file, in order; a broken line is a record with a fault.

    A file whose first character is `[` is a JSON list; any other has a JSON value on each line that
    is not blank. A file is never held whole.

    Raises
    ------
    KeylineError
        If the file cannot be read, or a list is broken, so that nobody can tell where its next
        element begins.
    """
    try:
        with path.open("rb") as raw, io.TextIOWrapper(raw, "utf-8-sig", "surrogateescape") as file:
            found = _list(path, file) if _first(file) == "[" else _lines(file)
            for record in found:
                at(raw.tell())
                yield record
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> KeylineError:
    return KeylineError(
        str(path), f"cannot be read: {error.strerror}.", "Name a file that you may read."
    )


def _first(file: TextIO) -> str:
    """Return the first character that is not a space; the file stands at its beginning again."""
    while (character := file.read(1)) and character in _SPACE:
        pass
    file.seek(0)
    return character


def _lines(file: TextIO) -> Iterator[Record]:
    number, line = 0, 0
    while text := file.readline(MAX_RECORD):
        line += 1
        if not text.strip():
            continue
        number += 1
        if len(text) == MAX_RECORD and not text.endswith("\n"):
            _skip_line(file)
            yield Record(number, line, fault=f"is longer than {MAX_RECORD:,} characters.")
            continue
        try:
            text.encode()
            yield Record(number, line, json.loads(text, parse_constant=_refuse))
        except UnicodeEncodeError:  # of what was not UTF-8 in the file
            yield Record(number, line, fault=NO_UTF_8)
        except ValueError as error:
            yield Record(number, line, fault=f"is not JSON ({error}).")
        except RecursionError:
            yield Record(number, line, fault="is nested too deeply.")


def _skip_line(file: TextIO) -> None:
    while (rest := file.readline(MAX_RECORD)) and not rest.endswith("\n"):
        pass


def _refuse(constant: str) -> float:
    """Refuse NaN and Infinity: JSON does not have them, and DynamoDB does not store them."""
    raise ValueError(f"{constant} is not JSON")


class _Text:
    """A file's text, as much of it as is looked at."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self._text = ""
        self.line = 1

    def next(self) -> str:
        """Return the next character that is not a space; empty at the end."""
        while True:
            rest = self._text.lstrip(_SPACE)
            self.take(len(self._text) - len(rest))
            if rest or not self._more():
                return rest[:1]

    def take(self, count: int) -> None:
        """Go on by so many characters."""
        self.line += self._text.count("\n", 0, count)
        self._text = self._text[count:]

    def value(self) -> Any:
        """Return the JSON value that begins here.

        Raises
        ------
        UnicodeEncodeError
            If it was not UTF-8 in the file. The reader is behind the value then, too.
        """
        decoder = json.JSONDecoder(parse_constant=_refuse)
        while True:
            try:
                value, end = decoder.raw_decode(self._text)
            except ValueError as error:
                if len(self._text) > MAX_RECORD or not self._more():
                    raise self.broken(f"no JSON begins there ({error})") from error
                continue
            except RecursionError as error:
                raise self.broken("a value is nested too deeply") from error
            if end < len(self._text) or not self._more():  # a number may go on in the next chunk
                text = self._text[:end]
                self.take(end)
                text.encode()
                return value

    def broken(self, why: str) -> KeylineError:
        """Return the error of a list that cannot be read on."""
        return KeylineError(
            f"{self._path.name}, line {self.line}",
            f"the list is broken: {why}.",
            "Correct the file and import it again: what was imported counts as already there.",
        )

    def _more(self) -> bool:
        chunk = self._file.read(CHUNK)
        self._text += chunk
        return bool(chunk)


def _list(path: Path, file: TextIO) -> Iterator[Record]:
    text = _Text(path, file)
    text.next()
    text.take(1)
    number = 0
    while (character := text.next()) != "]":
        if number:
            if character != ",":
                raise text.broken("a comma or ] is missing")
            text.take(1)
            text.next()
        line = text.line
        number += 1
        try:
            record = Record(number, line, text.value())
        except UnicodeEncodeError:
            record = Record(number, line, fault=NO_UTF_8)
        yield record
    text.take(1)
    if text.next():
        raise text.broken("something follows its end")
