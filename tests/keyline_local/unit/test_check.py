"""Test that what a start would refuse is refused before there is an assembly to start."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyline import variables
from keyline_local import Platform, Ports
from keyline_local.api.issuer import Issuer
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.process import LOOPBACK
from keyline_local.host.state_folder import state_locked


@pytest.fixture(autouse=True)
def _the_engine_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variables.DYNAMODB_ENDPOINT, raising=False)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something listens on."""
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        yield other.getsockname()[1]


def check(state: Path, ports: Ports | None = None) -> None:
    nowhere = state.parent / "no-assembly"
    Platform(root=state, assembly=nowhere, state=state, ports=ports).check()


def test_what_can_be_started_is_not_refused(tmp_path: Path) -> None:
    check(tmp_path / "new")
    check(tmp_path / "new", Ports().chosen())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("engine", "the port the engine needs is taken"),
        ("engine_mcp", "the port the engine's tool interface needs"),
        ("aws", "the port the server of the other AWS APIs needs"),
        ("cache", "the port the cache needs"),
        ("issuer", "the port the issuer needs"),
        ("api", "the port the first API needs"),
    ],
)
def test_a_taken_port_is_told_with_the_way_out(
    name: str, says: str, taken: int, tmp_path: Path
) -> None:
    with pytest.raises(LocalPlatformError, match=says) as raised:
        check(tmp_path, Ports(**{name: taken}, apis={}, advice="Move it."))
    assert raised.value.path == f"127.0.0.1:{taken}"
    assert raised.value.suggestion == "Move it."


def test_a_taken_port_of_an_api_names_it(taken: int, tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match="the port the API notes-local needs"):
        check(tmp_path, Ports(apis={"notes-local": taken}))


def test_the_ports_of_an_engine_that_runs_elsewhere_are_nobody_s(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variables.DYNAMODB_ENDPOINT, "http://127.0.0.1:1")
    check(tmp_path, Ports(engine=taken))


def test_a_state_folder_in_use_and_one_that_is_a_file_are_refused(tmp_path: Path) -> None:
    refused = pytest.raises(LocalPlatformError, match="another local platform")
    with state_locked(tmp_path / "state"), refused:
        check(tmp_path / "state")
    (tmp_path / "file").touch()
    with pytest.raises(LocalPlatformError, match="is not a folder"):
        check(tmp_path / "file")


@pytest.mark.parametrize("text", ["", "damaged", "-----BEGIN PRIVATE KEY-----\n"])
def test_a_damaged_key_is_told_with_the_way_out(text: str, tmp_path: Path) -> None:
    key = tmp_path / "issuer" / "issuer.pem"
    Issuer("http://127.0.0.1:1", key.parent)
    check(tmp_path)
    key.write_text(text)
    with pytest.raises(LocalPlatformError, match="the key that signs tokens is damaged") as raised:
        check(tmp_path)
    assert (raised.value.path, "Remove the file" in raised.value.suggestion) == (str(key), True)
    with pytest.raises(LocalPlatformError, match="is damaged"):
        Issuer("http://127.0.0.1:1", key.parent)


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "{broken"])
def test_damaged_secrets_are_told_with_the_way_out(text: str, tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(LocalPlatformError, match="is damaged") as raised:
        check(tmp_path)
    assert "Remove it" in raised.value.suggestion
