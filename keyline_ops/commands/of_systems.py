"""The commands of a system: `keyline <system> …`, from `systems/<system>/commands.py`."""

from __future__ import annotations

from typing import Any

import typer.main
from typer.core import TyperGroup

from keyline_deploy.systems import names, part


class OfSystems(TyperGroup):
    """The commands that there are, and each system's; those are imported when asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name all commands, as the help shows them."""
        own = [name for name in names() if part(name, "commands")]
        return [*super().list_commands(ctx), *own]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; a system's `app` where no other has the name."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in names() and (module := part(cmd_name, "commands")):
            found = typer.main.get_group(module.app)
            found.name = cmd_name
        return found
