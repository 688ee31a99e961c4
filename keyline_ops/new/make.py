"""From what a user asks for to the plan of a new system."""

from __future__ import annotations

from pathlib import Path

from keyline_deploy.systems import systems
from keyline_ops.new import templates
from keyline_ops.new.plan import Plan, plan
from keyline_ops.new.refusals import check
from keyline_ops.new.words import words_of


def planned(
    system: str, item: str | None, title: str | None, root: Path, *, stream: bool, derive: bool
) -> Plan:
    """Check what a user asks for, and say what it does to each file; write nothing.

    A system that has the handler of a stream consumer is one with a stream consumer.

    Raises
    ------
    BadNameError
        If a name cannot be used.
    """
    handler = root / templates.STREAM_HANDLER.format(system=system)
    words = words_of(system, item, title, stream=stream or handler.is_file())
    check(words, root, systems())
    return plan(words, root, derive=derive)
