"""The options of one system's import: `--set NAME=VALUE`, typed by the system's struct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from keyline.errors import KeylineError, instead_of
from keyline.wording import Wording

OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)


def options_of(texts: Sequence[str], kind: type[OptionsT]) -> OptionsT:
    """Read options; a later one of the same name counts.

    Raises
    ------
    KeylineError
        If one is not NAME=VALUE, there is no option of that name, or the value is not right.
    """
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    given: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise KeylineError(f"--set {text}", "is not NAME=VALUE.", instead_of(name, types))
        if name not in types:
            raise KeylineError(f"--set {name}", "is not an option here.", instead_of(name, types))
        try:
            value.encode()
            given[name] = msgspec.convert(value, types[name], strict=False)
        except UnicodeEncodeError as error:
            raise KeylineError(
                f"--set {name}", f"{value!r} is not UTF-8 text.", "Write text that UTF-8 has."
            ) from error
        except msgspec.ValidationError as error:
            _, said, _ = Wording(types[name], texts=True).fault(error)
            raise KeylineError(f"--set {name}", said, described(kind)[name]) from error
    return msgspec.convert(given, kind)


def described(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the description of each option."""
    _, components = msgspec.json.schema_components([kind])
    properties = components[kind.__name__]["properties"]
    return {name: schema.get("description", "") for name, schema in properties.items()}
