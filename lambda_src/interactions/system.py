"""The interactions system: its tables, its functions and what each of them may do."""

from __future__ import annotations

from interactions.patterns import (
    CHECK_ADD,
    FAQ_DAY,
    FAQ_SEARCH_CREATE,
    GROWTH,
    HISTORY,
    HISTORY_CLEAR,
    HISTORY_KEYS,
    RATE_COUNT,
    RATE_WINDOW,
    REQUESTS,
    SESSION_GET,
    SESSION_OPEN,
    SESSION_OWNER,
    SESSIONS_OF_USER,
    USER_AND_SESSIONS,
)
from interactions.settings import Settings
from interactions.tables import DATA, SIZES
from keyline.model import Function, Metric, Migration, Route, System

RATE_LIMIT_FALLBACKS = "RateLimitFallbacks"
"""The metric of requests that were counted in memory, because DynamoDB did not."""

USE_SCOPE = "interactions:use"
ANALYTICS_SCOPE = "interactions:analytics"

INTERACTIONS = Function(
    name="interactions",
    handler="interactions.handlers.interactions.handler",
    why="Checks medicines against each other, and keeps sessions and their history.",
    # One function, since all of this shares what the process holds in memory while the
    # system moves from there to DynamoDB.
    patterns=(
        RATE_COUNT,
        RATE_WINDOW,
        CHECK_ADD,
        HISTORY,
        HISTORY_KEYS,
        HISTORY_CLEAR,
        SESSION_OPEN,
        SESSION_GET,
        SESSIONS_OF_USER,
        USER_AND_SESSIONS,
        SESSION_OWNER,
        REQUESTS.find,
        REQUESTS.reserve,
    ),
    routes=(
        Route("POST", "/interactions", USE_SCOPE),
        Route("GET", "/sessions/{sessionId}/history", USE_SCOPE),
        Route("DELETE", "/sessions/{sessionId}/history", USE_SCOPE),
        Route("POST", "/sessions", USE_SCOPE),
        Route("GET", "/sessions", USE_SCOPE),
        Route("GET", "/sessions/{sessionId}", USE_SCOPE),
        Route("GET", "/me", USE_SCOPE),
        Route("GET", "/rate-limit", USE_SCOPE),
        Route("GET", "/analytics/sessions/{sessionId}", ANALYTICS_SCOPE),
    ),
    services=("ssm",),
    # In phases 1 and 2 a request outlasts all tries of a DynamoDB that does not answer (9 s).
    timeout=15,
)
FAQ = Function(
    name="faq",
    handler="interactions.handlers.faq.handler",
    why="Searches the frequent questions, and tells what a day's searches were.",
    patterns=(RATE_COUNT, FAQ_SEARCH_CREATE, FAQ_DAY),
    routes=(
        Route("GET", "/faq", USE_SCOPE),
        Route("GET", "/faq/searches", ANALYTICS_SCOPE),
    ),
)
TABLE_SIZES = GROWTH.function("interactions", DATA)

SYSTEM = System(
    name="interactions",
    title="Mediphant: drug interactions on a single table",
    tables=(DATA, SIZES),
    functions=(INTERACTIONS, FAQ, TABLE_SIZES),
    metrics=(Metric(RATE_LIMIT_FALLBACKS),),
    settings=Settings,
    migration=Migration(
        what="sessions",
        source="memory",
        target="DynamoDB",
        functions=(INTERACTIONS.name,),
        back="Safe at any time: what DynamoDB alone was told, it answers itself.",
        runbook="systems/interactions/runbook.md",
    ),
)
