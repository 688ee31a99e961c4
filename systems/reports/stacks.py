"""The reports system's service: its tables by name, its bucket."""

from __future__ import annotations

from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.private_bucket import PrivateBucket, allow_objects, own_account
from keyline_deploy.names import bucket_name
from reports.matrix_location import BUCKET_VARIABLE, KEY_PREFIX
from reports.system import SIMILARITY
from reports.tables import EMBEDDINGS, REPORTS, USERS
from stacks.data_stack import DataStack
from stacks.service_stack import ServiceStack

MATRIX_BUCKET = "k9-similarity"
"""The bucket, by the name that it has before environment and account."""

_OLD_VERSIONS = 1  # day: enough to look at a wrong one; a matrix is written again every few minutes


class ReportsDataStack(DataStack):
    """Keeps the tables, and the matrices that are made of all vectors of a model."""

    def extend(self) -> None:
        """Add the bucket."""
        PrivateBucket(
            self,
            "Similarity",
            name=bucket_name(MATRIX_BUCKET, self._environment.name, self.account),
            old_versions=_OLD_VERSIONS,
            environment=self._environment,
        )


TABLE_VARIABLES = {
    "DYNAMODB_USERS_TABLE": USERS,
    "DYNAMODB_REPORTS_TABLE": REPORTS,
    "DYNAMODB_EMBEDDINGS_TABLE": EMBEDDINGS,
}
"""The environment variables that the specification gives the tables' names in."""


class ReportsServiceStack(ServiceStack):
    """Tells functions their tables' names, and lets the one that compares vectors keep matrices."""

    def extend(self) -> None:
        """Tell each function where its tables are, and let one of them use the bucket."""
        environment = self._environment
        for handler in self.functions.values():
            for variable, table in TABLE_VARIABLES.items():
                name = environment.table_name(self._system.name, table)
                handler.resource.add_environment(variable, name)
        self._let_keep_matrices(self.functions[SIMILARITY.name])

    def _let_keep_matrices(self, handler: HandlerFunction) -> None:
        bucket = bucket_name(MATRIX_BUCKET, self._environment.name, self.account)
        handler.resource.add_environment(BUCKET_VARIABLE, bucket)
        arn = allow_objects(
            handler,
            bucket,
            KEY_PREFIX,
            ["s3:GetObject", "s3:PutObject"],
            environment=self._environment,
            why="Keys name what went into a matrix.",
        )
        # without it, S3 answers 403 for a matrix that is not there, as for one that is kept back
        handler.allow(["s3:ListBucket"], arn, {"StringEquals": own_account(self)})


DATA = ReportsDataStack
SERVICE = ReportsServiceStack
