"""Several kinds of items in one table: told apart by a tag, by their keys, and read as one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, assert_type

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keyline.model import (
    KEYS_ONLY,
    Entity,
    Get,
    Index,
    Key,
    Query,
    Table,
    Ttl,
    at_least,
    begins_with,
    between,
    equals,
    include,
    one_of,
)
from keyline.model.texts import ANY, Texts, texts_of
from tests.support.declarations import PEOPLE, Person, Refusal, Visit, told


class Member(msgspec.Struct, kw_only=True):
    member: str
    name: str
    team: str = "none"


class Loan(msgspec.Struct, kw_only=True):
    member: str
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
    title: str
    team: str = "none"


class Fine(msgspec.Struct, kw_only=True):
    member: str
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
    amount: int


MEMBER = Entity(Member, tag="MEMBER", keys={"pk": "MEMBER#{member}"}, constants={"sk": "-"})
LOAN = Entity(Loan, tag="LOAN", keys={"pk": "MEMBER#{member}", "sk": "LOAN#{day}#{title}"})
FINE = Entity(Fine, tag="FINE", keys={"pk": "MEMBER#{member}", "sk": "FINE#{day}"})
BY_TEAM = Index(name="ByTeam", key=Key("team", "sk"), why="A team's.", sparse=True)


def library(*entities: Any, **more: Any) -> Table:
    """Return a member, his loans and his fines in one partition."""
    given: dict[str, Any] = {
        "key": Key("pk", "sk"),
        "entities": entities or (MEMBER, LOAN, FINE),
        "discriminator": "kind",
    }
    return Table("Library", "Key design: all of a member in one partition.", **given | more)


LIBRARY = library()
SOME = st.text("A#", max_size=3)
"""Texts so few that equal ones come about."""


def asked(*shapes: type[msgspec.Struct], table: Table = LIBRARY, **more: Any) -> Query[Any]:
    shape = one_of(*shapes) if len(shapes) > 1 else shapes[0]
    return Query(**told(table=table, shape=shape, **more))


class TestDiscriminator:
    def test_it_is_a_constant_of_every_kind(self) -> None:
        assert [kind.constants["kind"] for kind in LIBRARY.kinds] == ["MEMBER", "LOAN", "FINE"]
        assert LIBRARY.type_of("kind") == "S"
        assert MEMBER.constants == {"sk": "-"}

    @pytest.mark.parametrize(
        ("make", "path", "says", "suggests"),
        [
            (
                lambda: library(MEMBER, Entity(Loan, keys=LOAN.keys)),
                "Loan.tag",
                "'kind' tells the kinds",
                "Entity(Loan, tag='LOAN')",
            ),
            (
                lambda: library(Member),
                "Member.tag",
                "is missing",
                "Entity(Member, tag='MEMBER')",
            ),
            (
                lambda: library(MEMBER, Entity(Loan, tag="MEMBER", keys=LOAN.keys)),
                "Loan.tag",
                "that of Member as well",
                "its own",
            ),
            (
                lambda: library(discriminator=None),
                "Member.tag",
                "has no discriminator",
                "discriminator='EntityType'",
            ),
            (
                lambda: library(Entity(Loan, keys=LOAN.keys, constants={"kind": "LOAN"})),
                "Loan.constants[kind]",
                "is the discriminator",
                "tag='LOAN'",
            ),
            (
                lambda: library(discriminator="team"),
                "discriminator",
                "'team' is a field or a template of Member",
                "Drop that one",
            ),
            (
                lambda: library(LOAN, discriminator="sk"),
                "discriminator",
                "a template of Loan",
                "Drop that one",
            ),
            (
                lambda: library(ttl=Ttl("kind")),
                "discriminator",
                "is the TTL attribute",
                "of its own",
            ),
            (
                lambda: library(
                    indexes=[Index(name="ByKind", key=Key("kind", "sk"), why="All.", shards=4)]
                ),
                "discriminator",
                "'kind' is sharded",
                "of its own",
            ),
            (
                lambda: library(indexes=[replace(BY_TEAM, projection=KEYS_ONLY)]),
                "indexes[ByTeam].projection",
                "does not carry 'kind'",
                "Include it",
            ),
        ],
    )
    def test_what_is_refused(
        self, make: Callable[[], Any], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"Library.{path}", says, suggests).of(make)

    def test_an_index_may_be_keyed_by_it(self) -> None:
        by_kind = Index(name="ByKind", key=Key("kind", "sk"), why="All.", cardinality=1000)
        assert asked(Loan, table=library(indexes=[by_kind]), index="ByKind").parameters == ()

    def test_a_shape_does_not_name_it(self) -> None:
        part = msgspec.defstruct("Part", [("kind", str)])
        Refusal("a-pattern.shape.kind", "is the discriminator", "Leave it out").of(
            lambda: Get(**told(table=LIBRARY, shape=part, entity=Loan))
        )

    def test_a_part_of_an_item_is_asked_for_with_it(self) -> None:
        part = msgspec.defstruct("Part", [("title", str)])
        get: Get[Any] = Get(**told(table=LIBRARY, shape=part, entity=Loan))
        assert get.projection == ("title", "pk", "sk", "kind")


class TestKeysApart:
    @pytest.mark.parametrize(
        ("one", "other", "meet"),
        [
            (Texts("A#", open=True), Texts("B#", open=True), False),
            (Texts("A#", open=True), Texts("A#B#", open=True), True),
            (Texts("A", open=False), Texts("A#", open=True), False),
            (Texts("A#", open=True), Texts("A#x", open=False), True),
            (Texts("A", open=False), Texts("A", open=True), True),
            (Texts("A", open=False), Texts("A", open=False), True),
            (Texts("A", open=False), Texts("B", open=False), False),
            (Texts("STUDENT#", open=True), Texts("STUDENTS#", open=True), False),
            (ANY, Texts("A", open=False), True),
        ],
    )
    def test_texts_meet_where_one_can_be_the_other(
        self, one: Texts, other: Texts, meet: bool
    ) -> None:
        assert (one.meets(other), other.meets(one)) == (meet, meet)

    @given(SOME, SOME, SOME, SOME)
    def test_what_never_meets_is_never_the_same_text(
        self, one: str, field: str, other: str, another: str
    ) -> None:
        apart = not Texts(one, open=True).meets(Texts(other, open=True))
        fixed = not Texts(one, open=False).meets(Texts(other, open=True))
        assert not (apart and one + field == other + another)
        assert not (fixed and one == other + another)

    def test_a_kind_says_what_a_key_can_be(self) -> None:
        assert texts_of(MEMBER, "sk") == Texts("-", open=False)
        assert texts_of(LOAN, "sk") == Texts("LOAN#", open=True)
        assert texts_of(LOAN, "day") == ANY
        fixed = Entity(Member, keys={"pk": "ALL"})
        assert texts_of(fixed, "pk") == Texts("ALL", open=False)

    @pytest.mark.parametrize(
        "keys",
        [
            {"pk": "MEMBER#{member}", "sk": "LOAN#{day}"},
            {"pk": "MEMBER#{member}", "sk": "{day}"},
            {"pk": "MEMBER#{member}", "sk": "LOAN#{day}#FINE#{amount}"},
        ],
    )
    def test_two_kinds_never_have_one_primary_key(self, keys: dict[str, str]) -> None:
        Refusal("Library.Fine.keys", "the primary key of a Loan", "FINE#...").of(
            lambda: library(LOAN, Entity(Fine, tag="FINE", keys=keys))
        )


class TestStrangers:
    @pytest.mark.parametrize(
        "sort", [begins_with("sk"), equals("sk"), at_least("sk", "day"), between("sk", "day")]
    )
    def test_a_query_keeps_to_the_keys_of_its_kind(self, sort: Any) -> None:
        assert asked(Loan, sort=sort).parameters[0] == "member"

    def test_one_that_meets_another_kind_is_refused(self) -> None:
        Refusal(
            "a-pattern.shape",
            "a Member can be in what it reads, in addition to Loan",
            "sort=begins_with('sk'), or read both: shape=one_of(Loan, Member)",
        ).of(lambda: asked(Loan))

    def test_a_range_of_whole_texts_meets_any(self) -> None:
        Refusal("a-pattern.shape", "a Member can be", "begin differently").of(
            lambda: asked(Loan, sort=between("sk", "texts"))
        )

    def test_it_is_refused_without_a_discriminator_too(self) -> None:
        Refusal("a-pattern.shape", "a Person can be in what it reads", "begins_with('sk')").of(
            lambda: asked(Visit, table=PEOPLE)
        )
        assert asked(Visit, table=PEOPLE, sort=begins_with("sk"))

    def test_what_lacks_the_index_is_not_met(self) -> None:
        # A Fine has no team
        table = library(indexes=[BY_TEAM])
        assert asked(Loan, Member, table=table, index="ByTeam").parameters == ("team",)


class TestCollection:
    def test_several_kinds_are_read_by_what_their_keys_share(self) -> None:
        query = asked(Member, Loan, Fine)
        assert query.parameters == ("member",)
        assert query.shapes == (Member, Loan, Fine)
        assert [kind.tag for kind in query.kinds] == ["MEMBER", "LOAN", "FINE"]
        assert query.kind is query.kinds[0]
        assert query.projection is None

    def test_a_condition_compares_what_is_made_alike(self) -> None:
        def table(loan: str, fine: str) -> Table:
            return library(
                Entity(Loan, tag="LOAN", keys={"pk": "MEMBER#{member}", "sk": loan}),
                Entity(Fine, tag="FINE", keys={"pk": "FINES#{member}", "sk": fine}),
                key=Key("pk", "sk"),
                indexes=[Index(name="ByMember", key=Key("member", "sk"), why="All.")],
            )

        def both(loan: str, fine: str, sort: Any) -> Query[Any]:
            return asked(Loan, Fine, table=table(loan, fine), index="ByMember", sort=sort)

        alike = ("AT#{day}#LOAN#{title}", "AT#{day}#FINE")
        assert both(*alike, at_least("sk", "day")).parameters == ("member", "day")
        assert both(*alike, begins_with("sk")).parameters == ("member",)
        assert both(*alike, between("sk", "texts")).parameters == ("member", "texts")
        for loan, fine, sort in (
            (*alike, equals("sk")),
            ("AT#{day}#{title}", "AT#{day}", equals("sk", "day")),
            ("LOAN#{day}", "FINE#{day}", at_least("sk", "day")),
            ("LOAN#{day}", "FINE#{day}", begins_with("sk")),
        ):
            Refusal("a-pattern.sort.sk", "made differently of a Loan and a Fine", "Drop").of(
                partial(both, loan, fine, sort)
            )

    def test_an_index_of_some_attributes_gives_them_by_name(self) -> None:
        class Row(msgspec.Struct, kw_only=True):
            member: str
            team: str = "none"

        class Line(msgspec.Struct, kw_only=True):
            member: str
            day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
            team: str = "none"

        index = replace(BY_TEAM, projection=include("kind", "member"))
        table = library(
            Entity(Row, tag="ROW", keys={"pk": "MEMBER#{member}"}, constants={"sk": "-"}),
            Entity(Line, tag="LINE", keys={"pk": "MEMBER#{member}", "sk": "LINE#{day}"}),
            indexes=[index],
        )
        Refusal("a-pattern.shape.day", "the index ByTeam does not carry it", "It carries").of(
            lambda: asked(Row, Line, table=table, index="ByTeam")
        )

    @pytest.mark.parametrize(
        ("make", "path", "says", "suggests"),
        [
            (
                lambda: Get(**told(table=LIBRARY, shape=one_of(Member, Loan))),
                "shape",
                "a Get is about one kind",
                "a Query may",
            ),
            (
                lambda: Query(**told(table=LIBRARY, shape=one_of(Member))),
                "shape",
                "fewer than two",
                "without one_of()",
            ),
            (lambda: asked(Loan, Loan), "shape", "names Loan twice", "once"),
            (lambda: asked(Member, Loan, entity=Loan), "entity", "is given", "Leave it out"),
            (
                lambda: asked(Person, Visit, table=PEOPLE),
                "shape",
                "People has no attribute that tells",
                "discriminator='EntityType'",
            ),
            (
                lambda: asked(Member, Visit),
                "shape",
                "Visit is not one of the kinds of items in Library",
                "Use one of: Fine, Loan, Member.",
            ),
            (
                lambda: asked(Member, Loan),
                "shape",
                "a Fine can be in what it reads, in addition to Member, Loan",
                "shape=one_of(Member, Loan, Fine)",
            ),
            (
                lambda: asked(
                    Member,
                    Loan,
                    table=library(
                        MEMBER, Entity(Loan, tag="L", keys={"pk": "LOAN#{title}", "sk": "{day}"})
                    ),
                ),
                "shape",
                "pk is 'MEMBER#{member}' of a Member and 'LOAN#{title}' of a Loan",
                "alike in both",
            ),
            (
                lambda: asked(Member, Fine, table=library(indexes=[BY_TEAM]), index="ByTeam"),
                "index",
                "Fine has no 'team'",
                "Query the table itself",
            ),
        ],
    )
    def test_what_is_refused(
        self, make: Callable[[], Any], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"a-pattern.{path}", says, suggests).of(make)

    def test_its_type_is_that_of_any_of_them(self) -> None:
        table = library(MEMBER, LOAN)
        query = Query(
            name="all",
            why="All of a member.",
            table=table,
            shape=one_of(Member, Loan),
            item_bytes=100,
            per_month=1,
        )
        assert_type(query, Query[Member | Loan])
        assert query.shapes == (Member, Loan)
