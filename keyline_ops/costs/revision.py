"""Costs of the systems as another revision, another checkout or a file says them.

A revision is asked with its own code: its declarations, its settings, its prices. The alarms of a
revision are counted in what it synthesizes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from keyline.errors import KeylineError
from keyline_ops.costs.difference import Told, read_file, read_forecasts
from keyline_ops.revisions import commit_of, run, synthesize, unpacked

_COMMAND = "from keyline_ops.cli import main; main()"


def told_by(source: str, arguments: Sequence[str], environment: str) -> list[Told]:
    """Return the forecasts of a source.

    Parameters
    ----------
    source
        A JSON file of `keyline cost --json`, the folder of a checkout, or a git revision.
    arguments
        Of `keyline`: how a revision is asked.

    Raises
    ------
    KeylineError
        If the source is something else, or does not tell its costs.
    """
    path = Path(source)
    if path.is_file():
        return read_file(path)
    if (path / "lambda_src").is_dir():
        return _asked(path.resolve(), source, arguments, environment)
    commit = commit_of(source)
    if commit is None:
        raise KeylineError(
            f"--from {source}",
            "is not a file, not a checkout and not a git revision of this project.",
            "Name what `keyline cost --json` printed, a folder, or a revision such as HEAD~1.",
        )
    with unpacked(commit) as tree:
        return _asked(tree, source, arguments, environment)


def _asked(tree: Path, source: str, arguments: Sequence[str], environment: str) -> list[Told]:
    with tempfile.TemporaryDirectory(prefix="keyline-cost-") as folder:
        more: list[str] = []
        if "--dynamodb" not in arguments:
            assembly = Path(folder, "assembly")
            failed = synthesize(tree, environment, assembly)
            if failed is not None:
                raise _untold(source, f"does not synthesize {environment}:\n{failed}")
            more = ["--assembly", str(assembly)]
        done = run(tree, ["-c", _COMMAND, *arguments, *more])
        if done.returncode:
            raise _untold(source, f"does not tell its costs:\n{done.stderr.strip()[-2000:]}")
        return read_forecasts(done.stdout, f"--from {source}")


def _untold(source: str, message: str) -> KeylineError:
    return KeylineError(
        f"--from {source}",
        message,
        "Name another revision, or a file that `keyline cost --json` printed there.",
    )
