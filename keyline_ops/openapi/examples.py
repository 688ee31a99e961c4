"""Examples of bodies: what the route gives, or what the examples of a Struct's fields make up."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from keyline.errors import KeylineError
from keyline.http import HttpError, description_of, problem_of
from keyline.wording import Wording
from keyline_ops.openapi.operations import Operation
from keyline_ops.openapi.schemas import Schemas


def example_of(operation: Operation, schemas: Schemas) -> Any:
    """Return a body that the operation takes; None if nobody has said one.

    Raises
    ------
    KeylineError
        If the example does not fit the type.
    """
    given = operation.handler.options.example
    example = _made_up(operation.body, schemas) if given is None else given
    if example is None:
        return None
    try:
        msgspec.json.decode(msgspec.json.encode(example), type=operation.body)
    except msgspec.ValidationError as error:
        inner, message, _ = Wording(operation.body).fault(error)
        place = f"{operation.route.method} {operation.route.path}: example"
        raise KeylineError(
            f"{place}.{inner}" if inner else place,
            message,
            "Correct the example: readers send it as it is.",
        ) from error
    return example


def problem_example(status: int) -> dict[str, Any]:
    """Return a problem document of a status, as an App answers it."""
    error = HttpError(status, "", description_of(HTTPStatus(status)))
    found: dict[str, Any] = msgspec.to_builtins(problem_of(error, "JKJaXmPLvHcESHA="))
    return found


def _made_up(body: Any, schemas: Schemas) -> dict[str, Any] | None:
    """Return a body of every field that has an example; None if a required one has none."""
    if not (isinstance(body, type) and issubclass(body, msgspec.Struct)):
        return None
    found: dict[str, Any] = {}
    for name, schema, required in schemas.fields_of(body):
        parts = (schema, *schema.get("anyOf", ()))
        examples = [each for part in parts for each in part.get("examples", ())]
        if examples:
            found[name] = examples[0]
        elif required:
            return None
    return found or None
