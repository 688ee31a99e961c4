"""The HTTP door: typed handlers behind API Gateway's HTTP API, errors as problem documents."""

from aws_lambda_powertools.event_handler.api_gateway import Response

from keyline.http.app import App
from keyline.http.problem import HttpError
from keyline.http.request import MAX_BODY, Caller

__all__ = ["MAX_BODY", "App", "Caller", "HttpError", "Response"]
