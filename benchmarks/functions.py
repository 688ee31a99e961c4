"""The cost of an invocation of each function: CPU, and bytes of logs.

    python -m benchmarks.functions [--rounds 5] [--json [FILE]]

The samples of every system go through its API on a local platform of its own, and every pattern is
used in each round. `keyline cost` bills functions and logs by what comes of it. The CPU is that of
the function's processes over its invocations. Their starts are included: the more rounds, the less
they are of it. The bytes are those of its log. An invocation is one that writes metrics, as each
does that calls DynamoDB. If a request fails, the state with the logs of the functions is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks.result import keep, machine, parser
from keyline.errors import KeylineError
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
    options = parser(__doc__, __file__)
    options.add_argument("--rounds", type=int, default=5, help="how often all is used")
    given = options.parse_args()
    assembly, state = up_to_date(ENVIRONMENT), Path(tempfile.mkdtemp(prefix="keyline-functions-"))
    try:
        found = asyncio.run(_measured(assembly, state, given.rounds))
    except KeylineError as error:
        raise SystemExit(f"{error}\nThe functions' logs are in {state}.") from error
    shutil.rmtree(state)
    keep({"machine": machine(), "rounds": given.rounds, "functions": found}, given.json)


async def _measured(
    assembly: Path, state: Path, rounds: int
) -> dict[str, dict[str, dict[str, float]]]:
    environment, console, watch = load(ENVIRONMENT), Console(stderr=True), Watch()
    options = Options(None, None, state, True, False, True, True, False, False)
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
        for _ in range(rounds):
            await Tour.of(options, environment).take(platform, console)
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
