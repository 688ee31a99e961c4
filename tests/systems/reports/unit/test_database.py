"""The tables that a process works on are those that its environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from keyline.errors import KeylineError
from reports.database import DatabaseManager, TableReference
from reports.tables import EMBEDDINGS, REPORTS, USERS

GETTERS = {
    "DYNAMODB_USERS_TABLE": (DatabaseManager.get_users_table, USERS),
    "DYNAMODB_REPORTS_TABLE": (DatabaseManager.get_reports_table, REPORTS),
    "DYNAMODB_EMBEDDINGS_TABLE": (DatabaseManager.get_embeddings_table, EMBEDDINGS),
}


@pytest.fixture(autouse=True)
def a_new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what was looked up."""

    def forget() -> None:
        for getter, _ in GETTERS.values():
            getter.cache_clear()

    monkeypatch.delenv("KEYLINE_ENV", raising=False)
    forget()
    yield
    forget()


@pytest.mark.requirement("K-16", "K-17", "K-18", "K-21", "K-35")
@pytest.mark.parametrize("variable", GETTERS)
def test_a_table_is_the_one_its_variable_names(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    getter, table = GETTERS[variable]
    monkeypatch.setenv("KEYLINE_ENV", "dev")
    monkeypatch.setenv(variable, f"{table.name}-dev")
    reference = getter()
    assert reference == TableReference(f"{table.name}-dev", table)
    assert str(reference) == f"{table.name}-dev"


@pytest.mark.requirement("K-21")
@pytest.mark.parametrize("variable", GETTERS)
def test_a_table_is_looked_up_once_in_a_process(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    getter, table = GETTERS[variable]
    monkeypatch.setenv(variable, f"{table.name}-dev")
    first = getter()
    monkeypatch.setenv(variable, "another")
    assert getter() is first


@pytest.mark.requirement("K-35")
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "is not set"),
        ("", "is not set"),
        ("arn:aws:dynamodb:us-east-1:111122223333:table/k9-users-dev", "is an ARN"),
        ("k9-users-prod", "has another table"),
    ],
)
def test_what_names_no_table_of_the_environment_is_refused(
    value: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYLINE_ENV", "dev")
    if value is None:
        monkeypatch.delenv("DYNAMODB_USERS_TABLE", raising=False)
    else:
        monkeypatch.setenv("DYNAMODB_USERS_TABLE", value)
    getter: Callable[[], TableReference] = DatabaseManager.get_users_table
    with pytest.raises(KeylineError, match=message) as refused:
        getter()
    assert refused.value.path == "DYNAMODB_USERS_TABLE"
    assert "name" in refused.value.suggestion or "k9-users-dev" in refused.value.suggestion
