"""The function host with AWS's own runtime interface client in real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from keyline_deploy.project import ROOT
from keyline_local.lambdas.functions import (
    MAX_REQUEST,
    Functions,
    PayloadTooLargeError,
    ThrottledError,
    UnknownFunctionError,
)
from tests.support.processes import runs_a_function

if TYPE_CHECKING:
    from tests.keyline_local.e2e.functions.host import Host

ECHO = """
    import os, sys
    print("init")
    def handler(event, context):
        print("line one"); print("line two", end="")
        return {"event": event, "pid": os.getpid(), "request": context.aws_request_id}
"""

MISBEHAVE = """
    import os, sys, time
    def handler(event, context):
        print("start", event)
        match event:
            case {"sleep": seconds}: time.sleep(seconds)
            case {"exit": code}: os._exit(code)
            case {"signal": number}: os.kill(os.getpid(), number)
            case {"raise": text}: raise ValueError(text)
            case {"big": size}: return "x" * size
        return os.getpid()
"""


def environments(host: Host) -> list[psutil.Process]:
    """Return the processes of a test's own functions, without those of other platforms."""
    return [it for it in psutil.Process().children(recursive=True) if is_of(host, it)]


def is_of(host: Host, process: psutil.Process) -> bool:
    try:
        ours = Path(process.cwd()).is_relative_to(host.folder)
        return ours and runs_a_function(process)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False  # it has just ended


def error_of(payload: bytes) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(payload)
    return error


def test_warm_environment_is_reused_and_lines_belong_to_their_request(host: Host) -> None:
    functions = host.functions(host.function(ECHO))
    first, second = (host.invoke(functions, {"n": number}) for number in (1, 2))
    one, two = json.loads(first.payload), json.loads(second.payload)
    assert (one["event"], two["event"]) == ({"n": 1}, {"n": 2})
    assert one["pid"] == two["pid"]
    assert (first.cold, second.cold) == (True, False)
    assert first.lines == ("init", "line one", "line two")
    assert second.lines == ("line one", "line two")
    assert one["request"] == first.request_id != second.request_id
    tagged = [(line.source, line.request_id, line.text) for line in host.logs.lines]
    assert ("demo", None, "init") in tagged
    assert ("demo", second.request_id, "line two") in tagged


def test_what_functions_have_in_common_is_compiled_once_and_each_traces_its_own(host: Host) -> None:
    # Given two functions with a copy each of one library
    found = [host.function("import library\nhandler = library.fail", name) for name in "ab"]
    for function in found:
        (function.code / "library.py").write_text("def fail(event, context):\n    raise KeyError\n")
    functions = host.functions(*found)

    # When both run
    traces = [error_of(host.invoke(functions, name=name).payload)["stackTrace"] for name in "ab"]

    # Then each names its own copy, of which one was compiled
    for function, trace in zip(found, traces, strict=True):
        assert str(function.code / "library.py") in "".join(trace)
    compiled = [path.read_bytes() for path in (host.folder / "state" / "bytecode").rglob("*.pyc")]
    assert len([code for code in compiled if b"library.py" in code]) == 1


def test_environment_variables_and_imports_are_only_the_functions_own(host: Host) -> None:
    source = """
        import importlib.util, os, sys
        def handler(event, context):
            names = ["layered", "simplejson", "boto3", "starlette", "keyline_ops", "keyline", "pip"]
            return {
                "env": dict(os.environ),
                "cwd": os.getcwd(),
                "found": [name for name in names if importlib.util.find_spec(name)],
                "remaining": context.get_remaining_time_in_millis(),
                "arn": context.invoked_function_arn,
            }
    """
    layer = host.folder / "layer"
    (layer / "python").mkdir(parents=True)
    (layer / "python" / "layered.py").write_text("")
    function = host.function(source, environment={"TABLE": "t"}, layers=(layer,), timeout=7)
    functions = host.functions(function, variables={"AWS_ENDPOINT_URL_DYNAMODB": "http://x"})
    seen = json.loads(host.invoke(functions).payload)
    assert seen["found"] == ["layered", "simplejson", "boto3"]
    assert seen["cwd"] == str(function.code)
    assert seen["arn"] == function.arn
    assert 0 < seen["remaining"] <= 7000
    expected = {
        "TABLE": "t",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://x",
        "AWS_LAMBDA_FUNCTION_NAME": "demo",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/demo",
        "AWS_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "LAMBDA_TASK_ROOT": str(function.code),
        "_HANDLER": "app.handler",
        "TZ": ":UTC",
    }
    assert {name: seen["env"].get(name) for name in expected} == expected
    inherited = {"VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "AWS_PROFILE", "USER"}
    assert not inherited & seen["env"].keys()


def test_concurrent_requests_get_environments_of_their_own_up_to_the_limit(host: Host) -> None:
    source = """
        import os, pathlib, time
        def handler(event, context):
            met = pathlib.Path(event["meeting"])
            (met / str(os.getpid())).touch()
            while len(list(met.iterdir())) < 3:  # ends only if three run at once
                time.sleep(0.01)
    """
    functions = host.functions(host.function(source, timeout=30), default_concurrency=3)
    meeting = host.folder / "meeting"
    meeting.mkdir()
    event = json.dumps({"meeting": str(meeting)}).encode()

    async def burst() -> list[Any]:
        return await asyncio.gather(*(functions.invoke("demo", event) for _ in range(7)))

    results = host.run(burst())
    assert [result.function_error for result in results] == [None] * 7
    assert len(list(meeting.iterdir())) == len(environments(host)) == 3


def test_reserved_concurrency_throttles_at_once_unless_the_caller_waits(host: Host) -> None:
    functions = host.functions(host.function(MISBEHAVE, concurrency=1))

    async def three() -> tuple[Any, Any, Any]:
        event = b'{"sleep": 0.5}'
        first = asyncio.create_task(functions.invoke("demo", event))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(functions.invoke("demo", event, wait_for_slot=True))
        (throttled,) = await asyncio.gather(functions.invoke("demo", event), return_exceptions=True)
        still_running = not first.done()
        assert still_running
        return await first, await waiting, throttled

    first, waited, throttled = host.run(three())
    assert isinstance(throttled, ThrottledError)
    assert first.payload == waited.payload


def test_no_reserved_concurrency_left_means_no_invocation(host: Host) -> None:
    functions = host.functions(host.function(MISBEHAVE, concurrency=0))
    with pytest.raises(ThrottledError):
        host.invoke(functions)


def test_timeout_kills_the_process_and_leaves_others_alone(host: Host) -> None:
    functions = host.functions(
        host.function(MISBEHAVE, timeout=1), host.function(ECHO, "other"), default_concurrency=1
    )
    pid = json.loads(host.invoke(functions, {}).payload)

    async def both() -> tuple[Any, Any]:
        hung = asyncio.create_task(functions.invoke("demo", b'{"sleep": 60}'))
        await asyncio.sleep(0.1)
        other = await functions.invoke("other", b"{}")
        assert not hung.done()
        return await hung, other

    hung, other = host.run(both())
    assert other.function_error is None
    assert hung.function_error == "Unhandled"
    assert error_of(hung.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {hung.request_id} Error: Task timed out after 1.00 seconds",
    }
    assert hung.lines[0].startswith("start")
    assert hung.lines[-1].endswith(f"{hung.request_id} Task timed out after 1.00 seconds")
    after = host.invoke(functions, {})
    assert after.cold
    assert json.loads(after.payload) != pid
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"exit": 3}, "Runtime exited with error: exit status 3"),
        ({"exit": 0}, "Runtime exited without providing a reason"),
        ({"signal": signal.SIGKILL}, "Runtime exited with error: signal: killed"),
    ],
)
def test_crash_is_reported_as_lambda_does_and_the_next_request_runs(
    host: Host, event: dict[str, int], reason: str
) -> None:
    functions = host.functions(host.function(MISBEHAVE))
    result = host.invoke(functions, event)
    assert result.function_error == "Unhandled"
    assert error_of(result.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {result.request_id} Error: {reason}",
    }
    assert result.lines[-1] == f"RequestId: {result.request_id} Error: {reason} Runtime.ExitError"
    assert host.invoke(functions, {}).function_error is None


def test_handler_exception_keeps_the_environment(host: Host) -> None:
    functions = host.functions(host.function(MISBEHAVE))
    pid = json.loads(host.invoke(functions, {}).payload)
    result = host.invoke(functions, {"raise": "boo"})
    assert result.function_error == "Unhandled"
    error = error_of(result.payload)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "boo")
    assert error["requestId"] == result.request_id
    assert json.loads(host.invoke(functions, {}).payload) == pid


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("import nothing_of_this_name", "Runtime.ImportModuleError"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("x = 1", "Runtime.HandlerNotFound"),
        ("raise KeyError('at import')", "KeyError"),
        ("import os; print('dying', flush=True); os._exit(9)", "Runtime.ExitError"),
    ],
)
def test_failed_init_is_the_callers_error(host: Host, source: str, error_type: str) -> None:
    functions = host.functions(host.function(source))
    for _ in range(2):
        result = host.invoke(functions)
        assert result.function_error == "Unhandled"
        assert error_of(result.payload)["errorType"] == error_type
        assert result.lines
    assert environments(host) == []


def test_missing_asset_is_an_error_not_a_hang(host: Host) -> None:
    function = replace(host.function(ECHO), code=Path("/nonexistent"))
    result = host.invoke(host.functions(function))
    assert error_of(result.payload)["errorType"] == "Runtime.InvalidEntrypoint"


def test_response_above_6_mb_is_refused_and_does_not_hurt_the_next(host: Host) -> None:
    functions = host.functions(host.function(MISBEHAVE))
    fits = host.invoke(functions, {"big": 6 * 1024 * 1024})
    assert fits.function_error is None
    too_big = host.invoke(functions, {"big": 6 * 1024 * 1024 + 200})
    assert error_of(too_big.payload)["errorType"] == "Function.ResponseSizeTooLarge"
    assert host.invoke(functions, {}).function_error is None


def test_requests_that_never_start(host: Host) -> None:
    functions = host.functions(host.function(ECHO))
    with pytest.raises(UnknownFunctionError, match="there are: demo"):
        host.invoke(functions, name="nobody")
    with pytest.raises(PayloadTooLargeError):
        host.run(functions.invoke("demo", b" " * (MAX_REQUEST + 1)))
    assert host.invoke(functions, name=host.function(ECHO, "x").arn.replace(":x", ":demo"))


def test_idle_environment_is_stopped(host: Host) -> None:
    functions = host.functions(host.function(ECHO), idle=0.2)
    host.invoke(functions)
    deadline = time.monotonic() + 20
    while environments(host) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert environments(host) == []
    assert host.invoke(functions).cold


def test_stop_ends_running_invocations_and_leaves_no_process(host: Host) -> None:
    functions = host.functions(
        host.function(MISBEHAVE), host.function("import time; time.sleep(60)", "slow")
    )

    async def stop_in_the_middle() -> Any:
        running = asyncio.create_task(functions.invoke("demo", b'{"sleep": 60}'))
        starting = asyncio.create_task(functions.invoke("slow", b"{}"))
        await asyncio.sleep(1)
        await functions.stop()
        return await asyncio.gather(running, starting, return_exceptions=True)

    running, _ = host.run(stop_in_the_middle())
    assert error_of(running.payload)["errorType"] == "Runtime.ExitError"
    assert environments(host) == []
    assert list((host.folder / "state" / "scratch").iterdir()) == []


PLATFORM = """
    import asyncio, json, sys
    from pathlib import Path
    from keyline_local.lambdas.functions import Functions
    from keyline_local.services.logs import Logs
    from keyline_local.resources import Function

    async def main(folder):
        function = Function(
            logical_id="F", name="f", arn="arn:aws:lambda:us-east-1:123456789012:function:f",
            handler="app.handler", runtime="python3.13", code=folder / "assets/demo",
            environment={}, timeout=60, memory=128, statements=(),
        )
        async with Functions([function], state=folder / "state", logs=Logs(folder / "logs")) as f:
            print((await f.invoke("f", b"{}")).payload.decode(), flush=True)
            await f.invoke("f", b'{"sleep": 60}')

    asyncio.run(main(Path(sys.argv[1])))
"""


def test_killed_platform_leaves_no_process(host: Host) -> None:
    host.function(MISBEHAVE)
    platform = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PLATFORM), str(host.folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert platform.stdout is not None
    environment = psutil.Process(int(platform.stdout.readline()))
    os.kill(platform.pid, signal.SIGKILL)
    platform.wait()
    platform.stdout.close()
    gone, _ = psutil.wait_procs([environment], timeout=20)
    assert gone


def test_a_traceback_names_the_source_and_not_its_copy(host: Host) -> None:
    source = host.folder / "sources" / "app"
    function = host.function("", sources=(source,))
    package = function.code / "app"
    package.mkdir()
    text = "def handler(event, context):\n    raise ValueError(__file__)\n"
    (package / "__init__.py").write_text(text)
    host.invoke(host.functions(function))
    (trace,) = [line.text for line in host.logs.lines if "ValueError" in line.text]
    assert f'File "{source}/__init__.py", line 2' in trace
    assert str(function.code) not in trace


class TestReload:
    """A user edits a source and saves; the next request runs the new code."""

    SOURCE = "import os\ndef handler(event, context):\n    return [{version}, os.getpid()]\n"

    @pytest.fixture
    def reloading(self, host: Host) -> tuple[Functions, Path]:
        sources = host.folder / "sources"
        sources.mkdir()
        function = host.function(self.SOURCE.format(version=1), sources=(sources,))
        source = sources / "app.py"
        source.write_text(self.SOURCE.format(version=1))

        def refresh(code: Path, _: Sequence[Path]) -> None:
            text = source.read_text()
            if "broken" in text:
                raise ValueError("cannot bundle")
            (code / "app.py").write_text(text)

        return host.functions(function, refresh=refresh), source

    def test_every_save_is_seen_by_the_very_next_request(
        self, host: Host, reloading: tuple[Functions, Path]
    ) -> None:
        functions, source = reloading
        versions = []
        for version in range(2, 8):  # one digit: the size of the file never changes
            host.invoke(functions)
            source.write_text(self.SOURCE.format(version=version))
            versions.append(json.loads(host.invoke(functions).payload)[0])
        assert versions == [2, 3, 4, 5, 6, 7]
        assert len(environments(host)) == 1

    def test_unchanged_sources_keep_the_environment_warm(
        self, host: Host, reloading: tuple[Functions, Path]
    ) -> None:
        functions, source = reloading
        pids = {json.loads(host.invoke(functions).payload)[1] for _ in range(3)}
        (source.parent / "__pycache__").mkdir()
        pids.add(json.loads(host.invoke(functions).payload)[1])
        assert len(pids) == 1

    def test_a_source_that_cannot_be_bundled_is_reported_until_it_is_mended(
        self, host: Host, reloading: tuple[Functions, Path]
    ) -> None:
        functions, source = reloading
        source.write_text("broken")
        for _ in range(2):
            result = host.invoke(functions)
            assert "cannot bundle" in error_of(result.payload)["errorMessage"]
        source.write_text(self.SOURCE.format(version=3))
        assert json.loads(host.invoke(functions).payload)[0] == 3

    def test_a_save_is_taken_up_before_anyone_asks(
        self, host: Host, reloading: tuple[Functions, Path]
    ) -> None:
        functions, source = reloading
        host.invoke(functions)
        asset = host.folder / "assets" / "demo" / "app.py"
        new = self.SOURCE.format(version=2)
        source.write_text(new)
        deadline = time.monotonic() + 20
        while (asset.read_text() != new or environments(host)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert asset.read_text() == new
        assert environments(host) == []

    def test_a_change_that_no_event_tells_of_is_taken_up_before_anyone_asks(
        self, host: Host
    ) -> None:
        # Given a source that is a link to a file elsewhere, where nothing is watched
        sources, elsewhere = host.folder / "sources", host.folder / "elsewhere.py"
        sources.mkdir()
        elsewhere.write_text(self.SOURCE.format(version=1))
        (sources / "app.py").symlink_to(elsewhere)
        function = host.function(self.SOURCE.format(version=1), sources=(sources,))
        refreshed = threading.Event()
        host.functions(function, refresh=lambda *_: refreshed.set())

        # When that file changes
        elsewhere.write_text(self.SOURCE.format(version=2) + "\n")

        # Then it is seen without an event and without a request
        assert refreshed.wait(30)

    def test_a_slow_refresh_does_not_bring_older_code_back(self, host: Host) -> None:
        # Given two functions of one asset, and a refresh that has read the source
        sources = host.folder / "sources"
        sources.mkdir()
        source = sources / "app.py"
        source.write_text(self.SOURCE.format(version=1))
        demo = host.function(source.read_text(), sources=(sources,))
        other = replace(demo, logical_id="Other", name="other", arn=f"{demo.arn}-other")
        read, written = threading.Event(), threading.Event()

        def refresh(code: Path, _: Sequence[Path]) -> None:
            text = source.read_text()
            if "[2" in text:
                read.set()
                written.wait(1)  # for the other refresh, if there is one at the same time
            elif written.is_set():
                time.sleep(1)  # as long as an environment needs to start
            (code / "app.py").write_text(text)
            written.set()

        functions = host.functions(demo, other, refresh=refresh)

        async def save_meanwhile() -> list[int]:
            source.write_text(self.SOURCE.format(version=2))
            running = asyncio.create_task(functions.invoke("other", b"{}"))
            assert await asyncio.to_thread(read.wait, 10)
            # When the source is saved again before the refresh has written, and both are asked for
            source.write_text(self.SOURCE.format(version=3))
            first = await functions.invoke("demo", b"{}")
            await running
            rest = [await functions.invoke(name, b"{}") for name in ("other", "demo")]
            return [json.loads(result.payload)[0] for result in (first, *rest)]

        # Then all run what was saved last
        assert host.run(save_meanwhile()) == [3, 3, 3]

    def test_a_running_request_ends_on_the_old_code(
        self, host: Host, reloading: tuple[Functions, Path]
    ) -> None:
        functions, source = reloading
        slow = self.SOURCE.replace("    return", "    import time; time.sleep(0.5)\n    return")
        source.write_text(slow.format(version=2))
        host.invoke(functions)

        async def edit_in_the_middle() -> list[int]:
            running = asyncio.create_task(functions.invoke("demo", b"{}"))
            await asyncio.sleep(0.1)
            source.write_text(self.SOURCE.format(version=3))
            new = await functions.invoke("demo", b"{}")
            old = await running
            return [json.loads(result.payload)[0] for result in (old, new)]

        assert host.run(edit_in_the_middle()) == [2, 3]
