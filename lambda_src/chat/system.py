"""Declare the chat system: its tables, its functions and what each function may do."""

from __future__ import annotations

from chat.patterns import (
    CONVERSATION_CLAIM,
    CONVERSATION_MESSAGES,
    CONVERSATION_OPENING,
    CONVERSATION_OWNER,
    COUNT_MESSAGES,
    GROWTH,
    MESSAGE_CREATE,
    MESSAGE_GET,
    MESSAGES_GET,
    MODULE_DAYS,
    MODULE_FACTS,
    MODULE_MESSAGES,
    MODULE_STUDENT_DAYS,
    PROVIDER_DAYS,
    PROVIDER_FACTS,
    PROVIDER_MESSAGES,
    REQUESTS,
    STUDENT_DAYS,
    STUDENT_FACTS,
    STUDENT_MESSAGES,
    STUDENT_RECENT,
    STUDENT_SEEN,
    STUDENTS_INACTIVE,
)
from chat.prices import COST
from chat.settings import Settings
from chat.tables import MESSAGES, ROLLUPS, SIZES
from keyline.model import CACHE_METRICS, Function, Metric, Route, StreamSource, System

WRITE_SCOPE = "chat:write"
READ_SCOPE = "chat:read"
ANALYTICS_SCOPE = "chat:analytics"


def _read(path: str) -> Route:
    return Route("GET", path, READ_SCOPE)


def _analytics(path: str) -> Route:
    return Route("GET", path, ANALYTICS_SCOPE)


WRITE = Function(
    name="write",
    handler="chat.handlers.write.handler",
    why="Stores messages.",
    patterns=(
        MESSAGE_CREATE,
        CONVERSATION_OPENING,
        CONVERSATION_CLAIM,
        CONVERSATION_OWNER,
        REQUESTS.reserve,
    ),
    routes=(Route("POST", "/conversations/{conversationId}/messages", WRITE_SCOPE),),
)
READ = Function(
    name="read",
    handler="chat.handlers.read.handler",
    why="Shows messages by conversation, module, student and provider.",
    patterns=(
        CONVERSATION_OPENING,
        CONVERSATION_MESSAGES,
        MESSAGE_GET,
        MESSAGES_GET,
        MODULE_MESSAGES,
        STUDENT_MESSAGES,
        STUDENT_RECENT,
        PROVIDER_MESSAGES,
    ),
    routes=(
        _read("/conversations/{conversationId}/messages"),
        _read("/conversations/{conversationId}/messages/{timestamp}"),
        Route("POST", "/messages/batch-get", READ_SCOPE),
        _read("/modules/{moduleId}/messages"),
        _read("/students/{studentId}/messages"),
        _read("/students/{studentId}/recent"),
        _read("/providers/{provider}/messages"),
    ),
)
ANALYTICS = Function(
    name="analytics",
    handler="chat.handlers.analytics.handler",
    why="Computes the analytics of modules, students and providers.",
    patterns=(
        MODULE_FACTS,
        STUDENT_FACTS,
        PROVIDER_FACTS,
        MODULE_DAYS,
        MODULE_STUDENT_DAYS,
        PROVIDER_DAYS,
        STUDENT_DAYS,
        STUDENTS_INACTIVE,
    ),
    routes=(
        _analytics("/modules/{moduleId}/analytics"),
        _analytics("/modules/{moduleId}/reports"),
        _analytics("/providers/{provider}/analytics"),
        _analytics("/providers/{provider}/reports"),
        _analytics("/providers/{provider}/today"),
        _analytics("/inactive-students"),
        _read("/students/{studentId}/analytics"),
        _read("/students/{studentId}/reports"),
    ),
    memory=1024,
    timeout=29,
    caches=True,
)
ROLLUP_STREAM = Function(
    name="rollup-stream",
    handler="chat.handlers.rollup_stream.handler",
    why="Adds each message to the daily totals once, and moves last activities forward.",
    patterns=(COUNT_MESSAGES, STUDENT_SEEN),
    source=StreamSource(
        table=MESSAGES,
        events=("INSERT",),
        # The more messages a batch holds, the more messages share a write.
        batch=500,
        window=10,
    ),
    timeout=60,
)
TABLE_SIZES = GROWTH.function("chat", MESSAGES, ROLLUPS)

SYSTEM = System(
    name="chat",
    title="TutorIA: tutoring messages and their analytics",
    tables=(MESSAGES, ROLLUPS, SIZES),
    functions=(WRITE, READ, ANALYTICS, ROLLUP_STREAM, TABLE_SIZES),
    metrics=(Metric(COST, dimensions=("Provider",)), *CACHE_METRICS),
    settings=Settings,
)
