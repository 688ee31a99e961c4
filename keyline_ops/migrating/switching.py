"""The phases around a backfill: both tables written, the target takes over, and back.

A system with a `Migration` has a phase, which `keyline phase` shows. These steps switch the same
phase, each when it is safe. A system without phases has no function that writes both tables; its
cut-over is the release that uses the target, and is noted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from keyline.errors import KeylineError
from keyline.migration import Mode
from keyline_ops.migrating.job import Job
from keyline_ops.phase import Migrating, Switch, carry_out, parameter_store, plan

Step = Literal["dual-write", "cut-over", "roll-back"]
MODES: dict[Step, Mode] = {
    "dual-write": Mode.PARALLEL,
    "cut-over": Mode.TARGET,
    "roll-back": Mode.PARALLEL,
}
WEEK = timedelta(days=7)
"""How long the source is kept after the cut-over."""


@dataclass(frozen=True)
class Change:
    """The effect of a step, done or planned.

    Attributes
    ----------
    switch
        Of the phase; None in a system without phases.
    notes
        What it means, in sentences.
    """

    step: Step
    switch: Switch | None
    notes: tuple[str, ...]


def prepared(step: Step, jobs: list[Job], state: Path | None, *, force: bool) -> Change:
    """Check that a step may be taken, and say what it does; nothing is changed.

    Raises
    ------
    KeylineError
        If a backfill is not verified before the cut-over, or the system has no phases to switch.
    """
    if step == "cut-over" and not force:
        for job in jobs:
            _require_verified(job)
    system = jobs[0].system
    if system.migration is None:
        if step == "dual-write":
            raise KeylineError(
                f"system {system.name}",
                "has no phases: none of its functions writes both tables.",
                "Declare a Migration in system.py, or stop the writers of the source first.",
            )
        took = "takes" if step == "cut-over" else "no longer takes"
        return Change(step, None, (f"It is noted that the target {took} over.",))
    environment = jobs[0].where.environment
    of = Migrating(system, system.migration)
    switch = plan(parameter_store(environment, state), environment, of, MODES[step])
    return Change(step, switch, tuple(switch.notes))


def take(change: Change, jobs: list[Job], state: Path | None) -> None:
    """Take a step that was checked.

    Raises
    ------
    KeylineError
        If the phase cannot be written.
    """
    if change.switch is not None and change.switch.changes:
        carry_out(parameter_store(jobs[0].where.environment, state), change.switch)
    for job in jobs:
        if change.step == "cut-over":
            job.note_cut_over()
        elif change.step == "roll-back":
            job.note_roll_back()


def _require_verified(job: Job) -> None:
    state = job.progress
    if state.verified and state.filled and not state.under_way:
        return
    system = job.system.name
    said = "is under way." if state.under_way else "was not verified since its last run."
    raise KeylineError(
        f"backfill {job.name}",
        said,
        f"Run `keyline migrate {system} {job.name} --step verify` first, or give --force.",
    )


def cut_over_since(job: Job, state: Path | None) -> datetime | None:
    """Return since when the target alone is in use; None if the source is in use.

    Raises
    ------
    KeylineError
        If the phase cannot be read.
    """
    noted = job.progress.cut_over
    system = job.system
    if system.migration is not None:
        environment = job.where.environment
        of = Migrating(system, system.migration)
        phase = plan(parameter_store(environment, state), environment, of, None).phase
        if phase is None or phase.mode is not Mode.TARGET:
            return None
        return datetime.fromisoformat(phase.text.partition("@")[2])
    return datetime.fromisoformat(noted) if noted else None
