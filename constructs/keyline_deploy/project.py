"""The places of the project's files."""

from __future__ import annotations

from pathlib import Path

_MARK = "cdk.json"
"""The file that a project with a CDK app has in its folder."""


def _root() -> Path:
    """Return this checkout; where this package is installed, the project that is worked in."""
    checkout, here = Path(__file__).resolve().parents[2], Path.cwd()
    folders = (checkout, here, *here.parents)
    return next((folder for folder in folders if (folder / _MARK).is_file()), here)


ROOT = _root()
"""The project's root: the folder of cdk.json, or the working folder where there is none."""

WORK = ROOT / ".keyline"
"""What the project makes for itself: assemblies, bundles, the local state. Never committed."""

LOCAL_STATE = WORK / "local"
"""What the local platform keeps between runs, where nobody says another folder."""
