"""Expired items kept in S3, where Athena reads them: the bucket with its tables, and the writers.

The bucket is in the data stack, because it is kept as tables are. A writer is in the service stack.
"""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline.archive import BUCKET_VARIABLE, TABLE_VARIABLE, columns
from keyline.model import System, Table
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.private_bucket import PrivateBucket, allow_objects
from keyline_cdk.stream_consumer import StreamConsumer
from keyline_deploy.archive_writer import writer_of
from keyline_deploy.bundling import Bundle
from keyline_deploy.environment import Environment
from keyline_deploy.names import bucket_name

_OLD_VERSIONS = 35
"""Days in which an object that somebody deleted can be brought back, as long as items of a table:
nothing else has the items that it holds."""
_FIRST_DAY = "2026-01-01"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_JSON = "org.openx.data.jsonserde.JsonSerDe"


def archive_name(system: System, environment: Environment) -> str:
    """Return the name of the database that Athena asks: `keyline_orders_dev`."""
    return f"keyline_{system.name}_{environment.name}"


def archive_bucket(system: System, environment: Environment, account: str) -> str:
    """Return the name of the bucket of a system's expired items."""
    words = system.name.replace("_", "-")
    return bucket_name(f"keyline-archive-{words}", environment.name, account)


class ExpiredArchive(Construct):
    """The bucket, and a table of Athena for each table whose expired items it holds.

    The days of a table are partitions that Athena works out by itself, so nothing has to crawl.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        system: System,
        tables: Sequence[Table],
        environment: Environment,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        bucket = archive_bucket(system, environment, stack.account)
        PrivateBucket(
            self, "Items", name=bucket, old_versions=_OLD_VERSIONS, environment=environment
        )
        name = archive_name(system, environment)
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=stack.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=name, description=f"Expired items of {system.name}."
            ),
        )
        for table in tables:
            made = self._table(table, f"s3://{bucket}/table={table.name}/")
            made.catalog_id, made.database_name = stack.account, name
            made.add_resource_dependency(database)

    def _table(self, table: Table, place: str) -> glue.CfnTable:
        made = [
            glue.CfnTable.ColumnProperty(name=each.name, type=each.type) for each in columns(table)
        ]
        return glue.CfnTable(
            self,
            table.name,
            catalog_id="",
            database_name="",
            table_input=glue.CfnTable.TableInputProperty(
                name=table.name.lower().replace("-", "_"),
                table_type="EXTERNAL_TABLE",
                parameters={
                    "classification": "json",
                    "projection.enabled": "true",
                    "projection.day.type": "date",
                    "projection.day.format": "yyyy-MM-dd",
                    "projection.day.range": f"{_FIRST_DAY},NOW",
                    "storage.location.template": place + "day=${day}/",
                },
                partition_keys=[glue.CfnTable.ColumnProperty(name="day", type="string")],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=made,
                    location=place,
                    input_format=_TEXT_INPUT,
                    output_format=_TEXT_OUTPUT,
                    serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=_JSON),
                ),
            ),
        )


class ArchiveWriter(Construct):
    """The function that writes the expired items of a table, with its stream, queue and alarms."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        system: System,
        table: Table,
        environment: Environment,
        bundle: Bundle,
        stream_arn: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        function = writer_of(table)
        stack = cdk.Stack.of(self)
        self.handler = HandlerFunction(
            self,
            "Writer",
            system=system,
            function=function,
            environment=environment,
            bundle=bundle,
        )
        bucket = archive_bucket(system, environment, stack.account)
        self.handler.resource.add_environment(BUCKET_VARIABLE, bucket)
        self.handler.resource.add_environment(TABLE_VARIABLE, table.name)
        allow_objects(
            self.handler,
            bucket,
            f"table={table.name}/",
            ["s3:PutObject"],
            environment=environment,
            why="Keys name the records that are in an object.",
        )
        if function.source:
            StreamConsumer(
                self,
                "Stream",
                system=system,
                function=self.handler,
                source=function.source,
                stream_arn=stream_arn,
                environment=environment,
                topic=topic,
            )
