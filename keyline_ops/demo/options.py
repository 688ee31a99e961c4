"""What a run of the demonstration is told.

It stands apart from `run`, whose import every other command would wait half a second for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What to run.

    Attributes
    ----------
    data
        A folder of real conversations; sample data without one.
    report
        Where the report goes as JSON.
    state
        Folder of the local platform's state.
    fresh
        Whether the data of earlier runs is forgotten first. Tokens stay valid.
    serve
        Whether to go on serving until a signal.
    free_ports
        Whether to listen on free ports instead of the environment's.
    verbose
        Whether the functions' logs are shown while the data is loaded.
    """

    data: Path | None
    report: Path | None
    state: Path
    fresh: bool
    serve: bool
    free_ports: bool
    verbose: bool
