"""`keyline token`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from keyline.errors import KeylineError
from keyline.moments import DAY_SECONDS
from keyline_deploy.environment import load
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import State

app = typer.Typer()

_YEAR = 365 * DAY_SECONDS


@app.command(
    epilog=examples(
        "keyline token",
        "keyline token --subject ada --claim NAME=VALUE --expires 600",
    ),
)
def token(
    subject: Annotated[str, typer.Option(help="Who the token is for.")] = "dev",
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope; repeat for more. All of them by default.")
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            help="A further claim, NAME=VALUE, such as cognito:groups=staff; repeat for more. "
            "Without one, a token says nothing about its bearer, and some systems refuse it."
        ),
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="The audience; the API's by default.")
    ] = None,
    expires: Annotated[
        float, typer.Option(min=-_YEAR, max=_YEAR, help="Seconds until it expires.")
    ] = 3600.0,
    state: State = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it with its claims.")] = False,
) -> None:
    """Mint a token that the local API accepts."""
    from keyline_ops.local_token import local_token

    minted = local_token(
        load("local"),
        state,
        subject,
        scopes=scope,
        claims=dict(map(claim_of, claim or [])),
        audience=audience,
        expires=expires,
    )
    if as_json:
        print(json.dumps({"token": minted, "subject": subject, "expires_in": expires}))
    else:
        print(minted)


def claim_of(text: str) -> tuple[str, str]:
    """Return the name and the value of a claim, as a caller writes it.

    Raises
    ------
    KeylineError
        If it is not NAME=VALUE.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise KeylineError(f"--claim {text}", "is not NAME=VALUE.", "Write --claim team=red.")
    return name, value
