"""The position of a deployment: the waves that are left, by what runs."""

from __future__ import annotations

from collections.abc import Mapping

from keyline.errors import KeylineError
from keyline_ops.deploying.assembly import Waves


def left(waves: Waves, running: Mapping[str, str]) -> int:
    """Return the number of the first wave that is left, from 0.

    The wave that was under way is left whole: what it has deployed is deployed again, which
    changes nothing.

    Parameters
    ----------
    running
        The digests of the templates that run, by the names of the stacks; empty if no stack runs.

    Raises
    ------
    KeylineError
        If what runs is not on the way of these waves.
    """
    before = waves.before
    for number, entry in enumerate(waves.entries):
        if all(
            now in (before.get(stack, ""), entry.after.get(stack, ""))
            for stack, now in running.items()
        ):
            return number
        before = entry.after
    raise KeylineError(
        f"environment {waves.environment}",
        "does not run what these waves were planned for: something else was deployed since.",
        "Plan the waves again, with `keyline deploy --dry-run`.",
    )
