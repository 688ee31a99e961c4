"""Errors that a reader can act on: where, what, and what to do about it.

Each of four words has one meaning. A *fault* is in a declaration. An *error* is raised, and the
name of its class ends in `Error`. A *problem* is the document of an HTTP response. A *finding* is
in a template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Named(Protocol):
    """A thing that has a name."""

    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)
T = TypeVar("T")

Fault = tuple[str, str, str]
"""Path, message and suggestion of an error that nobody has raised yet."""


class KeylineError(Exception):
    """An error with a path, a message and a suggestion.

    Parameters
    ----------
    path
        Where it is: `ChatMessages.indexes.ByModule`, `body.tokenCount`.
    message
        What is wrong there.
    suggestion
        What would put it right.
    """

    def __init__(self, path: str, message: str, suggestion: str = "") -> None:
        self.path = path
        self.message = message
        self.suggestion = suggestion
        super().__init__(f"{path}: {message}" + (f" {suggestion}" if suggestion else ""))


class DeclarationError(KeylineError):
    """A table, index, pattern or system that cannot work as it is declared."""


def raise_first(faults: Iterable[Fault], where: str = "") -> None:
    """Raise the first of these faults, if there is one.

    Parameters
    ----------
    where
        What comes before its path.

    Raises
    ------
    DeclarationError
        At the first fault.
    """
    for path, message, suggestion in faults:
        raise DeclarationError(f"{where}.{path}" if where else path, message, suggestion)


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is spelled most like another; None if no name is alike."""
    from difflib import get_close_matches  # not at the start of functions, which rarely need it

    return next(iter(get_close_matches(name, list(known), n=1)), None)


def instead_of(name: str, known: Iterable[str]) -> str:
    """Return what to suggest in place of an unknown name."""
    names = sorted(known)
    close = closest(name, names)
    if close is not None:
        return f"Did you mean {close!r}?"
    return f"Use one of: {', '.join(names)}." if names else "There is nothing to choose from."


def named(name: str, among: Iterable[NamedT], path: str, kind: str) -> NamedT:
    """Return the one of this name.

    Parameters
    ----------
    kind
        What such a thing is called.

    Raises
    ------
    DeclarationError
        If there is none.
    """
    known = {each.name: each for each in among}
    if name not in known:
        raise DeclarationError(path, f"there is no {kind} {name!r}.", instead_of(name, known))
    return known[name]


def repeated(names: Iterable[T]) -> list[T]:
    """Return those that occur more than once."""
    return [name for name, count in Counter(names).items() if count > 1]
