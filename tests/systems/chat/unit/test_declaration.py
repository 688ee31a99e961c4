"""The declaration says what the specification says."""

from __future__ import annotations

import pytest

from chat.patterns import CONVERSATION_OPENING
from chat.settings import Settings
from chat.system import SYSTEM
from chat.tables import MESSAGES, ROLLUPS, Counted
from keyline.model import ALL, Query, fields_of


@pytest.mark.requirement("T-01", "T-02")
def test_the_table_has_the_specified_name_and_key() -> None:
    assert MESSAGES.physical_name("prod") == "ChatMessages"
    assert MESSAGES.physical_name("dev") == "ChatMessages-dev"
    assert MESSAGES.key.attributes == ("conversationId", "timestamp")
    types = {a: MESSAGES.type_of(a) for a in MESSAGES.key.attributes}
    assert types == {"conversationId": "S", "timestamp": "N"}


@pytest.mark.requirement("T-04", "T-05", "T-06", "T-53")
@pytest.mark.parametrize(
    ("name", "partition", "kind", "sparse"),
    [
        ("ModuleAnalyticsIndex", "moduleId", "N", False),
        ("StudentActivityIndex", "studentId", "N", True),
        ("ProviderUsageIndex", "provider", "S", False),
    ],
)
def test_the_indexes_are_the_specified_ones(
    name: str, partition: str, kind: str, sparse: bool
) -> None:
    index = MESSAGES.index(name)
    assert index.key.attributes == (partition, "timestamp")
    assert MESSAGES.type_of(partition) == kind
    assert (index.projection, index.sparse) == (ALL, sparse)
    assert len(MESSAGES.indexes) == 3


def test_the_provider_index_is_as_specified_until_shards_are_set() -> None:
    assert MESSAGES.sharded == {"provider": "provider_shards"}
    assert Settings().provider_shards == 1


@pytest.mark.requirement("T-08")
def test_a_message_has_the_specified_attributes() -> None:
    fields = fields_of(MESSAGES.kinds[0].shape)
    assert set(fields) == {
        *("conversationId", "timestamp", "messageId", "moduleId", "studentId", "provider"),
        *("modelUsed", "question", "response", "tokenCount", "responseTime"),
        *("hasFile", "fileName", "createdAt"),
    }
    assert {name for name, field in fields.items() if field.optional} == {"studentId", "fileName"}


@pytest.mark.requirement("T-23", "T-42", "T-49")
def test_every_query_of_a_module_or_provider_has_its_range_in_the_key() -> None:
    for pattern in SYSTEM.patterns:
        if isinstance(pattern, Query) and pattern.parameters[0] in ("moduleId", "provider"):
            assert len(pattern.conditions) == 1, pattern.name


def test_whose_conversation_it_is_is_read_consistently_from_its_first_message() -> None:
    assert CONVERSATION_OPENING.index is None
    assert CONVERSATION_OPENING.consistent
    assert not CONVERSATION_OPENING.descending


@pytest.mark.requirement("T-43")
def test_marks_outlive_every_way_in_which_a_message_can_come_again() -> None:
    retention = ROLLUPS.entity_of(Counted).retention
    assert retention is not None
    assert retention.days == "marker_days"
    stream_days, queue_days = 1, 14
    assert Settings().marker_days >= stream_days + queue_days


@pytest.mark.requirement("T-47")
def test_messages_are_kept_for_twelve_months() -> None:
    assert MESSAGES.ttl
    assert MESSAGES.ttl.attribute == "ttl"
    assert MESSAGES.ttl.retention
    assert (MESSAGES.ttl.retention.since, MESSAGES.ttl.retention.unit) == ("timestamp", 1000)
    assert Settings().retention_days == 365
