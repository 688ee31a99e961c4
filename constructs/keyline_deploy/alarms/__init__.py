"""CloudWatch alarms as CloudWatch evaluates them, from their properties and recorded samples.

Nothing here asks AWS. `alarm_of` reads an alarm, `replay` says the states that it has over a
series, and `state_after` is the rule that a metric alarm follows. docs/adr/0036-alarm-evaluator.md
says what AWS documents and what it leaves open.
"""

from keyline_deploy.alarms.evaluation import state_after
from keyline_deploy.alarms.metric_data import with_metric_data
from keyline_deploy.alarms.model import (
    Alarm,
    CompositeAlarm,
    Metric,
    MetricAlarm,
    MetricQuery,
    State,
    Treatment,
)
from keyline_deploy.alarms.points import Points, Sample, Samples
from keyline_deploy.alarms.properties import alarm_of, unknown_properties
from keyline_deploy.alarms.replay import Evaluation, replay
from keyline_deploy.alarms.series import Series, series_of, unknown_keys_of_series

__all__ = [
    "Alarm",
    "CompositeAlarm",
    "Evaluation",
    "Metric",
    "MetricAlarm",
    "MetricQuery",
    "Points",
    "Sample",
    "Samples",
    "Series",
    "State",
    "Treatment",
    "alarm_of",
    "replay",
    "series_of",
    "state_after",
    "unknown_keys_of_series",
    "unknown_properties",
    "with_metric_data",
]
