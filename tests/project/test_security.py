"""The gates of `make security` find what they look for."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import aws_cdk as cdk
import pytest
import yaml

from keyline.errors import DeclarationError
from keyline_cdk.acknowledge import acknowledge
from keyline_ops.locks import locks_of
from tests.support.tracked import tracked_files

BASELINE = ".ci/secrets.baseline"
KEY = "AKIA" + "Z7QH4WJ2NXPT6RKD"
"""The form of a key of AWS; put together, so that this file has none."""


def test_an_accepted_finding_of_cdk_nag_needs_a_reason() -> None:
    scope = cdk.Stack(cdk.App(), "Sample")
    acknowledge(scope, {"AwsSolutions-SMG4": "The secret is rotated by its owner."})
    for reason in ("", "See the ticket.", "It is not needed here and nobody uses it"):
        with pytest.raises(DeclarationError, match="is accepted without a reason"):
            acknowledge(scope, {"AwsSolutions-SMG4": reason})


def test_findings_are_accepted_in_one_way_only(root: Path) -> None:
    """Nothing is accepted without a reason."""
    accepting = ("Acknowledgment", "NagSuppressions")
    found = [
        file.relative_to(root).as_posix()
        for file in tracked_files(root)
        if file.suffix == ".py" and "tests" not in file.parts
        if any(name in (source := file.read_text(encoding="utf-8")) for name in accepting)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr in accepting
    ]
    assert found == ["constructs/keyline_cdk/acknowledge.py"]


def test_a_rule_of_zizmor_is_left_out_with_its_reason(root: Path) -> None:
    text = (root / ".ci/zizmor.yml").read_text(encoding="utf-8")
    for rule in yaml.safe_load(text)["rules"]:
        assert f"  {rule}:\n    # " in text, f"{rule} is left out without a reason"


def test_what_the_baseline_of_secrets_lets_through_was_looked_at(root: Path) -> None:
    found = json.loads((root / BASELINE).read_text(encoding="utf-8"))["results"]
    assert all(each["is_secret"] is False for file in found.values() for each in file)


def test_every_file_of_pins_is_audited(root: Path) -> None:
    """Leave out the packages of the benchmarks, which nobody else installs."""
    recipe = (root / "Makefile").read_text().partition("\naudit:")[2].partition("\n\n")[0]
    locks = {lock.relative_to(root) for lock in locks_of(root)}
    own = {lock.as_posix() for lock in locks if lock.parts[0] not in ("benchmarks", "lambda_src")}
    assert own - {*re.split(r"[\s;]+", recipe)} == set()


@pytest.mark.security
def test_a_secret_that_somebody_commits_is_found(root: Path, tmp_path: Path) -> None:
    hook = [str(root / ".keyline/security/bin/detect-secrets-hook"), "--baseline", "baseline"]
    shutil.copy(root / BASELINE, tmp_path / "baseline")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "settings.py").write_text('REGION = "us-east-1"\n')
    assert subprocess.run([*hook, "settings.py"], cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "settings.py").write_text(f'KEY = "{KEY}"\n')
    found = subprocess.run([*hook, "settings.py"], cwd=tmp_path, capture_output=True, check=False)
    assert found.returncode == 1
    assert b"AWS Access Key" in found.stdout


@pytest.mark.security
@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "@v6", "unpinned-uses"),
        ('--environment "$ENV"', "--environment ${{ github.head_ref }}", "template-injection"),
    ],
)
def test_a_weak_workflow_is_found(
    before: str, after: str, finding: str, root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / ".github/workflows"
    shutil.copytree(root / ".github", tmp_path / ".github")
    options = ["--offline", "--format=plain", "--config", str(root / ".ci/zizmor.yml")]
    zizmor = [str(root / ".keyline/security/bin/zizmor"), *options, ".github"]
    assert subprocess.run(zizmor, cwd=tmp_path, check=False).returncode == 0
    file = folder / "deploy-environment.yml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    found = subprocess.run(zizmor, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode != 0
    assert finding in found.stdout


@pytest.mark.security
def test_a_bundle_has_a_bill_of_what_is_in_it(root: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "assembly" / f"asset.{'a' * 64}"
    (bundle / "orders").mkdir(parents=True)
    (bundle / "orders/system.py").touch()
    (bundle / "wanted-1.2.dist-info").mkdir()
    metadata = "Metadata-Version: 2.4\nName: wanted\nVersion: 1.2\nLicense-Expression: MIT\n"
    (bundle / "wanted-1.2.dist-info/METADATA").write_text(metadata)
    python = root / ".keyline/security/bin/python"
    script = root / "scripts/bills_of_materials.py"
    command = [str(python), str(script), str(tmp_path / "assembly"), str(tmp_path / "bills")]
    subprocess.run(command, check=True)
    (file,) = (tmp_path / "bills").iterdir()
    told = json.loads(file.read_text())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    carried = told["metadata"]["component"]
    assert (carried["name"], carried["hashes"][0]["content"]) == ("orders", "a" * 64)
    (component,) = told["components"]
    assert (component["purl"], component["version"]) == ("pkg:pypi/wanted@1.2", "1.2")
    assert component["licenses"] == [{"license": {"id": "MIT"}}]

    # and an assembly without any is an error, not an empty list of bills
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [*command[:2], str(tmp_path / "empty"), str(tmp_path / "none")], check=False
    )
    assert done.returncode != 0
