"""`keyline smoke`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import State
from keyline_ops.commands.token import claim_of

if TYPE_CHECKING:
    from pathlib import Path

    from keyline_deploy.environment import Environment

app = typer.Typer()


@app.command(
    epilog=examples(
        "keyline smoke --claim NAME=VALUE",
        "keyline smoke --environment dev",
    ),
)
def smoke(
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="The environment that is tried.")
    ] = "local",
    claim: Annotated[
        list[str] | None,
        typer.Option(help="A claim of the local canary, NAME=VALUE; repeat for more."),
    ] = None,
    state: State = None,
) -> None:
    """Send one request through the real API of each system, as a canary user.

    Each system is asked the first read of its API document. A system passes if it answers 200, or
    says by a problem document that there is no such item. On AWS the canary is a client of the
    issuer, whose secret is in Secrets Manager. The exit code is 1 if a system does not pass.
    """
    from keyline_deploy.environment import load
    from keyline_deploy.systems import systems
    from keyline_ops.local_token import local_token
    from keyline_ops.plan.running_stacks import on_aws
    from keyline_ops.smoke.request import smoke_requests
    from keyline_ops.smoke.run import api_urls, send, try_systems
    from keyline_ops.smoke.token import SUBJECT, canary_token

    told = load(environment)
    requests = smoke_requests(systems())
    if told.is_local:
        urls = _local_urls(told, state)
        token = local_token(told, state, SUBJECT, claims=dict(map(claim_of, claim or [])))
    else:
        where = on_aws(told)
        urls = api_urls(where, [request.system for request in requests])
        token = canary_token(where)
    failed = 0
    for outcome in try_systems(requests, urls, token, send):
        print(f"{outcome.request.system}: GET {outcome.request.path}: {outcome.said}", flush=True)
        if outcome.fault:
            failed += 1
            print(f"{outcome.request.system}: {outcome.fault}", file=sys.stderr, flush=True)
    raise typer.Exit(1 if failed else 0)


def _local_urls(environment: Environment, state: Path | None) -> dict[str, str]:
    from keyline_deploy.names import api_name
    from keyline_deploy.systems import names
    from keyline_ops.running import ask_local

    apis = ask_local(environment, state, "GET", "/status")["apis"]
    by_api = {api_name(system, environment.name): system for system in names()}
    return {by_api[name]: str(url) for name, url in apis.items()}
