"""Profiles that DAX has: used if they are of the last version, and never else."""

from __future__ import annotations

from typing import Any

import pytest

from companion.conversation import Contexts
from companion.system import SYSTEM
from keyline.run import Accelerator, Store
from keyline.run.dax import DaxConnection
from tests.systems.companion.on_engine import ALEXA_USER, Companion

OLD, NEW = {"name": "Quinapril", "dose": "5 milligrams"}, {"name": "Xarelto", "dose": "10 mg"}


class Keeping:
    """Answers for a key what it answered first, as DAX does until an item is too old."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._kept: dict[str, dict[str, Any]] = {}
        self.down = False

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Answer as botocore's client does."""
        if self.down:
            raise TimeoutError
        key = f"{request['TableName']} {request['Key']}"
        if key not in self._kept:
            self._kept[key] = self._dynamodb.get_item(**request)
        return dict(self._kept[key])


class Instances:
    """New instances of the function, which share one DAX."""

    def __init__(self, companion: Companion) -> None:
        self._companion = companion
        self.dax = Keeping(companion.dynamodb)

    def read(self) -> tuple[str, list[str]]:
        """Return the medicine that a new instance knows, and the calls of DynamoDB that it made."""
        companion = self._companion
        store = Store(
            system=SYSTEM,
            environment=companion.environment,
            connection=DaxConnection(lambda: self.dax),
        )
        contexts = Contexts(companion.store, companion.settings, None, Accelerator(store))
        before = len(companion.meter.calls)
        profile = contexts.get_patient_context(ALEXA_USER).profile
        return (
            profile.medications[0].name,
            [call.pattern for call in companion.meter.calls[before:]],
        )


@pytest.fixture
def instances(companion: Companion) -> Instances:
    """A patient with a medicine, whose profile DAX has."""
    companion.patient(medications=[OLD])
    found = Instances(companion)
    found.read()
    return found


def change(companion: Companion) -> None:
    """Give the patient another medicine."""
    (patient,) = companion.stored("BuddyPatients")
    body = {"version": 1, "medications": [NEW]}
    path = {"patientId": patient["patientId"]["S"]}
    assert companion.call("PATCH /patients/{patientId}", path=path, body=body).status == 200


@pytest.mark.requirement("B-50")
def test_a_profile_of_the_last_version_costs_dynamodb_no_read(instances: Instances) -> None:
    medicine, calls = instances.read()
    assert medicine == "Quinapril"
    assert "patient-profile" not in calls
    assert {"conversation-get", "assignment-get", "caregiver-get"} < set(calls)


@pytest.mark.requirement("B-54", "B-59")
def test_a_medicine_that_was_changed_is_never_taken_from_dax(
    companion: Companion, instances: Instances
) -> None:
    change(companion)
    medicine, calls = instances.read()
    assert medicine == "Xarelto"
    assert "patient-profile" in calls


def test_a_change_of_the_assignments_leaves_the_profile_of_dax_in_use(
    companion: Companion, instances: Instances
) -> None:
    (patient,) = companion.stored("BuddyPatients")
    companion.assign({"patientId": patient["patientId"]["S"]}, "daughter")
    assert "patient-profile" not in instances.read()[1]


def test_a_conversation_that_does_not_name_a_version_has_its_profile_from_dynamodb(
    companion: Companion, instances: Instances
) -> None:
    """Return it as it was stored before there was DAX."""
    name = SYSTEM.table("BuddyRecords").physical_name(companion.environment)
    (stored,) = [item for item in companion.stored("BuddyRecords") if item["kind"]["S"] == "NOW"]
    companion.dynamodb.update_item(
        TableName=name,
        Key={"PK": stored["PK"], "SK": stored["SK"]},
        UpdateExpression="REMOVE profileVersion",
    )
    assert "patient-profile" in instances.read()[1]


def test_dax_that_is_down_costs_a_patient_nothing(instances: Instances) -> None:
    instances.dax.down = True
    medicine, calls = instances.read()
    assert medicine == "Quinapril"
    assert "patient-profile" in calls
