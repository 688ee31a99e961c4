"""Releases: changes that are refused, and that somebody lets through with a reason and an end.

Releases are in a file of the project that is committed, so that a review sees them.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from keyline_deploy.project import ROOT
from keyline_ops.plan.errors import UnjudgedError
from keyline_ops.plan.findings import Finding, Verdict

RELEASES = ROOT / "releases.toml"


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One refused change that is let through.

    Attributes
    ----------
    change
        The path of the change, as the plan prints it.
    why
        The reason.
    until
        The last day on which it holds.
    """

    change: str
    why: str
    until: date


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    release: tuple[Release, ...] = ()


def read_releases(path: Path) -> tuple[Release, ...]:
    """Read the releases of a file; none where there is no file.

    Raises
    ------
    UnjudgedError
        If the file is not right.
    """
    if not path.exists():
        return ()
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise UnjudgedError(
            str(path),
            f"cannot be read: {error}",
            'Write [[release]] with change = "...", why = "..." and until = 2026-12-31.',
        ) from error
    for release in found.release:
        if not release.why.strip():
            raise UnjudgedError(
                f"{path}: {release.change}", "says no reason.", 'Write why = "the reason".'
            )
    return found.release


def current_releases(path: Path) -> list[Release]:
    """Read the releases of a file that have not ended; those that have are said on standard error.

    Raises
    ------
    UnjudgedError
        If the file is not right.
    """
    today = datetime.now(UTC).date()
    found = read_releases(path)
    for release in found:
        if release.until < today:
            ended = release.until.isoformat()
            print(f"The release of {release.change} ended on {ended}.", file=sys.stderr)
    return [release for release in found if release.until >= today]


def released(finding: Finding, releases: Sequence[Release]) -> Finding:
    """Return a finding with the reason of its release, if it is refused and has one."""
    if finding.verdict is not Verdict.REFUSED or not finding.releasable:
        return finding
    for release in releases:
        if release.change == finding.path:
            until = release.until.isoformat()
            return replace(finding, released=f"{release.why} (until {until})")
    return finding
