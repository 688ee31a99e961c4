"""Handler bundles without Docker: pinned wheels for the target, our sources, nothing else.

A bundle is what a function's folder holds. The bundle has the dependencies of
`lambda_src/requirements.txt` (and of `lambda_src/<system>/requirements.txt`, where there is one),
the package `keyline` and the one package of its system. `keyline_deploy.source_files` says what is
carried of the two packages. A function that names `requirements` of its own has a bundle of its
own, so that the others stay small; functions that ask for the same share one. The wheels are
fetched once, at set-up, into `.keyline/bundle`; bundling itself only copies, needs no network, and
the same input gives the same digest on every machine.

A bundle for Lambda also holds the byte code of its modules (keyline_deploy.byte_code).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.byte_code import byte_code
from keyline_deploy.file_digests import digests, kept_digests
from keyline_deploy.project import ROOT
from keyline_deploy.source_files import source_files

SOURCES = "keyline:sources"
"""Template metadata of a function: the folders its code is made from, relative to the project."""

SERVICES = ("dynamodb", "sts")
"""The AWS services whose models a bundle's botocore keeps unless a caller names others."""

LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORMS = ("manylinux_2_28_aarch64", "manylinux2014_aarch64")
"""What wheels may be built for: Lambda's python3.13 is Amazon Linux 2023, with glibc 2.34."""

_SHARED = "keyline"
_EXTRA = "requirements-"
_FORMAT = "1"  # part of the cache's key: raise it when what `_tidy` removes changes
_EPOCH = 315_532_800  # 1980-01-01, the oldest date a zip archive can hold
_KEPT_BUNDLES = 3
_MODELS = "botocore/data"
_IGNORED_FOLDERS = {"__pycache__", "tests", "test"}
_IGNORED_SUFFIXES = {".pyc", ".pyi", *(".a", ".c", ".h", ".pxd", ".pyx")}  # compilers read these


class Target(StrEnum):
    """The platform of a bundle: Lambda (python3.13 on arm64), or this machine's own Python."""

    LAMBDA = "lambda"
    HOST = "host"


@dataclass(frozen=True)
class Bundle:
    """A folder that is ready to be an asset.

    Attributes
    ----------
    path
        The folder.
    digest
        SHA-256 over every file's name and content; the asset's hash.
    sources
        The packages of ours that were copied into it, for `refresh`.
    left_out
        What it does not have of these packages, other than caches: `orders/.env`.
    has_byte_code
        Whether its modules are compiled, as far as they need it.
    """

    path: Path
    digest: str
    sources: tuple[Path, ...]
    left_out: tuple[str, ...] = ()
    has_byte_code: bool = True


class BundlingError(KeylineError):
    """The dependencies of a bundle could not be fetched, or a system has no package."""


def bundle(
    system: str,
    *,
    target: Target,
    requirements: str = "",
    services: Sequence[str] = SERVICES,
    spans: bool = False,
    dax: bool = False,
    out: Path | None = None,
    root: Path = ROOT,
) -> Bundle:
    """Bundle a system's handlers.

    Parameters
    ----------
    system
        The name of its package under `lambda_src`.
    target
        What the handlers will run on.
    requirements
        The name of an extra requirements file of the system's, if any: `similarity` for
        `lambda_src/<system>/requirements-similarity.txt`.
    services
        The botocore service models to keep, by their botocore names.
    spans
        Whether it carries what records spans: `lambda_src/requirements-spans.txt`.
    dax
        Whether it carries the client of DAX: `lambda_src/requirements-dax.txt`.
    out
        The folder that receives the bundle, as `<what>-<target>-<digest>`; the default is
        `.keyline/bundles`. A bundle that is already there is used as it is.
    root
        The project's folder.

    Raises
    ------
    BundlingError
        If the system has no package or no such file, botocore no such service, or the
        dependencies are not in the cache and cannot be fetched.
    """
    sources = _sources(system, root)
    libraries = dependencies(
        system, target=target, requirements=requirements, spans=spans, dax=dax, root=root
    )
    of_libraries = dict(_library_files(libraries, services))
    found = [source_files(source) for source in sources]
    ours = {name: path for each in found for name, path in each.carried.items()}
    files = of_libraries | ours
    contents = kept_digests(of_libraries, _digests_of(libraries)) | digests(ours)
    compiled = _compiled(files, contents, root) if target is Target.LAMBDA else {}
    digest = _digest(contents | {name: path.name for name, path in compiled.items()})
    folder = out or root / ".keyline" / "bundles"
    more = ("spans" if spans else "", "dax" if dax else "")
    what = "+".join(filter(None, (system, requirements, *more, *sorted({*services} - {*SERVICES}))))
    path = folder / f"{what}-{target}-{digest[:16]}"
    if not path.exists():
        _place(files | compiled, path)
        _drop_old(folder, f"{what}-{target}-*")
    return Bundle(
        path,
        digest,
        sources,
        left_out=tuple(name for each in found for name in each.left_out),
        has_byte_code=target is Target.HOST or bool(compiled),
    )


def placeholder(system: str, out: Path) -> Bundle:
    """Stand in for a bundle where only templates matter: an empty folder, a constant digest."""
    path = out / f"{system}-placeholder"
    path.mkdir(parents=True, exist_ok=True)
    (path / "README").write_text(
        "Stands in for a handler bundle in tests of templates.\n", encoding="utf-8"
    )
    return Bundle(path, hashlib.sha256(system.encode()).hexdigest(), ())


def refresh(path: Path, sources: Sequence[Path]) -> bool:
    """Copy our own packages into an existing bundle again, and say whether anything differed.

    Only what changed is written, each file in one step, so a process that imports from the
    bundle meanwhile sees the old file or the new one. The byte code of a changed file goes
    with it: Python would trust it when size and second of the change are the same.
    """
    changed = False
    for source in sources:
        wanted = _source_files(source)
        present = {
            file.relative_to(path).as_posix(): file
            for file in (path / source.name).rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }
        for relative in present.keys() - wanted.keys():
            _forget(path / relative)
            changed = True
        for relative, origin in wanted.items():
            content = origin.read_bytes()
            if relative in present and present[relative].read_bytes() == content:
                continue
            _write(path / relative, content)
            changed = True
    return changed


def dependencies(
    system: str,
    *,
    target: Target,
    requirements: str = "",
    spans: bool = False,
    dax: bool = False,
    root: Path = ROOT,
) -> Path:
    """Give the folder that holds a bundle's dependencies, fetching them if it is missing."""
    files = _requirements(system, requirements, root)
    if spans:
        files.append(root / "lambda_src" / f"{_EXTRA}spans.txt")
    source_only = [root / "lambda_src" / f"{_EXTRA}dax.txt"] if dax else []
    key = _cache_key([*files, *source_only], target, root)
    path = root / ".keyline" / "bundle" / key
    if not path.exists():
        _fetch(files, source_only, target, path, root)
    return path


def prepare(root: Path = ROOT) -> list[Path]:
    """Fetch the dependencies of every bundle for both targets, and drop what no one needs."""
    folders = {
        dependencies(system, target=target, requirements=requirements, root=root)
        for system in systems(root)
        for requirements in ("", *extras(system, root))
        for target in Target
    }
    cache = root / ".keyline" / "bundle"
    for stale in set(cache.iterdir()) - folders:
        shutil.rmtree(stale)
        _digests_of(stale).unlink(missing_ok=True)
    return sorted(folders)


def systems(root: Path = ROOT) -> list[str]:
    """Name the packages under `lambda_src` that are systems."""
    folder = root / "lambda_src"
    return sorted(p.parent.name for p in folder.glob("*/__init__.py") if p.parent.name != _SHARED)


def extras(system: str, root: Path = ROOT) -> list[str]:
    """Name the extra requirements files of a system: `similarity`."""
    folder = root / "lambda_src" / system
    return sorted(p.stem.removeprefix(_EXTRA) for p in folder.glob(f"{_EXTRA}*.txt"))


def size(path: Path) -> int:
    """Sum a folder's files, in bytes; Lambda's limit on an unzipped function is 250 MB."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _compiled(
    files: Mapping[str, Path], contents: Mapping[str, str], root: Path
) -> dict[str, Path]:
    """Return the byte code of a bundle for Lambda.

    This machine's Python compiles for itself.
    """
    return byte_code(files, contents, python=LAMBDA_PYTHON, cache=root / ".keyline" / "byte-code")


def _source_files(folder: Path) -> dict[str, Path]:
    """Return the files that a bundle carries of a package of ours, by their path in it."""
    return source_files(folder).carried


def _sources(system: str, root: Path) -> tuple[Path, ...]:
    if system not in systems(root):
        known = ", ".join(systems(root)) or "none"
        raise BundlingError(
            f"lambda_src/{system}",
            "no such package.",
            f"Systems are folders of lambda_src with an __init__.py; there are: {known}.",
        )
    return (root / "lambda_src" / _SHARED, root / "lambda_src" / system)


def _requirements(system: str, extra: str, root: Path) -> list[Path]:
    folder = root / "lambda_src" / system
    own = folder / "requirements.txt"
    files = [root / "lambda_src" / "requirements.txt", *([own] if own.exists() else [])]
    if not extra:
        return files
    more = folder / f"{_EXTRA}{extra}.txt"
    if not more.exists():
        raise BundlingError(
            more.relative_to(root).as_posix(),
            "no such file.",
            f"Write it, or name one that there is: {', '.join(extras(system, root)) or 'none'}.",
        )
    return [*files, more]


def _lock(requirements: Path, root: Path) -> Path:
    """Return the lock of a file of requirements: all that it brings, with hashes."""
    lock = requirements.with_suffix(".lock")
    if not lock.exists():
        raise BundlingError(lock.relative_to(root).as_posix(), "no such file.", "Run `make lock`.")
    return lock


def _cache_key(requirements: Sequence[Path], target: Target, root: Path) -> str:
    texts = [_lock(path, root).read_text(encoding="utf-8") for path in requirements]
    host = f"{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    where = host if target is Target.HOST else "-".join((*LAMBDA_PLATFORMS, LAMBDA_PYTHON))
    parts = [_FORMAT, where, *texts]
    return f"{target}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def _fetch(
    requirements: Sequence[Path],
    source_only: Sequence[Path],
    target: Target,
    path: Path,
    root: Path,
) -> None:
    """Install into a folder of its own and move it, so that a broken fetch leaves no cache.

    Parameters
    ----------
    source_only
        Files that name packages of pure Python which have no wheel, and all that these need: pip
        builds nothing for another platform, so it is told nothing of the platform.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent.parent, prefix="fetch-") as scratch:
        folder = Path(scratch) / "libraries"
        _install(requirements, _foreign() if target is Target.LAMBDA else (), target, folder, root)
        if source_only:
            _install(source_only, ("--no-deps",), target, folder, root)
        _tidy(folder)
        _move(folder, path)


def _install(
    requirements: Sequence[Path],
    options: Sequence[str],
    target: Target,
    folder: Path,
    root: Path,
) -> None:
    names = [option for file in requirements for option in ("-r", str(_lock(file, root)))]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-compile", "--target", str(folder), "--no-build-isolation", "--require-hashes"),
        *options,
        *names,
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        files = " and ".join(str(file.relative_to(root)) for file in requirements)
        raise BundlingError(
            files,
            f"the dependencies for {target} could not be fetched.",
            "They are fetched once, by `make setup`, and a package index must be reachable "
            f"then.\n{result.stderr.strip()}",
        )


def _foreign() -> tuple[str, ...]:
    return (
        *(option for platform in LAMBDA_PLATFORMS for option in ("--platform", platform)),
        *("--python-version", LAMBDA_PYTHON, "--implementation", "cp", "--only-binary=:all:"),
    )


def _tidy(folder: Path) -> None:
    """Drop what differs between machines (scripts, install records) or is never imported."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for records in folder.glob("*.dist-info"):
        for entry in records.iterdir():
            if entry.name == "METADATA":
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _library_files(folder: Path, services: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """List a dependency folder's files, of botocore's models only those of the services."""
    for name in services:
        if not (folder / _MODELS / name).is_dir():
            raise BundlingError(
                "services",
                f"botocore has no model of {name!r}.",
                "Use botocore's own name of it, for example dynamodb, dynamodbstreams, cloudwatch.",
            )
    unwanted = {path.name for path in (folder / _MODELS).glob("*")} - {*services}
    for relative, path in _walk(folder, {_MODELS: unwanted}):
        is_example = relative.startswith(f"{_MODELS}/") and path.name.startswith("examples-")
        if not is_example:
            yield relative, path


def _walk(folder: Path, unwanted: Mapping[str, Collection[str]]) -> Iterator[tuple[str, Path]]:
    """Yield a folder's files as (posix path, file), sorted, without byte code and tests.

    Parameters
    ----------
    unwanted
        The folders that are not entered, by the folder that they are in.
    """
    for base, folders, names in os.walk(folder):
        inside = base[len(str(folder)) + 1 :].replace(os.sep, "/")
        folders[:] = sorted({*folders} - _IGNORED_FOLDERS - {*unwanted.get(inside, ())})
        start = f"{inside}/" if inside else ""
        for name in sorted(names):
            path = Path(base, name)
            if path.suffix not in _IGNORED_SUFFIXES:
                yield start + name, path


def _digests_of(libraries: Path) -> Path:
    """Return where the digests of a dependency folder's files are kept: beside the folders."""
    return libraries.parent.parent / "bundle-digests" / f"{libraries.name}.json"


def _digest(contents: Mapping[str, str]) -> str:
    whole = hashlib.sha256()
    for relative in sorted(contents):
        whole.update(f"{relative}\0{contents[relative]}\n".encode())
    return whole.hexdigest()


def _place(files: dict[str, Path], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as scratch:
        folder = Path(scratch) / "bundle"
        for relative, origin in files.items():
            copy = folder / relative
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, copy)
            copy.chmod(0o644)
            os.utime(copy, (_EPOCH, _EPOCH))
        _move(folder, path)


def _move(folder: Path, path: Path) -> None:
    """Put a finished folder in its place; another process may have been quicker."""
    try:
        folder.rename(path)
    except OSError:
        if not path.is_dir():
            raise


def _drop_old(folder: Path, pattern: str) -> None:
    """Delete all but the latest few bundles: every edit of a handler makes a new one."""
    newest_first = sorted(folder.glob(pattern), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in newest_first[_KEPT_BUNDLES:]:
        shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
    _forget_byte_code(path)


def _forget(path: Path) -> None:
    path.unlink()
    _forget_byte_code(path)


def _forget_byte_code(path: Path) -> None:
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink(missing_ok=True)


def main() -> None:
    """Prepare the cache, and say what each bundle weighs (called by set-up)."""
    try:
        prepare()
        for system in systems():
            for extra in ("", *extras(system)):
                made = bundle(system, target=Target.LAMBDA, requirements=extra)
                what = f"{system} with {extra}" if extra else system
                print(f"set-up: bundle of {what}: {size(made.path) / 1e6:.1f} MB unzipped")
    except BundlingError as error:
        sys.exit(f"set-up: {error}")


if __name__ == "__main__":
    main()
