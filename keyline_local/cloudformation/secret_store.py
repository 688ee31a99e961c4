"""Generated secrets that stay the same from one start of the platform to the next."""

from __future__ import annotations

import json
import os
import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from keyline_local.cloudformation.scalars import as_flag, as_text
from keyline_local.host.errors import LocalPlatformError

_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_DEFAULT_LENGTH = 32


class SecretStore:
    """Keeps generated passwords in a file that only its owner can read.

    Parameters
    ----------
    path
        The JSON file, or None to keep them in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._passwords: dict[str, str] = {}
        if path and path.exists():
            self._passwords = self._read(path)

    def value(self, key: str, properties: Mapping[str, Any]) -> str:
        """Return the value of an `AWS::SecretsManager::Secret`.

        Parameters
        ----------
        key
            Names the secret across restarts: stack and logical id.
        properties
            The resource's resolved properties; without SecretString and
            GenerateSecretString the value is generated with the service's defaults.

        Raises
        ------
        LocalPlatformError
            Nothing is left to generate from, or the string template is not a JSON object.
        """
        if "SecretString" in properties:
            return as_text(properties["SecretString"])
        spec = properties.get("GenerateSecretString", {})
        if key not in self._passwords:
            self._passwords[key] = generate(spec, key)
            self._write()
        if "GenerateStringKey" not in spec:
            return self._passwords[key]
        template = _template(spec, key)
        return json.dumps({**template, spec["GenerateStringKey"]: self._passwords[key]})

    def _read(self, path: Path) -> dict[str, str]:
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except msgspec.DecodeError as error:
            raise LocalPlatformError(
                str(path),
                f"the file of generated secrets is damaged: {error}",
                "remove it; new secrets are generated and old tokens and cursors end",
            ) from error

    def _write(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._passwords, file, indent=1)
        new.replace(self._path)


def generate(spec: Mapping[str, Any], path: str) -> str:
    """Return a random password as GetRandomPassword would for the specification."""
    excluded = set(spec.get("ExcludeCharacters", ""))
    kinds = {
        "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeUppercase": string.ascii_uppercase,
        "ExcludeNumbers": string.digits,
        "ExcludePunctuation": _PUNCTUATION,
    }
    allowed = [
        chars for exclude, chars in kinds.items() if not as_flag(spec.get(exclude, False), path)
    ]
    if as_flag(spec.get("IncludeSpace", False), path):
        allowed.append(" ")
    pools = [pool for chars in allowed if (pool := [c for c in chars if c not in excluded])]
    length = int(spec.get("PasswordLength", _DEFAULT_LENGTH))
    each = as_flag(spec.get("RequireEachIncludedType", True), path)
    if not pools or (each and length < len(pools)):
        raise LocalPlatformError(
            path,
            f"no password of {length} characters fits GenerateSecretString",
            "exclude less or make it longer",
        )
    required = [secrets.choice(pool) for pool in pools] if each else []
    every = [char for pool in pools for char in pool]
    chosen = required + [secrets.choice(every) for _ in range(length - len(required))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _template(spec: Mapping[str, Any], path: str) -> dict[str, Any]:
    text = spec.get("SecretStringTemplate", "{}")
    try:
        template = json.loads(text)
    except json.JSONDecodeError:
        template = None
    if not isinstance(template, dict):
        raise LocalPlatformError(
            f"{path}/GenerateSecretString/SecretStringTemplate",
            f"{text!r} is not a JSON object",
            'write one, such as {"username": "app"}',
        )
    return template
