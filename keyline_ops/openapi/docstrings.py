"""What a numpy-style docstring says, taken apart."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_LINE_BREAK = re.compile(r"(?<!\n)\n(?![\n*-])")
_ENTRIES = ("Attributes", "Parameters")


@dataclass(frozen=True)
class Docstring:
    """A docstring.

    Attributes
    ----------
    summary
        Its first paragraph.
    description
        What follows before the first section.
    entries
        What the sections Attributes and Parameters say of each name.
    """

    summary: str = ""
    description: str = ""
    entries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str | None) -> Docstring:
        """Take a docstring apart; None has nothing to say."""
        first, *rest = _SECTION.split(inspect.cleandoc(text or ""))
        summary, _, description = first.strip().partition("\n\n")
        entries: dict[str, str] = {}
        for title, content in zip(rest[::2], rest[1::2], strict=True):
            if title in _ENTRIES:
                entries |= _entries(content)
        return cls(_flowing(summary), _flowing(description), entries)

    @property
    def text(self) -> str:
        """Summary and description."""
        return f"{self.summary}\n\n{self.description}".strip()


def _entries(content: str) -> dict[str, str]:
    """By name; `start, end` are two names of one description."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in content.strip("\n").splitlines():
        if line and not line[0].isspace():
            names = [name.strip() for name in line.partition(":")[0].split(",")]
            found |= dict.fromkeys(names, "")
        else:
            for name in names:
                found[name] += f"{line.strip()}\n"
    return {name: _flowing(text) for name, text in found.items()}


def _flowing(text: str) -> str:
    """A paragraph is one line, so that it can be shown in any width."""
    return _LINE_BREAK.sub(" ", text.strip())
