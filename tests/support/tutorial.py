"""The steps of a page that a reader types, such as docs/tutorial.md, and the time that they take.

`.venv/bin/python -m tests.support.tutorial` follows the tutorial from a fresh clone of this
checkout and prints the minutes that each part took. It installs from package indexes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from keyline.variables import PORT_OFFSET
from keyline_deploy.project import ROOT
from tests.support.inner_pytest import outer_environment

PAGE = ROOT / "docs" / "tutorial.md"
INTERRUPT = "^C"
FAILS = "FAILED"
"""What the page shows of a command whose exit code is not 0."""
LONGEST = 900
"""Seconds that one command may take."""

_BLOCK = re.compile(r"^## (?P<part>[^\n]+)$|^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_ASSIGNMENT = re.compile(r"(\w+)=\$\(.*\)")
_ADDRESS = re.compile(r"localhost:(\d+)")


@dataclass(frozen=True)
class Command:
    """A command that a reader types, and what the page shows of its output."""

    part: str
    text: str
    shown: str = ""

    def shows(self, output: str) -> bool:
        """Return whether an output is as shown: `...` stands for anything."""
        pattern = ".*".join(re.escape(piece) for piece in self.shown.strip().split("..."))
        return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None

    def without_deriving(self) -> Self:
        """Return a `keyline new` that leaves out the files that follow from the others."""
        lines = [line for line in self.shown.splitlines() if not line.startswith("derive")]
        return replace(self, text=f"{self.text} --no-derive", shown="\n".join(lines))


@dataclass(frozen=True)
class Measured(Command):
    """A command whose figures differ from run to run: each may be another one than is shown."""

    def shows(self, output: str) -> bool:
        """Return whether an output is as shown, its figures and the width of columns left out."""
        return Command(self.part, self.text, _without_figures(self.shown)).shows(
            _without_figures(output)
        )


def _without_figures(text: str) -> str:
    figures = re.sub(r"\d+(?:[.,]\d+)*", "0", text)
    return re.sub(r" +", " ", re.sub(r" +$", "", figures, flags=re.MULTILINE))


@dataclass(frozen=True)
class Edit:
    """A change of a file."""

    part: str
    path: str
    before: str
    after: str

    def apply(self, root: Path) -> None:
        """Change the file; what is replaced stands in it once."""
        file = root / self.path
        text = file.read_text(encoding="utf-8")
        assert text.count(self.before) == 1, f"{self.path} has not one of:\n{self.before}"
        file.write_text(text.replace(self.before, self.after), encoding="utf-8")


Step = Command | Edit


def steps(text: str) -> list[Step]:
    """Return the steps of a page, in order."""
    found: list[Step] = []
    part = ""
    for block in _BLOCK.finditer(text):
        part = block["part"] or part
        if block["kind"] == "console":
            found += _commands(part, block["text"])
        elif block["kind"] == "diff":
            found.append(_edit(part, block["text"]))
    return found


def port_of(text: str) -> int:
    """Return the port of the API that a page speaks of."""
    (port,) = {int(port) for port in _ADDRESS.findall(text)}
    return port


def _commands(part: str, block: str) -> Iterator[Command]:
    typed: str | None = None
    shown: list[str] = []
    for line in [*block.splitlines(), "$ "]:
        if line.startswith("$ ") or line == INTERRUPT:
            if typed is not None:
                yield Command(part, typed, "\n".join(shown))
            typed, shown = line.removeprefix("$ "), []
        else:
            shown.append(line)


def _edit(part: str, block: str) -> Edit:
    head, *lines = block.splitlines(keepends=True)
    before, after = (
        "".join(line[1:] for line in lines if line[0] in marks) for marks in (" -", " +")
    )
    return Edit(part, head.removeprefix("+++ ").strip(), before, after)


@dataclass
class Reader:
    """Types what the tutorial says, in a project.

    Parameters
    ----------
    root
        The project's folder.
    environment
        The environment variables of the commands. What the reader assigns is added.
    said_port, port
        The port that the page names, and the one that the project gives the API.
    offset
        What is added to the ports.
    make
        What `make` is called as.
    """

    root: Path
    environment: dict[str, str]
    said_port: int
    port: int
    offset: int
    make: str = "make"
    _serving: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def follow(self, step: Step) -> str:
        """Carry out a step and return what was printed; fail if that is not as shown."""
        if isinstance(step, Edit):
            step.apply(self.root)
            return ""
        if step.text == INTERRUPT:
            self._stop()
            return ""
        typed = self._with_port(step.text, self.port + self.offset)
        shown = replace(step, shown=self._with_port(step.shown, self.port))
        output = self._run(typed, shown)
        assert shown.shows(output), (
            f"$ {step.text}\n{output}\n--- but the page shows:\n{step.shown}"
        )
        return output

    def _with_port(self, text: str, port: int) -> str:
        return text.replace(f"localhost:{self.said_port}", f"localhost:{port}")

    def _run(self, typed: str, shown: Command) -> str:
        command = re.sub(r"\bmake\b(?= )", self.make, typed, count=1)
        if typed == "make up":
            return self._start(command, shown)
        assigned = _ASSIGNMENT.fullmatch(typed)
        if assigned:
            command = f'{command}; printf %s "${assigned[1]}"'
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if assigned else subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert done.returncode == 0 or FAILS in shown.shown, f"$ {typed}\n{done.stdout}"
        if assigned:
            assert done.stdout, f"$ {typed}\nassigned nothing"
            self.environment[assigned[1]] = done.stdout
            return ""
        return done.stdout

    def _start(self, command: str, shown: Command) -> str:
        """Start what serves, and wait until it has said what is shown."""
        with tempfile.TemporaryFile() as file:
            self._serving = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.root,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            deadline = time.monotonic() + LONGEST
            while True:
                output = os.pread(file.fileno(), 10_000_000, 0).decode()
                if shown.shows(output):
                    return output
                assert self._serving.poll() is None, output
                assert time.monotonic() < deadline, output
                time.sleep(0.1)

    def _stop(self) -> None:
        serving, self._serving = self._serving, None
        if serving is not None and serving.poll() is None:
            os.killpg(serving.pid, signal.SIGINT)
            serving.wait(timeout=60)


def measure(offset: int = 400) -> None:
    """Follow the tutorial in a fresh clone, and print how long each part took.

    Parameters
    ----------
    offset
        What is added to the ports, so that nothing else is met.
    """
    text = PAGE.read_text(encoding="utf-8")
    port = port_of(text)
    kept = {k: v for k, v in outer_environment().items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    variables: Mapping[str, str] = {
        PORT_OFFSET: str(offset),
        "GIT_AUTHOR_NAME": "reader",
        "GIT_AUTHOR_EMAIL": "reader@example.com",
        "GIT_COMMITTER_NAME": "reader",
        "GIT_COMMITTER_EMAIL": "reader@example.com",
    }
    folder = Path(tempfile.mkdtemp())
    started = time.monotonic()
    took: dict[str, float] = {}
    first_answer = 0.0
    try:
        subprocess.run(["git", "clone", "--quiet", ROOT, folder / "keyline"], check=True)
        with Reader(folder / "keyline", {**kept, **variables}, port, port, offset) as reader:
            for step in steps(text):
                if isinstance(step, Command) and step.text.startswith(("git clone", "cd ")):
                    continue
                before = time.monotonic()
                reader.follow(step)
                now = time.monotonic()
                took[step.part] = took.get(step.part, 0.0) + now - before
                if not first_answer and isinstance(step, Command) and "curl" in step.text:
                    first_answer = now - started
    finally:
        shutil.rmtree(folder)
    for part, seconds in took.items():
        print(f"{seconds / 60:5.1f} min  {part}")
    print(f"{first_answer / 60:5.1f} min  from the clone to the first answer")
    print(f"{(time.monotonic() - started) / 60:5.1f} min  all of it")


if __name__ == "__main__":
    measure()
