"""A system's HTTP handlers: registered by route, called with typed arguments.

API Gateway has matched the route before a function is invoked, and says so in `routeKey`. So
nothing is matched here: a path comes percent-decoded, and where a parameter holds a slash or a
question mark it would match no route (docs/adr/0026-routes-by-their-key.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypedDict, TypeVar, Unpack

import msgspec
from aws_lambda_powertools import Logger

from keyline import payload
from keyline.errors import DeclarationError, closest
from keyline.http import doubt, problem
from keyline.http.answer import Answer
from keyline.http.arguments import Arguments, arguments_of
from keyline.http.headers import IF_MATCH
from keyline.http.json_text import JSON, encode
from keyline.http.request import MAX_BODY, BodyRules, Request
from keyline.http.response import Response
from keyline.model.system import Method, System
from keyline.run import VersionConflictError, meter

HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])
LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


class RouteOptions(TypedDict, total=False):
    """The options of a route.

    Attributes
    ----------
    status
        The status of a successful response; it is 200 if nothing is said. A response without a
        body has 204 anyway.
    problems
        Statuses of refusals that the route's form does not imply, such as a 404 for what the body
        names; for the OpenAPI document.
    """

    status: int
    problems: Sequence[int]


class BodyOptions(RouteOptions, total=False):
    """The options of a route that takes a body.

    Attributes
    ----------
    max_body
        Bytes; MAX_BODY if nothing is said.
    any_type
        Whether a body is read as JSON whatever its content type says: curl calls what it is given
        with `-d` a form. False if nothing is said.
    example
        A body that can be sent as it is, as JSON data; for the OpenAPI document.
    """

    max_body: int
    any_type: bool
    example: Any


class Options(msgspec.Struct, frozen=True):
    """The options of a route with their defaults; see `BodyOptions`."""

    status: int = HTTPStatus.OK
    problems: Sequence[int] = ()
    max_body: int = MAX_BODY
    any_type: bool = False
    example: Any = None

    @property
    def rules(self) -> BodyRules:
        """Return which bodies the route takes."""
        return BodyRules(self.max_body, self.any_type)


class Registered(msgspec.Struct, frozen=True):
    """A route with its handler.

    Attributes
    ----------
    takes
        The names of the handler's arguments.
    """

    method: Method
    path: str
    options: Options
    function: Callable[..., Any]
    arguments: Arguments

    @property
    def can_ask_for_less(self) -> bool:
        """Return whether the query of a request says how much is read."""
        return self.method == "GET" and "query" in self.arguments.readers

    def too_large(self, size: int) -> problem.AnswerTooLargeError:
        """Return the error of an answer of so many bytes."""
        return problem.AnswerTooLargeError(
            size, can_ask_for_less=self.can_ask_for_less, reads=self.method == "GET"
        )


class App:
    """The HTTP API of a system, or the part of it that one function serves.

    Parameters
    ----------
    system
        The system that declares the routes.
    logger
        Where requests are logged; Powertools' logger of the function's environment if None.
    refusals
        How errors of the system's own are answered, by their class. Such an error knows
        nothing of HTTP, and its message and suggestion are told to the client.

    Examples
    --------
    >>> app = App(SYSTEM)
    >>> @app.get("/modules/{moduleId}/messages")
    ... def by_module(moduleId: int, query: Period, caller: Caller) -> MessagePage: ...
    >>> handler = app.handler
    """

    def __init__(
        self,
        system: System,
        logger: Logger | None = None,
        *,
        refusals: problem.Refusals | None = None,
    ) -> None:
        self._system = system
        self._refusals = refusals or {}
        self._declared = {f"{r.method} {r.path}": f for f in system.functions for r in f.routes}
        self._registered: dict[str, Registered] = {}
        self._logger = logger or Logger(service=system.name)

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerT], HandlerT]:
        """Register the handler of a GET route; see `RouteOptions`."""
        return self._route("GET", path, Options(**options))

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[HandlerT], HandlerT]:
        """Register the handler of a DELETE route; see `RouteOptions`."""
        return self._route("DELETE", path, Options(**options))

    def post(self, path: str, **options: Unpack[BodyOptions]) -> Callable[[HandlerT], HandlerT]:
        """Register the handler of a POST route; see `BodyOptions`."""
        return self._route("POST", path, Options(**options))

    def put(self, path: str, **options: Unpack[BodyOptions]) -> Callable[[HandlerT], HandlerT]:
        """Register the handler of a PUT route; see `BodyOptions`."""
        return self._route("PUT", path, Options(**options))

    def patch(self, path: str, **options: Unpack[BodyOptions]) -> Callable[[HandlerT], HandlerT]:
        """Register the handler of a PATCH route; see `BodyOptions`."""
        return self._route("PATCH", path, Options(**options))

    @property
    def system(self) -> System:
        """The system whose routes these are."""
        return self._system

    @property
    def routes(self) -> Mapping[str, Registered]:
        """Return what is registered, by route: `GET /modules/{moduleId}/messages`."""
        return self._registered

    @property
    def handler(self) -> LambdaHandler:
        """The function that Lambda calls.

        Raises
        ------
        DeclarationError
            If a function whose routes are registered here has routes that are not.
        """
        served = {self._declared[route].name for route in self._registered}
        for route, function in self._declared.items():
            if function.name in served and route not in self._registered:
                raise DeclarationError(
                    f"{self._system.name}.functions[{function.name}].routes[{route}]",
                    "has no handler.",
                    "Register one, or drop the route.",
                )
        return self._handle

    def _route(self, method: Method, path: str, options: Options) -> Callable[[HandlerT], HandlerT]:
        route = f"{method} {path}"

        def register(function: HandlerT) -> HandlerT:
            where = f"{function.__module__}.{function.__qualname__}"
            self._check_route(route, where)
            arguments = arguments_of(function, method, path, options.rules, where)
            self._registered[route] = Registered(method, path, options, function, arguments)
            return function

        return register

    def _check_route(self, route: str, where: str) -> None:
        if route in self._registered:
            raise DeclarationError(where, f"{route} has a handler already.", "Drop one of them.")
        if route not in self._declared:
            close = closest(route, self._declared)
            raise DeclarationError(
                where,
                f"the system {self._system.name} declares no route {route}.",
                f"Did you mean {close}?" if close else "Declare it with its function.",
            )

    def _handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            return self._answered(Request(event), context).event()
        finally:
            meter.flush()

    def _answered(self, request: Request, context: Any) -> Answer:
        """Call the handler, turn its error into a problem document, and log the request."""
        started = time.perf_counter()
        failure: Exception | None = None
        try:
            answer = self._called(request)
            self._require_room(request, answer)
        except Exception as error:  # noqa: BLE001 - it is logged, and the client is answered
            failure = error
            answered = _precondition(problem.refused(error, self._refusals), request)
            answer = problem.answer(answered, request.id, request.places(), self._in_doubt(request))
        seconds = time.perf_counter() - started
        self._log(request, answer.status, seconds, failure, getattr(context, "aws_request_id", ""))
        return answer

    def _called(self, request: Request) -> Answer:
        registered = self._registered.get(request.route)
        if registered is None:
            raise _no_such_route()
        arguments = registered.arguments.read(request)
        return _answer(registered.function(**arguments), registered.options.status)

    def _require_room(self, request: Request, answer: Answer) -> None:
        """Refuse an answer that Lambda would not let out.

        Raises
        ------
        AnswerTooLargeError
            If it is too large.
        """
        size = payload.excess(answer.body or "")
        if size:
            raise self._registered[request.route].too_large(size)

    def _in_doubt(self, request: Request) -> str:
        route = self._registered.get(request.route)
        if route is None:
            return problem.READ_FIRST
        return doubt.suggestion(route.method, route.arguments.readers, request)

    def _log(
        self,
        request: Request,
        status: int,
        seconds: float,
        failure: Exception | None,
        function_request_id: str,
    ) -> None:
        """Write one line for a request, with nothing of what the client sent but the route."""
        fields: dict[str, Any] = {
            "route": request.route,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "request_id": request.id,
            "function_request_id": function_request_id,
        }
        if isinstance(failure, problem.AnswerTooLargeError):
            fields["answer_bytes"] = failure.size
        if failure is None:
            self._logger.info("request", extra=fields)
        elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._logger.info("request", extra=fields | {"problem": type(failure).__name__})
        else:
            self._logger.error("request", extra=fields, exc_info=failure)


def _precondition(error: Exception, request: Request) -> Exception:
    """Return the error, or 412 where the version that is not there stands in `If-Match`."""
    if not isinstance(error, VersionConflictError) or request.header(IF_MATCH) is None:
        return error
    return problem.HttpError(
        HTTPStatus.PRECONDITION_FAILED,
        f"headers.{IF_MATCH}",
        error.message,
        error.suggestion,
        members={"currentVersion": error.version},
    )


def _no_such_route() -> problem.HttpError:
    return problem.HttpError(
        HTTPStatus.NOT_FOUND, "path", "there is no such route.", "Check method and address."
    )


def _answer(result: Any, status: int) -> Answer:
    """Return the answer that says what a handler returned."""
    response = result if isinstance(result, Response) else Response(result)
    if response.body is None:
        return Answer(HTTPStatus.NO_CONTENT, response.headers)
    return Answer(status, response.headers, encode(response.body), JSON)
