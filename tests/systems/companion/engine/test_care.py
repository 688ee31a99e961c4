"""Test what caregivers see and change: their own patients only."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companion.answer_writer import RuleWriter
from companion.patterns import CONVERSATION_DELETE, CONVERSATION_TURNS
from companion.skill import REFUSAL
from companion.tables import Profile
from keyline.model import TransactWrite
from keyline.moments import iso_of
from keyline.run import Cancelled, Store, TransactionCancelledError
from tests.systems.companion.on_engine import ALEXA_USER, Companion

OF_A_PATIENT = (
    "GET /patients/{patientId}",
    "GET /patients/{patientId}/caregivers",
    "GET /patients/{patientId}/conversations",
    "GET /patients/{patientId}/escalations",
    "GET /patients/{patientId}/days",
)


CHANGES = (
    "PATCH /patients/{patientId}",
    "DELETE /patients/{patientId}",
    "DELETE /me/patients/{patientId}",
    "PUT /patients/{patientId}/caregivers/{caregiverId}",
    "DELETE /patients/{patientId}/caregivers/{caregiverId}",
)


@pytest.mark.requirement("B-05")
def test_a_patient_is_shown_as_it_was_stored(companion: Companion) -> None:
    body: dict[str, Any] = {
        "people": [{"name": "Eve", "relation": "daughter"}],
        "routines": [{"time": "08:00", "activity": "breakfast"}],
        "medications": [{"name": "Aspirin", "dose": "100 mg", "times": ["08:00"]}],
        "safetyProfile": {"allergies": ["nuts"], "notes": None},
    }
    patient = companion.patient(**body)
    shown = companion.call("GET /patients/{patientId}", path={"patientId": patient["patientId"]})
    assert shown.body == patient
    assert {name: shown.body[name] for name in body} == body


ASPIRIN = {"name": "Aspirin", "dose": "100 mg"}
EVE = {"name": "Eve", "relation": "daughter"}
WRONG: tuple[tuple[str, Any, str, str], ...] = (
    ("people", [{**EVE, "name": ""}], "people[0].name", "Lengthen it."),
    ("people", [{**EVE, "relation": "a\nb"}], "people[0].relation", "daughter"),
    ("people", [{**EVE, "phone": "1"}], "people[0].phone", "relation"),
    ("people", [EVE] * 101, "people", "Shorten it."),
    ("routines", [{"time": "25:00", "activity": "tea"}], "routines[0].time", "22:00"),
    ("routines", [{"time": "", "activity": "tea"}], "routines[0].time", "22:00"),
    ("routines", [{"time": "1" * 500, "activity": "tea"}], "routines[0].time", "22:00"),
    ("routines", [{"time": "08:00", "activity": "\u0007"}], "routines[0].activity", "breakfast"),
    ("medications", [{**ASPIRIN, "time": ["08:00"]}], "medications[0].time", "times"),
    ("medications", [{**ASPIRIN, "times": ["8"]}], "medications[0].times[0]", "22:00"),
    ("medications", [{**ASPIRIN, "times": ["08:00"] * 25}], "medications[0].times", "Shorten it."),
    ("medications", [{**ASPIRIN, "dose": "1" * 101}], "medications[0].dose", "Shorten it."),
    ("safetyProfile", {"allergy": ["nuts"]}, "safetyProfile.allergy", "allergies"),
    ("safetyProfile", {"allergies": [" "]}, "safetyProfile.allergies[0]", "nuts"),
    ("safetyProfile", {"notes": "\u0000"}, "safetyProfile.notes", "Wears glasses."),
    ("safetyProfile", {"notes": "a" * 2_001}, "safetyProfile.notes", "Shorten it."),
)


@pytest.mark.parametrize(("field", "value", "where", "suggested"), WRONG)
def test_a_wrong_part_of_a_profile_is_refused_where_it_is(
    companion: Companion, field: str, value: Any, where: str, suggested: str
) -> None:
    path = {"patientId": companion.patient(alexaUserId=None)["patientId"]}
    changed = {"version": 1, field: value}
    for answer in (
        companion.call("POST /patients", body={"preferredName": "Ada", field: value}),
        companion.call("PATCH /patients/{patientId}", path=path, body=changed),
    ):
        assert answer.status == 400
        assert answer.body["path"] == f"body.{where}"
        assert answer.body["detail"]
        assert suggested in answer.body["suggestion"]
    assert len(companion.stored("BuddyPatients")) == 1


def test_a_changed_profile_is_stored_as_it_was_sent(companion: Companion) -> None:
    path = {"patientId": companion.patient()["patientId"]}
    parts: dict[str, Any] = {
        "people": [EVE],
        "routines": [{"time": "08:00", "activity": "breakfast"}],
        "medications": [{**ASPIRIN, "times": ["08:00", "20:00"]}],
        "safetyProfile": {"allergies": ["nuts"], "notes": "Wears glasses.\nHears badly."},
    }
    for _ in range(2):  # the second is an earlier try of the request
        answer = companion.call(
            "PATCH /patients/{patientId}", path=path, body={"version": 1, **parts}
        )
        assert answer.status == 200
        assert {name: answer.body[name] for name in parts} == parts


@pytest.mark.requirement("B-44")
def test_a_stale_version_changes_nothing(companion: Companion) -> None:
    path = {"patientId": companion.patient()["patientId"]}

    def change(name: str, version: int) -> Any:
        body = {"version": version, "preferredName": name}
        return companion.call("PATCH /patients/{patientId}", path=path, body=body)

    assert change("Grace", 1).status == 200
    assert change("Joan", 1).status == 409
    assert change("Grace", 1).status == 200  # an earlier try of the request has made it
    shown = companion.call("GET /patients/{patientId}", path=path).body
    assert (shown["preferredName"], shown["version"]) == ("Grace", 2)


def test_a_patient_of_a_repeated_request_is_stored_once(companion: Companion) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "key-1"}
    body = {"preferredName": "Ada"}
    first, second = (companion.call("POST /patients", body=body, headers=headers) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert len(companion.stored("BuddyPatients")) == 1
    other = companion.call("POST /patients", body={"preferredName": "Eve"}, headers=headers)
    assert other.status == 422


def test_an_alexa_user_is_never_taken_from_another_patient(companion: Companion) -> None:
    companion.patient()
    body = {"preferredName": "Mallory", "alexaUserId": ALEXA_USER}
    assert companion.call("POST /patients", "mallory", body=body).status == 409
    assert len(companion.stored("BuddyPatients")) == 1


def test_the_primary_caregiver_gives_a_patient_another_device(companion: Companion) -> None:
    patient = companion.patient()
    companion.assign(patient, "helper")
    companion.patient("mallory", alexaUserId="amzn1.ask.account.MALLORY")
    assert companion.say("hello there") != REFUSAL
    path = {"patientId": patient["patientId"]}

    def change(user: str | None, version: int, by: str = "carer") -> int:
        body = {"version": version, "alexaUserId": user}
        return companion.call("PATCH /patients/{patientId}", by, path=path, body=body).status

    new = "amzn1.ask.account.NEW"
    assert change(new, 1, "helper") == 403
    assert change("amzn1.ask.account.MALLORY", 1) == 409
    assert change(new, 1) == 200
    assert change(new, 1) == 200  # the request again
    assert companion.say("hello there") == REFUSAL
    assert companion.say("hello there", new) != REFUSAL
    assert change(None, 2) == 200
    assert companion.say("hello there", new) == REFUSAL
    users = [item for item in companion.stored("BuddyRecords") if item["kind"]["S"] == "ALEXA"]
    assert [user["PK"]["S"] for user in users] == ["ALEXA#amzn1.ask.account.MALLORY"]


@pytest.mark.parametrize("route", OF_A_PATIENT)
def test_the_second_after_the_assignment_ended_nothing_is_shown(
    companion: Companion, route: str
) -> None:
    patient = companion.patient()
    companion.assign(patient, "helper")
    path = {"patientId": patient["patientId"]}
    companion.say("I fell")
    companion.say("I fell again")
    query = "limit=1" if route != OF_A_PATIENT[0] else ""
    first = companion.call(route, "helper", path=path, query=query)
    assert first.status == 200
    companion.end(patient, "helper")
    assert companion.call(route, "helper", path=path).status == 404
    if cursor := first.body.get("cursor"):
        query = f"limit=1&cursor={cursor}"
        assert companion.call(route, "helper", path=path, query=query).status == 404


@pytest.mark.requirement("B-12")
def test_only_the_primary_caregiver_assigns_and_erases(companion: Companion) -> None:
    patient = companion.patient()
    companion.assign(patient, "helper")
    assert companion.call("GET /me", "friend").status == 200
    path = {"patientId": patient["patientId"]}
    of_friend = {**path, "caregiverId": "friend"}
    route = "{method} /patients/{{patientId}}/caregivers/{{caregiverId}}"
    for method in ("PUT", "DELETE"):
        answer = companion.call(route.format(method=method), "helper", path=of_friend)
        assert answer.status == 403
    assert companion.call("DELETE /patients/{patientId}", "helper", path=path).status == 403
    of_nobody = {**path, "caregiverId": "nobody"}
    assert companion.call(route.format(method="PUT"), path=of_nobody).status == 404
    companion.assign(patient, "friend")
    companion.assign(patient, "friend")  # again: nothing changes
    listed = companion.call("GET /patients/{patientId}/caregivers", "friend", path=path).body
    assert {one["caregiverId"] for one in listed["assignments"]} == {"carer", "helper", "friend"}
    assert companion.call(route.format(method="DELETE"), path=of_friend).status == 204
    assert companion.call(route.format(method="DELETE"), path=of_friend).status == 204
    assert companion.call("GET /patients/{patientId}", "friend", path=path).status == 404


def test_the_primary_caregiver_stays_as_long_as_there_is_the_patient(companion: Companion) -> None:
    """Nobody else could erase what is kept of the patient."""
    path = {"patientId": companion.patient()["patientId"]}
    assert companion.call("DELETE /me/patients/{patientId}", path=path).status == 409
    own = {**path, "caregiverId": "carer"}
    route = "DELETE /patients/{patientId}/caregivers/{caregiverId}"
    assert companion.call(route, path=own).status == 409
    assert companion.call("GET /patients/{patientId}", path=path).status == 200


@pytest.mark.parametrize(
    "route",
    [
        "PUT /patients/{patientId}/caregivers/{caregiverId}",
        "DELETE /patients/{patientId}/caregivers/{caregiverId}",
        "PATCH /patients/{patientId}",
    ],
)
def test_a_patient_who_is_being_erased_is_not_changed(companion: Companion, route: str) -> None:
    # Given an erasure that was interrupted after its first step
    patient = companion.patient()
    companion.assign(patient, "friend")
    assert companion.call("GET /me", "helper").status == 200
    companion.store.delete(CONVERSATION_DELETE, patientId=patient["patientId"])
    before = {table: companion.stored(table) for table in ("BuddyAssignments", "BuddyPatients")}
    who = "helper" if route.startswith("PUT") else "friend"
    path = {"patientId": patient["patientId"], "caregiverId": who}
    body = {"version": 1, "preferredName": "Grace"} if route.startswith("PATCH") else None
    assert companion.call(route, path=path, body=body).status == 404
    assert before == {table: companion.stored(table) for table in before}
    # Then it can be ended
    assert companion.call("DELETE /patients/{patientId}", path=path).status == 200
    assert companion.stored("BuddyPatients") == companion.stored("BuddyAssignments") == []


def test_a_turn_of_a_patient_who_is_being_erased_is_refused(companion: Companion) -> None:
    patient = companion.patient()

    class Erasing(RuleWriter):
        """The patient is erased while the answer is written."""

        def write(self, profile: Profile, utterance: str) -> str:
            companion.store.delete(CONVERSATION_DELETE, patientId=patient["patientId"])
            return super().write(profile, utterance)

    companion.skill = companion.new_skill(Erasing())
    assert companion.say("hello there") == REFUSAL
    assert companion.stored("BuddyConversationLogs") == []


def test_a_turn_that_could_not_be_kept_is_not_taken_for_one_of_an_erased_patient(
    companion: Companion, monkeypatch: pytest.MonkeyPatch
) -> None:
    companion.patient()
    busy = Cancelled(2, CONVERSATION_TURNS.name, "ThrottlingError")

    def transact(self: Store, pattern: TransactWrite[Any], *_: Any, **__: Any) -> None:
        raise TransactionCancelledError(pattern.name, [busy])

    monkeypatch.setattr(Store, "transact", transact)
    with pytest.raises(TransactionCancelledError):
        companion.say("hello there")


def test_no_id_and_no_cursor_leads_to_a_patient_of_another(companion: Companion) -> None:
    """Mallory has a patient, and was assigned to another one until a moment ago."""
    own = companion.patient("mallory", alexaUserId="amzn1.ask.account.MALLORY")
    companion.say("I fell", "amzn1.ask.account.MALLORY")
    other = companion.patient()
    companion.assign(other, "mallory")
    for words in ("I fell", "it hurts", "fire"):
        companion.say(words)
    path = {"patientId": other["patientId"]}
    cursors: list[str] = []
    for route in OF_A_PATIENT[1:]:
        for user in ("carer", "mallory"):
            page = companion.call(route, user, path=path, query="limit=1").body
            cursors += [page["cursor"]] if page["cursor"] else []
    companion.end(other, "mallory")
    before = {table: companion.stored(table) for table in ("BuddyPatients", "BuddyAssignments")}
    ids = [own["patientId"], other["patientId"], "carer", "mallory", uuid.uuid4().hex]
    bodies = {"PATCH": {"version": 1, "preferredName": "Eve"}}

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.sampled_from([*OF_A_PATIENT, *CHANGES]),
        st.sampled_from(ids) | st.text("abcdef0123456789", min_size=1, max_size=32),
        st.sampled_from([None, *cursors]),
    )
    def holds(route: str, patient: str, cursor: str | None) -> None:
        method = route.partition(" ")[0]
        if route in CHANGES and patient == own["patientId"]:
            return
        query = f"cursor={cursor}" if cursor and route in OF_A_PATIENT[1:] else ""
        parts = {"patientId": patient, "caregiverId": "mallory"}
        answer = companion.call(route, "mallory", path=parts, query=query, body=bodies.get(method))
        if patient == own["patientId"]:
            assert answer.status in (200, 400)
            assert other["patientId"] not in str(answer.body)
        else:
            assert answer.status == 404, (route, answer.body)

    holds()
    assert before == {table: companion.stored(table) for table in before}
    assert len(companion.stored("BuddyConversationLogs")) == 4


def test_turns_and_escalations_are_paged(companion: Companion) -> None:
    path = {"patientId": companion.patient()["patientId"]}
    for words in ("hello", "I fell", "I am lost", "fire"):
        companion.say(words)
    route = "GET /patients/{patientId}/conversations"
    listed = companion.pages(route, "conversations", "limit=3", path=path)
    found = [turn["userUtterance"] for page in listed for turn in page]
    assert sorted(found) == sorted(["hello", "I fell", "I am lost", "fire"])
    for level, wanted in ((1, ["I am lost"]), (2, ["I fell", "fire"])):
        page = companion.call(
            "GET /patients/{patientId}/escalations", path=path, query=f"level={level}"
        ).body
        assert sorted(turn["userUtterance"] for turn in page["conversations"]) == sorted(wanted)


def test_turns_of_a_span_have_its_begin_and_not_its_end(companion: Companion) -> None:
    path = {"patientId": companion.patient()["patientId"]}
    now = datetime.now(UTC).replace(microsecond=500_000)
    moments = [now + timedelta(milliseconds=number) for number in range(4)]
    for number, moment in enumerate(moments):
        companion.say(f"words number {number}", moment=moment)
    since, until = (iso_of(moments[number], "milliseconds") for number in (1, 3))
    route = "GET /patients/{patientId}/conversations"
    page = companion.call(route, path=path, query=f"since={since}&until={until}").body
    found = [turn["userUtterance"] for turn in page["conversations"]]
    assert found == ["words number 2", "words number 1"]


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("GET /me/assignments", "since"),
        ("GET /patients/{patientId}/conversations", "since"),
        ("GET /patients/{patientId}/conversations", "until"),
    ],
)
@pytest.mark.parametrize("day", ["2026-02-30", "2026-02-29", "2026-04-31", "0000-01-01"])
def test_a_moment_that_the_calendar_does_not_have_is_refused(
    companion: Companion, route: str, name: str, day: str
) -> None:
    path = {"patientId": companion.patient()["patientId"]} if "{" in route else {}
    answer = companion.call(route, path=path, query=f"{name}={day}T10:00:00.000Z")
    assert (answer.status, answer.body["path"]) == (400, f"query.{name}")
    assert answer.body["suggestion"]
    leap = f"{name}=2028-02-29T10:00:00.000Z"
    assert companion.call(route, path=path, query=leap).status == 200


def test_erasing_leaves_an_audit_entry_without_health_data(companion: Companion) -> None:
    path = {"patientId": companion.patient(people=[{"name": "Eve", "relation": "x"}])["patientId"]}
    for number in range(30):
        companion.say(f"secret words {number}")
    companion.say("I fell")
    assert companion.call("DELETE /patients/{patientId}", "mallory", path=path).status == 404
    erased = companion.call("DELETE /patients/{patientId}", path=path)
    assert (erased.status, erased.body["logs"]) == (200, 31)
    for table in ("BuddyPatients", "BuddyAssignments", "BuddyConversationLogs"):
        assert companion.stored(table) == []
    left = companion.stored("BuddyRecords")
    assert {item["kind"]["S"] for item in left} == {"AUDIT"}
    assert not any(word in str(left) for word in ("secret", "Eve", "Ada"))


def test_preferences_are_checked(companion: Companion) -> None:
    def change(**preferences: Any) -> int:
        body = {"version": 1, "notificationPreferences": preferences}
        return companion.call("PATCH /me", body=body).status

    assert change(quietHoursStart="22:00") == 400
    assert change(quietHoursStart="22:00", quietHoursEnd="22:00") == 400
    assert change(timeZone="Mars/Olympus") == 400
    assert change(quietHoursStart="25:00", quietHoursEnd="07:00") == 400
    assert change(quietHoursStart="22:00", quietHoursEnd="07:00", timeZone="Europe/Berlin") == 200


def test_a_wrong_quiet_time_is_told_in_words(companion: Companion) -> None:
    body = {"version": 1, "notificationPreferences": {"quietHoursStart": "25:00"}}
    refused = companion.call("PATCH /me", body=body).body
    assert refused["detail"] == "must be text that is a time of day (such as 22:00), or null."


@pytest.mark.requirement("B-11", "B-13", "B-40")
def test_assignments_are_paged_by_patient_and_the_newest_first(companion: Companion) -> None:
    ids = [companion.patient(alexaUserId=None)["patientId"] for _ in range(5)]
    companion.patient("mallory", alexaUserId=None)
    for route, wanted in (("GET /me/assignments", ids[::-1]), ("GET /me/patients", sorted(ids))):
        *full, last = companion.pages(route, "assignments", "limit=2")
        assert {len(page) for page in full} == {2}
        assert [one["patientId"] for page in (*full, last) for one in page] == wanted
    assigned = companion.call("GET /me/assignments").body["assignments"][1]["assignedAt"]
    since = f"since={assigned[:23]}Z"  # cut to the millisecond
    later = companion.call("GET /me/assignments", query=since).body["assignments"]
    assert [one["patientId"] for one in later][:2] == ids[:2:-1]
