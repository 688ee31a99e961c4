"""Where the project's files are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's root: the folder of app.py and cdk.json."""

WORK = ROOT / ".keyline"
"""What the project makes for itself: assemblies, bundles, the local state. Never committed."""

LOCAL_STATE = WORK / "local"
"""What the local platform keeps between runs, where nobody says another folder."""
