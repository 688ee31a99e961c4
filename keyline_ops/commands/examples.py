"""The examples at the end of a command's help."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """Return examples as a command's epilog, one line each."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
