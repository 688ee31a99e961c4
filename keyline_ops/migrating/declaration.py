"""The backfills of a system: those that it declares, and those that its indexes imply.

`systems/<system>/backfills.py` exports a tuple of `Copy` and `Fill` as `BACKFILLS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from keyline.errors import KeylineError, instead_of, repeated
from keyline.model import Copy, Fill, System
from keyline_deploy.systems import declaration, names, part

Backfill = Copy[Any, Any] | Fill[Any]


@dataclass(frozen=True)
class Backfills:
    """A system with its backfills.

    Attributes
    ----------
    declared
        Those that it declares; without a name the command does these.
    """

    system: System
    declared: tuple[Backfill, ...]

    @property
    def all(self) -> tuple[Backfill, ...]:
        """Those that it declares, and one for each kind of items with derived keys of an index."""
        return (*self.declared, *of_indexes(self.system))

    def named(self, name: str | None, environment: str) -> list[Backfill]:
        """Return the backfills of a name; those that are declared where it is None.

        That of an index may also be named by the table's deployed name.

        Raises
        ------
        KeylineError
            If there is none.
        """
        if name is None:
            if not self.declared:
                raise KeylineError(
                    f"system {self.system.name}",
                    "declares no backfill.",
                    self._instead(),
                )
            return list(self.declared)
        found = [each for each in self.all if name in _names(each, environment)]
        if not found:
            known = [each.name for each in self.all]
            said = f"{self.system.name} has no backfill of this name."
            raise KeylineError(f"backfill {name}", said, instead_of(name, known))
        return found

    def _instead(self) -> str:
        known = sorted({each.name for each in self.all})
        if not known:
            return f"Declare one in systems/{self.system.name}/backfills.py."
        return f"Name an index whose key items may lack: {', '.join(known)}."


def _names(backfill: Backfill, environment: str) -> tuple[str, ...]:
    if isinstance(backfill, Copy):
        return (backfill.name,)
    _, slash, index = backfill.name.partition("/")
    deployed = f"{backfill.table.physical_name(environment)}/{index}"
    return (backfill.name, deployed) if slash else (backfill.name,)


def backfills_of(system: str) -> Backfills:
    """Return the backfills of a system.

    Raises
    ------
    KeylineError
        If there is no such system, or two of its backfills have one name.
    """
    if system not in names():
        raise KeylineError(f"system {system}", "is not a system.", instead_of(system, names()))
    module = part(system, "backfills")
    declared: Sequence[Backfill] = module.BACKFILLS if module else ()
    for name in repeated(each.name for each in declared):
        said = "two backfills have this name."
        raise KeylineError(f"systems/{system}/backfills.py: {name}", said, "Name each differently.")
    return Backfills(declaration(system), tuple(declared))


def of_indexes(system: System) -> Iterable[Fill[Any]]:
    """Yield what fills each index whose key is made by templates or constants."""
    for table in system.tables:
        for index in table.indexes:
            for kind in table.kinds:
                derived = {*kind.keys, *kind.constants}
                attributes = tuple(
                    name
                    for name in index.key.attributes
                    if name in derived and name not in table.key.attributes
                )
                if attributes:
                    yield Fill(
                        name=f"{table.name}/{index.name}",
                        why=f"Give items of before the index {index.name} its key.",
                        table=table,
                        shape=kind.shape,
                        attributes=attributes,
                    )
