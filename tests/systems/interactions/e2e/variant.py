"""Copies of a synthesized environment whose interactions system is set otherwise."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.synthesized import linked

TEMPLATE = "InteractionsServiceLocal.template.json"
HISTORY_FUNCTION = "interactions"
"""The function that holds sessions in memory while the system moves."""
PHASE_SECONDS = 0.2
"""How long a process uses a phase that it has read; 10 s elsewhere."""


def variant(
    assembly: Path, folder: Path, *, processes: int | None = None, **settings: float
) -> Path:
    """Copy an assembly and change what its functions are told.

    Parameters
    ----------
    processes
        How many processes the function of checks and histories has at most.
    settings
        Settings of the interactions system.
    """
    changed = linked(assembly, folder)
    file = changed / TEMPLATE
    template = json.loads(file.read_text())
    functions = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    for properties in functions:
        variables = properties["Environment"]["Variables"]
        known = json.loads(variables["KEYLINE_SETTINGS"])
        assert known.keys() >= settings.keys()
        variables["KEYLINE_SETTINGS"] = json.dumps(known | settings)
        if processes is not None and variables["KEYLINE_FUNCTION"] == HISTORY_FUNCTION:
            properties["ReservedConcurrentExecutions"] = processes
    file.write_text(json.dumps(template))
    return changed
