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
    assert "make synth" in caught.value.suggestion


def test_a_damaged_template_is_named(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": {}})
    (tmp_path / "Data.template.json").write_text("{")
    with pytest.raises(LocalPlatformError, match=r"Data\.template\.json"):
        read_assembly(tmp_path)


def test_a_nested_stage_is_refused(tmp_path: Path) -> None:
    write_assembly(tmp_path, {"Data": {}})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["artifacts"]["Prod"] = {"type": "cdk:cloud-assembly", "properties": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(LocalPlatformError, match="nested stages"):
        read_assembly(tmp_path)
