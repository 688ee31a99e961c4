"""Items of several kinds: what is asked of them, and what is said of one of another kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyline.run import Read, Store
from keyline.run.errors import BadValueError, ItemUnreadableError
from keyline.run.settings import Expiry
from tests.support.answers import answer
from tests.support.sample.lending import (
    COUNT_VISIT,
    EXTEND,
    GET_DUE,
    GET_LOAN,
    GET_LOANS,
    GET_MEMBER,
    LOANS,
    MEMBER_AND_LOAN,
    OF_DAY,
    OF_MEMBER,
    PUT_HOLD,
    PUT_LOAN,
    Hold,
    Loan,
    LoanData,
    Member,
    MemberData,
)
from tests.support.sample.shop import LARGE
from tests.support.wire import Wire

AT = "2026-01-31T12:00:00.000Z"
AT_SECONDS = 1_769_860_800


@pytest.fixture
def store(wire: Wire) -> Store:
    return wire.store(LARGE)


def member(**more: Any) -> dict[str, Any]:
    return {
        "PK": {"S": "MEMBER#7"},
        "SK": {"S": "PROFILE"},
        "EntityType": {"S": "MEMBER"},
        "memberId": {"S": "7"},
        "Data": {"M": {"name": {"S": "Ann"}, "languages": {"L": []}}},
        **more,
    }


def loan(**more: Any) -> dict[str, Any]:
    return {
        "PK": {"S": "MEMBER#7"},
        "SK": {"S": f"LOAN#{AT}"},
        "EntityType": {"S": "LOAN"},
        "memberId": {"S": "7"},
        "title": {"S": "Emma"},
        "at": {"S": AT},
        "Data": {"M": {"due": {"S": "later"}, "pages": {"N": "300"}, "marks": {"M": {}}}},
        "count": {"N": "0"},
        **more,
    }


LOAN = Loan(memberId="7", title="Emma", at=AT, Data=LoanData(due="later", pages=300))
KEY: dict[str, Any] = {"memberId": "7", "at": AT}


class TestWritten:
    def test_an_item_has_its_tag_and_an_expiry_counted_from_text(
        self, store: Store, wire: Wire
    ) -> None:
        store.put(PUT_LOAN, LOAN)
        item = wire.sent[0]["Item"]
        assert item["EntityType"] == {"S": "LOAN"}
        assert item["TTL"] == {"N": str(AT_SECONDS + 30 * 86_400)}
        assert item["Data"] == {
            "M": {"due": {"S": "later"}, "pages": {"N": "300"}, "marks": {"M": {}}}
        }

    @pytest.mark.parametrize(
        ("moment", "seconds"),
        [
            (AT, AT_SECONDS),
            ("2026-01-31T12:00:00.900Z", AT_SECONDS),
            ("2026-01-31T13:00:00+0100", AT_SECONDS),
            ("2026-01-31T12:00:00.0000", AT_SECONDS),
        ],
    )
    def test_a_moment_is_utc_unless_it_says_otherwise(
        self, store: Store, wire: Wire, moment: str, seconds: int
    ) -> None:
        store.put(PUT_LOAN, Loan(memberId="7", title="x", at=moment, Data=LOAN.Data))
        assert wire.sent[0]["Item"]["TTL"] == {"N": str(seconds + 30 * 86_400)}

    def test_text_that_is_no_moment_is_refused(self, store: Store, wire: Wire) -> None:
        with pytest.raises(BadValueError, match="not a moment in ISO 8601") as caught:
            store.put(
                PUT_LOAN,
                Loan(memberId="7", title="x", at="yesterday, a little late", Data=LOAN.Data),
            )
        assert caught.value.path == "at"
        assert "yesterday" not in str(caught.value)
        assert wire.sent == []

    def test_a_day_is_its_first_moment_in_utc(self) -> None:
        assert Expiry("TTL", 60, "at", 1).at("2026-01-31", 0) == AT_SECONDS - 12 * 3600 + 60

    def test_a_template_without_its_field_leaves_the_index(self, store: Store, wire: Wire) -> None:
        store.put(PUT_HOLD, Hold(memberId="7", title="Emma"))
        assert set(wire.sent[0]["Item"]) == {
            *("PK", "SK", "EntityType", "memberId", "title", "GSI1PK")
        }

    def test_an_upsert_writes_the_tag_and_what_its_key_is_made_of(
        self, store: Store, wire: Wire
    ) -> None:
        wire.replies = [answer(200, {"Attributes": visits()})]
        store.update(COUNT_VISIT, {"count": 1}, branch="east", day="monday")
        (sent,) = wire.sent
        assert sent["Key"] == {"PK": {"S": "VISITS#east"}, "SK": {"S": "DAY#monday"}}
        assert sent["UpdateExpression"] == (
            "SET #EntityType = :EntityType, #branch = :branch, #day = :day ADD #count :count"
        )
        assert sent["ExpressionAttributeValues"] | {":now": None} == {
            ":EntityType": {"S": "VISITS"},
            ":branch": {"S": "east"},
            ":day": {"S": "monday"},
            ":count": {"N": "1"},
            ":now": None,
        }

    def test_a_payload_is_set_whole_and_the_expiry_compared(self, store: Store, wire: Wire) -> None:
        wire.replies = [answer(200, {"Attributes": loan(count={"N": "1"})})]
        changed = store.update(EXTEND, {"Data": LOAN.Data, "count": 1}, now=5, **KEY)
        assert changed.count == 1
        (sent,) = wire.sent
        assert sent["UpdateExpression"] == "SET #Data = :Data ADD #count :count"
        assert sent["ConditionExpression"].endswith("#TTL > :if_now")
        assert sent["ExpressionAttributeValues"][":if_now"] == {"N": "5"}
        assert sent["ExpressionAttributeNames"] == {
            "#Data": "Data",
            "#count": "count",
            "#PK": "PK",
            "#TTL": "TTL",
        }


def visits(**more: Any) -> dict[str, Any]:
    return {
        "PK": {"S": "VISITS#east"},
        "SK": {"S": "DAY#monday"},
        "EntityType": {"S": "VISITS"},
        "branch": {"S": "east"},
        "day": {"S": "monday"},
        "count": {"N": "1"},
        **more,
    }


class TestRead:
    def test_each_item_of_a_collection_comes_back_as_its_kind(
        self, store: Store, wire: Wire
    ) -> None:
        wire.replies = [answer(200, {"Items": [loan(), member()]})]
        page = store.query(OF_MEMBER, memberId="7")
        assert page.items == [LOAN, Member(memberId="7", Data=MemberData(name="Ann"))]
        assert wire.sent[0]["ExpressionAttributeNames"] == {"#PK": "PK"}
        assert "ProjectionExpression" not in wire.sent[0]

    def test_a_part_of_an_index_is_asked_for_with_the_tag(self, store: Store, wire: Wire) -> None:
        wire.replies = [answer(200, {"Items": [visits()]})]
        assert store.query(OF_DAY, day="monday").items[0].count == 1
        sent = wire.sent[0]
        names = sent["ExpressionAttributeNames"]
        asked = {names[alias] for alias in sent["ProjectionExpression"].split(", ")}
        assert asked == {"branch", "day", "count", "PK", "SK", "TTL", "EntityType"}

    @pytest.mark.parametrize(
        ("call", "body", "path"),
        [
            (lambda s: s.get(GET_LOAN, **KEY), {"Item": member()}, "get-loan"),
            (lambda s: s.get(GET_DUE, **KEY), {"Item": member()}, "get-due"),
            (
                lambda s: s.query(LOANS, memberId="7"),
                {"Items": [loan(), member()]},
                "loans",
            ),
            (
                lambda s: s.batch_get(GET_LOANS, keys=[KEY]),
                {"Responses": {"LendingLibrary-dev": [member()]}},
                "get-loans",
            ),
            (
                lambda s: s.transact_get(
                    MEMBER_AND_LOAN, [Read(GET_MEMBER, memberId="7"), Read(GET_LOAN, **KEY)]
                ),
                {"Responses": [{"Item": member()}, {"Item": member()}]},
                "get-loan",
            ),
            (
                lambda s: s.update(EXTEND, {"count": 1}, now=1, **KEY),
                {"Attributes": member()},
                "extend",
            ),
        ],
    )
    def test_an_item_of_another_kind_is_named(
        self, store: Store, wire: Wire, call: Callable[[Store], Any], body: Any, path: str
    ) -> None:
        wire.replies = [answer(200, body)]
        with pytest.raises(ItemUnreadableError) as caught:
            call(store)
        error = caught.value
        assert error.path == path
        expected = "Due" if path == "get-due" else "Loan"
        done = "the change was carried out, but " if path == "extend" else ""
        assert error.message == (
            f"{done}the item with PK 'MEMBER#7', SK 'PROFILE' is a Member, not a {expected}."
        )
        assert error.suggestion == "Read it by a pattern of its own kind."
        assert error.key == {"PK": {"S": "MEMBER#7"}, "SK": {"S": "PROFILE"}}
        assert (error.field, error.carried_out) == ("EntityType", path == "extend")
        assert store.meter.calls[-1].failed or path == "get-loan"

    def test_an_item_that_would_fit_is_refused_by_its_tag_alone(
        self, store: Store, wire: Wire
    ) -> None:
        wire.replies = [answer(200, {"Item": loan(EntityType={"S": "HOLD"})})]
        with pytest.raises(ItemUnreadableError, match="is a Hold, not a Loan"):
            store.get(GET_LOAN, **KEY)

    @pytest.mark.parametrize("tag", [{}, {"EntityType": {"S": "secret"}}])
    def test_an_unknown_tag_is_not_told(
        self, store: Store, wire: Wire, tag: dict[str, Any]
    ) -> None:
        item = {k: v for k, v in loan().items() if k != "EntityType"} | tag
        wire.replies = [answer(200, {"Item": item})]
        with pytest.raises(
            ItemUnreadableError, match="EntityType is missing or that of no"
        ) as caught:
            store.get(GET_LOAN, **KEY)
        assert "secret" not in str(caught.value)

    def test_an_item_of_its_kind_that_does_not_fit_is_said_to_be_that(
        self, store: Store, wire: Wire
    ) -> None:
        wire.replies = [answer(200, {"Item": loan(Data={"M": {"due": {"S": "x"}}})})]
        with pytest.raises(ItemUnreadableError, match="does not fit Loan") as caught:
            store.get(GET_LOAN, **KEY)
        assert (caught.value.path, caught.value.field) == ("get-loan", "Data.pages")
        assert caught.value.key == {"PK": {"S": "MEMBER#7"}, "SK": {"S": f"LOAN#{AT}"}}


class TestCollectionFaults:
    @pytest.mark.parametrize(
        ("item", "field", "says"),
        [
            (visits(), "EntityType", "that of no kind that the pattern reads"),
            (
                {k: v for k, v in loan().items() if k != "EntityType"},
                "EntityType",
                "EntityType is missing",
            ),
            (
                loan(count={"S": "x"}),
                "count",
                "does not fit Loan",
            ),
        ],
    )
    def test_what_cannot_be_read_is_named_by_its_key_and_field(
        self, store: Store, wire: Wire, item: dict[str, Any], field: str, says: str
    ) -> None:
        wire.replies = [answer(200, {"Items": [member(), item]})]
        with pytest.raises(ItemUnreadableError, match=says) as caught:
            store.query(OF_MEMBER, memberId="7")
        assert (caught.value.path, caught.value.field) == ("of-member", field)
        assert caught.value.key == {"PK": item["PK"], "SK": item["SK"]}
        assert store.meter.calls[-1].failed
