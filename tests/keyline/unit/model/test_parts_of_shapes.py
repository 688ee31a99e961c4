"""Shapes that have parts of attributes: what is refused, and what a read of them asks for."""

from __future__ import annotations

from types import GenericAlias
from typing import Annotated, Any

import msgspec
import pytest

from keyline.model import Get, Key, Table, compressed
from keyline.model.projection import paths_of
from tests.support.declarations import DOC, Refusal, told


def part(**fields: Any) -> Any:
    """Return a shape of these fields, some of which come with their default."""
    given = [(name, *f) if isinstance(f, tuple) else (name, f) for name, f in fields.items()]
    return msgspec.defstruct("Part", given, kw_only=True, frozen=True)


class Geo(msgspec.Struct, kw_only=True, frozen=True):
    """The deepest part."""

    lat: float
    lon: float
    note: str | None = None


class Address(msgspec.Struct, kw_only=True, frozen=True):
    """A part with a part."""

    city: str
    geo: Geo
    floor: int = 0
    text: Annotated[str, compressed(above=9)] = ""


class House(msgspec.Struct, kw_only=True):
    """The whole item."""

    id: str
    address: Address
    back: Address | None = None
    spare: Address = Address(city="x", geo=Geo(lat=1, lon=2))
    rooms: list[Geo] = []
    maybe: list[str | None] = []
    labels: dict[str, int] = {}
    places: dict[str, Geo] = {}
    anything: dict[str, Any] = {}


TABLE = Table("Houses", DOC, key=Key("id"), entities=[House])

City = part(city=str)
Lat = part(lat=float)
Deep = part(city=str, geo=Lat)


class Floor(msgspec.Struct, frozen=True):
    """A part that may be absent."""

    floor: int = 0


class Labels(msgspec.Struct, frozen=True):
    """Some keys of a map."""

    red: int | None = None
    blue: int | None = None


SOME = part(x=(int | None, None))
RED = part(red=(str, ""))
PLACES = part(x=(part(lt=int) | None, None))


def listed(member: Any) -> GenericAlias:
    return GenericAlias(list, (member,))


def get(**fields: Any) -> Get[Any]:
    return Get(**told(table=TABLE, shape=part(id=str, **fields), entity=House))


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"address": City}, [("address", "city")]),
        ({"address": Deep}, [("address", "city"), ("address", "geo", "lat")]),
        ({"address": Address}, [("address",)]),
        ({"labels": (Labels, Labels())}, [("labels", "red"), ("labels", "blue")]),
        # What would be read as another value if the answer had none of its parts is asked for whole
        ({"address": Floor}, [("address",)]),
        ({"back": (City | None, None)}, [("back",)]),
        ({"labels": (Labels | None, Labels())}, [("labels",)]),
        ({"rooms": (listed(Lat), [])}, [("rooms",)]),
        ({"places": (GenericAlias(dict, (str, Lat)), {})}, [("places",)]),
        ({"spare": (Deep, Deep(city="x", geo=Lat(lat=1.0)))}, [("spare",)]),
        ({"anything": (SOME, SOME())}, [("anything", "x")]),
    ],
)
def test_a_read_asks_for_parts_where_they_tell_all(
    fields: dict[str, Any], asked: list[tuple[str, ...]]
) -> None:
    assert paths_of(get(**fields)) == (("id",), *asked)


@pytest.mark.parametrize(
    ("fields", "path", "says", "suggests"),
    [
        ({"address": part(citty=str)}, "address.citty", "Address has no such", "mean 'city'?"),
        ({"address": part(city=int)}, "address.city", "is N, the item's is S", "as Address does"),
        (
            {"address": part(city=str, geo=part(lt=float))},
            "address.geo.lt",
            "Geo has no such attribute",
            "Did you mean 'lat'?",
        ),
        ({"address": part(floor=int)}, "address.floor", "may be absent from Address", "default"),
        (
            {"address": part(floor=(int, 7))},
            "address.floor",
            "read as another value",
            "the default that Address has",
        ),
        ({"address": part(text=str)}, "address.text", "stored compressed", "compressed() here"),
        ({"spare": City}, "spare", "may be absent from House", "give it a default"),
        ({"spare": (Floor, Floor(3))}, "spare", "read as another value", "House has"),
        ({"rooms": (listed(part(lt=float)), [])}, "rooms[].lt", "Geo has no such", "mean 'lat'?"),
        ({"maybe": (list[str], [])}, "maybe[]", "may be None in House", "Allow None"),
        ({"labels": (dict[str, str], {})}, "labels[]", "is S, the item's is N", "House does"),
        ({"labels": part(red=int)}, "labels.red", "may be absent from labels", "Allow None"),
        ({"labels": (RED, RED())}, "labels.red", "is S, the item's is N", "as labels"),
        ({"places": (PLACES, PLACES())}, "places.x.lt", "Geo has no", "mean"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], path: str, says: str, suggests: str) -> None:
    Refusal(f"a-pattern.shape.{path}", says, suggests).of(lambda: get(**fields))
