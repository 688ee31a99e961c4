"""The stream door: records as changes, and which of a batch Lambda has to deliver again."""

from __future__ import annotations

import io
import itertools
import json
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

from keyline.errors import DeclarationError
from keyline.model import (
    Entity,
    Function,
    Key,
    Put,
    StreamSource,
    StreamView,
    System,
    Table,
    compressed,
)
from keyline.run import meter
from keyline.run.codec import ItemWriter
from keyline.run.errors import ItemUnreadableError
from keyline.run.meter import Call, Labels
from keyline.run.settings import TableSettings
from keyline.stream import Change, ChangeReader, stream_handler
from keyline.stream.handler import BatchFailedError

_NUMBERS = itertools.count()


class Event(msgspec.Struct, kw_only=True):
    place: str
    at: float
    count: int = 0
    tags: set[str] = set()
    parts: list[dict[str, int]] = []
    text: Annotated[str, compressed(above=50)] = ""
    photo: bytes | None = None


class Visit(msgspec.Struct, kw_only=True):
    place: str
    at: float
    guest: str


DOC = "Key design: by place, in order of time."
EVENTS = Table(
    "Events",
    DOC,
    key=Key("place", "at"),
    entities=[Event],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)
MIXED = Table(
    "Mixed",
    DOC,
    key=Key("pk", "sk"),
    entities=[
        Entity(Event, keys={"pk": "EVENT#{place}", "sk": "{at:016.3f}"}),
        Entity(Visit, keys={"pk": "VISIT#{place}", "sk": "{at:016.3f}"}),
    ],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)


def system(*tables: Table) -> System:
    sources = tables or (EVENTS,)
    return System(
        name="house",
        title="House",
        tables=sources,
        functions=tuple(
            Function(
                name=f"read-{table.name.lower()}",
                handler="house.handler",
                why="w",
                patterns=(
                    Put(
                        name=f"put-{table.name.lower()}",
                        why="w",
                        table=table,
                        shape=Event,
                        item_bytes=100,
                        per_month=1,
                    ),
                ),
                source=StreamSource(table=table),
            )
            for table in sources
        ),
    )


def image(item: msgspec.Struct, table: Table = EVENTS) -> dict[str, Any]:
    """Return an item as Lambda delivers it: Binary as base64 text."""
    writer = ItemWriter(
        table, table.entity_of(type(item)), TableSettings(msgspec.defstruct("None_", [])())
    )
    raw: dict[str, Any] = json.loads(msgspec.json.encode(writer.attributes(item, 0.0)))
    return raw


def record(
    sequence: int,
    new: msgspec.Struct | dict[str, Any] | None = None,
    old: msgspec.Struct | None = None,
    table: Table = EVENTS,
    **more: Any,
) -> dict[str, Any]:
    images = {
        name: item if isinstance(item, dict) else image(item, table)
        for name, item in (("NewImage", new), ("OldImage", old))
        if item is not None
    }
    shown = images.get("NewImage") or images["OldImage"]
    return {
        "eventID": f"event-{sequence}",
        "eventName": "REMOVE" if new is None else "MODIFY" if old else "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {k: shown[k] for k in table.key.attributes if k in shown},
            "SequenceNumber": str(sequence),
            "ApproximateCreationDateTime": 1.0,
            **images,
        },
        **more,
    }


def at(number: int) -> Event:
    return Event(place="hall", at=float(number))


class TestChange:
    @pytest.mark.parametrize(
        "item",
        [
            at(1),
            Event(place="hall", at=1732000000000.25, count=-3),
            Event(place="hall", at=1.0, tags={"a", "b"}, parts=[{"a": 1}, {}]),
            Event(place="hall", at=1.0, text="short"),
            Event(place="hall", at=1.0, text="long " * 100, photo=b"\x00\xff"),
        ],
    )
    def test_an_image_is_the_item_that_was_written(self, item: Event) -> None:
        change = ChangeReader(EVENTS, Event).read(record(7, item, at(1)))
        assert (change.new, change.old) == (item, at(1))

    def test_it_says_what_happened_to_which_item(self) -> None:
        reader = ChangeReader(EVENTS, Event)
        insert, modify, remove = (
            reader.read(record(1, at(5))),
            reader.read(record(2, at(5), at(5))),
            reader.read(record(3, None, at(5))),
        )
        assert [c.kind for c in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
        assert insert.old is None and remove.new is None
        assert remove.keys == {"place": "hall", "at": 5}
        assert (remove.sequence, remove.event_id) == ("3", "event-3")

    def test_the_keys_are_there_when_the_stream_shows_nothing_else(self) -> None:
        bare = record(1, at(5))
        del bare["dynamodb"]["NewImage"]
        change = ChangeReader(EVENTS, Event).read(bare)
        assert change.new is None
        assert change.keys == {"place": "hall", "at": 5}

    def test_template_keys_are_no_part_of_the_item(self) -> None:
        visit = Visit(place="hall", at=5.0, guest="ada")
        change = ChangeReader(MIXED, Visit).read(record(1, visit, table=MIXED))
        assert change.new == visit
        assert change.keys == {"pk": "VISIT#hall", "sk": "000000000005.000"}

    @pytest.mark.parametrize(
        ("identity", "expired"),
        [
            ({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, True),
            ({"type": "Service", "principalId": "other.amazonaws.com"}, False),
            ({"type": "User", "principalId": "dynamodb.amazonaws.com"}, False),
            (None, False),
        ],
    )
    def test_a_deletion_by_ttl_is_told_from_one_by_hand(
        self, identity: dict[str, str] | None, expired: bool
    ) -> None:
        removed = record(1, None, at(1), userIdentity=identity)
        assert ChangeReader(EVENTS, Event).read(removed).expired is expired

    def test_only_a_deletion_expires(self) -> None:
        service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        changed = record(1, at(1), userIdentity=service)
        assert ChangeReader(EVENTS, Event).read(changed).expired is False

    @pytest.mark.parametrize(
        "broken",
        [
            {"place": {"S": "hall"}, "at": {"N": "1"}, "count": {"S": "secret"}},
            {"place": {"S": "hall"}},
            {"place": {"S": "hall"}, "at": {"N": "secret"}},
            {"place": {"S": "hall"}, "at": {"N": "1"}, "text": {"B": "secret"}},
            {"place": {"S": "hall"}, "at": {"N": "1"}, "text": {"B": "AXNlY3JldA=="}},
            {"place": {"S": "hall"}, "at": {"N": "1"}, "text": {"B": "c2VjcmV0"}},
            {"place": {"S": "hall"}, "at": {"N": "1"}, "count": {"N": "1.5"}},
        ],
    )
    def test_what_is_no_such_item_is_unreadable(self, broken: dict[str, Any]) -> None:
        with pytest.raises(ItemUnreadableError) as caught:
            ChangeReader(EVENTS, Event).read(record(1, broken))
        assert "secret" not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"count": {"S": "secret"}}, "count"),
            ({"parts": {"L": [{"M": {}}, {"S": "secret"}]}}, "parts[1]"),
            ({"parts": {"L": [{"M": {"secret": {"S": "x"}}}]}}, "parts[0][...]"),
            ({"text": {"B": "AXNlY3JldA=="}}, "text"),
        ],
    )
    def test_an_unreadable_image_is_named_by_its_key_and_field(
        self, changes: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(ItemUnreadableError) as caught:
            ChangeReader(EVENTS, Event).read(record(1, image(at(1)) | changes))
        error = caught.value
        assert error.path == "Events.stream"
        assert error.message.startswith("the item with place 'hall', at 1 does not fit Event: ")
        assert (error.key, error.field) == ({"place": {"S": "hall"}, "at": {"N": "1"}}, field)
        assert "secret" not in "".join(traceback.format_exception(error))

    @pytest.mark.parametrize("damage", ["dynamodb", "eventName", "eventID"])
    def test_a_record_without_a_part_is_unreadable(self, damage: str) -> None:
        broken = {name: part for name, part in record(1, at(1)).items() if name != damage}
        with pytest.raises(ItemUnreadableError, match="a record cannot be read") as caught:
            ChangeReader(EVENTS, Event).read(broken)
        assert (caught.value.key, caught.value.field) == ({}, "")


class Consumer:
    """A handler whose process records what it is given, and fails on chosen changes."""

    def __init__(self, fails: Callable[[Sequence[Change[Event]]], bool] = lambda _: False) -> None:
        self.given: list[list[int]] = []
        self.lines = io.StringIO()

        def process(changes: Sequence[Change[Event]]) -> None:
            self.given.append([int(c.sequence) for c in changes])
            if fails(changes):
                raise RuntimeError("no")

        self._handler = stream_handler(
            system(),
            Event,
            process,
            # Powertools keeps one logger of each name, with the stream it was made with.
            logger=Logger(service=f"house-{next(_NUMBERS)}", stream=self.lines, level="INFO"),
        )

    def __call__(self, *records: dict[str, Any]) -> list[str]:
        answer = self._handler({"Records": list(records)}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


POISON = {"place": {"S": "hall"}, "at": {"S": "never"}}


def holds(sequence: str) -> Callable[[Sequence[Change[Event]]], bool]:
    return lambda changes: any(c.sequence == sequence for c in changes)


@pytest.mark.requirement("X-05")
class TestPartialBatch:
    def test_a_batch_is_processed_whole(self) -> None:
        consumer = Consumer()
        assert consumer(record(1, at(1)), record(2, at(2))) == []
        assert consumer.given == [[1, 2]]

    def test_a_poison_change_in_the_middle_is_reported_after_those_before_it(self) -> None:
        consumer = Consumer(holds("3"))
        assert consumer(*(record(n, at(n)) for n in range(1, 6))) == ["3"]
        assert consumer.given == [[1, 2, 3, 4, 5], [1], [2], [3]]

    def test_a_batch_that_only_fails_as_a_whole_succeeds_one_by_one(self) -> None:
        consumer = Consumer(lambda changes: len(changes) > 1)
        assert consumer(record(1, at(1)), record(2, at(2))) == []
        assert consumer.given == [[1, 2], [1], [2]]

    def test_a_single_failing_change_is_tried_once(self) -> None:
        consumer = Consumer(holds("1"))
        assert consumer(record(1, at(1))) == ["1"]
        assert consumer.given == [[1]]

    def test_an_unreadable_record_fails_on_its_own(self) -> None:
        consumer = Consumer()
        assert consumer(record(1, at(1)), record(2, POISON), record(3, at(3))) == ["2"]
        assert consumer.given == [[1]]

    def test_an_unreadable_record_at_the_head_calls_nothing(self) -> None:
        consumer = Consumer()
        with pytest.raises(BatchFailedError, match="the record 1 failed"):
            consumer(record(1, POISON), record(2, at(2)))
        assert consumer.given == []

    def test_a_failure_before_an_unreadable_record_comes_first(self) -> None:
        consumer = Consumer(holds("1"))
        with pytest.raises(BatchFailedError, match="the record 1 failed"):
            consumer(record(1, at(1)), record(2, POISON))
        assert consumer.given == [[1]]

    def test_a_failure_of_the_first_of_several_fails_the_invocation_and_is_logged(self) -> None:
        consumer = Consumer(holds("1"))
        with pytest.raises(
            BatchFailedError, match=r"Records\[0\]: the record 1 failed, so none of 3"
        ):
            consumer(*(record(n, at(n)) for n in range(1, 4)))
        assert consumer.given == [[1, 2, 3], [1]]
        lines = [json.loads(line) for line in consumer.lines.getvalue().splitlines()]
        assert [line["message"] for line in lines] == ["batch failed", "change failed", "batch"]
        assert lines[-1]["processed"] == 0

    def test_a_single_unreadable_record_is_reported(self) -> None:
        assert Consumer()(record(1, POISON)) == ["1"]


class TestWhatIsTold:
    @pytest.mark.requirement("X-18")
    def test_every_failure_is_logged_without_the_items(self) -> None:
        consumer = Consumer(holds("2"))
        consumer(record(1, at(1)), record(2, Event(place="private", at=2.0)), record(3, POISON))
        lines = [json.loads(line) for line in consumer.lines.getvalue().splitlines()]
        assert [(line["message"], line.get("sequence")) for line in lines] == [
            ("unreadable record", "3"),
            ("batch failed", "1"),
            ("change failed", "2"),
            ("batch", None),
        ]
        assert (lines[-1]["records"], lines[-1]["processed"]) == (3, 1)
        assert "private" not in consumer.lines.getvalue()

    def test_the_meter_is_flushed_whatever_happened(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call = Call(pattern="p", operation="GetItem", table="Events", read=0.5)
        meter.PROCESS.record(Labels("local", "house"), call)
        assert Consumer(holds("1"))(record(1, at(1))) == ["1"]
        assert json.loads(capsys.readouterr().out)["ReadUnits"] == [0.5]
        assert meter.PROCESS.calls == []


class TestDeclaration:
    @staticmethod
    def process(changes: Sequence[Change[Any]]) -> None: ...

    def test_the_table_is_the_one_that_holds_such_items(self) -> None:
        handler = stream_handler(system(EVENTS, MIXED), Visit, self.process)
        visit = Visit(place="hall", at=1.0, guest="ada")
        records = [record(1, visit, table=MIXED)]
        assert handler({"Records": records}, None) == {"batchItemFailures": []}

    def test_several_tables_of_such_items_have_to_be_told_apart(self) -> None:
        with pytest.raises(DeclarationError, match=r"read 2 streams .*: Events, Mixed"):
            stream_handler(system(EVENTS, MIXED), Event, self.process)
        handler = stream_handler(system(EVENTS, MIXED), Event, self.process, table=MIXED)
        records = [record(1, at(1), table=MIXED)]
        assert handler({"Records": records}, None) == {"batchItemFailures": []}

    def test_items_cannot_come_as_a_shape_that_does_not_fit_their_kind(self) -> None:
        class Count(msgspec.Struct, kw_only=True):
            place: str
            count: int = 1

        fault = r"^Events\.stream\.shape\.count: is read as another value than in Event"
        with pytest.raises(DeclarationError, match=fault):
            ChangeReader(EVENTS, Count)
        with pytest.raises(DeclarationError, match="not one of the table's kinds of items"):
            ChangeReader(MIXED, Count)

    def test_a_system_without_streams_has_none_to_read(self) -> None:
        empty = System(name="house", title="House", tables=(EVENTS,), functions=())
        with pytest.raises(DeclarationError, match="Declare a source"):
            stream_handler(empty, Event, self.process)
