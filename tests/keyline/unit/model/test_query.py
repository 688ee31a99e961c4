"""Queries: which key serves them, on what conditions, and what is refused with which words."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from keyline.model import (
    KEYS_ONLY,
    Condition,
    Entity,
    Key,
    Table,
    at_least,
    at_most,
    begins_with,
    between,
    contains,
    differs,
    equals,
    exists,
    greater_than,
    include,
    less_than,
)
from tests.support.declarations import (
    DOC,
    NOTES,
    PEOPLE,
    Note,
    Person,
    Refusal,
    Visit,
    index,
    notes,
    query,
)


class Log(msgspec.Struct, kw_only=True):
    app: str
    year: int
    month: int
    level: str
    message: str


class Day(msgspec.Struct, kw_only=True):
    who: str
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
    n: int


LOGS = Table(
    "Logs",
    DOC,
    key=Key("app", "message"),
    entities=[Log],
    indexes=[
        index("ByTime", ("app", "level"), ("year", "month", "message")),
        index("ByLevel", "level", "month"),
    ],
)
DAYS = Table(
    "Days",
    DOC,
    key=Key("pk", "sk"),
    entities=[Entity(Day, keys={"pk": "WHO#{who}", "sk": "DAY#{day}#{n:04d}"})],
    indexes=[index("ByDay", "day", "who")],
)


class TestServed:
    @pytest.mark.parametrize(
        "condition",
        [
            equals("at"),
            less_than("at"),
            at_most("at"),
            greater_than("at"),
            at_least("at"),
            between("at"),
        ],
    )
    def test_a_sort_key_is_compared_in_every_way(self, condition: Condition) -> None:
        assert query(sort=condition).parameters == ("room", "at")
        assert query(sort=condition, index="ByAuthor").parameters == ("author", "at")

    def test_text_is_compared_by_its_beginning_too(self) -> None:
        found = query(table=LOGS, shape=Log, sort=begins_with("message", "start"))
        assert found.parameters == ("app", "start")

    def test_without_conditions_the_partition_key_is_enough(self) -> None:
        assert query().parameters == ("room",)
        assert query().key == NOTES.key
        assert query(index="ByMood").key == Key("mood", "stars")

    @pytest.mark.parametrize(
        ("sort", "parameters"),
        [
            ((), ()),
            ((equals("year"),), ("year",)),
            ((at_least("year"),), ("year",)),
            ((equals("year"), between("month", "months")), ("year", "months")),
            (
                (equals("year"), equals("month"), begins_with("message")),
                ("year", "month", "message"),
            ),
        ],
    )
    def test_several_attributes_are_compared_from_the_left(
        self, sort: tuple[Condition, ...], parameters: tuple[str, ...]
    ) -> None:
        found = query(table=LOGS, shape=Log, index="ByTime", sort=sort)
        assert found.parameters == ("app", "level", *parameters)

    @pytest.mark.parametrize(
        ("condition", "parameters"),
        [
            (equals("sk"), ("day", "n")),
            (equals("sk", "day"), ("day",)),
            (begins_with("sk"), ()),
            (begins_with("sk", "day"), ("day",)),
            (between("sk", "day"), ("day",)),
            (between("sk", "n"), ("day", "n")),
            (between("sk", "range"), ("range",)),
            (at_least("sk"), ("sk",)),
        ],
    )
    def test_a_template_is_compared_by_its_fields(
        self, condition: Condition, parameters: tuple[str, ...]
    ) -> None:
        found = query(table=DAYS, shape=Day, sort=condition)
        assert found.parameters == ("who", *parameters)

    def test_a_page_is_a_tenth_of_what_a_call_may_ask_for(self) -> None:
        assert (query(page=50).page, query(page=50).max_page) == (50, 500)


class TestNotServed:
    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            (
                {"sort": between("stars")},
                Refusal(
                    "a-pattern.sort.stars",
                    "no key of Notes serves it: the sort key is at.",
                    "Query index='ByMood': its key is mood / stars.",
                ),
            ),
            (
                {"index": "ByMood", "sort": between("at")},
                Refusal(
                    "a-pattern.sort.at",
                    "no key of ByMood serves it: the sort key is stars.",
                    "Query the table itself, without index=: its key is room / at.",
                ),
            ),
            (
                {"sort": equals("author")},
                Refusal(
                    "a-pattern.sort.author",
                    "no key of Notes serves it",
                    "No key of Notes would: declare an index with the sort key author.",
                ),
            ),
            (
                {"index": "ByAutor"},
                Refusal(
                    "a-pattern.index",
                    "Notes has no index 'ByAutor'",
                    "Did you mean 'ByAuthor'?",
                ),
            ),
            (
                {"table": LOGS, "shape": Log, "index": "ByLevel", "sort": equals("year")},
                Refusal("a-pattern.sort.year", "no key of ByLevel serves it", "index='ByTime'"),
            ),
            (
                {"table": PEOPLE, "shape": Visit, "index": "ByTeam"},
                Refusal(
                    "a-pattern.index",
                    "Visit has no 'team_pk', so that none is ever in ByTeam",
                    "Query the table itself",
                ),
            ),
            (
                {"consistent": True, "index": "ByAuthor"},
                Refusal("a-pattern.consistent", "eventually consistent", "Read the table"),
            ),
        ],
    )
    def test_the_suggestion_names_what_would_serve(
        self, more: dict[str, Any], refusal: Refusal
    ) -> None:
        refusal.of(lambda: query(**more))

    def test_a_key_of_the_same_partition_is_suggested_first(self) -> None:
        table = notes(
            indexes=[
                index("A-ByAuthor", "author", "stars", sparse=True),
                index("B-ByRoom", "room", "stars", sparse=True),
            ]
        )
        refusal = Refusal("a-pattern.sort.stars", "no key of Notes", "index='B-ByRoom'")
        refusal.of(lambda: query(table=table, sort=equals("stars")))

    @pytest.mark.parametrize("condition", [differs("at"), contains("at"), exists("at")])
    def test_a_sort_key_has_fewer_conditions_than_a_write(self, condition: Condition) -> None:
        refusal = Refusal("a-pattern.sort.at", "is not a condition on a sort key", "between")
        refusal.of(lambda: query(sort=condition))

    def test_the_beginning_of_a_number_is_nothing(self) -> None:
        Refusal("a-pattern.sort.at", "is a Number", "use between").of(
            lambda: query(sort=begins_with("at"))
        )

    @pytest.mark.parametrize(
        ("sort", "path", "says"),
        [
            ((equals("year"), equals("message")), "sort", "year, message out of order or with a"),
            ((equals("month"),), "sort", "month out of order or with a gap"),
            ((equals("month"), equals("year")), "sort", "out of order"),
            ((at_least("year"), equals("month")), "sort.year", "is a range, and another"),
            ((at_least("year"), at_most("year")), "sort", "two conditions on one attribute"),
        ],
    )
    def test_conditions_follow_the_key_with_the_range_last(
        self, sort: tuple[Condition, ...], path: str, says: str
    ) -> None:
        with_time = {"table": LOGS, "shape": Log, "index": "ByTime", "sort": sort}
        Refusal(f"a-pattern.{path}", says, "").of(lambda: query(**with_time))

    @pytest.mark.parametrize(
        ("condition", "says", "suggests"),
        [
            (begins_with("sk", "dai"), "'dai' is not a field of 'DAY#{day}", "Did you mean 'day'?"),
            (equals("sk", "dai"), "'dai' is not a field of 'DAY#{day}", "Did you mean 'day'?"),
            (between("sk", "who"), "'who' has another meaning", "name of its own"),
        ],
    )
    def test_a_condition_on_a_template_names_its_fields(
        self, condition: Condition, says: str, suggests: str
    ) -> None:
        Refusal("a-pattern.sort.sk", says, suggests).of(
            lambda: query(table=DAYS, shape=Day, sort=condition)
        )

    def test_a_range_of_numbers_needs_a_width(self) -> None:
        def table(template: str) -> Table:
            entity = Entity(Visit, keys={"pk": "{name}", "sk": template})
            return Table("Visits", DOC, key=Key("pk", "sk"), entities=[entity])

        def asked(template: str, condition: Condition) -> Any:
            return query(table=table(template), shape=Visit, sort=condition)

        Refusal("a-pattern.sort.sk", "not in the order of the numbers", "{count:010d}").of(
            lambda: asked("{day}#{count}", between("sk", "count"))
        )
        assert asked("{day}#{count:04d}", between("sk", "count"))
        assert asked("{day}#{count}", equals("sk"))
        assert asked("{day}#{count}", between("sk", "day"))

    def test_a_template_without_a_beginning_needs_a_field(self) -> None:
        entity = Entity(Visit, keys={"pk": "{name}", "sk": "{day}#{count}"})
        table = Table("Visits", DOC, key=Key("pk", "sk"), entities=[entity])
        Refusal("a-pattern.sort.sk", "no text of its own", "begins_with('sk', 'day')").of(
            lambda: query(table=table, shape=Visit, sort=begins_with("sk"))
        )

    @pytest.mark.parametrize("page", [0, -1, 1001])
    def test_a_page_has_1_to_1000_items(self, page: int) -> None:
        Refusal("a-pattern.page", f"is {page}.", "1 to 1000").of(lambda: query(page=page))


class Part(msgspec.Struct, kw_only=True):
    author: str
    stars: int


class TestCarried:
    @pytest.mark.requirement("X-10")
    def test_what_the_index_does_not_carry_cannot_be_read(self) -> None:
        table = notes(indexes=[index(projection=include("done", "ttl"))])
        refusal = Refusal(
            "a-pattern.shape.stars",
            "the index ByAuthor does not carry it",
            "It carries: at, author, done, room, ttl. Read less, or project it in a new index",
        )
        refusal.of(lambda: query(table=table, shape=Part, index="ByAuthor"))

    @pytest.mark.requirement("T-54")
    def test_an_index_of_keys_carries_the_keys_of_both(self) -> None:
        class Keys(msgspec.Struct, kw_only=True):
            room: str
            at: float
            author: str

        table = notes(indexes=[index(projection=KEYS_ONLY)], ttl=None)
        assert query(table=table, shape=Keys, index="ByAuthor").projection == (
            "room",
            "at",
            "author",
        )


class TestProjection:
    def test_a_whole_item_needs_none(self) -> None:
        assert query().projection is None
        assert query(index="ByAuthor").projection is None

    def test_a_part_is_asked_for_with_the_keys_and_the_expiry(self) -> None:
        assert query(shape=Part).projection == ("author", "stars", "room", "at", "ttl")
        assert query(shape=Part, index="ByMood").projection == (
            "author",
            "stars",
            "room",
            "at",
            "mood",
            "ttl",
        )

    def test_a_whole_item_of_a_partial_index_is_asked_for_by_name(self) -> None:
        table = Table(
            "Pairs",
            DOC,
            key=Key("who", "day"),
            entities=[Day],
            indexes=[index("ByDay", "day", "who", projection=include("n"))],
        )
        found = query(table=table, shape=Day, index="ByDay")
        assert found.projection == ("who", "day", "n")

    def test_template_keys_are_asked_for_by_their_attribute(self) -> None:
        class Age(msgspec.Struct, kw_only=True):
            age: int

        found = query(table=PEOPLE, shape=Age, entity=Person, index="ByTeam")
        assert found.projection == ("age", "pk", "sk", "team_pk", "team_sk")
        assert found.parameters == ("team",)
        assert found.kind.shape is Person


def test_a_note_is_read_by_author_in_order_of_time() -> None:
    found = query(index="ByAuthor", sort=between("at"), descending=True)
    assert (found.operation, found.index_name, found.shape) == ("Query", "ByAuthor", Note)
    assert found.conditions == (between("at"),)
