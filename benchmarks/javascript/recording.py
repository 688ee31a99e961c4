"""Records what an app in Python asks of the CDK, which is JavaScript.

Each call is a line of JSON to a process of node, and the answer is a line of JSON. A program in
place of node keeps a copy of both.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_PROGRAM = """#!/bin/sh
tee {folder}/asked | {node} "$@" | tee {folder}/answered
"""
_NODE = "JSII_NODE"
"""The variable of jsii that names the program to run as node."""


class Call(NamedTuple):
    """A call of the CDK, and its answer."""

    asked: Mapping[str, Any]
    answered: Mapping[str, Any]


def record(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> list[Call]:
    """Run an app, and return its calls in their order.

    Parameters
    ----------
    folder
        Where the copies are kept.
    """
    node = shutil.which("node", path=environ["PATH"])
    if node is None:
        raise FileNotFoundError("node is not on PATH. Run `make setup`.")
    program = folder / "node"
    names = {"folder": shlex.quote(str(folder)), "node": shlex.quote(node)}
    program.write_text(_PROGRAM.format(**names), encoding="utf-8")
    program.chmod(0o755)
    subprocess.run(
        command, env={**environ, _NODE: str(program)}, check=True, stdout=subprocess.DEVNULL
    )
    asked, (_, *answered) = (_lines(folder / name) for name in ("asked", "answered"))
    # The first answer is node's greeting. The last question, to exit, has no answer.
    return [Call(*pair) for pair in zip(asked, answered, strict=False)]


def variables() -> dict[str, str]:
    """Return the caller's variables without those that jsii reads."""
    return {name: value for name, value in os.environ.items() if not name.startswith("JSII_")}


def _lines(file: Path) -> list[Any]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
