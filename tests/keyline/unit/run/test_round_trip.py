"""Test that what a declaration takes is written and read back as it was."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyline.model import Key, Table, fields_of
from keyline.run import values
from keyline.run.codec import ItemWriter
from keyline.run.settings import TableSettings
from tests.support.shapes import items


class NoSettings(msgspec.Struct):
    """Settings of a system that has none."""


def written(item: msgspec.Struct) -> dict[str, Any]:
    """Return the attributes of an item, as DynamoDB is told them."""
    table = Table("Probe", "Key design: by id.", key=Key("id"), entities=[type(item)])
    attributes = ItemWriter(table, table.kinds[0], TableSettings(NoSettings())).attributes(
        item, 0.0
    )
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(attributes))
    return told


def read(shape: type[msgspec.Struct], told: dict[str, Any]) -> Any:
    """Return the item of these attributes."""
    reader = values.struct_reader(shape)
    return reader.read(
        msgspec.json.decode(msgspec.json.encode(told), type=reader.wire, strict=False)
    )


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(items())
def test_what_is_put_is_what_is_read(item: msgspec.Struct) -> None:
    assert read(type(item), written(item)) == item


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(items(), st.data())
def test_an_absent_attribute_is_read_as_its_default(
    item: msgspec.Struct, data: st.DataObject
) -> None:
    shape, told = type(item), written(item)
    for name, field in fields_of(shape).items():
        if not field.required and data.draw(st.booleans()):
            told.pop(name, None)
            msgspec.structs.force_setattr(item, name, field.default)
    assert read(shape, told) == item


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(items())
def test_an_equal_item_is_an_equal_request(item: msgspec.Struct) -> None:
    copy = msgspec.structs.replace(item)
    assert msgspec.json.encode(written(copy)) == msgspec.json.encode(written(item))
