"""What a benchmark measured: printed, and kept as JSON beside the others."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def machine() -> str:
    """Where it was measured: no figure means anything without it."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )


def keep(result: Any, file: Path) -> None:
    """Print a result and write it to a file."""
    text = json.dumps(result, indent=2) + "\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    print(text, end="")
