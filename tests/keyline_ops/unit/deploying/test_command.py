"""`keyline deploy` up to the first deployment, against moto's CloudFormation."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from keyline_ops.deploying import run
from keyline_ops.deploying.assembly import digest, read_waves
from keyline_ops.deploying.reviewed import folder_digest
from tests.keyline_ops.unit.plan.made import TABLE, Made
from tests.support.commands import keyline

REGION = "us-east-1"
STACK = "orders-data-dev"
PARAMETER = "/cdk-bootstrap/hnb659fds/version"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """An account that is bootstrapped, with a stack that runs; nothing of it may be deployed."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr(run, "WORK", tmp_path / "work")
    monkeypatch.setattr(run.Run, "carry_out", lambda *_: pytest.fail("it deploys"))
    with mock_aws():
        boto3.client("ssm", region_name=REGION).put_parameter(
            Name=PARAMETER, Value="20", Type="String"
        )
        client = boto3.client("cloudformation", region_name=REGION)
        client.create_stack(StackName=STACK, TemplateBody=json.dumps(Made(TABLE).template))
        yield client


def assembly(folder: Path, made: Made) -> Path:
    """Return a cloud assembly of one stack, with two assets of which the template names one."""
    folder.mkdir()
    made.add_function(code="used.zip")
    text = json.dumps(made.template)
    template = hashlib.sha256(text.encode()).hexdigest()
    (folder / "Data.template.json").write_text(text)
    for name in ("used", "unused"):
        (folder / f"asset.{name}").mkdir()
        (folder / f"asset.{name}" / "code.py").write_text(name)
    files = {
        id: {
            "source": {"path": path},
            "destinations": {"here": {"bucketName": "assets", "objectKey": f"{id}{end}"}},
        }
        for id, path, end in (
            (template, "Data.template.json", ".json"),
            ("used", "asset.used", ".zip"),
            ("unused", "asset.unused", ".zip"),
        )
    }
    (folder / "Data.assets.json").write_text(json.dumps({"files": files, "dockerImages": {}}))
    manifest = {
        "version": "55.0.0",
        "artifacts": {
            "Data.assets": {
                "type": "cdk:asset-manifest",
                "properties": {
                    "file": "Data.assets.json",
                    "requiresBootstrapStackVersion": 6,
                    "bootstrapStackVersionSsmParameter": PARAMETER,
                },
            },
            "Data": {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://unknown-account/{REGION}",
                "properties": {
                    "templateFile": "Data.template.json",
                    "stackName": STACK,
                    "stackTemplateAssetObjectUrl": f"s3://assets/{template}.json",
                },
                "dependencies": ["Other", "Data.assets"],
            },
            "Other": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def in_waves() -> Made:
    made = Made(TABLE)
    made.add_index("by-customer", "customer")
    made.add_index("by-day", "day")
    made.drop_index()
    return made


def deploy(folder: Path, *options: str) -> int:
    return keyline("deploy", "--environment", "dev", "--to", str(folder), *options)


def test_a_dry_run_writes_assemblies_that_the_cdk_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = assembly(tmp_path / "source", in_waves()), tmp_path / "waves"
    assert deploy(source, "--dry-run", "--output", str(out), "--json") == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], len(told["waves"]), told["folder"]) == ("waves", 4, str(out))

    waves = read_waves(out)
    assert waves.before == {STACK: digest(Made(TABLE).template)}
    assert [entry.stacks for entry in waves.entries] == [("Data",), ("Data",), ("Data",), ()]
    for entry in waves.entries:
        folder = out / entry.folder
        manifest = json.loads((folder / "manifest.json").read_text())
        stack = manifest["artifacts"]["Data"]["properties"]
        text = (folder / stack["templateFile"]).read_bytes()
        assert digest(json.loads(text)) == entry.after[STACK]

        # what is uploaded under the name of its content is that content
        name = hashlib.sha256(text).hexdigest()
        assert stack["stackTemplateAssetObjectUrl"] == f"s3://assets/{name}.json"
        files = json.loads((folder / "Data.assets.json").read_text())["files"]
        assert files[name]["source"]["path"] == stack["templateFile"]
        assert files[name]["destinations"]["here"]["objectKey"] == f"{name}.json"
        for file in files.values():
            assert (folder / file["source"]["path"]).exists()
        among = manifest["artifacts"].keys()
        assert set(manifest["artifacts"]["Data"]["dependencies"]) <= among

    # and assets are there where the template names them
    assets = [sorted(path.name for path in (out / n).glob("asset.*")) for n in ("1", "3", "4")]
    assert assets == [[], ["asset.used"], ["asset.unused", "asset.used"]]


def test_a_wave_is_not_changed_by_a_later_synthesis(tmp_path: Path) -> None:
    source, out = assembly(tmp_path / "source", in_waves()), tmp_path / "waves"
    assert deploy(source, "--dry-run", "--output", str(out)) == 2
    before = (out / "4" / "Data.template.json").read_text()
    (source / "Data.template.json").write_text("{}")
    assert (out / "4" / "Data.template.json").read_text() == before


def test_what_is_refused_stops_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(TABLE)
    made.place["DeletionProtectionEnabled"] = False
    out = tmp_path / "waves"
    assert deploy(assembly(tmp_path / "source", made), "--output", str(out)) == 3
    assert "is switched off: one call can delete the table" in capsys.readouterr().out
    assert not out.exists()


def test_steps_that_the_command_does_not_make_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(TABLE)
    made.props["TimeToLiveSpecification"]["AttributeName"] = "ends"
    assert deploy(assembly(tmp_path / "source", made), "--output", str(tmp_path / "waves")) == 2
    said = capsys.readouterr().err
    assert "disable expiry by expires, and wait for an hour: the command does not make" in said


def test_waves_of_an_earlier_plan_are_not_left_for_one_that_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make deploy` would take them for the waves that were asked for last."""
    out = tmp_path / "waves"
    assert (
        deploy(assembly(tmp_path / "earlier", in_waves()), "--dry-run", "--output", str(out)) == 2
    )
    made = Made(TABLE)
    made.props["TimeToLiveSpecification"]["AttributeName"] = "ends"
    by_hand = assembly(tmp_path / "source", made)
    assert deploy(by_hand, "--dry-run", "--output", str(out)) == 2
    assert keyline("deploy", "--environment", "dev", "--waves", str(out)) == 1
    assert "does not say which waves there are" in capsys.readouterr().err


def test_an_account_that_is_not_bootstrapped_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("ssm", region_name=REGION).delete_parameter(Name=PARAMETER)
    assert deploy(assembly(tmp_path / "source", Made(TABLE))) == 1
    assert "Run `make bootstrap ENV=dev` once." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--environment", "staging"), "in the account 222222222222"),
        (("--environment", "dev", "--output", "x"), "goes without --output"),
        (("--environment", "dev", "--dry-run"), "goes without --dry-run"),
    ],
)
def test_waves_that_do_not_fit_are_an_error(
    options: tuple[str, ...],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, out = assembly(tmp_path / "source", in_waves()), tmp_path / "waves"
    assert deploy(source, "--dry-run", "--output", str(out)) == 2
    assert keyline("deploy", *options, "--waves", str(out)) == 1
    assert message in capsys.readouterr().err


def reviewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    """Return waves that a dry run wrote, and the digest that it printed."""
    source, out = assembly(tmp_path / "source", in_waves()), tmp_path / "waves"
    assert deploy(source, "--dry-run", "--output", str(out)) == 2
    return out, capsys.readouterr().out.rpartition("digest: ")[2].strip()


def change(folder: Path) -> None:
    (folder / "4" / "asset.used" / "code.py").write_text("other code")


def add(folder: Path) -> None:
    (folder / "4" / "asset.used" / "more.py").touch()


def remove(folder: Path) -> None:
    (folder / "1" / "Data.assets.json").unlink()


def rename(folder: Path) -> None:
    (folder / "4" / "asset.used").rename(folder / "4" / "asset.other")


@pytest.mark.parametrize("edit", [change, add, remove, rename])
def test_waves_that_differ_from_what_was_reviewed_are_refused(
    edit: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, digest = reviewed(tmp_path, capsys)
    edit(folder)
    options = ("--environment", "dev", "--waves", str(folder), "--digest", digest)
    assert keyline("deploy", *options) == 1
    assert "are not the waves that were reviewed" in capsys.readouterr().err


def test_waves_are_deployed_under_the_digest_of_their_review(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(run.Run, "carry_out", lambda self, _: made.append(self.folder))
    folder, digest = reviewed(tmp_path, capsys)
    copy = shutil.copytree(folder, tmp_path / "elsewhere")  # as an artifact is, with other times
    options = ("--environment", "dev", "--waves", str(copy), "--digest", digest)
    assert keyline("deploy", *options) == 0
    assert made == [copy]


def test_a_digest_without_waves_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert keyline("deploy", "--environment", "dev", "--digest", "abc") == 1
    assert "Name them with --waves." in capsys.readouterr().err


def test_who_approves_reads_the_plan_its_waves_and_their_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = assembly(tmp_path / "source", in_waves()), tmp_path / "waves"
    assert deploy(source, "--dry-run", "--output", str(out), "--markdown") == 2
    said = capsys.readouterr().out
    assert said.startswith("## Tables: waves\n")
    assert "create the index by-customer" in said
    assert f"`{folder_digest(out)}`" in said


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    source = assembly(tmp_path / "source", in_waves())
    assert deploy(source, "--dry-run", "--output", str(tmp_path / "mine")) == 1
    assert (tmp_path / "mine" / "file").read_text() == "mine"
