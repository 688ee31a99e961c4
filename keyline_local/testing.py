"""The parts of the platform that tests and benchmarks run or look at by themselves.

Not for tools and systems: what these need is in `keyline_local`.
"""

from __future__ import annotations

from keyline_local.cloudformation.apis import api_names
from keyline_local.cloudformation.assembly import read_assembly
from keyline_local.cloudformation.deployment import resolve_deployment
from keyline_local.dynamodb.dynamodb_api import DynamoApi
from keyline_local.dynamodb.engine import find_binary
from keyline_local.dynamodb.stream_index import index_stream_records
from keyline_local.dynamodb.ttl import Sweep
from keyline_local.host.http1 import Server, response
from keyline_local.host.listener import Listener
from keyline_local.host.ports import endpoints
from keyline_local.host.process import LOOPBACK, die_with_parent, free_port, is_taken
from keyline_local.lambdas.functions import Invocation
from keyline_local.resources import StreamMapping, Table
from keyline_local.roles.guard import Access, Guard
from keyline_local.roles.identity import Credentials
from keyline_local.services.aws import Aws
from keyline_local.services.cache import find_server
from keyline_local.services.logs import Metric
from keyline_local.triggers.on_failure import document
from keyline_local.triggers.stream_reader import StreamReader
from keyline_local.triggers.stream_retry import Batch

__all__ = [
    "LOOPBACK",
    "Access",
    "Aws",
    "Batch",
    "Credentials",
    "DynamoApi",
    "Guard",
    "Invocation",
    "Listener",
    "Metric",
    "Server",
    "StreamMapping",
    "StreamReader",
    "Sweep",
    "Table",
    "api_names",
    "die_with_parent",
    "document",
    "endpoints",
    "find_binary",
    "find_server",
    "free_port",
    "index_stream_records",
    "is_taken",
    "read_assembly",
    "resolve_deployment",
    "response",
]
