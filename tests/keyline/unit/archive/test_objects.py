"""Expired items as lines that Athena reads, and as DynamoDB had them."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from keyline.archive import columns
from keyline.archive.objects import objects_of
from tests.support.sample.orders import ORDERS

DAY = 1_769_853_600  # 2026-01-31T10:00:00Z
_write, _read = TypeSerializer().serialize, TypeDeserializer().deserialize


def record(number: int, item: dict[str, Any], at: float = DAY) -> dict[str, Any]:
    """Return a deletion as Lambda delivers it."""
    return {
        "eventID": f"e{number}",
        "eventName": "REMOVE",
        "dynamodb": {
            "ApproximateCreationDateTime": at,
            "SequenceNumber": str(100 + number),
            "OldImage": item,
        },
    }


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def test_a_batch_is_an_object_for_each_day_and_its_name_follows_from_it() -> None:
    item = {"customer": {"S": "ann"}, "number": {"N": "1"}}
    batch = [record(1, item), record(2, item), record(3, item, DAY + 86_400)]
    first, second = objects_of("CustomerOrders", batch)
    assert first.key == "table=CustomerOrders/day=2026-01-31/101-102.jsonl.gz"
    assert second.key == "table=CustomerOrders/day=2026-02-01/103-103.jsonl.gz"
    assert [*objects_of("CustomerOrders", batch)] == [first, second]
    assert [line["archive_event_id"] for line in lines(first.content)] == ["e1", "e2"]
    assert lines(first.content)[0]["archive_deleted_at"] == "2026-01-31T10:00:00+00:00"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.text()
    | st.integers(-(10**30), 10**30).map(Decimal)
    | st.binary(min_size=1).map(bytes),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), values, max_size=6))
def test_the_whole_item_can_be_read_back_exactly(item: dict[str, Any]) -> None:
    stored = {name: _write(value) for name, value in item.items()}
    delivered = json.loads(json.dumps(stored, default=_binary))
    (made,) = objects_of("Orders", [record(1, delivered)])
    (line,) = lines(made.content)
    assert json.loads(line["archive_item"]) == delivered
    numbers = {n: v for n, v in item.items() if isinstance(v, Decimal)}
    assert {name: Decimal(line[name]) for name in numbers} == numbers
    texts = {n: v for n, v in item.items() if isinstance(v, str | bool)}
    assert {name: line[name] for name in texts} == texts


def _binary(value: Any) -> str:
    import base64

    return base64.b64encode(value.value if hasattr(value, "value") else value).decode()


def test_every_declared_attribute_has_a_column_of_its_type() -> None:
    found = dict(columns(ORDERS))
    assert (
        found
        | {
            "archive_event_id": "string",
            "archive_item": "string",
            "customer": "string",
            "number": "double",
            "placedat": "double",
            "ttl": "double",
            "photo": "string",
        }
        == found
    )
    assert all(name == name.lower() for name in found)
