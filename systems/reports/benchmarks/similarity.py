"""The products similar to one of 10,000, from the table, from S3 and from the process' memory.

    python -m systems.reports.benchmarks.similarity [--rounds 5]

Vectors have 512 numbers. For each codec a child process is the Lambda function's process: it
loads the handler, and answers one product's request three ways in turn. Measured are the whole
request through the handler, with all reads and the matrix stored in S3; the CPU of the child
alone; and the most memory that it ever took.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import msgspec
import numpy as np
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from werkzeug.serving import WSGIRequestHandler

from benchmarks.peak import peak_megabytes
from benchmarks.result import keep, machine, parser
from keyline import variables
from keyline.model import BatchWrite
from keyline.run import Store, dynamodb_client
from keyline.vector import CODECS, encode
from keyline_local.testing import LOOPBACK, free_port
from reports.matrix_location import BUCKET_VARIABLE
from reports.patterns import EMBEDDING_BYTES
from reports.settings import Codec, Settings
from reports.system import SYSTEM
from reports.tables import EMBEDDINGS, Embedding
from tests.support.engine import CREDENTIALS, REGION, admin_client, running_engine, where
from tests.support.tables import create_table_params

PRODUCTS = 10_000
DIMENSION = 512
MODEL = "clip-v1"
PRODUCT = "p-00042"
BUCKET = "k9-similarity-benchmark"
SECONDS = 1.0
"""What the first answer, from the table, may take with float32."""
MEGABYTES = 300
"""What the process may take, numpy and all."""
WAYS = ("table", "bucket", "process")


def measure(rounds: int) -> dict[str, Any]:
    """Return each codec → the milliseconds of each way, read units, and the memory."""
    with running_engine() as url, _bucket() as s3_url:
        return {codec: _of_codec(codec, url, s3_url, rounds) for codec in CODECS}


def _of_codec(codec: Codec, url: str, s3_url: str, rounds: int) -> dict[str, Any]:
    environment = f"bench-{codec}"
    settings = Settings(vector_codec=codec)
    admin_client(url).create_table(**create_table_params(EMBEDDINGS, environment))
    _fill(url, environment, settings)
    environ = {
        **os.environ,
        "AWS_ENDPOINT_URL_DYNAMODB": url,
        "AWS_ENDPOINT_URL_S3": s3_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIALS[0],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS[1],
        variables.SYSTEM: SYSTEM.name,
        variables.ENVIRONMENT: environment,
        variables.FUNCTION: "similarity",
        variables.SETTINGS: msgspec.json.encode(settings).decode(),
        "POWERTOOLS_SERVICE_NAME": "reports-similarity",
        BUCKET_VARIABLE: BUCKET,
    }
    command = [
        sys.executable,
        "-m",
        "systems.reports.benchmarks.similarity",
        "--child",
        str(rounds),
    ]
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(rounds: int) -> None:
    """Return what runs in the function's process: one line of JSON at the end of its output."""
    started = time.perf_counter()
    from reports.handlers import similarity as function

    ready = time.perf_counter() - started
    from tests.support.events import Context, event

    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    answers = set()
    for number in range(rounds):
        for way in WAYS:
            if way == "bucket":
                function._search._matrices._kept.remove((MODEL, DIMENSION))  # as in another process
            query = "k=10&fresh=true" if way == "table" and number else "k=10"
            request = event(
                "GET /products/{productId}/similar",
                {"productId": PRODUCT},
                query,
                claims={"sub": "ada", "token_use": "access", "cognito:groups": "[catalogue]"},
            )
            started, cpu = time.perf_counter(), time.process_time()
            answer = function.handler(request, Context())
            taken[way].append((time.perf_counter() - started) * 1000)
            spent[way].append((time.process_time() - cpu) * 1000)
            body = json.loads(answer["body"])
            if answer["statusCode"] != 200 or body["products"] != PRODUCTS:
                raise SystemExit(f"the answer is {answer}")
            answers.add(json.dumps(body["similar"]))
    if len(answers) != 1:
        raise SystemExit("the ways do not agree")
    peak = peak_megabytes()
    result = {
        "import_ms": round(ready * 1000, 1),
        "first_ms": round(taken["table"][0], 1),
        "p50_ms": {way: round(statistics.median(values), 1) for way, values in taken.items()},
        "cpu_ms": {way: round(statistics.median(values), 1) for way, values in spent.items()},
        "peak_mb": round(peak, 1),
    }
    print("\n" + json.dumps(result))


def _fill(url: str, environment: str, settings: Settings) -> None:
    """Store unit vectors as a model gives them, the same for every codec."""
    everything = BatchWrite(
        name="fill",
        why="Fills the table.",
        table=EMBEDDINGS,
        shape=Embedding,
        item_bytes=EMBEDDING_BYTES,
    )
    store = Store(
        system=SYSTEM,
        environment=environment,
        settings=settings,
        client=dynamodb_client(**where(url), read_timeout=10),
    )
    drawn = np.random.default_rng(1)
    rows = drawn.standard_normal((PRODUCTS, DIMENSION))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)

    def items() -> Iterator[Embedding]:
        for number, row in enumerate(rows):
            packed = encode(row.tolist(), settings.vector_codec)
            yield Embedding(
                product_id=f"p-{number:05}",
                model_version=MODEL,
                model=MODEL,
                embedding_vector=packed.data,
                vector_dimension=packed.dimension,
                vector_codec=packed.codec,
                vector_scale=packed.scale,
                created_at="2026-01-31T12:00:00.000000Z",
            )

    store.batch_write(everything, puts=items())


@contextmanager
def _bucket() -> Iterator[str]:
    WSGIRequestHandler.log_request = lambda *_: None  # type: ignore[method-assign] # one line each
    server = ThreadedMotoServer(LOOPBACK, free_port(), verbose=False)
    server.start()
    url = f"http://{LOOPBACK}:{server._port}"
    key, secret = CREDENTIALS
    boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    ).create_bucket(Bucket=BUCKET)
    try:
        yield url
    finally:
        server.stop()


def main() -> int:
    """Measure, print, write the result; non-zero if a budget is not met."""
    options = parser(__doc__, __file__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.child:
        child(arguments.child)
        return 0
    measured = measure(arguments.rounds)
    met = {
        "seconds": measured["float32"]["first_ms"] <= SECONDS * 1000,
        "megabytes": max(each["peak_mb"] for each in measured.values()) <= MEGABYTES,
    }
    result = {
        "what": f"the 10 most similar of {PRODUCTS:,} products with {DIMENSION} numbers each, "
        "through the handler",
        "where": f"{machine()}, embedded engine and moto's server on loopback",
        "rounds": arguments.rounds,
        "by_codec": measured,
        "budget": {"first_ms of float32": SECONDS * 1000, "peak_mb": MEGABYTES},
        "met": met,
    }
    keep(result, arguments.json)
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
