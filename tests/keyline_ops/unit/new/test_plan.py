"""Test what happens to each file: created, appended to, kept; nothing where it is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from keyline_deploy import environment
from keyline_ops.new.make import planned
from keyline_ops.new.plan import NoTableOfSystemsError, Plan


def contents(project: Path) -> Mapping[Path, str]:
    return {file: file.read_text() for file in sorted(project.rglob("*")) if file.is_file()}


def plan(project: Path, system: str = "pushpins", *, stream: bool = False) -> Plan:
    return planned(system, None, None, project, stream=stream, derive=False)


def actions(plan: Plan) -> Mapping[str, str]:
    return {step.path: step.action for step in plan.steps}


def test_a_plan_writes_nothing(project: Path) -> None:
    before = contents(project)
    found = plan(project)
    assert contents(project) == before
    assert set(actions(found).values()) == {"create", "append"}


def test_the_files_are_those_of_the_plan(project: Path) -> None:
    before = set(contents(project))
    found = plan(project)
    found.write(project)
    created = {project / path for path, action in actions(found).items() if action == "create"}
    assert set(contents(project)) == before | created
    appended = [path for path, action in actions(found).items() if action == "append"]
    assert appended == [*(f"environments/{n}.toml" for n in environment.names()), "README.md"]


def test_what_was_there_stands_before_what_is_appended(project: Path) -> None:
    before = contents(project)
    plan(project).write(project)
    for file in (project / "environments").iterdir():
        assert file.read_text().startswith(before[file].rstrip("\n"))
    new = set((project / "README.md").read_text().splitlines())
    assert new - set(before[project / "README.md"].splitlines()) == {
        "| [pushpins](systems/pushpins/README.md) (port 3000) "
        "| pushpins that a user writes and reads |"
    }
    rows = (project / "README.md").read_text().partition("[pushpins]")[0].splitlines()
    assert rows[-2].startswith("| [")


def test_every_environment_loads_and_the_ports_are_different(project: Path) -> None:
    plan(project, "pushpins").write(project)
    plan(project, "thumbtacks").write(project)
    for name in environment.names():
        loaded = environment.load(name, project / "environments")
        assert {"pushpins", "thumbtacks"} <= set(loaded.systems)
    local = environment.load("local", project / "environments")
    ports = list(local.api_ports(sorted(local.systems)).values())
    assert len(set(ports)) == len(ports)


def test_a_port_that_something_has_is_not_given(project: Path) -> None:
    file = project / "environments" / "local.toml"
    first = plan(project).port
    file.write_text(
        file.read_text().replace("cache = 18768", f"cache = {first + 1}")
        + f"\n[systems.thumbtacks]\nlocal_port = {first}\n"
    )
    assert plan(project).port == first + 2


def test_the_second_time_nothing_changes(project: Path) -> None:
    plan(project, stream=True).write(project)
    before = contents(project)
    again = plan(project)
    assert again.words.stream
    assert not again.changes
    again.write(project)
    assert contents(project) == before


def test_a_system_that_is_written_in_part_is_completed(project: Path) -> None:
    plan(project).write(project)
    whole = contents(project)
    lost = ["lambda_src/pushpins/patterns.py", "tests/systems/pushpins/e2e/conftest.py"]
    for path in lost:
        (project / path).unlink()
    again = plan(project)
    assert [path for path, action in actions(again).items() if action != "keep"] == lost
    again.write(project)
    assert contents(project) == whole


def test_an_edited_file_is_kept(project: Path) -> None:
    plan(project).write(project)
    edited = project / "lambda_src" / "pushpins" / "tables.py"
    edited.write_text("# mine\n")
    (project / "lambda_src" / "pushpins" / "patterns.py").unlink()
    again = plan(project)
    again.write(project)
    assert actions(again)["lambda_src/pushpins/tables.py"] == "keep"
    assert edited.read_text() == "# mine\n"


def test_documents_and_snapshots_are_made_where_they_are_missing(project: Path) -> None:
    plan(project).write(project)
    (project / "systems" / "pushpins" / "openapi.json").write_text("{}\n")
    found = planned("pushpins", None, None, project, stream=False, derive=True)
    assert [path for path, action in actions(found).items() if action == "derive"] == [
        "systems/pushpins/data-model.md",
        "tests/systems/pushpins/snapshot/__snapshots__",
    ]


def test_an_environment_file_that_is_not_toml_is_named(project: Path) -> None:
    (project / "environments" / "dev.toml").write_text("name =\n")
    before = contents(project)
    with pytest.raises(environment.EnvironmentFileError, match=r"dev\.toml: not TOML"):
        plan(project)
    assert contents(project) == before


def test_a_readme_without_the_table_is_told_what_to_write(project: Path) -> None:
    (project / "README.md").write_text("# Project\n")
    with pytest.raises(NoTableOfSystemsError, match="has no table of systems"):
        plan(project)


def test_a_section_that_is_there_is_kept_with_its_port(project: Path) -> None:
    file = project / "environments" / "local.toml"
    file.write_text(f"{file.read_text()}\n[systems.pushpins]\nlocal_port = 3456\nkeep_days = 1\n")
    found = plan(project)
    found.write(project)
    assert (found.port, actions(found)["environments/local.toml"]) == (3456, "keep")
    assert tomllib.loads(file.read_text())["systems"]["pushpins"]["keep_days"] == 1
