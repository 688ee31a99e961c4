"""The loopback ports the platform listens on, and the addresses that follow from them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keyline_local.host.process import LOOPBACK, free_port, free_ports

_MAX_APIS = 8  # so many ports in a row are looked for


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Loopback TCP ports; 0 means: pick a free one.

    Attributes
    ----------
    api
        Of the first HTTP API that `apis` does not name; further ones take the next numbers.
    engine, engine_mcp
        DynamoDB API of the embedded engine, and its tool interface (TTL sweep).
    aws
        All other AWS APIs.
    cache
        Redis.
    issuer
        The token issuer.
    apis
        Ports of HTTP APIs by their names.
    advice
        What a reader is told to do about a port that is taken.
    """

    api: int = 0
    engine: int = 0
    engine_mcp: int = 0
    aws: int = 0
    cache: int = 0
    issuer: int = 0
    apis: Mapping[str, int] = field(default_factory=dict)
    advice: str = "Stop what listens there, or choose another port."

    @property
    def servers(self) -> Mapping[str, int]:
        """The port of each server beside the APIs, by the name of its attribute."""
        return {
            "engine": self.engine,
            "engine_mcp": self.engine_mcp,
            "aws": self.aws,
            "cache": self.cache,
            "issuer": self.issuer,
        }

    def for_apis(self, names: Sequence[str]) -> Sequence[int]:
        """Return one port per HTTP API, by their names: those named, the others in a row."""
        taken = {*self.apis.values(), *self.servers.values()}
        row = (port for port in itertools.count(self.api) if port not in taken)
        unnamed = row if self.api else iter(free_port, None)
        return [self.apis[name] if name in self.apis else next(unnamed) for name in names]

    def chosen(self) -> Ports:
        """Return the same ports with every 0 replaced by a free port."""
        servers = {name: port or free_port() for name, port in self.servers.items()}
        return Ports(
            api=self.api or free_ports(_MAX_APIS), apis=self.apis, advice=self.advice, **servers
        )


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The addresses of the parts, as URLs without a slash at the end.

    Attributes
    ----------
    apis
        One per HTTP API of the assembly, in its order.
    moved
        Ports written into the templates at synth time and where they really are.
    """

    engine: str
    aws: str
    cache: str
    issuer: str
    apis: Sequence[str] = ()
    moved: Mapping[int, int] = field(default_factory=dict)


def endpoints(
    ports: Ports,
    *,
    apis: Sequence[int] = (),
    engine: str | None = None,
    declared: Ports | None = None,
) -> Endpoints:
    """Derive the addresses from chosen ports.

    Parameters
    ----------
    ports
        None of them 0.
    apis
        Ports of the HTTP APIs.
    engine
        URL of an engine that runs elsewhere, or None for the embedded one.
    declared
        The ports of servers that were written into the templates when they were synthesized,
        where they differ from `ports`.
    """
    moved = {
        old: ports.servers[name]
        for name, old in (declared or Ports()).servers.items()
        if old and old != ports.servers[name]
    }
    return Endpoints(
        engine=engine or f"http://{LOOPBACK}:{ports.engine}",
        aws=f"http://{LOOPBACK}:{ports.aws}",
        cache=f"redis://{LOOPBACK}:{ports.cache}",
        issuer=f"http://{LOOPBACK}:{ports.issuer}",
        apis=[f"http://{LOOPBACK}:{port}" for port in apis],
        moved=moved,
    )
