"""The costs of three changes of chat, as docs/cost.md shows them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chat.patterns import PROVIDER_MESSAGES
from chat.system import SYSTEM
from chat.tables import MESSAGES
from keyline.model import Index, Key, Pattern, Query, System, Table, between
from keyline_deploy.environment import Environment, load
from keyline_ops.costs import difference
from keyline_ops.costs.estimate import Estimate
from keyline_ops.costs.observability import Observability, observability
from keyline_ops.costs.prices import CURRENT
from keyline_ops.costs.show import as_json
from keyline_ops.costs.usage import HORIZON_MONTHS, Usage
from tests.support.templates import Templates, synthesize

PROD = load("prod")
BY_MODEL = Index(
    name="ModelIndex", key=Key("modelUsed", "timestamp"), why="All messages of a model in time."
)


def with_index() -> System:
    """Chat with an index of messages by their model, and a query of it in `read`."""
    table = replace(MESSAGES, indexes=(*MESSAGES.indexes, BY_MODEL))

    def on(found: Table) -> Table:
        return table if found is MESSAGES else found

    @cache  # a pattern of several functions stays one
    def moved(pattern: Pattern[Any]) -> Pattern[Any]:
        return replace(pattern, table=on(pattern.table))

    query = Query(
        name="model-messages",
        why="A model's messages in a range of time, newest first.",
        table=table,
        index=BY_MODEL.name,
        shape=PROVIDER_MESSAGES.shape,
        sort=between("timestamp"),
        descending=True,
        page=100,
        items=100,
        item_bytes=PROVIDER_MESSAGES.item_bytes,
        per_month=10_000,
    )
    functions = tuple(
        replace(
            function,
            patterns=(
                *map(moved, function.patterns),
                *((query,) if function.name == "read" else ()),
            ),
            source=function.source and replace(function.source, table=on(function.source.table)),
            describes=tuple(map(on, function.describes)),
        )
        for function in SYSTEM.functions
    )
    return replace(SYSTEM, tables=tuple(map(on, SYSTEM.tables)), functions=functions)


def told(
    system: System, environment: Environment, watched: Observability, months: float
) -> list[difference.Told]:
    estimate = Estimate(
        system=system,
        environment=environment,
        prices=CURRENT,
        usage=Usage.declared(system, months=months, stored={}),
        watched=watched,
    )
    text = json.dumps(as_json([estimate.forecast()]))
    return difference.read_forecasts(text, "a forecast")


def setting(**changed: int) -> Environment:
    section = {**PROD.systems[SYSTEM.name], **changed}
    return msgspec.structs.replace(PROD, systems={**PROD.systems, SYSTEM.name: section})


@pytest.mark.requirement("X-15")
def test_the_page_shows_what_each_change_costs(
    templates: Templates, tmp_path: Path, root: Path
) -> None:
    own = [templates("prod")[f"{SYSTEM.name}-{part}-prod"] for part in ("data", "service")]
    now = observability([SYSTEM], own)
    indexed = with_index()
    made = synthesize(PROD, [indexed], tmp_path)
    after = observability(
        [indexed], [made[f"{SYSTEM.name}-{part}-prod"].template for part in ("data", "service")]
    )
    text = (root / "docs" / "cost.md").read_text()
    for title, system, environment, watched, months in (
        ("A new index", indexed, PROD, after, HORIZON_MONTHS),
        ("A longer retention", SYSTEM, setting(retention_days=730), now, 24),
        ("Two shards more", SYSTEM, setting(provider_shards=6), now, HORIZON_MONTHS),
    ):
        before = told(SYSTEM, PROD, now, months)
        found = difference.difference(before, told(system, environment, watched, months))
        shown = difference.markdown(found)
        total, _, rest = shown.partition("\n")
        section = text.partition(f"### {title}\n")[2].partition("\n### ")[0].partition("\n## ")[0]
        said = f"**{total.removeprefix('## ')}**\n{rest}"
        assert said in section, f"Under {title} of docs/cost.md, write:\n{said}"
