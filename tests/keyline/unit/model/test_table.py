"""Tables: what is accepted, and what is refused with which words."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import pytest

from keyline.model import (
    KEYS_ONLY,
    Entity,
    Index,
    Key,
    Retention,
    Table,
    Ttl,
    compressed,
    include,
)
from tests.support.declarations import (
    NOTES,
    PEOPLE,
    Note,
    Person,
    Refusal,
    Visit,
    index,
    notes,
    people,
)


def shape(kind: str = "Other", /, **fields: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct(kind, list(fields.items()), kw_only=True)


def simple(partition: Any, sort: Any = (), **fields: Any) -> Table:
    """Return a table of one kind of item, with these fields."""
    return Table("Simple", "Key design: x.", key=Key(partition, sort), entities=[shape(**fields)])


class TestKey:
    def test_a_name_is_a_key_of_one(self) -> None:
        assert Key("a", "b") == Key(["a"], ("b",))
        assert Key("a").attributes == ("a",)
        assert Key(("a", "b"), ("c", "d")).attributes == ("a", "b", "c", "d")

    @pytest.mark.parametrize("kind", [str, int, float, bytes])
    def test_it_may_be_text_a_number_or_binary(self, kind: type) -> None:
        assert set(simple("a", a=kind).key_attributes.values()) <= {"S", "N", "B"}

    @pytest.mark.parametrize(
        ("make", "refusal"),
        [
            (
                lambda: simple(("a", "b"), a=str, b=str),
                Refusal("Simple.key", "one partition key and at most one", "key template"),
            ),
            (
                lambda: simple("a", ("b", "c"), a=str, b=str, c=str),
                Refusal("Simple.key", "one partition key and at most one", "key template"),
            ),
            (lambda: simple((), a=str), Refusal("Simple.key", "one partition key", "template")),
            (
                lambda: simple("a", "a", a=str),
                Refusal("Simple.key.a", "named twice", "each attribute once"),
            ),
            (lambda: simple("b", a=str), Refusal("Simple.key.b", "may lack it", "without None")),
            (
                lambda: simple("a", a=str | None),
                Refusal("Simple.key.a", "Other may lack it", "without None"),
            ),
            (
                lambda: simple("a", a=bool),
                Refusal("Simple.key.a", "type BOOL", "a String"),
            ),
            (
                lambda: simple("a", a=list[str]),
                Refusal("Simple.key.a", "type L", "a Number or a Binary"),
            ),
            (
                lambda: simple("a", a=Annotated[str, compressed()]),
                Refusal("Simple.key.a", "stored compressed", "Drop compressed()"),
            ),
            (
                lambda: notes(entities=[Note, shape(room=int, at=float, author=str)]),
                Refusal("Notes.key.room", "types N, S", "one type in the whole table"),
            ),
            (
                lambda: people(
                    entities=[Entity(Person, keys={"pk": "{name}"}, constants={"sk": 1}), Visit]
                ),
                Refusal("People.key.pk", "Visit may lack it", "or a template"),
            ),
        ],
    )
    def test_what_is_refused(self, make: Any, refusal: Refusal) -> None:
        refusal.of(make)


class TestNames:
    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"name": "No"}, Refusal("No", "not a table name", "3 to 255")),
            ({"name": "No tes"}, Refusal("No tes", "not a table name", "3 to 255")),
            ({"name": "N" * 256}, Refusal("N" * 256, "not a table name", "3 to 255")),
            (
                {"doc": "Notes."},
                Refusal("Notes.doc", "does not say why", "Open it with 'Key design:'."),
            ),
            ({"entities": []}, Refusal("Notes.entities", "is empty", "Name the shape")),
            (
                {"entities": [Note, Entity(Note)]},
                Refusal("Notes.entities[Note]", "declared twice", "each kind once"),
            ),
            (
                {"indexes": [index(), index()]},
                Refusal("Notes.indexes[ByAuthor]", "declared twice", "its own name"),
            ),
            (
                {"indexes": [index("By Author")]},
                Refusal("Notes.indexes[By Author]", "not an index name", "3 to 255"),
            ),
            (
                {"indexes": [index(why="")]},
                Refusal("Notes.indexes[ByAuthor].why", "is empty", "what the index is for"),
            ),
            (
                {"indexes": [index(f"By{n:02}") for n in range(21)]},
                Refusal("Notes.indexes", "has 21 indexes; a table takes 20", "split the table"),
            ),
            (
                {"physical": "{name}"},
                Refusal("Notes.physical", "same name in every environment", "{env}"),
            ),
            (
                {"physical": "{name}-{stage}-{env}"},
                Refusal("Notes.physical", "'Notes-{stage}-staging'", "3 to 255"),
            ),
        ],
    )
    def test_what_is_refused(self, changes: dict[str, Any], refusal: Refusal) -> None:
        refusal.of(lambda: notes(**changes))

    def test_twenty_indexes_are_accepted(self) -> None:
        table = notes(indexes=[index(f"By{n:02}") for n in range(20)])
        assert table.index("By19").name == "By19"

    @pytest.mark.parametrize(
        ("physical", "dev", "prod"),
        [
            ("{name}-{env}", "Notes-dev", "Notes-prod"),
            ("{name}{-env}", "Notes-dev", "Notes"),
            ("app.{env}.{name}", "app.dev.Notes", "app.prod.Notes"),
        ],
    )
    def test_the_physical_name_depends_on_the_environment(
        self, physical: str, dev: str, prod: str
    ) -> None:
        table = notes(physical=physical)
        assert (table.physical_name("dev"), table.physical_name("prod")) == (dev, prod)


class TestEntities:
    @pytest.mark.parametrize(
        ("entity", "refusal"),
        [
            (
                Entity(Visit, keys={"pk": "PERSON#{nome}", "sk": "-"}),
                Refusal(
                    "People.Visit.keys[pk]", "'nome', which is not a field", "Did you mean 'name'"
                ),
            ),
            (
                Entity(
                    shape("Visit", name=str, tags=list[str]), keys={"pk": "{tags}", "sk": "{name}"}
                ),
                Refusal("People.Visit.keys[pk]", "the type L", "text and Numbers"),
            ),
            (
                Entity(Visit, keys={"pk": "{name:05d}", "sk": "{day}"}),
                Refusal("People.Visit.keys[pk]", "format that 'name' does not take", "cut texts"),
            ),
            (
                Entity(Visit, keys={"pk": "{name}", "sk": "{count:%Y}"}),
                Refusal("People.Visit.keys[sk]", "format that 'count' does not take", "{n:06d}"),
            ),
            (
                Entity(shape("Visit", pk=str, sk=str), keys={"pk": "{sk}"}),
                Refusal("People.Visit.keys[pk]", "is a field as well", "drop the template"),
            ),
            (
                Entity(Visit, keys={"pk": "{name}", "sk": "{day}", "team_pkk": "{day}"}),
                Refusal("People.Visit.keys[team_pkk]", "part of no key", "mean 'team_pk'?"),
            ),
            (
                Entity(Visit, keys={"pk": "{name}", "sk": "{day}"}, constants={"day": "x"}),
                Refusal("People.Visit.constants[day]", "a field or a template", "Drop one"),
            ),
            (
                Entity(Visit, keys={"pk": "{name}", "sk": "{day}"}, constants={"sk": "x"}),
                Refusal("People.Visit.constants[sk]", "a field or a template", "Drop one"),
            ),
            (
                Entity(Visit, keys={"pk": "{name}", "sk": "{day}"}, constants={"new": True}),
                Refusal("People.Visit.constants[new]", "is True", "text or a whole number"),
            ),
            (
                Entity(Visit, keys={"pk": "{name}"}, constants={"sk": ""}),
                Refusal("People.Visit.constants[sk]", "is empty", "at least one character"),
            ),
        ],
    )
    def test_what_is_refused(self, entity: Entity, refusal: Refusal) -> None:
        refusal.of(lambda: people(entities=[PEOPLE.kinds[0], entity]))

    def test_the_only_kind_stands_for_every_shape(self) -> None:
        assert NOTES.entity_of(shape(author=str)).shape is Note

    def test_of_several_kinds_the_shape_is_one(self) -> None:
        assert PEOPLE.entity_of(Visit).shape is Visit
        other = shape("Stranger", name=str)
        refusal = Refusal("People.entities", "Stranger is not one of", "Name the kind with entity=")
        refusal.of(lambda: PEOPLE.entity_of(other))

    def test_templates_and_constants_are_attributes(self) -> None:
        person = PEOPLE.entity_of(Person)
        assert [person.type_of(a) for a in ("pk", "sk", "age", "nothing")] == ["S", "S", "N", None]
        assert Entity(Person, constants={"level": 1}).type_of("level") == "N"

    def test_an_optional_field_makes_its_template_optional(self) -> None:
        person = PEOPLE.entity_of(Person)
        assert person.always_has("pk") and person.always_has("sk")
        assert not person.always_has("team_pk")
        assert not person.always_has("nothing")

    def test_every_key_attribute_has_a_type(self) -> None:
        assert PEOPLE.key_attributes == dict.fromkeys(("pk", "sk", "team_pk", "team_sk"), "S")
        assert NOTES.key_attributes == {
            "room": "S",
            "at": "N",
            "author": "S",
            "mood": "S",
            "stars": "N",
        }


class TestIndexes:
    @pytest.mark.parametrize(
        ("made", "refusal"),
        [
            (
                index(partition=()),
                Refusal("Notes.indexes[ByAuthor].key", "0 partition key", "one to 4"),
            ),
            (
                index(partition=("author", "mood", "stars", "photo", "room")),
                Refusal("Notes.indexes[ByAuthor].key", "5 partition key", "one to 4"),
            ),
            (
                index(sort=("at", "mood", "stars", "photo", "room")),
                Refusal("Notes.indexes[ByAuthor].key", "5 sort key", "at most 4"),
            ),
            (
                index(sort="author"),
                Refusal("Notes.indexes[ByAuthor].key.author", "named twice", "once"),
            ),
            (
                index(partition="room"),
                Refusal("Notes.indexes[ByAuthor].key", "the table's own key", "Query the table"),
            ),
            (
                index(partition="autor"),
                Refusal("Notes.indexes[ByAuthor].key.autor", "no item has it", "mean 'author'?"),
            ),
            (
                index(partition="done"),
                Refusal("Notes.indexes[ByAuthor].key.done", "type BOOL", "A key is a String"),
            ),
            (
                index(partition="text"),
                Refusal("Notes.indexes[ByAuthor].key.text", "stored compressed", "Drop compressed"),
            ),
            (
                index(partition="mood"),
                Refusal("Notes.indexes[ByAuthor]", "when they lack Note.mood", "sparse=True"),
            ),
            (
                index(sparse=True),
                Refusal("Notes.indexes[ByAuthor]", "every item is in it", "Drop sparse=True"),
            ),
        ],
    )
    def test_what_is_refused(self, made: Index, refusal: Refusal) -> None:
        refusal.of(lambda: notes(indexes=[made]))

    def test_a_key_attribute_has_one_type_in_all_kinds(self) -> None:
        other = shape(room=str, at=float, author=int)
        refusal = Refusal("Notes.indexes[ByAuthor].key.author", "types N, S", "one type")
        refusal.of(lambda: notes(entities=[Note, other], indexes=[index()]))

    def test_a_kind_that_lacks_the_key_makes_an_index_sparse(self) -> None:
        by_age = partial(index, "ByAge", "age", "name")
        Refusal("People.indexes[ByAge]", "Visit.age", "sparse=True").of(
            lambda: people(indexes=[*PEOPLE.indexes, by_age()])
        )
        assert people(indexes=[*PEOPLE.indexes, by_age(sparse=True)])

    def test_a_key_may_have_four_attributes_on_each_side(self) -> None:
        wide = index(
            partition=("author", "room", "mood", "stars"), sort=("at", "photo"), sparse=True
        )
        assert len(notes(indexes=[wide]).index("ByAuthor").key.attributes) == 6

    def test_an_unknown_index_is_named_with_what_is_close(self) -> None:
        Refusal("Notes.indexes", "no index 'ByAutor'", "Did you mean 'ByAuthor'?").of(
            lambda: NOTES.index("ByAutor")
        )
        Refusal("Notes.indexes", "no index 'X'", "Use one of: ByAuthor, ByMood.").of(
            lambda: NOTES.index("X")
        )
        Refusal("Notes.indexes", "no index 'X'", "There is nothing to choose from.").of(
            lambda: notes(indexes=[]).index("X")
        )


class TestProjection:
    def test_what_an_index_carries(self) -> None:
        table = notes(
            indexes=[
                index("WholeItems"),
                index("KeysOnly", projection=KEYS_ONLY),
                index("SomeMore", projection=include("stars", "ttl")),
            ],
            ttl=None,
        )
        carried = [table.carried_by(i) for i in table.indexes]
        keys = {"room", "at", "author"}
        assert carried == [None, keys, keys | {"stars", "ttl"}]

    @pytest.mark.parametrize(
        ("projection", "says", "suggests"),
        [
            (include("at", "ttl"), "names the key 'at'", "drop it"),
            (include("star", "ttl"), "no item has 'star'", "Did you mean 'stars'?"),
            (include("stars", "stars", "ttl"), "'stars' twice", "once"),
            (include(), "includes nothing", "KEYS_ONLY"),
            (include("stars"), "does not carry 'ttl'", "Include it."),
            (KEYS_ONLY, "does not carry 'ttl'", "Include it."),
        ],
    )
    def test_what_is_refused(self, projection: Any, says: str, suggests: str) -> None:
        refusal = Refusal("Notes.indexes[ByAuthor].projection", says, suggests)
        refusal.of(lambda: notes(indexes=[index(projection=projection)]))

    def test_an_index_includes_twenty_attributes_and_all_together_a_hundred(self) -> None:
        fields = {f"f{n:02}": str for n in range(21)}
        wide = shape(room=str, at=float, author=str, **fields)

        def table(count: int, indexes: int = 1) -> Table:
            projection = include(*list(fields)[:count])
            made = [index(f"By{n:02}", projection=projection) for n in range(indexes)]
            return notes(entities=[wide], indexes=made, ttl=None)

        assert table(20, indexes=5)
        path = "Notes.indexes[By00].projection"
        Refusal(path, "includes 21 attributes", "Use ALL").of(lambda: table(21))
        Refusal(path, "together 120", "Use ALL").of(lambda: table(20, indexes=6))


class TestShards:
    def test_low_cardinality_needs_shards(self) -> None:
        Refusal("Notes.indexes[ByAuthor]", "has 3 partition keys", "Declare shards").of(
            lambda: notes(indexes=[index(cardinality=3)])
        )
        assert notes(indexes=[index(cardinality=100)])
        for shards in (1, 8, "author_shards"):
            table = notes(indexes=[index(cardinality=3, shards=shards)])
            assert table.sharded == {"author": shards}

    def test_what_its_types_say_of_the_cardinality_counts_too(self) -> None:
        kind = Literal["question", "answer"]
        closed = shape(room=str, at=float, kind=kind, text=str)
        fixed = Entity(shape(room=str, at=float), constants={"kind": "note"})
        for entity, says in ((closed, "has 2 partition keys"), (fixed, "has 1 partition keys")):
            Refusal("Notes.indexes[ByKind]", says, "Declare shards").of(
                partial(notes, entities=[entity], indexes=[index("ByKind", "kind")])
            )
        assert notes(entities=[closed], indexes=[index("ByKind", ("kind", "text"))])
        assert notes(entities=[closed], indexes=[index("ByKind", "kind", shards=1)])
        assert notes(entities=[closed], indexes=[index("ByKind", "kind", cardinality=100)])

    @pytest.mark.parametrize(
        ("indexes", "says", "suggests"),
        [
            ([index(shards=0)], "less than one", "plain index"),
            (
                [index(partition=("author", "stars"), shards=2, sparse=True)],
                "single partition",
                "template",
            ),
            (
                [index(partition="stars", shards=2, sparse=True)],
                "need a String",
                "Store it as text",
            ),
            (
                [index(partition="room", sort="stars", shards=2, sparse=True)],
                "primary key",
                "of its own",
            ),
            (
                [index(shards=2), index("ByBoth", "author", "stars", sparse=True)],
                "'author' in the key of ByBoth too",
                "same shards",
            ),
            (
                [index(shards=2), index("ByStars", "stars", "author", sparse=True)],
                "'author' in the key of ByStars too",
                "attributes of their own",
            ),
        ],
    )
    def test_what_is_refused(self, indexes: list[Index], says: str, suggests: str) -> None:
        refusal = Refusal("Notes.indexes[ByAuthor].shards", says, suggests)
        refusal.of(lambda: notes(indexes=indexes))

    def test_two_indexes_may_share_their_shards(self) -> None:
        table = notes(
            indexes=[index(shards=2), index("ByBoth", "author", "stars", shards=2, sparse=True)]
        )
        assert table.sharded == {"author": 2}

    def test_a_cardinality_is_at_least_one(self) -> None:
        Refusal("Notes.indexes[ByAuthor].cardinality", "less than one", "number").of(
            lambda: notes(indexes=[index(cardinality=0, shards=2)])
        )


class TestTtl:
    @pytest.mark.parametrize(
        "ttl",
        [
            Ttl("ttl"),
            Ttl("elsewhere"),
            Ttl("ttl", Retention(days=0.5)),
            Ttl("ttl", Retention(days="note_days", since="at", unit=1)),
        ],
    )
    def test_what_is_accepted(self, ttl: Ttl) -> None:
        assert notes(ttl=ttl).type_of(ttl.attribute) == "N"

    @pytest.mark.requirement("X-04")
    @pytest.mark.parametrize("attribute", ["author", "done", "tags"])
    def test_it_is_a_number(self, attribute: str) -> None:
        Refusal("Notes.ttl", f"{attribute!r} has the type", "epoch seconds").of(
            lambda: notes(ttl=Ttl(attribute))
        )

    @pytest.mark.parametrize(
        ("retention", "path", "says", "suggests"),
        [
            (Retention(days=0), ".days", "is 0.", "above 0"),
            (Retention(days=-1), ".days", "is -1.", "above 0"),
            (Retention(days=float("inf")), ".days", "is inf.", "above 0"),
            (Retention(days=36_501), ".days", "is 36501.", "up to 36500"),
            (Retention(days=float("nan")), ".days", "is nan.", "above 0"),
            (Retention(days=1, unit=0), ".unit", "is 0.", "milliseconds"),
            (Retention(days=1, since="done"), "", "Note.done is neither Number", "ISO 8601"),
            (Retention(days=1, since="when"), "", "Note.when is neither Number", "ISO 8601"),
        ],
    )
    def test_what_no_retention_may_be(
        self, retention: Retention, path: str, says: str, suggests: str
    ) -> None:
        refusal = Refusal(f"Notes.ttl.retention{path}", says, suggests)
        refusal.of(lambda: notes(ttl=Ttl("ttl", retention)))

    def test_it_is_counted_from_text_too(self) -> None:
        assert notes(ttl=Ttl("ttl", Retention(days=1, since="author")))

    def test_a_kind_may_be_kept_otherwise(self) -> None:
        kept = Entity(Note, retention=Retention(days=1, since="at"))
        assert notes(entities=[kept]).kinds[0].retention == Retention(days=1, since="at")
        wrong = Entity(Note, retention=Retention(days=0))
        Refusal("Notes.Note.retention.days", "is 0.", "above 0").of(lambda: notes(entities=[wrong]))

    def test_a_retention_needs_a_ttl_attribute(self) -> None:
        kept = Entity(Note, retention=Retention(days=1))
        Refusal("Notes.Note.retention", "the table has none", "Declare ttl=").of(
            lambda: notes(entities=[kept], ttl=None)
        )


class TestDefaultsInIndexes:
    def test_an_index_that_holds_every_item_has_no_defaults_in_its_key(self) -> None:
        Refusal("Notes.indexes[ByStars]", "written before Note.stars existed", "sparse=True").of(
            lambda: notes(indexes=[index("ByStars", "author", "stars")])
        )
        assert notes(indexes=[index("ByStars", "author", "stars", sparse=True)])

    def test_the_parts_of_a_template_count_the_same(self) -> None:
        rated = Entity(Note, keys={"rated": "{stars:03d}"})
        Refusal("Notes.indexes[ByRate]", "written before Note.stars existed", "sparse=True").of(
            lambda: notes(entities=[rated], indexes=[index("ByRate", "author", "rated")])
        )

    def test_a_key_takes_no_stored_none(self) -> None:
        shape = msgspec.defstruct("Shape", [("id", str), ("lang", str | None, "en")])
        Refusal("T-a.indexes[ByLang].key.lang", "allows None in Shape", "Let None").of(
            lambda: Table(
                "T-a",
                "Key design: by id.",
                key=Key("id"),
                entities=[shape],
                indexes=[index("ByLang", "lang", "id", sparse=True)],
            )
        )
