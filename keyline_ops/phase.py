"""The phase of a system's migration in an environment: shown, and switched."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.table import Table

from keyline.errors import KeylineError
from keyline.migration import Mode, Phase, PhaseUnknownError
from keyline.model import Migration, MigrationSettings, System
from keyline_deploy.environment import Environment
from keyline_deploy.names import phase_parameter_name
from keyline_local import client
from keyline_ops.aws import aws_client
from keyline_ops.deployed import deployed, translated
from keyline_ops.running import ask_local

_FORWARD = (
    "Before: MigrationMismatches and MigrationPending are 0, and MigrationWriteFailures rare."
)
_LAST = "Writes that are still pending are made first; until then their requests answer 503."


@dataclass(frozen=True)
class Migrating:
    """A system with its migration."""

    system: System
    migration: Migration


def migrating(systems: Iterable[System]) -> list[Migrating]:
    """Return the systems that have a migration."""
    return [Migrating(each, each.migration) for each in systems if each.migration]


def find(name: str, systems: Iterable[System]) -> Migrating:
    """Return the system of a name with its migration.

    Raises
    ------
    KeylineError
        If there is no such system, or it has no migration.
    """
    systems = tuple(systems)
    known = {each.system.name: each for each in migrating(systems)}
    if name in known:
        return known[name]
    exists = any(system.name == name for system in systems)
    raise KeylineError(
        f"system {name}",
        "has no migration." if exists else "there is no such system.",
        f"Systems with a migration: {', '.join(sorted(known)) or 'none'}.",
    )


@dataclass(frozen=True)
class Switch:
    """The parameter, as it is and as it is to be.

    Attributes
    ----------
    before
        The value of the parameter; the phase is None if the value is not a phase.
    after
        The value after a switch; the same if there is nothing to switch.
    seconds
        How long functions use a phase before they read it again.
    """

    of: Migrating
    name: str
    before: str
    phase: Phase | None
    after: str
    seconds: float

    @property
    def changes(self) -> bool:
        """Return whether there is anything to write."""
        return self.after != self.before

    @property
    def mode(self) -> Mode | None:
        """The phase that it ends in."""
        if not self.changes:
            return self.phase.mode if self.phase else None
        return Phase.parse(self.after, self.name).mode

    @property
    def meaning(self) -> str:
        """Return what the phase that it ends in means."""
        if self.mode is None:
            return f"{self.before!r} is not a phase: functions keep to the last that they read."
        return self.of.migration.meaning(self.mode)

    @property
    def notes(self) -> list[str]:
        """Return what it means, and what to see to."""
        said, mode = [self.meaning], self.mode
        if self.changes and mode is not None:
            before = self.phase.mode if self.phase else mode
            back = self.of.migration.back
            said += [_FORWARD] if mode > before else [back] if mode < before else []
            said += [_LAST] if mode is Mode.TARGET else []
            said.append(f"Functions follow within {self.seconds:g} s of their next requests.")
            said.append(
                "Deployments leave it, unless the setting `phase` changes."
                f" See {self.of.migration.runbook}."
            )
        return said


def parameter_store(environment: Environment, state: Path | None) -> Any:
    """Return boto3's client of the parameters of an environment.

    Raises
    ------
    KeylineError
        If the local platform is not running, or the credentials are another account's.
    """
    if environment.is_local:
        status = ask_local(environment, state, "GET", "/status")
        return client("ssm", str(status["aws"]), environment.region)
    deployed(environment, state)  # refuses another account
    return aws_client("ssm", environment.region)


def plan(
    ssm: Any, environment: Environment, of: Migrating, to: Mode | None, now: float | None = None
) -> Switch:
    """Say what a switch would do: nothing without a phase, or to the present one.

    Parameters
    ----------
    now
        Epoch seconds: what is made from then on is new.

    Raises
    ------
    KeylineError
        If the parameter cannot be read.
    """
    system = of.system
    name = phase_parameter_name(system.name, environment.name)
    with translated(name):
        found = ssm.get_parameter(Name=name)["Parameter"]
    try:
        phase = Phase.parse(found["Value"], name, found["LastModifiedDate"].timestamp())
    except PhaseUnknownError:
        phase = None
    same = to is None or (phase is not None and phase.mode is to)
    after = found["Value"]
    if not same and to is not None:
        after = Phase(to, time.time() if now is None else now).text
    settings = cast("MigrationSettings", environment.settings(system.name, system.settings))
    return Switch(of, name, found["Value"], phase, after, settings.phase_seconds)


def carry_out(ssm: Any, switch: Switch) -> None:
    """Write the parameter.

    Raises
    ------
    KeylineError
        If it cannot be written.
    """
    with translated(switch.name):
        ssm.put_parameter(Name=switch.name, Value=switch.after, Overwrite=True)


def listing(switches: Iterable[Switch]) -> Table:
    """Return a table of the phases that systems are in."""
    table = Table("system", "phase", "means", "parameter")
    for switch in switches:
        table.add_row(switch.of.system.name, switch.before, switch.meaning, switch.name)
    return table
