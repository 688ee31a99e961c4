"""A migration in a system's declaration: what is refused with which words, and what it means."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline import variables
from keyline.model import (
    Function,
    Get,
    Migration,
    MigrationSettings,
    NoSettings,
    System,
    deployment,
)
from keyline.model.migration import PHASES
from tests.support.declarations import Refusal, notes, told

TABLE = notes(indexes=[])
GET: Get[Any] = Get(**told(name="note-get", table=TABLE))
READ = Function(
    name="read",
    handler="app.handlers.read.handler",
    why="Reads.",
    patterns=(GET,),
    services=("ssm",),
)
WRITE = msgspec.structs.replace(READ, name="write", services=())


class Settings(MigrationSettings, frozen=True):
    days: float = 30


def migration(**changes: Any) -> Migration:
    """Return the notes move from memory to DynamoDB; one function reads the phase."""
    said: dict[str, Any] = {
        "what": "notes",
        "source": "memory",
        "target": "DynamoDB",
        "functions": ("read",),
        "back": "Safe at any time.",
        "runbook": "docs/runbooks/notes.md",
    }
    return Migration(**{**said, **changes})


def system(moved: Migration | None, settings: type[msgspec.Struct] = Settings) -> System:
    return System(
        name="app",
        title="An app",
        tables=(TABLE,),
        functions=(READ, WRITE),
        settings=settings,
        migration=moved,
    )


@pytest.mark.parametrize(
    ("changes", "path", "says", "suggests"),
    [
        *(
            ({name: empty}, f"migration.{name}", "is empty.", suggests)
            for name, suggests in (
                ("what", "what moves"),
                ("source", "moved from"),
                ("target", "moved to"),
                ("back", "a switch back"),
                ("runbook", "when to switch"),
            )
            for empty in ("", " ")
        ),
        ({"source": "DynamoDB"}, "migration.target", "is 'DynamoDB', as the source", "different"),
        ({"functions": ()}, "migration.functions", "is empty.", "read the phase"),
        (
            {"functions": ("read", "read")},
            "migration.functions[read]",
            "is named twice.",
            "once",
        ),
        (
            {"functions": ("raed",)},
            "migration.functions[raed]",
            "is not a function of the system.",
            "Did you mean 'read'?",
        ),
        (
            {"functions": ("read", "write")},
            "migration.functions[write]",
            "its bundle lacks the model",
            "services=('ssm',)",
        ),
        ({"meanings": {4: "Four."}}, "migration.meanings[4]", "is not a phase.", "1, 2 or 3"),
        ({"meanings": {2: " "}}, "migration.meanings[2]", "is empty.", "what the phase means"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], path: str, says: str, suggests: str) -> None:
    Refusal(f"app.{path}", says, suggests).of(lambda: system(migration(**changes)))


def test_a_migration_without_its_settings_is_refused() -> None:
    class Phaseless(msgspec.Struct, frozen=True):
        days: float = 30

    for settings in (Phaseless, NoSettings):
        says = f"{settings.__name__} lacks 'phase' and 'phase_seconds'"
        refusal = Refusal("app.settings", says, "keyline.model.MigrationSettings")
        refusal.of(partial(system, migration(), settings))
    assert system(None, NoSettings).migration is None


@pytest.mark.parametrize("value", [{"phase": 0}, {"phase": 4}, {"phase_seconds": 0}, {"phases": 1}])
def test_the_settings_of_a_migration_have_bounds(value: dict[str, Any]) -> None:
    assert msgspec.convert({"phase": 1, "days": 3}, Settings) == Settings(phase=1, days=3)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, Settings)


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_each_phase_has_a_meaning_that_names_the_stores(
    what: str, source: str, target: str
) -> None:
    moved = migration(what=what, source=source, target=target)
    for phase in (1, 2):
        meaning = moved.meaning(phase).casefold()
        assert source.casefold() in meaning
        assert target.casefold() in meaning
    assert what in moved.meaning(2)
    assert target.casefold() in moved.meaning(3).casefold()


def test_a_phase_may_have_words_of_its_own() -> None:
    moved = migration(meanings={2: "The copy answers."})
    assert [moved.meaning(phase) for phase in PHASES] == [
        "Memory and DynamoDB are written, memory answers.",
        "The copy answers.",
        "DynamoDB alone is written and answers; if it fails, the request fails.",
    ]


def test_the_functions_that_read_the_phase_are_told_its_parameter_and_no_others() -> None:
    made = system(migration())
    told = {
        function.name: deployment.variables(made, function, "dev", Settings()).get(
            variables.PHASE_PARAMETER
        )
        for function in made.functions
    }
    assert told == {"read": "/keyline/app/dev/migration-phase", "write": None}
    still = system(None)
    assert variables.PHASE_PARAMETER not in deployment.variables(still, READ, "dev", Settings())


def test_a_function_takes_no_construct_id_of_the_migration() -> None:
    phase = msgspec.structs.replace(WRITE, name="phase")
    made = system(migration())
    Refusal("app.functions[phase].name", "makes the id 'Phase'", "another name").of(
        lambda: msgspec.structs.replace(made, functions=(READ, phase))
    )
    assert msgspec.structs.replace(made, functions=(READ, phase), migration=None)
