"""Carrying out waves: each is deployed, and what DynamoDB does in its own time is waited for.

Nothing but AWS says how far a deployment is: the templates that run, and the indexes that are
there. So a command that was killed at any point is run again, and goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.project import WORK
from keyline_ops.deployed import Deployed, caller_identity
from keyline_ops.deploying.assembly import Assembly, Entry, Waves, digests
from keyline_ops.deploying.cdk import Cdk, DeploymentFailedError
from keyline_ops.deploying.cloudformation import CloudFormation
from keyline_ops.deploying.fills import Pending, carry_out
from keyline_ops.deploying.position import left
from keyline_ops.deploying.rollback import has_functions, options, triggers
from keyline_ops.deploying.stack_policy import allow_all, has_tables, keep_tables
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.running_stacks import running_stacks

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """A deployment of an environment.

    Attributes
    ----------
    target
        The stacks as they are in the end.
    folder
        Where the waves are.
    """

    where: Deployed
    target: Sequence[Stack]
    cloud: CloudFormation
    cdk: Cdk
    folder: Path
    pending: Pending
    tell: Tell

    def carry_out(self, waves: Waves) -> None:
        """Make the waves that are left.

        Raises
        ------
        KeylineError
            If what runs is not on the way of the waves, or a wave fails.
        """
        fills = [entry.fill for entry in waves.entries if entry.fill]
        number = left(waves, self._running())
        self.pending.add(fills)
        self._for_each_with_tables(keep_tables)  # a command that was killed may have left it off
        for position in range(number, len(waves.entries)):
            entry = waves.entries[position]
            name = f"wave {position + 1} of {len(waves.entries)}"
            for step in entry.steps:
                self.tell(f"{name}: {step}")
            if entry.fill:
                carry_out(entry.fill, self.where, self.tell)
                if entry.fill not in [each.fill for each in waves.entries[position + 1 :]]:
                    self.pending.remove(entry.fill)
            else:
                self._deploy(entry, name, may_replace=bool(waves.releases))
        self.tell("done: what runs is what was to be deployed.")

    def settle(self) -> None:
        """Wait until nothing is under way: no stack is changed, and every index is filled."""
        self.cloud.settle(self.target)
        self.cloud.until_filled(self.target)

    def _running(self) -> dict[str, str]:
        running = {stack.name: stack for stack in running_stacks(self.where, self.target)}
        found = digests(running)
        return {stack.name: found.get(stack.name, "") for stack in self.target}

    def _deploy(self, entry: Entry, name: str, *, may_replace: bool) -> None:
        try:
            if may_replace:
                self._for_each_with_tables(allow_all)
            for stacks, more in self._parts(entry):
                self.cdk.deploy(self.folder / entry.folder, stacks, more)
            self.settle()
        except DeploymentFailedError as error:
            raise DeploymentFailedError(
                name,
                f"failed: {error.path} {error.message} What ran before it still runs:"
                " CloudFormation puts back what a failed deployment had changed.",
                "The output above says why. Remove the cause, and run the same command again: it"
                " goes on with this wave.",
            ) from error
        finally:  # however it ends: Ctrl-C too
            self._for_each_with_tables(keep_tables)

    def _parts(self, entry: Entry) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        """Yield the stacks of a wave with their options, in the order in which they are deployed.

        Where the environment asks for it, each stack with functions that runs already comes last
        and by itself, watched by its alarms.
        """
        rollback = self.where.environment.rollback
        if rollback is None:
            yield entry.stacks, ()
            return
        assembly = Assembly.read(self.folder / entry.folder)
        watched = {} if assembly.has_stages else self._watched(entry, assembly)
        if not watched:
            yield entry.stacks, ()
            return
        every = entry.stacks or [assembly.shown(name) for name in assembly.ids]
        if others := [name for name in every if name not in watched]:
            yield others, ()
        for name, (region, alarms) in watched.items():
            self.tell(f"{name}: goes back if one of {len(alarms)} alarms goes off")
            yield [name], [*options(alarms, rollback.minutes, region, self._account)]

    def _watched(self, entry: Entry, assembly: Assembly) -> dict[str, tuple[str, list[str]]]:
        """Return the region and the alarms of each stack with functions that runs."""
        found = {}
        for stack in self.target:
            if stack.name not in assembly.ids or not has_functions(stack):
                continue
            shown = assembly.shown(stack.name)
            if not entry.stacks or shown in entry.stacks:
                names = triggers(stack, self.cloud.resources(stack))
                if names:
                    found[shown] = (stack.region or self.where.environment.region, names)
        return found

    @cached_property
    def _account(self) -> str:
        environment = self.where.environment
        return environment.account or caller_identity(environment).account

    def _for_each_with_tables(self, set_policy: Callable[[object, Stack], None]) -> None:
        if not self.where.environment.keeps_data:
            return
        for stack in self.target:
            if "." not in stack.name and has_tables(stack) and self.cloud.told(stack).status:
                set_policy(self.cloud.client(stack.region), stack)


@contextlib.contextmanager
def alone(environment: str) -> Iterator[None]:
    """Let no second command of this machine deploy an environment at the same time.

    Raises
    ------
    KeylineError
        If one does.
    """
    file = WORK / "deploy" / f"{environment}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise KeylineError(
                f"environment {environment}",
                "is being deployed by another command on this machine.",
                "Wait until it has ended.",
            ) from error
        yield
