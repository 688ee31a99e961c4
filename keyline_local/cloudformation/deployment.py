"""Turns a cloud assembly into the deployment that the platform runs.

Every resource of every template is either realised, or of a type that means nothing on
one machine and listed as skipped, or refused by name. All that is refused is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from keyline_local.cloudformation import other_resources, rules, scheduler
from keyline_local.cloudformation.apis import api_names, apis
from keyline_local.cloudformation.assembly import (
    LOCAL_ACCOUNT,
    LOCAL_REGION,
    Assembly,
    read_assembly,
)
from keyline_local.cloudformation.bucket_notifications import (
    BUCKET,
    NOTIFICATIONS,
    notifications,
)
from keyline_local.cloudformation.functions import (
    FUNCTION,
    INVOKE_CONFIG,
    LAYER,
    Unpacked,
    functions,
)
from keyline_local.cloudformation.http_apis import (
    AUTHORIZER,
    INTEGRATION,
    ROUTE,
    STAGE,
)
from keyline_local.cloudformation.mappings import MAPPING, queue_mappings, stream_mappings
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.permissions import MANAGED_POLICY, POLICY, ROLE
from keyline_local.cloudformation.refusals import RefusedError
from keyline_local.cloudformation.rest_apis import DEPLOYMENT, METHOD, RESOURCE, REST_STAGE
from keyline_local.cloudformation.secret_store import SecretStore
from keyline_local.cloudformation.skipped_types import SKIPPED
from keyline_local.cloudformation.table_definitions import GLOBAL_TABLE, TABLE, tables
from keyline_local.cloudformation.targets import Receivers
from keyline_local.cloudformation.templates import (
    FUNCTION_URL,
    HTTP_API,
    PARAMETER,
    REST_API,
    SECRET,
    Resource,
    Templates,
    unsupported,
)
from keyline_local.events.bus_names import DEFAULT
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.ports import Endpoints, Ports, endpoints
from keyline_local.resources import Deployment

VERSION = "AWS::Lambda::Version"
ALIAS = "AWS::Lambda::Alias"

REALISED = frozenset(
    {
        *(TABLE, GLOBAL_TABLE),
        *(INVOKE_CONFIG, FUNCTION, LAYER, VERSION, ALIAS, MAPPING),
        *(ROLE, POLICY, MANAGED_POLICY),
        *(HTTP_API, STAGE, ROUTE, INTEGRATION, AUTHORIZER),
        FUNCTION_URL,
        *(REST_API, REST_STAGE, RESOURCE, METHOD, DEPLOYMENT),
        *(rules.RULE, rules.BUS, scheduler.SCHEDULE),
        *(PARAMETER, SECRET, BUCKET, NOTIFICATIONS),
        *(
            other_resources.QUEUE,
            other_resources.TOPIC,
            other_resources.SUBSCRIPTION,
        ),
    }
)

_ONCE = {
    TABLE: "table",
    GLOBAL_TABLE: "table",
    FUNCTION: "function",
    rules.RULE: "rule",
    rules.BUS: "event bus",
    scheduler.SCHEDULE: "schedule",
    PARAMETER: "parameter",
    other_resources.QUEUE: "queue",
    other_resources.TOPIC: "topic",
    BUCKET: "bucket",
}
"""The resources that are known by their names here, whatever their account and region."""


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


def check_assembly(
    folder: Path,
    *,
    root: Path,
    stacks: Sequence[str] = (),
    parameters: Mapping[str, str] | None = None,
    unpacked: Path | None = None,
) -> tuple[Sequence[LocalPlatformError], Deployment | None]:
    """Return all that the platform refuses of an assembly, and what it would run if nothing is.

    Parameters
    ----------
    root, parameters, unpacked
        As those of `resolve_deployment`.
    stacks
        The stacks that are to run, with what these need; all where none is named.

    Raises
    ------
    LocalPlatformError
        There is no assembly, or no such stack.
    """
    assembly = read_assembly(folder, stacks)
    nowhere = endpoints(Ports(), apis=[0] * len(api_names(assembly)))
    try:
        found = resolve_deployment(
            assembly, nowhere, root=root, parameters=parameters, unpacked=unpacked
        )
    except LocalPlatformError as error:
        return error.refusals if isinstance(error, RefusedError) else [error], None
    return [], found


def resolve_deployment(
    assembly: Assembly,
    endpoints: Endpoints,
    *,
    root: Path,
    secrets: SecretStore | None = None,
    parameters: Mapping[str, str] | None = None,
    unpacked: Path | None = None,
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
    unpacked
        Where inline code and zip files are unpacked; a temporary folder by default.

    Raises
    ------
    LocalPlatformError
        A resource type, property or intrinsic function is unsupported, or a name unknown. A
        RefusedError if there are several of these.
    """
    templates = Templates(assembly, endpoints, secrets or SecretStore(), parameters)
    refusals = templates.refusals
    for scope in templates.scopes.values():
        with refusals.taken():
            scope.check()
    found: Deployment | None = None
    with refusals.taken():
        found = _resolved(templates, root, Unpacked(unpacked), environment)
    refusals.raise_all()
    assert found is not None, "what kept it from being resolved has been raised"  # noqa: S101
    return found


def _resolved(templates: Templates, root: Path, unpacked: Unpacked, environment: str) -> Deployment:
    skipped = _skipped(templates)
    _check_names(templates)
    refused = templates.refusals.names
    made = functions(templates, root, unpacked)
    by_name = Named("Lambda function", {each.name: each for each in made}, refused)
    queues = other_resources.queues(templates)
    by_arn = Named("queue", {queue.arn: queue for queue in queues}, refused)
    topics, buses = other_resources.topics(templates), rules.buses(templates)
    receivers = Receivers(
        by_name,
        by_arn,
        Named("topic", {topic.arn: topic for topic in topics}, refused),
        Named("event bus", rules.bus_arns(templates, buses), refused),
    )
    told = notifications(templates, receivers)
    delivered = [*other_resources.topic_mappings(templates, by_name), *told.mappings]
    event_rules = rules.event_rules(templates, receivers)
    first = templates.assembly.stacks[0] if templates.assembly.stacks else None
    return Deployment(
        environment=environment,
        region=first.region if first else LOCAL_REGION,
        account=first.account if first else LOCAL_ACCOUNT,
        tables=tables(templates),
        functions=made,
        apis=apis(templates, by_name),
        mappings=stream_mappings(templates, by_name, by_arn),
        schedules=[
            *rules.schedules(templates, receivers),
            *scheduler.schedules(templates, receivers),
        ],
        rules=event_rules,
        buses=sorted({*buses, *(rule.bus for rule in event_rules)} - {DEFAULT}),
        outputs=templates.outputs(),
        skipped=skipped,
        queues=[*queues, *(each.queue for each in delivered)],
        queue_mappings=[*queue_mappings(templates, by_name, by_arn), *delivered],
        topics=topics,
        buckets=other_resources.buckets(templates, told.configurations),
        secrets=other_resources.secrets(templates),
        parameters=other_resources.parameters(templates),
    )


def _skipped(templates: Templates) -> dict[str, list[str]]:
    skipped: dict[str, list[str]] = {}
    for resource in templates.resources():
        if resource.type in SKIPPED:
            skipped.setdefault(resource.type, []).append(resource.logical_id)
        elif resource.type not in REALISED:
            templates.refusals.add(unsupported(resource))
    return skipped


def _check_names(templates: Templates) -> None:
    """Refuse two resources of one kind and name: on AWS they are in two accounts or regions."""
    taken: dict[tuple[str, str], Resource] = {}
    for kind, name, resource in _named(templates):
        other = taken.setdefault((kind, name), resource)
        if other is not resource:
            templates.refusals.add(
                LocalPlatformError(
                    resource.path,
                    f"the name {name!r} of the {kind} is also that of {other.path}, and here is "
                    "one account and one region",
                    "give one of them another name, or run one stack of them: "
                    f"`--stack {resource.stack.name}`",
                )
            )


def _named(templates: Templates) -> Iterator[tuple[str, str, Resource]]:
    for resource in templates.resources(*_ONCE):
        with templates.refusals.taken():
            name = str(templates.identity(resource).ref)
            yield _ONCE[resource.type], name, resource
            if resource.type == rules.RULE and "ScheduleExpression" in resource.properties:
                yield _ONCE[scheduler.SCHEDULE], name, resource  # `trigger` takes both by name
