"""Lines and EMF documents of functions."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from keyline_local.services.logs import Logs, Metric, parse_emf


def emf(**values: Any) -> dict[str, Any]:
    return {
        "_aws": {
            "Timestamp": 1,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Keyline",
                    "Dimensions": [["pattern"], []],
                    "Metrics": [{"Name": "rru", "Unit": "Count"}, {"Name": "ms"}],
                }
            ],
        },
        "pattern": "get",
        **values,
    }


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        '{"message": "no metrics"}',
        '{"CloudWatchMetrics": []}',
        '{"_aws": {"CloudWatchMetrics": {}}}',
        '{"_aws": "CloudWatchMetrics"',
        'x {"_aws": {"CloudWatchMetrics": []}}',
        '[{"_aws": {"CloudWatchMetrics": []}}]',
        '"CloudWatchMetrics"',
    ],
)
def test_what_is_no_emf(text: str) -> None:
    assert parse_emf(text) is None


def test_samples_per_dimension_set_with_lists_and_missing_values() -> None:
    samples = list(Metric(0, "f", "r", emf(rru=[1, 2.5])).samples())
    assert [(s.namespace, s.name, s.unit, s.dimensions, list(s.values)) for s in samples] == [
        ("Keyline", "rru", "Count", {"pattern": "get"}, [1, 2.5]),
        ("Keyline", "rru", "Count", {}, [1, 2.5]),
    ]


def test_metrics_are_kept_apart_from_lines_and_reach_subscribers(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    heard: list[Metric] = []
    end = logs.subscribe(heard.append)
    logs.write("notes", "r1", "hello")
    logs.write("notes", "r1", json.dumps(emf(ms=3)))
    end()
    logs.write("notes", "r2", json.dumps(emf(ms=4)))
    logs.close()
    assert [line.text for line in logs.lines] == ["hello"]
    assert [metric.document["ms"] for metric in logs.metrics] == [3, 4]
    assert [metric.request_id for metric in heard] == ["r1"]
    assert (tmp_path / "notes.log").read_text().endswith("\tr1\thello\n")
    written = (tmp_path / "notes.emf.jsonl").read_text().splitlines()
    assert [json.loads(line)["ms"] for line in written] == [3, 4]


def test_buffers_are_bounded(tmp_path: Path) -> None:
    logs = Logs(tmp_path, capacity=3)
    for number in range(5):
        logs.write("f", None, str(number))
    logs.close()
    assert [line.text for line in logs.lines] == ["2", "3", "4"]


def test_a_source_cannot_write_outside_the_folder(tmp_path: Path) -> None:
    logs = Logs(tmp_path / "logs")
    logs.write("../x/y", None, "line")
    logs.close()
    assert [path.parent for path in tmp_path.rglob("*.log")] == [tmp_path / "logs"]


def test_console_shows_one_line_each(tmp_path: Path) -> None:
    out = io.StringIO()
    logs = Logs(tmp_path, console=Console(file=out, width=400))
    logs.write("notes", "0123456789", "plain")
    logs.write("notes", None, '{"level":"ERROR","message":"broken","exception_name":"KeyError"}')
    logs.write("notes", None, json.dumps(emf(rru=0.5, ms=[1, 2])))
    logs.write("notes", None, json.dumps({**emf(ms=[3], rru=0), "Pattern": "note-get"}))
    logs.write("notes", None, json.dumps({**emf(ms=[3]), "Items": [0, 2], "RequestId": ["r"]}))
    request = {"level": "INFO", "message": "request", "status": 200, "xray_trace_id": "1-6b"}
    logs.write("notes", None, json.dumps(request))
    logs.write("notes", None, json.dumps({"requestId": "r", "route": "GET /notes", "error": "-"}))
    logs.write("notes", None, "[ERROR] x\rTraceback\r  y")
    logs.close()
    shown = [line.split("notes", 1)[1].split(maxsplit=0)[0] for line in out.getvalue().splitlines()]
    assert [line.strip() for line in shown] == [
        "01234567 plain",
        f"broken [KeyError] Read {tmp_path / 'notes.log'}.",
        "rru=0.5 ms=1,2",
        "note-get ms=3",
        "ms=3 Items=0,2",
        "request status=200",
        "route=GET /notes",
        "[ERROR] x Traceback   y",
    ]
