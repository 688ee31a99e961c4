"""Requests that new code gets a share of at first, moved by CodeDeploy."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from keyline_cdk.acknowledge import acknowledge
from keyline_deploy.environment import Environment
from keyline_deploy.names import role_path

ALIAS = "live"

_CONFIGURATIONS = {
    "10%-10-minutes": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_10_MINUTES,
    "10%-15-minutes": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_15_MINUTES,
    "10%-30-minutes": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_30_MINUTES,
}


class CanaryTraffic(Construct):
    """An alias of a function, whose versions CodeDeploy moves requests between.

    Parameters
    ----------
    canary
        The share and the time, as an environment's file has them.
    alarms
        If one goes off meanwhile, all requests go back to the old version.

    Attributes
    ----------
    alias
        What is called in the function's place.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        function: lambda_.Function,
        canary: str,
        environment: Environment,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, id)
        self.alias = lambda_.Alias(
            self, "Alias", alias_name=ALIAS, version=function.current_version
        )
        role = iam.Role(
            self,
            "Role",
            path=role_path(environment.name),
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            description="Lets CodeDeploy move requests between versions of a function.",
        )
        codedeploy.LambdaDeploymentGroup(
            self,
            "Group",
            alias=self.alias,
            role=role,
            deployment_config=_CONFIGURATIONS[canary],
            alarms=[*alarms],
        )
        acknowledge(
            role,
            {
                "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AWSCodeDeployRoleForLambdaLimited]": "AWS keeps the policy to what CodeDeploy"
                " needs to move requests of functions.",
            },
        )
