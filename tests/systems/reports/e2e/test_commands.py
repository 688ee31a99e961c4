"""Reports that were imported into the running platform, and its tables as the commands see them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keyline_ops.cli import app
from tests.support.platform import Running
from tests.systems.reports.e2e.api import Api, fresh

pytestmark = pytest.mark.xdist_group("reports")


def keyline(running: Running, *arguments: str) -> tuple[int, Any]:
    """Run a command on the platform; its exit code and its JSON."""
    run = CliRunner().invoke(app, [*arguments, "--state", str(running.state), "--json"])
    assert run.stdout, run.exception
    return run.exit_code, json.loads(run.stdout)


@pytest.mark.requirement("K-68")
def test_what_is_imported_is_its_users_and_a_second_import_changes_nothing(
    api: Api, running: Running, tmp_path: Path
) -> None:
    # Given a file of reports of two users
    ada, bob = fresh(), fresh()
    file = tmp_path / "reports.json"
    dated = [
        {"title": f"Report {n}", "user_id": ada, "created_at": f"2025-01-{n:02}T00:00:00Z"}
        for n in range(1, 26)
    ]
    file.write_text(json.dumps([*dated, {"title": "Bob's", "favorites": ["a", "b"]}], indent=1))

    # When it is imported twice
    command = ("import", "reports", str(file), "--set", f"user_id={bob}")
    imports = [keyline(running, *command) for _ in range(2)]

    # Then each user sees what is theirs through the API, newest first, and nothing is there twice
    assert [(code, said["imported"], said["existing"]) for code, said in imports] == [
        (0, 26, 0),
        (0, 0, 26),
    ]
    pages = api.pages("/reports", "reports", api.user(ada))
    titles = [report["title"] for page in pages for report in page]
    assert titles == [f"Report {n}" for n in range(25, 0, -1)]
    ((report,),) = api.pages("/reports", "reports", api.user(bob))
    assert sorted(report["favorites"]) == ["a", "b"]


@pytest.mark.requirement("K-64", "K-65")
def test_the_deployed_tables_are_as_declared_and_counted(api: Api, running: Running) -> None:
    api.create(api.user())
    code, tables = keyline(running, "tables", "reports")
    assert code == 0
    assert {row["name"]: row["differs"] for row in tables} == {
        "k9-users-local": [],
        "k9-reports-local": [],
        "k9-embeddings-local": [],
    }
    _, counted = keyline(running, "count", "k9-reports", "--exact", "--yes")
    assert counted["items"] == len(running.by_key("k9-reports-local"))
    assert counted["read_units"] > 0
