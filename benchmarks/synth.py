"""Synthesis of an environment beside the same resources in JavaScript, and beside an empty app.

    python -m benchmarks.synth [--environment dev] [--rounds 3]

The CDK is JavaScript, and an app in Python calls it over a pipe. The program in JavaScript makes
the same constructs by the same calls, so that its templates are the same to the byte, which is
checked (benchmarks.javascript). It is the floor of every app in Python that makes as much. The
empty app has one stack of one resource. Each is measured alone, and under `cdk synth`. The apps
take turns, and each keeps its output, as a second synthesis finds it. CPU is that of all processes.
The rules of the project run in Python's app alone, and those of cdk-nag in both.
"""

from __future__ import annotations

import filecmp
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.javascript.packages import unpack
from benchmarks.javascript.program import written
from benchmarks.javascript.recording import record, variables
from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from keyline_deploy.project import ROOT

OURS, SAME, EMPTY = "Keyline", "the same resources in JavaScript", "an empty app in Python"
BUDGET = 2.0
"""The most CPU that an app in Python may take of the same in JavaScript."""
_EMPTY = """import aws_cdk as cdk

app = cdk.App()
cdk.CfnWaitConditionHandle(cdk.Stack(app, "Empty"), "Handle")
app.synth()
"""


class Spent(NamedTuple):
    """Seconds of CPU, of an app and all its processes, and of the clock."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class App:
    """An app of the CDK.

    Attributes
    ----------
    command
        What runs it.
    out
        The folder of its output.
    """

    command: tuple[str, ...]
    out: Path

    def alone(self, context: Mapping[str, Any]) -> Spent:
        """Run it as the command line of the CDK does, and return what it takes."""
        return spent(self.command, {"CDK_CONTEXT_JSON": json.dumps(context)}, self.out)

    def by_command(self, environment: str) -> Spent:
        """Run `cdk synth`, and return what it takes."""
        cdk = str(ROOT / "node_modules" / ".bin" / "cdk")
        options = ("--app", " ".join(self.command), "--output", str(self.out))
        command = (cdk, "synth", "--quiet", "-c", f"env={environment}", *options)
        return spent(command, {}, self.out)


def spent(command: Sequence[str], environ: Mapping[str, str], out: Path) -> Spent:
    """Run a command, and return what it takes.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    values = {**variables(), **environ, "CDK_OUTDIR": str(out)}
    started = time.perf_counter()
    process = os.posix_spawnp(command[0], [*command], values)
    _, status, used = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)}: failed")
    return Spent(used.ru_utime + used.ru_stime, time.perf_counter() - started)


def apps(context: Mapping[str, Any], folder: Path) -> dict[str, App]:
    """Return the three apps."""
    ours, empty = App((sys.executable, "app.py"), folder / "ours"), folder / "empty" / "app.py"
    empty.parent.mkdir()
    empty.write_text(_EMPTY, encoding="utf-8")
    return {
        OURS: ours,
        SAME: in_javascript(ours, context, folder),
        EMPTY: App((sys.executable, str(empty)), folder / "nothing"),
    }


def in_javascript(ours: App, context: Mapping[str, Any], folder: Path) -> App:
    """Write an app in JavaScript that makes what ours does.

    Raises
    ------
    ValueError
        If its templates are not the same.
    """
    environ = {"CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(ours.out)}
    calls = record(ours.command, {**variables(), **environ}, folder)
    program = folder / "app.js"
    program.write_text(written(calls), encoding="utf-8")
    unpack(folder)
    made = App(("node", str(program)), folder / "same")
    made.alone(context)
    must_be_the_same(ours.out, made.out)
    return made


def must_be_the_same(ours: Path, theirs: Path) -> None:
    """Refuse templates that are not the same to the byte."""
    names = sorted(file.name for file in ours.glob("*.template.json"))
    _, other, missing = filecmp.cmpfiles(ours, theirs, names, shallow=False)
    if other or missing or not names:
        raise ValueError(f"the templates are not the same: {other or missing or 'there are none'}")


Rounds = dict[str, list[Spent]]


def measure(environment: str, rounds: int) -> tuple[Rounds, Rounds, int]:
    """Return what each app took in each round, alone and by `cdk synth`, and the resources."""
    context = {
        **json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"],
        "env": environment,
    }
    with tempfile.TemporaryDirectory() as folder:
        made = apps(context, Path(folder))
        alone: Rounds = {name: [] for name in made}
        command: Rounds = {name: [] for name in made}
        for number in range(rounds + 1):
            for name, app in made.items():
                taken = app.alone(context), app.by_command(environment)
                if number:  # the first round fills the caches
                    alone[name].append(taken[0])
                    command[name].append(taken[1])
        return alone, command, resources(made[OURS].out)


def resources(out: Path) -> int:
    """Count the resources of all templates."""
    texts = (file.read_text(encoding="utf-8") for file in out.glob("*.template.json"))
    return sum(len(json.loads(text)["Resources"]) for text in texts)


def compared(what: str, taken: Rounds) -> list[Ratio]:
    """Compare ours with each of the others, by CPU and by time."""
    return [
        Ratio.of_rounds(
            f"{'CPU' if field == 'cpu' else 'time'} of {what}",
            name,
            [(getattr(a, field), getattr(b, field)) for a, b in zip(taken[OURS], by, strict=True)],
            budget=BUDGET if (name, field) == (SAME, "cpu") else None,
        )
        for field in Spent._fields
        for name, by in taken.items()
        if name != OURS
    ]


def medians(taken: Rounds) -> dict[str, dict[str, float]]:
    """Return the median seconds of each app."""
    return {
        name: {
            field: round(statistics.median(getattr(each, field) for each in by), 2)
            for field in Spent._fields
        }
        for name, by in taken.items()
    }


def main() -> int:
    """Measure, print, write the result; non-zero if a budget is not met."""
    options = parser(__doc__, __file__)
    options.add_argument("--environment", default="dev")
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    alone, command, number = measure(given.environment, given.rounds)
    ratios = [*compared("an app's synthesis", alone), *compared("cdk synth", command)]
    result = {
        "what": f"seconds of the synthesis of {given.environment}, median of the rounds",
        "where": machine(),
        "rounds": given.rounds,
        "resources": number,
        "app": medians(alone),
        "cdk_synth": medians(command),
        "ratios": ratios,
    }
    keep(result, given.json)
    return report(ratios)


if __name__ == "__main__":
    raise SystemExit(main())
