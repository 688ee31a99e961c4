"""The figures of a specification as a table of a page."""

from __future__ import annotations

from keyline_ops.costs.figures import Row, markdown


def test_a_column_of_verdicts_stands_only_where_there_are_some() -> None:
    plain = Row("X-1", "what", "said", "formula", "now", "before")
    assert markdown([plain]).splitlines()[1] == "|---|---|---|---|---|---|"
    judged = Row("X-2", "what", "said", "formula", "now", "before", "wrong")
    assert markdown([plain, judged]).splitlines()[2:] == [
        "| X-1 | what | said | formula | now | before |  |",
        "| X-2 | what | said | formula | now | before | wrong |",
    ]
