"""Keep the searches in the frequent questions for analytics, without the users' names.

A search is kept with a digest of its words. The words themselves are kept only if the setting
`faq_keep_text` says so. The digest is not a secret: a person who knows a text can find out
whether somebody searched for it. No user's name is kept with a search.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated

import msgspec

from interactions.patterns import FAQ_DAY, FAQ_SEARCH_CREATE
from interactions.plain_text import plain
from interactions.settings import Settings
from interactions.tables import FaqSearch, FaqSearchData
from keyline.days import first_whole_day, kept_since
from keyline.errors import KeylineError
from keyline.moments import iso, us_of_ms
from keyline.percentile import percentile
from keyline.run import Store

DIGEST_DIGITS = 16
"""The kept hexadecimal digits of a SHA-256: enough to tell a day's searches apart."""


class SearchTimes(msgspec.Struct, frozen=True):
    """Percentiles of the time of searches, in milliseconds."""

    p50: Annotated[float, msgspec.Meta(examples=[1.2])]
    p90: Annotated[float, msgspec.Meta(examples=[2.5])]
    p99: Annotated[float, msgspec.Meta(examples=[4.1])]


class SearchedFor(msgspec.Struct, frozen=True, omit_defaults=True):
    """The searches of a day for the same words.

    Attributes
    ----------
    matches
        The number of entries that the last of these searches found.
    query
        The words, if they are kept.
    """

    digest: Annotated[str, msgspec.Meta(examples=["9f86d081884c7d65"])]
    searches: Annotated[int, msgspec.Meta(examples=[3])]
    matches: Annotated[int, msgspec.Meta(examples=[2])]
    query: Annotated[str, msgspec.Meta(examples=["forgot a dose"])] | None = None


class DayOfSearches(msgspec.Struct, frozen=True):
    """The searches of a UTC day.

    Attributes
    ----------
    completeFrom
        The first day whose searches are all still kept, or `day` if that is later. If it is after
        `day`, searches of `day` may be missing.
    withoutMatches
        Searches that found nothing.
    searchTime
        Null if there was no search.
    queries
        The most frequent first.
    """

    day: Annotated[str, msgspec.Meta(examples=["2026-01-31"])]
    completeFrom: Annotated[str, msgspec.Meta(examples=["2026-01-31"])]
    searches: Annotated[int, msgspec.Meta(examples=[15])]
    withoutMatches: Annotated[int, msgspec.Meta(examples=[1])]
    searchTime: SearchTimes | None
    queries: list[SearchedFor]


class TooManySearchesError(KeylineError):
    """A day that has more searches than one request may read."""


class FaqSearches(msgspec.Struct, frozen=True):
    """The searches in the frequent questions.

    Parameters
    ----------
    now
        Epoch seconds.
    """

    store: Store
    settings: Settings
    now: Callable[[], float] = time.time

    def add(self, text: str, matches: int, milliseconds: float) -> FaqSearch:
        """Keep a search.

        Raises
        ------
        AlreadyExistsError
            If every moment that the store tried was taken by another search of the same words.
        """
        shard, digest = random.randrange(self.settings.faq_shards), digest_of(text)  # noqa: S311
        kept = plain(text) if self.settings.faq_keep_text else None

        def search_at(moment: float) -> FaqSearch:
            return FaqSearch(
                day=iso(us_of_ms(moment), "microseconds")[:10],
                shard=_shard_text(shard),
                at=iso(us_of_ms(moment), "microseconds"),
                digest=digest,
                Data=FaqSearchData(
                    matches=matches,
                    searchTime=round(milliseconds, 3),
                    timestamp=iso(us_of_ms(moment)),
                    query=kept,
                ),
            )

        return self.store.put_unique(FAQ_SEARCH_CREATE, search_at)

    def of_day(self, day: str, limit: int) -> DayOfSearches:
        """Return the searches of a UTC day.

        Parameters
        ----------
        limit
            The most different searches to return.

        Raises
        ------
        TooManySearchesError
            If the day has more searches than one request may read.
        """
        found = sorted(self._read(day), key=lambda search: search.at)
        kept = first_whole_day(kept_since(self.settings.faq_days, self.now() * 1000))
        times = sorted(search.Data.searchTime for search in found)
        by_digest: dict[str, list[FaqSearch]] = {}
        for search in found:
            by_digest.setdefault(search.digest, []).append(search)
        most = sorted(by_digest.items(), key=lambda item: (-len(item[1]), item[0]))[:limit]
        return DayOfSearches(
            day=day,
            completeFrom=max(date.fromisoformat(day), kept).isoformat(),
            searches=len(found),
            withoutMatches=sum(search.Data.matches == 0 for search in found),
            searchTime=_times(times) if times else None,
            queries=[_searched_for(digest, same) for digest, same in most],
        )

    def _read(self, day: str) -> Iterator[FaqSearch]:
        most, count = self.settings.faq_max_searches, 0
        for shard in range(self.settings.faq_shards):
            for search in self.store.items(FAQ_DAY, day=day, shard=_shard_text(shard)):
                count += 1
                if count > most:
                    raise TooManySearchesError(
                        "day",
                        f"has more than {most} searches.",
                        "Raise the setting faq_max_searches, or read an export of the table.",
                    )
                yield search


def digest_of(text: str) -> str:
    """Return a digest of a search's words. Case and spaces do not change the digest."""
    return hashlib.sha256(plain(text).encode()).hexdigest()[:DIGEST_DIGITS]


def _shard_text(shard: int) -> str:
    return f"#{shard}" if shard else ""


def _times(ordered: list[float]) -> SearchTimes:
    return SearchTimes(*(percentile(ordered, part) for part in (0.5, 0.9, 0.99)))


def _searched_for(digest: str, same: list[FaqSearch]) -> SearchedFor:
    return SearchedFor(digest, len(same), same[-1].Data.matches, same[-1].Data.query)
