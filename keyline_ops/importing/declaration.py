"""A system's declaration of its import: how a record of a file becomes an item.

`systems/<system>/importing.py` exports an `Import` as `IMPORT`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from keyline.errors import KeylineError, instead_of
from keyline.model import Put, System
from keyline_deploy.systems import names, part

ItemT = TypeVar("ItemT", bound=msgspec.Struct)
OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)
SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


class RecordRefusedError(KeylineError):
    """A record that is not imported; its path is a path in the record."""


@dataclass(frozen=True, kw_only=True)
class Candidate(Generic[ItemT]):
    """An item that a record became.

    Attributes
    ----------
    made_up
        The attributes that the converter made up. A stored item may have other values there, and
        is still equal.
    """

    item: ItemT
    made_up: frozenset[str] = frozenset()

    def equals(self, stored: ItemT) -> bool:
        """Tell whether a stored item is the same in all that the record decides.

        An attribute that the record leaves out, and that is not made up, has to be absent from
        the stored item too.
        """
        compared = {field.name for field in msgspec.structs.fields(self.item)} - self.made_up
        return all(getattr(self.item, name) == getattr(stored, name) for name in compared)


Converter = Callable[[Any], Candidate[ItemT]]
"""Makes an item of a record's JSON value, or raises `Refused`."""


@dataclass(frozen=True, kw_only=True)
class Import(Generic[ItemT, OptionsT, SettingsT]):
    """The import of a system.

    Attributes
    ----------
    pattern
        Stores an item, and refuses an item whose key is taken.
    noun
        What an item is called: `report`.
    options
        The options of this import: a struct with a default for each. Options come as
        `--set NAME=VALUE`. A field's description (`msgspec.Meta`) stands in the command's help.
    converter
        Makes the converter of one import, of its options, of the system's settings, and of the
        moment at which the import was first started (ISO 8601 in UTC, with microseconds).
    """

    system: System
    pattern: Put[ItemT]
    noun: str
    options: type[OptionsT]
    converter: Callable[[OptionsT, SettingsT, str], Converter[ItemT]]


AnyImport = Import[Any, Any, Any]


def imports() -> dict[str, AnyImport]:
    """Return the imports that there are, by the names of their systems."""
    modules = {name: part(name, "importing") for name in names()}
    return {name: module.IMPORT for name, module in modules.items() if module}


def import_of(system: str) -> AnyImport:
    """Return the import of a system.

    Raises
    ------
    KeylineError
        If there is no such system, or it has no import.
    """
    known = imports()
    if system not in known:
        why = "has no import." if system in names() else "is not a system."
        raise KeylineError(f"import {system}", why, instead_of(system, known))
    return known[system]
