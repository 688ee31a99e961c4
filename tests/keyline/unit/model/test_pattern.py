"""Access patterns: what they ask of a call, and what is refused with which words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from keyline.errors import DeclarationError
from keyline.model import (
    AnyOf,
    BatchGet,
    BatchWrite,
    Check,
    Condition,
    Delete,
    Entity,
    Get,
    Index,
    Key,
    Pattern,
    Put,
    Query,
    Retention,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    absent,
    any_of,
    at_least,
    at_most,
    begins_with,
    between,
    compressed,
    contains,
    differs,
    equals,
    exists,
    greater_than,
    less_than,
)
from tests.support.declarations import (
    DOC,
    NOTES,
    PEOPLE,
    Person,
    Refusal,
    Visit,
    index,
    notes,
    told,
)

Made = type[Pattern[Any]]
SINGLE: tuple[Made, ...] = (Get, Put, Delete, Check, BatchGet, BatchWrite, Query)


def part(**fields: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct("Part", list(fields.items()), kw_only=True)


class TestStatement:
    @pytest.mark.parametrize("made", SINGLE)
    @pytest.mark.parametrize(
        ("more", "path", "says", "suggests"),
        [
            ({"name": "A_Pattern"}, "name", "not in kebab case", "message-create"),
            ({"name": "a--b"}, "name", "not in kebab case", "message-create"),
            ({"why": ""}, "why", "is empty", "what the pattern is for"),
            ({"item_bytes": 0}, "item_bytes", "is 0.", "1 to 409600"),
            ({"item_bytes": 409_601}, "item_bytes", "is 409601.", "1 to 409600"),
            ({"per_month": -1}, "per_month", "is -1.", "calls expected in a month"),
            ({"per_month": 0}, "per_month", "is 0.", "Leave it out of a part of a transaction"),
            ({"per_month": float("nan")}, "per_month", "is nan.", "calls expected"),
            (
                {"per_month": 1e12},
                "per_month",
                "is 1000000000000.0",
                "quota would have to be raised",
            ),
        ],
    )
    def test_what_is_refused(
        self, made: Made, more: dict[str, Any], path: str, says: str, suggests: str
    ) -> None:
        name = more.get("name", "a-pattern")
        Refusal(f"{name}.{path}", says, suggests).of(lambda: made(**told(**more)))

    @pytest.mark.parametrize("made", SINGLE)
    def test_the_largest_item_and_the_rarest_call_are_accepted(self, made: Made) -> None:
        assert made(**told(item_bytes=409_600, per_month=0.01))

    @pytest.mark.parametrize("made", SINGLE)
    def test_a_pattern_may_have_no_rate_of_its_own(self, made: Made) -> None:
        without = {name: value for name, value in told().items() if name != "per_month"}
        assert made(**without).per_month is None

    @pytest.mark.parametrize("made", [Query, BatchGet, BatchWrite])
    @pytest.mark.parametrize("items", [-1, float("inf"), float("nan")])
    def test_the_items_of_a_call_are_a_number(self, made: Made, items: float) -> None:
        Refusal("a-pattern.items", f"is {items}.", "items expected").of(
            lambda: made(**told(items=items))
        )


class TestShape:
    @pytest.mark.parametrize(
        ("fields", "path", "says", "suggests"),
        [
            ({"autor": str}, "autor", "Note has no such attribute", "Did you mean 'author'?"),
            ({"stars": str}, "stars", "is S, the item's is N", "Declare it as Note does"),
            ({"ttl": str}, "ttl", "is S, the item's is N", "Declare it as Note does"),
            ({"mood": str}, "mood", "may be absent from Note", "Allow None"),
            ({"text": str}, "text", "is stored compressed", "compressed() here too"),
        ],
    )
    def test_what_is_refused(
        self, fields: dict[str, Any], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"a-pattern.shape.{path}", says, suggests).of(
            lambda: Get(**told(shape=part(**fields)))
        )

    @pytest.mark.parametrize(
        "fields",
        [
            {"author": str, "mood": str | None},
            {"author": str, "tags": set[str]},
            {"text": Annotated[str, compressed(above=1)]},
            {"ttl": int | None},
        ],
    )
    def test_what_is_accepted(self, fields: dict[str, Any]) -> None:
        projection = Get(**told(shape=part(**fields))).projection
        assert projection is not None
        assert {*fields, "room", "at", "ttl"} == set(projection)

    def test_an_absent_attribute_has_one_value_for_every_reader(self) -> None:
        other = msgspec.defstruct("Part", [("stars", int, 5)])
        Refusal("a-pattern.shape.stars", "is read as another value", "that Note has").of(
            lambda: Get(**told(shape=other))
        )
        assert Get(**told(shape=msgspec.defstruct("Part", [("stars", int, 0)])))

    def test_the_expiry_may_be_read_where_no_field_is_declared_for_it(self) -> None:
        table = Table("Bare", DOC, key=Key("author"), entities=[part(author=str)], ttl=NOTES.ttl)
        assert Get(**told(table=table, shape=part(author=str, ttl=int | None)))
        Refusal("a-pattern.shape.ttl", "is S, the item's is N", "Declare it as Part does").of(
            lambda: Get(**told(table=table, shape=part(ttl=str)))
        )

    def test_what_an_index_is_keyed_by_is_never_absent_from_it(self) -> None:
        query: Query[Any] = Query(**told(shape=part(mood=str), index="ByMood"))
        assert query.parameters == ("mood",)

    def test_a_part_of_several_kinds_names_its_kind(self) -> None:
        asked = told(table=PEOPLE, shape=part(name=str))
        Refusal("a-pattern.entity", "Part is not one of the kinds", "entity=: Person, Visit").of(
            lambda: Get(**asked)
        )
        assert Get(**asked, entity=Person).kind.shape is Person

    @pytest.mark.parametrize("table", [NOTES, PEOPLE])
    def test_the_kind_is_one_of_the_tables(self, table: Table) -> None:
        class Persona(msgspec.Struct):
            name: str

        Refusal("a-pattern.entity", "Persona is not one of the kinds", "").of(
            lambda: Get(**told(table=table, shape=Persona, entity=Persona))
        )

    @pytest.mark.parametrize("made", [Put, BatchWrite])
    def test_only_whole_items_are_put(self, made: Made) -> None:
        Refusal("a-pattern.shape", "Part is a part of Note only", "declare an Update").of(
            lambda: made(**told(shape=part(author=str)))
        )


class TestParameters:
    @pytest.mark.parametrize("made", [Get, Delete, Check, BatchGet, BatchWrite])
    def test_a_key_is_given_by_its_attributes_or_its_templates_fields(self, made: Made) -> None:
        assert made(**told()).parameters == ("room", "at")
        assert made(**told(table=PEOPLE, shape=Person)).parameters == ("name",)
        assert made(**told(table=PEOPLE, shape=Visit)).parameters == ("name", "day", "count")

    def test_an_update_and_a_delete_add_those_of_their_conditions(self) -> None:
        conditions = (any_of(absent("mood"), less_than("stars", "below")), exists("photo"))
        for made in (
            Update(**told(set=("stars",), conditions=conditions)),
            Delete(**told(conditions=conditions)),
            Check(**told(conditions=conditions)),
        ):
            assert made.parameters == ("room", "at", "below")

    def test_a_put_has_those_of_its_conditions_only(self) -> None:
        assert Put(**told()).parameters == ()
        assert Put(**told(replace=True, conditions=(equals("stars"),))).parameters == ("stars",)

    @pytest.mark.parametrize(
        "name", ["pattern", "item", "limit", "cursor", "caller", "values", "keys", "expected"]
    )
    def test_a_reserved_name_is_refused(self, name: str) -> None:
        shape = part(**{name: str})
        table = Table("Other", DOC, key=Key(name), entities=[shape])
        Refusal(f"a-pattern.parameters.{name}", "reserved name", "otherwise").of(
            lambda: Get(**told(table=table, shape=shape))
        )

    def test_a_parameter_may_be_named_otherwise(self) -> None:
        Refusal("a-pattern.parameters.limit", "reserved name", "the parameter otherwise").of(
            lambda: Delete(**told(conditions=(less_than("stars", "limit"),)))
        )
        assert Delete(**told(conditions=(less_than("stars", "most"),))).parameters[-1] == "most"


class TestConditions:
    @pytest.mark.parametrize(
        "condition",
        [
            equals("author"),
            differs("done"),
            less_than("stars"),
            at_most("stars"),
            greater_than("at"),
            at_least("photo"),
            between("author"),
            begins_with("author"),
            contains("author"),
            contains("tags"),
            contains("parts"),
            exists("photo"),
            absent("photo"),
            greater_than("ttl"),
            any_of(absent("mood"), equals("mood")),
        ],
    )
    @pytest.mark.parametrize("made", [Put, Delete, Check])
    def test_what_is_accepted(self, made: Made, condition: Condition | AnyOf) -> None:
        assert made(**told(conditions=(condition,)))

    @pytest.mark.parametrize(
        ("condition", "path", "says", "suggests"),
        [
            (equals("autor"), ".autor", "Note has no such attribute", "mean 'author'?"),
            (less_than("done"), ".done", "'<' does not work on the type BOOL", "B, N, S"),
            (between("tags"), ".tags", "'between' does not work on the type SS", "B, N, S"),
            (begins_with("stars"), ".stars", "'begins_with' does not work", "It takes B, S."),
            (contains("stars"), ".stars", "'contains' does not work on the type N", "L, "),
            (equals("text"), ".text", "stored compressed", "stored as it is"),
            (any_of(), "", "any_of() holds nothing", "Give it conditions"),
            (
                any_of(less_than("stars"), greater_than("stars")),
                ".stars",
                "two conditions take their value from 'stars'",
                "Name one of the parameters",
            ),
        ],
    )
    @pytest.mark.parametrize("made", [Put, Delete, Check])
    def test_what_is_refused(
        self,
        made: Made,
        condition: Condition | AnyOf,
        path: str,
        says: str,
        suggests: str,
    ) -> None:
        Refusal(f"a-pattern.conditions{path}", says, suggests).of(
            lambda: made(**told(conditions=(condition,)))
        )

    @pytest.mark.parametrize("made", [exists, absent])
    @pytest.mark.parametrize("attribute", ["stars", "done", "text", "parts"])
    def test_an_attribute_with_a_default_is_never_asked_for(
        self, made: Any, attribute: str
    ) -> None:
        Refusal(f"a-pattern.conditions.{attribute}", "a read gives it the default", "('room')").of(
            lambda: Delete(**told(conditions=(any_of(made(attribute), equals("author")),)))
        )
        assert Delete(**told(conditions=(made("tags"), made("mood"))))

    def test_a_value_with_a_shard_cannot_be_compared(self) -> None:
        table = notes(indexes=[index(shards=2)])
        Refusal("a-pattern.conditions.author", "with a write shard", "another").of(
            lambda: Delete(**told(table=table, conditions=(equals("author"),)))
        )
        assert Delete(**told(table=table, conditions=(exists("author"),)))


def update(**more: Any) -> Update[Any]:
    return Update(**told(**more))


class TestUpdate:
    def test_it_changes_attributes_in_five_ways(self) -> None:
        made = update(
            set=("author",),
            set_once=("mood",),
            add=("stars",),
            remove=("photo",),
            discard=("tags",),
        )
        assert made.changed == ("author", "mood", "stars", "photo", "tags")

    @pytest.mark.parametrize(
        ("more", "path", "says", "suggests"),
        [
            ({}, "set", "changes nothing", "Name attributes"),
            ({"set": ("room",)}, "set.room", "part of the primary key", "Delete and create"),
            ({"set": ("autor",)}, "set.autor", "Note has no such attribute", "mean 'author'?"),
            ({"set": ("stars", "stars")}, "set.stars", "changed twice", "once"),
            ({"set": ("stars",), "add": ("stars",)}, "set.stars", "changed twice", "once"),
            ({"set": ("stars",), "version": "stars"}, "set.stars", "changed twice", "once"),
            ({"add": ("author",)}, "add.author", "neither Number nor set", "Use set"),
            ({"add": ("parts",)}, "add.parts", "neither Number nor set", "Use set"),
            ({"discard": ("stars",)}, "discard.stars", "is not a set", "Use remove"),
            ({"set_once": ("stars",)}, "set_once.stars", "has a default", "None be the default"),
            ({"remove": ("stars",)}, "remove.stars", "part of an index's key", "to its default"),
            ({"remove": ("author",)}, "remove.author", "is required", "Allow None"),
            (
                {"set": ("stars",), "version": "author"},
                "version",
                "'author' is not a Number",
                "int",
            ),
            ({"set": ("stars",), "version": "vers"}, "version", "'vers' is not a Number", "int"),
            (
                {"add": ("tags",), "at_least_once": True},
                "at_least_once",
                "nothing is added to a number",
                "Leave it out",
            ),
            (
                {"set": ("stars",), "at_least_once": True},
                "at_least_once",
                "nothing is added to a number",
                "Leave it out",
            ),
            (
                {"set": ("stars",), "upsert": True},
                "upsert",
                "without author, which cannot be read",
                "Set these too",
            ),
        ],
    )
    def test_what_is_refused(
        self, more: dict[str, Any], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"a-pattern.{path}", says, suggests).of(lambda: update(**more))

    def test_what_counts_versions_counts_nothing_twice(self) -> None:
        shape = part(id=str, n=int, version=int)
        table = Table("Others", DOC, key=Key("id"), entities=[shape])
        asked = {"table": table, "shape": shape, "add": ("n",), "at_least_once": True}
        assert update(**asked).counters == {"n"}
        refusal = Refusal("a-pattern.at_least_once", "be counted twice", "Leave it out")
        refusal.of(lambda: update(version="version", **asked))

    @pytest.mark.parametrize(
        ("more", "path", "says", "suggests"),
        [
            ({"set": ("team_pk",)}, "set.team_pk", "made by a template", "Set team."),
            ({"set": ("sk",)}, "set.sk", "part of the primary key", "Delete and create"),
            ({"set": ("name",)}, "set.name", "the primary key is made of", "Delete and create"),
            (
                {"set": ("age", "team", "name"), "upsert": True},
                "set.name",
                "the primary key is made of",
                "Leave it out: an upsert writes it.",
            ),
            (
                {"add": ("age",)},
                "set.age",
                "team_sk is made of age, and this does not say what age will be",
                "Name all of these in set",
            ),
        ],
    )
    def test_keys_made_by_templates_stay_right(
        self, more: dict[str, Any], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"a-pattern.{path}", says, suggests).of(
            lambda: update(table=PEOPLE, shape=Person, **more)
        )

    def test_all_fields_of_an_indexs_template_are_changed_together(self) -> None:
        entity = Entity(Person, keys={"pk": "{name}", "both": "{team}#{age}"}, constants={"k": 1})
        table = Table(
            "Others",
            DOC,
            key=Key("pk"),
            entities=[entity],
            indexes=[index("ByBoth", "both", "k", sparse=True)],
        )
        asked = {"table": table, "shape": Person}
        Refusal("a-pattern.set.age", "both is made of team, age", "Name all of these").of(
            lambda: update(set=("age",), **asked)
        )
        Refusal("a-pattern.set.k", "is a constant", "Leave it").of(
            lambda: update(set=("k",), **asked)
        )
        assert update(set=("age", "team"), **asked)
        assert update(set=("age",), remove=("team",), **asked)
        assert update(set=("age", "team"), upsert=True, **asked)

    def test_an_upsert_may_leave_out_what_has_a_default(self) -> None:
        assert update(set=("author",), add=("stars",), upsert=True).parameters == ("room", "at")

    @pytest.mark.parametrize(
        ("annotation", "default", "clause", "says"),
        [
            (Literal[1, 2], 1, "add", "one of a few numbers"),
            (int | None, 5, "add", "allows None and has another default"),
            (Annotated[frozenset[str], msgspec.Meta(max_length=2)], frozenset(), "add", "a bound"),
            (Annotated[frozenset[str], msgspec.Meta(min_length=0)], frozenset(), "add", "a bound"),
            (
                Annotated[frozenset[str], msgspec.Meta(min_length=0)],
                frozenset(),
                "discard",
                "a bound",
            ),
            (Literal[1, 2], 1, "version", "one of a few numbers"),
            (int | None, 1, "version", "allows None and has another default"),
            (Annotated[float, msgspec.Meta(multiple_of=0.1)], 0.1, "add", "float with multiple_of"),
        ],
    )
    def test_what_depends_on_the_stored_value(
        self, annotation: Any, default: Any, clause: str, says: str
    ) -> None:
        shape = msgspec.defstruct(
            "Shape", [("id", str), ("b", str), ("a", annotation, default)], kw_only=True
        )
        table = Table("Others", DOC, key=Key("id"), entities=[shape])
        more: dict[str, Any] = (
            {"set": ("b",), "version": "a"} if clause == "version" else {clause: ("a",)}
        )
        path = "version" if clause == "version" else f"{clause}.a"
        with pytest.raises(DeclarationError) as caught:
            update(table=table, shape=shape, **more)
        assert caught.value.path == f"a-pattern.{path}"
        assert says in caught.value.message
        assert caught.value.suggestion

    def test_an_upsert_makes_the_version_1(self) -> None:
        version = Annotated[int, msgspec.Meta(ge=10)]
        shape = msgspec.defstruct("Shape", [("id", str), ("a", int, 0), ("v", version, 10)])
        table = Table("Others", DOC, key=Key("id"), entities=[shape])
        asked: dict[str, Any] = {"table": table, "shape": shape, "set": ("a",), "version": "v"}
        assert update(**asked)
        Refusal("a-pattern.version", "does not allow 1", "Allow it").of(
            lambda: update(**asked, upsert=True)
        )

    def test_nothing_is_added_to_a_float_by_which_an_index_sorts(self) -> None:
        shape = part(id=str, g=str, n=float)
        by_n = Index(name="ByN", key=Key("g", "n"), why="Tested.")
        table = Table("Others", DOC, key=Key("id"), entities=[shape], indexes=[by_n])
        Refusal("a-pattern.add.n", "a float and part of an index's key", "Decimal").of(
            lambda: update(table=table, shape=shape, add=("n",))
        )

    def test_nothing_is_added_to_what_the_expiry_counts_from(self) -> None:
        shape = part(id=str, at=int)
        kept = Ttl("ttl", Retention(days=1, since="at"))
        table = Table("Others", DOC, key=Key("id"), entities=[shape], ttl=kept)
        Refusal("a-pattern.add.at", "is what the expiry counts from", "Use set").of(
            lambda: update(table=table, shape=shape, add=("at",))
        )

    def test_a_version_is_counted_apart(self) -> None:
        made = update(table=PEOPLE, shape=Person, set=("age",), version="version")
        assert "version" not in made.changed


GET: Get[Any] = Get(**told(name="a-get"))
CONSISTENT: Get[Any] = Get(**told(name="a-get", consistent=True))
PUT: Put[Any] = Put(**told(name="a-put"))
DELETE: Delete[Any] = Delete(**told(name="a-delete"))
CHECK: Check[Any] = Check(**told(name="a-check"))


class TestTransactions:
    def test_the_parts_are_given_their_parameters(self) -> None:
        write = TransactWrite(**told(parts=(PUT, update(name="u", set=("stars",)), DELETE, CHECK)))
        read = TransactGet(**told(parts=(GET,)))
        assert write.parameters == read.parameters == ()

    @pytest.mark.parametrize(
        ("made", "parts", "path", "says", "suggests"),
        [
            (TransactWrite, (), "parts", "is empty", "Put, Update, Delete, Check"),
            (TransactGet, (), "parts", "is empty", "Get"),
            (TransactWrite, (GET,), "parts.a-get", "is a Get", "Use Put, Update"),
            (TransactGet, (PUT,), "parts.a-put", "is a Put", "Use Get."),
            (TransactGet, (CONSISTENT,), "parts.a-get", "of a transaction", "Leave consistent out"),
            (TransactWrite, (PUT, PUT), "parts.a-put", "named twice", "any number of times"),
        ],
    )
    def test_what_is_refused(
        self, made: Made, parts: tuple[Any, ...], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"a-pattern.{path}", says, suggests).of(lambda: made(**told(parts=parts)))

    @pytest.mark.parametrize(("made", "parts"), [(TransactWrite, (PUT,)), (TransactGet, (GET,))])
    def test_it_takes_100_actions(self, made: Made, parts: tuple[Any, ...]) -> None:
        assert made(**told(parts=parts, items=100))
        Refusal("a-pattern.items", "is 101; a transaction takes 100", "Cut it").of(
            lambda: made(**told(parts=parts, items=101))
        )
