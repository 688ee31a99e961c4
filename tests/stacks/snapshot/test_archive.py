"""The archive of expired items: off unless an environment asks, and what it then is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from keyline.archive import columns
from keyline_deploy.environment import archive_faults, unknown_systems
from stacks.application import build
from tests.support.sample.orders import MARKS, ORDERS
from tests.support.sample.shop import LARGE
from tests.support.templates import (
    ENVIRONMENTS,
    FULL,
    Template,
    Templates,
    new_app,
    no_bundle,
    only,
    resources,
)

ARCHIVING = msgspec.structs.replace(FULL, archive={LARGE.name: (ORDERS.name,)}, user_pools={})
BUCKET = "keyline-archive-orders-full-222222222222"


@pytest.fixture(scope="module")
def archiving(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    folder = tmp_path_factory.mktemp("archive")
    app = new_app(folder, checks=True)
    build(app, ARCHIVING, [LARGE], no_bundle(folder))
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


@pytest.mark.requirement("T-51", "T-24")
def test_athena_finds_each_day_of_a_table_without_a_crawler(
    archiving: Mapping[str, Template],
) -> None:
    table = only(archiving["orders-data-full"], "AWS::Glue::Table")["TableInput"]
    place = f"s3://{BUCKET}/table={ORDERS.name}/"
    assert table["Parameters"]["storage.location.template"] == place + "day=${day}/"
    assert table["StorageDescriptor"]["Location"] == place
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    told = [(each["Name"], each["Type"]) for each in table["StorageDescriptor"]["Columns"]]
    assert told == [tuple(each) for each in columns(ORDERS)]
    database = only(archiving["orders-data-full"], "AWS::Glue::Database")["DatabaseInput"]
    assert database["Name"] == "keyline_orders_full"


def test_an_object_that_somebody_deleted_can_be_brought_back_as_long_as_an_item_of_a_table(
    archiving: Mapping[str, Template],
) -> None:
    bucket = only(archiving["orders-data-full"], "AWS::S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 35}
    assert "ExpirationInDays" not in rule


@pytest.mark.requirement("T-51")
def test_the_writer_receives_what_ttl_deleted_and_may_only_put_objects_of_its_table(
    archiving: Mapping[str, Template],
) -> None:
    service = archiving["orders-service-full"]
    functions = resources(service, "AWS::Lambda::Function")
    (id,) = (id for id, f in functions.items() if "archive-customerorders" in f["FunctionName"])
    mappings = resources(service, "AWS::Lambda::EventSourceMapping").values()
    (mapping,) = (m for m in mappings if m["FunctionName"] == {"Ref": id})
    (pattern,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "eventName": ["REMOVE"],
        "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
    }
    assert mapping["DestinationConfig"]["OnFailure"]
    variables = functions[id]["Environment"]["Variables"]
    assert variables["KEYLINE_ARCHIVE_BUCKET"] == BUCKET
    assert variables["KEYLINE_ARCHIVE_TABLE"] == ORDERS.name
    roles = resources(service, "AWS::IAM::Role")
    role = json.dumps(
        next(r for i, r in roles.items() if i == functions[id]["Role"]["Fn::GetAtt"][0])
    )
    assert f"{BUCKET}/table={ORDERS.name}/*" in role
    assert "s3:PutObject" in role and "s3:GetObject" not in role
    assert '"dynamodb:PutItem"' not in role


@pytest.mark.requirement("T-51")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_is_off_by_default(environment: str, templates: Templates) -> None:
    assert "AWS::Glue::Table" not in json.dumps(templates(environment))


def test_what_cannot_be_archived_is_refused(tmp_path: Path) -> None:
    wrong = {LARGE.name: (ORDERS.name, ORDERS.name, MARKS.name, "Nothing"), "order": ("A",)}
    environment = msgspec.structs.replace(FULL, archive=wrong, systems={})
    said = [message for _, message, _ in archive_faults(environment, [LARGE])]
    assert said == [
        "'CustomerOrders' is there twice.",
        "items of SeenOrders do not expire.",
        "the stream of SeenOrders does not show an item that is deleted.",
        "orders has no table 'Nothing'.",
    ]
    paths = [path for path, _, _ in unknown_systems(environment, [LARGE.name])]
    assert paths == ["full.toml: archive.order"]
