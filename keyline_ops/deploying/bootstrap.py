"""The CDK's bootstrap stack, which an account and region need once before a deployment.

CloudFormation gets the rights of `keyline_deploy.execution_rights`, and not AdministratorAccess.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from keyline_deploy.environment import Environment
from keyline_deploy.execution_rights import execution_policy
from keyline_deploy.names import execution_policy_name
from keyline_ops.aws import aws_client
from keyline_ops.deployed import caller_identity, translated
from keyline_ops.deploying.cdk import Cdk
from keyline_ops.synth import assembly_folder, up_to_date

Tell = Callable[[str], None]

_MOST_VERSIONS = 5
"""How many versions a policy keeps. Source: IAM user guide, "IAM and AWS STS quotas"."""


class Bootstrap:
    """The bootstrap of an account and region for an environment.

    Attributes
    ----------
    policy
        The document of the policy that CloudFormation's role is given.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._iam = aws_client("iam", environment.region)
        self._account, self._partition = caller_identity(environment)
        self.policy = execution_policy(
            self._account,
            environment.name,
            self._partition,
            environment.roles.permissions_boundary,
        )

    @property
    def name(self) -> str:
        """The name of the policy."""
        return execution_policy_name(self._environment.name)

    @property
    def arn(self) -> str:
        """The ARN of the policy."""
        return f"arn:{self._partition}:iam::{self._account}:policy/{self.name}"

    def carry_out(self, cdk: Cdk, tell: Tell) -> None:
        """Make the policy, or bring it up to date, and bootstrap the account and region.

        Raises
        ------
        KeylineError
            If AWS refuses, or the CDK ends with an error.
        """
        with translated(f"policy {self.name}"):
            made = self._bring_up_to_date()
        tell(f"policy {self.arn}: {'brought up to date' if made else 'is up to date'}")
        cdk.bootstrap(f"aws://{self._account}/{self._environment.region}", self.arn)

    def deploy_pipeline(self, cdk: Cdk, tell: Tell) -> None:
        """Deploy the roles of the environment's workflows, if its file names a repository.

        The roles are deployed with the rights of the caller. CloudFormation's role may not change
        them.

        Raises
        ------
        KeylineError
            If the stack is not synthesized or not deployed.
        """
        github = self._environment.github
        if github is None:
            return
        name = self._environment.name
        folder = assembly_folder(f"{name}-pipeline")
        cdk.deploy(up_to_date(name, folder, ("part=pipeline",)), ())
        tell(f"workflows of {github.repository} may plan and deploy {name}")

    def _bring_up_to_date(self) -> bool:
        document = json.dumps(self.policy)
        try:
            found = self._iam.get_policy(PolicyArn=self.arn)["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            self._iam.create_policy(PolicyName=self.name, PolicyDocument=document)
            return True
        version = self._iam.get_policy_version(
            PolicyArn=self.arn, VersionId=found["DefaultVersionId"]
        )
        if version["PolicyVersion"]["Document"] == self.policy:
            return False
        self._make_room()
        self._iam.create_policy_version(
            PolicyArn=self.arn, PolicyDocument=document, SetAsDefault=True
        )
        return True

    def _make_room(self) -> None:
        versions: list[Any] = self._iam.list_policy_versions(PolicyArn=self.arn)["Versions"]
        others = [each for each in versions if not each["IsDefaultVersion"]]
        if len(versions) >= _MOST_VERSIONS:
            oldest = min(others, key=lambda each: each["CreateDate"])
            self._iam.delete_policy_version(PolicyArn=self.arn, VersionId=oldest["VersionId"])
