"""What a system must not lose: its tables, with their alarms, and its cursor secret."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from keyline.model import System, deployment
from keyline_cdk.alarm_topic import alarm_topic
from keyline_cdk.cursor_secret import CursorSecret
from keyline_cdk.data_table import DataTable
from keyline_cdk.table_alarms import TableAlarms
from keyline_cdk.trouble_alarm import TroubleAlarm
from keyline_deploy.environment import Environment
from keyline_deploy.names import pascal, trouble_alarm_name
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
            id = pascal(table.name)
            self.tables[table.name] = DataTable(
                self, id, table=table, environment=environment, tags=tags
            )
            alarms = TableAlarms(
                self,
                f"{id}Alarms",
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
        self.extend()

    def extend(self) -> None:
        """Add what the declaration does not say: a system's own stack overrides it."""
