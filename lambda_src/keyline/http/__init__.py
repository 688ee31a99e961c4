"""The HTTP door: typed handlers behind API Gateway's HTTP API, errors as problem documents."""

from keyline.http.app import App
from keyline.http.problem import HttpError, Refusal, missing
from keyline.http.request import MAX_BODY, Caller, Client
from keyline.http.response import Response

__all__ = ["MAX_BODY", "App", "Caller", "Client", "HttpError", "Refusal", "Response", "missing"]
