"""The process that imports handlers, each under its function's environment, and describes them.

The process reads `[[handler, environment], ...]` from its input and writes the document to its
output.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys

from keyline.errors import KeylineError
from keyline.http import App
from keyline_ops.openapi.document import document


def main() -> None:
    """Describe the API of the handlers named by the input."""
    apps = []
    with contextlib.redirect_stdout(sys.stderr):  # whatever a handler prints is not a document
        for handler, environment in json.load(sys.stdin):
            os.environ.update(environment)
            apps.append(_app(handler.rpartition(".")[0]))
        found = document(apps)
    json.dump(found, sys.stdout)


def _app(module: str) -> App:
    app = getattr(importlib.import_module(module), "app", None)
    if not isinstance(app, App):
        raise KeylineError(module, "has no App named `app`.", "Name it so: app = App(SYSTEM).")
    return app


if __name__ == "__main__":
    try:
        main()
    except KeylineError as error:
        sys.exit(str(error))
