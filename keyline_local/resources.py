"""The resources that the local platform runs: those of a synthesized assembly, resolved.

`cloudformation` reads the templates and produces these values; `dynamodb`, `lambdas`, `api`,
`triggers` and `aws` consume them. No value here holds an intrinsic function any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
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


RETRIES = 2
"""Times Lambda repeats an asynchronous invocation after an error, by default (invocation-async)."""


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
    retries
        How often an asynchronous invocation is repeated after an error.
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
    retries: int = RETRIES
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
class ServiceCall:
    """A call of an AWS service by a route: its operation, and its parameters as templates."""

    operation: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route; key is `GET /path/{name}` or `$default`.

    Attributes
    ----------
    function
        The name of the function; empty where the API has the answer, or calls a service.
    payload
        The format of the event of an HTTP API: 1.0 or 2.0.
    """

    key: str
    function: str = ""
    answer: Answer | None = None
    call: ServiceCall | None = None
    authorizer: Authorizer | None = None
    scopes: Sequence[str] = ()
    timeout: float = 30.0
    payload: str = "2.0"


@dataclass(frozen=True, kw_only=True)
class Api:
    """An HTTP API or a REST API with its one stage.

    Attributes
    ----------
    is_rest
        Whether it is a REST API.
    is_function_url
        Whether it is the URL of a function, which Lambda itself answers.
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
    is_function_url: bool = False
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
class Input:
    """The input of a target, which is sent instead of the event. An empty input sends the event.

    Attributes
    ----------
    constant
        A text that is sent as it is.
    path
        The JSONPath of the part of the event that is sent.
    paths, template
        JSONPaths by the names of variables, and the text in which `<name>` stands for them.
    """

    constant: str | None = None
    path: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None


class TargetKind(StrEnum):
    """The kinds of receivers of events."""

    FUNCTION = "function"
    QUEUE = "queue"
    TOPIC = "topic"
    BUS = "event bus"
    LOG = "log group"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A receiver of the events of a rule or a schedule.

    Attributes
    ----------
    address
        A function's name, a queue's URL, a topic's ARN, the name of a bus or of a log group.
    group
        The message group, for a FIFO queue.
    entry
        Source and DetailType of the event that a schedule puts on a bus; empty where a rule sends
        the event that it took.
    """

    kind: TargetKind
    address: str
    input: Input = Input()
    group: str | None = None
    entry: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A scheduled rule of EventBridge, or a schedule of EventBridge Scheduler.

    Attributes
    ----------
    expression
        `rate(...)` or `cron(...)`; of Scheduler also `at(...)`.
    timezone
        The time zone in which the expression is read.
    is_scheduler
        Whether the schedule is one of EventBridge Scheduler.
    """

    logical_id: str
    name: str
    arn: str
    expression: str
    targets: Sequence[Target]
    enabled: bool = True
    timezone: str = "UTC"
    is_scheduler: bool = False


@dataclass(frozen=True, kw_only=True)
class EventRule:
    """A rule of an event bus: events that fit the pattern go to the targets."""

    logical_id: str
    name: str
    arn: str
    bus: str
    pattern: Mapping[str, Any]
    targets: Sequence[Target]
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Queue:
    """An SQS queue; attributes are those of CreateQueue, RedrivePolicy included."""

    logical_id: str
    name: str
    arn: str
    url: str
    attributes: Mapping[str, str]

    @property
    def is_fifo(self) -> bool:
        """Return whether the queue keeps an order."""
        return self.name.endswith(".fifo")


class Holds(StrEnum):
    """The content of a queue from which a function is invoked."""

    MESSAGES = "messages"
    NOTIFICATIONS = "notifications of a topic"
    OBJECT_EVENTS = "events of a bucket"
    EVENTS_FOR_THE_BUS = "events of a bucket for the event bus"


@dataclass(frozen=True, kw_only=True)
class QueueMapping:
    """An event source mapping from a queue to a function.

    Attributes
    ----------
    function
        The function's name; empty where the queue is read for the event bus.
    window
        Batching window in seconds.
    holds
        What the queue of the platform's own holds: what a topic or a bucket delivers.
    """

    logical_id: str
    queue: Queue
    function: str
    batch_size: int = 10
    window: float = 0.0
    partial_batch: bool = False
    enabled: bool = True
    holds: Holds = Holds.MESSAGES


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
    """An S3 bucket.

    Attributes
    ----------
    notifications
        The NotificationConfiguration of S3's API.
    """

    logical_id: str
    name: str
    versioned: bool = False
    notifications: Mapping[str, Any] = field(default_factory=dict)


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
    buses: Sequence[str] = ()
    rules: Sequence[EventRule] = ()
