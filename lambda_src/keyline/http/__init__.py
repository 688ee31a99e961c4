"""The HTTP door: typed handlers behind API Gateway's HTTP API, errors as problem documents.

Import names from here. The modules below this package may change at any time.

Handlers
    App holds the handlers of a function. Caller and Client say who calls; Response adds headers
    to an answer. MAX_BODY is the most bytes of a body where a route does not say.
Versions and repeated requests
    IfMatch is the version that a request is for; versioned answers with the version of an item.
    replayed marks an answer that an earlier try of the request had, where it had an
    `IdempotencyKey` (keyline.idempotency).
Claims of the caller's token
    id_claim and list_claim read one. has_mark tells whether a token has one of a setting's marks:
    a group, a scope, an application. require_mark refuses a caller without them, and
    require_access_token a token of another use.
Errors
    HttpError is an error with a status; missing makes the one of what is not found. Refusal says
    how an App answers an error of the system's own; Refusals maps classes of errors to them.

For tools that document an API:

    Registered is a route with its handler. HEADER_ARGUMENTS are the headers that one may take,
    each a RequestHeader; REPLAYED is the header of a repeated answer. Problem is a problem
    document, PROBLEM_JSON its content type, JSON that of the other answers. problem_of makes the
    document of an error. phrase_of names a status, and description_of says what it means.
"""

from keyline.http.app import App, Registered
from keyline.http.claims import (
    has_mark,
    id_claim,
    list_claim,
    require_access_token,
    require_mark,
)
from keyline.http.headers import HEADER_ARGUMENTS, RequestHeader
from keyline.http.json_text import JSON
from keyline.http.problem import CONTENT_TYPE as PROBLEM_JSON
from keyline.http.problem import (
    HttpError,
    Problem,
    Refusal,
    Refusals,
    description_of,
    missing,
    phrase_of,
    problem_of,
)
from keyline.http.request import MAX_BODY, Caller, Client
from keyline.http.response import REPLAYED, Response, replayed
from keyline.http.versions import IfMatch, versioned

__all__ = [
    "HEADER_ARGUMENTS",
    "JSON",
    "MAX_BODY",
    "PROBLEM_JSON",
    "REPLAYED",
    "App",
    "Caller",
    "Client",
    "HttpError",
    "IfMatch",
    "Problem",
    "Refusal",
    "Refusals",
    "Registered",
    "RequestHeader",
    "Response",
    "description_of",
    "has_mark",
    "id_claim",
    "list_claim",
    "missing",
    "phrase_of",
    "problem_of",
    "replayed",
    "require_access_token",
    "require_mark",
    "versioned",
]
