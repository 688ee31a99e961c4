"""Test what `up` says at its start."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from rich.console import Console

from keyline_local import Platform
from keyline_ops.demo import show


@dataclass
class Api:
    """An API as the platform's state has it."""

    title: str
    url: str
    pages: dict[str, str] = field(default_factory=dict)


class Running:
    """A platform with an API of ours and another."""

    def __init__(self) -> None:
        docs = {"docs": "http://127.0.0.1:3000/_keyline/docs"}
        self._apis = [
            Api("Notes", "http://127.0.0.1:3000", docs),
            Api("Bookmarks [old]", "http://127.0.0.1:3003"),
        ]
        self.endpoints = SimpleNamespace(issuer="http://127.0.0.1:18769")

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(apis=self._apis)


def test_every_api_is_named_with_its_page_and_the_console(tmp_path: Path) -> None:
    out = io.StringIO()
    show.how_to_call(cast(Platform, Running()), tmp_path, "Console", Console(file=out, width=200))
    assert out.getvalue().splitlines() == [
        "Notes: http://127.0.0.1:3000",
        "  look at it and try it: http://127.0.0.1:3000/_keyline/docs",
        "Bookmarks [old]: http://127.0.0.1:3003",
        "Console: http://127.0.0.1:18769",
        f"A token: keyline token --state {tmp_path}. Saved handlers run at the next request."
        " Ctrl-C stops.",
    ]
