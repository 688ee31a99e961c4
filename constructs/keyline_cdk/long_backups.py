"""Backups of all tables of an environment by AWS Backup, for years where that is asked for."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from keyline_cdk.acknowledge import acknowledge
from keyline_cdk.data_key import customer_key
from keyline_cdk.removal import removal_policy
from keyline_deploy.environment import Backup, Environment
from keyline_deploy.names import backup_name, role_path

_AT = {"hour": "3", "minute": "0"}
_SCHEDULES = {
    "day": events.Schedule.cron(**_AT),
    "week": events.Schedule.cron(**_AT, week_day="SUN"),
    "month": events.Schedule.cron(**_AT, day="1"),
}
_POLICY = "service-role/AWSBackupServiceRolePolicyForBackup"


class LongBackups(Construct):
    """A vault, a plan, and the selection of the environment's tables by their tag `environment`.

    A table that was restored has the same tags, and is backed up from then on. The vault is kept
    where tables are kept: CloudFormation deletes none that holds backups.
    """

    def __init__(
        self, scope: Construct, id: str, *, wanted: Backup, environment: Environment
    ) -> None:
        super().__init__(scope, id)
        name = backup_name(environment.name)
        vault = backup.BackupVault(
            self,
            "Vault",
            backup_vault_name=name,
            encryption_key=customer_key(self, environment),
            removal_policy=removal_policy(environment),
        )
        plan = backup.BackupPlan(
            self,
            "Plan",
            backup_plan_name=name,
            backup_vault=vault,
            backup_plan_rules=[
                backup.BackupPlanRule(
                    rule_name=f"each-{wanted.every}",
                    schedule_expression=_SCHEDULES[wanted.every],
                    delete_after=cdk.Duration.days(wanted.keep_days),
                )
            ],
        )
        stack = cdk.Stack.of(self)
        tables = stack.format_arn(service="dynamodb", resource="table", resource_name="*")
        backup.CfnBackupSelection(
            self,
            "Tables",
            backup_plan_id=plan.backup_plan_id,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name=name,
                iam_role_arn=self._role(environment).role_arn,
                resources=[tables],
                conditions={
                    "StringEquals": [
                        {
                            "ConditionKey": "aws:ResourceTag/environment",
                            "ConditionValue": environment.name,
                        }
                    ]
                },
            ),
        )

    def _role(self, environment: Environment) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            path=role_path(environment.name),
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            description="What AWS Backup uses to back up tables.",
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
        )
        acknowledge(
            role,
            {
                f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_POLICY}]": "AWS"
                " keeps this policy in step with what its service AWS Backup does."
            },
        )
        return role
