"""What a handler is registered with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from keyline.http.request import BodyRules
from keyline.model.system import Method


@dataclass(frozen=True)
class Options:
    """What is said of a route beside its path.

    Attributes
    ----------
    status
        Of a successful answer with a body.
    problems
        Statuses of refusals that the route's form does not imply; for its documentation.
    example
        A body that the route takes, as JSON data; for its documentation.
    """

    status: int = HTTPStatus.OK
    rules: BodyRules = field(default_factory=BodyRules)
    problems: tuple[int, ...] = ()
    example: Any = None


@dataclass(frozen=True)
class Registered:
    """A route with its handler."""

    method: Method
    path: str
    options: Options
    function: Callable[..., Any]
