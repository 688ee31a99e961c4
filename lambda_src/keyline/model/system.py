"""A system: its tables, its functions with the patterns that each may use, its settings."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import msgspec

from keyline.errors import named, raise_first
from keyline.model.access import Access, access_of
from keyline.model.faults import faults_of
from keyline.model.metric import Metric
from keyline.model.migration import Migration
from keyline.model.migration_metrics import MIGRATION_METRICS
from keyline.model.pattern import Get, Pattern
from keyline.model.stream_source import StreamSource
from keyline.model.table import Table

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Route(msgspec.Struct, frozen=True):
    """One route of a system's HTTP API.

    Attributes
    ----------
    path
        With parameters in braces: `/conversations/{conversationId}`.
    scope
        The scope that a token has to carry; empty for any valid token.
    """

    method: Method
    path: str
    scope: str = ""


class Function(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A Lambda function: how it is entered and which patterns it may use.

    Attributes
    ----------
    name
        Unique in its system, in kebab case.
    handler
        The dotted path of the handler, as Lambda takes it.
    patterns
        The access patterns it uses. The function's role is exactly these.
    routes, source, schedule
        How it is entered: HTTP routes, a stream, or a schedule such as `rate(1 day)`.
    describes
        Tables whose description (sizes, status) it may read.
    memory, timeout
        MiB and seconds.
    concurrency
        Reserved concurrent executions, or None. What is reserved is kept free for the function,
        such as a stream consumer beside a busy API, and bounds it. Lambda refuses a reservation
        that leaves fewer than 100 of the account's quota to all other functions.
    requirements
        The name of an extra requirements file: `requirements-<name>.txt` in the system's
        package, whose packages go into this function's bundle only. Empty without such a file.
    services
        The AWS services that it calls in addition to DynamoDB, by botocore's names: `("s3",)`. The
        function's bundle carries their models. What the function may do there is granted where the
        stack is built.
    caches
        Whether it uses the cache that functions share. Where an environment has such a cache
        (`[cache]`), the function is in the cache's network and has its address as `cache_url`.
    accelerated
        The reads that it makes by `keyline.run.Accelerator`, in the network of the cache. Where an
        environment has DAX (`[cache.dax]`), the function may read these items through it. DAX
        answers with what it read some minutes ago, whatever `consistent` of the pattern says.
    """

    name: str
    handler: str
    why: str
    patterns: tuple[Pattern[Any], ...] = ()
    routes: tuple[Route, ...] = ()
    source: StreamSource | None = None
    schedule: str | None = None
    describes: tuple[Table, ...] = ()
    memory: int = 512
    timeout: int = 10
    concurrency: int | None = None
    requirements: str = ""
    services: tuple[str, ...] = ()
    caches: bool = False
    accelerated: tuple[Get[Any], ...] = ()

    @cached_property
    def access(self) -> frozenset[Access]:
        """The exact permissions on tables and indexes that the function needs."""
        described = {Access("DescribeTable", table.name) for table in self.describes}
        return access_of(self.patterns) | described


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a system that has none."""


class System(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A system: what one team owns and deploys together.

    Attributes
    ----------
    name
        The system's name, which is its Python package's.
    metrics
        The metrics that its functions publish in addition to those of Keyline.
    settings
        A frozen `msgspec.Struct` with a default for each setting. An environment overrides
        them in `[systems.<name>]`; the functions read them back.
    migration
        A move of the system from one store to another, in phases. The settings of such a system
        extend `MigrationSettings`.
    user_pool
        Whether the callers are users of a Cognito user pool. Where an environment names a pool
        for the system (`[user_pools]`), its API accepts tokens of that pool's users alone, and
        its functions have to accept access tokens alone. Without a pool, and in a system that
        does not say so, tokens are those that the environment's `[auth]` describes.

    Raises
    ------
    DeclarationError
        If names clash, an index serves no pattern, a setting is missing, or Lambda or API
        Gateway would refuse what a function says.
    """

    name: str
    title: str
    tables: tuple[Table, ...]
    functions: tuple[Function, ...]
    metrics: tuple[Metric, ...] = ()
    settings: type[msgspec.Struct] = NoSettings
    migration: Migration | None = None
    user_pool: bool = False

    def __post_init__(self) -> None:
        raise_first(faults_of(self), self.name)

    @cached_property
    def published(self) -> tuple[Metric, ...]:
        """The metrics that its functions may publish: its own, and those of its migration."""
        return (*self.metrics, *(map(Metric, MIGRATION_METRICS) if self.migration else ()))

    @cached_property
    def patterns(self) -> tuple[Pattern[Any], ...]:
        """Every pattern of the system, once, in order of first use; transactions before parts."""
        found = (p for called in self.called for p in (called, *called.actions))
        return tuple(dict.fromkeys(found))

    @cached_property
    def called(self) -> tuple[Pattern[Any], ...]:
        """The patterns that its functions call, once: a part of a transaction is not called."""
        return tuple(dict.fromkeys(p for function in self.functions for p in function.patterns))

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that a route asks for, sorted."""
        return tuple(sorted({r.scope for f in self.functions for r in f.routes if r.scope}))

    def table(self, name: str) -> Table:
        """Return the table of this name.

        Raises
        ------
        DeclarationError
            If the system has none.
        """
        return named(name, self.tables, f"{self.name}.tables", "table")

    def function(self, name: str) -> Function:
        """Return the function of this name.

        Raises
        ------
        DeclarationError
            If the system has none.
        """
        return named(name, self.functions, f"{self.name}.functions", "function")
