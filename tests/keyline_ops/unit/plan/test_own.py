"""Test that what is dangerous for a system of this project is judged so on its own assembly."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from keyline_deploy.environment import load
from keyline_deploy.stored import METADATA, stored
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.judge import judge
from keyline_ops.plan.sources import read_assembly
from keyline_ops.plan.verdict import Plan
from stacks.application import build
from tests.support.sample.shop import MOVING, MovingSettings
from tests.support.templates import new_app, no_bundle

Templates = dict[str, dict[str, Any]]
"""Templates by the name of their stack."""

DATA, SERVICE = "orders-data-prod", "orders-service-prod"

pytestmark = pytest.mark.xdist_group("cdk")


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> list[Stack]:
    """The stacks of the large sample in prod, as its assembly has them."""
    out = tmp_path_factory.mktemp("plan")
    app = new_app(out, checks=False)
    build(app, load("prod"), [MOVING], no_bundle(out / "bundles"))
    app.synth()
    return read_assembly(out / "assembly")


def judged(assembly: list[Stack], edit: Callable[[Templates], None]) -> Plan:
    templates: Templates = {stack.name: copy.deepcopy(dict(stack.template)) for stack in assembly}
    edit(templates)
    after = [
        Stack(stack.name, templates[stack.name], stack.termination_protection, stack.region)
        for stack in assembly
    ]
    return judge(assembly, after)


def resource(template: dict[str, Any], kind: str, begins: str = "") -> dict[str, Any]:
    """Return the first resource of a type whose logical id begins so."""
    found: dict[str, Any] = next(
        body
        for logical_id, body in template["Resources"].items()
        if body["Type"] == kind and logical_id.startswith(begins)
    )
    return found


def orders(templates: Templates) -> dict[str, Any]:
    found: dict[str, Any] = resource(
        templates[DATA], "AWS::DynamoDB::GlobalTable", "CustomerOrdersTable"
    )["Properties"]
    return found


def by_name(table: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        index for index in table["GlobalSecondaryIndexes"] if index["IndexName"] == name
    )
    return found


def setting(templates: Templates, name: str, value: object, kind: str = "") -> None:
    settings = templates[DATA]["Metadata"][METADATA]["settings"]
    settings.setdefault(name, {"kind": kind})["value"] = value


def renamed(template: dict[str, Any], part: str) -> None:
    """Give all resources whose logical id has a part other logical ids."""
    found = template["Resources"]
    template["Resources"] = {
        logical_id.replace(part, f"{part}s"): body for logical_id, body in found.items()
    }


# ------------------------------------------------------------------------- table of changes


def unchanged(templates: Templates) -> None:
    pass


def two_indexes(templates: Templates) -> None:
    table = orders(templates)
    for name in ("ByOne", "ByTwo"):
        table["GlobalSecondaryIndexes"].append({**by_name(table, "ByDay"), "IndexName": name})


def index_renamed(templates: Templates) -> None:
    by_name(orders(templates), "ByDay")["IndexName"] = "PerDay"


def index_renamed_with_its_reader(templates: Templates) -> None:
    index_renamed(templates)
    role = resource(templates[SERVICE], "AWS::IAM::Role", "ApiRole")
    role["Properties"] = json.loads(json.dumps(role["Properties"]).replace("ByDay", "PerDay"))


def index_with_its_reader(templates: Templates) -> None:
    """Add a new pattern of the writer: its role, and its code, which has another digest."""
    table = orders(templates)
    table["GlobalSecondaryIndexes"].append({**by_name(table, "ByDay"), "IndexName": "ByOne"})
    granted(templates, "Api", "ByDay", "Write", "ByOne")
    writer = resource(templates[SERVICE], "AWS::Lambda::Function", "Write")["Properties"]
    writer["Code"]["S3Key"] = "other.zip"


def index_with_a_grant(templates: Templates) -> None:
    index_with_its_reader(templates)
    writer = resource(templates[SERVICE], "AWS::Lambda::Function", "Write")["Properties"]
    api = resource(templates[SERVICE], "AWS::Lambda::Function", "Api")["Properties"]
    writer["Code"] = api["Code"]  # as it was: nothing is bundled, and both have one digest


def granted(templates: Templates, owner: str, like: str, to: str, index: str) -> None:
    """Let a function read an index as another function reads one."""
    roles = [
        resource(templates[SERVICE], "AWS::IAM::Role", f"{name}Role")["Properties"]
        for name in (owner, to)
    ]
    given, taken = (role["Policies"][0]["PolicyDocument"]["Statement"] for role in roles)
    (found,) = (text for each in given if f"/index/{like}" in (text := json.dumps(each)))
    taken.append(json.loads(found.replace(f"/index/{like}", f"/index/{index}")))


def projection(templates: Templates) -> None:
    by_name(orders(templates), "ByState")["Projection"]["NonKeyAttributes"].append("city")


def index_key(templates: Templates) -> None:
    by_name(orders(templates), "ByDay")["KeySchema"].pop()


def table_key(templates: Templates) -> None:
    orders(templates)["KeySchema"].pop()


def table_renamed(templates: Templates) -> None:
    orders(templates)["TableName"] = "CustomerOrder"
    renamed(templates[DATA], "CustomerOrdersTable")


def physical(templates: Templates) -> None:
    orders(templates)["TableName"] = "orders-of-customers"


def view(templates: Templates) -> None:
    orders(templates)["StreamSpecification"]["StreamViewType"] = "NEW_IMAGE"


def shards(templates: Templates) -> None:
    templates[DATA]["Metadata"][METADATA]["tables"]["CustomerOrders"]["shards"]["state"] = 1


def retention(templates: Templates) -> None:
    templates[DATA]["Metadata"][METADATA]["tables"]["CustomerOrders"]["days"] = 7


def logs(templates: Templates) -> None:
    resource(templates[SERVICE], "AWS::Logs::LogGroup")["Properties"]["RetentionInDays"] = 7


def insights(templates: Templates) -> None:
    orders(templates)["Replicas"][0]["ContributorInsightsSpecification"] = {"Enabled": False}


def ceiling(templates: Templates) -> None:
    for body in templates[DATA]["Resources"].values():
        if body["Type"] == "AWS::CloudWatch::Alarm":
            body["Properties"]["Threshold"] *= 10_000


def phase(templates: Templates) -> None:
    setting(templates, "phase", 1)


def own_key(templates: Templates) -> None:
    arn = "arn:aws:kms:us-east-1:111111111111:key/1"
    orders(templates)["Replicas"][0]["SSESpecification"] = {"KMSMasterKeyId": arn}


def unprotected(templates: Templates) -> None:
    orders(templates)["Replicas"][0]["DeletionProtectionEnabled"] = False


def destroyed(templates: Templates) -> None:
    table = resource(templates[DATA], "AWS::DynamoDB::GlobalTable")
    table["DeletionPolicy"] = table["UpdateReplacePolicy"] = "Delete"


def recovery(templates: Templates) -> None:
    recovered = orders(templates)["Replicas"][0]["PointInTimeRecoverySpecification"]
    recovered["RecoveryPeriodInDays"] = 1


def stream_function_renamed(templates: Templates) -> None:
    renamed(templates[SERVICE], "OrderStream")


def expiry(templates: Templates) -> None:
    orders(templates)["TimeToLiveSpecification"]["AttributeName"] = "expires"


def table_left_out(templates: Templates) -> None:
    found = templates[DATA]["Resources"]
    templates[DATA]["Resources"] = {
        logical_id: body
        for logical_id, body in found.items()
        if not logical_id.startswith("SeenOrders")
    }


def template_of_a_key(templates: Templates) -> None:
    kinds = templates[DATA]["Metadata"][METADATA]["tables"]["LendingLibrary"]["kinds"]
    kinds["Loan"]["keys"]["SK"] = "LOAN#{title}"


def tag(templates: Templates) -> None:
    kinds = templates[DATA]["Metadata"][METADATA]["tables"]["LendingLibrary"]["kinds"]
    kinds["Loan"]["tag"] = "BORROWED"


@pytest.mark.parametrize(
    ("edit", "verdict", "path"),
    [
        (unchanged, "harmless", ""),
        (two_indexes, "waves", "GlobalSecondaryIndexes"),
        (index_renamed, "refused", "GlobalSecondaryIndexes.ByDay"),
        (index_renamed_with_its_reader, "waves", "GlobalSecondaryIndexes"),
        (index_with_its_reader, "waves", "GlobalSecondaryIndexes.ByOne"),
        (index_with_a_grant, "harmless", "GlobalSecondaryIndexes.ByOne"),
        (projection, "refused", "ByState.Projection"),
        (index_key, "refused", "ByDay.KeySchema"),
        (table_key, "refused", "KeySchema"),
        (table_renamed, "refused", "CustomerOrdersTable61EF8899"),
        (physical, "refused", "TableName"),
        (view, "refused", "StreamViewType"),
        (shards, "refused", "tables.CustomerOrders.shards.state"),
        (retention, "refused", "tables.CustomerOrders.days"),
        (logs, "refused", "RetentionInDays"),
        (insights, "harmless", "ContributorInsightsSpecification"),
        (ceiling, "harmless", "Threshold"),
        (phase, "refused", "settings.phase"),
        (own_key, "harmless", "KMSMasterKeyId"),
        (unprotected, "refused", "DeletionProtectionEnabled"),
        (destroyed, "refused", "DeletionPolicy"),
        (recovery, "refused", "PointInTimeRecoverySpecification"),
        (stream_function_renamed, "refused", "OrderStreamStreamFailures35A584E7"),
        (expiry, "waves", "TimeToLiveSpecification.AttributeName"),
        (table_left_out, "refused", "SeenOrdersTableC75ED163"),
        (template_of_a_key, "refused", "tables.LendingLibrary.kinds.Loan.keys"),
        (tag, "refused", "tables.LendingLibrary.kinds.Loan.tag"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_change_of_a_system_is_judged(
    assembly: list[Stack], edit: Callable[[Templates], None], verdict: str, path: str
) -> None:
    plan = judged(assembly, edit)
    assert plan.verdict.word == verdict, plan.tables
    worst = [f for t in plan.tables for f in t.findings if f.verdict == plan.verdict]
    assert not path or any(found.path.endswith(path) for found in worst)


def test_termination_protection_that_ends_is_refused(assembly: list[Stack]) -> None:
    after = [Stack(stack.name, stack.template) for stack in assembly]
    plan = judge(assembly, after)
    assert plan.verdict.word == "refused"
    assert plan.tables[-1].findings[0].path == f"{SERVICE}.TerminationProtection"


def test_templates_of_others_are_not_judged_by_what_is_beside_their_tables() -> None:
    group: Any = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 365}}
    old: Any = {"Resources": {"Log": group, "Queue": {"Type": "AWS::SQS::Queue"}}}
    assert judge([Stack("", old)], [Stack("", {"Resources": {}})]).verdict.word == "harmless"


def test_a_setting_says_what_it_decides_unless_a_table_tells_it() -> None:
    told = stored(MOVING, MovingSettings(phase=2))
    assert told["settings"] == {"phase": {"kind": "phase", "value": 2}}
    assert told["tables"]["CustomerOrders"]["shards"] == {"state": 4}
    assert told["tables"]["CustomerOrders"]["days"] == 30


@pytest.mark.parametrize(
    ("becomes", "verdict"), [("float32", "harmless"), ("int8", "refused"), ("float16", "refused")]
)
def test_another_codec_of_vectors_is_refused(becomes: str, verdict: str) -> None:
    before, after = (
        [Stack("data", {"Metadata": {METADATA: declared(codec)}, "Resources": {}})]
        for codec in ("float32", becomes)
    )
    assert judge(before, after).verdict.word == verdict


def declared(codec: str) -> Any:
    """Return what a template says of a system whose vectors have a codec."""
    setting = {"kind": "codec", "value": codec}
    return {"system": "shop", "settings": {"vector_codec": setting}, "tables": {}}
