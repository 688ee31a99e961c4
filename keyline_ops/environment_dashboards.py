"""The dashboards of an environment's templates, with what the local platform has measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keyline.errors import KeylineError
from keyline_deploy.dashboards import dashboards_of
from keyline_deploy.environment import LOCAL
from keyline_deploy.synthesized import Template

Ask = Callable[[], Mapping[str, Any]]
"""Asks the local platform for its dashboards; raises KeylineError if none runs."""


def dashboards(
    environment: str, templates: Callable[[], Mapping[str, Template]], ask: Ask
) -> dict[str, Any]:
    """Return the dashboards of an environment, as `keyline dashboard --json` prints them.

    The local platform has other names of functions and tables than the environment. So a line has
    the values of the line at the same place in the graph of the same title.

    Parameters
    ----------
    templates
        Synthesizes the environment; it is not called for what the local platform tells.
    """
    try:
        measured = ask()
    except KeylineError:
        measured = {"time": None, "states": [], "dashboards": []}
    if environment == LOCAL and measured["time"]:
        return {"environment": environment, **measured}
    values = dict(_values(measured["dashboards"]))
    drawn = [each.drawn(lambda _: ()) for each in dashboards_of(templates())]
    for dashboard in drawn:
        name = f"{dashboard['name'].removesuffix(environment)}{LOCAL}"
        for graph in dashboard["graphs"]:
            same = values.get((name, graph["title"]), [])
            if len(same) == len(graph["lines"]):
                for line, found in zip(graph["lines"], same, strict=True):
                    line["values"] = found
    return {
        "environment": environment,
        "time": measured["time"],
        "states": measured["states"],
        "dashboards": drawn,
    }


def _values(measured: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, str], list[Any]]]:
    for dashboard in measured:
        for graph in dashboard["graphs"]:
            yield (dashboard["name"], graph["title"]), [each["values"] for each in graph["lines"]]
