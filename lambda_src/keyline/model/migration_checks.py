"""Checks of a system's migration: names, its functions, settings that are missing."""

from __future__ import annotations

from collections.abc import Iterator

from keyline.errors import Fault, instead_of, repeated
from keyline.model.migration import PHASES, Migration, MigrationSettings
from keyline.model.system import System

_WORDS = {
    "what": "Say in the plural what moves: sessions.",
    "source": "Name the store that is moved from: memory.",
    "target": "Name the store that is moved to: DynamoDB.",
    "back": "Say what a switch back means for writes that the target alone was told.",
    "runbook": "Give the path of the page that says when to switch.",
}


def migration_faults(system: System) -> Iterator[Fault]:
    """Yield everything that is wrong with a system's migration, if it has one."""
    migration = system.migration
    if migration is None:
        return
    yield from _word_faults(migration)
    yield from _function_faults(system, migration)
    if not issubclass(system.settings, MigrationSettings):
        yield (
            "settings",
            f"{system.settings.__name__} lacks 'phase' and 'phase_seconds' of the migration.",
            "Derive it from keyline.model.MigrationSettings.",
        )


def _word_faults(migration: Migration) -> Iterator[Fault]:
    for name, suggestion in _WORDS.items():
        if not getattr(migration, name).strip():
            yield f"migration.{name}", "is empty.", suggestion
    if migration.source == migration.target:
        yield (
            "migration.target",
            f"is {migration.target!r}, as the source is.",
            "Give the two stores different names.",
        )
    for phase, meaning in migration.meanings.items():
        if phase not in PHASES:
            yield f"migration.meanings[{phase}]", "is not a phase.", "Use 1, 2 or 3."
        if not meaning.strip():
            yield f"migration.meanings[{phase}]", "is empty.", "Say what the phase means."


def _function_faults(system: System, migration: Migration) -> Iterator[Fault]:
    known = {function.name: function for function in system.functions}
    if not migration.functions:
        yield "migration.functions", "is empty.", "Name the functions that read the phase."
    for name in repeated(migration.functions):
        yield f"migration.functions[{name}]", "is named twice.", "Name each function once."
    for name in migration.functions:
        if name not in known:
            yield (
                f"migration.functions[{name}]",
                "is not a function of the system.",
                instead_of(name, known),
            )
        elif "ssm" not in known[name].services:
            yield (
                f"migration.functions[{name}]",
                "reads the phase from SSM, and its bundle lacks the model of that service.",
                "Declare services=('ssm',) on the function.",
            )
