"""The three distributions: what they say of themselves, and that a team can use them.

`make dist` builds and installs them; `make test` only reads what they say.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from keyline_deploy.project import ROOT
from scripts.distributions import PACKAGES, build
from scripts.distributions import version as project_version
from tests.project.test_source_roots import imported_modules
from tests.support.distributions import FOLDER, Distribution, Installed
from tests.support.engine import CREDENTIALS, REGION, admin_client, running_engine
from tests.support.tables import of_template
from tests.support.tracked import tracked_files

DISTRIBUTIONS = {name: Distribution(name) for name in PACKAGES}
NOT_IMPORTED = {
    "moto": "it is a process of its own",
    "sniffio": "httpx looks for it",
    "tzdata": "zoneinfo reads it",
}
"""What is required and imported by nobody of ours, with the reason."""
TYPED = """\
from keyline.model import Table
from keyline_cdk.data_table import DataTable
from keyline_deploy.environment import Environment
from keyline_local import Ports
from keyline_ops.words import count_of

reveal_type(Table.physical_name)
table: DataTable
reveal_type(table.stream_arn)
reveal_type(Environment.settings)
reveal_type(Ports.chosen)
reveal_type(count_of)
"""
"""Asks for the type of one name of each package."""
MYPY = """\
[mypy]
[mypy-aws_cdk.*,constructs.*]
follow_imports = skip
"""
"""The CDK's own types take minutes to read."""
ORDER = {"id": "o-1", "customer": "ada", "placed_at": "2026-01-31T10:00:00Z", "total_cents": 999}


def imported_libraries(name: str) -> list[set[str]]:
    """For each module of others that a distribution of ours imports, the distributions with it."""
    owners = packages_distributions()
    modules = {
        module.partition(".")[0]
        for package in PACKAGES[name]
        for file in (ROOT / package).rglob("*.py")
        for module in imported_modules(file)
    }
    ours = {Path(package).name for packages in PACKAGES.values() for package in packages}
    others = modules - ours - sys.stdlib_module_names - {"_typeshed"}
    return [{canonicalize_name(owner) for owner in owners[module]} for module in others]


def test_there_is_a_folder_for_each_distribution() -> None:
    assert {file.parent.name for file in FOLDER.glob("*/pyproject.toml")} == {*PACKAGES}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=str)
def test_a_distribution_requires_what_it_imports(distribution: Distribution) -> None:
    required = distribution.requirements.keys() - PACKAGES.keys()
    libraries = imported_libraries(distribution.name)
    assert [owners for owners in libraries if not owners & required] == []
    assert required - set().union(*libraries) == NOT_IMPORTED.keys() & required


def test_a_distribution_requires_the_distributions_of_ours_that_it_imports() -> None:
    required = {
        name: set(each.requirements) & set(PACKAGES) for name, each in DISTRIBUTIONS.items()
    }
    assert required == {
        "keyline": set(),
        "keyline-cdk": {"keyline"},
        "keyline-ops": {"keyline", "keyline-cdk"},
    }


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=str)
def test_what_is_tested_here_is_in_the_range_that_is_required(distribution: Distribution) -> None:
    for name, requirement in distribution.requirements.items():
        if name not in PACKAGES:
            assert requirement.specifier.contains(version(name)), requirement
            assert {each.operator for each in requirement.specifier} <= {">=", "<"}, requirement


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=str)
def test_the_metadata_is_that_of_the_project(distribution: Distribution) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    theirs = distribution.project
    assert theirs["name"] == distribution.name != project["name"]
    assert (theirs["license"], theirs["license-files"]) == (project["license"], ["LICENSE"])
    assert theirs["requires-python"] == project["requires-python"]
    first_line = (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[0]
    assert first_line == f"{project['license']} License"


@pytest.mark.parametrize("package", [each for packages in PACKAGES.values() for each in packages])
def test_a_library_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build(tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture(scope="module")
def wheels(files: list[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".whl"]


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed.of(wheels, tmp_path_factory.mktemp("clean") / "venv")


@pytest.fixture(scope="module")
def app(installed: Installed, wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app of the READMEs, with the folder that its function carries."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "build").mkdir()
    for distribution in DISTRIBUTIONS.values():
        for name, text in distribution.example.items():
            (folder / name).write_text(text, encoding="utf-8")
    (run_time,) = (wheel for wheel in wheels if wheel.name.startswith("keyline-"))
    installed.install([run_time], "--target", str(folder / "build"))
    for name in ("orders.py", "place.py"):
        shutil.copy(folder / name, folder / "build")
    return folder


@pytest.fixture(scope="module")
def template(installed: Installed, app: Path) -> Iterator[dict[str, dict[str, object]]]:
    """The properties of the resources that the app synthesizes, by type."""
    installed.run("app.py", cwd=app, CDK_OUTDIR="cdk.out", CDK_VALIDATION="false")
    written = json.loads((app / "cdk.out" / "Shop.template.json").read_text(encoding="utf-8"))
    yield {each["Type"]: each.get("Properties", {}) for each in written["Resources"].values()}


@pytest.mark.distribution
def test_a_wheel_has_every_file_of_its_packages_and_no_other(wheels: list[Path]) -> None:
    tracked = [str(file.relative_to(ROOT)) for file in tracked_files(ROOT)]
    for wheel in wheels:
        name, number, _ = wheel.name.split("-", 2)
        assert number == project_version() != "0.dev0"
        found = set(zipfile.ZipFile(wheel).namelist())
        wanted = {
            str(Path(file).relative_to(Path(package).parent))
            for package in PACKAGES[name.replace("_", "-")]
            for file in tracked
            if file.startswith(f"{package}/")
        }
        assert {file for file in found if ".dist-info/" not in file} == wanted
        about = f"{name}-{number}.dist-info"
        assert f"{about}/licenses/LICENSE" in found
        required = zipfile.ZipFile(wheel).read(f"{about}/METADATA").decode()
        siblings = PACKAGES.keys() & DISTRIBUTIONS[name.replace("_", "-")].requirements
        assert {f"Requires-Dist: {each}=={number}" for each in siblings} <= {*required.split("\n")}


@pytest.mark.distribution
def test_what_is_installed_is_not_this_project(installed: Installed, tmp_path: Path) -> None:
    packages = [Path(package).name for each in PACKAGES.values() for package in each]
    told = installed.run(
        "-c", f"import {', '.join(packages)}; print({'.__file__, '.join(packages)}.__file__)",
        cwd=tmp_path,
    )  # fmt: skip
    assert [line for line in told.split() if str(installed.packages) not in line] == []


@pytest.mark.distribution
def test_the_types_of_the_installed_packages_are_seen(installed: Installed, app: Path) -> None:
    (app / "mypy.ini").write_text(MYPY, encoding="utf-8")
    (app / "typed.py").write_text(TYPED, encoding="utf-8")
    mypy = ("-m", "mypy", "--strict", "--cache-dir", str(app / ".mypy"))
    told = installed.run(*mypy, "orders.py", "place.py", "typed.py", cwd=app)
    revealed = re.findall(r'Revealed type is "(.*)"', told)
    assert len(revealed) == TYPED.count("reveal_type(")
    assert [each for each in revealed if "Any" in each] == []
    (app / "wrong.py").write_text("from place import STORE\n\nSTORE.put(1)\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"\[(call-arg|arg-type)\]"):
        installed.run(*mypy, "wrong.py", cwd=app)


@pytest.mark.distribution
def test_the_app_synthesizes_its_table_and_the_role_of_its_function(
    template: dict[str, dict[str, object]],
) -> None:
    assert template["AWS::DynamoDB::GlobalTable"]["TableName"] == "Orders-dev"
    role = json.dumps(template["AWS::IAM::Role"])
    assert {*re.findall(r'"(dynamodb:\w+)"', role)} == {"dynamodb:PutItem", "dynamodb:Query"}


@pytest.mark.distribution
def test_the_app_runs_its_patterns_on_the_engine(
    installed: Installed, app: Path, template: dict[str, dict[str, object]]
) -> None:
    settings = template["AWS::Lambda::Function"]["Environment"]
    assert isinstance(settings, dict)
    call = f"import json, place; print(json.dumps(place.handler({ORDER}, None)))"
    with running_engine() as url:
        admin_client(url).create_table(**of_template(template["AWS::DynamoDB::GlobalTable"]))
        told = installed.run(
            *("-c", call),
            cwd=app,
            AWS_ENDPOINT_URL_DYNAMODB=url,
            AWS_REGION=REGION,
            AWS_ACCESS_KEY_ID=CREDENTIALS[0],
            AWS_SECRET_ACCESS_KEY=CREDENTIALS[1],
            **settings["Variables"],
        )
    assert json.loads(told.splitlines()[-1]) == {"orders": [ORDER]}


@pytest.mark.distribution
def test_the_installed_command_works_outside_of_a_project(
    installed: Installed, tmp_path: Path
) -> None:
    told = installed.run(str(installed.folder / "bin" / "keyline"), "--help", cwd=tmp_path)
    assert "Usage" in told
