"""The reports system's data: its tables, and the bucket of similarity matrices."""

from __future__ import annotations

from constructs import Construct

from keyline.model import System
from keyline_cdk.environment import Environment
from keyline_cdk.names import bucket_name
from keyline_cdk.private_bucket import PrivateBucket
from stacks.data_stack import DataStack

SIMILARITY = "k9-similarity"
"""The bucket, by the name that it has before environment and account."""

_OLD_VERSIONS = 1  # day: enough to look at a wrong one; a matrix is written again every few minutes


class ReportsDataStack(DataStack):
    """Keeps, besides the tables, the matrices that are made of all vectors of a model."""

    def __init__(self, scope: Construct, *, system: System, environment: Environment) -> None:
        super().__init__(scope, system=system, environment=environment)
        PrivateBucket(
            self,
            "Similarity",
            name=bucket_name(SIMILARITY, environment.name, self.account),
            old_versions=_OLD_VERSIONS,
            environment=environment,
        )
