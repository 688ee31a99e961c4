"""Options of a run of the demonstration.

This module stands apart from `run`, whose import every other command would wait half a second for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The options of a run.

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
        Whether to serve until a signal, while the data is loaded and after it.
    load
        Whether data is loaded and used at all.
    free_ports
        Whether to listen on free ports instead of the environment's.
    verbose
        Whether the functions' logs are shown while the data is loaded.
    quiet
        Whether the functions' logs are kept from the terminal when the data is loaded, too.
    """

    data: Path | None
    report: Path | None
    state: Path
    fresh: bool
    serve: bool
    load: bool
    free_ports: bool
    verbose: bool
    quiet: bool

    @property
    def arguments(self) -> list[str]:
        """The options as arguments of `keyline up`, without the state folder."""
        switches = {
            "--fresh": self.fresh,
            "--free-ports": self.free_ports,
            "--no-load": not self.load,
            "--verbose": self.verbose,
        }
        values = {"--data": self.data, "--report": self.report}
        return [
            *(name for name, is_on in switches.items() if is_on),
            *(word for name, path in values.items() if path for word in (name, str(path))),
        ]
