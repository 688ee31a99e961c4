"""An assembly of any app: checked, or run on the local platform without samples or a report."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_deploy.project import ROOT
from keyline_local import Deployment, EventRule, Platform, Ports, check_assembly
from keyline_ops.demo.options import Options
from keyline_ops.demo.show import how_to_call, platform
from keyline_ops.run_record import Stage, recorded
from keyline_ops.words import count_of

_PARTNER = "aws.partner/"
_SENT = ("aws.s3",)
"""The services of AWS whose events the platform sends."""
_FIRST_API = 3000
"""The port of the first API, where no free ones are asked for."""
_ADVICE = (
    "Stop what listens there; or move the APIs, with `--port-offset 100`; or take free ports, with"
    " `--free-ports`."
)


@dataclass(frozen=True)
class Chosen:
    """An assembly, and what of it runs.

    Attributes
    ----------
    folder
        What `cdk synth --output` wrote.
    stacks
        The stacks that run, with what they need; all where none is named.
    parameters
        Values of the parameters of its templates, and of SSM parameters.
    """

    folder: Path
    stacks: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """The choice as arguments of `keyline up`."""
        return [
            *("--assembly", str(self.folder)),
            *(word for stack in self.stacks for word in ("--stack", stack)),
            *(word for n, v in self.parameters.items() for word in ("--parameter", f"{n}={v}")),
        ]


def check(chosen: Chosen) -> tuple[Sequence[KeylineError], Sequence[str]]:
    """Return all that the local platform refuses of an assembly, and what differs from AWS."""
    with tempfile.TemporaryDirectory() as unpacked:
        refusals, deployment = check_assembly(
            chosen.folder,
            root=ROOT,
            stacks=chosen.stacks,
            parameters=chosen.parameters,
            unpacked=Path(unpacked),
        )
    return refusals, [] if deployment is None else notes(deployment)


def notes(deployment: Deployment) -> list[str]:
    """Say what runs here in another way than on AWS."""
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    others = sorted({each.runtime for each in deployment.functions} - {here})
    found = [f"Functions for {', '.join(others)} run on {here}."] if others else []
    issuers = {
        route.authorizer.issuer
        for api in deployment.apis
        for route in api.routes
        if route.authorizer and route.authorizer.issuer.startswith("https://")
    }
    found += [f"The keys of {each} are fetched over the network." for each in sorted(issuers)]
    return [*found, *_unsent(deployment)]


def _unsent(deployment: Deployment) -> list[str]:
    """Name the rules whose events nothing here sends."""
    return [
        f"Nothing here sends the events of the rule {rule.name}: put them by hand."
        for rule in deployment.rules
        if rule.bus.startswith(_PARTNER)
        or (_sources(rule) and all(_is_elsewhere(each) for each in _sources(rule)))
    ]


def _sources(rule: EventRule) -> list[str]:
    return [each for each in rule.pattern.get("source", []) if isinstance(each, str)]


def _is_elsewhere(source: str) -> bool:
    return source.startswith("aws.") and source not in _SENT


async def run(chosen: Chosen, options: Options, offset: int, console: Console) -> int:
    """Run an assembly until a signal.

    Parameters
    ----------
    offset
        By how much the ports of the APIs are moved.

    Raises
    ------
    KeylineError
        If the platform cannot run it, or a port or the state folder is in use.
    """
    running = Platform(
        root=ROOT,
        assembly=chosen.folder,
        state=options.state,
        fresh=options.fresh,
        ports=Ports(api=0 if options.free_ports else _FIRST_API + offset, advice=_ADVICE),
        parameters=chosen.parameters,
        stacks=chosen.stacks,
        console=console if options.verbose else None,
    )
    running.check()
    with recorded(options.state) as record:
        async with running:
            platform(running, console)
            for note in notes(running.deployment):
                console.print(note, markup=False, soft_wrap=True)
            for name, value in running.deployment.outputs.items():
                console.print(f"{name} = {value}", markup=False, soft_wrap=True)
            if running.events_api is not None:
                console.print(f"Events: {running.events_api.url}", markup=False, soft_wrap=True)
            how_to_call(running, options.state, "The local platform", console)
            if not options.quiet:
                running.logs.show_on(console)
            record.enter(Stage.SERVING)
            await running.wait()
            console.print("Stopping.")
    return 0


def show(refusals: Sequence[KeylineError], found: Sequence[str], console: Console) -> None:
    """Print what `check` returns, for people."""
    for error in refusals:
        console.print(Text(error.path, "red") + Text(f": {error.message}"), soft_wrap=True)
        if error.suggestion:
            console.print(Text(f"  {error.suggestion}"), soft_wrap=True)
    for note in found:
        console.print(note, markup=False, soft_wrap=True)
    counted = count_of(len(refusals), "refusal")
    console.print(f"{counted}." if refusals else "The local platform can run it.")
