"""Another revision of the project: its files, and what its own code makes of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from keyline_deploy.project import ROOT

_CHILD = Path(__file__).with_name("synthesize_revision.py")


def commit_of(revision: str) -> str | None:
    """Return the commit that a revision of this project names; None if it names none."""
    if revision.startswith("-") or "\0" in revision:
        return None
    done = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else None


@contextmanager
def unpacked(commit: str) -> Iterator[Path]:
    """Give the files of a commit in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="keyline-revision-") as folder:
        archive = subprocess.run(
            ["git", "archive", "--format=tar", commit], cwd=ROOT, capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


def synthesize(tree: Path, environment: str, out: Path) -> str | None:
    """Synthesize an environment of a tree into a folder, without its bundles.

    Returns
    -------
    What was written about a failure; None if there was none.
    """
    settings = tree / "cdk.json"
    flags = json.loads(settings.read_text(encoding="utf-8"))["context"] if settings.exists() else {}
    variables = {
        "CDK_CONTEXT_JSON": json.dumps({**flags, "env": environment}),
        "CDK_OUTDIR": str(out),
        "CDK_VALIDATION": "false",
    }
    done = run(tree, [str(_CHILD)], variables)
    return done.stderr.strip()[-2000:] if done.returncode else None


def run(
    tree: Path, arguments: Sequence[str], variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of a tree instead of ours."""
    roots = os.pathsep.join(str(tree / root) for root in ("", "constructs", "lambda_src"))
    own = {"PYTHONPATH": roots, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=tree,
        env={**os.environ, **own, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
