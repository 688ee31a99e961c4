"""Cold start to the first answer: storing a message, beside boto3's client that stores as much.

    python -m systems.chat.benchmarks.cold_start [--runs 15]

Each run is a process of its own that measures itself, after the interpreter is up
(benchmarks.cold). The handler is called with the event of API Gateway, and the table is on the
embedded engine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.cold import Subject, boto3, judged, seconds, shipped
from benchmarks.result import keep, met, parser
from chat.settings import Settings
from chat.system import SYSTEM
from chat.tables import MESSAGES
from keyline import variables as names
from tests.support.engine import admin_client, running_engine
from tests.support.events import event
from tests.support.tables import create_table_params

BUDGET = 0.8
BODY: dict[str, Any] = {
    "moduleId": 12,
    "provider": "openai",
    "modelUsed": "gpt-4o",
    "question": "Why is a negative times a negative positive?",
    "response": "Think of debts: to take three debts of two away is to gain six.",
    "tokenCount": 42,
    "responseTime": 830,
}
_ROUTE = "POST /conversations/{conversationId}/messages"
_OURS = """
from chat.handlers.write import handler
answer = handler(EVENT, None)
assert answer["statusCode"] == 201, answer
"""
_BOTO3 = "import boto3; boto3.client('dynamodb').put_item(TableName=TABLE, Item=ITEM)"


def main() -> int:
    """Measure, print, write the result; non-zero if the budget is not met."""
    options = parser(__doc__, __file__)
    options.add_argument("--runs", type=int, default=15)
    arguments = options.parse_args()
    with running_engine() as url, tempfile.TemporaryDirectory() as scratch:
        admin_client(url).create_table(**create_table_params(MESSAGES, "local"))
        took = seconds(_subjects(url, Path(scratch)), arguments.runs)
    result = judged("from a started interpreter to the first answer", took, BUDGET)
    keep(result, arguments.json)
    return met(result)


def _subjects(url: str, folder: Path) -> dict[str, Subject]:
    mark = Settings().staff[0]
    asked = event(
        _ROUTE,
        {"conversationId": "algebra-1"},
        body=BODY,
        claims={"sub": "service", mark.claim: f"[{mark.member}]"},
    )
    variables = {
        "AWS_ENDPOINT_URL_DYNAMODB": url,
        names.SYSTEM: SYSTEM.name,
        names.FUNCTION: "write",
    }
    return {
        "boto3": boto3(
            _BOTO3.replace("TABLE", repr(MESSAGES.physical_name("local"))).replace(
                "ITEM", repr(_item())
            ),
            folder,
            variables,
        ),
        "Keyline": Subject(
            _OURS.replace("EVENT", repr(asked)),
            shipped(SYSTEM.name, SYSTEM.function("write"), folder),
            variables,
        ),
    }


def _item() -> dict[str, dict[str, str]]:
    """Return a message as boto3's client takes it."""
    keys = {"conversationId": {"S": "algebra-1"}, "timestamp": {"N": "1767225600000"}}
    return keys | {
        name: {"S": value} if isinstance(value, str) else {"N": str(value)}
        for name, value in BODY.items()
    }


if __name__ == "__main__":
    raise SystemExit(main())
