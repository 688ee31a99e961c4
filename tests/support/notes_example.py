"""The files that `keyline new notes` writes, for the example in examples/notes.

Write the example again after a change of the templates:
`.venv/bin/python -m tests.support.notes_example`
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from keyline_deploy.project import ROOT
from keyline_ops.new import templates
from keyline_ops.new.words import words_of

FOLDER = ROOT / "examples" / "notes"
_DATA_MODEL = (
    "import sys; from pathlib import Path; from keyline_ops import docs; "
    "from notes.system import SYSTEM; docs.write([SYSTEM], Path(sys.argv[1]))"
)


def write(folder: Path) -> None:
    """Write the example to a folder, without its OpenAPI document and its snapshots.

    These two need a synthesis of the project with the example in it.
    """
    words = words_of("notes", None, None, stream=False)
    files = {**templates.rendered(words), "environments/section.toml": templates.section(words)}
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    paths = [str(folder / "lambda_src"), *(path for path in sys.path if path)]
    subprocess.run(
        [sys.executable, "-c", _DATA_MODEL, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=True,
    )


if __name__ == "__main__":
    shutil.rmtree(FOLDER)
    write(FOLDER)
