"""Guards of the layout that everything else relies on (docs/adr/0001-source-roots.md)."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from keyline_deploy.systems import names
from tests.support.syntax import statements
from tests.support.tracked import tracked_files

LAMBDA_SRC = "lambda_src"
SOURCE_ROOTS = ("constructs", LAMBDA_SRC)
"""Folders that are on the import path in addition to the root."""
EXAMPLE = "examples/notes"
"""A system that is checked as one of the project's, and is not deployed."""
PACKAGES = ("keyline_local", "keyline_ops", "stacks")
"""The packages in the root."""
EXPORTING = tuple(
    f"keyline.{name}"
    for name in ("cache", "growth", "http", "migration", "model", "run", "stream", "vector")
)
"""The packages whose `__all__` is what users may use."""
_MODEL = {"keyline"}
_DEPLOY = {"keyline_deploy"} | _MODEL
_CDK = {"stacks", "keyline_cdk"} | _DEPLOY
_TOOLS = {"keyline_ops", "keyline_local"} | _DEPLOY
DIRECTIONS: Mapping[str, Collection[str]] = {
    "keyline": set(),
    "keyline_deploy": _MODEL,
    "keyline_cdk": _DEPLOY,
    "stacks": {"keyline_cdk"} | _DEPLOY,
    "keyline_local": _DEPLOY,
    "keyline_ops": {"keyline_local"} | _DEPLOY,
}
"""The packages that one of ours may import, of all of ours; systems and app.py follow."""
PARTS: Mapping[str, Collection[str]] = {
    "stacks": _CDK,
    "journey": _TOOLS,
    "samples": _TOOLS,
    "figures": _TOOLS,
    "commands": _TOOLS,
    "backfills": _MODEL,
    "importing": _TOOLS,
    "benchmarks": _TOOLS,
}
"""The same of a part of a system, `systems.<system>.<part>`, beside what is of the system."""
APP = {"systems"} | _CDK
"""The same of app.py."""
FREE_OF_CIRCLES = ("keyline", "keyline_deploy", "keyline_cdk", "stacks", *PACKAGES[:2])
"""The packages whose modules import each other in one direction."""
PUBLIC_MODULES = ("keyline.growth.measure", "keyline.vector.matrix")
"""Modules below them that are public too: they need the AWS SDK or numpy, the packages do not."""

pytestmark = pytest.mark.xdist_group("sources")


@cache
def imports_of(file: Path) -> list[ast.Import | ast.ImportFrom]:
    """Return every import in a file, without the relative ones."""
    nodes = statements(ast.parse(file.read_text()))
    imports = (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    return [node for node in imports if isinstance(node, ast.Import) or not node.level]


def imported_modules(file: Path) -> Iterator[str]:
    for node in imports_of(file):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield node.module or ""


def imports_below(folder: Path) -> list[tuple[Path, str]]:
    """Return every (file, top-level module) that is imported below a folder."""
    return [
        (file, module.partition(".")[0])
        for file in sorted(folder.rglob("*.py"))
        for module in imported_modules(file)
    ]


def modules_below(source_root: Path, package: str) -> dict[str, ast.Module]:
    """Return every module of a package, by its dotted name."""
    found = {}
    for file in sorted((source_root / package).rglob("*.py")):
        parts = file.relative_to(source_root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(file.read_text())
    return found


def imported_of(tree: ast.AST, modules: Collection[str]) -> Iterator[str]:
    """Yield those of the modules that a tree imports anywhere, inside its functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in inner if name in modules)
            if any(name not in modules for name in inner) and node.module in modules:
                yield node.module


def imported_names(file: Path) -> Iterator[str]:
    """Yield every dotted name that a file imports: of `from a.b import c` it is `a.b.c`."""
    for node in imports_of(file):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def exported() -> Mapping[str, Collection[str]]:
    """Return the names that each package exports."""
    return {package: importlib.import_module(package).__all__ for package in EXPORTING}


def below(name: str, modules: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the module, of these, that a dotted name is below, and the rest of the name."""
    for module in modules:
        if name.startswith(f"{module}."):
            yield module, name.removeprefix(f"{module}.")


def is_inner(name: str, exports: Mapping[str, Collection[str]]) -> bool:
    """Return whether a dotted name is below one of the packages and not exported by it."""
    public = name in PUBLIC_MODULES or any(below(name, PUBLIC_MODULES))
    return not public and any(
        rest not in exports[package] for package, rest in below(name, exports)
    )


def test_only_handlers_of_a_system_know_http(root: Path) -> None:
    """A status is what a handler answers; what is below says what is wrong in its own errors."""
    found = [
        file.relative_to(root).as_posix()
        for system in names(root)
        for file in sorted((root / LAMBDA_SRC / system).rglob("*.py"))
        if "handlers" not in file.relative_to(root).parts
        for module in imported_modules(file)
        if module == "keyline.http" or module.startswith("keyline.http.")
    ]
    assert found == []


@pytest.mark.parametrize("source_root", ["constructs", LAMBDA_SRC])
def test_a_source_root_is_no_package(root: Path, source_root: str) -> None:
    assert not (root / source_root / "__init__.py").exists()


def test_constructs_is_the_library_that_the_cdk_imports(root: Path) -> None:
    code = "import constructs; print(constructs.__file__, constructs.Construct.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert "site-packages" in done.stdout
    assert done.stdout.split()[-1] == "Construct"


def test_our_packages_are_imported_from_their_source_roots(root: Path) -> None:
    code = "import keyline, keyline_cdk; print(keyline.__file__); print(keyline_cdk.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert [Path(line) for line in done.stdout.splitlines()] == [
        root / LAMBDA_SRC / "keyline" / "__init__.py",
        root / "constructs" / "keyline_cdk" / "__init__.py",
    ]


def test_every_tool_knows_the_same_source_roots(root: Path) -> None:
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    roots = [".", "constructs", LAMBDA_SRC]
    with_example = [*roots, EXAMPLE, f"{EXAMPLE}/{LAMBDA_SRC}"]

    assert settings["hatch"]["build"]["dev-mode-dirs"] == roots
    assert settings["ruff"]["src"] == with_example
    mypy_roots = [entry.strip() for entry in settings["mypy"]["mypy_path"].split(":")]
    assert [
        entry.removeprefix("$MYPY_CONFIG_FILE_DIR").strip("/") or "." for entry in mypy_roots
    ] == with_example


def test_the_distribution_is_of_whole_folders(root: Path) -> None:
    """A new package or system is a part of it without being named."""
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["only-include"]) == {*PACKAGES, "systems", *SOURCE_ROOTS}
    assert set(wheel["sources"]) == set(SOURCE_ROOTS)


def test_nothing_that_is_bundled_imports_the_cdk(root: Path) -> None:
    forbidden = {"aws_cdk", "constructs", "keyline_cdk", "keyline_deploy", "jsii", "systems"} | set(
        PACKAGES
    )
    found = [entry for entry in imports_below(root / LAMBDA_SRC) if entry[1] in forbidden]
    assert found == []


def source_root_of(root: Path, package: str) -> Path:
    folders = (root / source_root for source_root in (".", *SOURCE_ROOTS))
    return next(folder for folder in folders if (folder / package).is_dir())


@pytest.mark.parametrize("package", FREE_OF_CIRCLES)
def test_the_modules_of_a_package_import_each_other_in_one_direction(
    root: Path, package: str
) -> None:
    modules = modules_below(source_root_of(root, package), package)
    imports = {name: set(imported_of(tree, modules)) for name, tree in modules.items()}
    assert any(imports.values())
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def test_the_rooms_of_the_local_platform_know_each_other_in_one_direction(root: Path) -> None:
    modules = modules_below(root, "keyline_local")
    rooms: dict[str, set[str]] = {}
    for name, tree in modules.items():
        if name.count(".") > 1:
            others = {other.split(".")[1] for other in imported_of(tree, modules)}
            rooms.setdefault(name.split(".")[1], set()).update(others - {name.split(".")[1]})
    assert {"host", "control", "dynamodb"} <= set(rooms)
    assert rooms["host"] == set()
    TopologicalSorter(rooms).prepare()


def ours_imported(file: Path) -> set[str]:
    """Return the packages of ours that a file imports, systems and their parts among them."""
    tops = {module.partition(".")[0] for module in imported_modules(file)}
    return tops & {*DIRECTIONS, "systems", "app"}


@pytest.mark.parametrize("package", DIRECTIONS)
def test_packages_know_each_other_in_one_direction(root: Path, package: str) -> None:
    TopologicalSorter(DIRECTIONS).prepare()
    allowed = {package, *DIRECTIONS[package]}
    found = {
        f"{file.relative_to(root)}: {other}"
        for file in sorted((source_root_of(root, package) / package).rglob("*.py"))
        for other in ours_imported(file) - allowed
    }
    assert found == set()


def test_the_parts_of_a_system_know_what_they_may(root: Path) -> None:
    """A part that the CDK needs knows no tool, and a tool's part no CDK."""
    files = sorted((root / "systems").glob("*/**/*.py"))
    assert {file.relative_to(root).parts[2].removesuffix(".py") for file in files} >= {"stacks"}
    found = [
        f"{file.relative_to(root)}: {other}"
        for file in files
        if (part := file.relative_to(root).parts[2].removesuffix(".py")) != "__init__"
        for other in sorted(ours_imported(file) - {"systems", *PARTS[part]})
    ]
    assert found == []


def test_the_app_knows_what_it_may(root: Path) -> None:
    assert ours_imported(root / "app.py") <= APP


def test_others_use_the_names_that_the_local_platform_exports(root: Path) -> None:
    """A test may use its parts too, by the names of `keyline_local.testing`."""
    public, parts = (
        {f"{package}.{name}" for name in importlib.import_module(package).__all__}
        for package in ("keyline_local", "keyline_local.testing")
    )
    own = (root / "keyline_local", root / "tests" / "keyline_local")
    found = [
        f"{file.relative_to(root)}: {name}"
        for file in tracked_files(root)
        if file.suffix == ".py" and not any(file.is_relative_to(folder) for folder in own)
        for name in imported_names(file)
        if name.partition(".")[0] == "keyline_local"
        if name not in (public | parts if is_test(root, file) else public)
    ]
    assert found == []


def is_test(root: Path, file: Path) -> bool:
    return not {"tests", "benchmarks"}.isdisjoint(file.relative_to(root).parts)


def test_no_client_of_this_machine_asks_a_proxy(root: Path) -> None:
    """httpx takes proxies from the environment, unless it is told not to."""
    clients = {"AsyncClient", "Client", "request", "get", "post", "stream"}
    calls = [
        (f"{file.relative_to(root)}:{node.lineno}", {keyword.arg for keyword in node.keywords})
        for package in ("keyline_local", "keyline_ops", "systems")
        for file in sorted((root / package).rglob("*.py"))
        if "httpx" in (source := file.read_text())
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "httpx"
        if node.func.attr in clients
    ]
    assert len(calls) > 3
    assert [place for place, keywords in calls if "trust_env" not in keywords] == []


def test_a_command_that_asks_a_platform_imports_nothing_that_serves(root: Path) -> None:
    code = (
        "import sys; from keyline_local import ask, issuer_url; import keyline_ops.cli;"
        "import keyline_ops.running;"
        "print([name for name in ('starlette', 'uvicorn', 'boto3', 'jwt', 'moto', 'aws_cdk',"
        " 'keyline_local.platform') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_local_platform_exports_what_it_says() -> None:
    package = importlib.import_module("keyline_local")
    assert all(getattr(package, name) for name in package.__all__)
    assert set(package.__all__) <= set(re.findall(r"\w+", package.__doc__ or ""))
    assert not hasattr(package, "Engine")


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("keyline.run", False),
        ("keyline.run.Store", False),
        ("keyline.run.errors", False),
        ("keyline.run.errors.NotFoundError", True),
        ("keyline.run.codec", True),
        ("keyline.run.codec.ItemWriter", True),
        ("keyline.vector.matrix", False),
        ("keyline.vector.matrix.Rows", False),
        ("keyline.vector.codec.encode", True),
        ("keyline.errors.KeylineError", False),
        ("notes.tables.Note", False),
    ],
)
def test_a_name_is_inner_if_its_package_does_not_export_it(name: str, inner: bool) -> None:
    assert is_inner(name, exported()) is inner


def test_nothing_outside_of_keyline_imports_an_inner_module(root: Path) -> None:
    exports = exported()
    outside = [
        file
        for file in tracked_files(root)
        if file.suffix == ".py"
        and not file.is_relative_to(root / LAMBDA_SRC / "keyline")
        and not file.is_relative_to(root / "tests")
    ]
    assert root / "app.py" in outside
    found = [
        f"{file.relative_to(root)}: {name}"
        for file in outside
        for name in imported_names(file)
        if is_inner(name, exports)
    ]
    assert found == []


def test_tests_of_others_use_the_names_that_keyline_exports(root: Path) -> None:
    """Only the tests of keyline itself import an exported name from the module it is made in."""
    exports, own = exported(), {root / "tests" / "keyline"}
    found = [
        f"{file.relative_to(root)}: {name}"
        for file in sorted((root / "tests").rglob("*.py"))
        if not own.intersection(file.parents)
        for name in imported_names(file)
        for package, rest in below(name, exports)
        if "." in rest and rest.rpartition(".")[2] in exports[package]
    ]
    assert found == []


@pytest.mark.parametrize("package", EXPORTING)
def test_a_package_says_what_each_name_is_that_it_exports(package: str) -> None:
    module = importlib.import_module(package)
    assert all(hasattr(module, name) for name in module.__all__)
    assert set(module.__all__) <= set(re.findall(r"\w+", module.__doc__ or ""))


def test_a_declaration_needs_neither_the_run_time_nor_the_aws_sdk(root: Path) -> None:
    code = (
        "import sys; import keyline.growth, keyline.model, keyline.vector;"
        "print([name for name in ('botocore', 'keyline.run', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_declaration_imports_nothing_inside_functions(root: Path) -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules_below(root / LAMBDA_SRC, "keyline/model").items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_what_lambda_carries_has_a_dataclass_only_where_its_constructor_is_its_own(
    root: Path,
) -> None:
    made = [
        (file, node)
        for file in (root / LAMBDA_SRC).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "dataclass" in map(_decorator, node.decorator_list)
    ]
    assert [node.name for _, node in made]  # the search finds what there is
    generated = [
        f"{file.relative_to(root)}: {node.name}"
        for file, node in made
        if not any(isinstance(n, ast.FunctionDef) and n.name == "__init__" for n in node.body)
    ]
    assert generated == [], "make each a msgspec.Struct: docs/adr/0060-declarations-are-structs.md"


def _decorator(node: ast.expr) -> str:
    return ast.unparse(node).partition("(")[0].rpartition(".")[2]


def test_keyline_knows_no_system(root: Path) -> None:
    assert names(root), "the project has at least one system"
    found = [
        entry for entry in imports_below(root / LAMBDA_SRC / "keyline") if entry[1] in names(root)
    ]
    assert found == []


def test_a_system_knows_no_other(root: Path) -> None:
    for system in names(root):
        others = set(names(root)) - {system}
        found = [entry for entry in imports_below(root / LAMBDA_SRC / system) if entry[1] in others]
        assert found == []


def test_the_constructs_know_no_system(root: Path) -> None:
    found = [entry for entry in imports_below(root / "constructs") if entry[1] in names(root)]
    assert found == []


def test_the_npm_lock_names_no_address_and_no_other_platform(root: Path) -> None:
    lock = json.loads((root / "package-lock.json").read_text())
    packages = {path: entry for path, entry in lock["packages"].items() if path}

    assert [path for path, entry in packages.items() if "resolved" in entry] == []
    engines = [path for path in packages if "@dynoxide/" in path]
    assert engines == ["node_modules/@dynoxide/linux-x64"]
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_the_cdk_command_line_is_the_one_that_works(root: Path) -> None:
    """`latest` of aws-cdk was published by accident and cannot read our assemblies."""
    manifest = json.loads((root / "package.json").read_text())
    assert manifest["dependencies"]["aws-cdk"] == "2.1148.1"


# Written in pieces, so that this file does not find itself.
_PATHS_OF_ONE_MACHINE = re.compile(
    "|".join(
        [
            r"(?<![\w.}])/" + "root/",
            "/" + "work/",
            "/" + r"home/\w+/",
            "/" + r"Users/\w+/",
            "/tmp" + r"/\w",
        ]
    )
)
_REGISTRIES = re.compile(
    "|".join(
        ["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "index" + "-url"]
    )
)


@pytest.mark.parametrize(
    "unwanted", [_PATHS_OF_ONE_MACHINE, _REGISTRIES], ids=["machine paths", "registries"]
)
def test_no_file_names_a_machine_or_a_registry(root: Path, unwanted: re.Pattern[str]) -> None:
    found = []
    for file in tracked_files(root):
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue  # a binary file
        found += [f"{file.relative_to(root)}: {match[0]}" for match in unwanted.finditer(text)]
    assert found == []
