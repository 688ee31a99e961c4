"""Keys that no item can have, and queries that no key can answer, are refused when declared."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest

from keyline.model import (
    Condition,
    Entity,
    Index,
    Key,
    Query,
    Table,
    Update,
    at_most,
    begins_with,
    between,
    equals,
    one_of,
)
from tests.support.declarations import DOC, Refusal, index, told

FOUR = Annotated[str, msgspec.Meta(min_length=4, max_length=4)]
SHORT = Literal["a", "b"]


def shape(kind: str = "Thing", /, rename: dict[str, str] | None = None, **fields: Any) -> Any:
    return msgspec.defstruct(kind, [("id", str), *fields.items()], kw_only=True, rename=rename)


def table(template: str, **fields: Any) -> Table:
    entity = Entity(shape(**fields), keys={"sk": template})
    return Table("Things", DOC, key=Key("id", "sk"), entities=[entity])


class TestTemplates:
    @pytest.mark.parametrize("text", ["{a}\U0010ffff{b}", "\ud800{a}"])
    def test_what_no_key_may_hold_is_in_no_template(self, text: str) -> None:
        Refusal(f"template {text!r}", "which no key may hold", "").of(
            lambda: table(text, a=str, b=str)
        )

    @pytest.mark.parametrize(
        ("template", "size"),
        [("x" * 1025, 1025), ("é" * 512 + "{a}", None), ("é" * 512 + "{n:02d}", 1026)],
    )
    def test_a_template_has_room_in_the_key(self, template: str, size: int | None) -> None:
        if size is None:
            assert table(template, a=str, n=int)
            return
        Refusal("Things.Thing.keys[sk]", f"takes {size} bytes or more of 1024", "Shorten").of(
            lambda: table(template, a=str, n=int)
        )

    def test_a_number_has_at_most_the_places_that_are_stored(self) -> None:
        assert table("{n:.130f}", n=Decimal)
        Refusal("Things.Thing.keys[sk]", "format that 'n' does not take", "{x:.2f}").of(
            lambda: table("{n:.131f}", n=Decimal)
        )

    @pytest.mark.parametrize(("known", "value"), [(Literal[1, 100], 100), (Literal[-1, 1], -1)])
    def test_a_format_holds_each_known_number(self, known: Any, value: int) -> None:
        Refusal("Things.Thing.keys[sk]", f"does not hold the {value} of 'n'", "more room").of(
            lambda: table("{n:02d}#", n=known)
        )


@pytest.mark.parametrize("name", ["", "k" * 256, "é" * 128])
def test_the_name_of_a_key_attribute_has_1_to_255_bytes(name: str) -> None:
    thing = shape(other=str, rename={"other": name})
    Refusal(f"Things.key.{name}", "is not a name of a key attribute", "1 to 255 bytes").of(
        lambda: Table("Things", DOC, key=Key("id", name), entities=[thing])
    )
    by_name = Index(name="ByName", key=Key(name, "id"), why="Tested.")
    Refusal(f"Things.indexes[ByName].key.{name}", "is not a name", "1 to 255 bytes").of(
        lambda: Table("Things", DOC, key=Key("id"), entities=[thing], indexes=[by_name])
    )


class TestShards:
    @pytest.mark.parametrize("template", ["X#{n}", "X#{n:02d}{m:02d}", "X#1", "{a}#1"])
    def test_a_template_does_not_end_as_a_shard(self, template: str) -> None:
        entity = Entity(shape(a=str, n=int, m=int), keys={"group": template})
        Refusal("Things.indexes[ByAuthor].shards", "end with # and digits", "another way").of(
            lambda: Table(
                "Things",
                DOC,
                key=Key("id"),
                entities=[entity],
                indexes=[index(partition="group", sort="id", shards=2)],
            )
        )

    @pytest.mark.parametrize("template", ["X#{n}x", "X#{n:04.1f}", "X-{n}"])
    def test_another_end_is_free(self, template: str) -> None:
        by_group = index(partition="group", sort="id", shards=2)
        entity = Entity(shape(n=int), keys={"group": template})
        assert Table("Things", DOC, key=Key("id"), entities=[entity], indexes=[by_group])


class TestVersions:
    @staticmethod
    def update(key: Key, keys: dict[str, str], indexes: Any = ()) -> Update[Any]:
        thing = shape(name=str, version=int)
        made = Table("Things", DOC, key=key, entities=[Entity(thing, keys)], indexes=indexes)
        return Update(set=("name",), version="version", **told(table=made, shape=thing))

    @pytest.mark.parametrize(
        ("key", "keys"),
        [(Key("id", "version"), {}), (Key("id", "sk"), {"sk": "V#{version:04d}"})],
    )
    def test_the_primary_key_does_not_hold_it(self, key: Key, keys: dict[str, str]) -> None:
        Refusal("a-pattern.version", "is part of the primary key", "another attribute").of(
            lambda: self.update(key, keys)
        )

    def test_a_template_of_an_index_does_not_hold_it(self) -> None:
        """The version grows by one, and the text would stay."""
        by_version = index(partition="id", sort="sk")
        Refusal("a-pattern.set.version", "sk is made of version", "").of(
            lambda: self.update(Key("id"), {"sk": "V#{version:04d}"}, [by_version])
        )
        assert self.update(Key("id"), {}, [index(partition="id", sort="version")])


def test_an_equality_before_another_condition_compares_the_whole_attribute() -> None:
    entity = Entity(shape(a=str, b=str, c=str), keys={"ab": "{a}#{b}"})
    made = Table(
        "Things",
        DOC,
        key=Key("id"),
        entities=[entity],
        indexes=[index(partition="id", sort=("ab", "c"))],
    )

    def asked(*sort: Condition) -> Query[Any]:
        return Query(index="ByAuthor", sort=sort, **told(table=made, shape=entity.shape))

    Refusal("a-pattern.sort.ab", "only the beginning of ab", "equals('ab')").of(
        lambda: asked(equals("ab", "a"), equals("c"))
    )
    assert asked(equals("ab"), equals("c"))
    assert asked(equals("ab", "a"))


class TestSeveralKinds:
    @staticmethod
    def asked(one: Any, other: Any, sort: Any = (), field: str = "name") -> Query[Any]:
        """Return a query of two kinds whose field has these types."""
        kinds = [
            Entity(
                shape(kind, **{"owner": str, "name": str, field: python}),
                {"sk": f"{kind}#{{name}}", "group": "G#{owner}", "label": "L#{name}"},
                tag=kind,
            )
            for kind, python in (("Cat", one), ("Dog", other))
        ]
        made = Table(
            "Pets",
            DOC,
            key=Key("id", "sk"),
            entities=kinds,
            discriminator="kind",
            indexes=[index(partition="group", sort="label")],
        )
        both = one_of(*(kind.shape for kind in kinds))
        return Query(index="ByAuthor", sort=sort, **told(table=made, shape=both))

    @pytest.mark.parametrize(
        ("one", "other"), [(FOUR, str), (str, FOUR), (SHORT, str), (SHORT, FOUR)]
    )
    @pytest.mark.parametrize("condition", [at_most, between, begins_with])
    def test_a_range_asks_for_the_same_values_of_each(
        self, one: Any, other: Any, condition: Any
    ) -> None:
        Refusal("a-pattern.sort.label", "is made differently of a Cat and a Dog", "").of(
            lambda: self.asked(one, other, condition("label", "name"))
        )
        assert self.asked(one, one, condition("label", "name"))
        assert self.asked(one, other, equals("label"))

    def test_one_value_has_one_type(self) -> None:
        Refusal("a-pattern.sort.label", "is made differently of a Cat and a Dog", "").of(
            lambda: self.asked(int, str, equals("label"))
        )
        Refusal("a-pattern.shape", "the fields of group have other types", "alike").of(
            lambda: self.asked(int, str, field="owner")
        )
