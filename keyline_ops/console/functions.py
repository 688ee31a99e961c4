"""Views of the functions: how each is entered, what it may do, which patterns it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from keyline.model import Function, System, function_name
from keyline_local import Platform
from keyline_ops.console.pages import NotFoundError, Pages, View
from keyline_ops.console.permissions import statement


@dataclass(frozen=True)
class FunctionViews:
    """The views of the functions that run."""

    pages: Pages
    platform: Platform
    systems: Sequence[System]

    def views(self) -> Mapping[str, View]:
        """Return the views by their paths."""
        return {"/functions": self._all, "/functions/{name}": self._one}

    async def _all(self, request: Request) -> Response:
        declared = self._declared()
        names = [function.name for function in self.platform.deployment.functions]
        whys = {name: declared[name][1].why if name in declared else "" for name in names}
        return self.pages.page("functions", request, whys=whys)

    async def _one(self, request: Request) -> Response:
        name = request.path_params["name"]
        for function in self.platform.deployment.functions:
            if function.name == name:
                system, declared = self._declared().get(name, (None, None))
                statements = [statement(each) for each in function.statements]
                return self.pages.page(
                    "function",
                    request,
                    function=function,
                    system=system,
                    declared=declared,
                    statements=statements,
                )
        raise NotFoundError(name, "is not a function that runs.", "Choose one of the list.")

    def _declared(self) -> Mapping[str, tuple[System, Function]]:
        """Return the declared functions by the names that they are deployed under."""
        environment = self.platform.deployment.environment
        return {
            function_name(system.name, function.name, environment): (system, function)
            for system in self.systems
            for function in system.functions
        }
