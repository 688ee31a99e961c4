"""Answer the Alexa skill."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from companion.alerts import Alerts
from companion.answer_writer import PatientWriter, writer_of
from companion.context import CONTEXT
from companion.conversation import Contexts, Conversations, shared_profiles
from companion.publishers import publisher_of
from companion.skill import Skill
from companion.system import MODEL_FAILURES, SYSTEM
from keyline.metrics import Metrics
from keyline.run import Accelerator, Store, flush

_settings = CONTEXT.settings
_logger = Logger(service=SYSTEM.name)
_metrics = Metrics(CONTEXT.environment, SYSTEM)
_store = Store.for_function(SYSTEM)


def _failed(error: Exception) -> None:
    _logger.error("alert failed", extra={"error": type(error).__name__})


_skill = Skill(
    skill_id=_settings.skill_id,
    contexts=Contexts(
        _store,
        _settings,
        shared_profiles(_settings, _metrics.count),
        Accelerator.for_function(SYSTEM),
    ),
    conversations=Conversations(
        _store,
        _settings,
        PatientWriter(
            writer_of(_settings), _settings.model_seconds, lambda: _metrics.count(MODEL_FAILURES)
        ),
    ),
    alerts=Alerts(_store, publisher_of(_settings, _logger)),
    count=_metrics.count,
    failed=_failed,
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer a request of Alexa."""
    try:
        return _skill.answer(event)
    finally:
        flush()
