"""In which phase an environment's move from memory to DynamoDB is: shown, and switched."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from interactions.phase import Mode, Phase, PhaseUnknown, parse, write
from interactions.settings import Settings
from interactions.system import SYSTEM
from keyline_deploy.environment import Environment
from keyline_deploy.names import phase_parameter_name
from keyline_local import clients
from keyline_local.control import ask, issuer_url
from keyline_ops.deployed import deployed, translated

RUNBOOK = "systems/interactions/runbook.md"

MEANING = {
    Mode.PARALLEL: "Memory and DynamoDB are written, memory answers.",
    Mode.READ_NEW: "Memory and DynamoDB are written; DynamoDB answers for the sessions opened"
    " since the switch, and memory where DynamoDB fails or is behind.",
    Mode.DYNAMODB: "DynamoDB alone is written and answers; a failure of it is the request's.",
}
_FORWARD = (
    "Before: MigrationMismatches and MigrationPending are 0, and MigrationWriteFailures rare."
)
_LAST = "Writes that are still pending are made first; until then their sessions answer 503."
_BACK = "Safe at any time: what DynamoDB alone was told, it answers itself."


@dataclass(frozen=True)
class Switch:
    """The parameter, as it is and as it is to be.

    Attributes
    ----------
    before
        Its value; the phase is None where that says none.
    after
        Its value after a switch; the same where there is nothing to switch.
    """

    name: str
    before: str
    phase: Phase | None
    after: str
    seconds: float

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return self.after != self.before

    @property
    def mode(self) -> Mode | None:
        """The phase that it ends in."""
        if not self.changes:
            return self.phase.mode if self.phase else None
        return parse(self.after, self.name).mode

    @property
    def notes(self) -> list[str]:
        """What it means, and what to see to."""
        mode = self.mode
        if mode is None:
            return [f"{self.before!r} is no phase: functions keep to the last that they read."]
        said = [MEANING[mode]]
        if self.changes:
            before = self.phase.mode if self.phase else mode
            said += [_FORWARD] if mode > before else [_BACK] if mode < before else []
            said += [_LAST] if mode is Mode.DYNAMODB else []
            said.append(f"Functions follow within {self.seconds:g} s of their next requests.")
            said.append(f"Deployments leave it, unless the setting `phase` changes. See {RUNBOOK}.")
        return said


def parameter_store(environment: Environment, state: Path) -> Any:
    """boto3's client of the parameters of an environment.

    Raises
    ------
    KeylineError
        If the local platform is not running, or the credentials are another account's.
    """
    if environment.is_local:
        status = ask(issuer_url(state, environment.auth.issuer), "GET", "/status")
        return clients.client("ssm", str(status["aws"]), environment.region)
    deployed(environment, state)  # refuses another account
    return boto3.client("ssm", region_name=environment.region)


def plan(ssm: Any, environment: Environment, to: Mode | None, now: float | None = None) -> Switch:
    """What switching would do; nothing where no phase is named, or it is the present one.

    Parameters
    ----------
    now
        Epoch seconds: from then on sessions are new.

    Raises
    ------
    KeylineError
        If the parameter cannot be read.
    """
    name = phase_parameter_name(SYSTEM.name, environment.name)
    with translated(name):
        found = ssm.get_parameter(Name=name)["Parameter"]
    try:
        phase = parse(found["Value"], name, found["LastModifiedDate"].timestamp())
    except PhaseUnknown:
        phase = None
    same = to is None or (phase is not None and phase.mode is to)
    after = found["Value"]
    if not same and to is not None:
        after = write(Phase(to, time.time() if now is None else now))
    settings = environment.settings(SYSTEM.name, Settings)
    return Switch(name, found["Value"], phase, after, settings.phase_seconds)


def carry_out(ssm: Any, switch: Switch) -> None:
    """Write the parameter.

    Raises
    ------
    KeylineError
        If it cannot be written.
    """
    with translated(switch.name):
        ssm.put_parameter(Name=switch.name, Value=switch.after, Overwrite=True)
