"""Bundles: small, alike on every machine, and nothing of another system in them."""

from __future__ import annotations

import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keyline_deploy import bundling
from keyline_deploy.bundling import BundlingError, Target

LIMIT = 25_000_000  # bytes, unzipped, byte code included
LIMIT_WITH_NUMPY = 75_000_000
ARM64 = b"\xb7\0"  # EM_AARCH64


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two systems and a dependency cache that is already filled.

    Nothing is compiled there, which would take seconds: that is for the real bundles.
    """
    monkeypatch.setattr(bundling, "byte_code", lambda *_, **__: {})
    root = tmp_path / "a project"
    write(root / "lambda_src/requirements.txt", "library==1\n")
    write(root / "lambda_src/requirements.lock", "library==1 --hash=sha256:00\n")
    for package in ("keyline", "notes", "other"):
        write(root / f"lambda_src/{package}/__init__.py", f"NAME = {package!r}\n")
    write(root / "lambda_src/notes/handlers/write.py", "ANSWER = 1\n")
    for target in Target:
        key = bundling._cache_key([root / "lambda_src/requirements.txt"], target, root)
        libraries = root / ".keyline/bundle" / key
        write(libraries / "library.py", "")
        write(libraries / "library.pyi", "")
        write(libraries / "library-1.dist-info/METADATA", "Name: library\n")
        write(libraries / "botocore/data/partitions.json", "{}")
        write(libraries / "botocore/data/dynamodb/2012-08-10/service-2.json", "{}")
        write(libraries / "botocore/data/dynamodb/2012-08-10/examples-1.json", "{}")
        write(libraries / "botocore/data/sts/2011-06-15/service-2.json", "{}")
        write(libraries / "botocore/data/sqs/2012-11-05/service-2.json", "{}")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def files_of(path: Path) -> set[str]:
    return {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}


def cached(source: str) -> str:
    """Return where Lambda's Python looks for a module's byte code."""
    folder, slash, name = source.rpartition("/")
    return f"{folder}{slash}__pycache__/{name.removesuffix('.py')}.cpython-313.pyc"


def elf_machine(path: Path) -> bytes:
    """Return what an ELF file is built for: `e_machine` of its header."""
    with path.open("rb") as file:
        return file.read(20)[18:]


def test_a_bundle_holds_its_system_keyline_and_the_libraries(project: Path) -> None:
    made = bundling.bundle("notes", target=Target.LAMBDA, root=project)

    assert files_of(made.path) == {
        "keyline/__init__.py",
        "notes/__init__.py",
        "notes/handlers/write.py",
        "library.py",
        "library-1.dist-info/METADATA",
        "botocore/data/partitions.json",
        "botocore/data/dynamodb/2012-08-10/service-2.json",
        "botocore/data/sts/2011-06-15/service-2.json",
    }
    assert made.sources == (project / "lambda_src/keyline", project / "lambda_src/notes")


def test_byte_code_goes_into_bundles_for_lambda_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given something that compiles
    without = bundling.bundle("notes", target=Target.LAMBDA, root=project)
    place = "notes/__pycache__/__init__.cpython-313.pyc"
    write(project / "cache/key.pyc", "byte code")
    monkeypatch.setattr(bundling, "byte_code", lambda *_, **__: {place: project / "cache/key.pyc"})

    # When bundles are made
    made = bundling.bundle("notes", target=Target.LAMBDA, root=project)
    host = bundling.bundle("notes", target=Target.HOST, root=project)

    # Then the one for Lambda has it, and is another one than without it
    assert files_of(made.path) == files_of(without.path) | {place}
    assert made.digest != without.digest
    assert bundling.size(made.path) == bundling.size(without.path) + len("byte code")
    assert not [file for file in files_of(host.path) if file.endswith(".pyc")]
    assert [b.has_byte_code for b in (without, made, host)] == [False, True, True]


def test_a_function_s_own_requirements_go_into_its_own_bundle(project: Path) -> None:
    # Given a system with more libraries for some function, fetched
    own = project / "lambda_src/notes/requirements-vectors.txt"
    write(own, "vectors==1\n")
    with pytest.raises(BundlingError, match=r"requirements-vectors\.lock: no such file"):
        bundling.bundle("notes", target=Target.LAMBDA, requirements="vectors", root=project)
    write(own.with_suffix(".lock"), "vectors==1 --hash=sha256:00\n")
    plain = bundling.bundle("notes", target=Target.LAMBDA, root=project)
    shared = bundling.dependencies("notes", target=Target.LAMBDA, root=project)
    key = bundling._cache_key(
        [project / "lambda_src/requirements.txt", own], Target.LAMBDA, project
    )
    shutil.copytree(shared, shared.with_name(key))
    write(shared.with_name(key) / "vectors.py", "")

    # When both kinds of bundle are made
    made = bundling.bundle("notes", target=Target.LAMBDA, requirements="vectors", root=project)

    # Then it is the one that carries them, and no bundle carries the file that names them
    assert files_of(made.path) == files_of(plain.path) | {"vectors.py"}
    assert bundling.bundle("notes", target=Target.LAMBDA, root=project).digest == plain.digest


def test_bundles_of_one_system_do_not_drop_each_other(project: Path) -> None:
    services = (*bundling.SERVICES, "sqs")
    with_sqs = bundling.bundle("notes", target=Target.HOST, services=services, root=project)
    for answer in range(6):
        write(project / "lambda_src/notes/handlers/write.py", f"ANSWER = {answer}\n")
        bundling.bundle("notes", target=Target.HOST, root=project)
    assert with_sqs.path.is_dir()
    assert with_sqs.path.name.startswith("notes+sqs-host-")


def test_requirements_that_do_not_exist_are_named_with_those_that_do(project: Path) -> None:
    write(project / "lambda_src/notes/requirements-vectors.txt", "")
    with pytest.raises(BundlingError, match=r"requirements-vector.txt: no such file.*: vectors\."):
        bundling.bundle("notes", target=Target.LAMBDA, requirements="vector", root=project)


def test_the_services_decide_which_models_are_kept(project: Path) -> None:
    made = bundling.bundle("notes", target=Target.LAMBDA, services=("sqs",), root=project)
    models = {file for file in files_of(made.path) if file.startswith("botocore/data/")}
    assert models == {
        "botocore/data/partitions.json",
        "botocore/data/sqs/2012-11-05/service-2.json",
    }


def test_a_service_that_botocore_does_not_have_is_named(project: Path) -> None:
    with pytest.raises(BundlingError, match="'dynamo'"):
        bundling.bundle("notes", target=Target.LAMBDA, services=("dynamo",), root=project)


def test_the_same_input_gives_the_same_digest(project: Path, tmp_path: Path) -> None:
    first = bundling.bundle("notes", target=Target.LAMBDA, root=project, out=tmp_path / "one")
    source = project / "lambda_src/notes/handlers/write.py"
    py_compile.compile(str(source))  # byte code beside the source is not a part of its input
    source.touch()
    second = bundling.bundle("notes", target=Target.LAMBDA, root=project, out=tmp_path / "two")

    assert first.digest == second.digest
    assert files_of(first.path) == files_of(second.path)
    assert {file.stat().st_mtime for file in second.path.rglob("*.py")} == {315_532_800}


def test_an_edit_gives_another_digest_for_its_own_system_only(project: Path) -> None:
    def digests() -> list[str]:
        systems = ("notes", "other")
        return [bundling.bundle(s, target=Target.HOST, root=project).digest for s in systems]

    notes, other = digests()
    write(project / "lambda_src/notes/handlers/write.py", "ANSWER = 2\n")
    edited_notes, same_other = digests()

    assert edited_notes != notes
    assert same_other == other


def test_old_bundles_are_dropped_but_the_latest_stays(project: Path) -> None:
    for answer in range(6):
        write(project / "lambda_src/notes/handlers/write.py", f"ANSWER = {answer}\n")
        latest = bundling.bundle("notes", target=Target.HOST, root=project)
    assert latest.path.is_dir()
    assert len(list(latest.path.parent.iterdir())) == 3


def test_a_system_that_does_not_exist_is_named_with_those_that_do(project: Path) -> None:
    with pytest.raises(BundlingError, match=r"lambda_src/note: .* notes, other"):
        bundling.bundle("note", target=Target.LAMBDA, root=project)


def test_dependencies_that_cannot_be_fetched_leave_no_cache(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a system whose own requirements nobody has
    write(project / "lambda_src/other/requirements.txt", "no-such-library==1\n")
    hashed = f"no-such-library==1 --hash=sha256:{'0' * 64}\n"
    write(project / "lambda_src/other/requirements.lock", hashed)
    write(project / "lambda_src/requirements.lock", hashed)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    before = set((project / ".keyline/bundle").iterdir())

    # When it is bundled, then the error says what is missing and what to run
    with pytest.raises(BundlingError, match=r"other/requirements.txt.*make setup"):
        bundling.bundle("other", target=Target.HOST, root=project)
    assert set((project / ".keyline/bundle").iterdir()) == before


def test_refresh_brings_an_edit_a_new_file_and_a_removal(project: Path) -> None:
    made = bundling.bundle("notes", target=Target.HOST, root=project)
    handler = made.path / "notes/handlers/write.py"
    assert bundling.refresh(made.path, made.sources) is False

    # Given byte code that Python would go on trusting: same size, same second
    py_compile.compile(str(handler))
    write(project / "lambda_src/notes/handlers/write.py", "ANSWER = 7\n")
    write(project / "lambda_src/notes/handlers/read.py", "")
    (project / "lambda_src/keyline/__init__.py").unlink()

    # When
    assert bundling.refresh(made.path, made.sources) is True

    # Then
    code = "from notes.handlers.write import ANSWER; print(ANSWER)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(made.path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "7\n"
    assert "notes/handlers/read.py" in files_of(made.path)
    assert "keyline/__init__.py" not in files_of(made.path)
    assert "library.py" in files_of(made.path)
    assert bundling.refresh(made.path, made.sources) is False


def test_a_placeholder_needs_no_libraries(tmp_path: Path) -> None:
    one = bundling.placeholder("notes", tmp_path)
    assert one.path.is_dir()
    assert one.digest == bundling.placeholder("notes", tmp_path).digest
    assert one.digest != bundling.placeholder("other", tmp_path).digest


BUNDLES = [
    (system, extra) for system in bundling.systems() for extra in ("", *bundling.extras(system))
]


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize(("system", "requirements"), BUNDLES)
def test_the_real_bundles_are_small_and_built_for_lambda(
    system: str, requirements: str, tmp_path: Path
) -> None:
    """From the cache that set-up filled: no network, no Docker."""
    made = bundling.bundle(system, target=Target.LAMBDA, requirements=requirements, out=tmp_path)
    files = files_of(made.path)

    assert bundling.size(made.path) < (LIMIT_WITH_NUMPY if requirements else LIMIT)
    assert not [file for file in files if file.startswith("bin/")]
    assert made.has_byte_code
    compiled = {file for file in files if file.endswith(".pyc")}
    sources = {file for file in files if file.endswith(".py")}
    assert compiled == {cached(source) for source in sources}
    assert not [file for file in files if "/tests/" in file]
    modules = {file for file in files if file.endswith(".so")}
    assert modules
    assert {elf_machine(made.path / module) for module in modules} == {ARM64}
    extensions = {module for module in modules if not module.startswith("numpy.libs/")}
    assert all("cpython-313-aarch64" in module for module in extensions)
    assert ("numpy/__init__.py" in files) is bool(requirements)
    others = set(bundling.systems()) - {system}
    assert not [file for file in files if file.split("/")[0] in others]


@pytest.mark.parametrize("system", bundling.systems())
def test_a_host_bundle_runs_alone(system: str, tmp_path: Path) -> None:
    """A bundle is complete: it imports and makes a client without this environment."""
    made = bundling.bundle(system, target=Target.HOST, out=tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(made.path)!r})\n"
        f"import msgspec, aws_lambda_powertools, keyline, {system}\n"
        "from botocore.session import Session\n"
        "client = Session().create_client('dynamodb', region_name='us-east-1')\n"
        "print(client.meta.endpoint_url)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "https://dynamodb.us-east-1.amazonaws.com\n"
