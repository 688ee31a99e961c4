"""Synthesize an environment of the project in the working folder; nothing is bundled.

It runs in a process of its own, in which the project is that of another revision.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path


def main(environment: str, out: str) -> None:
    """Write the cloud assembly of an environment."""
    import aws_cdk as cdk

    from keyline.model import Function, System
    from keyline_deploy.bundling import Bundle
    from keyline_deploy.environment import load
    from keyline_deploy.systems import systems
    from stacks.application import build

    def empty(system: System, function: Function) -> Bundle:
        path = Path(f"{out}-bundles", system.name)
        path.mkdir(parents=True, exist_ok=True)
        code = b"".join(
            each.read_bytes() for each in sorted(Path("lambda_src", system.name).rglob("*.py"))
        )
        return Bundle(path, hashlib.sha256(code).hexdigest(), ())

    context = json.loads(Path("cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(
        outdir=out,
        context=context,
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
    )
    build(app, load(environment), systems(), empty)
    app.synth()


if __name__ == "__main__":
    main(*sys.argv[1:3])
