"""FAQ searches: answered, remembered without words, told by day, and gone in time."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest

from interactions.faq_searches import FaqSearches, digest_of
from interactions.tables import FaqSearch
from keyline.moments import DAY_SECONDS
from keyline.run import UniqueClock
from tests.systems.interactions.on_engine import MakeMediphant, Mediphant

FAQ = "GET /faq"
SEARCHES = "GET /faq/searches"


def today() -> str:
    """Return the UTC day."""
    return datetime.now(UTC).date().isoformat()


@pytest.mark.requirement("M-27", "M-28", "M-30", "M-63")
def test_a_search_is_answered_and_remembered_as_the_specification_writes_it(
    mediphant: Mediphant,
) -> None:
    before = today()
    answer = mediphant.app("faq")(FAQ, query="q=Medication++adherence&limit=2")
    assert answer.status == 200
    assert [entry["id"] for entry in answer.body["answers"]] == ["adherence", "reminders"]
    assert answer.body["matches"] >= 3
    assert answer.headers["ratelimit"].startswith('"default";r=99;')
    (row,) = mediphant.rows("FAQ_SEARCH")
    data, digest = row["Data"]["M"], hashlib.sha256(b"medication adherence").hexdigest()[:16]
    assert row["PK"]["S"] in (f"FAQ_SEARCH#{before}", f"FAQ_SEARCH#{today()}")
    assert row["SK"]["S"] == f"QUERY#{row['at']['S']}#{digest}"
    assert set(data) == {"matches", "searchTime", "timestamp"}
    assert data["matches"]["N"] == str(answer.body["matches"])
    assert row["at"]["S"].startswith(data["timestamp"]["S"].removesuffix("Z"))
    assert "adherence" not in str(row)
    assert "GSI1PK" not in row


@pytest.mark.requirement("M-29")
@pytest.mark.parametrize("keep", [False, True])
def test_the_words_are_kept_only_where_the_setting_says_so(
    make_mediphant: MakeMediphant, keep: bool
) -> None:
    mediphant = make_mediphant(faq_keep_text=keep, faq_days=7)
    mediphant.app("faq")(FAQ, query="q=Grapefruit%20Juice")
    (row,) = mediphant.rows("FAQ_SEARCH")
    assert row["Data"]["M"].get("query") == ({"S": "grapefruit juice"} if keep else None)
    assert abs(int(row["TTL"]["N"]) - (time.time() + 7 * DAY_SECONDS)) < 60


@pytest.mark.requirement("M-27", "M-31", "M-59")
@pytest.mark.parametrize("shards", [1, 4])
def test_a_day_s_searches_are_told_whole_whatever_the_shards(
    make_mediphant: MakeMediphant, shards: int
) -> None:
    mediphant = make_mediphant(faq_shards=shards, rate_limit=1000)
    api = mediphant.app("faq")
    for n in range(40):
        api(FAQ, query="q=" + ("dose", "grapefruit", "nothing-like-it", "DOSE ")[n % 4])
    parts = Counter(row["PK"]["S"] for row in mediphant.rows("FAQ_SEARCH"))
    day = mediphant.rows("FAQ_SEARCH")[0]["day"]["S"]
    assert len(parts) == shards
    assert f"FAQ_SEARCH#{day}" in parts
    told = api(SEARCHES, query=f"day={day}&limit=2").body
    assert (told["searches"], told["withoutMatches"]) == (40, 10)
    first, second = told["queries"]
    assert (first["digest"], first["searches"], second["searches"]) == (digest_of("dose"), 20, 10)
    assert 0 <= told["searchTime"]["p50"] <= told["searchTime"]["p90"] <= told["searchTime"]["p99"]
    assert told["completeFrom"] == day
    empty = api(SEARCHES, query="day=2020-01-31").body
    assert (empty["searches"], empty["searchTime"], empty["queries"]) == (0, None, [])


def test_equal_searches_of_one_moment_from_many_processes_are_all_kept(
    mediphant: Mediphant,
) -> None:
    now = time.time_ns()

    def search(_: int) -> FaqSearch:
        mediphant.store.clock = UniqueClock(lambda: now)  # every process' first moment is the same
        return FaqSearches(mediphant.store, mediphant.settings).add("dose", 1, 0.5)

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(search, range(50)))
    assert len({search.at for search in made}) == len(mediphant.rows("FAQ_SEARCH")) == 50


def test_a_day_that_may_have_lost_searches_says_so(make_mediphant: MakeMediphant) -> None:
    mediphant = make_mediphant(faq_days=2)
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
    searches = FaqSearches(mediphant.store, mediphant.settings, now=lambda: noon)
    days = ("2020-01-31", "2026-01-29", "2026-01-30", "2026-01-31")
    told = {day: searches.of_day(day, 1).completeFrom for day in days}
    # Of the 29th, the searches before noon are over.
    assert told == {day: max(day, "2026-01-30") for day in days}


def test_shards_that_are_lowered_hide_searches_until_they_are_raised_again(
    make_mediphant: MakeMediphant,
) -> None:
    mediphant = make_mediphant(faq_shards=4)
    searches = FaqSearches(mediphant.store, mediphant.settings)
    for _ in range(20):
        day = searches.add("dose", 1, 0.5).day

    def found(shards: int) -> int:
        settings = msgspec.structs.replace(mediphant.settings, faq_shards=shards)
        return FaqSearches(mediphant.store, settings).of_day(day, 1).searches

    assert (found(4), found(8)) == (20, 20)
    assert found(1) < 20


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=",
        "q=%20%20",
        "q=" + "x" * 201,
        "q=a%00b",
        "q=a&q=b",
        "q=a&limit=0",
        "q=%ff",
    ],
)
def test_a_wrong_search_is_refused_and_not_remembered(mediphant: Mediphant, query: str) -> None:
    answer = mediphant.app("faq")(FAQ, query=query)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert mediphant.rows() == []


@pytest.mark.parametrize(
    "day", ["", "2026-02-30", "yesterday", "20260131", "2026-01-31T00", "2026-01-31%0A"]
)
def test_a_wrong_day_is_refused(mediphant: Mediphant, day: str) -> None:
    answer = mediphant.app("faq")(SEARCHES, query=f"day={day}")
    assert (answer.status, answer.body["path"]) == (400, "query.day")


def test_a_day_of_too_many_searches_is_refused_and_never_cut_short(
    make_mediphant: MakeMediphant,
) -> None:
    mediphant = make_mediphant(faq_max_searches=3)
    api = mediphant.app("faq")
    for _ in range(3):
        api(FAQ, query="q=dose")
    day = mediphant.rows("FAQ_SEARCH")[0]["day"]["S"]
    assert api(SEARCHES, query=f"day={day}").body["searches"] == 3
    api(FAQ, query="q=dose")
    refused = api(SEARCHES, query=f"day={day}")
    assert (refused.status, refused.body["path"]) == (422, "query.day")
    assert refused.body["type"] == "urn:problem-type:unprocessable-content"
    assert refused.body["detail"] == "has more than 3 searches."
    assert "faq_max_searches" in refused.body["suggestion"]


@pytest.mark.requirement("M-19")
def test_a_search_counts_against_the_client_s_limit(make_mediphant: MakeMediphant) -> None:
    mediphant = make_mediphant(rate_limit=2)
    api = mediphant.app("faq")
    assert [api(FAQ, query="q=dose").status for _ in range(4)] == [200, 200, 429, 429]
    assert len(mediphant.rows("FAQ_SEARCH")) == 2
