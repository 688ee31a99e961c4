"""Declare every access pattern of the reports system, with assumed rates.

The system's specification gives no rates. We assume 10,000 users. Each user opens the
application 20 times a month, and each time lists the reports and reads two or three. Each user
writes 5 reports a month, changes each report twice and adds two favourites to it. The catalogue
has 50,000 products with vectors of 512 numbers (float32). Once a month a new model version
stores all vectors again.
"""

from __future__ import annotations

from keyline.model import (
    Delete,
    Get,
    Put,
    Query,
    TransactWrite,
    Update,
    absent,
    any_of,
    at_most,
    equals,
)
from reports.tables import EMBEDDINGS, REPORTS, USERS, Embedding, Report, User, Vector

USER_BYTES = 600
REPORT_BYTES = 700
EMBEDDING_BYTES = 2_350
"""512 numbers of 4 bytes, and some 300 bytes of names and other values."""

# --- users ----------------------------------------------------------------------------

PROFILE_GET = Get(
    name="profile-get",
    why="Show a user's own profile, as of the last write.",
    table=USERS,
    shape=User,
    consistent=True,
    item_bytes=USER_BYTES,
    per_month=200_000,
)
PROFILE_CREATE = Put(
    name="profile-create",
    why="Create a profile when its user is first seen; never overwrite one.",
    table=USERS,
    shape=User,
    item_bytes=USER_BYTES,
    per_month=1_000,
)
PROFILE_UPDATE = Update(
    name="profile-update",
    why="Change a user's profile, unless somebody changed it after it was read.",
    table=USERS,
    shape=User,
    set=("name", "email", "avatar_url", "preferences", "updated_at"),
    version="version",
    item_bytes=USER_BYTES,
    per_month=10_000,
)

# --- reports --------------------------------------------------------------------------

REPORT_CREATE = Put(
    name="report-create",
    why="Store a report; never overwrite one.",
    table=REPORTS,
    shape=Report,
    item_bytes=REPORT_BYTES,
)
REPORT_STORE = TransactWrite(
    name="report-store",
    why="Store a report. A late try does not bring a report back that was deleted meanwhile.",
    table=REPORTS,
    shape=Report,
    parts=(REPORT_CREATE,),
    items=1,
    item_bytes=REPORT_BYTES,
    per_month=50_000,
)
REPORT_GET = Get(
    name="report-get",
    why="Show a report as of the last write. Code compares the owner: a read has no condition.",
    table=REPORTS,
    shape=Report,
    consistent=True,
    item_bytes=REPORT_BYTES,
    per_month=600_000,
)
USER_REPORTS = Query(
    name="user-reports",
    why="List a user's reports, newest first.",
    table=REPORTS,
    shape=Report,
    index="UserReportsIndex",
    descending=True,
    page=20,
    items=20,
    item_bytes=REPORT_BYTES,
    per_month=200_000,
)
REPORT_UPDATE = Update(
    name="report-update",
    why="Change some attributes of an own report, unless it was changed after it was read.",
    table=REPORTS,
    shape=Report,
    set=("title", "author", "date", "reference", "updated_at"),
    conditions=(equals("user_id"),),
    version="version",
    item_bytes=REPORT_BYTES,
    per_month=100_000,
)
REPORT_DELETE = Delete(
    name="report-delete",
    why="Delete an own report.",
    table=REPORTS,
    shape=Report,
    conditions=(equals("user_id"),),
    must_exist=True,
    item_bytes=REPORT_BYTES,
    per_month=5_000,
)
REPORT_DELETE_VERSION = Delete(
    name="report-delete-version",
    why="Delete an own report, unless it was changed after it was read.",
    table=REPORTS,
    shape=Report,
    conditions=(equals("user_id"), equals("version")),
    must_exist=True,
    item_bytes=REPORT_BYTES,
    per_month=1_000,
)
FAVORITE_ADD = Update(
    name="favorite-add",
    why="Add a product to the favourites of an own report, unless they have changed since.",
    table=REPORTS,
    shape=Report,
    add=("favorites",),
    conditions=(equals("user_id"),),
    version="favorites_version",
    item_bytes=REPORT_BYTES,
    per_month=100_000,
)
FAVORITE_REMOVE = Update(
    name="favorite-remove",
    why="Remove a product from the favourites of an own report, unless they have changed since.",
    table=REPORTS,
    shape=Report,
    discard=("favorites",),
    conditions=(equals("user_id"),),
    version="favorites_version",
    item_bytes=REPORT_BYTES,
    per_month=10_000,
)

# --- embeddings -----------------------------------------------------------------------

NOT_NEWER = any_of(absent("product_id"), at_most("created_at"))
"""A try that arrives late finds what was stored after it, and does not replace it."""
EMBEDDING_STORE = Put(
    name="embedding-store",
    why="Store a product's vector; never overwrite one of another model version, or a newer one.",
    table=EMBEDDINGS,
    shape=Embedding,
    replace=True,
    conditions=(any_of(absent("product_id"), equals("model")), NOT_NEWER),
    item_bytes=EMBEDDING_BYTES,
    per_month=5_000,
)
EMBEDDING_SWAP = Put(
    name="embedding-swap",
    why="Replace a vector of the model version that the request names; never a newer one.",
    table=EMBEDDINGS,
    shape=Embedding,
    replace=True,
    conditions=(any_of(equals("model"), equals("model", "replaces")), NOT_NEWER),
    item_bytes=EMBEDDING_BYTES,
    per_month=50_000,
)
EMBEDDING_GET = Get(
    name="embedding-get",
    why="Show a product's vector, as of the last write.",
    table=EMBEDDINGS,
    shape=Embedding,
    consistent=True,
    item_bytes=EMBEDDING_BYTES,
    per_month=100_000,
)
MODEL_EMBEDDINGS = Query(
    name="model-embeddings",
    why="List the embeddings of a model version, page by page.",
    table=EMBEDDINGS,
    shape=Embedding,
    index="ModelVersionIndex",
    page=20,
    items=20,
    item_bytes=EMBEDDING_BYTES,
    per_month=5_000,
)
MODEL_VECTORS = Query(
    name="model-vectors",
    why="Read all vectors of a model version, for the matrix that finds similar products.",
    table=EMBEDDINGS,
    shape=Vector,
    index="ModelVersionIndex",
    page=1000,
    items=50_000,
    item_bytes=EMBEDDING_BYTES,
    per_month=100,
)
