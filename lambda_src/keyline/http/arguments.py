"""The arguments that a handler's signature asks of a request, worked out once at registration."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from keyline.errors import DeclarationError
from keyline.http.json_in import Json, decode, json_fault, text_reader
from keyline.http.problem import HttpError
from keyline.http.request import BodyRules, Caller, Client, Request
from keyline.http.versions import IfMatch
from keyline.idempotency import IdempotencyKey
from keyline.inputs import PathId
from keyline.wording import SAYS, Wording, without_words

Reader = Callable[[Request], Any]

_PATH_PARAMETER = re.compile(r"{(\w+)\+?}")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_SEGMENT, _SEGMENT_WORDING = msgspec.json.Decoder(PathId), Wording(PathId, texts=True)


class Arguments(msgspec.Struct, frozen=True):
    """The readers of a handler's arguments.

    Attributes
    ----------
    readers
        By argument name.
    """

    readers: Mapping[str, Reader]

    def read(self, request: Request) -> dict[str, Any]:
        """Return the arguments of one call.

        Raises
        ------
        HttpError
            If the request does not hold what the handler asks for.
        """
        return {name: reader(request) for name, reader in self.readers.items()}


def arguments_of(
    function: Callable[..., Any], method: str, path: str, rules: BodyRules, where: str
) -> Arguments:
    """Work out how a handler's arguments are read.

    Parameters
    ----------
    path
        The route's path, with parameters in braces.
    rules
        Which bodies the route takes.
    where
        How errors name the handler.

    Raises
    ------
    DeclarationError
        If a request cannot give an argument, or a path parameter has no argument.
    """
    hints = _hints(function, where)
    in_path = tuple(_PATH_PARAMETER.findall(path))
    arguments = inspect.signature(function).parameters
    for name in in_path:
        if name not in arguments:
            raise DeclarationError(
                f"{where}.{name}", f"{path} has it, the handler does not.", f"Add {name}: str."
            )
    return Arguments(
        {
            name: _reader(name, hints.get(name), in_path, method, rules, f"{where}.{name}")
            for name in arguments
        }
    )


def _hints(function: Callable[..., Any], where: str) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise DeclarationError(
            where, f"{error}.", "Import the types of its arguments where it is defined."
        ) from error


def _reader(
    name: str, annotation: Any, in_path: Sequence[str], method: str, rules: BodyRules, where: str
) -> Reader:
    if annotation is None:
        raise DeclarationError(where, "has no type.", f"Annotate it: {name}: str.")
    if name in in_path:
        return _path_reader(name, annotation, where)
    if name == "caller" and annotation is Caller:
        return Request.caller
    if name == "client" and annotation is Client:
        return Request.client
    if name == "if_match" and annotation is IfMatch:
        return Request.if_match
    if name == "key" and annotation == IdempotencyKey | None:
        return Request.idempotency_key
    if name == "query" and _is_struct(annotation):
        return _query_reader(annotation, where)
    if name == "body" and method in _BODY_METHODS:
        return _body_reader(annotation, rules, where)
    raise DeclarationError(
        where,
        f"is not a value that a {method} request gives.",
        "Use a path parameter by its name, body (POST, PUT, PATCH), query: a Struct, "
        "caller: Caller, client: Client, if_match: IfMatch or key: IdempotencyKey | None.",
    )


def _path_reader(name: str, annotation: Any, where: str) -> Reader:
    """Read a parameter of the path: whatever its type, it is what an address can name."""
    _check_type(annotation, where)
    decoder, as_json = msgspec.json.Decoder(annotation), text_reader(annotation)
    wording, path = Wording(annotation, texts=True), f"path.{name}"

    def read(request: Request) -> Any:
        text = request.path_parameters.get(name, "")
        _from_text(_SEGMENT, text, path, _SEGMENT_WORDING)
        return _from_text(decoder, as_json(text), path, wording)

    return read


def _query_reader(shape: type[msgspec.Struct], where: str) -> Reader:
    _check_type(shape, where)
    decoder = msgspec.json.Decoder(shape)
    fields = msgspec.structs.fields(shape)
    many = {f.encode_name for f in fields if _takes_many(f.type)}
    as_json = {f.encode_name: text_reader(f.type) for f in fields}
    wording = Wording(shape, texts=True)

    def read(request: Request) -> Any:
        given: dict[str, Json | list[Json]] = {}
        for name, values in request.query().items():
            if name not in many and len(values) > 1:
                raise HttpError(
                    HTTPStatus.BAD_REQUEST, f"query.{name}", "is given twice.", "Give it once."
                )
            texts = list(map(as_json.get(name, str), values))
            given[name] = texts if name in many else texts[0]
        return _from_text(decoder, given, "query", wording)

    return read


def _body_reader(annotation: Any, rules: BodyRules, where: str) -> Reader:
    _check_type(annotation, where)
    decoder, wording = msgspec.json.Decoder(annotation), Wording(annotation)

    def read(request: Request) -> Any:
        content = request.json_body(rules)
        try:
            return decode(decoder, content)
        except msgspec.ValidationError as error:
            raise _refusal(error, "body", wording) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, "body", *json_fault(error, content)) from error
        except RecursionError as error:
            raise HttpError(
                HTTPStatus.BAD_REQUEST, "body", "is nested too deeply.", "Send flatter data."
            ) from error

    return read


def _from_text(
    decoder: msgspec.json.Decoder[Any], given: object, where: str, wording: Wording
) -> Any:
    """Return parameters as the values that the decoder's type says."""
    try:
        return decode(decoder, msgspec.json.encode(given))
    except msgspec.ValidationError as error:
        raise _refusal(error, where, wording) from error
    except UnicodeEncodeError as error:
        raise HttpError(
            HTTPStatus.BAD_REQUEST, where, "is not UTF-8.", "Percent-encode UTF-8 text."
        ) from error


def _refusal(error: msgspec.ValidationError, where: str, wording: Wording) -> HttpError:
    """Return what a validation error says as path, message and suggestion."""
    inner, message, suggestion = wording.fault(error)
    separator = "" if inner.startswith("[") or not inner else "."
    return HttpError(HTTPStatus.BAD_REQUEST, f"{where}{separator}{inner}", message, suggestion)


def _check_type(annotation: Any, where: str) -> None:
    try:
        msgspec.json.Decoder(annotation)
    except TypeError as error:
        raise DeclarationError(
            where, f"{annotation!r} cannot be decoded: {error}.", "Use a type msgspec knows."
        ) from error
    for pattern in without_words(annotation):
        raise DeclarationError(
            where,
            f"the pattern {pattern!r} has no words for clients.",
            f'Add them beside it: Meta(pattern=..., extra={{{SAYS!r}: "of the letters a to z"}}).',
        )


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def _takes_many(annotation: Any) -> bool:
    """Return whether a query parameter of this type may be given several times."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _takes_many(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return any(_takes_many(member) for member in get_args(annotation))
    return (origin or annotation) in (list, tuple, set, frozenset)
