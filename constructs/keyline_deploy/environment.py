"""An environment: everything that differs between two deployments of the same code.

Each environment is one file, `environments/<name>.toml`, checked whole before anything is built.
What a file leaves out has the safe value: a table is retained, protected and recoverable unless its
environment says otherwise.

The local environment can differ between two checkouts on one machine without a change of its
file: the tables of `environments/local.override.toml`, which git ignores, are laid over it, and
`keyline.variables.PORT_OFFSET` moves every port. Addresses on this machine follow from the ports.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import os
import re
import tomllib
import types
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from keyline import variables
from keyline.errors import Fault, KeylineError, instead_of, repeated
from keyline.model import MAX_ENVIRONMENT_NAME, StreamView, System, Table
from keyline.moments import DAY_SECONDS
from keyline.settings import SettingError
from keyline_deploy.names import is_restored_name, key_parameter
from keyline_deploy.project import ROOT
from keyline_deploy.resource_tags import tag_faults
from keyline_deploy.web_addresses import issuer_faults, origin_faults

FOLDER = ROOT / "environments"

LOCAL = "local"
"""The environment of one machine."""
LOCAL_PORT = "local_port"
"""The key in a system's section that is its API's port; it is not one of its settings."""
CACHE_URL = "cache_url"
"""The setting that a system's section of the local environment may leave to the environment."""

_LOOPBACK = "127.0.0.1"
_MIN_PORT, _MAX_PORT = 1024, 65_535
MAX_PORT_OFFSET = _MAX_PORT - _MIN_PORT

T = TypeVar("T", bound=Struct)

_MISSING = re.compile(r"Object missing required field `(.*)`")
_OF_A_KEY = "key` in `"
"""How msgspec begins the place of a name in a table that has any names."""
_OF_A_NAME = "[...]"
"""How msgspec says the place of a value in a table that has any names."""
_USER_POOL = re.compile(r"([a-z]+(?:-[a-z]+)+-\d+)_[0-9A-Za-z]+")  # Cognito: UserPoolIdType

Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
"""A threshold of a metric in a minute: 400 times what the quota of a table lets through (40,000
units a second), since AWS raises quotas."""
Rate = Annotated[int, Meta(ge=1, le=1_000_000)]
"""Requests of an API: 100 times the quota of an account (10,000 a second), since AWS raises it."""
Units = Annotated[int, Meta(ge=1, le=40_000)]
"""Provisioned units a second of one table or index: up to the quota of a table."""
Percent = Annotated[float, Meta(gt=0, le=10_000)]
Milliseconds = Annotated[float, Meta(gt=0, le=900_000)]
"""How long a query takes: less than Lambda lets a function run, 15 minutes."""
StreamSeconds = Annotated[int, Meta(ge=1, le=DAY_SECONDS)]
"""How far behind a consumer is: DynamoDB keeps the records of a stream for a day."""
Amount = Annotated[
    float,
    Meta(gt=0, le=1_000_000_000, description="a number above 0 and up to 1000000000, in USD"),
]
Port = Annotated[int, Meta(ge=_MIN_PORT, le=_MAX_PORT)]
Account = Annotated[str, Meta(pattern=r"\A[0-9]{12}\Z", description="an AWS account id, 12 digits")]
Email = Annotated[
    str,
    Meta(
        pattern=r"\A[!-?A-~]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}\Z",
        description="an e-mail address",
    ),
]
FolderUrl = Annotated[
    str,
    Meta(
        pattern=r"\Ahttps://[A-Za-z0-9.-]{1,253}(/[A-Za-z0-9._~-]{1,255}){0,20}/\Z",
        description="an https address that ends with a slash",
    ),
]
Audience = Annotated[
    str,
    Meta(
        pattern=r"\A[^\s\x00-\x1f\x7f]{1,256}\Z",
        description="the `aud` of the tokens, 1 to 256 characters without spaces",
    ),
]
Encryption = Annotated[
    str,
    Meta(
        pattern=r"\A(aws-owned|aws-managed|customer-managed|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)\Z",
        description='"aws-managed", "aws-owned", "customer-managed", or'
        " the ARN of a KMS key of your own",
    ),
]
PolicyArn = Annotated[
    str,
    Meta(
        pattern=r"\Aarn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,500}\Z",
        description="the ARN of a policy, like arn:aws:iam::111111111111:policy/boundary",
    ),
]
TableNames = Annotated[
    tuple[str, ...],
    Meta(min_length=1, max_length=5, description="a list of one to five names, the serving first"),
]
Url = Annotated[
    str, Meta(pattern=r"\Ahttps?://[!-~]{1,2000}\Z", description="an http or https URL")
]

# The retention periods that CloudWatch Logs accepts (PutRetentionPolicy), up to two years.
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]


class EnvironmentFileError(KeylineError):
    """An environment file that cannot be used: where, what, and what to write instead."""


class _Section(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Warm(_Section, frozen=True, kw_only=True):
    """The throughput that a table is ready for at once, in units a second.

    The throughput is billed once, when the table or its index is made ready, and cannot be lowered.
    """

    read: Annotated[int, Meta(ge=12_000, le=10_000_000)] = 12_000
    write: Annotated[int, Meta(ge=4_000, le=10_000_000)] = 4_000


class Most(_Section, frozen=True, kw_only=True):
    """The most that a table, and each of its indexes, takes in units a second; more is throttled.

    The bound limits what a mistake can cost. A table without it takes what the account's quota
    allows.
    """

    read: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    write: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None


class Tables(_Section, frozen=True, kw_only=True):
    """The billing and the protection of tables.

    Attributes
    ----------
    billing
        Whether requests are billed, or capacity that is provisioned and scales with the load, as
        the section `[capacity]` says.
    pitr_days
        How far back point-in-time recovery reaches, in days; a shorter time costs the same.
    removal_policy
        What happens to a table that leaves the stack.
    contributor_insights
        Whether DynamoDB reports the keys that are throttled most (billed by throttled request).
    encryption
        The KMS key that encrypts the tables. `aws-managed` is AWS's own key for DynamoDB in this
        account. `aws-owned` is one that DynamoDB keeps to itself, without a trail of its use and
        without cost. `customer-managed` is one that the account stack makes for this environment.
        An ARN names a key of yours.
    names
        The deployed names of tables that were restored, by system and declared table. All of them
        are in the system's stack, and the first serves. A table that is not here has the name
        that its declaration makes (docs/runbooks/backup-and-restore.md).
    warm
        The warm throughput of tables and their indexes, by declared table. On-demand capacity
        takes at once twice its earlier peak, and more only after some minutes.
    most
        The on-demand maximum of tables and their indexes, by declared table.
    """

    billing: Literal["on-demand", "provisioned"] = "on-demand"
    pitr_days: Annotated[int, Meta(ge=1, le=35)] = 35
    deletion_protection: bool = True
    removal_policy: Literal["retain", "destroy"] = "retain"
    contributor_insights: bool = False
    encryption: Encryption = "aws-managed"
    names: dict[str, dict[str, TableNames]] = field(default_factory=dict)
    warm: dict[str, Warm] = field(default_factory=dict)
    most: dict[str, Most] = field(default_factory=dict)

    @property
    def makes_key(self) -> bool:
        """Return whether the environment has a KMS key of its own made for it."""
        return self.encryption == "customer-managed"


class Capacity(_Section, frozen=True, kw_only=True):
    """Provisioned capacity that scales: of `[tables] billing = "provisioned"`.

    Attributes
    ----------
    tables
        The tables that have it, by their declared names; all where none is named.
    utilization_percent
        The use of the capacity that auto scaling aims at.
    min_read, max_read, min_write, max_write
        Units a second of each table and of each index.
    """

    tables: tuple[str, ...] = ()
    utilization_percent: Annotated[int, Meta(ge=20, le=90)] = 70
    min_read: Units = 5
    max_read: Units = 4_000
    min_write: Units = 5
    max_write: Units = 4_000

    def holds(self, table: str) -> bool:
        """Return whether a table has it."""
        return not self.tables or table in self.tables


class Alarms(_Section, frozen=True, kw_only=True):
    """The receivers of alarms, and the thresholds.

    Attributes
    ----------
    email
        The address that the alarm topic sends to; none subscribes nobody. An environment with
        `termination_protection` has to name one.
    runbooks_url
        Where the pages of the runbook can be read, such as
        `https://github.com/acme/data/blob/main/`: what the description of an alarm links to.
        Without it a page is named by its path in the repository.
    read_units_per_minute, write_units_per_minute
        Capacity units consumed by one table or one index.
    latency_p99_ms
        The 99th percentile of a query as the handler sees it, in milliseconds.
    growth_percent
        Growth of a table or index over 30 days.
    user_errors_per_minute
        Rejected requests of the whole account and region; throttling is not among them.
    iterator_age_seconds
        How far a stream consumer may lag behind.
    transaction_conflicts_per_minute
        Requests of one table that met a transaction on the same item.
    refused_percent
        Requests of an API that are answered with 4xx.
    api_latency_p99_ms
        The 99th percentile of what an API needs for an answer, in milliseconds.
    concurrent_executions
        Functions that run at the same time in the whole account and region.
    """

    email: Email | None = None
    runbooks_url: FolderUrl | None = None
    read_units_per_minute: Count = 10_000
    write_units_per_minute: Count = 5_000
    latency_p99_ms: Milliseconds = 100
    growth_percent: Percent = 50
    user_errors_per_minute: Count = 10
    iterator_age_seconds: StreamSeconds = 60
    transaction_conflicts_per_minute: Count = 100
    refused_percent: Percent = 50
    api_latency_p99_ms: Milliseconds = 5_000
    concurrent_executions: Count = 800


class Api(_Section, frozen=True, kw_only=True):
    """Limits of the HTTP API.

    Attributes
    ----------
    rate
        Requests per second, sustained.
    burst
        Requests that may arrive at once.
    cors_origins
        Web origins whose pages may call it; none by default. Each origin is written as a browser
        sends it: `https://app.example.com`, in lower case and without a path. The wildcards `*`,
        `http://*` and `https://*` are refused where `Environment.keeps_data`.
    """

    rate: Rate = 100
    burst: Rate = 200
    cors_origins: tuple[str, ...] = ()


class Auth(_Section, frozen=True, kw_only=True):
    """The issuer whose tokens the API accepts.

    Attributes
    ----------
    issuer
        The issuer's URL. API Gateway compares it with `iss` of a token letter by letter: a slash at
        its end has to be there exactly if `iss` has one.
    audience
        Who the tokens are made out to.
    """

    issuer: Url
    audience: Audience


class Budget(_Section, frozen=True, kw_only=True):
    """The budget of DynamoDB for a month, in the whole account; the alarm topic is told of more.

    Attributes
    ----------
    alerts_usd
        Amounts below it of which the topic is told when they are spent, in addition to
        percentages; no amount twice.
    anomaly_usd
        From how much more than usual the topic is told by Cost Anomaly Detection, which learns what
        is usual; none makes no monitor. The monitor sees what is tagged with the environment:
        activate the cost allocation tag `environment` in the account's billing.
    """

    monthly_usd: Amount
    alerts_usd: Annotated[
        tuple[Amount, ...], Meta(max_length=4, description="up to 4 amounts")
    ] = ()
    anomaly_usd: Amount | None = None


class Backup(_Section, frozen=True, kw_only=True):
    """Backups by AWS Backup, for longer than point-in-time recovery reaches.

    Attributes
    ----------
    keep_days
        For how long a backup is kept. Recovery covers the last 35 days.
    every
        How often a backup is made, at 3 o'clock UTC: each day, on Sundays, or on the first day of
        each month.
    """

    keep_days: Annotated[int, Meta(ge=36, le=36_500)]
    every: Literal["day", "week", "month"] = "week"


class Functions(_Section, frozen=True, kw_only=True):
    """The settings of functions: memory in MiB (CPU comes with it) and log retention in days.

    Attributes
    ----------
    tracing
        Whether X-Ray records each invocation as a segment of the service, and nothing within it.
    spans
        Whether functions also record the segments that their code names (`keyline.tracing`), as
        lines of their logs. The bundles of functions then carry OpenTelemetry.
    canary
        The share of an API's requests that new code gets at first, and for how long. CodeDeploy
        moves the rest then, or puts all back if a function's alarm goes off. None moves all at
        once.
    """

    log_retention_days: RetentionDays = 90
    memory: Annotated[int, Meta(ge=128, le=10_240)] = 512
    tracing: bool = True
    spans: bool = False
    canary: Literal["10%-10-minutes", "10%-15-minutes", "10%-30-minutes"] | None = None


class Roles(_Section, frozen=True, kw_only=True):
    """The roles that the stacks make.

    Attributes
    ----------
    permissions_boundary
        The ARN of a policy beyond which no role may do anything, whatever its own policies say.
        CloudFormation may then make and change only roles that it bounds. None bounds no role.
    """

    permissions_boundary: PolicyArn | None = None


class Rollback(_Section, frozen=True, kw_only=True):
    """The alarms that put an update of functions back, while `keyline deploy` makes it.

    Attributes
    ----------
    minutes
        How long CloudFormation goes on watching the alarms of an API and its functions when a stack
        is updated. The alarms look at five minutes.
    """

    minutes: Annotated[int, Meta(ge=0, le=180)] = 10


class GitHub(_Section, frozen=True, kw_only=True):
    """The repository on GitHub whose workflow deploys the environment (docs/deploying.md).

    Attributes
    ----------
    repository
        Owner and name: `acme/data`.
    subject
        How the subjects of its tokens begin, as the repository's settings of OIDC show it:
        `repo:acme-123456/data-456789`. The beginning is `repo:acme/data` unless the subjects have
        ids in them, which they do in repositories that were made after June 18, 2026.
    makes_provider
        Whether the account gets GitHub's identity provider with this environment. An account has
        one: of two environments in one account, one makes it.
    """

    repository: Annotated[
        str,
        Meta(
            pattern=r"\A[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}\Z",
            description="the owner and the name of a repository, like acme/data",
        ),
    ]
    subject: (
        Annotated[
            str,
            Meta(
                pattern=r"\Arepo:[A-Za-z0-9@._-]{1,80}/[A-Za-z0-9@._-]{1,140}\Z",
                description="how subjects of tokens begin, like repo:acme-123456/data-456789",
            ),
        ]
        | None
    ) = None
    makes_provider: bool = True

    @property
    def subject_prefix(self) -> str:
        """Return how the subjects of its tokens begin."""
        return self.subject or f"repo:{self.repository}"


class Accelerator(_Section, frozen=True, kw_only=True):
    """A DAX cluster in the network of the cache, for functions that declare `accelerated` reads.

    Attributes
    ----------
    nodes
        How many nodes it has. AWS advises three for production. One that fails is the whole of a
        cluster of one.
    node_type
        What each node is: `dax.t3.small`. Nodes are billed by the hour, also while nobody asks.
    item_seconds
        How long it keeps an item that it has read.
    """

    nodes: Annotated[int, Meta(ge=1, le=11)] = 3
    node_type: Annotated[
        str,
        Meta(
            pattern=r"\Adax\.[a-z][0-9][a-z]*\.[0-9]*[a-z]+\Z",
            description="a type of node of DAX, like dax.t3.small",
        ),
    ] = "dax.t3.small"
    item_seconds: Annotated[int, Meta(ge=1, le=DAY_SECONDS)] = 300


class SharedCache(_Section, frozen=True, kw_only=True):
    """A cache on AWS that all functions share that declare `caches`, and the network it is in.

    Attributes
    ----------
    zones
        The letters of the availability zones that have a subnet: two or three.
    network
        The addresses of the network, a block of 256 at least: `10.64.0.0/24`.
    max_gigabytes
        How much the cache may hold; the least that ElastiCache takes is 1.
    max_units_per_second
        How many ElastiCache processing units it may use; the least that ElastiCache takes is 1,000.
    dax
        A DAX cluster in the same network; without the section there is none.
    """

    zones: Annotated[
        tuple[Literal["a", "b", "c", "d", "e", "f"], ...],
        Meta(min_length=2, max_length=3, description='two or three letters, like ["a", "b"]'),
    ] = ("a", "b")
    network: Annotated[
        str,
        Meta(
            pattern=r"\A10\.[0-9]{1,3}\.[0-9]{1,3}\.0/(1[6-9]|2[0-4])\Z",
            description="a block of private addresses from /16 to /24, like 10.64.0.0/24",
        ),
    ] = "10.64.0.0/24"
    max_gigabytes: Annotated[int, Meta(ge=1, le=5_000)] = 1
    max_units_per_second: Annotated[int, Meta(ge=1_000, le=15_000_000)] = 1_000
    dax: Accelerator | None = None


class Local(_Section, frozen=True, kw_only=True):
    """The loopback ports of the local platform.

    Attributes
    ----------
    api
        Where the ports begin of the systems whose sections have no `local_port`.
    engine, engine_mcp, aws, cache, issuer
        Those of the servers beside the APIs.
    """

    api: Port
    engine: Port
    engine_mcp: Port
    aws: Port
    cache: Port
    issuer: Port

    @property
    def servers(self) -> dict[str, int]:
        """The ports of the servers beside the APIs, by name."""
        return {name: port for name, port in msgspec.structs.asdict(self).items() if name != "api"}


class Environment(_Section, frozen=True, kw_only=True):
    """One environment; `load` reads it.

    Attributes
    ----------
    account
        The AWS account it is deployed to; without one, that of the caller's credentials.
    region
        The AWS region it is deployed to.
    tags
        Put on every resource that takes tags.
    user_pools
        The id of the Cognito user pool whose users may call a system, by the system's name.
        A system without one takes the tokens that `auth` describes.
    backup
        How long AWS Backup keeps the tables; without the section it makes no backups.
    archive
        The tables whose expired items are kept in S3, by system; without the section none are.
    capacity
        The limits of provisioned capacity, where `tables.billing` says so.
    cache
        The cache on AWS that functions share; without the section there is none.
    github
        The repository whose workflow deploys it; without the section none may.
    roles
        What bounds the roles that the stacks make.
    rollback
        The alarms that put an update back; without the section none is watched.
    systems
        What each system's section says; `settings` decodes a system's part.
    """

    name: Annotated[
        str,
        Meta(
            pattern=rf"\A[a-z][a-z0-9]{{1,{MAX_ENVIRONMENT_NAME - 1}}}\Z",
            description=f"2 to {MAX_ENVIRONMENT_NAME} of a-z and 0-9, a letter first; systems "
            "keep their names short enough for that, and no longer",
        ),
    ]
    account: Account | None = None
    region: str
    termination_protection: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    tables: Tables = field(default_factory=Tables)
    capacity: Capacity | None = None
    alarms: Alarms = field(default_factory=Alarms)
    api: Api = field(default_factory=Api)
    auth: Auth
    user_pools: dict[str, str] = field(default_factory=dict)
    budget: Budget | None = None
    backup: Backup | None = None
    archive: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: Functions = field(default_factory=Functions)
    cache: SharedCache | None = None
    github: GitHub | None = None
    roles: Roles = field(default_factory=Roles)
    rollback: Rollback | None = None
    local: Local | None = None
    systems: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def provisioned(self) -> Capacity | None:
        """The capacity of the tables that have provisioned capacity; None where none has."""
        return (self.capacity or Capacity()) if self.tables.billing == "provisioned" else None

    def provisioned_of(self, table: str) -> Capacity | None:
        """Return the provisioned capacity of a table; None where its requests are billed."""
        capacity = self.provisioned
        return capacity if capacity is not None and capacity.holds(table) else None

    @property
    def is_local(self) -> bool:
        return self.local is not None

    @property
    def keeps_data(self) -> bool:
        """Return whether its data is kept, as in production: its tables are not thrown away."""
        return self.tables.removal_policy == "retain" or self.tables.deletion_protection

    @property
    def key_arn(self) -> str | None:
        """The ARN of the customer's KMS key; None where a key of AWS's encrypts.

        The ARN of a key that is made with the environment is read by a deployment from an SSM
        parameter: it is the reference to it.
        """
        if self.tables.makes_key:
            return f"{{{{resolve:ssm:{key_parameter(self.name)}}}}}"
        encryption = self.tables.encryption
        return encryption if encryption.startswith("arn:") else None

    def table_names(self, system: str, table: Table) -> tuple[str, ...]:
        """Return the names under which a table is in the stack; the first serves."""
        said = self.tables.names.get(system, {}).get(table.name)
        return said or (table.physical_name(self.name),)

    def table_name(self, system: str, table: Table) -> str:
        """Return the name of the deployed table that serves."""
        return self.table_names(system, table)[0]

    def restored_tables(self, system: System) -> dict[str, str]:
        """Return the serving names that differ from what the declaration makes."""
        named = {table.name: self.table_name(system.name, table) for table in system.tables}
        return {
            table.name: named[table.name]
            for table in system.tables
            if named[table.name] != table.physical_name(self.name)
        }

    def settings(self, system: str, kind: type[T]) -> T:
        """Decode `[systems.<system>]` as a system's own settings.

        In the local environment, a setting `cache_url` that the section leaves out is the address
        of the local cache.

        Raises
        ------
        EnvironmentFileError
            As `load` does: unknown key, wrong type, value out of range.
        """
        said = {k: v for k, v in self.systems.get(system, {}).items() if k != LOCAL_PORT}
        if self.local is not None and CACHE_URL in kind.__struct_fields__:
            said.setdefault(CACHE_URL, f"redis://{_LOOPBACK}:{self.local.cache}/0")
        path = f"systems.{system}"
        try:
            return decode(said, kind, f"{self.name}.toml: {path}")
        except EnvironmentFileError as error:
            keys = error.path.partition(": ")[2]
            file = _file_that_says(self, keys)
            raise EnvironmentFileError(f"{file}: {keys}", error.message, error.suggestion) from None

    def api_ports(self, systems: Iterable[str]) -> dict[str, int]:
        """Give each system the port of its API, in the local environment.

        A system whose section has no `local_port` takes the next number from `[local].api` on
        that nothing else has.

        Parameters
        ----------
        systems
            The names of all systems, in the order in which they take numbers.

        Raises
        ------
        ValueError
            If the environment is not the local one.
        """
        if self.local is None:
            raise ValueError(f"the environment {self.name} has no ports")
        said = {name: part[LOCAL_PORT] for name, part in self.systems.items() if LOCAL_PORT in part}
        taken = {*said.values(), *self.local.servers.values()}
        free = (port for port in itertools.count(self.local.api) if port not in taken)
        return {name: said[name] if name in said else next(free) for name in systems}


def unknown_systems(environment: Environment, known: Collection[str]) -> Iterator[Fault]:
    """Yield each section of an environment that is of no system.

    Parameters
    ----------
    known
        The names of all systems of the project.
    """
    sections = (
        ("systems", environment.systems),
        ("user_pools", environment.user_pools),
        ("tables.names", environment.tables.names),
        ("archive", environment.archive),
    )
    for section, named in sections:
        for name in named:
            if name not in known:
                keys = f"{section}.{name}"
                path = f"{_file_that_says(environment, keys)}: {keys}"
                yield path, "there is no such system.", instead_of(name, known)


def table_name_faults(environment: Environment, systems: Collection[System]) -> Iterator[Fault]:
    """Yield what is wrong with `[tables.names]`, `[tables.warm]` and `[tables.most]`: tables that
    there are not, and a name that another table has, or may have.

    Parameters
    ----------
    systems
        All systems of the project; sections of others are told by `unknown_systems`.
    """
    known = {system.name: system for system in systems}
    for name, tables in environment.tables.names.items():
        declared = {table.name: table for table in known[name].tables} if name in known else {}
        for table, names in tables.items():
            keys = f"tables.names.{name}.{table}"
            path = f"{_file_that_says(environment, keys)}: {keys}"
            if name in known and table not in declared:
                yield path, f"{name} has no such table.", instead_of(table, declared)
            elif name in known:
                own = declared[table].physical_name(environment.name)
                yield from ((path, *each) for each in _name_faults(own, names))

    every = [table.name for system in systems for table in system.tables]
    limits = environment.tables
    sections: dict[str, Iterable[str]] = {"warm": limits.warm, "most": limits.most}
    for section, table in ((name, each) for name, said in sections.items() for each in said):
        if table not in every:
            keys = f"tables.{section}.{table}"
            path = f"{_file_that_says(environment, keys)}: {keys}"
            yield path, "no system has such a table.", instead_of(table, every)


def _name_faults(own: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    for each in names:
        if each != own and not is_restored_name(own, each):
            yield (
                f"{each!r} is not a name of a table that was restored from {own}.",
                f"Write {own}, or {own}-r20260131T100000Z as `keyline restore` has made it.",
            )
    for each in repeated(names):
        yield f"{each!r} is there twice.", "Write it once."


def archive_faults(environment: Environment, systems: Collection[System]) -> Iterator[Fault]:
    """Yield what is wrong with `[archive]`: no such table, or one whose items do not expire.

    Parameters
    ----------
    systems
        All systems of the project; sections of others are told by `unknown_systems`.
    """
    known = {system.name: system for system in systems}
    for name, tables in environment.archive.items():
        keys = f"archive.{name}"
        path = f"{_file_that_says(environment, keys)}: {keys}"
        declared = {table.name: table for table in known[name].tables} if name in known else {}
        for table in repeated(tables):
            yield path, f"{table!r} is there twice.", "Write it once."
        for table in tables if name in known else ():
            if table not in declared:
                yield path, f"{name} has no table {table!r}.", instead_of(table, declared)
            else:
                yield from ((path, *each) for each in _expiry_faults(declared[table]))


def _expiry_faults(table: Table) -> Iterator[tuple[str, str]]:
    if table.ttl is None:
        yield f"items of {table.name} do not expire.", "Leave it out, or declare its ttl."
    if table.stream not in (StreamView.OLD_IMAGE, StreamView.NEW_AND_OLD_IMAGES):
        yield (
            f"the stream of {table.name} does not show an item that is deleted.",
            "Declare stream=StreamView.NEW_AND_OLD_IMAGES, or leave it out.",
        )


def unknown_tables(environment: Environment, known: Collection[str]) -> Iterator[Fault]:
    """Yield each table with provisioned capacity that no system declares.

    Parameters
    ----------
    known
        The declared names of all tables of the project.
    """
    for name in environment.capacity.tables if environment.capacity else ():
        if name not in known:
            path = f"{environment.name}.toml: capacity.tables"
            yield path, f"there is no table {name!r}.", instead_of(name, known)


def check_takes_pool(system: System, path: str) -> None:
    """Check that a system may have a user pool.

    Raises
    ------
    EnvironmentFileError
        If its declaration does not say that its callers are users of one.
    """
    if not system.user_pool:
        raise EnvironmentFileError(
            path,
            f"the callers of the system {system.name} are not users of a user pool.",
            f"Leave the pool out, or declare user_pool=True in {system.name}/system.py.",
        )


def with_user_pool(environment: Environment, system: System, pool: str, path: str) -> Environment:
    """Return the environment with a user pool for a system.

    Parameters
    ----------
    pool
        The pool's id: `us-east-1_AbCdEfGhI`.
    path
        Where the id was given, for errors.

    Raises
    ------
    EnvironmentFileError
        If the system takes no pool, the id is not one of a pool, or this environment cannot
        use the pool.
    """
    check_takes_pool(system, path)
    _check_user_pool(environment, pool, path)
    pools = {**environment.user_pools, system.name: pool}
    return msgspec.structs.replace(environment, user_pools=pools)


def load(name: str, folder: Path = FOLDER) -> Environment:
    """Read and check an environment.

    Parameters
    ----------
    name
        The file's name without `.toml`, as in `cdk synth -c env=dev`.
    folder
        Where the files are. The override file of the local environment is not looked for there.

    Raises
    ------
    EnvironmentFileError
        If there is no such file, it is not TOML, or it says something that cannot be used.
    """
    file = folder / f"{name}.toml"
    if not file.is_file():
        raise EnvironmentFileError(
            f"environments/{name}.toml", "no such file.", instead_of(name, names(folder))
        )
    table = read_table(file)
    environment = _decoded(table, file)
    if name != LOCAL:
        return environment
    overrides = _overrides()
    if overrides:
        try:
            environment = _decoded(_laid_over(table, overrides), file)
        except EnvironmentFileError as error:  # of the override: the file alone has been decoded
            raise _of_override(error) from None
    return _moved(environment, _offset())


def names(folder: Path = FOLDER) -> list[str]:
    """Name the environments there are."""
    return sorted(file.stem for file in folder.glob("*.toml") if "." not in file.stem)


def read_table(file: Path) -> dict[str, Any]:
    """Read a TOML file, without a look at what it says.

    Raises
    ------
    EnvironmentFileError
        If it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise EnvironmentFileError(
            file.name, f"not TOML: {error}.", "Correct the line it names."
        ) from error
    except UnicodeDecodeError as error:
        raise EnvironmentFileError(
            file.name, f"not UTF-8: the byte at {error.start}.", "Save the file as UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 500 lists in lists
        raise EnvironmentFileError(
            file.name,
            "has a number with too many digits, or lists in too many lists.",
            "Write a smaller one.",
        ) from error
    except OSError as error:
        raise EnvironmentFileError(
            str(file), f"cannot be read: {error.strerror}.", "Name a file of TOML."
        ) from error


def _decoded(table: Mapping[str, Any], file: Path) -> Environment:
    environment = decode(_with_issuer(table, file), Environment, file.name)
    _check(environment, file)
    return environment


def _with_issuer(table: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    """Let the issuer of the local environment follow from its port."""
    local, auth = table.get("local"), table.get("auth", {})
    if file.stem != LOCAL or not isinstance(local, Mapping) or not isinstance(auth, Mapping):
        return table
    if "issuer" in auth:
        raise EnvironmentFileError(
            f"{file.name}: auth.issuer",
            "the local issuer's address follows from its port.",
            "Leave it out; the port is local.issuer.",
        )
    issuer = f"http://{_LOOPBACK}:{local.get('issuer', 0)}"
    return {**table, "auth": {**auth, "issuer": issuer}}


def _overrides() -> dict[str, Any]:
    file = _override_file()
    named = os.environ.get(variables.LOCAL_OVERRIDE)
    return read_table(file) if named or file.is_file() else {}


def _override_file() -> Path:
    return Path(os.environ.get(variables.LOCAL_OVERRIDE) or FOLDER / "local.override.toml")


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay tables over others, key by key; any other value takes the place of the one below."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            merged[key] = _laid_over(under, value)
        else:
            merged[key] = value
    return merged


def _of_override(error: EnvironmentFileError) -> EnvironmentFileError:
    """Return the same error for the override file."""
    keys = error.path.partition(": ")[2]
    return EnvironmentFileError(_join(_override_file().name, keys), error.message, error.suggestion)


def _file_that_says(environment: Environment, keys: str) -> str:
    """Return the name of the file that says something at a place.

    The file is the override, or that of the environment.
    """
    if environment.is_local and _has(_overrides(), keys):
        return _override_file().name
    return f"{environment.name}.toml"


def _has(table: Mapping[str, Any], keys: str) -> bool:
    """Return whether a table says something at a place such as `systems.chat.retention_days`."""
    place: Any = table
    for key in re.split(r"[.\[]", keys):
        if not isinstance(place, Mapping):
            return True
        if key not in place:
            return False
        place = place[key]
    return True


def _offset() -> int:
    text = os.environ.get(variables.PORT_OFFSET, "")
    if not text:
        return 0
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(_MAX_PORT)):
        raise EnvironmentFileError(
            variables.PORT_OFFSET,
            f"{text!r} is not a whole number up to {MAX_PORT_OFFSET}.",
            "Write 100.",
        )
    return int(text)


def _moved(environment: Environment, offset: int) -> Environment:
    """Move every port of the local environment, and the addresses that follow from them."""
    if environment.local is None or not offset:
        return environment
    ports = msgspec.structs.asdict(environment.local)
    highest = max(*ports.values(), *_local_ports(environment).values())
    if highest + offset > _MAX_PORT:
        raise EnvironmentFileError(
            variables.PORT_OFFSET,
            f"{offset} moves port {highest} above {_MAX_PORT}.",
            f"Write at most {_MAX_PORT - highest}.",
        )
    local = Local(**{name: port + offset for name, port in ports.items()})
    systems = {
        name: {k: v + offset if k == LOCAL_PORT else v for k, v in part.items()}
        for name, part in environment.systems.items()
    }
    issuer = f"http://{_LOOPBACK}:{local.issuer}"
    auth = msgspec.structs.replace(environment.auth, issuer=issuer)
    return msgspec.structs.replace(environment, local=local, systems=systems, auth=auth)


def _local_ports(environment: Environment) -> dict[str, Any]:
    """Return the port that each section of a system says, by the section's path."""
    return {
        f"systems.{name}.{LOCAL_PORT}": part[LOCAL_PORT]
        for name, part in environment.systems.items()
        if LOCAL_PORT in part
    }


def decode(table: Mapping[str, Any], kind: type[T], path: str) -> T:
    """Convert a TOML table to a struct; `path` is how errors name the place of the table.

    Raises
    ------
    EnvironmentFileError
        With the path of the first key that is unknown, missing, of another type or out of range,
        or that contradicts another one.
    """
    _refuse_unknown_keys(table, kind, path)
    try:
        return msgspec.convert(table, kind)
    except SettingError as error:
        raise EnvironmentFileError(
            _join(path, error.path), error.message, error.suggestion
        ) from error
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `")
        of_a_key = where.startswith(_OF_A_KEY)
        keys = where.removeprefix(_OF_A_KEY).lstrip("$").rstrip("`").lstrip(".")
        missing = _MISSING.fullmatch(message)
        if missing:
            keys = f"{keys}.{missing[1]}".lstrip(".")
            message = "it is missing"
        raise EnvironmentFileError(
            _join(path, _with_names(table, kind, keys)),
            f"a name in it: {message}." if of_a_key else f"{message}.",
            _suggestion(kind, keys, of_a_key=of_a_key),
        ) from error
    except KeylineError as error:  # of the struct's own checks
        raise EnvironmentFileError(
            _join(path, error.path), error.message, error.suggestion
        ) from error


def _refuse_unknown_keys(table: Mapping[str, Any], kind: type[Struct], path: str) -> None:
    """Look for unknown keys ourselves: msgspec names them, but not the key that was meant."""
    fields = {f.encode_name: f for f in msgspec.structs.fields(kind)}
    for key, value in table.items():
        where = _join(path, key)
        if key not in fields:
            raise EnvironmentFileError(where, "unknown key.", instead_of(key, fields))
        inner = _struct_of(fields[key].type)
        if inner is not None and isinstance(value, Mapping):
            _refuse_unknown_keys(value, inner, where)


def _struct_of(kind: Any) -> type[Struct] | None:
    """Find the struct in `Struct` or `Struct | None`."""
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    found = (o for o in options if isinstance(o, type) and issubclass(o, Struct))
    return next(found, None)


def _suggestion(kind: type[Struct], keys: str, *, of_a_key: bool = False) -> str:
    """Say what the key at a path like `tables.pitr_days` takes, or a name in its table."""
    annotation = _annotation(kind, keys.partition("[")[0])
    if of_a_key:
        annotation = typing.get_args(annotation)[0]
    elif keys.endswith(_OF_A_NAME):
        annotation = typing.get_args(annotation)[1]
    return f"Write {_describe(annotation)}."


def _annotation(kind: type[Struct], keys: str) -> Any:
    """Return the type of the key at a path like `tables.pitr_days`."""
    annotation: Any = kind
    for key in keys.split("."):
        struct = _struct_of(annotation)
        fields = msgspec.structs.fields(struct) if struct else ()
        annotation = next((f.type for f in fields if f.encode_name == key), None)
    return annotation


def _with_names(table: Mapping[str, Any], kind: type[Struct], keys: str) -> str:
    """Name the key in a place like `prices[...]`, of which msgspec does not say the name."""
    before, mark, after = keys.partition(_OF_A_NAME)
    if not mark:
        return keys
    of_values = typing.get_args(_annotation(kind, before))[1]
    place: Any = table
    for key in before.split("."):
        place = place[key]
    for name, value in place.items():
        try:
            msgspec.convert(value, of_values)
        except msgspec.ValidationError:
            return f"{before}.{name}{after}"
    return keys


def _describe(annotation: Any) -> str:
    """Say what an annotation takes, in words: its own description first."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _describe(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) is Literal:
        return "one of: " + ", ".join(map(str, typing.get_args(annotation)))
    for meta in getattr(annotation, "__metadata__", ()):
        return meta.description or f"{_describe(typing.get_args(annotation)[0])}{_range(meta)}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text in quotes"}
    if annotation in words:
        return words[annotation]
    return 'a list, like ["a", "b"]' if typing.get_origin(annotation) is tuple else "a table"


def _range(meta: Meta) -> str:
    limits = {"from": meta.ge, "above": meta.gt, "up to": meta.le}
    said = [f"{word} {limit}" for word, limit in limits.items() if limit is not None]
    return "".join(f" {text}" for text in said)


def _check(environment: Environment, file: Path) -> None:
    """Check what concerns more than one key."""
    _check_name(environment, file)
    _check_region(environment, file)
    if environment.name == "prod" or environment.termination_protection:
        _check_protected(environment, file)
    _check_told(environment, file)
    _check_key(environment, file)
    _check_local(environment, file)
    for path, message, suggestion in _faults(environment):
        raise EnvironmentFileError(f"{file.name}: {path}", message, suggestion)
    for system, pool in environment.user_pools.items():
        _check_user_pool(environment, pool, f"{file.name}: user_pools.{system}")


def _boundary_faults(environment: Environment) -> Iterator[Fault]:
    arn, path = environment.roles.permissions_boundary, "roles.permissions_boundary"
    if arn is None:
        return
    account = arn.split(":")[4]
    if environment.is_local:
        yield path, "has no effect: the local platform bounds no roles.", "Leave it out."
    elif account not in ("aws", environment.account or account):
        yield (
            path,
            f"is a policy of the account {account}; the environment is in {environment.account}.",
            "Name a policy of the environment's own account.",
        )


def _faults(environment: Environment) -> Iterator[Fault]:
    """Yield what is wrong with texts and amounts, with the path in the file."""
    yield from tag_faults(environment.tags)
    yield from origin_faults(environment.api.cors_origins, keeps_data=environment.keeps_data)
    yield from issuer_faults(environment.auth.issuer, local=environment.is_local)
    if environment.budget:
        yield from _budget_faults(environment.budget)
    if environment.cache:
        yield from _cache_faults(environment, environment.cache)
    if environment.functions.canary and environment.is_local:
        yield "functions.canary", "no CodeDeploy moves requests here.", "Leave it out."
    yield from _boundary_faults(environment)
    if environment.rollback and environment.is_local:
        yield "rollback", "no CloudFormation watches alarms here.", "Leave the section out."
    if environment.github and environment.is_local:
        yield "github", "no workflow deploys to this machine.", "Leave the section out."
    elif environment.github and environment.account is None:
        yield (
            "account",
            "is missing: the roles of [github] are in an account.",
            'Write account = "<12 digits>".',
        )
    if environment.backup and environment.is_local:
        yield "backup", "there is no AWS Backup on this machine.", "Leave the section out."
    elif environment.backup and environment.tables.removal_policy == "destroy":
        yield (
            "backup",
            "keeps tables that [tables] throws away. CloudFormation deletes no vault with backups,"
            " so `keyline destroy` would stop there.",
            'Write removal_policy = "retain" in [tables], or leave the section out.',
        )
    yield from _capacity_faults(environment)


def _capacity_faults(environment: Environment) -> Iterator[Fault]:
    provisioned, capacity = environment.provisioned, environment.capacity
    if provisioned is None:
        if capacity is not None:
            yield (
                "capacity",
                "says how capacity scales, and requests are billed.",
                'Write billing = "provisioned" in [tables], or leave the section out.',
            )
        return
    if environment.is_local:
        yield (
            "tables.billing",
            "the local platform bills nothing, and has no capacity to scale.",
            "Leave it out of the local environment.",
        )
    for kind, low, high in (
        ("read", provisioned.min_read, provisioned.max_read),
        ("write", provisioned.min_write, provisioned.max_write),
    ):
        if low > high:
            yield (
                f"capacity.min_{kind}",
                f"is {low:,}, more than max_{kind}, {high:,}.",
                f"Write {high:,} or less.",
            )
    for name in repeated(provisioned.tables):
        yield "capacity.tables", f"{name!r} is there twice.", "Write it once."


def _cache_faults(environment: Environment, shared: SharedCache) -> Iterator[Fault]:
    if environment.is_local:
        yield "cache", "the local platform has a redis of its own.", "Leave the section out."
    for zone in repeated(shared.zones):
        yield "cache.zones", f"{zone!r} is there twice.", "Write it once."
    try:
        ipaddress.ip_network(shared.network)
    except ValueError:
        yield (
            "cache.network",
            f"{shared.network} is not the beginning of a block of addresses.",
            "Write it like 10.64.0.0/24.",
        )


def _budget_faults(budget: Budget) -> Iterator[Fault]:
    for amount in budget.alerts_usd:
        if amount >= budget.monthly_usd:
            yield (
                "budget.alerts_usd",
                f"{amount:g} is not below monthly_usd, of which the topic is told anyway.",
                f"Write amounts below {budget.monthly_usd:g}.",
            )
    for amount in repeated(budget.alerts_usd):
        yield "budget.alerts_usd", f"{amount:g} is there twice.", "Write it once."


def _check_name(environment: Environment, file: Path) -> None:
    if environment.name != file.stem:
        raise EnvironmentFileError(
            f"{file.name}: name",
            f"it says {environment.name!r}, but the file is {file.name}.",
            f'Write name = "{file.stem}".',
        )


def _check_region(environment: Environment, file: Path) -> None:
    known = _regions()
    if environment.region not in known:
        raise EnvironmentFileError(
            f"{file.name}: region",
            f"{environment.region!r} is not an AWS region that botocore knows.",
            instead_of(environment.region, known),
        )


@cache
def _regions() -> list[str]:
    """Read the regions from the partition data that botocore ships."""
    text = resources.files("botocore").joinpath("data/partitions.json").read_text(encoding="utf-8")
    partitions = json.loads(text)["partitions"]
    regions = {region for partition in partitions for region in partition["regions"]}
    return sorted(region for region in regions if not region.endswith("-global"))


def _check_protected(environment: Environment, file: Path) -> None:
    """Refuse a file that weakens production, or any environment that says it is protected.

    A weaker file takes a change of this rule, and its review.
    """
    tables = environment.tables
    required = {
        "account": (environment.account is not None, 'account = "<12 digits>"'),
        "termination_protection": (
            environment.termination_protection,
            "termination_protection = true",
        ),
        "tables.deletion_protection": (tables.deletion_protection, "deletion_protection = true"),
        "tables.removal_policy": (tables.removal_policy == "retain", 'removal_policy = "retain"'),
        "tables.pitr_days": (tables.pitr_days == 35, "pitr_days = 35"),
        "tables.encryption": (tables.encryption != "aws-owned", 'encryption = "aws-managed"'),
    }
    for key, (holds, line) in required.items():
        if not holds:
            why = "it is prod" if environment.name == "prod" else "termination_protection is true"
            raise EnvironmentFileError(
                f"{file.name}: {key}",
                f"is too weak for this environment, because {why}.",
                f"Write {line}.",
            )


def _check_told(environment: Environment, file: Path) -> None:
    """Refuse an environment that is protected and whose alarms nobody hears."""
    if environment.termination_protection and not environment.alarms.email:
        raise EnvironmentFileError(
            f"{file.name}: alarms.email",
            "is missing: nobody would hear of an alarm of this protected environment.",
            'Write email = "oncall@<your domain>" below [alarms].',
        )


def _check_key(environment: Environment, file: Path) -> None:
    """Refuse a key of another region than the table's: DynamoDB does not take it."""
    if environment.is_local and environment.tables.makes_key:
        raise EnvironmentFileError(
            f"{file.name}: tables.encryption",
            "the local engine encrypts nothing.",
            "Leave it out.",
        )
    arn = environment.key_arn
    if arn and not environment.tables.makes_key and arn.split(":")[3] != environment.region:
        raise EnvironmentFileError(
            f"{file.name}: tables.encryption",
            f"the key is in {arn.split(':')[3]}, the tables are in {environment.region}.",
            f"Give a key of {environment.region}.",
        )


def _check_user_pool(environment: Environment, pool: str, path: str) -> None:
    found = _USER_POOL.fullmatch(pool)
    if found is None or found[1] not in _regions():
        raise EnvironmentFileError(
            path,
            f"{pool!r} is not an id of a Cognito user pool.",
            "Write it as the console shows it, region and name: us-east-1_AbCdEfGhI.",
        )
    if environment.is_local:
        raise EnvironmentFileError(
            path,
            "the local environment has a token issuer of its own.",
            "Leave the pool out; `make token` mints a token.",
        )
    if found[1] != environment.region:
        raise EnvironmentFileError(
            path,
            f"the pool is in {found[1]}. The API's client is made in it, and a stack of"
            f" {environment.region} makes it there only.",
            f"Use a pool of {environment.region}; or make a client by hand and name issuer and"
            " client id in [auth].",
        )


def _check_local(environment: Environment, file: Path) -> None:
    local = environment.local
    if (environment.name == "local") != (local is not None):
        raise EnvironmentFileError(
            f"{file.name}: local",
            "the section belongs to the local environment, to that one only.",
            "Ports of the local platform stand in [local] of local.toml.",
        )
    said = _local_ports(environment)
    if local is None:
        for path in said:
            raise EnvironmentFileError(
                f"{file.name}: {path}",
                "a port belongs to the local environment, to that one only.",
                "Leave it out.",
            )
        return
    for path, port in said.items():
        _check_port(port, f"{file.name}: {path}")
    ports = {f"local.{name}": port for name, port in local.servers.items()}
    # `local.api` is where a row begins: a system may say that number itself
    for taken in ({"local.api": local.api, **ports}, {**ports, **said}):
        for path, port in taken.items():
            users = [user for user, used in taken.items() if used == port]
            if len(users) > 1:
                raise EnvironmentFileError(
                    f"{file.name}: {path}",
                    f"port {port} is used twice: by {' and '.join(users)}.",
                    "Give each its own.",
                )


def _check_port(port: object, path: str) -> None:
    try:
        msgspec.convert(port, Port)
    except msgspec.ValidationError as error:
        raise EnvironmentFileError(path, f"{error}.", f"Write {_describe(Port)}.") from error


def _join(path: str, key: str) -> str:
    if not key:
        return path
    return f"{path}: {key}" if path.endswith(".toml") else f"{path}.{key}"
