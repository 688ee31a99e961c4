"""An HTTP API that lets nobody in without a token, and logs nobody's data."""

from __future__ import annotations

import json
from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline.model import System, deployment, http_headers
from keyline.moments import DAY_SECONDS
from keyline_cdk.alarm import add_alarm, add_filled_alarm
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.level_one import level_one
from keyline_cdk.log_group import log_group
from keyline_cdk.metrics import refused_percent, request_latency, server_errors
from keyline_deploy.data_points import DataPoints, hour_or_day, judged
from keyline_deploy.environment import Auth, Environment
from keyline_deploy.names import api_name, pascal
from keyline_deploy.rates import runs_of

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "error": "$context.error.message",
    "authorizerError": "$context.authorizer.error",
}
"""What is logged of a request. The route, not the path, which may name a person; neither
address nor agent nor subject."""

_FEW_REQUESTS = 20
"""Requests of a period below which a share of them says nothing."""

_STEADY = DataPoints(3, 5)
"""What is judged of an API that is called steadily."""


class HttpApi(Construct):
    """Every route of a system's functions, each with the authorizer.

    There is no default route: what is not declared is 404, and costs no invocation. A route's
    permission to invoke its function holds for the path of that route alone.

    Parameters
    ----------
    functions
        The functions; those without routes are left out.
    topic
        Who is told when many requests are refused.
    auth
        Whose tokens are taken; the environment says it unless it is given.

    Attributes
    ----------
    trouble
        The alarms on failed and slow answers. These alarms tell nobody by themselves.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        system: System,
        functions: Iterable[HandlerFunction],
        environment: Environment,
        topic: sns.ITopic,
        auth: Auth | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._name = api_name(system.name, environment.name)
        self._requests = sum(runs_of(system, f) for f in system.functions if f.routes)
        methods = {r.method for f in system.functions for r in f.routes}
        self.resource = apigateway.HttpApi(
            self,
            "Api",
            api_name=self._name,
            description=system.title,
            create_default_stage=False,
            cors_preflight=_cors(environment, methods),
        )
        self._build_stage(environment)
        authorizer = self._build_authorizer(auth or environment.auth)
        for function in functions:
            self._add_routes(function, authorizer)
        self._add_refusal_alarm(environment, topic)
        self.trouble = [self._add_error_alarm(), self._add_latency_alarm(environment)]

    def _add_error_alarm(self) -> cloudwatch.Alarm:
        points = judged(_STEADY, self._requests)
        return add_alarm(
            self,
            "ServerErrors",
            metric=server_errors(self.resource.api_id),
            above=0,
            runbook="an-api-answers-5xx",
            points=points,
            why=f"The API {self._name} has answered with 5xx {points}. The functions' logs tell"
            " why, by request id.",
            topic=None,
        )

    def _add_latency_alarm(self, environment: Environment) -> cloudwatch.Alarm:
        limit = environment.alarms.api_latency_p99_ms
        points = judged(_STEADY, self._requests, rarely=DAY_SECONDS)
        return add_alarm(
            self,
            "Latency",
            metric=request_latency(self.resource.api_id, "p99"),
            above=limit,
            points=points,
            runbook="an-api-is-slow",
            why=f"One request in a hundred of {self._name} has waited more than {limit:g} ms for"
            f" its answer {points}.",
            topic=None,
        )

    def _add_refusal_alarm(self, environment: Environment, topic: sns.ITopic) -> None:
        percent = environment.alarms.refused_percent
        enough = self._requests / _FEW_REQUESTS  # a share needs so many requests
        points = judged(DataPoints(5, 5), enough, rarely=hour_or_day(enough))
        add_filled_alarm(
            self,
            "RefusedRequests",
            metric=refused_percent(
                self.resource.api_id, _FEW_REQUESTS, cdk.Duration.seconds(points.seconds)
            ),
            above=percent,
            points=points,
            runbook="an-api-refuses-requests",
            why=f"The API {self._name} has refused more than {percent:g} % of its requests with"
            f" 4xx {points}: a client is wrong, tokens are refused, or somebody tries.",
            topic=topic,
        )

    @property
    def url(self) -> str:
        """The address that the routes' paths follow, without a slash at its end."""
        return self.resource.api_endpoint

    def _build_stage(self, environment: Environment) -> apigateway.HttpStage:
        # the prefix keeps API Gateway from growing the account's log resource policy
        name = f"/aws/vendedlogs/http-api/{self._name}"
        group = log_group(self, "AccessLog", name=name, environment=environment)
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.resource,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=environment.api.rate, burst_limit=environment.api.burst
            ),
        )
        resource = level_one(stage, apigateway.CfnStage)
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            # without the `:*` at the end of the group's own attribute, which names its streams
            destination_arn=cdk.Stack.of(self).format_arn(
                service="logs",
                resource="log-group",
                resource_name=group.log_group_name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            ),
            format=json.dumps(ACCESS_LOG),
        )
        return stage

    def _build_authorizer(self, auth: Auth) -> authorizers.HttpJwtAuthorizer:
        return authorizers.HttpJwtAuthorizer(
            "Jwt",
            auth.issuer,
            jwt_audience=[auth.audience],
            authorizer_name=f"{self._name}-jwt",
        )

    def _add_routes(
        self, function: HandlerFunction, authorizer: authorizers.HttpJwtAuthorizer
    ) -> None:
        integration = integrations.HttpLambdaIntegration(
            pascal(function.declared.name), function.entry
        )
        for route in function.declared.routes:
            apigateway.HttpRoute(
                self,
                deployment.route_id(route),
                http_api=self.resource,
                route_key=apigateway.HttpRouteKey.with_(
                    route.path, apigateway.HttpMethod(route.method)
                ),
                integration=integration,
                authorizer=authorizer,
                authorization_scopes=[route.scope] if route.scope else None,
            )


def _cors(
    environment: Environment, methods: Iterable[str]
) -> apigateway.CorsPreflightOptions | None:
    origins = environment.api.cors_origins
    if not origins:
        return None
    return apigateway.CorsPreflightOptions(
        allow_origins=[*origins],
        allow_methods=[apigateway.CorsHttpMethod(method) for method in sorted(methods)],
        allow_headers=[*http_headers.REQUEST_HEADERS],
        expose_headers=[*http_headers.RESPONSE_HEADERS],
        max_age=cdk.Duration.seconds(http_headers.PREFLIGHT_SECONDS),
    )
