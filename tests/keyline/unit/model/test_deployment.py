"""Test that a declaration refuses what AWS or the CDK would refuse of a system's stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.errors import raise_first
from keyline.model import (
    DeclarationError,
    Function,
    Get,
    Key,
    Pattern,
    Query,
    Route,
    System,
    Table,
)
from keyline.model.deployment import (
    DATA_IDS,
    SERVICE_IDS,
    composites,
    data_resources,
    function_ids,
    route_id,
    service_resources,
    silence_of,
    table_ids,
    variables,
)
from keyline.model.deployment_checks import MAX_STACK_RESOURCES, faults_among
from keyline.model.names import MAX_ENVIRONMENT_NAME, function_name, stack_name
from keyline_deploy.names import stack_id
from tests.support.declarations import Refusal, index, notes, told


class Thing(msgspec.Struct):
    id: str


def table(name: str, **more: Any) -> Table:
    return Table(name, "Key design: by id.", key=Key("id"), entities=[Thing], **more)


def get(number: int, of: Table) -> Pattern[Any]:
    return Get(**told(name=f"get-{number}", table=of, shape=Thing))


def function(name: str = "read", **more: Any) -> Function:
    return Function(**{"name": name, "handler": "app.read.handler", "why": "Reads.", **more})


def system(tables: Iterable[Table] | None = None, *functions: Function, **more: Any) -> System:
    """Return an app whose one function reads all its tables, unless there are others."""
    tables = (THINGS,) if tables is None else tuple(tables)
    if not functions:
        functions = (function(patterns=tuple(get(n, t) for n, t in enumerate(tables))),)
    least = {"name": "app", "title": "An app", "tables": tables, "functions": functions}
    return System(**{**least, **more})


def routes(*paths: str) -> tuple[Route, ...]:
    return tuple(Route("GET", path) for path in paths)


THINGS = table("Things")


class Long(msgspec.Struct, frozen=True):
    text: str = "x" * 4000


_TABLES = [table(f"Table{n}") for n in range(101)]
FULL = "n" * (64 - len("app--") - MAX_ENVIRONMENT_NAME)


@pytest.mark.parametrize(
    ("make", "path", "says", "suggests"),
    [
        (lambda: system(name="s" * 104), "name", "of 129 characters", "Shorten it by 1."),
        (lambda: system(name="my_1st"), "name", "does not begin with a letter", "my_orders"),
        (lambda: system(name="my__orders"), "name", "does not begin with a letter", "my_orders"),
        (lambda: system(title="t" * 1025), "title", "has 1025 characters", "Shorten"),
        (
            lambda: system([table("Orders"), table("OrdersAlarms")]),
            "tables[OrdersAlarms]",
            "makes the id 'OrdersAlarms' in the stack, which 'Orders' has",
            "another name",
        ),
        (
            lambda: system([table("My.Orders"), table("MyOrders")]),
            "tables[MyOrders]",
            "which 'My.Orders' has",
            "another name",
        ),
        (lambda: system([table("cursor")]), "tables[cursor]", "the stack itself", "another name"),
        (
            lambda: system([table("2024")]),
            "tables[2024]",
            "does not begin with a letter",
            "physical=",
        ),
        (lambda: system([table("...")]), "tables[...]", "begin with a letter", "physical="),
        (
            lambda: system([table("T" * 239)]),
            f"tables[{'T' * 239}].physical",
            "makes a name of 256 characters",
            "Shorten it by 1.",
        ),
        (
            lambda: system([table(name, physical="same-{env}") for name in ("One", "Two")]),
            "tables[Two].physical",
            "the name that One has",
            "Put {name} in it",
        ),
        (
            lambda: system([THINGS], function(FULL + "n")),
            f"functions[{FULL}n].name",
            "longer than 64 characters",
            "Shorten it by 1.",
        ),
        *(
            (
                lambda name=name: system([THINGS], function(name)),
                f"functions[{name}].name",
                "which the stack itself has",
                "another name",
            )
            for name in ("dashboard", "exports", "resource", "default")
        ),
        (
            lambda: system([THINGS], function("2fa")),
            "functions[2fa].name",
            "does not begin with a letter",
            "Begin it with a letter",
        ),
        (
            lambda: system([THINGS], function("read"), function("read-errors")),
            "functions[read-errors].name",
            "makes the id 'ReadErrors' in the stack, which 'read' has",
            "another name",
        ),
        (
            lambda: system([THINGS], function("a-1"), function("a1")),
            "functions[a1].name",
            "which 'a-1' has",
            "another name",
        ),
        (
            lambda: system([THINGS], function(why="w" * 257)),
            "functions[read].why",
            "has 257 characters",
            "Shorten",
        ),
        (
            lambda: system([THINGS], function(handler="h" * 100 + "." + "h" * 28)),
            "functions[read].handler",
            "has 129 characters",
            "Shorten",
        ),
        (
            lambda: system([THINGS], function(), settings=Long),
            "functions[read].settings",
            "Lambda takes 4,096",
            "defaults of the system's settings",
        ),
        (
            lambda: system([THINGS], function(routes=routes("/a/{b}", "/a/b"))),
            "routes[GET /a/b]",
            "makes the id 'GetAB' in the stack, which /a/{b} has",
            "its parameter",
        ),
        (
            lambda: system([THINGS], function(routes=(Route("GET", "/", "s" * 65),))),
            "routes[GET /].scope",
            "API Gateway takes 64",
            "Shorten",
        ),
        (
            lambda: system([THINGS], function(routes=routes(*(f"/x{n}" for n in range(60))))),
            "functions[read].routes",
            "AWS takes 20,480",
            "another function",
        ),
        (
            lambda: system([table("T" * 200 + str(n)) for n in range(40)]),
            "functions[read].patterns",
            "AWS takes 10,240",
            "Split the function",
        ),
        (
            lambda: system([THINGS], *(function(f"f{n}") for n in range(82))),
            "functions",
            "the service stack has 502 resources",
            "Split the system",
        ),
        (lambda: system(_TABLES[:99], function()), "tables", "has 503 graphs", "Split"),
    ],
)
def test_what_is_refused(make: Callable[[], System], path: str, says: str, suggests: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        make()
    _, _, below = caught.value.path.partition(".")
    assert below == path
    assert says in caught.value.message
    assert suggests in caught.value.suggestion


def readers(tables: list[Table]) -> list[Function]:
    """Return functions that read these tables, twenty each."""
    numbered = list(enumerate(tables))
    return [
        function(f"f{first}", patterns=tuple(get(*each) for each in numbered[first:][:20]))
        for first in range(0, len(tables), 20)
    ]


def test_a_data_stack_takes_70_tables_that_are_read_and_not_71() -> None:
    made = system(_TABLES[:70], *readers(_TABLES[:70]))
    assert data_resources(made) == 496 <= MAX_STACK_RESOURCES
    Refusal("app.tables", "the data stack has 503 resources", "Split the system").of(
        lambda: system(_TABLES[:71], *readers(_TABLES[:71]))
    )


@pytest.mark.parametrize(("alarms", "made"), [(0, 0), (1, 1), (60, 1), (61, 3), (120, 3), (121, 4)])
def test_alarms_are_joined_in_parts_of_sixty(alarms: int, made: int) -> None:
    assert composites(alarms) == made


def test_two_indexes_of_which_only_dots_tell_the_alarms_apart_are_refused() -> None:
    of = notes(indexes=[index("By.Author"), index("ByAuthor", sort="room")])
    asked: list[Query[Any]] = [
        Query(**told(name=f"by-{n}", table=of, index=i.name)) for n, i in enumerate(of.indexes)
    ]
    Refusal(
        "app.tables[Notes].indexes[ByAuthor]", "the alarms' names of By.Author", "another name"
    ).of(lambda: system([of], function(patterns=tuple(asked))))


def test_two_systems_of_one_app_share_no_name() -> None:
    one, two = system([table("Orders")]), system([table("Orders")], name="other")
    Refusal("systems[app]", "is there twice", "its own name").of(
        lambda: raise_first(faults_among([one, one]))
    )
    Refusal("other.tables[Orders]", "the name of a table of app", "another name").of(
        lambda: raise_first(faults_among([one, two]))
    )
    assert list(faults_among([one, system([table("Notes")], name="other")])) == []


WORD = st.from_regex(r"[a-z][a-z0-9]{0,4}", fullmatch=True)
SYSTEM_NAMES = st.lists(WORD, min_size=1, max_size=3).map("_".join)
KEBAB = st.from_regex(r"[a-z0-9]{1,3}(-[a-z0-9]{1,3}){0,2}", fullmatch=True)


@given(st.sets(SYSTEM_NAMES, min_size=2, max_size=4), KEBAB, KEBAB)
def test_systems_never_share_a_stack_or_a_function(names: set[str], one: str, two: str) -> None:
    stacks = [stack_name(name, part, "dev") for name in names for part in ("data", "service")]
    functions = {function_name(name, of, "dev") for name in names for of in {one, two}}
    assert len({stack_id(name) for name in stacks}) == len(stacks)
    assert len(functions) == len(names) * len({one, two})
    assert all(name.replace("-", "").isalnum() for name in stacks)


@given(
    st.lists(st.from_regex(r"[A-Za-z0-9_.-]{3,6}", fullmatch=True), max_size=4, unique=True),
    st.lists(KEBAB, min_size=1, max_size=4, unique=True),
    st.lists(st.from_regex(r"(/[a-b.{_-]{1,2}}?){1,3}", fullmatch=True), max_size=3, unique=True),
)
def test_what_is_accepted_has_ids_of_its_own(
    tables: list[str], functions: list[str], paths: list[str]
) -> None:
    try:
        first, *others = functions
        made = system(
            [table(name) for name in tables],
            function(first, routes=routes(*paths)),
            *(function(name) for name in others),
        )
    except DeclarationError as error:
        assert error.suggestion
        return
    data = [*DATA_IDS, *(id for t in made.tables for id in table_ids(t))]
    service = [*SERVICE_IDS, *(id for f in made.functions for id in function_ids(f))]
    paths_of = [route_id(r) for f in made.functions for r in f.routes]
    for ids in (data, service, paths_of):
        assert len(set(ids)) == len(ids)
        assert all(id[0].isalpha() and id.isalnum() for id in ids)


def test_a_system_has_a_table_and_may_have_no_functions() -> None:
    Refusal("app.tables", "is empty", "Declare a table").of(lambda: system([], function()))
    made = System(name="app", title="An app", tables=(THINGS,), functions=())
    assert (data_resources(made), service_resources(made)) == (6, 1)


@pytest.mark.parametrize(
    ("schedule", "silence"),
    [
        ("rate(5 minutes)", (2, 3600)),
        ("rate(1 hour)", (2, 3600)),
        ("rate(2 hours)", (2, 86_400)),
        ("rate(1 day)", (2, 86_400)),
        ("cron(0 3 ? * MON-FRI *)", (4, 86_400)),
        ("rate(6 days)", (7, 86_400)),
        ("cron(0 3 ? * SUN *)", None),
    ],
)
def test_silence_is_one_period_more_than_between_two_runs(
    schedule: str, silence: tuple[int, int] | None
) -> None:
    assert silence_of(schedule) == silence


@pytest.mark.parametrize(
    ("requirements", "memory", "threads"),
    [("vectors", 512, "1"), ("vectors", 3_537, "1"), ("vectors", 3_538, None), ("", 512, None)],
)
def test_a_function_with_less_than_two_vcpus_multiplies_in_one_thread(
    requirements: str, memory: int, threads: str | None
) -> None:
    one = function(requirements=requirements, memory=memory, patterns=(get(0, THINGS),))
    made = system((THINGS,), one)
    found = variables(made, one, "dev", made.settings())
    assert found.get("OPENBLAS_NUM_THREADS") == threads
