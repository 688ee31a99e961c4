"""Settings and environment files: what is not refused where it is read starts every function."""

from __future__ import annotations

import copy
import importlib
import json
import os
import re
import sys
import time
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keyline.errors import KeylineError
from keyline.model import MigrationSettings, System
from keyline.run import TableSettings, from_environment
from keyline_cdk.handler_function import variables
from keyline_deploy import environment
from keyline_deploy.environment import Environment
from keyline_deploy.systems import systems
from tests.support.toml_text import toml_text

SYSTEMS = {system.name: system for system in systems()}
STRUCTS = (Environment, MigrationSettings, *(system.settings for system in SYSTEMS.values()))
_BOUNDS = (("ge", "gt"), ("le", "lt"))


def leaves(annotation: Any, path: str, metas: tuple[msgspec.Meta, ...] = ()) -> Iterator[Any]:
    """Yield (path, plain type, its constraints) of all that a type is made of."""
    if typing.get_origin(annotation) is Annotated:
        inner, *more = typing.get_args(annotation)
        own = tuple(meta for meta in more if isinstance(meta, msgspec.Meta))
        yield from leaves(inner, path, metas + own)
    elif isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        for field in msgspec.structs.fields(annotation):
            yield from leaves(field.type, f"{path}.{field.encode_name}")
    elif typing.get_origin(annotation) is typing.Literal:
        return
    elif arguments := typing.get_args(annotation):
        of_union = isinstance(annotation, types.UnionType)
        for argument in arguments:
            yield from leaves(argument, path, metas if of_union else ())
    else:
        yield path, annotation, metas


LEAVES = [leaf for struct in STRUCTS for leaf in leaves(struct, struct.__module__)]


def test_every_number_that_an_environment_may_say_has_both_bounds() -> None:
    numbers = [(path, metas) for path, kind, metas in LEAVES if kind in (int, float)]
    assert len(numbers) > 20
    for path, metas in numbers:
        for either in _BOUNDS:
            assert any(getattr(meta, name) is not None for meta in metas for name in either), (
                f"{path} lacks one of {either}: use a type of keyline.settings"
            )


def test_every_pattern_of_a_text_holds_for_the_whole_text_and_for_ascii_digits() -> None:
    """`$` is before a last line feed too, and `\\d` is any digit of Unicode."""
    patterns = {m.pattern for _, _, metas in LEAVES for m in metas if m.pattern}
    assert len(patterns) > 5
    for pattern in patterns:
        assert pattern.startswith(r"\A"), pattern
        assert pattern.endswith(r"\Z"), pattern
        assert r"\d" not in pattern
        assert r"\w" not in pattern


_REFERENCE = re.compile(r"\{\{resolve:[^}]*\}\}")
"""A value that only a deployment knows."""


def started(found: Environment) -> None:
    """Read the settings of each function as its process does, from the template's text."""
    for system in SYSTEMS.values():
        said = found.settings(system.name, system.settings)
        for function in system.functions:
            template = json.dumps(dict(variables(system, function, found)), allow_nan=False)
            told = _REFERENCE.sub("cache.example.com", template)  # as CloudFormation reads it
            context = from_environment(system, system.settings, json.loads(told))
            if found.cache and function.caches:
                url = getattr(context.settings, environment.CACHE_URL)
                assert "cache.example.com" in url
                assert context.settings == msgspec.structs.replace(
                    said, **{environment.CACHE_URL: url}
                )
            else:
                assert context.settings == said
        _used(system, said)


def _used(system: System, said: msgspec.Struct) -> None:
    """Take what the tables take of the settings: expiry and shards."""
    resolved = TableSettings(said)
    for table in system.tables:
        assert all(1 <= count <= 64 for count in resolved.shards(table).values())
        for kind in table.kinds:
            expiry = resolved.expiry(table, kind)
            assert expiry is None or expiry.at(None, time.time()) > 0


def keys_of(struct: type[msgspec.Struct], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of each key of a struct and of the structs in it, one more where any name
    is taken, and one unknown.
    """
    yield (*path, "unknown")
    for field in msgspec.structs.fields(struct):
        here = (*path, field.encode_name)
        yield here
        for option in (field.type, *typing.get_args(field.type)):
            if isinstance(option, type) and issubclass(option, msgspec.Struct):
                yield from keys_of(option, here)
        if typing.get_origin(field.type) is dict:
            yield (*here, "name")


KEYS = [
    *keys_of(Environment),
    *(
        key
        for system in SYSTEMS.values()
        for key in (
            *keys_of(system.settings, ("systems", system.name)),
            ("systems", system.name),
            ("systems", system.name, "local_port"),
            ("user_pools", system.name),
        )
    ),
    *(("local", name) for name in environment.Local.__struct_fields__),
    ("budget", "monthly_usd"),
    ("budget", "alerts_usd"),
]
TEXTS = ("", " ", "\n", "*", "https://*", "https://a.example.com/", "http://a:99999", "https://[")
FORMS = (
    "redis://[:/0",
    "redis://h:70000/0",
    "2025-02-30",
    "aws:x",
    "a@b",
    "us-east-1_A",
    "x" * 5_000,
)
NUMBERS = (float("inf"), float("-inf"), float("nan"), 1e300, -1, 0, 0.5, 1, 2**63, 10**400)
NAMES = st.text(st.characters(max_codepoint=0x17F), max_size=3)
SCALARS = (
    st.sampled_from((*TEXTS, *FORMS, *NUMBERS))
    | st.floats()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.booleans()
    | st.dates()
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(NAMES, SCALARS, max_size=2)
NUMBER_KEYS = [
    (("systems", name, path.split(".")[-1]), kind)
    for name, system in SYSTEMS.items()
    for path, kind, _ in leaves(system.settings, name)
    if kind in (int, float)
]
FLOAT_KEYS = [key for key, kind in NUMBER_KEYS if kind is float]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from([key for key, _ in NUMBER_KEYS]),
        st.sampled_from(NUMBERS) | st.floats() | st.integers(),
    )
    | st.tuples(st.sampled_from(KEYS), VALUES),
    min_size=1,
    max_size=3,
)
BASES = {
    name: environment.read_table(environment.FOLDER / f"{name}.toml") for name in ("dev", "local")
}


def put(table: dict[str, Any], key: tuple[str, ...], value: object) -> None:
    for name in key[:-1]:
        if not isinstance(table.get(name), dict):
            table[name] = {}
        table = table[name]
    table[key[-1]] = value


def written(folder: Path, name: str, changes: list[tuple[tuple[str, ...], object]]) -> None:
    """Write an environment file with some keys of it changed."""
    table = copy.deepcopy(BASES[name])
    for key, value in changes:
        put(table, key, value)
    (folder / f"{name}.toml").write_text(toml_text(table), encoding="utf-8", newline="")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@settings(
    max_examples=int(os.environ.get("KEYLINE_FUZZ_EXAMPLES", "10")) * 10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@example("dev", [(FLOAT_KEYS[0], float("inf"))])
@given(st.sampled_from(sorted(BASES)), CHANGES)
def test_an_environment_file_is_refused_by_its_key_or_every_function_starts_with_it(
    folder: Path, name: str, changes: list[tuple[tuple[str, ...], object]]
) -> None:
    written(folder, name, changes)
    try:
        started(environment.load(name, folder))
    except KeylineError as error:
        file, _, keys = error.path.partition(": ")
        assert file == f"{name}.toml"
        assert error.suggestion
        if "not TOML" not in error.message:
            assert keys, error


def at_bounds(system: System, names: tuple[str, str]) -> dict[str, float]:
    """Return each number of a system's settings at one of its bounds, or just beside it."""
    found = {}
    for field in msgspec.structs.fields(system.settings):
        for _, kind, metas in leaves(field.type, field.encode_name):
            if kind in (int, float) and typing.get_origin(field.type) is Annotated:
                reached, beside = (
                    [bound for m in metas if (bound := getattr(m, name)) is not None]
                    for name in names
                )
                found[field.encode_name] = reached[0] if reached else beside[0] + 1e-9
    return found


def own_modules(system: System) -> set[str]:
    """Name what reads the settings of a system when it is imported."""
    own = (f"{system.name}.context", f"{system.name}.handlers")
    return {name for name in sys.modules if name.startswith(own)}


@pytest.mark.parametrize("names", _BOUNDS, ids=["lowest", "highest"])
@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_every_function_starts_with_each_number_at_its_bound(
    system: System, names: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = msgspec.structs.replace(
        environment.load("dev"), systems={system.name: at_bounds(system, names)}
    )
    for loaded in own_modules(system):
        monkeypatch.delitem(sys.modules, loaded)  # back there for the next test
    for function in system.functions:
        for name, value in {"AWS_REGION": dev.region, **variables(system, function, dev)}.items():
            monkeypatch.setenv(name, value)
        importlib.import_module(function.handler.rpartition(".")[0])
        for loaded in own_modules(system):
            del sys.modules[loaded]


def test_functions_start_with_the_shared_cache_of_an_environment(folder: Path) -> None:
    text = (environment.FOLDER / "dev.toml").read_text()
    (folder / "dev.toml").write_text(f"{text}\n[cache]\n[cache.dax]\nnodes = 1\n")
    found = environment.load("dev", folder)
    assert found.cache
    started(found)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_file_with_any_bytes_in_it_is_refused_or_read(folder: Path, data: st.DataObject) -> None:
    text = (environment.FOLDER / "dev.toml").read_bytes()
    place = data.draw(st.integers(0, len(text)))
    left_out = data.draw(st.integers(0, 20))
    inserted = data.draw(st.binary(max_size=8) | st.text(max_size=8).map(str.encode))
    (folder / "dev.toml").write_bytes(text[:place] + inserted + text[place + left_out :])
    try:
        started(environment.load("dev", folder))
    except KeylineError as error:
        assert error.path.partition(": ")[0] == "dev.toml"
        assert error.suggestion
