"""The cost of an invocation of each function: CPU, and bytes of logs.

    python -m benchmarks.functions [--json [FILE]]

The samples of every system go through its API on a local platform of its own. `keyline cost` bills
functions and logs by what comes of it. The CPU is that of the function's processes over its
invocations. Their starts are included: of a function that is invoked a few times, they are most of
it, and the forecast is too high. The bytes are those of its log. An invocation is one that writes
metrics, as each does that calls DynamoDB.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks.result import keep, machine, parser
from keyline.model import function_name
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_local import Platform, Ports
from keyline_ops.demo.options import Options
from keyline_ops.demo.tour import ENVIRONMENT, Tour
from keyline_ops.running import local_ports
from keyline_ops.synth import up_to_date

_NAME = "AWS_LAMBDA_FUNCTION_NAME"
_EVERY = 0.5


class Watch:
    """The CPU of the processes of every function, as they are seen from time to time."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._seconds: dict[int, float] = {}

    async def run(self) -> None:
        """Look until cancelled; a process that ends keeps what was last seen of it."""
        while True:
            self.look()
            await asyncio.sleep(_EVERY)

    def look(self) -> None:
        """Look once."""
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                name = self._names.get(process.pid) or process.environ().get(_NAME)
                if name:
                    used = process.cpu_times()
                    self._names[process.pid] = name
                    self._seconds[process.pid] = used.user + used.system

    @property
    def seconds(self) -> dict[str, float]:
        """By the deployed name of a function."""
        found: dict[str, float] = defaultdict(float)
        for pid, seconds in self._seconds.items():
            found[self._names[pid]] += seconds
        return found


def main() -> None:
    """Run the samples and keep what they took."""
    file = parser(__doc__, __file__).parse_args().json
    assembly = up_to_date(ENVIRONMENT)
    with tempfile.TemporaryDirectory(prefix="keyline-functions-") as state:
        found = asyncio.run(_measured(assembly, Path(state)))
    keep({"machine": machine(), "functions": found}, file)


async def _measured(assembly: Path, state: Path) -> dict[str, dict[str, dict[str, float]]]:
    environment, console, watch = load(ENVIRONMENT), Console(stderr=True), Watch()
    options = Options(None, None, state, True, False, True, True, False, False)
    tour = Tour.of(options, environment)
    platform = Platform(
        root=ROOT,
        assembly=assembly,
        state=state,
        fresh=True,
        ports=Ports(),
        declared=local_ports(environment),
    )
    async with platform:
        requests: set[tuple[str, str | None]] = set()
        platform.logs.subscribe(lambda written: requests.add((written.source, written.request_id)))
        looking = asyncio.create_task(watch.run())
        await tour.take(platform, console)
        watch.look()
        looking.cancel()
        invoked = Counter(source for source, _ in requests)
    return {
        system.name: {
            function.name: _profile(name, watch.seconds[name], invoked[name], platform)
            for function in system.functions
            if invoked[name := function_name(system.name, function.name, ENVIRONMENT)]
        }
        for system in systems()
    }


def _profile(name: str, seconds: float, invoked: int, platform: Platform) -> dict[str, float]:
    log = platform.logs.file_of(name)
    files = (log, log.with_name(f"{name}.emf.jsonl"))
    written = sum(file.stat().st_size for file in files if file.is_file())
    return {
        "cpu_ms": round(seconds * 1000 / invoked, 2),
        "log_bytes": round(written / invoked),
        "invocations": invoked,
    }


if __name__ == "__main__":
    main()
