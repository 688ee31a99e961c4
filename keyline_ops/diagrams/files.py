"""The pictures of the project as files of the documents."""

from __future__ import annotations

from pathlib import Path

from keyline_deploy.project import ROOT
from keyline_ops.diagrams.project import PICTURES


def stale(root: Path = ROOT) -> dict[Path, str]:
    """Return the files of pictures that are not as they are described, with what they should be."""
    wanted = {
        root / "docs" / "images" / f"{name}.svg": flow.document() for name, flow in PICTURES.items()
    }
    return {
        path: text
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
