"""Log files as one: in order of time, of one function, of one request, and as they grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops import log_files
from keyline_ops.log_files import read
from tests.support.commands import keyline


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    logs = {
        "notes-read-local.log": ["2026-01-01T00:00:01Z\tf-1\t{'request_id': 'a-1'}"],
        "notes-read-local.log.1": ["2026-01-01T00:00:00Z\tf-0\tan older line"],
        "notes-write-local.log": [
            "2026-01-01T00:00:02Z\tf-2\twritten\twith a tab",
            "2026-01-01T00:00:04Z\t-\tof no request",
        ],
        "notes-local.access.log": ["2026-01-01T00:00:03Z\ta-1\tGET /notes"],
        "notes-read-local.emf.jsonl": ["{}"],
    }
    for name, lines in logs.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    return tmp_path


def texts(lines: list[str]) -> list[str]:
    return [line.split("  ")[-1].strip() for line in lines]


def test_all_lines_are_in_order_of_time_with_their_source(folder: Path) -> None:
    lines = [*read(folder)]
    assert texts(lines) == [
        "an older line",
        "{'request_id': 'a-1'}",
        "written\twith a tab",
        "GET /notes",
        "of no request",
    ]
    assert lines[0].startswith("2026-01-01T00:00:00Z  notes-read-local ")


@pytest.mark.parametrize("name", ["notes-write", "notes-write-local"])
def test_a_function_is_named_with_or_without_its_environment(folder: Path, name: str) -> None:
    assert texts([*read(folder, name)]) == ["written\twith a tab", "of no request"]


def test_a_request_is_found_by_the_id_that_its_response_had(folder: Path) -> None:
    assert texts([*read(folder, request="a-1")]) == ["{'request_id': 'a-1'}", "GET /notes"]
    assert texts([*read(folder, request="f-2")]) == ["written\twith a tab"]
    assert [*read(folder, request="other")] == []


def test_an_unknown_function_is_refused_with_those_there_are(folder: Path) -> None:
    with pytest.raises(KeylineError, match="has written no log here") as told:
        [*read(folder, "notes-raed")]
    assert "notes-read-local" in told.value.suggestion


def test_without_logs_there_is_something_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeylineError, match="there are no logs"):
        [*read(tmp_path / "logs")]


def test_what_is_written_is_followed_also_after_a_rotation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "_PAUSE", 0)
    file = folder / "notes-write-local.log"
    lines = read(folder, "notes-write", follow=True)
    assert texts([next(lines), next(lines)]) == ["written\twith a tab", "of no request"]

    with file.open("a") as log:
        log.write("2026-01-01T00:00:05Z\tf-3\tnew\n2026-01-01T00:00:06Z\tf-3\thalf")
    assert texts([next(lines)]) == ["new"]

    file.replace(file.with_name(f"{file.name}.1"))
    file.write_text("2026-01-01T00:00:07Z\tf-4\trotated\n")
    assert texts([next(lines)]) == ["rotated"]


def test_the_command_says_why_it_shows_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    assert keyline("logs", "--state", str(tmp_path)) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "no function has written a line yet" in told.err

    (tmp_path / "logs" / "orders-place-local.log").write_text("2026-01-01T00:00:00Z\tid\tword\n")
    assert keyline("logs", "--state", str(tmp_path)) == 0
    told = capsys.readouterr()
    assert told.out.endswith("word\n")
    assert told.err == ""
    assert keyline("logs", "--state", str(tmp_path), "--request", "other") == 0
    assert "no line is of the request other" in capsys.readouterr().err
