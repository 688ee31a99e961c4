"""`keyline query` reads what the API wrote on the running platform."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from keyline_ops.cli import app
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name

pytestmark = pytest.mark.xdist_group("chat")


def test_a_message_is_looked_at_by_its_pattern(api: Api, running: Running) -> None:
    module = fresh_id()
    stored = api.post(fresh_name(), moduleId=module)
    asked = ["query", "module-messages", f"moduleId={module}", "timestamp=0..9999999999999"]
    done = CliRunner().invoke(app, [*asked, "--state", str(running.state), "--json"])
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)
    assert found["messageId"] == stored["messageId"]
