"""CPU per call of two revisions of the project, in one run on one embedded engine.

    python -m benchmarks.revisions --before v1 [--after HEAD] [--rounds 15] [--json FILE]

Each revision runs in a process of its own, from a checkout of its own. The two take turns, and
each round gives one ratio, so that a busy moment of the machine meets both. The workload is that of
`benchmarks.lean`, as each revision has it.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clients.workload import CALLS
from benchmarks.lean import engines
from benchmarks.result import keep, machine, parser

ROOT = Path(__file__).resolve().parent.parent
_WORKER = """
import sys, time
try:
    from benchmarks.clients import keyline_store as lean
except ImportError:  # an older revision
    from benchmarks import lean
from keyline.run import Store, dynamodb_client
from tests.support.engine import where

store = Store(system=lean.SYSTEM, environment="local", client=dynamodb_client(**where(sys.argv[1])))
key = {"conversationId": "conversation-1", "timestamp": 1_700_000_000_007.0}
span = (1_700_000_000_000.0, 1_700_000_001_000.0)
item = lean.message(7)
calls = {
    "get": lambda: store.get(lean.GET, **key),
    "query": lambda: store.query(
        lean.QUERY, limit=1000, conversationId="conversation-1", timestamp=span
    ),
    "put": lambda: store.put(lean.PUT, item),
    "update": lambda: store.update(lean.UPDATE, {"response": "Seven.", "tokenCount": 1}, **key),
}
for line in sys.stdin:
    name, count = line.split()
    started = time.process_time()
    for _ in range(int(count)):
        calls[name]()
    print((time.process_time() - started) / int(count) * 1000, flush=True)
"""


@contextlib.contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Yield a checkout of a revision in a folder of its own, and remove it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkout"
        _git("worktree", "add", "--detach", str(path), revision)
        (path / "node_modules").symlink_to(ROOT / "node_modules")
        try:
            yield path
        finally:
            _git("worktree", "remove", "--force", str(path))


@contextlib.contextmanager
def worker(root: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that runs the calls that it is told, with the code below a folder."""
    path = os.pathsep.join(str(root / part) for part in ("lambda_src", "constructs", "."))
    process = subprocess.Popen(
        [sys.executable, "-c", _WORKER, url],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def measure(before: str, after: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return milliseconds of CPU by operation, before and after, and the median of the ratios."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in CALLS}
    with contextlib.ExitStack() as stack:
        url, *_ = stack.enter_context(engines())
        roots = [stack.enter_context(checkout(revision)) for revision in (before, after)]
        old, new = (stack.enter_context(worker(root, url)) for root in roots)
        for number in range(rounds + 1):
            for name, calls in CALLS.items():
                pair = _ask(old, name, calls), _ask(new, name, calls)
                if number:  # the first round warms up
                    taken[name].append(pair)
    return {
        name: {
            "before_ms": round(statistics.median(old for old, _ in pairs), 4),
            "after_ms": round(statistics.median(new for _, new in pairs), 4),
            "ratio": round(statistics.median(new / old for old, new in pairs), 3),
        }
        for name, pairs in taken.items()
    }


def _ask(process: subprocess.Popen[str], name: str, calls: int) -> float:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no pipes")
    process.stdin.write(f"{name} {calls}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def _git(*words: str) -> None:
    subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True)


def main() -> int:
    """Measure, print, write the result."""
    options = parser(__doc__, __file__)
    options.add_argument("--before", required=True, help="the revision to compare with")
    options.add_argument("--after", default="HEAD", help="the revision that is judged")
    options.add_argument("--rounds", type=int, default=15)
    arguments = options.parse_args()
    measured = measure(arguments.before, arguments.after, arguments.rounds)
    result = {
        "what": "CPU milliseconds per call of two revisions, and the median ratio of the rounds",
        "where": f"{machine()}, embedded engine on loopback",
        "rounds": arguments.rounds,
        "operations": measured,
    }
    keep(result, arguments.json)
    print(json.dumps({name: each["ratio"] for name, each in measured.items()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
