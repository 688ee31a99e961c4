"""The page about handlers: its example runs, and does what the page says."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType
from typing import Any

import pytest
from openapi_spec_validator import validate

from keyline_deploy.project import ROOT
from keyline_ops.openapi.document import document
from tests.support.events import Context, event

PAGE = ROOT / "docs" / "handlers.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOW = "GET /rooms/{room}/note"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("handlers_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where types are looked up
    for block in _BLOCK.findall(PAGE.read_text()):
        exec(compile(block, str(PAGE), "exec", dont_inherit=True), vars(module))
    return module


def test_the_handlers_answer_as_the_page_says(shown: ModuleType) -> None:
    def call(route: str, **request: Any) -> tuple[int, Any, Any]:
        asked = event(route, {"room": "kitchen"}, claims={"sub": "ada"}, **request)
        answer = shown.handler(asked, Context())
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    note = {"room": "kitchen", "text": "Buy milk."}
    assert call(SHOW)[0] == 404
    status, body, headers = call("PUT /rooms/{room}/note", body={"text": "Buy milk."})
    assert (status, body, headers["Location"]) == (201, note, "/rooms/kitchen/note")
    assert call(SHOW)[:2] == (200, note)
    assert call(SHOW, query="language=english")[0] == 400
    asked = event(SHOW, {"room": "kitchen"})
    asked["requestContext"]["http"]["sourceIp"] = "192.0.2.66"
    answer = shown.handler(asked, Context())
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (429, "30")


def test_the_document_is_as_the_page_says(shown: ModuleType) -> None:
    found = document([shown.app])
    validate(found)
    operations = found["paths"]["/rooms/{room}/note"]
    body = operations["put"]["requestBody"]["content"]["application/json"]
    assert body["example"] == {"text": "Buy milk."}
    note = found["components"]["schemas"]["Note"]
    assert note["properties"]["text"]["description"] == "As it was written."
    assert {"413", "415", "409", "403"} <= set(operations["put"]["responses"])
    assert "409" not in operations["get"]["responses"]
