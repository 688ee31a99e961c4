"""The cache that an environment asks for, and the functions that use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from keyline import variables
from keyline.model import BatchGet, DeclarationError, System
from keyline_deploy.environment import CACHE_URL, Accelerator, EnvironmentFileError, SharedCache
from stacks.application import build
from tests.support.sample.books import BOOK_GET, BOOK_READER, SMALL, Book
from tests.support.sample.books import BOOKS as BOOK_TABLE
from tests.support.templates import FULL, KEY_ARN, Template, new_app, no_bundle, resources


class Settings(msgspec.Struct, frozen=True):
    cache_url: str = ""


CACHING = msgspec.structs.replace(FULL, cache=SharedCache(), systems={})
USER = replace(BOOK_READER, caches=True, services=("ssm", "s3"))
OTHER = replace(BOOK_READER, name="other", routes=())
BOOKS = replace(SMALL, functions=(USER, OTHER), settings=Settings)


def synthesized(
    folder: Path, system: System = BOOKS, systems: Mapping[str, dict[str, object]] | None = None
) -> Mapping[str, Template]:
    app = new_app(folder, checks=False)
    environment = msgspec.structs.replace(CACHING, systems=dict(systems or {}))
    build(app, environment, [system], no_bundle(folder))
    stacks = app.synth().stacks
    return {stack.stack_name: stack.template for stack in stacks}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    return synthesized(tmp_path_factory.mktemp("cache"))


def only(template: Template, kind: str) -> dict[str, object]:
    (found,) = resources(template, kind).values()
    return found


@pytest.mark.requirement("I-17")
def test_the_cache_is_valkey_with_limits_a_user_of_iam_and_the_customer_s_key(
    templates: Mapping[str, Template],
) -> None:
    template = templates["cache-full"]
    cache = only(template, "AWS::ElastiCache::ServerlessCache")
    assert cache["Engine"] == "valkey"
    assert cache["ServerlessCacheName"] == "keyline-full"
    assert cache["KmsKeyId"] == KEY_ARN
    assert cache["CacheUsageLimits"] == {
        "DataStorage": {"Maximum": 1, "Unit": "GB"},
        "ECPUPerSecond": {"Maximum": 1000},
    }
    user = only(template, "AWS::ElastiCache::User")
    assert user["AuthenticationMode"] == {"Type": "iam"}
    assert user["UserId"] == user["UserName"] == "keyline-full"
    assert user["AccessString"] == "on ~* -@all +@connection +get +set +del"


def test_the_network_reaches_nothing_but_the_services_that_functions_call(
    templates: Mapping[str, Template],
) -> None:
    template = templates["cache-full"]
    endpoints = resources(template, "AWS::EC2::VPCEndpoint").values()
    kinds = [endpoint.get("VpcEndpointType") for endpoint in endpoints]
    assert sorted(map(str, kinds)) == ["Gateway", "Gateway", "Interface"]
    assert "ssm" in json.dumps([e for e in endpoints if e["VpcEndpointType"] == "Interface"])
    for way_out in ("AWS::EC2::NatGateway", "AWS::EC2::InternetGateway"):
        assert resources(template, way_out) == {}
    zones = {s["AvailabilityZone"] for s in resources(template, "AWS::EC2::Subnet").values()}
    assert zones == {"eu-central-1a", "eu-central-1b"}
    ports = {
        rule["FromPort"] for rule in resources(template, "AWS::EC2::SecurityGroupIngress").values()
    }
    assert ports == {6379, 443}


def test_a_function_that_uses_the_cache_is_in_its_network_and_no_other_is(
    templates: Mapping[str, Template],
) -> None:
    template = templates["books-service-full"]
    found = {f["FunctionName"]: f for f in resources(template, "AWS::Lambda::Function").values()}
    user, other = (found[f"books-{function.name}-full"] for function in (USER, OTHER))
    told = "{{resolve:ssm:/keyline/full/cache/%s}}"
    assert user["VpcConfig"] == {
        "SecurityGroupIds": [told % "security-group"],
        "SubnetIds": [told % "subnet-a", told % "subnet-b"],
    }
    url = f"rediss://keyline-full@{told % 'address'}:6379/0"
    assert json.loads(user["Environment"]["Variables"]["KEYLINE_SETTINGS"]) == {CACHE_URL: url}
    assert "VpcConfig" not in other
    assert json.loads(other["Environment"]["Variables"]["KEYLINE_SETTINGS"]) == {CACHE_URL: ""}
    policies = json.dumps(resources(template, "AWS::IAM::Role"))
    assert policies.count("elasticache:Connect") == 1
    assert policies.count("ec2:CreateNetworkInterface") == 1
    parameters = {
        p["Name"] for p in resources(templates["cache-full"], "AWS::SSM::Parameter").values()
    }
    asked = {"address", "security-group", "subnet-a", "subnet-b"}
    assert parameters == {f"/keyline/full/cache/{what}" for what in asked}


def test_a_service_that_the_network_has_no_way_to_is_refused(tmp_path: Path) -> None:
    system = replace(BOOKS, functions=(replace(USER, services=("sqss",)),))
    with pytest.raises(DeclarationError) as raised:
        synthesized(tmp_path, system)
    assert raised.value.path.endswith(".services")
    assert "sqs" in raised.value.suggestion


def test_a_cache_of_one_s_own_beside_the_environment_s_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError) as raised:
        synthesized(tmp_path, systems={"books": {CACHE_URL: "redis://other:6379/0"}})
    assert raised.value.path == "full.toml: systems.books.cache_url"


DAX = msgspec.structs.replace(CACHING, cache=SharedCache(dax=Accelerator(item_seconds=60)))
READER = replace(USER, accelerated=(BOOK_GET,))
BOOK_LIST = BatchGet(
    name="book-list", why="Read.", table=BOOK_TABLE, shape=Book, item_bytes=10, items=2
)


@pytest.fixture(scope="module")
def accelerated(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    """The templates of an environment with DAX, and of a function that reads through it."""
    folder = tmp_path_factory.mktemp("dax")
    app = new_app(folder, checks=True)
    build(app, DAX, [replace(BOOKS, functions=(READER, OTHER))], no_bundle(folder))
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


@pytest.mark.requirement("B-50", "B-51")
def test_dax_is_in_the_network_of_the_cache_and_speaks_tls(
    accelerated: Mapping[str, Template],
) -> None:
    template = accelerated["cache-full"]
    cluster = only(template, "AWS::DAX::Cluster")
    assert len(str(cluster["ClusterName"])) <= 20
    assert (cluster["NodeType"], cluster["ReplicationFactor"]) == ("dax.t3.small", 3)
    assert cluster["ClusterEndpointEncryptionType"] == "TLS"
    assert cluster["SSESpecification"] == {"SSEEnabled": True}
    group = only(template, "AWS::DAX::ParameterGroup")
    assert group["ParameterNameValues"] == {
        "record-ttl-millis": "60000",
        "query-ttl-millis": "60000",
    }
    subnets = only(template, "AWS::DAX::SubnetGroup")["SubnetIds"]
    assert [each["Ref"] for each in subnets] == list(resources(template, "AWS::EC2::Subnet"))  # type: ignore[attr-defined] # of a template
    ports = {
        rule["FromPort"] for rule in resources(template, "AWS::EC2::SecurityGroupIngress").values()
    }
    assert ports == {6379, 443, 9111}


@pytest.mark.requirement("B-50")
def test_dax_may_read_the_accelerated_tables_alone(accelerated: Mapping[str, Template]) -> None:
    roles = resources(accelerated["cache-full"], "AWS::IAM::Role").values()
    (role,) = [role for role in roles if "dax.amazonaws.com" in json.dumps(role)]
    reading, key = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert reading["Action"] == ["dynamodb:DescribeTable", "dynamodb:GetItem"]
    assert json.dumps(reading["Resource"]).count(":table/Books-full") == 1
    assert key["Resource"] == KEY_ARN
    assert key["Action"] == ["kms:Decrypt", "kms:DescribeKey"]


@pytest.mark.requirement("B-50", "B-51")
def test_only_a_function_with_accelerated_reads_is_switched_to_dax(
    accelerated: Mapping[str, Template],
) -> None:
    template = accelerated["books-service-full"]
    found = {f["FunctionName"]: f for f in resources(template, "AWS::Lambda::Function").values()}
    urls = {
        name: function["Environment"]["Variables"].get(variables.DAX)
        for name, function in found.items()
    }
    told = "{{resolve:ssm:/keyline/full/cache/dax}}"
    assert urls == {"books-read-full": told, "books-other-full": None}
    granted = json.dumps(resources(template, "AWS::IAM::Role"))
    assert granted.count("dax:") == granted.count("dax:GetItem") + granted.count("aws:dax:")
    assert granted.count("dax:GetItem") == 1
    assert ":cache/kl-full" in granted
    (address,) = [
        each["Value"]
        for each in resources(accelerated["cache-full"], "AWS::SSM::Parameter").values()
        if each["Name"] == "/keyline/full/cache/dax"
    ]
    assert "ClusterDiscoveryEndpointURL" in json.dumps(address)


@pytest.mark.requirement("B-50", "K-67")
def test_dax_may_read_the_restored_table_that_serves_and_not_the_one_before(tmp_path: Path) -> None:
    own = BOOK_TABLE.physical_name(DAX.name)
    restored = f"{own}-r20260131T100000Z"
    names = {BOOKS.name: {BOOK_TABLE.name: (restored, own)}}
    tables = msgspec.structs.replace(DAX.tables, names=names)
    app = new_app(tmp_path, checks=False)
    build(
        app,
        msgspec.structs.replace(DAX, tables=tables),
        [replace(BOOKS, functions=(READER, OTHER))],
        no_bundle(tmp_path),
    )
    (cache,) = (s.template for s in app.synth().stacks if s.stack_name == "cache-full")
    roles = resources(cache, "AWS::IAM::Role").values()
    (role,) = [role for role in roles if "dax.amazonaws.com" in json.dumps(role)]
    reading, _ = role["Policies"][0]["PolicyDocument"]["Statement"]
    granted = json.dumps(reading["Resource"])
    assert granted.count(":table/") == granted.count(f':table/{restored}"') == 1


def test_without_the_section_there_is_no_dax(templates: Mapping[str, Template]) -> None:
    assert "dax" not in json.dumps(list(templates.values())).casefold()


@pytest.mark.parametrize(
    ("changed", "path", "says"),
    [
        ({"caches": False}, "accelerated", "caches=True"),
        ({"accelerated": (replace(BOOK_GET, name="other"), BOOK_LIST)}, "accelerated[", "Get"),
    ],
)
def test_a_read_that_dax_cannot_serve_is_refused(
    changed: dict[str, object], path: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as raised:
        replace(BOOKS, functions=(replace(READER, **changed), OTHER))
    assert path in raised.value.path
    assert says in raised.value.suggestion
