"""The API documents in the repository are those of the handlers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs here
import pytest
from openapi_spec_validator import validate
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_local import Deployment
from keyline_ops import cli
from keyline_ops.openapi import files
from keyline_ops.openapi.generate import NotDescribedError, generate

pytestmark = pytest.mark.xdist_group("openapi")

WITH_AN_API = [s for s in systems() if any(function.routes for function in s.functions)]
ONE = WITH_AN_API[0].name


@pytest.fixture(scope="module")
def deployment(local_assembly: Path) -> Deployment:
    return files.deployment_of(local_assembly)


@pytest.fixture(scope="module")
def documents(deployment: Deployment) -> dict[str, Any]:
    return {s.name: files.document_of(s.name, deployment) for s in WITH_AN_API}


@pytest.mark.parametrize("system", [system.name for system in WITH_AN_API])
class TestDocuments:
    def test_the_document_in_the_repository_is_that_of_the_handlers(
        self, system: str, documents: dict[str, Any]
    ) -> None:
        path = files.path_of(system)
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        where = path.relative_to(ROOT)
        assert kept == files.text_of(documents[system]), (
            f"run `keyline openapi {system} --output {where}`"
        )

    def test_it_is_valid(self, system: str, documents: dict[str, Any]) -> None:
        validate(documents[system])

    def test_it_has_every_route_with_what_it_is_for(
        self, system: str, documents: dict[str, Any]
    ) -> None:
        found = {
            (method.upper(), path): operation
            for path, operations in documents[system]["paths"].items()
            for method, operation in operations.items()
        }
        (declared,) = (each for each in systems() if each.name == system)
        routes = [route for function in declared.functions for route in function.routes]
        assert sorted(found) == sorted((r.method, r.path) for r in routes)
        assert all(operation["summary"] for operation in found.values())
        names = [operation["operationId"] for operation in found.values()]
        assert len(set(names)) == len(names)

    def test_every_body_has_an_example_of_its_schema(
        self, system: str, documents: dict[str, Any]
    ) -> None:
        document = documents[system]
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if "requestBody" in operation:
                    content = operation["requestBody"]["content"]["application/json"]
                    assert "example" in content, f"{method} {path}: give the route an example="
                    jsonschema.validate(
                        content["example"],
                        {**document, **content["schema"]},
                        cls=jsonschema.Draft202012Validator,
                    )


def test_a_system_without_an_api_is_named_with_those_that_have_one(deployment: Deployment) -> None:
    with pytest.raises(KeylineError, match=f"Did you mean '{ONE}'"):
        files.document_of(f"{ONE}x", deployment)


def test_a_handler_that_cannot_be_imported_is_an_error_that_shows_why(
    deployment: Deployment, tmp_path: Path
) -> None:
    (tmp_path / ONE).mkdir()
    (tmp_path / ONE / "__init__.py").write_text("raise RuntimeError('the edit is broken')")
    functions = [
        replace(function, sources=[tmp_path / ONE]) for function in files.described(deployment)[ONE]
    ]
    with pytest.raises(NotDescribedError, match="the edit is broken"):
        generate(functions, deployment.region)


def test_the_command_prints_or_writes_the_document(
    deployment: Deployment,
    documents: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "local_deployment", lambda: deployment)
    printed = CliRunner().invoke(cli.app, ["openapi", ONE])
    assert json.loads(printed.stdout) == documents[ONE]
    written = tmp_path / f"{ONE}.json"
    assert CliRunner().invoke(cli.app, ["openapi", ONE, "--output", str(written)]).exit_code == 0
    assert written.read_text() == files.text_of(documents[ONE])
