"""Output of functions and APIs: log lines, and metrics in CloudWatch's embedded format (EMF)."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from keyline.moments import iso, us_of_seconds

_FILE_LIMIT = 16 * 1024 * 1024
_LEVEL_STYLES = {
    "DEBUG": "dim",
    "WARNING": "yellow",
    "WARN": "yellow",
    "ERROR": "red",
    "CRITICAL": "bold red",
}
_COLOR_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}
_UNSHOWN = frozenset(
    {"location", "timestamp", "time", "service", "cold_start", "exception", "stack_trace"}
    | {"function_name", "function_memory_size", "function_arn", "function_request_id"}
    | {"request_id", "requestId", "xray_trace_id"}
)
"""Fields of a JSON log line that the console leaves to the file."""
_TEXT_LEVEL = re.compile(r"\[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a source (a function or an API); `time` in epoch seconds."""

    time: float
    source: str
    request_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of one metric under one dimension set."""

    namespace: str
    name: str
    unit: str
    dimensions: Mapping[str, str]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One EMF document, as a function wrote it."""

    time: float
    source: str
    request_id: str | None
    document: Mapping[str, Any]

    def samples(self) -> Iterator[Sample]:
        """Resolve the document's directives to values.

        Source: CloudWatch's "Specification: Embedded metric format"; a metric's target
        member is a number or a list of numbers.
        """
        for directive in self.document["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive.get("Dimensions") or [[]]:
                named = {name: str(self.document.get(name, "")) for name in dimensions}
                for metric in directive.get("Metrics", ()):
                    value = self.document.get(metric["Name"])
                    if value is None:
                        continue
                    values = value if isinstance(value, list) else [value]
                    yield Sample(
                        directive.get("Namespace", ""),
                        metric["Name"],
                        metric.get("Unit", "None"),
                        named,
                        values,
                    )


def parse_emf(text: str) -> dict[str, Any] | None:
    """Return the document if `text` is EMF, else None."""
    if not text.startswith("{") or '"CloudWatchMetrics"' not in text:
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    marker = document.get("_aws")
    if not isinstance(marker, dict) or not isinstance(marker.get("CloudWatchMetrics"), list):
        return None
    return dict(document)


Subscriber = Callable[[Metric], None]


class Logs:
    """Collects lines and metrics in bounded buffers and in files, one pair per source.

    Parameters
    ----------
    folder
        Where `<source>.log` and `<source>.emf.jsonl` go; each is rotated once at 16 MiB.
    console
        Where a one-line form of everything is printed; None prints nothing.
    capacity
        Lines and metrics kept in memory, each.
    unwritable
        Is told once when a file cannot be written; from then on files are left alone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        console: Console | None = None,
        capacity: int = 20_000,
        unwritable: Callable[[OSError], None] | None = None,
    ) -> None:
        self.lines: deque[Line] = deque(maxlen=capacity)
        self.metrics: deque[Metric] = deque(maxlen=capacity)
        self._folder = folder
        self._console = console
        self._unwritable = unwritable
        self._broken = False
        self._files: dict[str, TextIO] = {}
        self._subscribers: list[Subscriber] = []
        folder.mkdir(parents=True, exist_ok=True)

    def show_on(self, console: Console | None) -> None:
        """Print everything from now on; None prints nothing."""
        self._console = console

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every metric from now on; returns what ends that."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def write(self, source: str, request_id: str | None, text: str) -> None:
        """Take one line; EMF documents become metrics, everything else stays a line."""
        now = time.time()
        document = parse_emf(text)
        if document is not None:
            self._metric(Metric(now, source, request_id, document), text)
            return
        line = Line(now, source, request_id, text)
        self.lines.append(line)
        self._append(f"{source}.log", f"{iso(us_of_seconds(now))}\t{request_id or '-'}\t{text}\n")
        failed = '"exception_name"' in text
        self._show([*pretty(line), *([(f" Read {self.file_of(source)}.", "")] if failed else [])])

    def file_of(self, source: str) -> Path:
        """Return the file that the lines of a source go to."""
        return self._path(f"{source}.log")

    def _metric(self, metric: Metric, text: str) -> None:
        self.metrics.append(metric)
        self._append(f"{metric.source}.emf.jsonl", text + "\n")
        for subscriber in tuple(self._subscribers):
            subscriber(metric)
        self._show(pretty_metric(metric))

    def _show(self, parts: Parts) -> None:
        """Write one console line. `Console.print` would cost 0.3 ms of each request."""
        if self._console is None:
            return
        system = self._console.color_system
        colors = None if system is None else _COLOR_SYSTEMS[system]
        text = "".join(_style(style).render(text, color_system=colors) for text, style in parts)
        self._console.file.write(text + "\n")
        self._console.file.flush()

    def _append(self, name: str, text: str) -> None:
        if self._broken:
            return
        try:
            self._file(name).write(text)
        except OSError as error:
            self._broken = True
            self.close()
            if self._unwritable is None:
                raise
            self._unwritable(error)

    def _file(self, name: str) -> TextIO:
        path = self._path(name)
        file = self._files.get(name)
        if file is not None and file.tell() > _FILE_LIMIT:
            file.close()
            path.replace(path.with_name(path.name + ".1"))
            file = None
        if file is None:
            file = self._files[name] = path.open("a", encoding="utf-8", buffering=1)
        return file

    def _path(self, name: str) -> Path:
        return self._folder / re.sub(r"[^\w.$-]", "_", name)

    def close(self) -> None:
        """Close the files; what a full disk did not take is given up."""
        for file in self._files.values():
            try:
                file.close()
            except OSError:
                if not self._broken:
                    raise
        self._files.clear()


Parts = list[tuple[str, str]]
"""Pieces of a console line, each with its rich style."""


def pretty(line: Line) -> Parts:
    """Return one console line: time, source, short request id, message; JSON logs are unfolded."""
    level, message = _level_and_message(line.text)
    head = _head(line.time, line.source, line.request_id)
    return [*head, (message, _LEVEL_STYLES.get(level, ""))]


def pretty_metric(metric: Metric) -> Parts:
    """Return one console line for an EMF document.

    The line has the pattern, and `name=value` of what is not zero.

    Lists of numbers are shown too that are not metrics.
    """
    measured = {sample.name: sample.values for sample in metric.samples()}
    for name, value in metric.document.items():
        if isinstance(value, list) and all(isinstance(each, int | float) for each in value):
            measured.setdefault(name, value)
    shown = {
        name: ",".join(f"{value:.6g}" for value in values)
        for name, values in measured.items()
        if any(values)
    }
    text = " ".join([str(metric.document.get("Pattern", "")), _pairs(shown)]).strip()
    return [*_head(metric.time, metric.source, metric.request_id), (text, "dim")]


def _level_and_message(text: str) -> tuple[str, str]:
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except ValueError:
            return "", text
        level = str(document.pop("level", "")).upper()
        message = document.pop("message", None)
        error = document.pop("exception_name", None)
        message = f"{message} [{error}]" if error else message
        rest = {k: v for k, v in document.items() if k not in _UNSHOWN and v not in ("-", None)}
        return level, " ".join(filter(None, [str(message or ""), _pairs(rest)]))
    match = _TEXT_LEVEL.search(text)
    return (match[1] if match else ""), text.replace("\r", " ")


def _pairs(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


def _head(at: float, source: str, request_id: str | None) -> Parts:
    clock = datetime.fromtimestamp(at).strftime("%H:%M:%S.%f")[:-3]
    return [
        (f"{clock} ", "dim"),
        (f"{source:<28} ", "cyan"),
        (f"{request_id[:8] if request_id else '':<8} ", "dim"),
    ]


@cache
def _style(name: str) -> Style:
    return Style.parse(name)
