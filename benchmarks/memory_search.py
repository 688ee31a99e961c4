"""Search the embeddings of one user by codes, and compare with exact cosines of all vectors.

    python -m benchmarks.memory_search --vectors FILE.npy [--queries 200] [--seed 1] [--k 10]
        [--sizes 1000 10000] [--json]

FILE.npy holds unit vectors as rows of float16 or float32. Some are drawn as queries and are not
stored. The others are stored on the embedded engine as a user's embeddings of 29 days, and packed
as they come. Nothing is kept between searches: each reads all codes that it needs.

recall_at_10     of the 10 best cosines, the share that a search returned. The order of what has
                 equal cosines is free.
rru_per_search   read request units that a search consumed, as the engine counts them.
read_share       that, of the units of reading all vectors as float16 (eventually consistent).
p50_ms, p99_ms   of a search, from the call to the answer.
peak_mb          of the process that searches, with Python, numpy and botocore.
vectors          how many were stored.

Without --json the result is shown as a table. --sizes measures parts of the file as well.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peak import peak_megabytes
from keyline.model import READ_BYTES
from keyline.run import Meter, Store, dynamodb_client
from memory.embeddings.identifiers import new_embedding_id
from memory.embeddings.packing import MARGIN_SECONDS, Packer
from memory.embeddings.search import EmbeddingSearch
from memory.embeddings.store import EmbeddingStore, NewEmbedding
from memory.embeddings.tables import CODES, EMBEDDINGS
from memory.settings import Settings
from memory.system import SYSTEM
from tests.support.engine import running_engine, where
from tests.support.tables import create_table_params, created

Array = NDArray[Any]

USER = "ada"
DAYS = 29
STEPS = 20
"""Times that the codes are packed while the vectors are stored."""
THREADS = "OPENBLAS_NUM_THREADS"
"""More threads than one make products of small matrices slower, and a function has one."""
UNIT = 0.02
"""By how much the length of a vector may differ from 1."""
TOLERANCE = 1e-6
"""Cosines that differ by less are equal."""


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--vectors", type=Path, help="the file of vectors (.npy)")
    options.add_argument("--queries", type=int, default=200, help="vectors that are held out")
    options.add_argument("--seed", type=int, default=1, help="of the choice of the queries")
    options.add_argument("--k", type=int, default=10, help="neighbours of a search")
    options.add_argument("--sizes", type=int, nargs="*", default=[], help="smaller parts, as well")
    options.add_argument("--json", action="store_true", help="print one line of JSON")
    options.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = options.parse_args()
    if THREADS not in os.environ:  # numpy reads it at its import, which is over
        command = [sys.executable, "-m", "benchmarks.memory_search", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, THREADS: "1"})
    if given.child:
        print(json.dumps(search_all(*given.child, k=given.k)))
        return 0
    if given.vectors is None:
        options.error("--vectors is missing: name a .npy file of unit vectors")
    try:
        vectors = load(given.vectors, given.queries)
    except ValueError as error:
        options.error(f"--vectors {given.vectors}: {error}")
    drawn = np.random.default_rng(given.seed).permutation(len(vectors))
    queries, stored = vectors[drawn[: given.queries]], vectors[np.sort(drawn[given.queries :])]
    sizes = [size for size in given.sizes if size < len(stored)]
    results = [measure(stored[:size], queries, given.k) for size in [*sizes, len(stored)]]
    if given.json:
        print(json.dumps(results[-1] | ({"sizes": results[:-1]} if sizes else {})))
    else:
        for name in results[-1]:
            print(f"{name:16}", *(f"{result[name]:>12}" for result in results))
    return 0


def load(file: Path, queries: int) -> Array:
    """Return the vectors of a file.

    Raises
    ------
    ValueError
        If it does not hold unit vectors, or not more than the number of queries.
    """
    try:
        vectors: Array = np.load(file, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError) as error:
        raise ValueError("is not an array: save one with numpy.save") from error
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2:
        raise ValueError("does not hold a matrix: save an array of the shape (vectors, numbers)")
    if vectors.dtype.kind != "f":
        raise ValueError(f"holds {vectors.dtype}: save float16 or float32")
    if queries < 1 or len(vectors) <= queries:
        raise ValueError(f"holds {len(vectors)} vectors: give --queries 1 to {len(vectors) - 1}")
    lengths = np.linalg.norm(vectors.astype("<f4"), axis=1)
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= UNIT))
    if len(wrong):
        raise ValueError(
            f"row {wrong[0]} has the length {lengths[wrong[0]]:.4g}: divide each row by its length"
        )
    return np.asarray(vectors)


def measure(stored: Array, queries: Array, k: int) -> dict[str, Any]:
    """Store vectors, search for each query, and compare with all cosines."""
    environment = f"b{time.time_ns()}"
    tables = [create_table_params(table, environment) for table in (EMBEDDINGS, CODES)]
    with (
        running_engine() as url,
        created(url, tables),
        tempfile.TemporaryDirectory() as folder,
    ):
        store = open_store(url, environment)
        started, worked = time.perf_counter(), time.process_time()
        fill(store, stored)
        loaded, worked = time.perf_counter() - started, time.process_time() - worked
        file = Path(folder) / "queries.npy"
        np.save(file, queries)
        command = [sys.executable, "-m", "benchmarks.memory_search", "--k", str(k), "--child"]
        done = subprocess.run(
            [*command, url, environment, str(file)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    child = json.loads(done.stdout.splitlines()[-1])
    units = child["rru"]
    whole = math.ceil(stored.shape[0] * stored.shape[1] * 2 / READ_BYTES) / 2
    return {
        "recall_at_10" if k == 10 else f"recall_at_{k}": recall(stored, queries, child["found"], k),
        "read_share": round(float(np.mean(units)) / whole, 4),
        "rru_per_search": round(float(np.mean(units)), 1),
        "p50_ms": round(float(np.percentile(child["ms"], 50)), 1),
        "p99_ms": round(float(np.percentile(child["ms"], 99)), 1),
        "peak_mb": round(child["peak_mb"], 1),
        "vectors": len(stored),
        "dimension": int(stored.shape[1]),
        "rru_p99": round(float(np.percentile(units, 99)), 1),
        "compared": round(float(np.mean(child["compared"])), 1),
        "codes": round(float(np.mean(child["packed"])), 1),
        "first_ms": round(child["first_ms"], 1),
        "load_s": round(loaded, 1),
        "load_cpu_s": round(worked, 1),
        "float16_rru": whole,
    }


def open_store(url: str, environment: str) -> Store:
    """Return a store on the tables of an environment."""
    client = dynamodb_client(**where(url), read_timeout=20)
    return Store(
        system=SYSTEM, environment=environment, settings=Settings(), client=client, meter=Meter()
    )


def fill(store: Store, vectors: Array) -> None:
    """Store vectors as embeddings of the last days, and pack them as they come."""
    embeddings, end = EmbeddingStore(store), time.time() - 2 * MARGIN_SECONDS
    start = end - DAYS * 86_400
    moments = np.sort(np.random.default_rng(0).uniform(start, end, len(vectors)))
    now = [start]
    packer = Packer(store, clock=lambda: now[0])
    size = max(1, math.ceil(len(vectors) / STEPS))
    for first in range(0, len(vectors), size):
        part = slice(first, first + size)
        embeddings.store_all(
            USER,
            [
                NewEmbedding(
                    vector=vector.tolist(),
                    embedding_id=new_embedding_id(int(moment * 1_000_000)),
                    metadata={"row": str(first + number), "text_preview": "x" * 100},
                )
                for number, (vector, moment) in enumerate(
                    zip(vectors[part], moments[part], strict=True)
                )
            ],
        )
        now[0] = moments[part][-1] + MARGIN_SECONDS + 1
        packer.pack(USER)


def search_all(url: str, environment: str, file: str, *, k: int) -> dict[str, Any]:
    """Search for each query in this process."""
    queries, store = np.load(file), open_store(url, environment)
    search = EmbeddingSearch(store)
    taken, units, found, compared, packed = [], [], [], [], []
    started = time.perf_counter()
    search.search(USER, queries[0].tolist(), k)
    first = time.perf_counter() - started
    for query in queries:
        store.meter.flush()
        started = time.perf_counter()
        answer = search.search(USER, query.tolist(), k)
        taken.append((time.perf_counter() - started) * 1_000)
        units.append(sum(call.read for call in store.meter.calls))
        found.append([int(each.metadata["row"]) for each in answer.neighbours])
        compared.append(answer.compared)
        packed.append(answer.packed)
    peak = peak_megabytes()
    return {
        "ms": taken,
        "rru": units,
        "found": found,
        "compared": compared,
        "packed": packed,
        "first_ms": first * 1_000,
        "peak_mb": peak,
    }


def recall(stored: Array, queries: Array, found: Sequence[Sequence[int]], k: int) -> float:
    """Return the share of the k best cosines of each query that was found."""
    rows = stored.astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    shares = []
    wanted = min(k, len(rows))
    for query, own in zip(queries.astype(np.float64), found, strict=True):
        exact = rows @ (query / np.linalg.norm(query)).astype(np.float32)
        least = np.partition(exact, -wanted)[-wanted]
        shares.append(np.count_nonzero(exact[list(own)] >= least - TOLERANCE) / wanted)
    return round(float(np.mean(shares)), 4)


if __name__ == "__main__":
    raise SystemExit(main())
