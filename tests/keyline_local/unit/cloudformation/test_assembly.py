from __future__ import annotations

import json
from pathlib import Path

import pytest

from keyline_local.cloudformation.assembly import read_assembly
from keyline_local.host.errors import LocalPlatformError
from tests.keyline_local.local_assembly import write_assembly


def test_stacks_come_in_dependency_order(tmp_path: Path) -> None:
    write_assembly(
        tmp_path,
        {"Service": {}, "Alarms": {}, "Data": {}},
        dependencies={"Service": ["Data", "assets"], "Alarms": ["Service"]},
    )
    names = [stack.name for stack in read_assembly(tmp_path).stacks]
    assert names.index("Data") < names.index("Service") < names.index("Alarms")


def test_assets_are_found_by_the_key_that_templates_name(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": {}}, assets={"abc.zip": "asset.abc"})
    assert read_assembly(tmp_path).assets == {"abc.zip": (tmp_path / "asset.abc").resolve()}


def test_a_stack_without_account_and_region_gets_local_ones(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": {}})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["artifacts"]["Data"]["environment"] = "aws://unknown-account/unknown-region"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (stack,) = read_assembly(tmp_path).stacks
    assert (stack.account, stack.region) == ("000000000000", "us-east-1")


def test_no_assembly_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError) as caught:
        read_assembly(tmp_path)
    assert caught.value.path.endswith("manifest.json")
    assert "cdk synth" in caught.value.suggestion


def test_a_damaged_template_is_named(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": {}})
    (tmp_path / "Data.template.json").write_text("{")
    with pytest.raises(LocalPlatformError, match=r"Data\.template\.json"):
        read_assembly(tmp_path)


def test_the_stacks_of_a_stage_are_read(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": {}})
    write_assembly(tmp_path / "prod", {"Prod-Data": {}}, assets={"abc.zip": "asset.abc"})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "prod"}}
    manifest["artifacts"]["Prod"] = stage
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    found = read_assembly(tmp_path)
    assert [stack.id for stack in found.stacks] == ["Data", "Prod-Data"]
    assert found.assets == {"abc.zip": (tmp_path / "prod" / "asset.abc").resolve()}


def test_a_stack_is_read_with_what_it_needs(tmp_path: Path) -> None:
    needs = {"Service": ["Data"], "Data": ["Account"]}
    stacks: dict[str, dict[str, object]] = {
        name: {} for name in ("Service", "Alarms", "Data", "Account")
    }
    write_assembly(tmp_path, stacks, dependencies=needs)
    found = read_assembly(tmp_path, ["Service"])
    assert [stack.id for stack in found.stacks] == ["Account", "Data", "Service"]
    with pytest.raises(LocalPlatformError, match="no stack 'Other'") as caught:
        read_assembly(tmp_path, ["Other"])
    assert "Account, Alarms, Data, Service" in caught.value.suggestion
