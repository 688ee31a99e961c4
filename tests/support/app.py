"""`app.py` as the CDK command line runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def run_app(
    root: Path, context: dict[str, str], out: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Synthesize with a context; into `out` if a folder is named."""
    flags = json.loads((root / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=root,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps({**flags, **context}),
            **({"CDK_OUTDIR": str(out)} if out else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
