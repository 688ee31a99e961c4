"""Run the demonstration: synthesize, start, load, use every pattern, report; or serve meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator

from rich.console import Console

from keyline_deploy.environment import Environment, load
from keyline_deploy.project import ROOT
from keyline_local import Platform, Ports
from keyline_ops.console.app import console_pages
from keyline_ops.demo import show
from keyline_ops.demo.options import Options
from keyline_ops.demo.tour import ENVIRONMENT, Tour
from keyline_ops.openapi.pages import project_pages
from keyline_ops.run_record import Record, Stage, recorded
from keyline_ops.running import local_ports
from keyline_ops.synth import assembly_folder, bring_up_to_date


async def run(options: Options, console: Console) -> int:
    """Run the demonstration.

    Where it serves, it serves at once, and data is loaded and used meanwhile.

    Returns
    -------
    0 if every access pattern ran and none cost more than its item sizes imply without a
    declared reason; 1 otherwise. Where it serves, 0 once a signal has ended it.

    Raises
    ------
    KeylineError
        If the environment, the assembly or the data is wrong; or an answer, unless it serves.
    """
    environment = load(ENVIRONMENT)
    tour = Tour.of(options, environment)
    platform = _platform(options, environment, console)
    platform.check()
    with recorded(options.state) as record:
        await _synthesize(console)
        async with platform:
            show.platform(platform, console)
            if not options.serve:
                await tour.take(platform, console)
                return 1 if tour.faults else 0
            show.how_to_call(platform, options.state, "Console", console)
            await _serve(platform, tour, options, record, console)
            console.print("Stopping.")
    return 0


async def _synthesize(console: Console) -> None:
    started = time.monotonic()
    with _cancelled_by_sigterm(), console.status("Synthesizing the local environment"):
        made = await bring_up_to_date(ENVIRONMENT, assembly_folder(ENVIRONMENT))
    if made:
        console.print(f"Synthesized in {time.monotonic() - started:.1f} s.")
    else:
        console.print(f"The assembly of the {ENVIRONMENT} environment is up to date.")


@contextlib.contextmanager
def _cancelled_by_sigterm() -> Iterator[None]:
    """Cancel this task at SIGTERM, as at Ctrl-C; later the platform handles both."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        raise RuntimeError("no task runs")
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def _platform(options: Options, environment: Environment, console: Console) -> Platform:
    declared = local_ports(environment)
    return Platform(
        root=ROOT,
        assembly=assembly_folder(ENVIRONMENT),
        state=options.state,
        fresh=options.fresh,
        ports=Ports() if options.free_ports else declared,
        declared=declared,
        pages=project_pages,
        front_pages=console_pages,
        console=console if options.verbose else None,
    )


async def _serve(
    platform: Platform, tour: Tour, options: Options, record: Record, console: Console
) -> None:
    """Serve until a signal; the data is loaded meanwhile, as far as it gets."""

    async def use_and_show_logs() -> None:
        record.enter(Stage.LOADING)
        complete = await tour.take_as_far_as_possible(platform, console)
        record.enter(Stage.SERVING if complete else Stage.INCOMPLETE)
        if not options.quiet:
            platform.logs.show_on(console)

    try:
        async with asyncio.TaskGroup() as group:
            loading = group.create_task(use_and_show_logs())
            await platform.wait()
            loading.cancel()
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
