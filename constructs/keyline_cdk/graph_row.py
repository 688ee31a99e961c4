"""A row of graphs of a dashboard."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

WIDTH = 24
"""Of a row, in CloudWatch's units."""
HEIGHT = 6
"""Of a graph."""

Row = list[cloudwatch.IWidget]
Metrics = Sequence[cloudwatch.IMetric]


def graph_row(*graphs: tuple[str, Metrics]) -> Row:
    """Return graphs of one width beside each other: titles with their metrics."""
    width = WIDTH // len(graphs)
    return [
        cloudwatch.GraphWidget(title=title, left=[*metrics], width=width, height=HEIGHT)
        for title, metrics in graphs
    ]
