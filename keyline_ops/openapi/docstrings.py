"""The parts of a numpy-style docstring."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from docstring_parser import DocstringStyle, parse

_LINE_BREAK = re.compile(r"(?<!\n)\n(?![\n*-])")


@dataclass(frozen=True)
class Docstring:
    """A docstring.

    Attributes
    ----------
    summary
        The first paragraph.
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
        parsed = parse(text or "", style=DocstringStyle.NUMPYDOC)
        summary, _, description = (parsed.description or "").partition("\n\n")
        entries = {
            name.strip(): _flowing(entry.description or "")
            for entry in parsed.params
            for name in entry.arg_name.split(",")  # `start, end` are two names of one description
        }
        return cls(_flowing(summary), _flowing(description), entries)

    @property
    def text(self) -> str:
        """Summary and description."""
        return f"{self.summary}\n\n{self.description}".strip()


def plain(text: str) -> str:
    """Return CommonMark without its code marks: OpenAPI's `summary` is plain text."""
    return text.replace("`", "")


def _flowing(text: str) -> str:
    """Join the lines of each paragraph, so that it can be shown in any width."""
    return _LINE_BREAK.sub(" ", text.strip())
