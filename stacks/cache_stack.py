"""The cache that functions of all systems share, where an environment asks for one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from constructs import Construct

from keyline.model import Function
from keyline_cdk.cache_cluster import CacheCluster
from keyline_deploy.environment import Environment, SharedCache
from stacks.base import KeylineStack


class CacheStack(KeylineStack):
    """The cache with its network; the functions of the service stacks are put into it."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        shared: SharedCache,
        functions: Iterable[Function],
        accelerated: Collection[str],
    ) -> None:
        super().__init__(
            scope,
            owner="cache",
            part="",
            environment=environment,
            why="The cache that functions share, and their network.",
        )
        self.cluster = CacheCluster(
            self,
            "Cache",
            environment=environment,
            shared=shared,
            functions=functions,
            accelerated=accelerated,
        )
