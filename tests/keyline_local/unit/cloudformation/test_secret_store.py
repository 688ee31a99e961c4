from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline_local.cloudformation.secret_store import SecretStore, generate
from keyline_local.host.errors import LocalPlatformError


def test_a_generated_secret_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secrets.json"
    properties = {"GenerateSecretString": {"PasswordLength": 40}}
    first = SecretStore(file).value("Data/Key", properties)
    assert len(first) == 40
    assert SecretStore(file).value("Data/Key", properties) == first
    assert SecretStore(file).value("Data/Other", properties) != first


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    SecretStore(file).value("Data/Key", {"GenerateSecretString": {}})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_template_carries_the_generated_key() -> None:
    spec = {"SecretStringTemplate": '{"username": "app"}', "GenerateStringKey": "password"}
    value = json.loads(SecretStore().value("Data/Key", {"GenerateSecretString": spec}))
    assert value["username"] == "app"
    assert len(value["password"]) == 32


def test_a_written_secret_is_taken_as_it_is() -> None:
    assert SecretStore().value("Data/Key", {"SecretString": "given"}) == "given"


def test_a_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text("{")
    with pytest.raises(LocalPlatformError, match="damaged"):
        SecretStore(file)
    assert file.read_text() == "{"


@pytest.mark.parametrize("template", ["[1]", "no json"])
def test_a_template_must_be_an_object(template: str) -> None:
    spec = {"SecretStringTemplate": template, "GenerateStringKey": "k"}
    with pytest.raises(LocalPlatformError, match="not a JSON object"):
        SecretStore().value("Data/Key", {"GenerateSecretString": spec})


@given(
    length=st.integers(4, 80),
    excluded=st.text("abcXYZ019!$", max_size=8),
    punctuation=st.booleans(),
)
def test_a_password_keeps_to_its_specification(
    length: int, excluded: str, punctuation: bool
) -> None:
    spec = {
        "PasswordLength": length,
        "ExcludeCharacters": excluded,
        "ExcludePunctuation": not punctuation,
    }
    password = generate(spec, "path")
    assert len(password) == length
    assert not set(password) & set(excluded)
    assert any(c.islower() for c in password)
    assert any(c.isupper() for c in password)
    assert any(c.isdigit() for c in password)
    assert any(not c.isalnum() for c in password) == punctuation


def test_an_impossible_password_is_refused() -> None:
    with pytest.raises(LocalPlatformError, match="no password"):
        generate({"PasswordLength": 2}, "Data/Key")
