"""Test that what the conversions prepare, boto3's resource interface writes and reads unchanged."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from hypothesis import given, settings

from reports.database import DatabaseManager
from reports.repositories import ReportRepository
from tests.support.engine import where
from tests.systems.reports.on_engine import Reports
from tests.systems.reports.unit.examples import report
from tests.systems.reports.unit.plain_values import items, typed


def table(reports: Reports, name: str) -> Any:
    at = where(reports.endpoint)
    key, secret = at.get("credentials", (None, None))
    resource: Any = boto3.resource(
        "dynamodb",
        endpoint_url=at["endpoint_url"],
        region_name=at.get("region"),
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
    return resource.Table(f"{name}-{reports.environment}")


@pytest.mark.requirement("K-19", "K-20")
def test_an_item_of_every_type_comes_back_from_the_table(reports: Reports) -> None:
    users = table(reports, "k9-users")

    @settings(max_examples=50)
    @given(items)
    def come_back(item: dict[str, Any]) -> None:
        written = {**item, "user_id": "u"}
        users.put_item(Item=DatabaseManager.prepare_for_dynamodb(written))
        read = users.get_item(Key={"user_id": "u"}, ConsistentRead=True)["Item"]
        assert typed(DatabaseManager.convert_decimals(read)) == typed(written)

    come_back()


def test_a_report_that_boto3_wrote_is_one_that_the_repository_reads(reports: Reports) -> None:
    documents = table(reports, "k9-reports")
    written = report(favorites={"p-1"}, date="2026-01-31")
    documents.put_item(Item=DatabaseManager.prepare_for_dynamodb(written))
    assert ReportRepository(reports.store).get_report(written.id, "ada") == written
