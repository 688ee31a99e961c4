"""Answers what modules, students and providers make of the messages.

Whole days are answered from the daily totals, moments from the messages themselves, and a
student's report always from the messages: a student has few. What is too much for one
request is refused, never cut short. Answers may be as old as the cache keeps them.
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
from chat.handlers.ranges import RangeQuery, moment
from chat.handlers.viewer import Viewer
from chat.inputs import Cursor, Id, Provider
from chat.prices import Prices
from chat.repository import Cut, Repository, TooMuch
from chat.system import SYSTEM
from keyline.cache import Cache, CacheSettings
from keyline.days import Days, today
from keyline.http import App, Caller, Refusal, missing
from keyline.metrics import Metrics
from keyline.moments import iso, us_of_ms
from keyline.run import Store


class ReportQuery(RangeQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range of days, and what it is divided into."""

    by: Division = "day"


class InactiveQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Since when a student was not heard of: a date or a moment."""

    since: Annotated[str, msgspec.Meta(examples=["2026-01-31"])]
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    cursor: Cursor | None = None


app = App(SYSTEM, refusals={TooMuch: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "query.from")})
_repository = Repository(Store.for_function(SYSTEM), CONTEXT.settings)
_prices = Prices.of(CONTEXT.settings)
_cache = Cache.of(
    CacheSettings("chat:", CONTEXT.settings.cache_seconds, CONTEXT.settings.cache_url),
    Metrics(CONTEXT.environment, SYSTEM).count,
)


@app.get("/modules/{moduleId}/analytics")
def module(moduleId: Id, query: RangeQuery, caller: Caller) -> ModuleAnswer:
    """Totals, unique students, cost, response times and engagement of a module."""
    viewer = _staff(caller, "path.moduleId")
    asked = query.range(_now())
    question = ("module", moduleId, analytics.bounds_of(asked), viewer.scope)
    return _cache.answer(question, ModuleAnswer, lambda: _module(moduleId, asked))


@app.get("/modules/{moduleId}/reports")
def module_reports(moduleId: Id, query: ReportQuery, caller: Caller) -> Report:
    """A module by day, week or month."""
    viewer = _staff(caller, "path.moduleId")
    days = query.days(_now())

    def compute() -> Report:
        totals = _repository.module_days(moduleId, days)
        students = _repository.module_students(moduleId, days)
        return analytics.model_report(days, query.by, totals, _prices, students)

    question = ("module report", moduleId, query.by, days.bounds, viewer.scope)
    return _cache.answer(question, Report, compute)


@app.get("/providers/{provider}/analytics")
def provider(provider: Provider, query: RangeQuery, caller: Caller) -> ProviderAnswer:
    """Usage, cost, response times and the share of each model of a provider."""
    viewer = _staff(caller, "path.provider")
    _require_known(provider)
    asked = query.range(_now())
    question = ("provider", provider, analytics.bounds_of(asked), viewer.scope)
    return _cache.answer(question, ProviderAnswer, lambda: _provider(provider, asked))


@app.get("/providers/{provider}/reports")
def provider_reports(provider: Provider, query: ReportQuery, caller: Caller) -> Report:
    """A provider by day, week or month."""
    viewer = _staff(caller, "path.provider")
    _require_known(provider)
    days = query.days(_now())

    def compute() -> Report:
        totals = _repository.provider_days(provider, days)
        return analytics.model_report(days, query.by, totals, _prices)

    question = ("provider report", provider, query.by, days.bounds, viewer.scope)
    return _cache.answer(question, Report, compute)


@app.get("/providers/{provider}/today")
def provider_today(provider: Provider, caller: Caller) -> TodayAnswer:
    """What a provider cost today, against its budget."""
    viewer = _staff(caller, "path.provider")
    _require_known(provider)
    day = today(_now())

    def compute() -> TodayAnswer:
        totals = _repository.provider_days(provider, day)
        answer = analytics.provider_from_totals(provider, day, totals, _prices)
        return analytics.against_budget(answer, CONTEXT.settings.daily_budget_usd.get(provider))

    question = ("provider today", provider, day.bounds, viewer.scope)
    return _cache.answer(question, TodayAnswer, compute)


@app.get("/inactive-students")
def inactive(query: InactiveQuery, caller: Caller) -> SilentStudents:
    """Students not heard of since a date, longest silent first."""
    viewer = _staff(caller, "path")
    cut = Cut(caller=viewer.subject, limit=query.limit, cursor=query.cursor)
    page = _repository.inactive(moment("query.since", query.since), cut)
    silent = [SilentStudent(s.studentId, iso(us_of_ms(s.lastAt))) for s in page.items]
    return SilentStudents(silent, page.cursor)


@app.get("/students/{studentId}/analytics")
def student(studentId: Id, query: RangeQuery, caller: Caller) -> StudentAnswer:
    """A student's engagement, performance and way through the modules."""
    viewer = Viewer.of(caller)
    viewer.require_student(studentId)
    asked = query.range(_now())

    def compute() -> StudentAnswer:
        facts = _repository.student_facts(studentId, asked)
        return analytics.student_from_messages(studentId, asked, facts, _prices)

    question = ("student", studentId, analytics.bounds_of(asked), viewer.scope)
    return _cache.answer(question, StudentAnswer, compute)


@app.get("/students/{studentId}/reports")
def student_reports(studentId: Id, query: ReportQuery, caller: Caller) -> Report:
    """A student by day, week or month."""
    viewer = Viewer.of(caller)
    viewer.require_student(studentId)
    days = query.days(_now())

    def compute() -> Report:
        return analytics.student_report(days, query.by, _repository.student_days(studentId, days))

    question = ("student report", studentId, query.by, days.bounds, viewer.scope)
    return _cache.answer(question, Report, compute)


def _module(module_id: int, asked: Range) -> ModuleAnswer:
    if not isinstance(asked, Days):
        facts = _repository.module_facts(module_id, asked)
        return analytics.module_from_messages(module_id, asked, facts, _prices)
    totals = _repository.module_days(module_id, asked)
    students = _repository.module_students(module_id, asked)
    return analytics.module_from_totals(module_id, asked, totals, students, _prices)


def _provider(name: str, asked: Range) -> ProviderAnswer:
    if not isinstance(asked, Days):
        facts = _repository.provider_facts(name, asked)
        return analytics.provider_from_messages(name, asked, facts, _prices)
    return analytics.provider_from_totals(
        name, asked, _repository.provider_days(name, asked), _prices
    )


def _staff(caller: Caller, path: str) -> Viewer:
    viewer = Viewer.of(caller)
    viewer.require_staff(path)
    return viewer


def _require_known(name: str) -> None:
    if name not in _prices.per_1k:
        raise missing("path.provider", "provider")


def _now() -> float:
    return time.time() * 1000


handler = app.handler
