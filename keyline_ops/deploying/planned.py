"""The steps of a deployment: the plan, its waves as files, the backfills between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from keyline_deploy.environment import Environment
from keyline_ops.deploying.assembly import Fill, Waves, forget_waves, restored, write_waves
from keyline_ops.deploying.fills import Index, fills_of
from keyline_ops.deploying.waves import Stacks, Wave, build_waves
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.findings import Moment, Verdict
from keyline_ops.plan.judge import judge
from keyline_ops.plan.releases import Release
from keyline_ops.plan.running_stacks import as_given
from keyline_ops.plan.verdict import Plan


@dataclass(frozen=True)
class Planned:
    """A deployment that is planned.

    Attributes
    ----------
    waves
        None where the plan is refused.
    """

    plan: Plan
    waves: Waves | None


def plan_waves(
    environment: Environment,
    running: Sequence[Stack],
    target: Sequence[Stack],
    source: Path,
    folder: Path,
    releases: Sequence[Release] = (),
    pending: Sequence[Fill] = (),
) -> Planned:
    """Judge a deployment, and write its waves.

    Parameters
    ----------
    source
        The cloud assembly that the target was read from.
    folder
        Where the waves are written. Those of an earlier plan are deleted, whatever the verdict is.
    pending
        The backfills that an earlier deployment left.

    Raises
    ------
    ByHandError
        If the deployment takes steps that the command does not make.
    """
    forget_waves(folder)
    target = as_given(target, running)
    plan = judge(running, target, releases)
    if plan.verdict is Verdict.REFUSED:
        return Planned(plan, None)
    wanted = {stack.name: stack for stack in target}
    now = {stack.name: _restored(stack, wanted[stack.name]) for stack in running}
    waves = build_waves(now, wanted, plan, partial(judge, releases=releases))
    found = dict.fromkeys([*pending, *fills_of(_created(plan, now), environment)])
    used = [f.path for table in plan.tables for f in table.findings if f.released]
    after = _fills(waves, [*found])
    made = write_waves(environment.name, source, now, waves, after, folder, used)
    return Planned(plan, made)


def _restored(stack: Stack, target: Stack) -> Stack:
    return replace(stack, template=restored(stack.template, target.template))


def _created(plan: Plan, running: Stacks) -> Iterable[Index]:
    """Yield the indexes that come into tables that run."""
    for table in plan.tables:
        if table.owner.rpartition(".")[0] not in running:
            continue
        for step in (step for finding in table.findings for step in finding.steps):
            if step.moment is Moment.BEFORE and step.part and step.part.index:
                yield table.name, step.part.index


def _fills(waves: Sequence[Wave], fills: Sequence[Fill]) -> Mapping[int, Sequence[Fill]]:
    """Return the waves that backfills follow on.

    Backfills run once before the functions change, so that who reads the new index finds
    everything, and once after, for what the old functions wrote meanwhile.
    """
    early = [n for n, wave in enumerate(waves) if wave.moment is Moment.BEFORE]
    switch = [n for n, wave in enumerate(waves) if wave.moment is Moment.WITH]
    return dict.fromkeys({*early[-1:], *switch} or {0}, fills) if fills else {}
