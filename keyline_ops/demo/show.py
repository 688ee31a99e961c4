"""Messages about a platform that has started."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from keyline_deploy.project import LOCAL_STATE
from keyline_local import Platform
from keyline_ops.words import count_of


def platform(running: Platform, console: Console) -> None:
    """Say what runs, and what the start did to the tables."""
    for change in running.changes:
        console.print(f"  {change}", markup=False)
    deployment = running.deployment
    counted = (
        (deployment.tables, "table"),
        (deployment.functions, "function"),
        (deployment.apis, "API"),
        (deployment.mappings, "stream mapping"),
    )
    counts = ", ".join(count_of(len(each), what) for each, what in counted)
    console.print(f"Running {counts}; data plane {running.endpoints.engine}.", soft_wrap=True)
    if left_out := ", ".join(sorted(deployment.skipped)):
        console.print(
            f"Without meaning on one machine, left out: {left_out}.", style="dim", soft_wrap=True
        )


def how_to_call(running: Platform, state: Path, front: str, console: Console) -> None:
    """Name every API, also one without a journey, and say how to call it.

    Parameters
    ----------
    front
        The name of the page that the platform's own address shows.
    """
    for api in running.status().apis:
        console.print(f"{api.title}: {api.url}", markup=False, soft_wrap=True)
        if "docs" in api.pages:
            console.print(f"  look at it and try it: {api.pages['docs']}", soft_wrap=True)
    console.print(f"{front}: {running.endpoints.issuer}", soft_wrap=True)
    token = "make token" if state == LOCAL_STATE else f"keyline token --state {state}"
    console.print(
        f"A token: {token}. Saved handlers run at the next request. Ctrl-C stops.",
        markup=False,
        soft_wrap=True,
    )
