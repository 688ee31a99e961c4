"""Systems: what belongs together, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from keyline.model import (
    Access,
    BatchGet,
    BatchWrite,
    Check,
    Delete,
    Entity,
    Function,
    Get,
    Index,
    Metric,
    Pattern,
    Put,
    Query,
    Retention,
    Route,
    StreamSource,
    StreamView,
    System,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    access_of,
)
from tests.support.declarations import Note, Refusal, index, notes, told

TABLE = notes(indexes=[], stream=StreamView.NEW_IMAGE)
GET: Get[Any] = Get(**told(name="note-get", table=TABLE))


def function(**more: Any) -> Function:
    return Function(
        **{
            "name": "read",
            "handler": "app.handlers.read.handler",
            "why": "Reads.",
            "patterns": (GET,),
            **more,
        }
    )


def system(*functions: Function, **more: Any) -> System:
    return System(
        **{
            "name": "app",
            "title": "An app",
            "tables": (TABLE,),
            "functions": functions or (function(),),
            **more,
        }
    )


class Settings(msgspec.Struct, frozen=True):
    days: float = 30
    shards: int = 4
    label: str = "x"
    none: int = 0


class TestSystem:
    def test_it_finds_its_tables_and_functions(self) -> None:
        made = system()
        assert made.table("Notes") is TABLE
        assert made.function("read").patterns == (GET,)
        Refusal("app.tables", "no table 'Note'", "Did you mean 'Notes'?").of(
            lambda: made.table("Note")
        )
        Refusal("app.functions", "no function 'raed'", "Did you mean 'read'?").of(
            lambda: made.function("raed")
        )

    def test_its_patterns_are_those_of_its_functions_once_and_their_parts(self) -> None:
        put: Put[Any] = Put(**told(name="note-put", table=TABLE))
        both: TransactWrite[Any] = TransactWrite(**told(name="both", table=TABLE, parts=(put,)))
        made = system(function(patterns=(GET, both)), function(name="more", patterns=(put, GET)))
        assert [p.name for p in made.patterns] == ["note-get", "both", "note-put"]

    @pytest.mark.parametrize("name", ["App", "my-app", "1app", "app.x"])
    def test_its_name_is_a_packages(self, name: str) -> None:
        Refusal(f"{name}.name", "not a package's name", "a-z").of(lambda: system(name=name))

    @pytest.mark.parametrize(
        ("make", "path", "suggests"),
        [
            (lambda: system(tables=(TABLE, TABLE)), "tables[Notes]", "its own name"),
            (lambda: system(function(), function()), "functions[read]", "its own name"),
            (
                lambda: system(function(patterns=(GET, Get(**told(name="note-get", table=TABLE))))),
                "patterns[note-get]",
                "its own name",
            ),
            (
                lambda: system(
                    function(routes=(Route("GET", "/a/{x}"),)),
                    function(name="more", routes=(Route("GET", "/a/{y}"),)),
                ),
                "routes[GET /a/{}]",
                "its own name",
            ),
        ],
    )
    def test_a_duplicate_is_refused(self, make: Any, path: str, suggests: str) -> None:
        Refusal(f"app.{path}", "is declared twice", suggests).of(make)

    def test_an_index_that_nobody_asks_is_refused(self) -> None:
        table = notes(indexes=[index()])
        get: Get[Any] = Get(**told(name="note-get", table=table))
        query: Query[Any] = Query(**told(name="by-author", table=table, index="ByAuthor"))
        Refusal("app.Notes.indexes[ByAuthor]", "serves no access pattern", "drop the index").of(
            lambda: system(function(patterns=(get,)), tables=(table,))
        )
        assert system(function(patterns=(get, query)), tables=(table,))

    def test_a_pattern_asks_a_table_of_the_system_and_not_a_namesake(self) -> None:
        namesake = notes(indexes=[])
        Refusal("app.patterns[note-get]", "asks the table Notes", "Add the table").of(
            lambda: system(tables=(namesake,))
        )

    @pytest.mark.parametrize(
        ("table", "path", "says", "suggests"),
        [
            (
                {"ttl": Ttl("ttl", Retention(days="day"))},
                "Notes.ttl.retention",
                "'day', which Settings lacks",
                "Did you mean 'days'?",
            ),
            (
                {"entities": [Entity(Note, retention=Retention(days="label"))]},
                "Notes.Note.retention",
                "'label', which is 'x'",
                "a number above 0",
            ),
            (
                {"ttl": Ttl("ttl", Retention(days="none"))},
                "Notes.ttl.retention",
                "'none', which is 0",
                "a number above 0",
            ),
            (
                {"indexes": [index(shards="shard")]},
                "Notes.indexes[ByAuthor].shards",
                "'shard', which Settings lacks",
                "Did you mean 'shards'?",
            ),
        ],
    )
    def test_a_setting_that_a_table_names_exists(
        self, table: dict[str, Any], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"app.{path}", says, suggests).of(lambda: with_settings(Settings, **table))

    def test_a_table_may_name_settings(self) -> None:
        table: dict[str, Any] = {
            "ttl": Ttl("ttl", Retention(days="days")),
            "indexes": [index(shards="shards")],
        }
        assert with_settings(Settings, **table).tables[0].sharded == {"author": "shards"}

    def test_every_setting_has_a_default(self) -> None:
        class Bare(msgspec.Struct, frozen=True):
            days: int

        Refusal("app.settings.days", "has no default", "Give it one").of(
            lambda: with_settings(Bare)
        )


class TestMetric:
    @pytest.mark.parametrize(
        "metric",
        [
            Metric("Hits"),
            Metric("ProviderCost", dimensions=("Provider",)),
            Metric("Cost2", dimensions=tuple(f"D{n}" for n in range(27))),
            Metric("M" * 255),
        ],
        ids=lambda metric: metric.name[:20],
    )
    def test_it_may_have_dimensions_of_its_own(self, metric: Metric) -> None:
        assert system(metrics=(metric,)).metrics == (metric,)

    @pytest.mark.parametrize(
        ("metrics", "path", "says", "suggests"),
        [
            ([Metric("cost")], "metrics[cost]", "capitalized words", "ProviderCost"),
            ([Metric("")], "metrics[]", "capitalized words", "ProviderCost"),
            ([Metric("Provider Cost")], "metrics[Provider Cost]", "capitalized words", "A-Z"),
            ([Metric("M" * 256)], f"metrics[{'M' * 256}]", "capitalized words", "A-Z"),
            ([Metric("Hits"), Metric("Hits", ("By",))], "metrics[Hits]", "declared twice", "own"),
            ([Metric("Latency")], "metrics[Latency]", "Keyline itself uses", "another name"),
            ([Metric("UnreadableItems")], "metrics[UnreadableItems]", "Keyline itself", "another"),
            ([Metric("TableSizeBytes")], "metrics[TableSizeBytes]", "Keyline itself", "another"),
            ([Metric("System")], "metrics[System]", "Keyline itself uses", "another name"),
            ([Metric("Cost", ("by",))], "metrics[Cost].dimensions", "'by' is not in", "Provider"),
            (
                [Metric("Cost", ("Environment",))],
                "metrics[Cost].dimensions",
                "in every metric",
                "Leave it out",
            ),
            ([Metric("Cost", ("Cost",))], "metrics[Cost].dimensions", "would be lost", "another"),
            ([Metric("Cost", ("By", "By"))], "metrics[Cost].dimensions", "name By twice", "once"),
            (
                [Metric("Cost", tuple(f"D{n}" for n in range(28)))],
                "metrics[Cost].dimensions",
                "are 28; a metric takes 27",
                "Name fewer",
            ),
        ],
    )
    def test_what_nobody_could_publish_is_refused(
        self, metrics: list[Metric], path: str, says: str, suggests: str
    ) -> None:
        Refusal(f"app.{path}", says, suggests).of(lambda: system(metrics=tuple(metrics)))


def with_settings(settings: type[msgspec.Struct], **changes: Any) -> System:
    table = notes(**({"indexes": []} | changes))
    patterns: list[Pattern[Any]] = [Get(**told(name="note-get", table=table))]
    indexes: list[Index] = list(table.indexes)
    patterns += [
        Query(**told(name=f"q{n}", table=table, index=i.name)) for n, i in enumerate(indexes)
    ]
    return system(function(patterns=tuple(patterns)), tables=(table,), settings=settings)


class TestFunction:
    @pytest.mark.parametrize(
        ("more", "path", "says", "suggests"),
        [
            ({"name": "Read_It"}, "name", "not in kebab case", "daily-report"),
            ({"name": "r" * 60}, "name", "longer than 64 characters", "Shorten it"),
            ({"handler": "handler"}, "handler", "not a dotted path", "app.handlers.read.handler"),
            ({"handler": "app/read.handler"}, "handler", "not a dotted path", "Name a module"),
            ({"why": ""}, "why", "is empty", "what the function is for"),
            ({"memory": 512.5}, "memory", "is 512.5.", "128 to 10240 MiB"),
            ({"timeout": True}, "timeout", "is True.", "1 to 900 seconds"),
            ({"timeout": "5"}, "timeout", "is '5'.", "1 to 900 seconds"),
            ({"concurrency": 1.5}, "concurrency", "is 1.5.", "1 or more"),
            ({"memory": 64}, "memory", "is 64.", "128 to 10240 MiB"),
            ({"memory": 10_241}, "memory", "is 10241.", "128 to 10240 MiB"),
            ({"timeout": 0}, "timeout", "is 0.", "1 to 900 seconds"),
            ({"timeout": 901}, "timeout", "is 901.", "1 to 900 seconds"),
            (
                {"timeout": 31, "routes": (Route("GET", "/"),)},
                "timeout",
                "API Gateway waits 30 s",
                "function of its own",
            ),
            ({"concurrency": 0}, "concurrency", "is 0.", "1 or more"),
            ({"requirements": "requirements-x.txt"}, "requirements", "kebab", "'similarity' for"),
            ({"requirements": "../x"}, "requirements", "'../x' is not in kebab", "the file's name"),
            (
                {"schedule": "daily"},
                "schedule",
                "'daily' is not a schedule: neither",
                "rate(5 minutes)",
            ),
            ({"schedule": "rate(1 days)"}, "schedule", "singular for 1", "rate(5 minutes)"),
            ({"schedule": "rate(0 minutes)"}, "schedule", "positive number", "rate(5 minutes)"),
            ({"schedule": "at(2026-01-31T03:00:00)"}, "schedule", "neither", "rate(5 minutes)"),
            ({"schedule": "cron(0 25 * * ? *)"}, "schedule", "hours: 25", "cron(0 3 * * ? *)"),
            (
                {"patterns": (Check(**told(name="check", table=TABLE)),)},
                "patterns[check]",
                "cannot be called alone",
                "TransactWrite",
            ),
            (
                {"describes": (notes(indexes=[]),)},
                "describes",
                "has no table Notes",
                "Add it to the system",
            ),
            (
                {"routes": (Route("FETCH", "/a"),)},  # type: ignore[arg-type]  # the fault
                "routes[FETCH /a]",
                "no method of ours",
                "GET, POST",
            ),
            (
                {"routes": (Route("GET", "a"),)},
                "routes[GET a]",
                "no valid path",
                "/modules/{moduleId}",
            ),
            (
                {"routes": (Route("GET", "/a/{b c}"),)},
                "routes[GET /a/{b c}]",
                "no valid path",
                "/modules/{moduleId}",
            ),
            *(
                ({"routes": (Route("GET", path),)}, f"routes[GET {path}]", "no valid path", "Write")
                for path in ("/\u00fc", "/{\u00fc}", "/..", "/./a", "/a/..")
            ),
            *(
                (
                    {"routes": (Route("GET", "/a", scope),)},
                    "routes[GET /a].scope",
                    "is not a scope",
                    "without spaces",
                )
                for scope in ("notes read", " ", "\u00fc", "a\n", 'a"b')
            ),
            (
                {"routes": (Route("GET", "/a/{b}/{b}"),)},
                "routes[GET /a/{b}/{b}]",
                "names {b} twice",
                "once",
            ),
            (
                {"source": StreamSource(table=notes(indexes=[]))},
                "source",
                "has no table Notes",
                "Add it to the system",
            ),
            (
                {"source": StreamSource(table=TABLE, batch=10_001)},
                "source.batch",
                "is 10001.",
                "1 to 10000 records",
            ),
            (
                {"source": StreamSource(table=TABLE, window=-1)},
                "source.window",
                "is -1.",
                "0 to 300 seconds",
            ),
            (
                {"source": StreamSource(table=TABLE, max_attempts=-1)},
                "source.max_attempts",
                "is -1.",
                "0 to 10000 retries",
            ),
            (
                {"source": StreamSource(table=TABLE, max_age_hours=25)},
                "source.max_age_hours",
                "is 25.",
                "as long as a stream holds",
            ),
        ],
    )
    def test_what_is_refused(
        self, more: dict[str, Any], path: str, says: str, suggests: str
    ) -> None:
        name = more.get("name", "read")
        refusal = Refusal(f"app.functions[{name}].{path}", says, suggests)
        refusal.of(lambda: system(function(**more)))

    def test_a_stream_is_read_of_a_table_that_has_one(self) -> None:
        quiet = notes(indexes=[])
        get: Get[Any] = Get(**told(name="note-get", table=quiet))
        made = function(patterns=(get,), source=StreamSource(table=quiet))
        Refusal("app.functions[read].source", "Notes has no stream", "Declare stream=").of(
            lambda: system(made, tables=(quiet,))
        )

    @pytest.mark.parametrize(
        "more",
        [
            {"routes": (Route("GET", "/"), Route("DELETE", "/a-b/{c}/d.e"))},
            {"schedule": "cron(0 12 * * ? *)", "timeout": 900},
            {"requirements": "vector-search"},
            {"source": StreamSource(table=TABLE)},
            {"describes": (TABLE,), "concurrency": 1},
            {"patterns": ()},
        ],
    )
    def test_what_is_accepted(self, more: dict[str, Any]) -> None:
        assert system(function(**more)).functions[0].name == "read"


class TestAccess:
    @staticmethod
    def table() -> Table:
        return notes(indexes=[index()])

    @pytest.mark.requirement("X-07")
    @pytest.mark.parametrize(
        ("made", "more", "action"),
        [
            (Get, {}, "GetItem"),
            (Query, {}, "Query"),
            (Put, {}, "PutItem"),
            (Update, {"set": ("stars",)}, "UpdateItem"),
            (Delete, {}, "DeleteItem"),
            (Check, {}, "ConditionCheckItem"),
            (BatchGet, {}, "BatchGetItem"),
            (BatchWrite, {}, "BatchWriteItem"),
        ],
    )
    def test_a_pattern_needs_its_action_on_its_table(
        self, made: type[Pattern[Any]], more: dict[str, Any], action: str
    ) -> None:
        pattern = made(**told(**more))
        assert pattern.operation == action
        assert access_of([pattern]) == {Access(action, "Notes")}

    @pytest.mark.requirement("X-07")
    def test_a_query_of_an_index_needs_the_index_and_not_the_table(self) -> None:
        query: Query[Any] = Query(**told(index="ByAuthor"))
        assert access_of([query]) == {Access("Query", "Notes", "ByAuthor")}

    def test_a_transaction_needs_what_its_parts_need(self) -> None:
        write: TransactWrite[Any] = TransactWrite(
            **told(
                parts=(
                    Put(**told(name="p")),
                    Update(**told(name="u", set=("stars",))),
                    Delete(**told(name="d")),
                    Check(**told(name="c")),
                )
            )
        )
        read: TransactGet[Any] = TransactGet(**told(parts=(Get(**told(name="g")),)))
        assert (write.operation, read.operation) == ("TransactWriteItems", "TransactGetItems")
        assert {a.action for a in access_of([write])} == {
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "ConditionCheckItem",
        }
        assert access_of([read]) == {Access("GetItem", "Notes")}

    def test_the_same_need_counts_once(self) -> None:
        assert len(access_of([GET, Get(**told(name="other", table=TABLE))])) == 1

    def test_a_function_may_describe_tables_besides(self) -> None:
        assert function(describes=(TABLE,)).access == {
            Access("GetItem", "Notes"),
            Access("DescribeTable", "Notes"),
        }
        assert function(patterns=()).access == frozenset()
