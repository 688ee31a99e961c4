"""Declare every access pattern of the chat system, with the rates of its specification.

A month has 1 million messages of 2 KB, 100,000 module queries of 10 items, 50,000
student queries of 5 and 10,000 provider queries of 100.
"""

from __future__ import annotations

from chat.latency import LATENCY_FIELDS
from chat.tables import (
    MESSAGES,
    ROLLUPS,
    SIZES,
    ConversationOwner,
    Counted,
    Fact,
    LastActivity,
    Message,
    ModuleDay,
    ProviderDay,
    StudentDay,
)
from keyline.growth import Growth
from keyline.idempotency import Requests
from keyline.model import (
    BatchGet,
    Get,
    Put,
    Query,
    TransactWrite,
    Update,
    absent,
    any_of,
    between,
    less_than,
)

MESSAGE_BYTES = 2_048
TOTALS_BYTES = 400
STUDENT_DAY_BYTES = 200
ACTIVITY_BYTES = 120
COUNTED_BYTES = 110
OWNER_BYTES = 120

# --- messages: write path and pages ---------------------------------------------------

MESSAGE_CREATE = Put(
    name="message-create",
    why="Store a message with the attributes of all three indexes; never overwrite one.",
    table=MESSAGES,
    shape=Message,
    item_bytes=MESSAGE_BYTES,
    per_month=1_000_000,
)
CONVERSATION_OPENING = Query(
    name="conversation-opening",
    why="Read the first message, whose student owns the conversation, before a student writes, "
    "and where a page shows a caller nothing.",
    table=MESSAGES,
    shape=Message,
    page=1,
    items=1,
    consistent=True,
    item_bytes=MESSAGE_BYTES,
    per_month=500_000,
)
CONVERSATION_CLAIM = Put(
    name="conversation-claim",
    why="Make a student the owner of a new conversation, before its first message is stored.",
    table=ROLLUPS,
    shape=ConversationOwner,
    item_bytes=OWNER_BYTES,
    per_month=50_000,
)
CONVERSATION_OWNER = Get(
    name="conversation-owner",
    why="Read who opened a conversation whose first message is of somebody else, such as staff.",
    table=ROLLUPS,
    shape=ConversationOwner,
    consistent=True,
    item_bytes=OWNER_BYTES,
)
CONVERSATION_MESSAGES = Query(
    name="conversation-messages",
    why="Show a conversation, newest message first.",
    table=MESSAGES,
    shape=Message,
    sort=between("timestamp"),
    descending=True,
    page=50,
    items=10,
    item_bytes=MESSAGE_BYTES,
    per_month=100_000,
)
MESSAGE_GET = Get(
    name="message-get",
    why="Show one message.",
    table=MESSAGES,
    shape=Message,
    item_bytes=MESSAGE_BYTES,
    per_month=50_000,
)
MESSAGES_GET = BatchGet(
    name="messages-get",
    why="Show messages whose keys are known, in one call instead of one call per message.",
    table=MESSAGES,
    shape=Message,
    items=25,
    item_bytes=MESSAGE_BYTES,
    per_month=10_000,
)
MODULE_MESSAGES = Query(
    name="module-messages",
    why="Show a module's messages of a range of time, newest first.",
    table=MESSAGES,
    shape=Message,
    index="ModuleAnalyticsIndex",
    sort=between("timestamp"),
    descending=True,
    page=100,
    items=10,
    item_bytes=MESSAGE_BYTES,
    per_month=100_000,
)
STUDENT_MESSAGES = Query(
    name="student-messages",
    why="Show a student's messages of a range of time, newest first.",
    table=MESSAGES,
    shape=Message,
    index="StudentActivityIndex",
    sort=between("timestamp"),
    descending=True,
    page=100,
    items=5,
    item_bytes=MESSAGE_BYTES,
    per_month=25_000,
)
STUDENT_RECENT = Query(
    name="student-recent",
    why="Show a student's latest messages.",
    table=MESSAGES,
    shape=Message,
    index="StudentActivityIndex",
    descending=True,
    page=10,
    items=5,
    item_bytes=MESSAGE_BYTES,
    per_month=25_000,
)
PROVIDER_MESSAGES = Query(
    name="provider-messages",
    why="Show a provider's messages of a range of time, newest first. The range is required.",
    table=MESSAGES,
    shape=Message,
    index="ProviderUsageIndex",
    sort=between("timestamp"),
    descending=True,
    page=100,
    items=100,
    item_bytes=MESSAGE_BYTES,
    per_month=10_000,
)

# --- messages: facts for analytics ------------------------------------------------------

MODULE_FACTS = Query(
    name="module-facts",
    why="Count a module's messages between two moments. The texts are not read.",
    table=MESSAGES,
    shape=Fact,
    index="ModuleAnalyticsIndex",
    sort=between("timestamp"),
    page=1000,
    items=1000,
    item_bytes=MESSAGE_BYTES,
    per_month=200,
)
STUDENT_FACTS = Query(
    name="student-facts",
    why="Count a student's messages: engagement, performance, and the path through the modules.",
    table=MESSAGES,
    shape=Fact,
    index="StudentActivityIndex",
    sort=between("timestamp"),
    page=1000,
    items=100,
    item_bytes=MESSAGE_BYTES,
    per_month=2_000,
)
PROVIDER_FACTS = Query(
    name="provider-facts",
    why="Count a provider's messages between two moments. The texts are not read.",
    table=MESSAGES,
    shape=Fact,
    index="ProviderUsageIndex",
    sort=between("timestamp"),
    page=1000,
    items=1000,
    item_bytes=MESSAGE_BYTES,
    per_month=100,
)

# --- daily totals: written from the stream -----------------------------------------------

MESSAGE_COUNTED = Put(
    name="message-counted",
    why="Mark a message as counted. A second mark fails, so the message counts once.",
    table=ROLLUPS,
    shape=Counted,
    item_bytes=COUNTED_BYTES,
)
MODULE_DAY_ADD = Update(
    name="module-day-add",
    why="Add messages to the total of a module, a day, a provider and a model.",
    table=ROLLUPS,
    shape=ModuleDay,
    set=("ttl",),
    add=("messages", "tokens", *LATENCY_FIELDS),
    upsert=True,
    item_bytes=TOTALS_BYTES,
)
PROVIDER_DAY_ADD = Update(
    name="provider-day-add",
    why="Add messages to the total of a provider, a day and a model.",
    table=ROLLUPS,
    shape=ProviderDay,
    set=("ttl",),
    add=("messages", "tokens", *LATENCY_FIELDS),
    upsert=True,
    item_bytes=TOTALS_BYTES,
)
STUDENT_DAY_ADD = Update(
    name="student-day-add",
    why="Add messages to the total of a module, a day and a student.",
    table=ROLLUPS,
    shape=StudentDay,
    set=("ttl",),
    add=("messages", "tokens", "responseTime"),
    upsert=True,
    item_bytes=STUDENT_DAY_BYTES,
)
COUNT_MESSAGES = TransactWrite(
    name="count-messages",
    why="Mark a batch of messages as counted and add them to the totals, all or nothing.",
    table=ROLLUPS,
    shape=Counted,
    parts=(MESSAGE_COUNTED, MODULE_DAY_ADD, PROVIDER_DAY_ADD, STUDENT_DAY_ADD),
    items=12,
    item_bytes=300,
    per_month=260_000,
)
STUDENT_SEEN = Update(
    name="student-seen",
    why="Move a student's last activity forward, and never back, in any order of delivery.",
    table=ROLLUPS,
    shape=LastActivity,
    set=("lastAt", "roster", "ttl"),
    conditions=(any_of(absent("lastAt"), less_than("lastAt", "seenAt")),),
    upsert=True,
    item_bytes=ACTIVITY_BYTES,
    per_month=200_000,
)

# --- daily totals: read -------------------------------------------------------------------

MODULE_DAYS = Query(
    name="module-days",
    why="Read a module's totals by day and model: reports, cost and response times of any days.",
    table=ROLLUPS,
    shape=ModuleDay,
    sort=between("sk", "day"),
    page=1000,
    items=60,
    item_bytes=TOTALS_BYTES,
    per_month=20_000,
)
MODULE_STUDENT_DAYS = Query(
    name="module-student-days",
    why="Read which students were active in a module on each day: unique students, engagement.",
    table=ROLLUPS,
    shape=StudentDay,
    sort=between("sk", "day"),
    page=1000,
    items=600,
    item_bytes=STUDENT_DAY_BYTES,
    per_month=20_000,
)
PROVIDER_DAYS = Query(
    name="provider-days",
    why="Read a provider's totals by day and model: usage, today's cost, each model's share.",
    table=ROLLUPS,
    shape=ProviderDay,
    sort=between("sk", "day"),
    page=1000,
    items=60,
    item_bytes=TOTALS_BYTES,
    per_month=10_000,
)
STUDENT_DAYS = Query(
    name="student-days",
    why="Read a student's totals by day and module. The number of messages does not matter.",
    table=ROLLUPS,
    shape=StudentDay,
    index="StudentDays",
    sort=between("day"),
    page=1000,
    items=30,
    item_bytes=STUDENT_DAY_BYTES,
    per_month=5_000,
)
STUDENTS_INACTIVE = Query(
    name="students-inactive",
    why="List the students whose last message is older than a date, longest silent first.",
    table=ROLLUPS,
    shape=LastActivity,
    index="InactiveStudents",
    sort=less_than("lastAt"),
    page=100,
    items=100,
    item_bytes=ACTIVITY_BYTES,
    per_month=1_000,
)

GROWTH = Growth(SIZES)
REQUESTS = Requests(ROLLUPS)
