"""Parcels: items with lists and maps, of which patterns ask and change the parts."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keyline.model import Function, Get, Key, Pattern, Put, System, Table


class Address(msgspec.Struct, kw_only=True):
    """The destination of a parcel."""

    city: str
    floor: int = 0
    hints: list[str] = []


class Stop(msgspec.Struct, kw_only=True):
    """A place on the way."""

    place: str
    hours: float | None = None


class Weights(msgspec.Struct, kw_only=True, frozen=True):
    """Numbers with bounds."""

    light: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    heavy: int = 10


class Parcel(msgspec.Struct, kw_only=True):
    """A parcel, most of which lies in lists and maps."""

    id: str
    address: Address
    back: Address | None = None
    stops: list[Stop] = []
    tags: set[str] = set()
    labels: dict[str, int] = {}
    homes: dict[str, Address | None] = {}
    anything: dict[str, Any] = {}
    weights: Weights = Weights()
    count: int = 0
    version: int = 1


PARCELS = Table("Parcels", "Key design: one by one.", key=Key("id"), entities=[Parcel])


def said(name: str) -> dict[str, Any]:
    """Return what each pattern says of parcels."""
    return {
        "name": name,
        "why": "Tested.",
        "table": PARCELS,
        "shape": Parcel,
        "item_bytes": 300,
        "per_month": 1,
    }


GET_PARCEL = Get(**said("get-parcel"))
PUT_PARCEL = Put(replace=True, **said("put-parcel"))


def system(*patterns: Pattern[Any]) -> System:
    """Return a system of parcels with these patterns."""
    function = Function(
        name="all",
        handler="parcels.all.handler",
        why="Tested.",
        patterns=(GET_PARCEL, PUT_PARCEL, *patterns),
    )
    return System(name="parcels", title="Parcels", tables=(PARCELS,), functions=(function,))


def parcel(**more: Any) -> Parcel:
    """Return a parcel to Rome with two stops."""
    whole: dict[str, Any] = {
        "id": "p",
        "address": Address(city="Rome", floor=3, hints=["bell", "dog"]),
        "stops": [Stop(place="Oslo", hours=2.5), Stop(place="Bern")],
        "tags": {"a", "b"},
        "labels": {"red": 1},
        "anything": {"x": [1, "text"], "when": None},
    }
    return Parcel(**{**whole, **more})
