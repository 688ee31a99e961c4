"""Declare every access pattern of the interactions system, with the rates of its specification.

A day has 1,000 checks. Each check is an item of 1 KB, is kept for 30 days, and is read once as
part of a history of ten. The specification gives no other rates. We assume a session for every
ten checks, and an FAQ search for every ten checks.
"""

from __future__ import annotations

from interactions.tables import (
    DATA,
    SIZES,
    Check,
    CheckKey,
    FaqSearch,
    Session,
    User,
    Window,
)
from keyline.growth import Growth
from keyline.idempotency import Requests
from keyline.model import (
    BatchWrite,
    Get,
    Put,
    Query,
    TransactWrite,
    Update,
    absent,
    any_of,
    at_least,
    begins_with,
    greater_than,
    less_than,
    one_of,
)

CHECK_BYTES = 1_024
WINDOW_BYTES = 320
SEARCH_BYTES = 400
SESSION_BYTES = 420
USER_BYTES = 180

CHECKS = 30_000
SESSIONS = 3_000
SEARCHES = 3_000

# --- checks ---------------------------------------------------------------------------------

CHECK_CREATE = Put(
    name="check-create",
    why="Store a check; never overwrite one.",
    table=DATA,
    shape=Check,
    item_bytes=CHECK_BYTES,
)
SESSION_TOUCH = Update(
    name="session-touch",
    why="Count a check in its session. The session must be the user's own and not have ended.",
    table=DATA,
    shape=Session,
    set=("lastActivity",),
    add=("queryCount",),
    item_bytes=SESSION_BYTES,
)
CHECK_ADD = TransactWrite(
    name="check-add",
    why="Store a check and count it in its session, both or neither.",
    table=DATA,
    shape=Check,
    parts=(CHECK_CREATE, SESSION_TOUCH),
    item_bytes=CHECK_BYTES,
    per_month=CHECKS,
)
HISTORY = Query(
    name="history",
    why="Show a session's latest checks that have not expired, newest first.",
    table=DATA,
    shape=Check,
    index="GSI1",
    sort=at_least("GSI1SK", "at"),
    descending=True,
    page=10,
    items=10,
    item_bytes=CHECK_BYTES,
    per_month=CHECKS,
)
HISTORY_KEYS = Query(
    name="history-keys",
    why="Read the keys of a session's checks, to delete the checks.",
    table=DATA,
    shape=CheckKey,
    entity=Check,
    index="GSI1",
    sort=begins_with("GSI1SK"),
    page=1000,
    items=10,
    item_bytes=CHECK_BYTES,
    per_month=300,
)
HISTORY_CLEAR = BatchWrite(
    name="history-clear",
    why="Delete a session's checks.",
    table=DATA,
    shape=Check,
    items=10,
    item_bytes=CHECK_BYTES,
    per_month=300,
)


# --- rate limits ----------------------------------------------------------------------------

RATE_COUNT = Update(
    name="rate-limit-count",
    why="Count a request in the client's current window, unless the window is full.",
    table=DATA,
    shape=Window,
    set=("Data", "TTL"),
    add=("count",),
    conditions=(any_of(absent("client"), less_than("count", "allowed")),),
    upsert=True,
    # A request that is counted twice costs its client one request: the limit stays strict.
    at_least_once=True,
    item_bytes=WINDOW_BYTES,
    per_month=2 * CHECKS + SEARCHES,
)
RATE_WINDOW = Get(
    name="rate-limit-window",
    why="Show how many requests of its current window a client has used.",
    table=DATA,
    shape=Window,
    consistent=True,
    item_bytes=WINDOW_BYTES,
    per_month=1_000,
)

# --- sessions -------------------------------------------------------------------------------

SESSION_CREATE = Put(
    name="session-create",
    why="Open a session; never overwrite one.",
    table=DATA,
    shape=Session,
    item_bytes=SESSION_BYTES,
)
USER_SEEN = Update(
    name="user-seen",
    why="Remember when a user opened the first session.",
    table=DATA,
    shape=User,
    set_once=("Data",),
    upsert=True,
    item_bytes=USER_BYTES,
)
SESSION_OPEN = TransactWrite(
    name="session-open",
    why="Open a session and remember its user, both or neither.",
    table=DATA,
    shape=Session,
    parts=(SESSION_CREATE, USER_SEEN),
    item_bytes=SESSION_BYTES,
    per_month=SESSIONS,
)
SESSION_GET = Get(
    name="session-get",
    why="Read a user's session as of the last write, before its checks are shown or deleted.",
    table=DATA,
    shape=Session,
    consistent=True,
    item_bytes=SESSION_BYTES,
    per_month=CHECKS,
)
SESSIONS_OF_USER = Query(
    name="sessions-of-user",
    why="List a user's sessions that have not ended, from a session's id on.",
    table=DATA,
    shape=Session,
    sort=greater_than("SK", "sessionId"),
    page=100,
    items=3,
    consistent=True,
    item_bytes=SESSION_BYTES,
    per_month=SESSIONS,
)
USER_AND_SESSIONS = Query(
    name="user-and-sessions",
    why="Show a user's profile and the sessions that have not ended, in one read.",
    table=DATA,
    shape=one_of(User, Session),
    page=100,
    items=4,
    consistent=True,
    item_bytes=SESSION_BYTES,
    per_month=SESSIONS,
)
SESSION_OWNER = Query(
    name="session-owner",
    why="Find the user of a session by the session's id. For support, not for users.",
    table=DATA,
    shape=Session,
    index="GSI1",
    page=1,
    items=1,
    item_bytes=SESSION_BYTES,
    per_month=100,
)

# --- FAQ searches ---------------------------------------------------------------------------

FAQ_SEARCH_CREATE = Put(
    name="faq-search-create",
    why="Keep an FAQ search for analytics; never overwrite one of the same moment.",
    table=DATA,
    shape=FaqSearch,
    item_bytes=SEARCH_BYTES,
    per_month=SEARCHES,
)
FAQ_DAY = Query(
    name="faq-day",
    why="Read the searches of one shard of a day.",
    table=DATA,
    shape=FaqSearch,
    sort=begins_with("SK"),
    page=1000,
    items=100,
    item_bytes=SEARCH_BYTES,
    per_month=300,
)

GROWTH = Growth(SIZES)
REQUESTS = Requests(DATA)
