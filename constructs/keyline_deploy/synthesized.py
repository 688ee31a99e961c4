"""The templates of a synthesized app, as they are in the folder of its cloud assembly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Template = Mapping[str, Any]


def read_template(path: Path) -> Template:
    """Read a template."""
    template: Template = json.loads(path.read_text(encoding="utf-8"))
    return template


def read_templates(assembly: Path) -> dict[str, Template]:
    """Return the templates of an assembly by the names of their stacks."""
    return {
        file.name.partition(".")[0]: read_template(file)
        for file in sorted(assembly.glob("*.template.json"))
    }
