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
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.tracked import tracked_files

LAMBDA_SRC = "lambda_src"
SOURCE_ROOTS = ("constructs", LAMBDA_SRC)
"""Folders that are on the import path besides the root."""
PACKAGES = ("keyline_local", "keyline_ops", "stacks")
"""The packages in the root."""
EXPORTING = tuple(
    f"keyline.{name}"
    for name in ("cache", "growth", "http", "migration", "model", "run", "stream", "vector")
)
"""The packages whose `__all__` is what users may use."""
PUBLIC_MODULES = ("keyline.growth.measure", "keyline.vector.matrix")
"""Modules below them that are public too: they need the AWS SDK or numpy, the packages do not."""


def imported_modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def imports_below(folder: Path) -> list[tuple[Path, str]]:
    """Every (file, top-level module) that is imported below a folder."""
    return [
        (file, module.partition(".")[0])
        for file in sorted(folder.rglob("*.py"))
        for module in imported_modules(file)
    ]


def modules_below(source_root: Path, package: str) -> dict[str, ast.Module]:
    """Every module of a package, by its dotted name."""
    found = {}
    for file in sorted((source_root / package).rglob("*.py")):
        parts = file.relative_to(source_root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(file.read_text())
    return found


def imported_of(tree: ast.AST, modules: Collection[str]) -> Iterator[str]:
    """The modules, of these, that are imported anywhere in a tree, inside its functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in inner if name in modules)
            if any(name not in modules for name in inner) and node.module in modules:
                yield node.module


def imported_names(file: Path) -> Iterator[str]:
    """Every dotted name that a file imports: of `from a.b import c` it is `a.b.c`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def exported() -> Mapping[str, Collection[str]]:
    """The names that each package exports."""
    return {package: importlib.import_module(package).__all__ for package in EXPORTING}


def below(name: str, modules: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the module, of these, that a dotted name is below, and the rest of the name."""
    for module in modules:
        if name.startswith(f"{module}."):
            yield module, name.removeprefix(f"{module}.")


def is_inner(name: str, exports: Mapping[str, Collection[str]]) -> bool:
    """Whether a dotted name is below one of the packages and not exported by it."""
    public = name in PUBLIC_MODULES or any(below(name, PUBLIC_MODULES))
    return not public and any(
        rest not in exports[package] for package, rest in below(name, exports)
    )


def systems(root: Path) -> set[str]:
    packages = {init.parent.name for init in (root / LAMBDA_SRC).glob("*/__init__.py")}
    return packages - {"keyline"}


def test_only_handlers_of_a_system_know_http(root: Path) -> None:
    """A status is what a handler answers; what is below says what is wrong in its own errors."""
    found = [
        file.relative_to(root).as_posix()
        for system in sorted(systems(root))
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

    assert settings["hatch"]["build"]["dev-mode-dirs"] == roots
    assert settings["ruff"]["src"] == roots
    mypy_roots = settings["mypy"]["mypy_path"].split(":")
    assert [
        entry.removeprefix("$MYPY_CONFIG_FILE_DIR").strip("/") or "." for entry in mypy_roots
    ] == roots


def test_the_distribution_is_of_whole_folders(root: Path) -> None:
    """So that a new package or system is part of it without being named."""
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


def test_the_modules_of_keyline_import_each_other_in_one_direction(root: Path) -> None:
    modules = modules_below(root / LAMBDA_SRC, "keyline")
    imports = {name: set(imported_of(tree, modules)) for name, tree in modules.items()}
    assert "keyline.model.table" in imports["keyline.model.table_checks"]
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


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
        ("chat.tables.Message", False),
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


def test_keyline_knows_no_system(root: Path) -> None:
    assert systems(root), "the project has at least one system"
    found = [
        entry for entry in imports_below(root / LAMBDA_SRC / "keyline") if entry[1] in systems(root)
    ]
    assert found == []


def test_a_system_knows_no_other(root: Path) -> None:
    for system in systems(root):
        others = systems(root) - {system}
        found = [entry for entry in imports_below(root / LAMBDA_SRC / system) if entry[1] in others]
        assert found == []


def test_the_constructs_know_no_system(root: Path) -> None:
    found = [entry for entry in imports_below(root / "constructs") if entry[1] in systems(root)]
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


def test_what_the_requirements_bring_is_pinned(root: Path) -> None:
    """The versions that are installed are those that constraints.txt pins, all of them."""
    from keyline_ops.constraints import direct_requirements, installed_pins

    pinned = dict(
        re.findall(r"^([a-z0-9-]+)==(\S+)$", (root / "constraints.txt").read_text(), re.M)
    )
    requirements = direct_requirements(root)
    assert all(re.fullmatch(r"==[^,*]+", str(req.specifier)) for req in requirements)
    assert installed_pins(requirements).items() <= pinned.items()
