"""Synthesize the app in the working folder, which is that of another revision; nothing is bundled.

The module runs in a process of its own: `app`, and all that it imports, are those of the revision.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path

from keyline.model import Function, System
from keyline_deploy.bundling import Bundle


def main() -> None:
    """Write the cloud assembly that the CDK's variables name."""
    app = importlib.import_module("app")
    vars(app)["bundler"] = lambda *_, **__: _empty
    app.main()


def _empty(system: System, function: Function) -> Bundle:
    """Return a bundle without files, whose digest is that of the system's code."""
    path = Path(f"{os.environ['CDK_OUTDIR']}-bundles", system.name)
    path.mkdir(parents=True, exist_ok=True)
    code = sorted(Path("lambda_src", system.name).rglob("*.py"))
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in code))
    return Bundle(path, digest.hexdigest(), ())


if __name__ == "__main__":
    main()
