"""Run the demonstration: synthesize, start, load, use every pattern, report, serve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from keyline.errors import KeylineError
from keyline_deploy.environment import Environment, load
from keyline_deploy.names import api_name
from keyline_deploy.project import LOCAL_STATE, ROOT
from keyline_deploy.systems import names, part
from keyline_local import Platform, Ports
from keyline_ops.demo import report
from keyline_ops.demo.journey import Journey
from keyline_ops.demo.options import Options
from keyline_ops.demo.session import Session
from keyline_ops.openapi.pages import project_pages
from keyline_ops.running import local_ports
from keyline_ops.synth import assembly_folder, bring_up_to_date
from keyline_ops.words import count_of

ENVIRONMENT = "local"


async def run(options: Options, console: Console) -> int:
    """Run the demonstration.

    Returns
    -------
    0 if every access pattern ran and none cost more than its item sizes imply without a
    declared reason; 1 otherwise.

    Raises
    ------
    KeylineError
        If the environment, the assembly, the data or an answer is wrong.
    """
    environment = load(ENVIRONMENT)
    journeys = _journeys()
    _check_data(journeys, options.data)
    plans = [(journey, *journey.prepare(_data_of(journey, options))) for journey in journeys]
    declared = local_ports(environment)
    platform = Platform(
        root=ROOT,
        assembly=assembly_folder(ENVIRONMENT),
        state=options.state,
        fresh=options.fresh,
        ports=Ports() if options.free_ports else declared,
        declared=declared,
        pages=project_pages,
        console=console if options.verbose else None,
    )
    platform.check()
    started = time.monotonic()
    with console.status("Synthesizing the local environment"):
        await bring_up_to_date(ENVIRONMENT)
    console.print(f"Synthesized in {time.monotonic() - started:.1f} s.")
    async with platform:
        _show_platform(platform, console)
        documents: list[Any] = []
        stop = platform.logs.subscribe(lambda metric: documents.append(metric.document))
        for journey, source, size in plans:
            await _travel(platform, journey, source, size, environment, console)
        stop()
        rows = report.collect([journey.system for journey in journeys], documents)
        report.show(rows, console)
        if options.report:
            report.write(rows, options.report, {"sources": [source for _, source, _ in plans]})
            console.print(f"Report written to {options.report}.", markup=False)
        if options.serve:
            show_how_to_call(platform, options.state, console)
            platform.logs.show_on(console)
            await platform.wait()
            console.print("Stopping.")
    return 1 if any(row.fault for row in rows) else 0


def _journeys() -> list[Journey]:
    """The journey of each system that has one."""
    parts = (part(name, "journey") for name in names())
    return [found.JOURNEY() for found in parts if found]


def _check_data(journeys: Sequence[Journey], data: Path | None) -> None:
    """Refuse a folder that is of use to no system: it is another than was meant."""
    if data and not any(_holds(data, journey) for journey in journeys):
        known = sorted({name for journey in journeys for name in journey.data_files})
        raise KeylineError(
            str(data), f"holds none of {', '.join(known)}.", "Leave DATA out for samples."
        )


def _data_of(journey: Journey, options: Options) -> Path | None:
    return options.data if options.data and _holds(options.data, journey) else None


def _holds(data: Path, journey: Journey) -> bool:
    return all((data / name).exists() for name in journey.data_files)


async def _travel(
    platform: Platform,
    journey: Journey,
    source: str,
    size: int,
    environment: Environment,
    console: Console,
) -> None:
    session = Session(platform, _api(journey), environment.auth.audience)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(f"Loading {source}", total=size)
            await journey.load(session, lambda: progress.advance(task))
            task = progress.add_task("Waiting for the streams", total=1)
            await session.settle()
            progress.advance(task)
        for line in await journey.exercise(session):
            console.print(f"  {line}", markup=False)
        await session.settle()  # where the data was there already, only this feeds the streams
    finally:
        await session.close()


def _api(journey: Journey) -> str:
    return api_name(journey.system.name, ENVIRONMENT)


def _show_platform(platform: Platform, console: Console) -> None:
    for change in platform.changes:
        console.print(f"  {change}", markup=False)
    deployment = platform.deployment
    running = (
        (deployment.tables, "table"),
        (deployment.functions, "function"),
        (deployment.apis, "API"),
        (deployment.mappings, "stream mapping"),
    )
    counts = ", ".join(count_of(len(each), what) for each, what in running)
    console.print(f"Running {counts}; data plane {platform.endpoints.engine}.")
    left_out = ", ".join(sorted(deployment.skipped))
    console.print(f"Without meaning on one machine, left out: {left_out}.", style="dim")


def show_how_to_call(platform: Platform, state: Path, console: Console) -> None:
    """Name every API, also one without a journey, and say how to call it."""
    for api in platform.status().apis:
        console.print(f"{api.title}: {api.url}", markup=False)
        if "docs" in api.pages:
            console.print(f"  look at it and try it: {api.pages['docs']}")
    console.print(f"All of them, and what else runs: {platform.endpoints.issuer}")
    token = "make token" if state == LOCAL_STATE else f"keyline token --state {state}"
    console.print(
        f"A token: {token}. Saved handlers run at the next request. Ctrl-C stops.", markup=False
    )
