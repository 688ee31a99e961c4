from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from keyline import variables
from keyline_local.control.client import ask, issuer_url
from keyline_local.dynamodb.engine import Engine, find_binary
from keyline_local.host.clients import client
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.ports import Ports
from keyline_local.host.process import free_port
from keyline_local.platform import Platform
from keyline_local.resources import Api, Deployment
from tests.keyline_local.local_assembly import table, write_assembly

ISSUER = 4599  # a port that only stands in the template
CACHE = 4598
HANDLER = """
import json, os, urllib.request

def handler(event, context):
    body = {"TableName": os.environ["TABLE"], "Key": {"id": {"S": "a"}}}
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"],
        json.dumps(body).encode(),
        {
            "X-Amz-Target": "DynamoDB_20120810.GetItem",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=%s/20260101/us-east-1/dynamodb/"
            "aws4_request, SignedHeaders=host, Signature=0" % os.environ["AWS_ACCESS_KEY_ID"],
            "X-Amz-Date": "20260101T000000Z",
        },
    )
    with urllib.request.urlopen(request) as response:
        item = json.load(response).get("Item")
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims")
    return {"item": item, "claims": claims, **{k: os.environ[k] for k in ("SECRET", "SETTINGS")}}
"""


def template() -> dict[str, Any]:
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": "assets", "S3Key": "code.zip"},
            "Handler": "app.handler",
            "Runtime": "python3.13",
            "Timeout": 20,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Environment": {
                "Variables": {
                    "TABLE": {"Ref": "Messages"},
                    "SETTINGS": json.dumps({"cache": f"redis://127.0.0.1:{CACHE}/0"}),
                    "SECRET": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}}}"},
                }
            },
        },
    }
    statement = {
        "Effect": "Allow",
        "Action": "dynamodb:GetItem",
        "Resource": {"Fn::GetAtt": ["Messages", "Arn"]},
    }
    role = {
        "AssumeRolePolicyDocument": {"Statement": []},
        "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": [statement]}}],
    }
    api_properties = {"Name": "a", "ProtocolType": "HTTP", "Description": "A test"}
    api = {"ApiId": {"Ref": "Api"}}
    authorizer = {
        **api,
        "AuthorizerType": "JWT",
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Audience": ["us"], "Issuer": f"http://127.0.0.1:{ISSUER}"},
        "Name": "tokens",
    }
    integration = {
        **api,
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]},
        "PayloadFormatVersion": "2.0",
    }
    route = {
        **api,
        "RouteKey": "GET /item",
        "Target": {"Fn::Sub": "integrations/${Integration}"},
        "AuthorizationType": "JWT",
        "AuthorizerId": {"Ref": "Authorizer"},
    }
    gateway = "AWS::ApiGatewayV2::"
    return {
        "Resources": {
            "Messages": table("Messages-local"),
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": {"PasswordLength": 20}},
            },
            "Failed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failed"}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Function": function,
            "Api": {"Type": f"{gateway}Api", "Properties": api_properties},
            "Stage": {
                "Type": f"{gateway}Stage",
                "Properties": {**api, "StageName": "$default", "AutoDeploy": True},
            },
            "Authorizer": {"Type": f"{gateway}Authorizer", "Properties": authorizer},
            "Integration": {"Type": f"{gateway}Integration", "Properties": integration},
            "Route": {"Type": f"{gateway}Route", "Properties": route},
        },
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}},
    }


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    folder = write_assembly(
        tmp_path / "cdk.out", {"Orders": template()}, assets={"code.zip": "asset.code"}
    )
    (folder / "asset.code").mkdir()
    (folder / "asset.code" / "app.py").write_text(HANDLER)
    return folder


@pytest.fixture(autouse=True)
def _an_engine_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variables.DYNAMODB_ENDPOINT, raising=False)


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield
    left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    assert left == []


def platform(root: Path, assembly: Path, **more: Any) -> Platform:
    return Platform(
        root=root,
        assembly=assembly,
        state=assembly.parent / "state",
        pages=_pages,
        declared=Ports(issuer=ISSUER, cache=CACHE),
        **more,
    )


async def _get(platform: Platform, token: str | None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        return await http.get(f"{platform.gateways[0].url}/item", headers=headers)


async def _show_the_index(platform: Platform) -> None:
    """Check the page beside the issuer: each API leads to it, with the pages handed in."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        index = await http.get(platform.endpoints.issuer)
        beside = await http.get(f"{platform.endpoints.apis[0]}/_keyline/")
    assert index.status_code == 200
    assert beside.headers["location"] == f"{platform.endpoints.issuer}/"
    for text in ("A test", platform.endpoints.apis[0], "Messages-local", "Orders-Function"):
        assert text in index.text
    assert f'href="{platform.endpoints.apis[0]}/_keyline/docs"' in index.text
    assert "{name}" not in index.text


def _pages(api: Api, deployment: Deployment) -> Sequence[BaseRoute]:
    async def page(_: Request) -> Response:
        return Response(f"{api.name} of {len(deployment.apis)}")

    return [StarletteRoute("/docs", page), StarletteRoute("/docs/{name}", page)]


def test_an_assembly_runs_and_its_state_survives_a_restart(root: Path, assembly: Path) -> None:
    async def first() -> str:
        async with platform(root, assembly) as running:
            assert [str(c) for c in running.changes] == ["Messages-local: created with 0 indexes"]
            await asyncio.to_thread(
                running.dynamodb().put_item, TableName="Messages-local", Item={"id": {"S": "a"}}
            )
            token = running.issuer.mint("someone", audience="us")
            answer = await _get(running, token)
            assert answer.status_code == 200, answer.text
            assert answer.json()["item"] == {"id": {"S": "a"}}
            assert answer.json()["claims"]["sub"] == "someone"
            assert (await _get(running, None)).status_code == 401
            wrong = running.issuer.mint("someone", audience="them")
            assert (await _get(running, wrong)).status_code == 401
            assert running.deployment.outputs["Orders.Url"] == running.gateways[0].url
            await _show_the_index(running)
            sqs = client("sqs", running.endpoints.aws, "us-east-1")
            await running.aws.send(running.deployment.queues[0].url, "lost")
            queue = running.deployment.queues[0].url
            received = await asyncio.to_thread(sqs.receive_message, QueueUrl=queue)
            assert [m["Body"] for m in received["Messages"]] == ["lost"]
            assert running.cache is not None
            assert json.loads(answer.json()["SETTINGS"]) == {"cache": f"{running.cache.url}/0"}
            return str(answer.json()["SECRET"])

    async def second() -> str:
        async with platform(root, assembly) as running:
            assert running.changes == []
            invocation = await running.invoke("Orders-Function", {})
            result = json.loads(invocation.payload)
            assert result["item"] == {"id": {"S": "a"}}
            return str(result["SECRET"])

    secret = asyncio.run(first())
    assert len(secret) == 20
    assert asyncio.run(second()) == secret


def test_a_start_that_fails_half_way_leaves_nothing(root: Path, assembly: Path) -> None:
    async def start() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = other.getsockname()[1]
            with pytest.raises(LocalPlatformError, match=f"{taken}: the port"):
                async with platform(root, assembly, ports=Ports(api=taken)):
                    pass

    asyncio.run(start())


def test_two_platforms_do_not_share_a_state_folder(root: Path, assembly: Path) -> None:
    async def start() -> None:
        async with platform(root, assembly):
            with pytest.raises(LocalPlatformError, match="another local platform"):
                async with platform(root, assembly):
                    pass

    asyncio.run(start())


SCRIPT = """
import asyncio, sys
from pathlib import Path
from keyline_local.platform import Platform
from keyline_local.resources import Api, Deployment

async def main():
    root, assembly, state = map(Path, sys.argv[1:])
    async with Platform(root=root, assembly=assembly, state=state) as platform:
        await platform.invoke("Orders-Function", {})
        print("ready", flush=True)
        await platform.wait()
    print("stopped", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_platform_and_all_it_started(
    root: Path, assembly: Path, number: signal.Signals
) -> None:
    state = assembly.parent / "state"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(root), str(assembly), str(state)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 3  # engine, AWS APIs, the function
        process.send_signal(number)
        rest = process.stdout.read()
        process.wait(timeout=30)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
        if number is not signal.SIGKILL:
            assert (rest, process.returncode) == ("stopped\n", 0)
    finally:
        process.kill()
        process.wait()


def test_a_signal_during_the_start_ends_it(root: Path, assembly: Path) -> None:
    async def start() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
        async with platform(root, assembly) as running:
            await running.wait()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(start())


def test_another_engine_can_take_the_embedded_ones_place(
    root: Path, assembly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start() -> None:
        other = Engine(
            find_binary(root), assembly.parent / "o.db", port=free_port(), mcp_port=free_port()
        )
        await other.start()
        try:
            monkeypatch.setenv(variables.DYNAMODB_ENDPOINT, f"{other.endpoint}/")
            async with platform(root, assembly) as running:
                assert running.engine is None
                api = client("dynamodb", other.endpoint, "us-east-1")
                api.put_item(TableName="Messages-local", Item={"id": {"S": "a"}})
                invocation = await running.invoke("Orders-Function", {})
                assert json.loads(invocation.payload)["item"] == {"id": {"S": "a"}}
                with pytest.raises(LocalPlatformError, match="only the embedded engine"):
                    await running.sweep_ttl()
        finally:
            await other.stop()

    asyncio.run(start())


def test_an_engine_that_cannot_come_back_ends_the_wait(root: Path, assembly: Path) -> None:
    async def start() -> None:
        async with platform(root, assembly) as running:
            assert running.engine is not None
            child = running.engine.child
            assert child.pid is not None
            child.command = ["false"]
            os.kill(child.pid, signal.SIGKILL)
            with pytest.raises(LocalPlatformError, match="the engine ended with code 1"):
                await running.wait()

    asyncio.run(start())


def test_ports_are_used_as_configured(root: Path, assembly: Path) -> None:
    ports = Ports(engine=free_port(), apis={"a": free_port()})

    async def start() -> None:
        async with platform(root, assembly, ports=ports) as running:
            assert running.gateways[0].port == ports.apis["a"]
            assert running.endpoints.engine == f"http://127.0.0.1:{ports.engine}"

    asyncio.run(start())


def test_a_second_terminal_asks_past_a_proxy(
    root: Path, assembly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def start() -> None:
        async with platform(root, assembly) as running:
            url = issuer_url(assembly.parent / "state")
            assert url == running.endpoints.issuer
            status = await asyncio.to_thread(ask, url, "GET", "/status")
            assert {**status, "time": ""} == {**running.status().as_json(), "time": ""}

    asyncio.run(start())


def test_a_full_disk_ends_it_with_one_error_and_leaves_nothing(root: Path, assembly: Path) -> None:
    logs = assembly.parent / "state" / "logs"
    logs.mkdir(parents=True)
    (logs / "Orders-Function.log").symlink_to("/dev/full")  # each write to it fails
    told = pytest.raises(LocalPlatformError, match="the disk of the state folder is full")

    async def serve() -> None:
        async with platform(root, assembly) as running:
            asyncio.get_running_loop().call_soon(running.logs.write, "Orders-Function", None, "a")
            await running.wait()

    async def load() -> None:
        async with platform(root, assembly) as running:
            running.logs.write("Orders-Function", None, "a")
            await asyncio.sleep(60)

    for work in (serve, load):
        with told:
            asyncio.run(work())


@pytest.mark.parametrize("content", [b"damaged" * 1000, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_damaged_data_file_is_told_with_the_way_out(
    content: bytes, root: Path, assembly: Path
) -> None:
    state = assembly.parent / "state"
    state.mkdir()
    (state / "engine.db").write_bytes(content)

    async def start(*, fresh: bool) -> None:
        async with platform(root, assembly, fresh=fresh):
            pass

    with pytest.raises(LocalPlatformError) as raised:
        asyncio.run(start(fresh=False))
    assert "--fresh" in raised.value.suggestion
    assert str(state / "engine.db") in raised.value.suggestion
    asyncio.run(start(fresh=True))


def test_the_example_of_the_readme_runs_an_assembly(root: Path, assembly: Path) -> None:
    text = (root / "keyline_local" / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(example.splitlines()) <= 12
    (assembly.parent / "node_modules").symlink_to(root / "node_modules")
    process = subprocess.Popen(
        [sys.executable, "-c", example], cwd=assembly.parent, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        title, _, url = process.stdout.readline().strip().rpartition(" ")
        assert title == "A test"
        assert httpx.get(f"{url}/item", trust_env=False).status_code == 401
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
