"""Answer requests for the analytics of modules, students and providers.

A period of whole days is answered from the daily totals. A period between two moments is
answered from the messages. A student's report is always answered from the messages, because a
student has few. A period that is too much for one request is refused: an answer about a part of
it would be wrong. A period that begins before what is kept is answered, and `completeFrom` says
from when on the answer is whole. An answer may be as old as the cache keeps it.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated

import msgspec

from chat import analytics
from chat.answers import (
    ModuleAnswer,
    ProviderAnswer,
    Report,
    SilentStudent,
    SilentStudents,
    StudentAnswer,
    TodayAnswer,
)
from chat.context import CONTEXT
from chat.days import Division, Range
from chat.handlers.providers import require_known, require_possible
from chat.handlers.ranges import RangeQuery, moment
from chat.handlers.viewer import Viewer
from chat.inputs import Cursor, Id, Provider
from chat.patterns import (
    MODULE_DAYS,
    MODULE_FACTS,
    MODULE_STUDENT_DAYS,
    PROVIDER_DAYS,
    PROVIDER_FACTS,
    STUDENT_DAYS,
    STUDENT_FACTS,
)
from chat.prices import Prices
from chat.repository import PageRequest, Repository, TooMuchError
from chat.system import SYSTEM
from keyline.cache import Cache, CacheSettings
from keyline.days import Days, kept_since, today
from keyline.http import App, Caller, Refusal
from keyline.metrics import Metrics
from keyline.moments import iso, us_of_ms
from keyline.run import Store

_WHOLE_DAYS = (
    "Ask for whole days (from=2026-01-01&to=2026-01-31), which daily totals answer, "
    "or for a shorter range."
)
_REPORTS = "Ask for a shorter range, or for the student's reports, which daily totals answer."


class ReportQuery(RangeQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range of days, and whether the report is by day, week or month."""

    by: Division = "day"


class InactiveQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The date or the moment since which a student has been silent."""

    since: Annotated[str, msgspec.Meta(examples=["2026-01-31"])]
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    cursor: Cursor | None = None


app = App(SYSTEM, refusals={TooMuchError: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "query.from")})
_repository = Repository(Store.for_function(SYSTEM), CONTEXT.settings)
_prices = Prices.of(CONTEXT.settings)
_cache = Cache.of(
    CacheSettings("chat:", CONTEXT.settings.cache_seconds, CONTEXT.settings.cache_url),
    Metrics(CONTEXT.environment, SYSTEM).count,
)


@app.get("/modules/{moduleId}/analytics")
def module(moduleId: Id, query: RangeQuery, caller: Caller) -> ModuleAnswer:
    """Show totals, unique students, cost, response times and engagement of a module."""
    viewer = _staff(caller, "path.moduleId")
    period = query.range(_now())
    cache_key = ("module", moduleId, analytics.bounds_of(period), viewer.scope)
    return _cache.answer(cache_key, ModuleAnswer, lambda: _module(moduleId, period))


@app.get("/modules/{moduleId}/reports")
def module_reports(moduleId: Id, query: ReportQuery, caller: Caller) -> Report:
    """Show a module's totals by day, week or month."""
    viewer = _staff(caller, "path.moduleId")
    days = query.days(_now())

    def compute() -> Report:
        totals = _repository.totals(MODULE_DAYS, days, moduleId=moduleId)
        students = _repository.totals(MODULE_STUDENT_DAYS, days, moduleId=moduleId)
        return analytics.model_report(
            days, query.by, totals, _prices, students, kept=_totals_kept()
        )

    cache_key = ("module report", moduleId, query.by, days.bounds, viewer.scope)
    return _cache.answer(cache_key, Report, compute)


@app.get("/providers/{provider}/analytics")
def provider(provider: Provider, query: RangeQuery, caller: Caller) -> ProviderAnswer:
    """Show usage, cost, response times and the share of each model of a provider."""
    viewer = _staff(caller, "path.provider")
    require_possible(provider)
    period = query.range(_now())
    cache_key = ("provider", provider, analytics.bounds_of(period), viewer.scope)
    return _cache.answer(cache_key, ProviderAnswer, lambda: _provider(provider, period))


@app.get("/providers/{provider}/reports")
def provider_reports(provider: Provider, query: ReportQuery, caller: Caller) -> Report:
    """Show a provider's totals by day, week or month."""
    viewer = _staff(caller, "path.provider")
    require_possible(provider)
    days = query.days(_now())

    def compute() -> Report:
        totals = _repository.totals(PROVIDER_DAYS, days, provider=provider)
        require_known(provider, _prices, found=bool(totals))
        return analytics.model_report(days, query.by, totals, _prices, kept=_totals_kept())

    cache_key = ("provider report", provider, query.by, days.bounds, viewer.scope)
    return _cache.answer(cache_key, Report, compute)


@app.get("/providers/{provider}/today")
def provider_today(provider: Provider, caller: Caller) -> TodayAnswer:
    """Show what a provider has cost today, compared with its budget."""
    viewer = _staff(caller, "path.provider")
    require_possible(provider)
    day = today(_now())

    def compute() -> TodayAnswer:
        totals = _repository.totals(PROVIDER_DAYS, day, provider=provider)
        require_known(provider, _prices, found=bool(totals))
        answer = analytics.provider_from_totals(provider, day, totals, _prices, kept=_totals_kept())
        return analytics.against_budget(answer, CONTEXT.settings.daily_budget_usd.get(provider))

    cache_key = ("provider today", provider, day.bounds, viewer.scope)
    return _cache.answer(cache_key, TodayAnswer, compute)


@app.get("/inactive-students")
def inactive(query: InactiveQuery, caller: Caller) -> SilentStudents:
    """List the students who have been silent since a date, longest silent first."""
    viewer = _staff(caller, "path")
    request = PageRequest(caller=viewer.subject, limit=query.limit, cursor=query.cursor)
    page = _repository.inactive(moment("query.since", query.since), request)
    silent = [SilentStudent(s.studentId, iso(us_of_ms(s.lastAt))) for s in page.items]
    return SilentStudents(silent, iso(us_of_ms(_totals_kept())), page.cursor)


@app.get("/students/{studentId}/analytics")
def student(studentId: Id, query: RangeQuery, caller: Caller) -> StudentAnswer:
    """Show a student's engagement, performance and path through the modules."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    viewer.require_student(studentId)
    period = query.range(_now())

    def compute() -> StudentAnswer:
        facts = _repository.facts(STUDENT_FACTS, period, _REPORTS, studentId=studentId)
        return analytics.student_from_messages(
            studentId, period, facts, _prices, kept=_messages_kept()
        )

    cache_key = ("student", studentId, analytics.bounds_of(period), viewer.scope)
    return _cache.answer(cache_key, StudentAnswer, compute)


@app.get("/students/{studentId}/reports")
def student_reports(studentId: Id, query: ReportQuery, caller: Caller) -> Report:
    """Show a student's totals by day, week or month."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    viewer.require_student(studentId)
    days = query.days(_now())

    def compute() -> Report:
        totals = _repository.totals(STUDENT_DAYS, days, studentId=studentId)
        return analytics.student_report(days, query.by, totals, kept=_totals_kept())

    cache_key = ("student report", studentId, query.by, days.bounds, viewer.scope)
    return _cache.answer(cache_key, Report, compute)


def _module(module_id: int, period: Range) -> ModuleAnswer:
    if not isinstance(period, Days):
        facts = _repository.facts(MODULE_FACTS, period, _WHOLE_DAYS, moduleId=module_id)
        return analytics.module_from_messages(
            module_id, period, facts, _prices, kept=_messages_kept()
        )
    totals = _repository.totals(MODULE_DAYS, period, moduleId=module_id)
    students = _repository.totals(MODULE_STUDENT_DAYS, period, moduleId=module_id)
    return analytics.module_from_totals(
        module_id, period, totals, students, _prices, kept=_totals_kept()
    )


def _provider(name: str, period: Range) -> ProviderAnswer:
    if not isinstance(period, Days):
        facts = _repository.facts(PROVIDER_FACTS, period, _WHOLE_DAYS, provider=name)
        require_known(name, _prices, found=bool(facts))
        return analytics.provider_from_messages(name, period, facts, _prices, kept=_messages_kept())
    totals = _repository.totals(PROVIDER_DAYS, period, provider=name)
    require_known(name, _prices, found=bool(totals))
    return analytics.provider_from_totals(name, period, totals, _prices, kept=_totals_kept())


def _staff(caller: Caller, path: str) -> Viewer:
    viewer = Viewer.of(caller, CONTEXT.settings)
    viewer.require_staff(path)
    return viewer


def _messages_kept() -> float:
    """Return from when on (epoch ms) all messages that were just read are still kept."""
    return kept_since(CONTEXT.settings.retention_days, _now())


def _totals_kept() -> float:
    """Return from when on (epoch ms) all totals that were just read are still kept."""
    return kept_since(CONTEXT.settings.rollup_days, _now())


def _now() -> float:
    return time.time() * 1000


handler = app.handler
