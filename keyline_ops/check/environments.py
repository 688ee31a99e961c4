"""The faults of the environment files, each with the settings of every system in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from keyline.errors import Fault, KeylineError
from keyline.model import System
from keyline_deploy.environment import (
    Environment,
    archive_faults,
    load,
    table_name_faults,
    unknown_systems,
    unknown_tables,
)
from keyline_deploy.environment import names as environment_names


def faults(folder: Path, systems: Sequence[System], known: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong with each environment: the first fault of each file and each section.

    Parameters
    ----------
    systems
        Whose settings are checked.
    known
        The names of all systems of the project.
    """
    for name in environment_names(folder):
        try:
            environment = load(name, folder)
        except KeylineError as error:
            yield error.path, error.message, error.suggestion
        else:
            yield from unknown_systems(environment, known)
            yield from table_name_faults(environment, systems)
            yield from archive_faults(environment, systems)
            if {system.name for system in systems} == set(known):
                tables = [table.name for system in systems for table in system.tables]
                yield from unknown_tables(environment, tables)
            for system in systems:
                yield from _settings(environment, system)


def _settings(environment: Environment, system: System) -> Iterator[Fault]:
    try:
        environment.settings(system.name, system.settings)
    except KeylineError as error:
        yield error.path, error.message, error.suggestion
