"""The HTTP door: typed handlers behind API Gateway's HTTP API, errors as problem documents.

Import names from here. The modules below this package may change at any time.

Handlers
    App holds the handlers of a function. Caller and Client say who calls; Response adds headers
    to an answer. MAX_BODY is the most bytes of a body where a route does not say.
Claims of the caller's token
    id_claim and list_claim read one. has_mark tells whether a token has one of a setting's marks:
    a group, a scope, an application. require_mark refuses a caller without them, and
    require_access_token a token of another use.
Errors
    HttpError is an error with a status; missing makes the one of what is not found. Refusal says
    how an App answers an error of the system's own; Refusals maps classes of errors to them.

For tools that document an API:

    Registered is a route with its handler. Problem is a problem document, PROBLEM_JSON its
    content type, JSON that of the other answers. problem_of makes the document of an error, and
    phrase_of names a status.
"""

from keyline.http.app import App, Registered
from keyline.http.claims import (
    has_mark,
    id_claim,
    list_claim,
    require_access_token,
    require_mark,
)
from keyline.http.json_text import JSON
from keyline.http.problem import CONTENT_TYPE as PROBLEM_JSON
from keyline.http.problem import (
    HttpError,
    Problem,
    Refusal,
    Refusals,
    missing,
    phrase_of,
    problem_of,
)
from keyline.http.request import MAX_BODY, Caller, Client
from keyline.http.response import Response

__all__ = [
    "JSON",
    "MAX_BODY",
    "PROBLEM_JSON",
    "App",
    "Caller",
    "Client",
    "HttpError",
    "Problem",
    "Refusal",
    "Refusals",
    "Registered",
    "Response",
    "has_mark",
    "id_claim",
    "list_claim",
    "missing",
    "phrase_of",
    "problem_of",
    "require_access_token",
    "require_mark",
]
