"""The bucket as the function that compares vectors reaches it, on one machine."""

from __future__ import annotations

import pytest

from tests.support.local_services import LocalServices

pytestmark = pytest.mark.xdist_group("services")

BUCKET = """
from botocore.exceptions import ClientError
s3 = create("s3")
bucket = os.environ["SIMILARITY_BUCKET"]
try:
    s3.get_object(Bucket=bucket, Key="matrices/m1")
except ClientError as error:
    missing = error.response["Error"]["Code"]
first = s3.put_object(Bucket=bucket, Key="matrices/m1", Body=b"one")["VersionId"]
second = s3.put_object(Bucket=bucket, Key="matrices/m1", Body=b"two")["VersionId"]
found = s3.get_object(Bucket=bucket, Key="matrices/m1")["Body"].read().decode()
before = s3.get_object(Bucket=bucket, Key="matrices/m1", VersionId=first)["Body"].read().decode()
print(json.dumps([missing, found, before, first != second]))
"""


@pytest.mark.requirement("K-37")
def test_the_similarity_function_keeps_objects_in_its_versioned_bucket(
    local_services: LocalServices,
) -> None:
    answer = local_services.ask("reports", "similarity", BUCKET)
    assert answer == ["NoSuchKey", "two", "one", True]
