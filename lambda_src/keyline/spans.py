"""Segments recorded by OpenTelemetry, each as one line of the function's log.

Imported only where an environment asks for spans. A segment without another around it belongs to
the invocation: its trace and its parent are those that Lambda names in `_X_AMZN_TRACE_ID`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from keyline.errors import KeylineError, instead_of
from keyline.segment_attributes import Attributes

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_HEADER = re.compile(r"Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16})")


class _Log(SpanExporter):
    """Writes a line for each span that ends."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write them."""
        for span in spans:
            sys.stdout.write(json.dumps(_line(span)) + "\n")
        return SpanExportResult.SUCCESS


def _line(span: ReadableSpan) -> dict[str, object]:
    own = span.get_span_context()
    start, end = span.start_time or 0, span.end_time or 0
    return {
        "span": span.name,
        "trace_id": f"{own.trace_id:032x}" if own else None,
        "span_id": f"{own.span_id:016x}" if own else None,
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "start_ms": start / 1e6,
        "duration_ms": (end - start) / 1e6,
        **(span.attributes or {}),
    }


_provider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)
_provider.add_span_processor(SimpleSpanProcessor(_Log()))
_tracer = _provider.get_tracer("keyline")


@contextmanager
def recorded(name: str, /, **attributes: object) -> Iterator[None]:
    """Record a segment; `keyline.tracing.segment` says what it takes."""
    _check(name, attributes)
    said = {key: value for key, value in attributes.items() if isinstance(value, bool | int)}
    with _tracer.start_as_current_span(
        name,
        context=_invocation(),
        attributes=said,
        record_exception=False,  # its message and its frames may hold data
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_attribute("error", type(error).__name__)
            raise


def _check(name: str, attributes: dict[str, object]) -> None:
    if not _NAME.fullmatch(name):
        raise KeylineError(
            "segment", "its name is not one word of letters and digits.", "Write loadProfile."
        )
    for key, value in attributes.items():
        if key not in Attributes.__annotations__:
            raise KeylineError(
                f"segment {name}",
                f"has no attribute {key!r}.",
                instead_of(key, Attributes.__annotations__),
            )
        if not isinstance(value, bool | int):
            raise KeylineError(
                f"segment {name}.{key}", "is not a number or a truth value.", "Write a count."
            )


def _invocation() -> Context | None:
    """Return the context of the invocation; None within another segment."""
    if trace.get_current_span().get_span_context().is_valid:
        return None
    found = _HEADER.match(os.environ.get("_X_AMZN_TRACE_ID", ""))
    if not found:
        return None
    parent = trace.SpanContext(
        trace_id=int(found[1] + found[2], 16),
        span_id=int(found[3], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
