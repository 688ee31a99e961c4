"""Rows of the page of faults: the requests under a fault, and what became of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

RESULTS = os.environ.get("KEYLINE_FAULT_RESULTS")
"""The file that rows are added to, which `make faults` names; read before a test changes it."""


class Row(msgspec.Struct, frozen=True, kw_only=True, tag="fault"):
    """The requests of a fault at a rate.

    Attributes
    ----------
    rate
        How often the fault strikes, in words.
    requests
        Requests of clients, each try counted.
    struck
        How often it struck: calls of DynamoDB that it hit, requests that met a full disk, or
        requests before which the clock jumped.
    acknowledged, lost, doubled
        Requests that were acknowledged; of these, those that nothing is kept of; those that are
        kept more than once, acknowledged or not.
    """

    system: str
    fault: str
    rate: str
    requests: int
    struck: int
    acknowledged: int
    lost: int
    doubled: int


class Load(msgspec.Struct, frozen=True, kw_only=True, tag="load"):
    """The requests of clients who never pause.

    Attributes
    ----------
    refused
        Requests that the API refused to carry out because there were too many.
    platform, functions
        Resident memory in MB of the platform with its clients, and of all functions: when half of
        the time is over, and at its end.
    """

    system: str
    seconds: float
    clients: int
    requests: int
    errors: int
    refused: int
    acknowledged: int
    lost: int
    doubled: int
    platform: tuple[float, float]
    functions: tuple[float, float]


class Kills(msgspec.Struct, frozen=True, kw_only=True, tag="kills"):
    """The requests of a system while processes of all systems are killed at random.

    Attributes
    ----------
    engine, functions, platform
        How many of each were killed.
    failed
        Requests that were not acknowledged, and were sent again.
    """

    system: str
    engine: int
    functions: int
    platform: int
    requests: int
    failed: int
    acknowledged: int
    lost: int
    doubled: int


AnyRow = Row | Load | Kills


def record(row: AnyRow) -> None:
    """Keep a row where `make faults` wants it, and assert that nothing was lost or doubled."""
    if RESULTS:
        path = Path(RESULTS)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
    assert (row.lost, row.doubled) == (0, 0), row


def read(path: Path) -> Sequence[AnyRow]:
    """Return the rows of a file."""
    decoder = msgspec.json.Decoder(AnyRow)
    return [decoder.decode(line) for line in path.read_bytes().splitlines()]
