"""The resources that the local platform runs: those of a synthesized assembly, resolved.

`cloudformation` reads the templates and produces these values; `dynamodb`, `lambdas`, `api`,
`triggers` and `aws` consume them. No value here holds an intrinsic function any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Table:
    """A DynamoDB table (`AWS::DynamoDB::GlobalTable` or `::Table`).

    Attributes
    ----------
    create
        The parameters of the CreateTable call that makes it.
    ttl_attribute
        The attribute that holds the expiry in epoch seconds, if any.
    system
        The system that its tag names; empty if none does.
    """

    logical_id: str
    name: str
    arn: str
    create: Mapping[str, Any]
    ttl_attribute: str | None = None
    system: str = ""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a role's policies; resources are resolved ARNs or patterns."""

    effect: str
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Lambda function and all that its environment needs.

    Attributes
    ----------
    code
        The asset's folder in the assembly.
    sources
        The folders the asset was bundled from, for reload on change; empty when unknown.
    timeout
        Seconds after which an invocation is killed.
    memory
        MiB, as AWS_LAMBDA_FUNCTION_MEMORY_SIZE shows it.
    role
        The name of its role; that of the function where none is named.
    concurrency
        ReservedConcurrentExecutions, or None.
    """

    logical_id: str
    name: str
    arn: str
    handler: str
    runtime: str
    code: Path
    environment: Mapping[str, str]
    timeout: float
    memory: int
    statements: Sequence[Statement]
    role: str = ""
    layers: Sequence[Path] = ()
    concurrency: int | None = None
    sources: Sequence[Path] = ()


@dataclass(frozen=True, kw_only=True)
class Authorizer:
    """A JWT authorizer: a token must be signed by the issuer and meant for an audience."""

    logical_id: str
    name: str
    issuer: str
    audience: Sequence[str]
    identity_source: Sequence[str] = ("$request.header.Authorization",)


@dataclass(frozen=True, kw_only=True)
class Cors:
    """CorsConfiguration of an HTTP API; max_age in seconds."""

    allow_origins: Sequence[str] = ()
    allow_methods: Sequence[str] = ()
    allow_headers: Sequence[str] = ()
    expose_headers: Sequence[str] = ()
    allow_credentials: bool = False
    max_age: int | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer of an API without a function: a MOCK integration."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route; key is `GET /path/{name}` or `$default`.

    Attributes
    ----------
    function
        The name of the function; empty where the API has the answer.
    """

    key: str
    function: str = ""
    answer: Answer | None = None
    authorizer: Authorizer | None = None
    scopes: Sequence[str] = ()
    timeout: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Api:
    """An HTTP API or a REST API with its one stage.

    Attributes
    ----------
    is_rest
        Whether it is a REST API.
    binary_types
        The content types that a REST API does not take for text.
    title
        What a reader calls it: the template's description, or its name.
    rate, burst
        Steady requests per second and bucket size of the stage's throttle, or None.
    access_log_format
        The `$context` template of the access log, or None.
    """

    logical_id: str
    api_id: str
    name: str
    stage: str
    routes: Sequence[Route]
    cors: Cors | None = None
    rate: float | None = None
    burst: int | None = None
    access_log_format: str | None = None
    title: str = ""
    is_rest: bool = False
    binary_types: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class StreamMapping:
    """An event source mapping from a table's stream to a function.

    Attributes
    ----------
    table
        Name of the table whose stream is read.
    filters
        The parsed `Pattern` documents; a record passes if any matches, or if there are none.
    window
        Batching window in seconds.
    max_attempts, max_age
        MaximumRetryAttempts and MaximumRecordAgeInSeconds; None is AWS's infinite default (-1).
    on_failure
        URL of the on-failure queue, or None.
    """

    logical_id: str
    uuid: str
    table: str
    function: str
    starting_position: str
    batch_size: int = 100
    window: float = 0.0
    filters: Sequence[Mapping[str, Any]] = ()
    max_attempts: int | None = None
    max_age: float | None = None
    bisect: bool = False
    partial_batch: bool = False
    on_failure: str | None = None
    parallelization: int = 1
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A scheduled EventBridge rule: `rate(...)` or `cron(...)`, its targets with their inputs."""

    logical_id: str
    name: str
    arn: str
    expression: str
    targets: Sequence[tuple[str, str | None]]
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Queue:
    """An SQS queue; attributes are those of CreateQueue, RedrivePolicy included."""

    logical_id: str
    name: str
    arn: str
    url: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class QueueMapping:
    """An event source mapping from a queue to a function.

    Attributes
    ----------
    window
        Batching window in seconds.
    topic
        Whether the queue holds what a topic delivers to the function.
    """

    logical_id: str
    queue: Queue
    function: str
    batch_size: int = 10
    window: float = 0.0
    partial_batch: bool = False
    enabled: bool = True
    topic: bool = False


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A receiver of a topic; its attributes are those of Subscribe."""

    protocol: str
    endpoint: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """An SNS topic with its subscriptions; attributes are those of CreateTopic."""

    logical_id: str
    name: str
    arn: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    subscriptions: Sequence[Subscription] = ()


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """An S3 bucket."""

    logical_id: str
    name: str
    versioned: bool = False


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret with its value, generated ones included; never shown in a repr."""

    logical_id: str
    name: str
    arn: str
    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """An SSM parameter; type is String or StringList."""

    logical_id: str
    name: str
    type: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Everything the platform runs, in the order it can be created."""

    environment: str
    region: str
    account: str
    tables: Sequence[Table]
    functions: Sequence[Function]
    apis: Sequence[Api]
    mappings: Sequence[StreamMapping]
    schedules: Sequence[Schedule]
    outputs: Mapping[str, str]
    skipped: Mapping[str, Sequence[str]]
    """Resource types that have no meaning on one machine, with the logical ids left out."""
    queues: Sequence[Queue] = ()
    queue_mappings: Sequence[QueueMapping] = ()
    topics: Sequence[Topic] = ()
    buckets: Sequence[Bucket] = ()
    secrets: Sequence[Secret] = ()
    parameters: Sequence[Parameter] = ()
