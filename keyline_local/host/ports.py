"""The loopback ports the platform listens on, and the addresses that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from keyline_local.host.process import LOOPBACK, free_port, free_ports

_MAX_APIS = 8  # so many ports in a row are looked for


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Loopback TCP ports; 0 means: pick a free one.

    Attributes
    ----------
    api
        Of the first HTTP API; the others follow on the next numbers.
    engine, engine_mcp
        DynamoDB API of the embedded engine, and its tool interface (TTL sweep).
    aws
        All other AWS APIs.
    cache
        Redis.
    issuer
        The token issuer.
    """

    api: int = 0
    engine: int = 0
    engine_mcp: int = 0
    aws: int = 0
    cache: int = 0
    issuer: int = 0

    def for_apis(self, count: int) -> Sequence[int]:
        """Return one port per HTTP API: counted up from `api`, or free ones."""
        return [self.api + i if self.api else free_port() for i in range(count)]

    def chosen(self) -> Ports:
        """Return the same ports with every 0 replaced by a free port."""
        others = {k: v or free_port() for k, v in asdict(self).items() if k != "api"}
        return replace(self, api=self.api or free_ports(_MAX_APIS), **others)


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the parts answer, as URLs without a trailing slash.

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
        The ports that were written into the templates when they were synthesized, where
        they differ from `ports`.
    """
    moved = {
        old: getattr(ports, name)
        for name, old in asdict(declared or Ports()).items()
        if old and old != getattr(ports, name)
    }
    return Endpoints(
        engine=engine or f"http://{LOOPBACK}:{ports.engine}",
        aws=f"http://{LOOPBACK}:{ports.aws}",
        cache=f"redis://{LOOPBACK}:{ports.cache}",
        issuer=f"http://{LOOPBACK}:{ports.issuer}",
        apis=[f"http://{LOOPBACK}:{port}" for port in apis],
        moved=moved,
    )
