"""Synth fails when a template breaks a rule of ours, or one of cdk-nag's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

from keyline_cdk.acknowledge import acknowledge
from keyline_cdk.data_table import DataTable
from keyline_cdk.validation import add_checks
from tests.support.sample.books import BOOKS
from tests.support.templates import FULL, WEAK, new_app

Build = Callable[[cdk.Stack], object]


def violations(build: Build, out: Path) -> set[tuple[str, str]]:
    """Synthesize a stack under an environment that protects; return (plugin, rule) violated."""
    app = new_app(out, checks=False)
    add_checks(app, FULL, [])
    build(cdk.Stack(app, "Sample"))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    return reported(out)


def reported(out: Path) -> set[tuple[str, str]]:
    """Return what the report of a synthesis holds: (plugin, rule) violated."""
    report = json.loads((out / "assembly" / "validation-report.json").read_text())
    return {
        (plugin["pluginName"], violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        if violation["severity"] == "error"
    }


def weak_table(stack: cdk.Stack) -> object:
    return DataTable(stack, "Data", table=BOOKS, environment=WEAK)


def bare_table(stack: cdk.Stack) -> object:
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    return dynamodb.TableV2(stack, "Bare", partition_key=key)


def scanning_role(stack: cdk.Stack) -> object:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    arn = "arn:aws:dynamodb:eu-west-1:222222222222:table/Books"
    role.add_to_policy(iam.PolicyStatement(actions=["dynamodb:Scan"], resources=[arn]))
    return role


def silent_alarm(stack: cdk.Stack) -> object:
    metric = cloudwatch.Metric(
        namespace="AWS/DynamoDB",
        metric_name="UserErrors",
        dimensions_map={"TableName": "Books"},
    )
    return cloudwatch.Alarm(stack, "Alarm", metric=metric, threshold=1, evaluation_periods=1)


@pytest.mark.parametrize(
    ("build", "rules"),
    [
        pytest.param(
            weak_table,
            {"table-encryption", "table-recovery", "table-deletion-protection", "table-removal"},
            marks=pytest.mark.requirement("X-03"),
        ),
        pytest.param(
            bare_table,
            {"table-encryption", "table-recovery", "table-deletion-protection"},
            marks=pytest.mark.requirement("X-03"),
        ),
        pytest.param(
            scanning_role, {"role-scan", "role-path"}, marks=pytest.mark.requirement("X-07")
        ),
        pytest.param(
            silent_alarm,
            {
                "alarm-action",
                "alarm-dimensions",
                "alarm-missing-data",
                "alarm-runbook",
                "alarm-target",
            },
            marks=pytest.mark.requirement("X-06"),
        ),
    ],
)
def test_our_rules_fail_the_synth(build: Build, rules: set[str], out: Path) -> None:
    assert violations(build, out) == {("keyline", rule) for rule in rules}


def test_cdk_nag_s_rules_fail_the_synth(out: Path) -> None:
    found = violations(lambda stack: sqs.Queue(stack, "Queue"), out)
    assert ("AwsSolutions", "AwsSolutions-SQS4") in found


LOG_GROUP = """
import sys
from pathlib import Path
import aws_cdk as cdk
from keyline_cdk.validation import add_checks
from tests.support.templates import FULL, new_app

app = new_app(Path(sys.argv[1]), checks=True)
add_checks(app, FULL, [])
properties = {"Description": "A group", "RetentionInDays": 17}
stack = cdk.Stack(app, "Sample")
cdk.CfnResource(stack, "Log", type="AWS::Logs::LogGroup", properties=properties)
app.synth()
"""


def test_the_cdk_s_own_rules_fail_the_synth(out: Path, root: Path) -> None:
    """In a process of its own: the CDK reads once whether it checks."""
    environ = {**os.environ, "CDK_VALIDATION": "true"}
    command = [sys.executable, "-c", LOG_GROUP, str(out)]
    ended = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "ValidationFailed" in ended.stderr
    assert {plugin for plugin, _ in reported(out)} == {"CloudFormation Validate"}


def test_a_finding_is_acknowledged_by_its_rule_alone(out: Path) -> None:
    def build(stack: cdk.Stack) -> None:
        acknowledge(sqs.Queue(stack, "Queue"), {"AwsSolutions-SQS3": "A queue for this test."})

    assert violations(build, out) == {("AwsSolutions", "AwsSolutions-SQS4")}


def test_what_is_right_synthesizes(out: Path) -> None:
    app = new_app(out, checks=True)
    add_checks(app, FULL, [])
    stack = cdk.Stack(app, "Sample", env=cdk.Environment(region=FULL.region))
    DataTable(stack, "Data", table=BOOKS, environment=FULL)
    assert [s.stack_name for s in app.synth().stacks] == ["Sample"]
