"""The journeys of all systems on a running platform, one after the other, and their report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from keyline.errors import KeylineError
from keyline_deploy.environment import Environment
from keyline_deploy.names import api_name
from keyline_deploy.systems import names, part
from keyline_local import Platform
from keyline_ops.demo import report
from keyline_ops.demo.journey import Journey
from keyline_ops.demo.options import Options
from keyline_ops.demo.session import Session

ENVIRONMENT = "local"


@dataclass(frozen=True)
class Plan:
    """A journey, what its data is, and how many requests it takes to load."""

    journey: Journey
    source: str
    size: int


@dataclass
class Tour:
    """The journeys of all systems, and their result.

    Attributes
    ----------
    file
        Where the report goes as JSON; None writes none.
    faults
        What is wrong with the patterns' runs.
    """

    plans: Sequence[Plan]
    audience: str
    file: Path | None = None
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, options: Options, environment: Environment) -> Self:
        """Prepare the journey of each system that has one; none if nothing is to be loaded.

        Raises
        ------
        KeylineError
            If the folder of data is of use to no system, or a line of it cannot be read.
        """
        journeys = _journeys() if options.load else []
        _check_data(journeys, options.data)
        plans = [
            Plan(journey, *journey.prepare(_data_of(journey, options))) for journey in journeys
        ]
        return cls(plans, environment.auth.audience, options.report)

    async def take(self, platform: Platform, console: Console) -> None:
        """Load the data of each system, use every pattern, and report.

        Raises
        ------
        KeylineError
            If an answer is not as it has to be.
        """
        with _metrics(platform) as documents:
            for plan in self.plans:
                await self._travel(plan, platform, console, alone=True)
        self._report(documents, console)

    async def take_as_far_as_possible(self, platform: Platform, console: Console) -> bool:
        """Do the same, and go on with the next system where an answer is not as it has to be.

        Returns
        -------
        Whether every journey came to its end.
        """
        complete = True
        with _metrics(platform) as documents:
            for plan in self.plans:
                try:
                    await self._travel(plan, platform, console, alone=False)
                except (KeylineError, httpx.HTTPError) as error:
                    complete = False
                    _tell_incomplete(plan.journey.system.name, error, console)
        if self.plans:
            self._report(documents, console)
        return complete

    async def _travel(
        self, plan: Plan, platform: Platform, console: Console, *, alone: bool
    ) -> None:
        journey = plan.journey
        api = api_name(journey.system.name, ENVIRONMENT)
        session = Session(platform, api, self.audience, alone=alone)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        try:
            with Progress(*columns, console=console) as progress:
                task = progress.add_task(f"Loading {plan.source}", total=plan.size)
                await journey.load(session, lambda: progress.advance(task))
                task = progress.add_task("Waiting for the streams", total=1)
                await session.settle()
                progress.advance(task)
            for line in await journey.exercise(session):
                console.print(f"  {line}", markup=False)
            await session.settle()  # where the data was there already, only this feeds the streams
        finally:
            await session.close()

    def _report(self, documents: Sequence[Mapping[str, Any]], console: Console) -> None:
        journeys = [plan.journey for plan in self.plans]
        old = {journey.system.name for journey in journeys if journey.loaded_before}
        rows = report.collect([journey.system for journey in journeys], documents, old)
        report.show(rows, console)
        self.faults = [row.fault for row in rows if row.fault]
        if self.file:
            report.write(rows, self.file, {"sources": [plan.source for plan in self.plans]})
            console.print(f"Report written to {self.file}.", markup=False)


def _journeys() -> list[Journey]:
    """Return the journey of each system that has one."""
    parts = (part(name, "journey") for name in names())
    return [found.JOURNEY() for found in parts if found]


def _check_data(journeys: Sequence[Journey], data: Path | None) -> None:
    """Refuse a folder that is of use to no system: it is another than was meant."""
    if data and journeys and not any(_holds(data, journey) for journey in journeys):
        known = sorted({name for journey in journeys for name in journey.data_files})
        raise KeylineError(
            str(data), f"holds none of {', '.join(known)}.", "Leave DATA out for samples."
        )


def _data_of(journey: Journey, options: Options) -> Path | None:
    return options.data if options.data and _holds(options.data, journey) else None


def _holds(data: Path, journey: Journey) -> bool:
    return all((data / name).exists() for name in journey.data_files)


@contextmanager
def _metrics(platform: Platform) -> Iterator[list[Mapping[str, Any]]]:
    """Collect what functions emit meanwhile."""
    documents: list[Mapping[str, Any]] = []
    stop = platform.logs.subscribe(lambda metric: documents.append(metric.document))
    try:
        yield documents
    finally:
        stop()


def _tell_incomplete(system: str, error: Exception, console: Console) -> None:
    console.print(Text(f"✗ {system}: {error}", "red"), soft_wrap=True)
    console.print(
        "  The platform serves all the same. Requests of your own count too: what they changed "
        "while the samples were loaded is not as the samples say.",
        style="dim",
        soft_wrap=True,
    )
