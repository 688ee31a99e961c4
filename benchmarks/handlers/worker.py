"""The program of a process that runs a handler, ours or one of boto3 alone.

    python -S -s -P worker.py FILE

The file says in JSON what runs: `handler` names ours, and `calls` are what boto3 alone calls, for
each invocation. Both get the same event. The program answers each line `from to` with the seconds
of CPU of these invocations. It imports nothing of this project by itself.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Invoke = Callable[[Any, Any], Any]
"""Invokes a handler with an event. The second argument is the calls of boto3."""


class Context:
    """The facts that Lambda tells of an invocation."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version = "$LATEST"
    invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function_name}"
    memory_limit_in_mb = "512"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return plenty of time."""
        return 30_000


def of_handler(name: str) -> Invoke:
    """Return what invokes a handler of ours."""
    module, _, function = name.rpartition(".")
    handler = getattr(importlib.import_module(module), function)

    def invoke(event: Any, _: Any) -> Any:
        return handler(event, Context)

    return invoke


def of_boto3() -> Invoke:
    """Return what does least: reads the body, makes the calls, and writes what they returned."""
    import boto3
    from botocore.exceptions import ClientError

    client = boto3.client("dynamodb")

    def invoke(event: Any, calls: Any) -> Any:
        json.loads(event.get("body") or "{}")
        answers = []
        for operation, parameters in calls:
            try:
                answer = getattr(client, operation)(**parameters)
            except ClientError as error:
                answer = error.response
            answers.append(answer.get("Items") or answer.get("Item") or {})
        return {"statusCode": 200, "body": json.dumps(answers, default=str)}

    return invoke


def with_bytes(value: Any) -> Any:
    """Return parameters as boto3 takes them: it wants bytes where the API has base64."""
    if isinstance(value, list):
        return [with_bytes(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "B" in value and isinstance(value["B"], str):
        return {"B": base64.b64decode(value["B"])}
    return {name: with_bytes(each) for name, each in value.items()}


def failed(answer: Any) -> bool:
    """Return whether an answer says that the invocation did not do its work."""
    if not isinstance(answer, dict):
        return False
    return answer.get("statusCode", 200) >= 300 or bool(answer.get("batchItemFailures"))


def main(file: str) -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where handlers write their log
    started = time.process_time()
    work = json.loads(Path(file).read_text(encoding="utf-8"))
    event, calls = work["event"], with_bytes(work.get("calls"))
    reading = time.process_time() - started
    invoke = of_handler(work["handler"]) if "handler" in work else of_boto3()
    for line in sys.stdin:
        first, last = map(int, line.split())
        before, faults = time.process_time(), 0
        for number in range(first, last):
            faults += failed(invoke(event, calls[number] if calls else None))
        now = time.process_time()
        told = {"cpu": now - before, "since_start": now - started - reading, "failed": faults}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
