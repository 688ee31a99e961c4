"""Test how commands find the running platform, and what `up` refuses before it synthesizes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline.variables import PORT_OFFSET
from keyline_deploy.environment import load
from keyline_deploy.systems import names, systems
from keyline_local.testing import LOOPBACK
from keyline_ops import running
from keyline_ops.demo import run
from tests.support.commands import assert_refused, keyline


@pytest.fixture
def unsynthesized(monkeypatch: pytest.MonkeyPatch) -> None:
    async def synthesize(*_: object) -> bool:
        raise AssertionError("it was synthesized")

    monkeypatch.setattr(run, "bring_up_to_date", synthesize)


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["token"],
        ["sweep"],
        ["sweep", "--dry-run"],
        ["trigger", "rule"],
        ["invoke", "{system}", "{function}", "--event", "{file}"],
        ["tables"],
        ["count", "{table}"],
        ["verify"],
    ],
    ids=" ".join,
)
def test_a_state_folder_on_which_nothing_runs_is_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system, file = systems()[0], tmp_path / "event.json"
    file.write_text("{}")
    words = {
        "system": system.name,
        "function": system.functions[0].name,
        "table": system.tables[0].name,
        "file": str(file),
    }
    assert_refused([part.format(**words) for part in command], tmp_path, capsys)


def test_without_a_state_folder_the_declared_address_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LOCAL_STATE", tmp_path)
    monkeypatch.setenv(PORT_OFFSET, "100")
    local = load("local")
    assert local.local is not None
    assert running.local_issuer(local, None) == f"http://127.0.0.1:{local.local.issuer}"
    with pytest.raises(KeylineError, match="no local platform runs"):
        running.local_issuer(local, tmp_path)


def test_every_api_has_a_port_of_its_name() -> None:
    local = load("local")
    ports = running.local_ports(local)
    assert ports.apis == {f"{name}-local": port for name, port in local.api_ports(names()).items()}
    assert local.local is not None
    assert ports.servers == local.local.servers
    with pytest.raises(ValueError, match="dev is not the local environment"):
        running.local_ports(load("dev"))


def test_up_refuses_a_state_that_is_a_file_before_it_synthesizes(
    unsynthesized: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert keyline("up", "--free-ports", "--state", str(file)) == 2
    assert capsys.readouterr().err.startswith(f"{file}: is not a folder.")


def test_up_refuses_a_taken_port_before_it_synthesizes_and_says_where_ports_are_chosen(
    unsynthesized: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = running.local_ports(load("local"))
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        taken = other.getsockname()[1]
        offset = taken - declared.issuer
        assert offset > 0
        assert keyline("up", "--port-offset", str(offset), "--state", str(tmp_path)) == 2
    error = capsys.readouterr().err
    assert "is taken" in error
    for place in ("environments/local.toml [local]", "local.override.toml", "--port-offset"):
        assert place in error
    assert PORT_OFFSET not in os.environ
