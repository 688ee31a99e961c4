"""`keyline plan`: verdicts as exit codes, forms of output, releases, many pairs at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyline_ops import revisions
from tests.keyline_ops.unit.plan.made import GLOBAL, TABLE, Made
from tests.support.commands import keyline


def written(folder: Path, name: str, template: Any) -> str:
    path = folder / name
    path.write_text(json.dumps(template), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Templates that are harmless, waves and refused over `old`."""
    old, waves, refused = Made(TABLE), Made(TABLE), Made(TABLE)
    waves.add_index("by-customer", "customer")
    waves.add_index("by-day", "day")
    refused.place["DeletionProtectionEnabled"] = False
    made = {"old": old, "harmless": old, "waves": waves, "refused": refused}
    return {name: written(tmp_path, f"{name}.json", each.template) for name, each in made.items()}


@pytest.mark.parametrize(("verdict", "code"), [("harmless", 0), ("waves", 2), ("refused", 3)])
def test_the_exit_code_is_the_verdict(
    files: dict[str, str], verdict: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keyline("plan", "--from", files["old"], "--to", files[verdict], "--json") == code
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == verdict
    assert next(iter(told)) == "verdict"


def test_a_plan_is_printed_as_a_table_with_the_deployments_in_order(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert keyline("plan", "--from", files["old"], "--to", files["waves"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("deployment ")] == [
        "deployment 1: Orders: create the index by-customer, and wait until it is filled",
        "deployment 2: Orders: create the index by-day, and wait until it is filled",
    ]
    assert lines[-1] == "waves: This is safe in several deployments, in the order below."


def test_a_comment_for_a_pull_request(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert keyline("plan", "--from", files["old"], "--to", files["refused"], "--markdown") == 3
    told = capsys.readouterr().out
    assert told.startswith("## Tables: refused\n")
    assert "| `Orders.DeletionProtectionEnabled` | **refused** | is switched off:" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "{old}"),
        ("--to", "{old}"),
        ("--from", "{old}", "--to", "no-such-file"),
        ("--from", "{old}", "--to", "{folder}"),
        ("--from", "{old}", "--to", "{broken}"),
        ("--from", "{old}", "--unknown"),
        ("--pairs", "{broken}"),
        ("--from", "{old}", "--to", "{old}", "--releases", "{broken}"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_judged_has_an_exit_code_of_its_own(
    files: dict[str, str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = written(tmp_path, "broken.json", "no template")
    given = [a.format(**files, folder=tmp_path, broken=broken) for a in arguments]
    assert keyline("plan", *given, "--json") == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.strip()


def test_many_pairs_are_judged_at_once(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["refused", "harmless", "waves"]
    pairs = [{"from": files["old"], "to": f"{name}.json"} for name in names]
    assert keyline("plan", "--pairs", written(tmp_path, "pairs.json", pairs), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"plans": [{"verdict": name} for name in names]}


def test_a_pair_that_cannot_be_judged_does_not_end_the_others(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [{"from": "none.json", "to": files["old"]}, {"from": files["old"], "to": files["old"]}]
    assert keyline("plan", "--pairs", written(tmp_path, "pairs.json", pairs)) == 1
    one, other = json.loads(capsys.readouterr().out)["plans"]
    assert one["verdict"] is None
    assert "none.json" in one["error"]
    assert other == {"verdict": "harmless"}


def test_an_entry_that_is_not_a_pair_does_not_end_the_others(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [{"from": files["old"]}, 5, {"from": files["old"], "to": files["old"]}]
    assert keyline("plan", "--pairs", written(tmp_path, "pairs.json", pairs)) == 1
    *errors, other = json.loads(capsys.readouterr().out)["plans"]
    assert ["is not a pair of paths" in each["error"] for each in errors] == [True, True]
    assert other == {"verdict": "harmless"}


def _in_a_circle(made: Made) -> None:
    made.table["Condition"] = "C"
    made.template["Conditions"] = {"C": {"Fn::Not": [{"Condition": "D"}]}, "D": {"Condition": "C"}}


def _named_by_itself(made: Made) -> None:
    made.props["TableName"] = {"Fn::GetAtt": ["Orders", "Arn"]}


def _mapped_to_itself(made: Made) -> None:
    itself = {"Fn::FindInMap": ["Names", "all", "orders"]}
    made.template["Mappings"] = {"Names": {"all": {"orders": itself}}}
    made.props["TableName"] = itself


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (_in_a_circle, "Conditions.C"),
        (_named_by_itself, "Resources.Orders.TableName"),
        (_mapped_to_itself, "Mappings.Names.all.orders"),
    ],
)
def test_what_refers_to_itself_is_named_and_does_not_end_the_other_pairs(
    files: dict[str, str],
    tmp_path: Path,
    edit: Callable[[Made], None],
    where: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = Made(TABLE)
    edit(made)
    circle = written(tmp_path, "circle.json", made.template)
    pairs = [{"from": files["old"], "to": circle}, {"from": files["old"], "to": files["old"]}]
    assert keyline("plan", "--pairs", written(tmp_path, "pairs.json", pairs)) == 1
    one, other = json.loads(capsys.readouterr().out)["plans"]
    assert one["error"] == (
        f"{where}: A condition or a value refers to itself, in a circle."
        " Remove one of the references."
    )
    assert other == {"verdict": "harmless"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"Keyline": {"settings": 5, "tables": {}}},
        {"Keyline": {"settings": {"a": 1}, "tables": {}}},
    ],
    ids=str,
)
def test_no_template_ends_in_a_traceback(
    tmp_path: Path, metadata: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(TABLE)
    made.template["Metadata"] = metadata
    file = written(tmp_path, "malformed.json", made.template)
    assert keyline("plan", "--from", file, "--to", file) == 1
    assert "are not written as CloudFormation's reference says" in capsys.readouterr().err


def test_a_template_that_is_nested_too_deeply_is_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(TABLE)
    value: Any = "orders"
    for _ in range(300):
        value = {"Fn::Join": ["", [value]]}
    made.props["TableName"] = value
    file = written(tmp_path, "deep.json", made.template)
    assert keyline("plan", "--from", file, "--to", file) == 1
    assert "are nested too deeply to be judged. Write them flatter." in " ".join(
        capsys.readouterr().err.split()
    )


@pytest.mark.parametrize("path", ["\0", "x" * 5_000, ""], ids=["NUL", "long", "empty"])
def test_a_path_that_no_file_can_have_does_not_end_the_others(
    files: dict[str, str], tmp_path: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [{"from": path, "to": files["old"]}, {"from": files["old"], "to": files["old"]}]
    assert keyline("plan", "--pairs", written(tmp_path, "pairs.json", pairs)) == 1
    one, other = json.loads(capsys.readouterr().out)["plans"]
    assert one["verdict"] is None
    assert one["error"]
    assert other == {"verdict": "harmless"}


def test_a_file_of_pairs_that_is_not_there_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keyline("plan", "--pairs", str(tmp_path / "none.json")) == 1
    assert "none.json: cannot be read: No such file or directory." in capsys.readouterr().err


# ------------------------------------------------------------------------------- releases


def released(folder: Path, change: str, until: str, why: str = "Agreed with its team.") -> str:
    path = folder / "releases.toml"
    path.write_text(
        f'[[release]]\nchange = "{change}"\nwhy = "{why}"\nuntil = {until}\n', encoding="utf-8"
    )
    return str(path)


def test_a_release_lets_a_change_through_by_name(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = released(tmp_path, "Orders.DeletionProtectionEnabled", "9999-12-31")
    given = ("--from", files["old"], "--to", files["refused"], "--releases", file)
    assert keyline("plan", *given) == 0
    assert "  released: Agreed with its team. (until 9999-12-31)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "until", "said"),
    [
        ("Orders.DeletionProtectionEnabled", "2020-01-31", "ended on 2020-01-31"),
        ("Users.DeletionProtectionEnabled", "9999-12-31", "lets nothing through"),
    ],
)
def test_a_release_that_ended_or_is_for_something_else_lets_nothing_through(
    files: dict[str, str],
    tmp_path: Path,
    change: str,
    until: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--from", files["old"], "--to", files["refused"])
    assert keyline("plan", *given, "--releases", released(tmp_path, change, until)) == 3
    assert said in "".join(capsys.readouterr())


def test_what_aws_rejects_cannot_be_released(tmp_path: Path) -> None:
    old, new = Made(GLOBAL), Made(GLOBAL)
    new.props["MultiRegionConsistency"] = "STRONG"
    file = released(tmp_path, "Orders.MultiRegionConsistency", "9999-12-31")
    given = [written(tmp_path, "o", old.template), written(tmp_path, "n", new.template)]
    assert keyline("plan", "--from", given[0], "--to", given[1], "--releases", file) == 3


def test_a_release_says_why(files: dict[str, str], tmp_path: Path) -> None:
    file = released(tmp_path, "Orders.DeletionProtectionEnabled", "9999-12-31", why=" ")
    given = ("--from", files["old"], "--to", files["refused"], "--releases", file)
    assert keyline("plan", *given) == 1


# -------------------------------------------------------------------------------- sources


def test_the_stacks_of_an_assembly_are_judged_together(tmp_path: Path) -> None:
    """A consumer in another stack is found by what it imports; nested stacks have tables too."""
    data = Made(TABLE)
    data.template["Outputs"]["Stream"] = {
        "Value": {"Fn::GetAtt": ["Orders", "StreamArn"]},
        "Export": {"Name": "data:stream"},
    }
    service = {
        "Resources": {
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {"EventSourceArn": {"Fn::ImportValue": "data:stream"}},
            },
            "Inner": {
                "Type": "AWS::CloudFormation::Stack",
                "Metadata": {"aws:asset:path": "inner.json"},
                "Properties": {"TemplateURL": "https://example.com/inner"},
            },
        }
    }

    def assembly(name: str, inner: Made) -> str:
        folder = tmp_path / name
        folder.mkdir()
        written(folder, "data.json", data.template)
        written(folder, "service.json", service)
        written(folder, "inner.json", inner.template)
        artifacts = {
            stack: {
                "type": "aws:cloudformation:stack",
                "environment": "aws://1/eu-west-1",
                "properties": {"templateFile": f"{stack}.json", "stackName": f"{stack}-dev"},
            }
            for stack in ("data", "service")
        }
        written(folder, "manifest.json", {"artifacts": artifacts})
        return str(folder)

    inner = Made(TABLE)
    old = assembly("old", inner)
    assert keyline("plan", "--from", old, "--to", old) == 0
    data.props["StreamSpecification"]["StreamViewType"] = "KEYS_ONLY"
    assert keyline("plan", "--from", old, "--to", assembly("view", inner)) == 3
    data.props["StreamSpecification"]["StreamViewType"] = "NEW_AND_OLD_IMAGES"
    inner.add_index("by-day", "day")
    inner.add_index("by-hour", "hour")
    assert keyline("plan", "--from", old, "--to", assembly("inner", inner)) == 2


def test_a_folder_that_is_no_assembly_is_not_judged(tmp_path: Path) -> None:
    assert keyline("plan", "--from", str(tmp_path), "--to", str(tmp_path)) == 1


_APP = """
import json, os, shutil
from pathlib import Path

def bundler(*_, **__):
    raise AssertionError("a revision is not bundled")

def main():
    context, out = json.loads(os.environ["CDK_CONTEXT_JSON"]), Path(os.environ["CDK_OUTDIR"])
    assert context == {"flag": True, "env": "dev"}
    bundler("target", spans=False)
    out.mkdir()
    shutil.copy("template.json", out)
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "template.json"}}
    (out / "manifest.json").write_text(json.dumps({"artifacts": {"Data": stack}}))
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a revision that does not synthesize, and two that do."""
    root = tmp_path / "project"
    root.mkdir()

    def commit() -> None:
        named = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        for arguments in (("add", "."), ("commit", "-q", "--allow-empty", "-m", "A change")):
            subprocess.run(["git", *named, *arguments], cwd=root, check=True, capture_output=True)

    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    commit()
    made = Made(TABLE)
    (root / "app.py").write_text(_APP)
    written(root, "cdk.json", {"context": {"flag": True}})
    for _ in range(2):
        written(root, "template.json", made.template)
        commit()
        made.add_index("by-day", "day")
        made.add_index("by-hour", "hour")
    monkeypatch.setattr(revisions, "ROOT", root)
    return root


@pytest.mark.usefixtures("repository")
def test_revisions_are_synthesized_without_bundles() -> None:
    assert keyline("plan", "--from", "HEAD~1", "--to", "HEAD", "--environment", "dev") == 2


@pytest.mark.usefixtures("repository")
def test_a_revision_that_does_not_synthesize_is_not_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert keyline("plan", "--from", "HEAD~2", "--to", "HEAD~2") == 1
    assert "revision HEAD~2: does not synthesize prod" in capsys.readouterr().err
