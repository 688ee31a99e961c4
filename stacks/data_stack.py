"""The stack that a system must not lose: its tables, their alarms, its cursor secret."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from keyline.model import System, Table, deployment
from keyline_cdk.alarm_topic import alarm_topic
from keyline_cdk.cursor_secret import CursorSecret
from keyline_cdk.data_table import DataTable
from keyline_cdk.expired_archive import ExpiredArchive
from keyline_cdk.level_one import level_one
from keyline_cdk.table_alarms import TableAlarms
from keyline_cdk.trouble_alarm import TroubleAlarm
from keyline_deploy.environment import Environment
from keyline_deploy.names import pascal, table_id, trouble_alarm_name
from keyline_deploy.stored import METADATA, stored
from stacks.base import KeylineStack, stack_tags


class DataStack(KeylineStack):
    """The stateful part of a system.

    A system that keeps more than tables has a stack of its own, which overrides `extend`.

    Attributes
    ----------
    tables
        The tables by their declared names.
    """

    def __init__(self, scope: Construct, *, system: System, environment: Environment) -> None:
        super().__init__(
            scope,
            owner=system.name,
            part="data",
            environment=environment,
            why=f"Tables of {system.name}.",
        )
        settings = environment.settings(system.name, system.settings)
        self.add_metadata(METADATA, stored(system, settings))
        self._system = system
        self._environment = environment
        topic = alarm_topic(self, environment)
        tags = stack_tags(system.name, environment)
        self.tables: dict[str, DataTable] = {}
        trouble: list[cloudwatch.Alarm] = []
        for table in system.tables:
            made = [
                self._add_table(table, name, tags)
                for name in environment.table_names(system.name, table)
            ]
            self.tables[table.name] = made[0]
            read = any(f.source and f.source.table is table for f in system.functions)
            if read or table.name in environment.archive.get(system.name, ()):
                for spare in made[1:]:  # its readers move to the one that serves, or come from it
                    self.export_value(spare.stream_arn)
            alarms = TableAlarms(
                self,
                f"{pascal(table.name)}Alarms",
                system=system,
                table=table,
                environment=environment,
                topic=topic,
            )
            trouble += alarms.trouble
        TroubleAlarm(
            self,
            "Trouble",
            name=trouble_alarm_name(system.name, environment.name, "tables"),
            alarms=trouble,
            why=f"Tables of {system.name} throttle, fail, are slow, or transactions conflict.",
            topic=topic,
        )
        if any(deployment.signs_cursors(function) for function in system.functions):
            CursorSecret(self, "Cursor", system=system, environment=environment)
        archived = environment.archive.get(system.name, ())
        if archived:
            ExpiredArchive(
                self,
                "Archive",
                system=system,
                tables=[system.table(name) for name in archived],
                environment=environment,
            )
        self.extend()

    def _add_table(self, table: Table, name: str, tags: Mapping[str, str]) -> DataTable:
        """Add a table under a deployed name; the id of a restored one follows from its name."""
        own = table.physical_name(self._environment.name)
        id = table_id(table.name, own, name)
        made = DataTable(self, id, table=table, environment=self._environment, name=name, tags=tags)
        if name != own:
            level_one(made.resource, dynamodb.CfnGlobalTable).override_logical_id(id)
        return made

    def extend(self) -> None:
        """Add what the declaration does not say: a system's own stack overrides it."""
