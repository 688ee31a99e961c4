"""Test what the declaration promises of the notes system."""

from __future__ import annotations

from keyline.model import Key
from notes.system import SYSTEM
from notes.tables import NOTES


def test_the_table_is_read_by_identifier_and_by_owner_in_order_of_time() -> None:
    assert NOTES.key == Key("id")
    assert NOTES.index("ByOwner").key == Key("owner", "written_at")


def test_every_route_asks_for_a_scope() -> None:
    assert all(route.scope for function in SYSTEM.functions for route in function.routes)
