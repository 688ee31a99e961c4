"""Rules for alarms and what they watch: none needs more data points than its source emits."""

from __future__ import annotations

import math
from collections.abc import Iterator

from keyline_deploy.alarm_rules import Fault, spare_periods
from keyline_deploy.alarms import MetricAlarm
from keyline_deploy.alarms.templates import TemplateAlarm
from keyline_deploy.data_points import emitted
from keyline_deploy.metric_sources import MetricSources
from keyline_deploy.synthesized import Template


def source_faults(
    found: TemplateAlarm, template: Template, sources: MetricSources
) -> Iterator[Fault]:
    """Yield what is wrong with an alarm of a template, given how often its sources emit."""
    alarm = found.alarm
    if not isinstance(alarm, MetricAlarm):
        return
    needed, periods = alarm.datapoints_to_alarm, alarm.evaluation_periods
    if str(found.properties["ComparisonOperator"]).startswith("LessThan"):
        gap = sources.longest_gap(alarm)
        if math.isinf(gap):
            yield (
                "alarm-silence",
                "DatapointsToAlarm",
                "is for a schedule that does not run for years. Silence is not a failure then.",
                "Leave the alarm out.",
            )
            return
        least = math.ceil(gap / alarm.period) + 1
        if needed < least:
            yield (
                "alarm-silence",
                "DatapointsToAlarm",
                f"is {needed}. The source is silent for so many periods while all is well.",
                f"Use {least} or more, as `silence_of` in keyline.model.deployment does.",
            )
        return
    if "FILL(" in str(found.properties.get("Metrics")):
        periods = max(periods - spare_periods(alarm.period), 1)
    most = max(emitted(sources.a_month(alarm, template), periods, alarm.period), 1)
    if needed > most:
        yield (
            "alarm-sparse",
            "DatapointsToAlarm",
            f"is {needed} of {periods}. The source emits only {most}, so the alarm never goes off.",
            "Take the data points from `judged` in keyline_deploy.data_points.",
        )
