"""Search the frequent questions, and show the searches of a day."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated

import msgspec

from interactions.context import CONTEXT
from interactions.faq import shipped
from interactions.faq_searches import DayOfSearches, FaqSearches, TooManySearchesError
from interactions.handlers.clients import ClientNames
from interactions.handlers.limits import admitted
from interactions.handlers.texts import cleaned
from interactions.inputs import Day, SearchText
from interactions.rate_limit import DynamoRateLimiter
from interactions.rules import ADVICE
from interactions.system import SYSTEM
from keyline.http import App, Client, Refusal, Response
from keyline.run import Store


class FaqQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words to search for, and how many answers to show."""

    q: SearchText
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5


class DayQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A UTC day, and how many different searches to show."""

    day: Day
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20


class FaqAnswer(msgspec.Struct, frozen=True):
    """A question that was found, and its answer."""

    id: Annotated[str, msgspec.Meta(examples=["missed-dose"])]
    question: Annotated[str, msgspec.Meta(examples=["What if I forgot a dose?"])]
    answer: Annotated[str, msgspec.Meta(examples=["Ask your pharmacist."])]


class FaqAnswers(msgspec.Struct, frozen=True):
    """The questions that were found, the best first.

    Attributes
    ----------
    matches
        The number of questions that were found. The answer may show fewer.
    """

    matches: Annotated[int, msgspec.Meta(examples=[2])]
    answers: list[FaqAnswer]
    advice: str = ADVICE


app = App(
    SYSTEM,
    refusals={TooManySearchesError: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "query.day")},
)
_store = Store.for_function(SYSTEM)
_searches = FaqSearches(_store, CONTEXT.settings)
_limiter = DynamoRateLimiter(_store, CONTEXT.settings)
_clients = ClientNames(CONTEXT.secret, CONTEXT.settings.client_ipv6_prefix)
_faq = shipped()


@app.get("/faq")
def search(query: FaqQuery, client: Client) -> Response[FaqAnswers]:
    """Search the frequent questions. The request counts against the client's limit."""
    text = cleaned(query.q, "query.q")
    usage = admitted(_limiter, _clients.of(client))
    started = time.perf_counter()
    found = [each.entry for each in _faq.search(text)]
    _searches.add(text, len(found), (time.perf_counter() - started) * 1000)
    answers = [FaqAnswer(entry.id, entry.question, entry.answer) for entry in found[: query.limit]]
    return Response(FaqAnswers(len(found), answers), headers=usage.headers)


@app.get("/faq/searches", problems=(HTTPStatus.UNPROCESSABLE_ENTITY,))
def searches(query: DayQuery) -> DayOfSearches:
    """Show the searches of a UTC day, the most frequent first."""
    return _searches.of_day(query.day.isoformat(), query.limit)


handler = app.handler
