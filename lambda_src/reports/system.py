"""Declare the reports system: its tables, its functions and what each function may do.

No route requires a scope, because a user pool's access tokens carry no scopes of an application.
Every valid token belongs to a user. The token's `sub` decides which items the user owns.
"""

from __future__ import annotations

from keyline.model import Function, Metric, Route, System
from reports.metrics import BUILT, DAMAGED, FAILURE, HIT, LEFT_OUT, LOADED
from reports.patterns import (
    EMBEDDING_GET,
    EMBEDDING_STORE,
    EMBEDDING_SWAP,
    FAVORITE_ADD,
    FAVORITE_REMOVE,
    MODEL_EMBEDDINGS,
    MODEL_VECTORS,
    PROFILE_CREATE,
    PROFILE_GET,
    PROFILE_UPDATE,
    REPORT_DELETE,
    REPORT_DELETE_VERSION,
    REPORT_GET,
    REPORT_STORE,
    REPORT_UPDATE,
    USER_REPORTS,
)
from reports.settings import Settings
from reports.tables import EMBEDDINGS, REPORTS, USERS

PROFILE = Function(
    name="users",
    handler="reports.handlers.users.handler",
    why="Shows and changes a user's own profile, created when the user is first seen.",
    patterns=(PROFILE_GET, PROFILE_CREATE, PROFILE_UPDATE),
    routes=(Route("GET", "/profile"), Route("PATCH", "/profile")),
)
REPORT = Function(
    name="reports",
    handler="reports.handlers.reports.handler",
    why="Stores, shows, changes and deletes a user's own reports and their favourites.",
    patterns=(
        REPORT_STORE,
        REPORT_GET,
        USER_REPORTS,
        REPORT_UPDATE,
        REPORT_DELETE,
        REPORT_DELETE_VERSION,
        FAVORITE_ADD,
        FAVORITE_REMOVE,
    ),
    routes=(
        Route("POST", "/reports"),
        Route("GET", "/reports"),
        Route("GET", "/reports/{id}"),
        Route("PATCH", "/reports/{id}"),
        Route("DELETE", "/reports/{id}"),
        Route("PUT", "/reports/{id}/favorites/{productId}"),
        Route("DELETE", "/reports/{id}/favorites/{productId}"),
    ),
)
EMBEDDING = Function(
    name="embeddings",
    handler="reports.handlers.embeddings.handler",
    why="Stores and shows the vectors of products.",
    patterns=(EMBEDDING_STORE, EMBEDDING_SWAP, EMBEDDING_GET, MODEL_EMBEDDINGS),
    routes=(
        Route("PUT", "/products/{productId}/embedding"),
        Route("GET", "/products/{productId}/embedding"),
        Route("GET", "/embeddings"),
    ),
)
SIMILARITY = Function(
    name="similarity",
    handler="reports.handlers.similarity.handler",
    why="Finds the products whose vectors are nearest to the vector of a product.",
    patterns=(EMBEDDING_GET, MODEL_VECTORS),
    routes=(Route("GET", "/products/{productId}/similar"),),
    memory=1024,
    timeout=29,
    requirements="similarity",
    services=("s3",),
)

SYSTEM = System(
    name="reports",
    title="K9: users, reports, product embeddings",
    tables=(USERS, REPORTS, EMBEDDINGS),
    functions=(PROFILE, REPORT, EMBEDDING, SIMILARITY),
    metrics=tuple(map(Metric, (HIT, LOADED, BUILT, DAMAGED, FAILURE, LEFT_OUT))),
    settings=Settings,
    user_pool=True,
)
