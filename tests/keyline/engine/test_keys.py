"""Keys on a real engine: what is put is found by its fields, exactly and in order, and only it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keyline.model import BatchGet, DeclarationError, Delete, Get, Put, Query
from keyline.model.condition import Condition
from keyline.run import Store
from keyline.run.codec import key_text
from keyline.run.errors import BadValueError
from tests.support.bench import fresh
from tests.support.keyed import TEXTS, Keyed, expected, items_of, keyed_tables
from tests.support.soak import AT_LENGTH

RANGES = ("<", "<=", ">", ">=", "between")
OPERATORS = ("=", "begins_with", *RANGES)
EXAMPLES = 500 if AT_LENGTH else 20
Fields = Mapping[str, Any]


def told(keyed: Keyed, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": keyed.table,
        "shape": keyed.shape,
        "item_bytes": 100,
        "per_month": 1,
    }


def check(engine: str, data: st.DataObject) -> None:
    """Put random items under a random template, and ask for them in every way."""
    # The embedded engine ends the text of `begins_with` at its first NUL. DynamoDB does not.
    keyed = data.draw(keyed_tables(without="\x00"))
    with fresh(engine, [keyed.table]) as made:
        store = made.store(measure=False)
        try:
            items = stored(store, keyed, data.draw(some_items(keyed)))
            for _ in range(3):
                check_a_query(store, keyed, items, data)
            check_each(store, keyed, items)
        finally:
            store.close()


def some_items(keyed: Keyed) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return the items of two owners with two topics."""
    place = st.fixed_dictionaries({"id": st.sampled_from("ij"), "topic": st.sampled_from("tu")})

    def placed(found: list[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
        places = st.lists(place, min_size=len(found), max_size=len(found))
        return places.map(lambda ps: [{**p, **f} for p, f in zip(ps, found, strict=True)])

    return items_of(keyed).flatmap(placed)


def stored(store: Store, keyed: Keyed, items: Sequence[Fields]) -> list[Fields]:
    """Return the items that are there after all were put: of equal fields the last one."""
    put = Put(replace=True, **told(keyed, "put"))
    kept: list[Fields] = []
    for item in items:
        try:
            store.put(put, keyed.shape(**item))
        except BadValueError:
            continue
        kept = [other for other in kept if key_of(keyed, other) != key_of(keyed, item)]
        kept.append(item)
    return kept


def key_of(keyed: Keyed, item: Fields) -> dict[str, Any]:
    return {name: item[name] for name in ("id", *keyed.fields)}


def check_a_query(store: Store, keyed: Keyed, items: Sequence[Fields], data: st.DataObject) -> None:
    """Page through a query with a random condition: it gives what a plain filter gives."""
    fields = keyed.fields[: data.draw(st.integers(1, len(keyed.fields)))]
    condition = Condition(data.draw(st.sampled_from(OPERATORS)), "sk", fields[-1])
    index = data.draw(st.sampled_from([None, "ByTopic"]))
    descending = data.draw(st.booleans())
    try:
        query: Query[Any] = Query(
            sort=condition, index=index, descending=descending, **told(keyed, "query")
        )
    except DeclarationError:
        return
    partition = {"topic": "t"} if index else {"id": "i"}
    asked = asked_for(data, keyed, items, fields, condition)
    try:
        found = pages(store, query, data.draw(st.integers(1, 3)), {**partition, **asked})
    except BadValueError:
        return
    there = [item for item in items if partition.items() <= item.items()]
    wanted = expected(keyed, there, fields, condition, asked)
    assert len(found) == len(wanted)
    assert all(keyed.shape(**item) in found for item in wanted)
    check_order(keyed, found, fields[-1], condition, descending=descending)
    if index is None:
        assert list(store.items(query, **partition, **asked)) == found


def asked_for(
    data: st.DataObject,
    keyed: Keyed,
    items: Sequence[Fields],
    fields: Sequence[str],
    condition: Condition,
) -> dict[str, Any]:
    """Values to ask for: those of an item, and for the last field often others."""
    near = data.draw(st.sampled_from(items)) if items else {}

    def value(field: str) -> Any:
        drawn = keyed.kinds[field].values
        return data.draw(st.just(near[field]) | drawn if field in near else drawn)

    asked = {field: near[field] if field in near else value(field) for field in fields}
    last = fields[-1]
    if condition.operator == "begins_with":
        # The embedded engine also finds "a" where a text begins with "a\x00"; DynamoDB does not.
        asked[last] = data.draw(TEXTS.filter(lambda text: not text.endswith("\x00")))
    else:
        asked[last] = value(last)
    if condition.operator == "between":
        asked[last] = (asked[last], value(last))
    return asked


def pages(store: Store, query: Query[Any], limit: int, given: Fields) -> list[Any]:
    """Return all items of a query, page by page."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = store.query(query, limit=limit, cursor=cursor, **given)
        found += page.items
        assert len(page.items) == limit or page.cursor is None
        if page.cursor is None:
            return found
        cursor = page.cursor


def check_order(
    keyed: Keyed, found: Sequence[Any], last: str, condition: Condition, *, descending: bool
) -> None:
    """Check that items stand in the order of their keys; of a range, in that of the field."""
    text = key_text(keyed.entity, keyed.table, "sk").text
    texts = [text({f: getattr(item, f) for f in keyed.fields}) or "" for item in found]
    assert texts == sorted(texts, reverse=descending)
    if condition.operator in RANGES:
        values = [keyed.kinds[last].plain(getattr(item, last)) for item in found]
        assert values == sorted(values, reverse=descending)


def check_each(store: Store, keyed: Keyed, items: Sequence[Fields]) -> None:
    """Check that each item is found and deleted by the fields that were read."""
    get: Get[Any] = Get(**told(keyed, "get"))
    delete: Delete[Any] = Delete(must_exist=True, **told(keyed, "delete"))
    batch: BatchGet[Any] = BatchGet(**told(keyed, "batch"))
    whole: Query[Any] = Query(**told(keyed, "whole"))
    found = [each for owner in "ij" for each in store.items(whole, id=owner)]
    keys = [{name: getattr(each, name) for name in ("id", *keyed.fields)} for each in found]
    assert len(found) == len(items)
    assert [store.get(get, **key) for key in keys] == found
    assert store.batch_get(batch, keys=[*keys, *keys]) == found
    for key in keys:
        store.delete(delete, **key)
    assert [store.get(get, **key) for key in keys] == [None] * len(keys)


QUICK = settings(
    max_examples=25,
    # Each example makes a table: to look for a smaller one would take minutes.
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@QUICK
@given(data=st.data())
def test_what_is_put_is_found_by_its_fields(engine: str, data: st.DataObject) -> None:
    check(engine, data)


@pytest.mark.soak
@settings(QUICK, max_examples=EXAMPLES)
@given(data=st.data())
def test_what_is_put_is_found_by_its_fields_at_length(engine: str, data: st.DataObject) -> None:
    check(engine, data)
