"""Turns a cloud assembly into the deployment that the platform runs.

Every resource of every template is either realised, or of a type that means nothing on
one machine and listed as skipped, or refused by name.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from keyline_deploy.bundling import SOURCES
from keyline_local.cloudformation import other_resources
from keyline_local.cloudformation.assembly import (
    LOCAL_ACCOUNT,
    LOCAL_REGION,
    Assembly,
    read_assembly,
)
from keyline_local.cloudformation.http_apis import (
    AUTHORIZER,
    INTEGRATION,
    ROUTE,
    STAGE,
    api_names,
    function_of,
    http_apis,
)
from keyline_local.cloudformation.permissions import MANAGED_POLICY, POLICY, ROLE, role_statements
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import as_flag, as_text
from keyline_local.cloudformation.secret_store import SecretStore
from keyline_local.cloudformation.table_definitions import GLOBAL_TABLE, TABLE, tables
from keyline_local.cloudformation.templates import (
    HTTP_API,
    PARAMETER,
    SECRET,
    Resource,
    Templates,
    unsupported,
)
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.ports import Endpoints, Ports, endpoints
from keyline_local.resources import Deployment, Function, Queue, Schedule, Statement, StreamMapping

FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
VERSION = "AWS::Lambda::Version"
ALIAS = "AWS::Lambda::Alias"
MAPPING = "AWS::Lambda::EventSourceMapping"
RULE = "AWS::Events::Rule"

REALISED = frozenset(
    {
        *(TABLE, GLOBAL_TABLE),
        *(FUNCTION, LAYER, VERSION, ALIAS, MAPPING),
        *(ROLE, POLICY, MANAGED_POLICY),
        *(HTTP_API, STAGE, ROUTE, INTEGRATION, AUTHORIZER),
        *(RULE, PARAMETER, SECRET),
        *(
            other_resources.QUEUE,
            other_resources.TOPIC,
            other_resources.SUBSCRIPTION,
            other_resources.BUCKET,
        ),
    }
)
SKIPPED = frozenset(
    {
        # money, of which there is no bill here; alarms are evaluated by the platform itself
        "AWS::Budgets::Budget",
        "AWS::CE::AnomalyMonitor",
        "AWS::CE::AnomalySubscription",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::CDK::Metadata",
        # what Athena knows of a bucket: nothing here asks it
        "AWS::Glue::Database",
        "AWS::Glue::Table",
        # the platform shows logs itself
        "AWS::Logs::LogGroup",
        "AWS::Logs::QueryDefinition",
        # who may call: the platform itself makes these calls, over loopback
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)

_DEFAULT_TIMEOUT = 3.0  # seconds, AWS::Lambda::Function
_DEFAULT_MEMORY = 128  # MiB
_T = TypeVar("_T")
_NAMESPACE = uuid.UUID("5c9a4e0e-7a53-4d5f-9d0a-3b7a8f9d2c11")


def read_deployment(folder: Path, *, root: Path) -> Deployment:
    """Resolve the assembly in a folder with nothing of it running: its addresses lead nowhere.

    Parameters
    ----------
    root
        The project's folder; function sources are relative to it.

    Raises
    ------
    LocalPlatformError
        There is no assembly, or it cannot be run here.
    """
    assembly = read_assembly(folder)
    nowhere = endpoints(Ports(), apis=[0] * len(api_names(assembly)))
    return resolve_deployment(assembly, nowhere, root=root)


def resolve_deployment(
    assembly: Assembly,
    endpoints: Endpoints,
    *,
    root: Path,
    secrets: SecretStore | None = None,
    parameters: Mapping[str, str] | None = None,
    environment: str = "local",
) -> Deployment:
    """Resolve an assembly.

    Parameters
    ----------
    root
        The project's folder; function sources are relative to it.
    secrets
        Keeps generated secrets; in memory by default.
    parameters
        Values for template parameters and SSM parameters that no stack defines.

    Raises
    ------
    LocalPlatformError
        A resource type, property or intrinsic function is unsupported, or a name unknown.
    """
    templates = Templates(assembly, endpoints, secrets or SecretStore(), parameters)
    for scope in templates.scopes.values():
        scope.check()
    skipped = _skipped(templates)
    functions = _functions(templates, root)
    by_name = {function.name: function for function in functions}
    queues = other_resources.queues(templates)
    first = assembly.stacks[0] if assembly.stacks else None
    return Deployment(
        environment=environment,
        region=first.region if first else LOCAL_REGION,
        account=first.account if first else LOCAL_ACCOUNT,
        tables=tables(templates),
        functions=functions,
        apis=http_apis(templates, by_name),
        mappings=_mappings(templates, by_name, queues),
        schedules=_schedules(templates, by_name),
        outputs=templates.outputs(),
        skipped=skipped,
        queues=queues,
        topics=other_resources.topics(templates),
        buckets=other_resources.buckets(templates),
        secrets=other_resources.secrets(templates),
        parameters=other_resources.parameters(templates),
    )


def _skipped(templates: Templates) -> dict[str, list[str]]:
    skipped: dict[str, list[str]] = {}
    for resource in templates.resources():
        if resource.type in SKIPPED:
            skipped.setdefault(resource.type, []).append(resource.logical_id)
        elif resource.type not in REALISED:
            raise unsupported(resource)
    return skipped


def _functions(templates: Templates, root: Path) -> list[Function]:
    statements = role_statements(templates)
    layers = dict(
        templates.read(
            lambda r: (templates.identity(r).ref, _asset(templates, r, "Content")), LAYER
        )
    )
    return templates.read(lambda r: _function(templates, r, root, statements, layers), FUNCTION)


def _function(
    templates: Templates,
    resource: Resource,
    root: Path,
    statements: Mapping[str, Sequence[Statement]],
    layers: Mapping[str, Path],
) -> Function:
    properties = templates.properties(resource)
    check_properties(resource.type, properties, resource.path)
    identity = templates.identity(resource)
    variables = properties.get("Environment", {}).get("Variables", {})
    return Function(
        logical_id=resource.logical_id,
        name=identity.ref,
        arn=identity.attributes["Arn"],
        handler=properties["Handler"],
        runtime=properties["Runtime"],
        code=_asset(templates, resource, "Code"),
        environment={key: as_text(value) for key, value in variables.items()},
        timeout=float(properties.get("Timeout", _DEFAULT_TIMEOUT)),
        memory=int(properties.get("MemorySize", _DEFAULT_MEMORY)),
        statements=_of_app(statements, properties["Role"], "role", f"{resource.path}/Role"),
        layers=[
            _of_app(layers, arn, "layer", f"{resource.path}/Layers")
            for arn in properties.get("Layers", [])
        ],
        concurrency=_bound(properties.get("ReservedConcurrentExecutions")),
        sources=[(root / source).resolve() for source in resource.metadata.get(SOURCES, [])],
    )


def _of_app(known: Mapping[str, _T], arn: str, kind: str, path: str) -> _T:
    if arn not in known:
        raise LocalPlatformError(
            path,
            f"no stack defines the {kind} {arn}",
            f"define the {kind} in a stack of the app",
        )
    return known[arn]


def _asset(templates: Templates, resource: Resource, key: str) -> Path:
    code = templates.properties(resource)[key]
    path = f"{resource.path}/Properties/{key}"
    asset = templates.assembly.assets.get(code.get("S3Key", ""))
    if asset is None:
        raise LocalPlatformError(
            path,
            "the code is not an asset of the assembly (inline code and images are not supported)",
            "use lambda.Code.from_asset",
        )
    if not asset.is_dir():
        raise LocalPlatformError(
            path,
            f"the asset {asset} is not a folder",
            "synthesize the app again; give Code.from_asset a folder, not a zip file",
        )
    return asset


def _mappings(
    templates: Templates, functions: Mapping[str, Function], queues: Sequence[Queue]
) -> list[StreamMapping]:
    urls = {queue.arn: queue.url for queue in queues}
    return templates.read(lambda r: _mapping(templates, r, functions, urls), MAPPING)


def _mapping(
    templates: Templates,
    resource: Resource,
    functions: Mapping[str, Function],
    urls: Mapping[str, str],
) -> StreamMapping:
    p = templates.properties(resource)
    check_properties(resource.type, p, resource.path)
    failure = p.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    filters = p.get("FilterCriteria", {}).get("Filters", [])
    path = f"{resource.path}/Properties"
    return StreamMapping(
        logical_id=resource.logical_id,
        uuid=str(uuid.uuid5(_NAMESPACE, resource.path)),
        table=_stream_table(p["EventSourceArn"], f"{path}/EventSourceArn"),
        function=function_of(p["FunctionName"], functions, f"{path}/FunctionName").name,
        starting_position=p["StartingPosition"],
        batch_size=int(p.get("BatchSize", 100)),
        window=float(p.get("MaximumBatchingWindowInSeconds", 0)),
        filters=[_pattern(f["Pattern"], f"{path}/FilterCriteria") for f in filters],
        max_attempts=_bound(p.get("MaximumRetryAttempts")),
        max_age=_bound(p.get("MaximumRecordAgeInSeconds")),
        bisect=as_flag(
            p.get("BisectBatchOnFunctionError", False), f"{path}/BisectBatchOnFunctionError"
        ),
        partial_batch="ReportBatchItemFailures" in p.get("FunctionResponseTypes", []),
        on_failure=_of_app(urls, failure, "queue", f"{path}/DestinationConfig")
        if failure
        else None,
        parallelization=int(p.get("ParallelizationFactor", 1)),
        enabled=as_flag(p.get("Enabled", True), f"{path}/Enabled"),
    )


def _stream_table(arn: str, path: str) -> str:
    if ":dynamodb:" not in arn or "/stream/" not in arn:
        raise LocalPlatformError(
            path,
            f"event source {arn} is not a DynamoDB stream",
            "only streams of the app's tables are supported as event sources",
        )
    return arn.split("/")[1]


def _bound(value: Any) -> int | None:
    """Return a retry or age limit; -1 is AWS's way to say that there is none."""
    return None if value is None or int(value) == -1 else int(value)


def _pattern(text: str, path: str) -> Mapping[str, Any]:
    try:
        pattern: Mapping[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise LocalPlatformError(
            path, f"the pattern {text!r} is not JSON: {error}", "use lambda.FilterCriteria.filter"
        ) from error
    return pattern


def _schedules(templates: Templates, functions: Mapping[str, Function]) -> list[Schedule]:
    return templates.read(lambda rule: _schedule(templates, rule, functions), RULE)


def _schedule(templates: Templates, rule: Resource, functions: Mapping[str, Function]) -> Schedule:
    properties, identity = templates.properties(rule), templates.identity(rule)
    check_properties(rule.type, properties, rule.path)
    return Schedule(
        logical_id=rule.logical_id,
        name=identity.ref,
        arn=identity.attributes["Arn"],
        expression=properties["ScheduleExpression"],
        targets=[_target(t, functions, rule.path) for t in properties.get("Targets", [])],
        enabled=properties.get("State", "ENABLED") == "ENABLED",
    )


def _target(
    target: Mapping[str, Any], functions: Mapping[str, Function], path: str
) -> tuple[str, str | None]:
    # A dead-letter queue and a retry policy act when a call is refused, which the
    # platform's own call to a function of its own is not.
    unknown = sorted(set(target) - {"Id", "Arn", "Input", "RetryPolicy", "DeadLetterConfig"})
    if unknown:
        raise LocalPlatformError(
            f"{path}/Properties/Targets",
            f"the local platform does not support {', '.join(unknown)} of a rule's target",
            "give the target a constant Input",
        )
    function = function_of(target["Arn"], functions, f"{path}/Properties/Targets")
    return function.name, target.get("Input")
