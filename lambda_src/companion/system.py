"""Declare the companion system: its tables, its functions and what each function may do."""

from __future__ import annotations

from companion.patterns import (
    ALERT_CLAIM,
    ALERT_SENT,
    ALERT_TAKE,
    ALERTS_ERASE,
    ALEXA_UNLINK,
    ALEXA_USER,
    ASSIGNMENT_ADD,
    ASSIGNMENT_DELETE,
    ASSIGNMENT_END,
    ASSIGNMENT_GET,
    AUDIT_PUT,
    CAREGIVER_ASSIGNMENTS,
    CAREGIVER_BY_ID,
    CAREGIVER_CREATE,
    CAREGIVER_GET,
    CAREGIVER_UPDATE,
    CONVERSATION_DELETE,
    CONVERSATION_GET,
    DAY_ACTIVITY,
    DAY_TURNS,
    DAYS_ERASE,
    GROWTH,
    LOG_KEYS,
    LOGS_WRITE,
    PATIENT_CAREGIVERS,
    PATIENT_CHANGE,
    PATIENT_DAYS,
    PATIENT_DELETE,
    PATIENT_ESCALATIONS,
    PATIENT_GET,
    PATIENT_LOGS,
    PATIENT_OPEN,
    PATIENT_PROFILE,
    RECENT_ASSIGNMENTS,
    TURN_ALERTS,
    TURN_LOG,
)
from companion.settings import Settings
from companion.tables import ASSIGNMENTS, CAREGIVERS, LOGS, PATIENTS, RECORDS, SIZES
from keyline.model import (
    CACHE_METRICS,
    LATENCY_METRICS,
    AnythingBut,
    Function,
    Metric,
    Route,
    StreamSource,
    System,
)

READ_SCOPE = "companion:read"
WRITE_SCOPE = "companion:write"

EMERGENCIES, SAFETY_ALERTS, CONVERSATIONS = (
    "EmergencyEscalations",
    "SafetyAlerts",
    "Conversations",
)
MODEL_FAILURES = "ModelFailures"
"""The model gave no answer in time, and the fallback answer was given."""

SKILL = Function(
    name="skill",
    handler="companion.handlers.skill.handler",
    why="Answers the Alexa skill.",
    patterns=(
        ALEXA_USER,
        CONVERSATION_GET,
        PATIENT_PROFILE,
        ASSIGNMENT_GET,
        CAREGIVER_GET,
        TURN_LOG,
        PATIENT_CAREGIVERS,
        CAREGIVER_BY_ID,
        ALERT_CLAIM,
        ALERT_SENT,
        ALERT_TAKE,
    ),
    timeout=8,
    caches=True,
    accelerated=(PATIENT_GET,),
    services=("bedrock-runtime", "sns"),
)
ESCALATIONS = Function(
    name="escalations",
    handler="companion.handlers.escalations.handler",
    why="Tells caregivers of the escalations of the stream, each once.",
    patterns=(
        PATIENT_CAREGIVERS,
        CAREGIVER_BY_ID,
        ASSIGNMENT_GET,
        ALERT_CLAIM,
        ALERT_SENT,
        ALERT_TAKE,
    ),
    source=StreamSource(
        table=LOGS,
        events=("INSERT",),
        # `numeric` never matches a Number of DynamoDB, whose value is a text in the record.
        where={"escalationLevel": AnythingBut((0,))},
        batch=10,
        window=0,
    ),
    timeout=150,  # a batch waits 11 s for each alert whose process has ended
    services=("sns",),
)
ANALYTICS = Function(
    name="analytics",
    handler="companion.handlers.analytics.handler",
    why="Says for each day of a patient what its turns were.",
    patterns=(DAY_TURNS, DAY_ACTIVITY),
    source=StreamSource(table=LOGS, events=("INSERT",), batch=100, window=5),
    timeout=60,
)
CARE = Function(
    name="care",
    handler="companion.handlers.care.handler",
    why="Shows caregivers their patients, and changes them.",
    patterns=(
        CAREGIVER_CREATE,
        CAREGIVER_GET,
        CAREGIVER_UPDATE,
        CAREGIVER_ASSIGNMENTS,
        RECENT_ASSIGNMENTS,
        PATIENT_CAREGIVERS,
        CAREGIVER_BY_ID,
        ASSIGNMENT_GET,
        ASSIGNMENT_ADD,
        ASSIGNMENT_END,
        ASSIGNMENT_DELETE,
        PATIENT_GET,
        PATIENT_OPEN,
        PATIENT_CHANGE,
        PATIENT_DELETE,
        PATIENT_LOGS,
        PATIENT_ESCALATIONS,
        CONVERSATION_DELETE,
        ALEXA_UNLINK,
        LOG_KEYS,
        LOGS_WRITE,
        PATIENT_DAYS,
        DAYS_ERASE,
        TURN_ALERTS,
        ALERTS_ERASE,
        AUDIT_PUT,
    ),
    routes=(
        Route("GET", "/me", READ_SCOPE),
        Route("PATCH", "/me", WRITE_SCOPE),
        Route("GET", "/me/patients", READ_SCOPE),
        Route("GET", "/me/assignments", READ_SCOPE),
        Route("DELETE", "/me/patients/{patientId}", WRITE_SCOPE),
        Route("POST", "/patients", WRITE_SCOPE),
        Route("GET", "/patients/{patientId}", READ_SCOPE),
        Route("PATCH", "/patients/{patientId}", WRITE_SCOPE),
        Route("DELETE", "/patients/{patientId}", WRITE_SCOPE),
        Route("GET", "/patients/{patientId}/caregivers", READ_SCOPE),
        Route("PUT", "/patients/{patientId}/caregivers/{caregiverId}", WRITE_SCOPE),
        Route("DELETE", "/patients/{patientId}/caregivers/{caregiverId}", WRITE_SCOPE),
        Route("GET", "/patients/{patientId}/conversations", READ_SCOPE),
        Route("GET", "/patients/{patientId}/escalations", READ_SCOPE),
        Route("GET", "/patients/{patientId}/days", READ_SCOPE),
    ),
    timeout=29,
)

TABLE_SIZES = GROWTH.function("companion", CAREGIVERS, PATIENTS, ASSIGNMENTS, LOGS, RECORDS)

SYSTEM = System(
    name="companion",
    title="Buddy: a voice companion, its patients and their caregivers",
    tables=(CAREGIVERS, PATIENTS, ASSIGNMENTS, LOGS, RECORDS, SIZES),
    functions=(SKILL, ESCALATIONS, ANALYTICS, CARE, TABLE_SIZES),
    metrics=(
        *map(Metric, (EMERGENCIES, SAFETY_ALERTS, CONVERSATIONS, MODEL_FAILURES)),
        *CACHE_METRICS,
        *LATENCY_METRICS,
    ),
    settings=Settings,
)
