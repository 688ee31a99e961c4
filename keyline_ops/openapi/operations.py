"""One operation of an API: what a registered handler takes and answers."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from keyline.errors import KeylineError
from keyline.http import HEADER_ARGUMENTS, Registered, RequestHeader, Response
from keyline.model import Function, Route
from keyline_ops.openapi.docstrings import Docstring

_PATH_PARAMETER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Operation:
    """A route with its handler, and the function that it is a part of."""

    function: Function
    route: Route
    handler: Registered

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The types of the handler's arguments, and of what it returns."""
        return get_type_hints(self.handler.function, include_extras=True)

    @cached_property
    def doc(self) -> Docstring:
        """Return what the handler's docstring says."""
        return Docstring.of(self.handler.function.__doc__)

    @property
    def id(self) -> str:
        """A name that no other operation of the system has: `readConversation`."""
        words = f"{self.function.name}_{self.handler.function.__name__}".replace("-", "_")
        first, *rest = [word for word in words.split("_") if word]
        return first + "".join(word.capitalize() for word in rest)

    @property
    def path_parameters(self) -> dict[str, Any]:
        """The types of the parameters by name."""
        return {name: self.hints[name] for name in _PATH_PARAMETER.findall(self.route.path)}

    @property
    def query(self) -> type[msgspec.Struct] | None:
        """The Struct of the query parameters, if the handler takes any."""
        return self.hints.get("query")

    @property
    def headers(self) -> list[RequestHeader]:
        """The headers that the handler takes."""
        return [header for name, header in HEADER_ARGUMENTS.items() if name in self.hints]

    @property
    def is_versioned(self) -> bool:
        """Return whether a successful answer is about one item that has a version."""
        answer = self.answer
        is_struct = isinstance(answer, type) and issubclass(answer, msgspec.Struct)
        return is_struct and "version" in answer.__struct_fields__

    @property
    def takes_body(self) -> bool:
        return "body" in self.hints

    @property
    def body(self) -> Any:
        """The type of the body."""
        return self.hints["body"]

    @cached_property
    def answer(self) -> Any:
        """The type of a successful answer's body; NoneType where it never has one.

        Raises
        ------
        KeylineError
            If the handler does not say what it returns.
        """
        returned = self.hints.get("return", Response)
        if get_origin(returned) is Response:
            (returned,) = get_args(returned)
        if returned is Response:
            name = f"{self.handler.function.__module__}.{self.handler.function.__qualname__}"
            raise KeylineError(
                name, "does not say what it answers.", "Annotate it: -> Note, or -> Response[Note]."
            )
        return returned

    @property
    def answers(self) -> Iterator[tuple[int, Any]]:
        """The statuses of success, each with the type of its body."""
        options = (self.answer,)
        if get_origin(self.answer) in (Union, types.UnionType):
            options = get_args(self.answer)
        if types.NoneType in options:
            yield HTTPStatus.NO_CONTENT, types.NoneType
        if options != (types.NoneType,):
            yield self.handler.options.status, self.answer

    @property
    def problems(self) -> list[int]:
        """The statuses that refuse a request, which follow from what the route is.

        What cannot be seen in a signature is taken as possible. A path with parameters names what
        may be missing. A handler that takes `caller` may refuse the caller, and a function that may
        write can meet a conflict.
        """
        found = {
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.TOO_MANY_REQUESTS,  # every stage has a throttle
            HTTPStatus.INTERNAL_SERVER_ERROR,
            HTTPStatus.SERVICE_UNAVAILABLE,
            *self.handler.options.problems,
        }
        if self.path_parameters or self.query or self.takes_body:
            found.add(HTTPStatus.BAD_REQUEST)
        if self.route.scope or "caller" in self.hints:
            found.add(HTTPStatus.FORBIDDEN)
        if self.path_parameters:
            found.add(HTTPStatus.NOT_FOUND)
        if self.takes_body:
            found |= {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
        if self.handler.can_ask_for_less:
            found.add(HTTPStatus.UNPROCESSABLE_ENTITY)  # the answer may be too large
        if "key" in self.hints:
            found |= {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
        if "if_match" in self.hints:
            found |= {HTTPStatus.BAD_REQUEST, HTTPStatus.PRECONDITION_FAILED}
        if self.route.method != "GET" and any(p.writes for p in self.function.patterns):
            found.add(HTTPStatus.CONFLICT)
        return sorted(found)

    @property
    def types(self) -> Iterator[Any]:
        """Every type that a schema is needed of."""
        yield from self.path_parameters.values()
        if self.query:
            yield self.query
        yield from (header.type for header in self.headers)
        if self.takes_body:
            yield self.body
        yield from (answer for _, answer in self.answers if answer is not types.NoneType)
