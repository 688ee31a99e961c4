"""Declare every access pattern of the companion system, with assumed rates.

The specification gives no rates. We assume 100 patients who talk 30 times a day, two caregivers
for each patient, and an escalation in fifty turns. A caregiver looks ten times a day.
"""

from __future__ import annotations

from companion.tables import (
    ASSIGNMENTS,
    CAREGIVERS,
    LOGS,
    PATIENTS,
    RECORDS,
    SIZES,
    Alert,
    AlexaUser,
    Assignment,
    Audit,
    Caregiver,
    Conversation,
    DayCount,
    Log,
    LogKey,
    Patient,
    Profile,
    TurnMark,
)
from keyline.growth import Growth
from keyline.model import (
    BatchWrite,
    Delete,
    Get,
    Put,
    Query,
    TransactWrite,
    Update,
    any_of,
    at_most,
    begins_with,
    between,
    equals,
    greater_than,
)

PATIENT_BYTES = 2_000
LOG_BYTES = 600
ASSIGNMENT_BYTES = 200
CAREGIVER_BYTES = 400
RECORD_BYTES = 300
CONVERSATION_BYTES = 700

TURNS = 90_000
LOOKS = 60_000
ESCALATIONS = 1_800

# --- caregivers -----------------------------------------------------------------------

CAREGIVER_CREATE = Put(
    name="caregiver-create",
    why="Create a caregiver who is first seen; never overwrite one.",
    table=CAREGIVERS,
    shape=Caregiver,
    item_bytes=CAREGIVER_BYTES,
    per_month=20,
)
CAREGIVER_GET = Get(
    name="caregiver-get",
    why="Show a caregiver as of the last write.",
    table=CAREGIVERS,
    shape=Caregiver,
    consistent=True,
    item_bytes=CAREGIVER_BYTES,
    per_month=LOOKS,
)
CAREGIVER_UPDATE = Update(
    name="caregiver-update",
    why="Change a caregiver's name and preferences, unless they changed after they were read.",
    table=CAREGIVERS,
    shape=Caregiver,
    set=("displayName", "notificationPreferences", "updatedAt"),
    version="version",
    item_bytes=CAREGIVER_BYTES,
    per_month=200,
)
CAREGIVER_BY_ID = Query(
    name="caregiver-by-id",
    why="Read the preferences of a caregiver whom an assignment names.",
    table=CAREGIVERS,
    shape=Caregiver,
    index="caregiverIdIndex",
    page=1,
    items=1,
    item_bytes=CAREGIVER_BYTES,
    per_month=2 * ESCALATIONS,
)

# --- patients -------------------------------------------------------------------------

PATIENT_CREATE = Put(
    name="patient-create",
    why="Store a patient; never overwrite one.",
    table=PATIENTS,
    shape=Patient,
    item_bytes=PATIENT_BYTES,
)
PATIENT_GET = Get(
    name="patient-get",
    why="Show a patient as of the last write.",
    table=PATIENTS,
    shape=Patient,
    consistent=True,
    item_bytes=PATIENT_BYTES,
    per_month=LOOKS,
)
PATIENT_PROFILE = Get(
    name="patient-profile",
    why="Read what a conversation needs of a patient, when the profile in memory is not the last.",
    table=PATIENTS,
    shape=Profile,
    consistent=True,
    item_bytes=PATIENT_BYTES,
    per_month=TURNS / 5,
)
PATIENT_UPDATE = Update(
    name="patient-update",
    why="Change a part of a patient, unless somebody changed it after it was read.",
    table=PATIENTS,
    shape=Patient,
    set=(
        "preferredName",
        "dementiaStage",
        "people",
        "routines",
        "medications",
        "safetyProfile",
        "alexaUserId",
        "lastModifiedBy",
        "updatedAt",
    ),
    version="version",
    item_bytes=PATIENT_BYTES,
)
PATIENT_DELETE = Delete(
    name="patient-delete",
    why="Erase a patient's profile.",
    table=PATIENTS,
    shape=Patient,
    item_bytes=PATIENT_BYTES,
    per_month=5,
)

# --- assignments ----------------------------------------------------------------------

ASSIGNMENT_CREATE = Put(
    name="assignment-create",
    why="Assign a patient to a caregiver; never overwrite an assignment.",
    table=ASSIGNMENTS,
    shape=Assignment,
    item_bytes=ASSIGNMENT_BYTES,
)
ASSIGNMENT_GET = Get(
    name="assignment-get",
    why="Decide whether a caregiver may see a patient, as of the last write.",
    table=ASSIGNMENTS,
    shape=Assignment,
    consistent=True,
    item_bytes=ASSIGNMENT_BYTES,
    per_month=2 * LOOKS,
)
CAREGIVER_ASSIGNMENTS = Query(
    name="caregiver-assignments",
    why="List the patients of a caregiver.",
    table=ASSIGNMENTS,
    shape=Assignment,
    page=20,
    items=5,
    consistent=True,
    item_bytes=ASSIGNMENT_BYTES,
    per_month=LOOKS,
)
RECENT_ASSIGNMENTS = Query(
    name="recent-assignments",
    why="List the assignments of a caregiver from a moment on, newest first.",
    table=ASSIGNMENTS,
    shape=Assignment,
    index="assignedAtIndex",
    sort=between("assignedAt"),
    descending=True,
    page=20,
    items=5,
    item_bytes=ASSIGNMENT_BYTES,
    per_month=1_000,
)
PATIENT_CAREGIVERS = Query(
    name="patient-caregivers",
    why="List the caregivers of a patient, and find whom to tell of an escalation.",
    table=ASSIGNMENTS,
    shape=Assignment,
    index="patientIdIndex",
    page=20,
    items=2,
    item_bytes=ASSIGNMENT_BYTES,
    per_month=2 * ESCALATIONS,
)
ASSIGNMENT_DELETE = Delete(
    name="assignment-delete",
    why="Erase the assignments of a patient.",
    table=ASSIGNMENTS,
    shape=Assignment,
    item_bytes=ASSIGNMENT_BYTES,
    per_month=20,
)

# --- the conversation -----------------------------------------------------------------

ALEXA_USER = Get(
    name="alexa-user",
    why="Find the patient of an Alexa user, as of the last write.",
    table=RECORDS,
    shape=AlexaUser,
    consistent=True,
    item_bytes=RECORD_BYTES,
    per_month=TURNS / 5,
)
ALEXA_LINK = Put(
    name="alexa-link",
    why="Say which patient an Alexa user is; never take a user from another patient.",
    table=RECORDS,
    shape=AlexaUser,
    item_bytes=RECORD_BYTES,
)
ALEXA_UNLINK = Delete(
    name="alexa-unlink",
    why="Erase whose device an Alexa user was.",
    table=RECORDS,
    shape=AlexaUser,
    item_bytes=RECORD_BYTES,
    per_month=5,
)
CONVERSATION_GET = Get(
    name="conversation-get",
    why="Read the stamp of the profile and the latest turns: the one read of a warm turn.",
    table=RECORDS,
    shape=Conversation,
    consistent=True,
    item_bytes=CONVERSATION_BYTES,
    per_month=TURNS,
)
CONVERSATION_CREATE = Put(
    name="conversation-create",
    why="Begin the conversation of a new patient.",
    table=RECORDS,
    shape=Conversation,
    item_bytes=CONVERSATION_BYTES,
)
CONVERSATION_STAMP = Update(
    name="conversation-stamp",
    why="Make every process read the profile again.",
    table=RECORDS,
    shape=Conversation,
    set=("stamp",),
    item_bytes=CONVERSATION_BYTES,
)
CONVERSATION_PROFILE = Update(
    name="conversation-profile",
    why="Say which version of the profile is the last, and make every process read it.",
    table=RECORDS,
    shape=Conversation,
    set=("stamp", "profileVersion"),
    item_bytes=CONVERSATION_BYTES,
)
CONVERSATION_TURNS = Update(
    name="conversation-turns",
    why="Remember the latest turns.",
    table=RECORDS,
    shape=Conversation,
    set=("turns",),
    item_bytes=CONVERSATION_BYTES,
)
CONVERSATION_DELETE = Delete(
    name="conversation-delete",
    why="Erase the latest turns of a patient.",
    table=RECORDS,
    shape=Conversation,
    item_bytes=CONVERSATION_BYTES,
    per_month=5,
)
LOG_CREATE = Put(
    name="log-create",
    why="Store a turn; never overwrite one.",
    table=LOGS,
    shape=Log,
    item_bytes=LOG_BYTES,
)
DAY_ADD = Update(
    name="day-add",
    why="Count a turn on its day. The profile is not touched.",
    table=RECORDS,
    shape=DayCount,
    add=("conversations",),
    set=("lastConversationAt", "lastEscalationLevel"),
    upsert=True,
    item_bytes=RECORD_BYTES,
)
TURN_LOG = TransactWrite(
    name="turn-log",
    why="Store a turn, count it and remember it, all or nothing: so each turn counts once.",
    table=LOGS,
    shape=Log,
    parts=(LOG_CREATE, DAY_ADD, CONVERSATION_TURNS),
    items=3,
    item_bytes=LOG_BYTES,
    per_month=TURNS,
)
PATIENT_OPEN = TransactWrite(
    name="patient-open",
    why="Store a patient with its assignment, conversation and Alexa user, all or nothing.",
    table=PATIENTS,
    shape=Patient,
    parts=(PATIENT_CREATE, ASSIGNMENT_CREATE, CONVERSATION_CREATE, ALEXA_LINK),
    items=4,
    item_bytes=PATIENT_BYTES,
    per_month=20,
)
ASSIGNMENT_ADD = TransactWrite(
    name="assignment-add",
    why="Assign a patient, unless it is being erased. A late try brings no ended assignment back.",
    table=ASSIGNMENTS,
    shape=Assignment,
    parts=(ASSIGNMENT_CREATE, CONVERSATION_STAMP),
    items=2,
    item_bytes=ASSIGNMENT_BYTES,
    per_month=20,
)
ASSIGNMENT_END = TransactWrite(
    name="assignment-end",
    why="End an assignment and change the stamp, so that the next turn knows.",
    table=ASSIGNMENTS,
    shape=Assignment,
    parts=(ASSIGNMENT_DELETE, CONVERSATION_STAMP),
    items=2,
    item_bytes=ASSIGNMENT_BYTES,
    per_month=20,
)
PATIENT_CHANGE = TransactWrite(
    name="patient-change",
    why="Change a patient, the stamp and the Alexa user together: the next turn uses the change.",
    table=PATIENTS,
    shape=Patient,
    parts=(PATIENT_UPDATE, CONVERSATION_PROFILE, ALEXA_UNLINK, ALEXA_LINK),
    items=2,
    item_bytes=PATIENT_BYTES,
    per_month=2_000,
)

# --- what was said --------------------------------------------------------------------

PATIENT_LOGS = Query(
    name="patient-logs",
    why="Show the turns of a patient between two moments, newest first.",
    table=LOGS,
    shape=Log,
    sort=between("timestamp"),
    descending=True,
    page=20,
    items=20,
    item_bytes=LOG_BYTES,
    per_month=LOOKS,
)
PATIENT_ESCALATIONS = Query(
    name="patient-escalations",
    why="Show the escalations of one level of a patient, newest first.",
    table=LOGS,
    shape=Log,
    index="escalationLevelIndex",
    sort=begins_with("escalation"),
    descending=True,
    page=20,
    items=10,
    item_bytes=LOG_BYTES,
    per_month=LOOKS,
)
LOGS_WRITE = BatchWrite(
    name="logs-write",
    why="Erase the turns of a patient.",
    table=LOGS,
    shape=Log,
    items=25,
    item_bytes=LOG_BYTES,
    per_month=100,
)
AUDIT_PUT = Put(
    name="audit-put",
    why="Keep that a patient was erased, without health data.",
    table=RECORDS,
    shape=Audit,
    item_bytes=RECORD_BYTES,
    per_month=5,
)

# --- alerts ---------------------------------------------------------------------------

ALERT_CREATE = Put(
    name="alert-create",
    why="Claim an alert by creating it; never overwrite one.",
    table=RECORDS,
    shape=Alert,
    item_bytes=RECORD_BYTES,
)
ALERT_CLAIM = TransactWrite(
    name="alert-claim",
    why="Claim the alert of a caregiver. A late try does not bring back an alert that was erased.",
    table=RECORDS,
    shape=Alert,
    parts=(ALERT_CREATE,),
    items=1,
    item_bytes=RECORD_BYTES,
    per_month=4 * ESCALATIONS,
)
ALERT_SENT = Update(
    name="alert-sent",
    why="Remember that a caregiver was told.",
    table=RECORDS,
    shape=Alert,
    set=("sent",),
    item_bytes=RECORD_BYTES,
    per_month=2 * ESCALATIONS,
)
ALERT_TAKE = Update(
    name="alert-take-over",
    why="Take over an alert whose process has ended, or give up one that could not be told.",
    table=RECORDS,
    shape=Alert,
    set=("claimedAt",),
    conditions=(
        equals("sent"),
        any_of(at_most("claimedAt", "before"), greater_than("claimedAt", "after")),
    ),
    item_bytes=RECORD_BYTES,
    per_month=10,
)

# --- erasing --------------------------------------------------------------------------

LOG_KEYS = Query(
    name="log-keys",
    why="Find all turns of a patient as of the last write, to erase them.",
    table=LOGS,
    shape=LogKey,
    page=100,
    items=100,
    consistent=True,
    item_bytes=LOG_BYTES,
    per_month=5,
)
PATIENT_DAYS = Query(
    name="patient-days",
    why="Show the days of a patient, and read them to erase them.",
    table=RECORDS,
    shape=DayCount,
    page=100,
    items=90,
    consistent=True,
    item_bytes=RECORD_BYTES,
    per_month=5,
)
DAY_TURNS = Query(
    name="day-turns",
    why="Read what a patient's turns of a day were, as of the last write.",
    table=LOGS,
    shape=TurnMark,
    entity=Log,
    sort=between("timestamp"),
    consistent=True,
    page=100,
    items=30,
    item_bytes=LOG_BYTES,
    per_month=TURNS / 5,
)
DAY_ACTIVITY = Update(
    name="day-activity",
    why="Say what the turns of a day were, unless the patient has been erased.",
    table=RECORDS,
    shape=DayCount,
    set=("repeated", "concerns", "emergencies"),
    item_bytes=RECORD_BYTES,
    per_month=TURNS / 5,
)
DAYS_ERASE = BatchWrite(
    name="days-erase",
    why="Erase the days of a patient.",
    table=RECORDS,
    shape=DayCount,
    items=90,
    item_bytes=RECORD_BYTES,
    per_month=5,
)
TURN_ALERTS = Query(
    name="turn-alerts",
    why="Read the alerts of a turn, to erase them.",
    table=RECORDS,
    shape=Alert,
    page=20,
    items=2,
    consistent=True,
    item_bytes=RECORD_BYTES,
    per_month=100,
)
ALERTS_ERASE = BatchWrite(
    name="alerts-erase",
    why="Erase the alerts of a turn.",
    table=RECORDS,
    shape=Alert,
    items=2,
    item_bytes=RECORD_BYTES,
    per_month=100,
)

GROWTH = Growth(SIZES)
