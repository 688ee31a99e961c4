"""The input of a rule's target: a constant, a part of the event, or a text with parts of it.

Sources: "Amazon EventBridge input transformation" and "Amazon EventBridge target parameters" (user
guide). A variable in a text of the template stands for its value as text. A variable that stands
alone stands for its value as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from keyline_local.resources import Input

_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\['([^']+)'\]|\[\"([^\"]+)\"\]|\[(\d+)\]")
_ABSENT = object()


def payload_of(given: Input, event: Mapping[str, Any], **reserved: str) -> str:
    """Return the text that a target is sent for an event.

    Parameters
    ----------
    reserved
        The values of `<aws.events.rule-name>` and its like: the keys have `_` for `-`.
    """
    if given.constant is not None:
        return given.constant
    if given.template is not None:
        named = {f"aws.events.{name.replace('_', '-')}": value for name, value in reserved.items()}
        values = {name: part(path, event) for name, path in given.paths.items()}
        return _filled(given.template, {**named, **_whole(event), **values})
    if given.path is not None:
        found = part(given.path, event)
        return "{}" if found is _ABSENT else json.dumps(found)
    return json.dumps(event)


def faults(given: Input) -> list[str]:
    """Return what is wrong with the paths of an input."""
    paths = [*given.paths.values(), *([given.path] if given.path is not None else [])]
    return [f"{path!r} is not a path such as $.detail.id" for path in paths if not _is_path(path)]


def part(path: str, event: Mapping[str, Any]) -> Any:
    """Return what stands at a JSONPath of an event; `_ABSENT` if nothing does."""
    found: Any = event
    for name, quoted, double, index in _STEP.findall(path[1:]):
        if index:
            several = found if isinstance(found, list) else []
            found = several[int(index)] if int(index) < len(several) else _ABSENT
        else:
            inside = found if isinstance(found, Mapping) else {}
            found = inside.get(name or quoted or double, _ABSENT)
    return found


def _is_path(path: str) -> bool:
    return path.startswith("$") and not _STEP.sub("", path[1:])


def _whole(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "aws.events.event.json": event,
        "aws.events.event": {key: each for key, each in event.items() if key != "detail"},
        "aws.events.event.ingestion-time": event.get("time", _ABSENT),
    }


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Return the template with its variables filled in; unknown ones stay as they are."""
    written: list[str] = []
    end = 0
    for match in _VARIABLE.finditer(template):
        written.append(template[end : match.start()])
        end = match.end()
        if match[1] not in values:
            written.append(match[0])
        else:
            within = _is_within_text(template[: match.start()])
            written.append(_text(values[match[1]]) if within else _json(values[match[1]]))
    return "".join([*written, template[end:]])


def _is_within_text(before: str) -> bool:
    return re.sub(r"\\.", "", before).count('"') % 2 == 1


def _text(value: Any) -> str:
    if value is _ABSENT:
        return ""
    return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]


def _json(value: Any) -> str:
    return '""' if value is _ABSENT else json.dumps(value)
