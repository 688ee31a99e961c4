"""CPU per call of the run time beside other clients, in one run on the embedded engine.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.lean [--rounds 7] [--json benchmarks/results/lean.json]

Every subject does the same to the same table: read an item, query 1,000 items of about
600 B, read 100 by their keys, put and update an item. Subjects take turns in each round, and the
median of the rounds counts, so that a busy moment of the machine meets them all. CPU is that of
the whole process, with all threads.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import boto3
import msgspec

from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from keyline.model import (
    BatchGet,
    Function,
    Get,
    Key,
    Put,
    Query,
    System,
    Table,
    Update,
    between,
)
from keyline.run import Store, dynamodb_client
from tests.support.engine import CREDENTIALS, REGION, admin_client, running_engine, where
from tests.support.tables import create_table_params

ITEMS = 1000
BATCH = 100
TEXT = "x" * 360
CALLS = {"get": 200, "query": 6, "batch get": 20, "put": 150, "update": 150}
BUDGETS = {  # operation and what it is held against → the most that its CPU may be of that
    ("get", "boto3 client"): 0.12,
    ("get", "pydynox"): 1.0,
    ("put", "boto3 client"): 0.2,
    ("update", "boto3 client"): 0.2,
    ("batch get", "boto3 client"): 0.3,
    ("query", "boto3 Table resource"): 0.12,
    ("query", "pydynox"): 1.0,
}
OURS = "keyline"


class Message(msgspec.Struct, kw_only=True):
    """A message as the benchmark stores it."""

    conversationId: str
    timestamp: float
    messageId: str
    moduleId: int
    studentId: int | None = None
    provider: str
    modelUsed: str
    question: str
    response: str
    tokenCount: int
    responseTime: float
    hasFile: bool
    fileName: str | None = None
    createdAt: str


TABLE = Table(
    "LeanMessages",
    "Key design: a conversation's messages lie together, in the order of time.",
    key=Key("conversationId", "timestamp"),
    entities=[Message],
)


def _common(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Measured.",
        "table": TABLE,
        "shape": Message,
        "item_bytes": 600,
        "per_month": 1,
    }


GET = Get(**_common("get-message"))
QUERY = Query(sort=between("timestamp"), page=1000, **_common("messages-between"))
BATCH_GET = BatchGet(items=BATCH, **_common("get-messages"))
PUT = Put(replace=True, **_common("put-message"))
UPDATE = Update(set=("response",), add=("tokenCount",), **_common("update-message"))
SYSTEM = System(
    name="lean",
    title="Lean",
    tables=(TABLE,),
    functions=(
        Function(
            name="all",
            handler="lean.handlers.all.handler",
            why="All.",
            patterns=(GET, QUERY, BATCH_GET, PUT, UPDATE),
        ),
    ),
)
NAME = TABLE.physical_name("local")


def message(number: int) -> Message:
    """Return the message of this number."""
    return Message(
        conversationId="conversation-1",
        timestamp=1_700_000_000_000.0 + number,
        messageId=f"message-{number:06d}",
        moduleId=42,
        studentId=number % 97,
        provider="openai",
        modelUsed="gpt-large",
        question="How many apples are left when three of ten are eaten?",
        response=TEXT,
        tokenCount=120 + number,
        responseTime=812.5,
        hasFile=False,
        createdAt="2026-11-20T12:00:00Z",
    )


KEYS: list[dict[str, Any]] = [
    {"conversationId": each.conversationId, "timestamp": each.timestamp}
    for each in map(message, range(BATCH))
]


@dataclass(frozen=True)
class Subject:
    """A client under measurement: what it calls for each operation."""

    name: str
    operations: Mapping[str, Callable[[], Any]]


def keyline_subject(url: str) -> Subject:
    """Measure the run time: typed items, capacity metered."""
    client = dynamodb_client(**where(url))
    store = Store(system=SYSTEM, environment="local", client=client)
    item = message(1)
    key: dict[str, Any] = {"conversationId": item.conversationId, "timestamp": item.timestamp}

    def query() -> int:
        window = (0.0, 1e15)
        page = store.query(QUERY, limit=ITEMS, conversationId="conversation-1", timestamp=window)
        return len(page.items)

    return Subject(
        "keyline",
        {
            "get": lambda: store.get(GET, **key),
            "query": query,
            "batch get": lambda: len(store.batch_get(BATCH_GET, keys=KEYS)),
            "put": lambda: store.put(PUT, item),
            "update": lambda: store.update(UPDATE, {"response": TEXT, "tokenCount": 1}, **key),
        },
    )


_CONDITION = "#c = :c AND #t BETWEEN :a AND :b"
_NAMES = {"#c": "conversationId", "#t": "timestamp"}
_UPDATE = "SET #r = :r ADD #n :n"
_UPDATE_NAMES = {"#r": "response", "#n": "tokenCount"}


def boto3_client_subject(url: str) -> Subject:
    """Measure boto3's client: DynamoDB JSON as dictionaries, consumed capacity returned."""
    client = admin_client(url)
    metered = {"TableName": NAME, "ReturnConsumedCapacity": "INDEXES"}
    item = {k: _wire(v) for k, v in _plain(message(1)).items()}
    key = {"conversationId": item["conversationId"], "timestamp": item["timestamp"]}
    keys = [{k: _wire(v) for k, v in each.items()} for each in KEYS]
    values = {":c": {"S": "conversation-1"}, ":a": {"N": "0"}, ":b": {"N": "1000000000000000"}}
    return Subject(
        "boto3 client",
        {
            "get": lambda: client.get_item(Key=key, **metered),
            "query": lambda: len(
                client.query(
                    KeyConditionExpression=_CONDITION,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues=values,
                    Limit=ITEMS,
                    **metered,
                )["Items"]
            ),
            "batch get": lambda: len(
                client.batch_get_item(
                    RequestItems={NAME: {"Keys": keys}}, ReturnConsumedCapacity="INDEXES"
                )["Responses"][NAME]
            ),
            "put": lambda: client.put_item(Item=item, **metered),
            "update": lambda: client.update_item(
                Key=key,
                UpdateExpression=_UPDATE,
                ExpressionAttributeNames=_UPDATE_NAMES,
                ExpressionAttributeValues={":r": {"S": TEXT}, ":n": {"N": "1"}},
                ReturnValues="ALL_NEW",
                **metered,
            ),
        },
    )


def boto3_resource_subject(url: str) -> Subject:
    """Measure boto3's Table resource: items as dictionaries, numbers as Decimal."""
    key_id, secret = CREDENTIALS
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )
    table = resource.Table(NAME)
    metered = {"ReturnConsumedCapacity": "INDEXES"}
    item = {
        k: Decimal(repr(v)) if isinstance(v, float) else v for k, v in _plain(message(1)).items()
    }
    key = {"conversationId": item["conversationId"], "timestamp": item["timestamp"]}
    keys = [{**each, "timestamp": int(each["timestamp"])} for each in KEYS]
    values = {":c": "conversation-1", ":a": 0, ":b": 10**15}
    return Subject(
        "boto3 Table resource",
        {
            "get": lambda: table.get_item(Key=key, **metered),
            "query": lambda: len(
                table.query(
                    KeyConditionExpression=_CONDITION,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues=values,
                    Limit=ITEMS,
                    **metered,
                )["Items"]
            ),
            "batch get": lambda: len(
                resource.batch_get_item(RequestItems={NAME: {"Keys": keys}}, **metered)[
                    "Responses"
                ][NAME]
            ),
            "put": lambda: table.put_item(Item=item, **metered),
            "update": lambda: table.update_item(
                Key=key,
                UpdateExpression=_UPDATE,
                ExpressionAttributeNames=_UPDATE_NAMES,
                ExpressionAttributeValues={":r": TEXT, ":n": 1},
                ReturnValues="ALL_NEW",
                **metered,
            ),
        },
    )


def pynamodb_subject(url: str) -> Subject:
    """PynamoDB: items as models."""
    from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
    from pynamodb.models import Model

    key_id, secret = CREDENTIALS
    meta = {
        "table_name": NAME,
        "host": url,
        "region": REGION,
        "aws_access_key_id": key_id,
        "aws_secret_access_key": secret,
    }
    body: dict[str, Any] = {"Meta": type("Meta", (), meta)}
    for name, value in _plain(message(1)).items():
        kind = (
            BooleanAttribute
            if isinstance(value, bool)
            else UnicodeAttribute
            if isinstance(value, str)
            else NumberAttribute
        )
        body[name] = kind(
            hash_key=name == "conversationId", range_key=name == "timestamp", null=True
        )
    model: Any = type("MessageModel", (Model,), body)
    item = model(**_plain(message(1)))
    key = (item.conversationId, item.timestamp)
    keys = [tuple(each.values()) for each in KEYS]
    actions = [model.response.set(TEXT), model.tokenCount.add(1)]

    def query() -> int:
        found = model.query("conversation-1", model.timestamp.between(0, 10**15), limit=ITEMS)
        return len(list(found))

    return Subject(
        "PynamoDB",
        {
            "get": lambda: model.get(*key),
            "query": query,
            "batch get": lambda: len(list(model.batch_get(keys))),
            "put": item.save,
            "update": lambda: model(*key).update(actions=actions),
        },
    )


def pydynox_subject(url: str) -> Subject:
    """pydynox's client: items as dictionaries, by way of a client in Rust."""
    from pydynox import DynamoDBClient

    key_id, secret = CREDENTIALS
    client = DynamoDBClient(region=REGION, access_key=key_id, secret_key=secret, endpoint_url=url)
    item = _plain(message(1))
    key = {"conversationId": item["conversationId"], "timestamp": item["timestamp"]}

    def query() -> int:
        found = client.sync_query(
            NAME,
            _CONDITION,
            expression_attribute_names=_NAMES,
            expression_attribute_values={":c": "conversation-1", ":a": 0, ":b": 10**15},
            page_size=ITEMS,
        )
        return len(list(found))

    return Subject(
        "pydynox",
        {
            "get": lambda: client.sync_get_item(NAME, key),
            "query": query,
            "batch get": lambda: len(client.sync_batch_get(NAME, KEYS)),
            "put": lambda: client.sync_put_item(NAME, item),
            "update": lambda: client.sync_update_item(
                NAME,
                key,
                update_expression=_UPDATE,
                expression_attribute_names=_UPDATE_NAMES,
                expression_attribute_values={":r": TEXT, ":n": 1},
            ),
        },
    )


MAKERS = (
    boto3_client_subject,
    boto3_resource_subject,
    pynamodb_subject,
    pydynox_subject,
    keyline_subject,
)


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """CPU milliseconds per call: operation → subject → one figure for each round."""
    with running_engine() as url:
        _fill(url)
        subjects = [maker(url) for maker in MAKERS]
        taken: dict[str, dict[str, list[float]]] = {o: {} for o in CALLS}
        for number in range(rounds + 1):
            for operation, calls in CALLS.items():
                for subject in subjects:
                    spent = _cpu(subject.operations[operation], calls)
                    if number:  # the first round warms up
                        taken[operation].setdefault(subject.name, []).append(spent)
    return taken


def medians(taken: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, float]]:
    """Return the median of the rounds: operation → subject → milliseconds."""
    return {
        operation: {name: round(statistics.median(values), 3) for name, values in by.items()}
        for operation, by in taken.items()
    }


def held(taken: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Ratio]:
    """Compare Keyline with each other client, in each round."""
    return [
        Ratio.of_rounds(
            f"CPU of {operation}",
            name,
            zip(by[OURS], theirs, strict=True),
            budget=BUDGETS.get((operation, name)),
        )
        for operation, by in taken.items()
        for name, theirs in by.items()
        if name != OURS
    ]


def _cpu(call: Callable[[], Any], calls: int) -> float:
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls * 1000


def _fill(url: str) -> None:
    client = admin_client(url)
    client.create_table(**create_table_params(TABLE, "local"))
    lean = dynamodb_client(**where(url))
    store = Store(system=SYSTEM, environment="local", client=lean)
    for number in range(ITEMS):
        store.put(PUT, message(number))


def _plain(item: Message) -> dict[str, Any]:
    return {k: v for k, v in msgspec.structs.asdict(item).items() if v is not None}


def _wire(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"S": value} if isinstance(value, str) else {"N": repr(value)}


def main() -> int:
    """Measure, print, write the result; non-zero if a budget is not met."""
    options = parser(__doc__, __file__)
    options.add_argument("--rounds", type=int, default=7)
    arguments = options.parse_args()
    taken = measure(arguments.rounds)
    ratios = held(taken)
    result = {
        "what": "CPU milliseconds per call, median of the rounds",
        "where": f"{machine()}, embedded engine on loopback",
        "versions": {
            n: version(n) for n in ("boto3", "botocore", "pynamodb", "pydynox", "msgspec")
        },
        "rounds": arguments.rounds,
        "cpu_ms": medians(taken),
        "ratios": ratios,
    }
    keep(result, arguments.json)
    return report(ratios)


if __name__ == "__main__":
    raise SystemExit(main())
