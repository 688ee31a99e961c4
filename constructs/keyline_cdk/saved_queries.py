"""Queries of the logs that CloudWatch keeps, for what would be too dear as metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_logs as logs
from constructs import Construct

_CALLS = "filter ispresent(Pattern) and ispresent(Calls)"
QUERIES: Mapping[str, str] = {
    "units": f"""{_CALLS}
| stats sum(Calls) as calls, sum(ReadTotal) as read_units, sum(WriteTotal) as write_units
  by Pattern, Operation, Table, Index
| sort read_units + write_units desc""",
    "calls": f"""{_CALLS}
| stats sum(Calls) as calls, pct(Latency.0, 50) as p50_ms, pct(Latency.0, 99) as p99_ms,
  max(Items.0) as most_items, sum(Throttles.0) as throttles, sum(Errors.0) as errors
  by Pattern, Operation
| sort p99_ms desc""",
    "errors": """filter level = "ERROR"
| fields @timestamp, message, exception_name, function_request_id, @log
| sort @timestamp desc
| limit 100""",
}
"""What is asked, by its name: units and calls by pattern, and the newest errors. A list in a line
is seen by its first value; most lines are of one call."""


def saved_queries(scope: Construct, *, prefix: str, groups: Sequence[logs.ILogGroup]) -> None:
    """Save the queries over the logs of a system's functions, in a folder of the console.

    Saved queries cost nothing until somebody runs one.

    Parameters
    ----------
    prefix
        The folder, in which each has its own name.
    """
    for name, query in QUERIES.items():
        logs.CfnQueryDefinition(
            scope,
            f"{name.capitalize()}Query",
            name=f"{prefix}/{name}",
            query_string=query,
            log_group_names=[group.log_group_name for group in groups],
        )
