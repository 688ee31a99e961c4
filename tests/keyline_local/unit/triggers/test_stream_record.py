"""Stream records as functions see them, and the file that keeps a mapping's place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.triggers.checkpoint import Checkpoint, CheckpointFile
from keyline_local.triggers.stream_record import Stream, shape, shown_arn

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/CustomerOrders"
ENGINE = "arn:aws:dynamodb:dynoxide:000000000000:table/CustomerOrders/stream/1795174708.687602519"


def stream(arn: str = ENGINE) -> Stream:
    return Stream(arn, "shardId-1", shown_arn(TABLE, arn), "eu-west-1", 0.0, "pk")


def raw(sequence: str = "4", **more: Any) -> dict[str, Any]:
    return {
        "eventID": sequence,
        "eventName": "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "dynoxide",
        "dynamodb": {
            "Keys": {"pk": {"S": "a"}},
            "OldImage": {"pk": {"S": "a"}, "blob": {"B": "AAE="}, "n": {"N": "5"}},
            "SequenceNumber": sequence,
            "SizeBytes": 104,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            "ApproximateCreationDateTime": 1795174708.0,
        },
        **more,
    }


def test_a_record_shows_the_platforms_account_and_region_and_keeps_its_values() -> None:
    shaped = dict(shape(raw(), stream()))
    event_id = shaped.pop("eventID")
    assert len(event_id) == 32
    assert shaped == {
        "eventName": "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": raw()["dynamodb"],
        "eventSourceARN": f"{TABLE}/stream/2026-11-20T11:38:28.687",
    }


@pytest.mark.parametrize(
    "identity",
    [
        {"type": "Service", "principalId": "dynamodb.amazonaws.com"},  # the engine
        {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},  # the API of AWS
    ],
)
def test_the_identity_of_a_ttl_deletion_has_the_form_functions_get(
    identity: dict[str, str],
) -> None:
    shaped = shape(raw(userIdentity=identity), stream())
    assert shaped["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def test_an_event_id_is_the_same_at_each_delivery_and_unique_across_streams() -> None:
    other = ENGINE.replace("1795174708", "1795174709")
    ids = [
        shape(raw(sequence), stream(arn))["eventID"]
        for sequence, arn in (("4", ENGINE), ("4", ENGINE), ("5", ENGINE), ("4", other))
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_label_that_is_no_number_is_kept() -> None:
    label = "2019-11-14T00:04:06.388"
    assert shown_arn(TABLE, f"{TABLE}/stream/{label}") == f"{TABLE}/stream/{label}"


def test_a_checkpoint_survives_in_its_file(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "new" / "m.json")
    assert file.read() is None
    for checkpoint in (Checkpoint("arn", iterator="i"), Checkpoint("arn", "41")):
        file.write(checkpoint)
        assert CheckpointFile(tmp_path / "new" / "m.json").read() == checkpoint


@pytest.mark.parametrize("text", ["", "{", '{"sequence": 1}', "[]"])
def test_a_damaged_checkpoint_names_its_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(LocalPlatformError, match=r"m\.json"):
        CheckpointFile(path).read()
