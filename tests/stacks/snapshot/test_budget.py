"""The budget for DynamoDB, and who hears of it."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from msgspec.structs import replace

from keyline_deploy.environment import load
from stacks.account_stack import AccountStack
from tests.support.templates import Templates, only, resources

BUDGET = "AWS::Budgets::Budget"


def notifications(budget: dict[str, Any]) -> list[tuple[str, str, float]]:
    return [
        (found["NotificationType"], found["ThresholdType"], found["Threshold"])
        for found in (entry["Notification"] for entry in budget["NotificationsWithSubscribers"])
    ]


@pytest.mark.requirement("K-69")
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_dynamodb_has_a_monthly_budget_and_its_percentages_are_told(
    environment: str, templates: Templates
) -> None:
    budget = only(templates(environment)[f"account-{environment}"], BUDGET)
    wanted = load(environment).budget
    assert wanted is not None
    assert budget["Budget"] == {
        "BudgetName": f"keyline-dynamodb-{environment}",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": wanted.monthly_usd, "Unit": "USD"},
        "CostFilters": {"Service": ["Amazon DynamoDB"]},
    }
    assert notifications(budget)[:6] == [
        (kind, "PERCENTAGE", percent)
        for kind in ("ACTUAL", "FORECASTED")
        for percent in (50, 80, 100)
    ]
    assert len(budget["NotificationsWithSubscribers"]) <= 10


@pytest.mark.requirement("K-69", "T-70")
def test_prod_is_told_at_50_100_and_500_dollars(templates: Templates) -> None:
    budget = only(templates("prod")["account-prod"], BUDGET)
    assert notifications(budget)[6:] == [
        ("ACTUAL", "ABSOLUTE_VALUE", 50),
        ("ACTUAL", "ABSOLUTE_VALUE", 100),
    ]
    assert ("ACTUAL", "PERCENTAGE", 100) in notifications(budget)
    assert budget["Budget"]["BudgetLimit"]["Amount"] == 500


@pytest.mark.requirement("K-69")
def test_the_alarm_topic_is_told_and_lets_budgets_publish(templates: Templates) -> None:
    template = templates("prod")["account-prod"]
    (topic,) = resources(template, "AWS::SNS::Topic")
    for entry in only(template, BUDGET)["NotificationsWithSubscribers"]:
        assert entry["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": topic}}]
    (statement,) = (
        statement
        for statement in only(template, "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "budgets.amazonaws.com"}
    )
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")
    own = {"aws:SourceAccount": load("prod").account}
    assert statement["Condition"] == {"StringEquals": own}
    (policy,) = resources(template, "AWS::SNS::TopicPolicy")
    (budget,) = (r for r in template["Resources"].values() if r["Type"] == BUDGET)
    assert policy in budget["DependsOn"]


def test_one_machine_has_no_bill(templates: Templates) -> None:
    assert resources(templates("local")["account-local"], BUDGET) == {}


def test_what_is_not_usual_is_told_where_an_environment_asks_for_it(
    templates: Templates,
) -> None:
    assert not resources(templates("prod")["account-prod"], "AWS::CE::AnomalyMonitor")
    prod = load("prod")
    assert prod.budget is not None
    budget = replace(prod.budget, anomaly_usd=20)
    app = cdk.App()
    AccountStack(app, systems=[], environment=replace(prod, budget=budget))
    template = app.synth().get_stack_by_name("account-prod").template
    monitor = only(template, "AWS::CE::AnomalyMonitor")
    assert json.loads(monitor["MonitorSpecification"]) == {
        "Tags": {"Key": "environment", "Values": ["prod"]}
    }
    told = only(template, "AWS::CE::AnomalySubscription")
    (topic,) = resources(template, "AWS::SNS::Topic")
    assert told["Subscribers"] == [{"Type": "SNS", "Address": {"Ref": topic}}]
    assert json.loads(told["ThresholdExpression"])["Dimensions"]["Values"] == ["20"]
    publishers = [
        statement["Principal"]
        for statement in only(template, "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
        if statement["Action"] == "sns:Publish" and statement["Effect"] == "Allow"
    ]
    assert {"Service": "costalerts.amazonaws.com"} in publishers
