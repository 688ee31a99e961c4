"""The guard between real boto3 clients and a real engine."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.project import ROOT
from keyline_local.dynamodb.table_meter import TableMeter
from keyline_local.dynamodb.throttling import Throttling
from keyline_local.host.clock import Clock
from keyline_local.host.http1 import Server, response
from keyline_local.host.process import free_port
from keyline_local.resources import Function, Statement, Table
from keyline_local.roles.guard import Access, Guard
from keyline_local.roles.identity import Credentials
from keyline_local.services.faults import Faults, Kind
from keyline_local.services.metric_store import MetricStore
from tests.keyline_local.measured import measured

if TYPE_CHECKING:
    from tests.keyline_local.e2e.functions.host import Host

ENGINE = ROOT / "node_modules/@dynoxide/linux-x64/dynoxide"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/MessagesTable"
KEY = {"pk": {"S": "a"}}


@pytest.fixture
def engine() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([ENGINE, "serve", "--port", str(port)], stderr=subprocess.DEVNULL)
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.01)
    client = dynamodb(f"http://127.0.0.1:{port}", "admin")
    client.create_table(
        TableName="MessagesTable",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "module")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "ByModule",
                "KeySchema": [{"AttributeName": "module", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    yield port
    process.kill()
    process.wait()


def dynamodb(endpoint: str, name: str, **config: Any) -> Any:
    credentials = Credentials.of(name)
    return botocore.session.Session().create_client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.session_token,
        config=Config(proxies={}, **config),
    )


def allow(*actions: str, resource: str = TABLE, effect: str = "Allow") -> Statement:
    return Statement(
        effect=effect, actions=[f"dynamodb:{each}" for each in actions], resources=[resource]
    )


@pytest.fixture
def guard(host: Host, engine: int) -> Guard:
    functions: list[Function] = [
        host.function(
            "",
            "writer",
            statements=[
                allow("PutItem", "UpdateItem", "ConditionCheckItem", "BatchWriteItem", "GetItem"),
                allow("Query", resource=f"{TABLE}/index/ByModule"),
                allow("GetItem", resource=f"{TABLE}Secret"),
                allow("UpdateItem", effect="Deny"),
            ],
        ),
        host.function("", "nobody"),
    ]
    return started_guard(host, functions, engine)


def started_guard(host: Host, functions: list[Function], engine: int, **parts: Any) -> Guard:
    started = Guard(functions, engine, **parts)
    host.run(started.start())
    host.stop_later(started.stop)
    return started


def code_and_message(error: ClientError) -> tuple[str, str]:
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


def query(client: Any, **options: str) -> Any:
    name = "module" if "IndexName" in options else "pk"
    return client.query(
        TableName="MessagesTable",
        KeyConditionExpression="#k = :v",
        ExpressionAttributeNames={"#k": name},
        ExpressionAttributeValues={":v": {"S": "a"}},
        **options,
    )


def test_granted_requests_reach_the_engine_and_are_recorded(guard: Guard) -> None:
    client = dynamodb(guard.url, "writer")
    client.put_item(TableName="MessagesTable", Item={**KEY, "module": {"S": "a"}})
    client.get_item(TableName="MessagesTable", Key=KEY)
    assert query(client, IndexName="ByModule")["Count"] == 1
    client.batch_write_item(RequestItems={"MessagesTable": [{"DeleteRequest": {"Key": KEY}}]})
    assert guard.seen == {
        Access("writer", "PutItem", "MessagesTable", None),
        Access("writer", "GetItem", "MessagesTable", None),
        Access("writer", "Query", "MessagesTable", "ByModule"),
        Access("writer", "BatchWriteItem", "MessagesTable", None),
    }
    assert guard.denied == set()


def test_denied_request_is_worded_as_aws_does_and_changes_nothing(guard: Guard) -> None:
    with pytest.raises(ClientError) as caught:
        dynamodb(guard.url, "nobody").put_item(TableName="MessagesTable", Item=KEY)
    assert code_and_message(caught.value) == (
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/nobody/nobody is not authorized to perform: "
        f"dynamodb:PutItem on resource: {TABLE} because no identity-based policy allows the "
        "dynamodb:PutItem action",
    )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert guard.denied == {Access("nobody", "PutItem", "MessagesTable", None)}
    assert "Item" not in dynamodb(guard.url, "writer").get_item(TableName="MessagesTable", Key=KEY)


def test_grant_on_an_index_is_none_on_its_table(guard: Guard) -> None:
    with pytest.raises(ClientError, match=rf"dynamodb:Query on resource: {TABLE} because"):
        query(dynamodb(guard.url, "writer"))


def test_explicit_deny(guard: Guard) -> None:
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        dynamodb(guard.url, "writer").update_item(TableName="MessagesTable", Key=KEY)


def test_transaction_needs_the_grant_of_each_element(guard: Guard) -> None:
    client = dynamodb(guard.url, "writer")
    put = {"Put": {"TableName": "MessagesTable", "Item": KEY}}
    delete = {"Delete": {"TableName": "MessagesTable", "Key": {"pk": {"S": "b"}}}}
    with pytest.raises(ClientError, match="dynamodb:DeleteItem"):
        client.transact_write_items(TransactItems=[put, delete])
    assert "Item" not in client.get_item(TableName="MessagesTable", Key=KEY)
    client.transact_write_items(TransactItems=[put])
    assert "Item" in client.get_item(TableName="MessagesTable", Key=KEY)


def test_each_write_is_told_with_its_table(guard: Guard) -> None:
    told: list[str] = []
    guard.on_write = told.append
    client = dynamodb(guard.url, "writer")
    client.get_item(TableName="MessagesTable", Key=KEY)
    assert told == []
    client.put_item(TableName="MessagesTable", Item=KEY)
    client.batch_write_item(RequestItems={"MessagesTable": [{"DeleteRequest": {"Key": KEY}}]})
    put = {"Put": {"TableName": "MessagesTable", "Item": KEY}}
    client.transact_write_items(TransactItems=[put])
    assert told == ["MessagesTable"] * 3


def test_unknown_caller_and_partiql_are_refused(guard: Guard) -> None:
    with pytest.raises(ClientError) as caught:
        dynamodb(guard.url, "stranger").list_tables()
    assert code_and_message(caught.value)[0] == "UnrecognizedClientException"
    with pytest.raises(ClientError, match="PartiQL is refused"):
        dynamodb(guard.url, "writer").execute_statement(Statement='SELECT * FROM "MessagesTable"')


def test_engines_own_errors_pass_unchanged(guard: Guard) -> None:
    client = dynamodb(guard.url, "writer")
    with pytest.raises(ClientError) as caught:
        client.get_item(TableName="MessagesTableSecret", Key=KEY)
    assert code_and_message(caught.value)[0] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as caught:
        client.put_item(
            TableName="MessagesTable", Item=KEY, ConditionExpression="attribute_exists(pk)"
        )
    assert code_and_message(caught.value)[0] == "ConditionalCheckFailedException"


def test_large_items_and_many_callers_at_once(guard: Guard) -> None:
    client = dynamodb(guard.url, "writer", max_pool_connections=16)
    big = "x" * 390_000

    def round_trip(number: int) -> bool:
        key = {"pk": {"S": str(number)}}
        client.put_item(TableName="MessagesTable", Item={**key, "big": {"S": big}})
        item = client.get_item(TableName="MessagesTable", Key=key)["Item"]
        return bool(item["big"]["S"] == big and item["pk"]["S"] == str(number))

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(round_trip, range(64)))


def test_connections_to_the_engine_are_kept_and_replaced_when_lost(host: Host) -> None:
    answer = response(200, b"{}", "application/x-amz-json-1.0")
    engine = Server(lambda request: answer)
    host.run(engine.start())
    host.stop_later(engine.stop)
    function = host.function("", "reader", statements=[allow("GetItem")])
    guard = Guard([function], engine.port)
    host.run(guard.start())
    host.stop_later(guard.stop)
    client = dynamodb(guard.url, "reader")
    seen = set()
    for _ in range(5):
        client.get_item(TableName="MessagesTable", Key=KEY)
        seen |= engine.connections
    assert len(seen) == 1
    host.loop.call_soon_threadsafe(seen.pop().close)
    client.get_item(TableName="MessagesTable", Key=KEY)
    assert len(engine.connections) == 1


def test_engine_that_is_down_is_an_error_that_clients_retry(host: Host) -> None:
    function = host.function("", "reader", statements=[allow("GetItem")])
    guard = Guard([function], free_port())
    host.run(guard.start())
    host.stop_later(guard.stop)
    retries = {"mode": "standard", "total_max_attempts": 3}
    client = dynamodb(guard.url, "reader", retries=retries)
    with pytest.raises(ClientError) as caught:
        client.get_item(TableName="MessagesTable", Key=KEY)
    assert code_and_message(caught.value)[0] == "InternalServerError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 2


MESSAGES = Table(
    logical_id="Messages",
    name="MessagesTable",
    arn=TABLE,
    create={"GlobalSecondaryIndexes": [{"IndexName": "ByModule"}]},
)


class Measured:
    """A guard that measures, and throttles what the faults say."""

    def __init__(self, host: Host, engine: int) -> None:
        self.store = MetricStore()
        self.faults = Faults(Clock())
        meter = TableMeter(self.store)
        self.throttling = Throttling([MESSAGES], self.faults, meter)
        function = host.function("", "all", statements=[allow("*"), allow("*", resource="*")])
        guard = started_guard(host, [function], engine, meter=meter, throttling=self.throttling)
        self.client = dynamodb(guard.url, "all", retries={"total_max_attempts": 1})

    def refused(self, operation: str, **request: Any) -> Any:
        with pytest.raises(ClientError) as caught:
            getattr(self.client, operation)(**request)
        return caught.value.response

    @property
    def sums(self) -> dict[tuple[str, ...], float]:
        return measured(self.store, "AWS/DynamoDB")


@pytest.fixture
def metered(host: Host, engine: int) -> Measured:
    return Measured(host, engine)


def test_what_answers_consume_and_refuse_is_measured_as_dynamodb_does(metered: Measured) -> None:
    units = {"ReturnConsumedCapacity": "INDEXES"}
    table = {"TableName": "MessagesTable"}
    client = metered.client
    client.put_item(**table, Item={**KEY, "module": {"S": "a"}}, **units)
    client.get_item(**table, Key=KEY, ConsistentRead=True, **units)
    query(client, IndexName="ByModule", **units)
    put = {**table, "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}
    metered.refused("put_item", **put)
    metered.refused("transact_write_items", TransactItems=[{"Put": put}])
    metered.refused("get_item", **table, Key={"wrong": {"S": "a"}})
    found = metered.sums
    latencies = {key for key in found if key[0] == "SuccessfulRequestLatency"}
    assert latencies == {
        ("SuccessfulRequestLatency", operation, "MessagesTable")
        for operation in ("PutItem", "GetItem", "Query")
    }
    assert {key: value for key, value in found.items() if key not in latencies} == {
        ("ConsumedWriteCapacityUnits", "MessagesTable"): 1,
        ("ConsumedWriteCapacityUnits", "ByModule", "MessagesTable"): 1,
        ("ConsumedReadCapacityUnits", "MessagesTable"): 1,
        ("ConsumedReadCapacityUnits", "ByModule", "MessagesTable"): 0.5,
        ("ConditionalCheckFailedRequests", "MessagesTable"): 2,
        ("UserErrors",): 1,
    }
    catalogue = MetricCatalogue([])
    for metric in metered.store.metrics():
        names = [name for name, _ in metric.dimensions]
        assert catalogue.fault(metric.namespace, metric.name, names) is None


def test_a_throttled_table_refuses_as_dynamodb_does_and_counts(metered: Measured) -> None:
    metered.faults.begin(Kind.THROTTLE, "MessagesTable", 60)
    read = metered.refused("get_item", TableName="MessagesTable", Key=KEY)
    assert read["Error"]["Code"] == "ThrottlingException"
    assert read["throttlingReasons"] == [
        {"reason": "TableReadKeyRangeThroughputExceeded", "resource": TABLE}
    ]
    write = {"RequestItems": {"MessagesTable": [{"PutRequest": {"Item": KEY}}]}}
    reasons = metered.refused("batch_write_item", **write)["throttlingReasons"]
    assert reasons[0]["reason"] == "TableWriteKeyRangeThroughputExceeded"
    assert query(metered.client, IndexName="ByModule")["Count"] == 0  # the index has its own units
    assert metered.sums["ReadThrottleEvents", "MessagesTable"] == 1
    assert metered.sums["WriteThrottleEvents", "MessagesTable"] == 1
    assert metered.sums["ThrottledRequests", "GetItem", "MessagesTable"] == 1
    assert ("UserErrors",) not in metered.sums
    metered.faults.end()
    metered.client.get_item(TableName="MessagesTable", Key=KEY)


def test_a_throttled_index_rejects_the_writes_of_its_table(metered: Measured) -> None:
    metered.faults.begin(Kind.THROTTLE, "MessagesTable/ByModule", 60)
    metered.client.get_item(TableName="MessagesTable", Key=KEY)
    put = metered.refused("put_item", TableName="MessagesTable", Item=KEY)
    assert put["throttlingReasons"] == [
        {
            "reason": "IndexWriteKeyRangeThroughputExceeded",
            "resource": f"{TABLE}/index/ByModule",
        }
    ]
    with pytest.raises(ClientError, match="ThrottlingException"):
        query(metered.client, IndexName="ByModule")
    assert metered.sums["WriteThrottleEvents", "ByModule", "MessagesTable"] == 1
    assert metered.sums["ReadThrottleEvents", "ByModule", "MessagesTable"] == 1
    assert ("WriteThrottleEvents", "MessagesTable") not in metered.sums


def test_a_transaction_is_cancelled_by_what_is_throttled_in_it(metered: Measured) -> None:
    metered.faults.begin(Kind.THROTTLE, "MessagesTable", 60)
    put = {"Put": {"TableName": "MessagesTable", "Item": KEY}}
    other = {"Put": {"TableName": "OtherTable", "Item": KEY}}
    answer = metered.refused("transact_write_items", TransactItems=[other, put])
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    codes = [reason["Code"] for reason in answer["CancellationReasons"]]
    assert codes == ["None", "ThrottlingError"]


def test_without_traffic_one_read_and_one_write_are_counted(metered: Measured) -> None:
    metered.faults.begin(Kind.THROTTLE, "MessagesTable/ByModule", 60)
    metered.throttling.probe()
    where = ("ByModule", "MessagesTable")
    assert metered.sums["ReadThrottleEvents", *where] == 1
    assert metered.sums["WriteThrottleEvents", *where] == 1
