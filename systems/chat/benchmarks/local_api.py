"""Requests a second of the local API, of two revisions of the project, in one run.

    python -m systems.chat.benchmarks.local_api [--before REVISION] [--after HEAD] [--rounds 3]

Two platforms run at the same time, each from a checkout of its own, and take turns, so that a busy
moment of the machine meets both. Clients store messages of chat and read them, over connections
that they keep.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from benchmarks.revisions import checkout
from keyline.variables import PORT_OFFSET
from keyline_deploy.project import WORK

BEFORE = "c062065^"
"""The revision before verified tokens were remembered and sources were watched."""
BUDGET = 1 / 1.5
"""Half as many requests again in the same time."""
CLIENTS = (1, 4)
SECONDS = 4.0
_CLAIM = "student_id=17"
_PATH = "/conversations/load/messages"
_MESSAGE = {
    "moduleId": 12,
    "provider": "openai",
    "modelUsed": "gpt-4o",
    "question": "Why is a negative times a negative positive?",
    "response": "Think of debts: to take three debts of two away is to gain six. " * 5,
    "tokenCount": 42,
    "responseTime": 830,
}


@dataclass(frozen=True)
class Api:
    """A running local API of chat, and a token for it."""

    host: str
    token: str

    def calls(self, name: str) -> Callable[[], None]:
        """Return what makes one request over a connection of its own."""
        connection = http.client.HTTPConnection(self.host)
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        method, body = ("POST", json.dumps(_MESSAGE)) if name == "POST" else ("GET", None)
        path = _PATH if body else f"{_PATH}?limit=10"

        def call() -> None:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            said = response.read()
            if response.status >= 300:
                raise RuntimeError(f"{response.status}: {said!r}")

        return call

    def rate(self, name: str, clients: int, seconds: float) -> float:
        """Return the requests a second of so many clients at the same time."""
        counts = [0] * clients
        until = time.monotonic() + seconds

        def client(number: int) -> None:
            call = self.calls(name)
            while time.monotonic() < until:
                call()
                counts[number] += 1

        threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / seconds


@contextlib.contextmanager
def platform(root: Path, offset: int) -> Iterator[Api]:
    """Run the local platform of a checkout, without sample data."""
    path = os.pathsep.join(str(root / part) for part in (".", "constructs", "lambda_src"))
    binaries = os.pathsep.join((str(WORK / "redis"), os.environ["PATH"]))
    environ = {
        **os.environ,
        "PATH": binaries,
        "PYTHONPATH": path,
        PORT_OFFSET: str(offset),
    }

    def keyline(*words: str) -> str:
        command = [sys.executable, "-m", "keyline_ops.cli", *words]
        done = subprocess.run(
            command, cwd=root, env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"keyline {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    said = keyline("up", "--wait", "--no-load", "--fresh")
    try:
        urls = dict(line.split(": ") for line in said.splitlines() if line.startswith("chat"))
        token = keyline("token", "--claim", _CLAIM)
        yield Api(urllib.parse.urlsplit(next(iter(urls.values()))).netloc, token.strip())
    finally:
        keyline("down")


def measure(revisions: Sequence[str], rounds: int) -> Mapping[str, list[list[float]]]:
    """Return requests a second by operation and clients: for each round, of each revision."""
    taken: dict[str, list[list[float]]] = {}
    with contextlib.ExitStack() as stack:
        roots = [stack.enter_context(checkout(revision)) for revision in revisions]
        apis = [stack.enter_context(platform(root, 1000 * (n + 1))) for n, root in enumerate(roots)]
        for number in range(rounds + 1):
            for name in ("POST", "GET"):
                for clients in CLIENTS:
                    rates = [api.rate(name, clients, SECONDS) for api in apis]
                    if number:  # the first round warms up
                        taken.setdefault(f"{name} of {clients}", []).append(rates)
    return taken


def summed_up(taken: Mapping[str, list[list[float]]]) -> dict[str, dict[str, float]]:
    """Return the medians of the rounds, and that of the ratios."""
    found: dict[str, dict[str, float]] = {}
    for name, rounds in taken.items():
        before, after = (round(statistics.median(rates), 1) for rates in zip(*rounds, strict=True))
        ratio = statistics.median(new / old for old, new in rounds)
        found[name] = {"before": before, "after": after, "ratio": round(ratio, 2)}
    return found


def options() -> argparse.Namespace:
    """Return what the command line says."""
    said = parser(__doc__, __file__)
    said.add_argument("--before", default=BEFORE, help="the revision to compare with")
    said.add_argument("--after", default="HEAD", help="the revision that is judged")
    said.add_argument("--rounds", type=int, default=3)
    return said.parse_args()


def main() -> int:
    """Measure, print, write the result."""
    arguments = options()
    revisions = (arguments.before, arguments.after)
    taken = measure(revisions, arguments.rounds)
    ratios = [
        Ratio.of_rounds(
            f"time of a request to the local API, {name}",
            f"revision {arguments.before}",
            [(1 / after, 1 / before) for before, after in rounds],
            budget=BUDGET,
        )
        for name, rounds in taken.items()
    ]
    result = {
        "what": "requests a second of the local API by clients, and the median of the ratios",
        "where": f"{machine()}, `keyline up` on loopback",
        "before": arguments.before,
        "rounds": arguments.rounds,
        "requests": summed_up(taken),
        "ratios": ratios,
    }
    keep(result, arguments.json)
    return report(ratios)


if __name__ == "__main__":
    raise SystemExit(main())
