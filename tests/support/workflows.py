"""The steps of GitHub's workflows, run on this machine as a runner runs them.

What a step calls is a stand-in that notes what it was asked: the steps hold no logic of their own.
What was asked is then held to what there is: the targets and variables of the Makefile, the options
of `keyline`.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer.main
import yaml

from keyline_ops import cli

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
_STAND_IN = """\
#!{python}
import json, os, pathlib, sys
name = pathlib.Path(sys.argv[0]).name
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
answers = json.loads(os.environ["ANSWERS"])
words = " ".join([name, *sys.argv[1:]])
for start, (code, said) in answers.items():
    if words.startswith(start):
        print(said)
        sys.exit(code)
print("said by", words)
"""
"""Answers as it is told by the beginning of what it is asked."""

Answers = Mapping[str, tuple[int, str]]


@dataclass(frozen=True)
class Step:
    """A step of a job that runs a script.

    Attributes
    ----------
    variables
        What of the environment the workflow, the job and the step set; what GitHub fills in is
        `given`.
    """

    workflow: str
    job: str
    name: str
    script: str
    variables: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.workflow.removesuffix('.yml')}-{self.job}-{self.name}"


def workflow(root: Path, name: str) -> dict[str, Any]:
    """Read a workflow."""
    text = (root / ".github" / "workflows" / name).read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def steps(root: Path) -> Iterator[Step]:
    """Yield every step of every workflow that runs a script."""
    for file in sorted((root / ".github" / "workflows").glob("*.yml")):
        read = workflow(root, file.name)
        for id, job in read["jobs"].items():
            for step in job.get("steps", []):
                if "run" in step:
                    told = {**read.get("env", {}), **job.get("env", {}), **step.get("env", {})}
                    variables = {k: _EXPRESSION.sub("given", str(v)) for k, v in told.items()}
                    yield Step(file.name, id, step["name"], step["run"], variables)


@dataclass
class Runner:
    """A folder in which steps run, with stand-ins for what they call.

    Attributes
    ----------
    calls
        What was called, with its arguments.
    summary, output
        What steps wrote for readers of the run, and for later steps.
    """

    folder: Path
    answers: Answers = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools = self.folder / "tools"
        for place in (tools / "make", tools / "gh", self.folder / ".venv/bin/keyline"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_STAND_IN.format(python=sys.executable), encoding="utf-8")
            place.chmod(0o755)

    def run(self, step: Step, **given: str) -> int:
        """Run a step as a runner does, and return its exit code."""
        variables = {
            **step.variables,
            "PATH": f"{self.folder / 'tools'}:/usr/bin:/bin",
            "CALLS": str(self.folder / "calls"),
            "ANSWERS": json.dumps(self.answers),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            **given,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script]
        return subprocess.run(command, cwd=self.folder, env=variables, check=False).returncode

    @property
    def calls(self) -> list[list[str]]:
        file = self.folder / "calls"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def read(self, name: str) -> str:
        """Return what steps have written to a file; empty if nothing."""
        file = self.folder / name
        return file.read_text(encoding="utf-8") if file.exists() else ""


# --------------------------------------------------------------------- what there is to be called


def made(root: Path, arguments: list[str]) -> list[str]:
    """Return the commands that make would run, and fail if it knows no such target.

    Set-up is left out. A variable that no recipe reads is an error too.
    """
    text = (root / "Makefile").read_text(encoding="utf-8")
    for word in arguments:
        name, given, _ = word.partition("=")
        if given:
            assert f"$({name})" in text, f"the Makefile does not read {name}"
        else:
            assert re.search(rf"^{name}:", text, re.M), f"the Makefile has no target {name}"
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--old-file=setup", *arguments],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\\\n", " ").splitlines()


def keyline_calls(commands: list[str]) -> Iterator[list[str]]:
    """Yield the arguments of each call of `keyline` among commands."""
    for command in commands:
        words = shlex.split(command, comments=True)
        for number, word in enumerate(words):
            if word.endswith("bin/keyline"):
                ends = (n for n, each in enumerate(words) if n > number and each in ("||", "&&"))
                yield words[number + 1 : next(ends, len(words))]


def check_command(arguments: list[str]) -> None:
    """Fail if `keyline` has no such command, or the command does not take these options."""
    group = typer.main.get_command(cli.app)
    name, *rest = arguments
    with group.make_context("keyline", [name], resilient_parsing=True) as context:
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        assert command is not None, f"keyline has no command {name}"
        command.make_context(name, list(rest), parent=context)
