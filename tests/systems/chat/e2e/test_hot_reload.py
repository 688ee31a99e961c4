"""A saved edit of a handler is what the next request runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import CODE, Running
from tests.systems.chat.e2e.api import Api, fresh_name

pytestmark = pytest.mark.xdist_group("chat")

LINE = "    return Messages(own, page.cursor)\n"


@pytest.fixture
def handler(running: Running) -> Iterator[Path]:
    """The source of the read handler, in the copy that the functions are made from."""
    path = running.root / CODE / "chat" / "handlers" / "read.py"
    before = path.read_text()
    assert before.count(LINE) == 1
    yield path
    path.write_text(before)


def test_the_next_request_runs_the_saved_code(api: Api, handler: Path) -> None:
    # Given a conversation that is shown
    conversation = fresh_name()
    stored = api.post(conversation)
    where = f"/conversations/{conversation}/messages"
    assert api.get(where) == {"messages": [stored], "cursor": None}
    before = handler.read_text()

    # When the handler is edited and saved, then the very next request runs the new code
    handler.write_text(before.replace(LINE, '    return Messages(own, "edited")\n'))
    assert api.get(where) == {"messages": [stored], "cursor": "edited"}

    # When a second edit has as many letters, it counts all the same
    handler.write_text(before.replace(LINE, '    return Messages(own, "EDITED")\n'))
    assert api.get(where) == {"messages": [stored], "cursor": "EDITED"}

    # When it is saved broken, then requests fail, and say nothing of why
    handler.write_text(before.replace(LINE, "    return Messages(\n"))
    broken = api.call("GET", where)
    told = broken.json()
    log = told.pop("log")
    assert (broken.status_code, told) == (500, {"message": "Internal Server Error"})

    # and the log that the answer names shows the place in the source, not in a copy of it
    assert f'File "{handler}"' in Path(log).read_text()

    # When it is repaired, then they succeed again
    handler.write_text(before)
    assert api.get(where) == {"messages": [stored], "cursor": None}
