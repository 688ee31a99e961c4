"""The base of every stack of the app."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from keyline_cdk.alarm import RUNBOOKS_URL
from keyline_deploy.environment import Environment
from keyline_deploy.names import stack_id, stack_name


def stack_tags(owner: str, environment: Environment) -> dict[str, str]:
    """Return the tags of a stack; CloudFormation puts them on its resources."""
    return {**environment.tags, "environment": environment.name, "system": owner}


class KeylineStack(cdk.Stack):
    """A stack with the project's naming, tags and protection.

    Parameters
    ----------
    owner
        The system it belongs to, or `account`.
    part
        `data`, `service`, or empty.
    synthesizer
        Who deploys it; by default the roles of the CDK's bootstrap.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        owner: str,
        part: str,
        environment: Environment,
        why: str,
        synthesizer: cdk.IStackSynthesizer | None = None,
    ) -> None:
        name = stack_name(owner, part, environment.name)
        super().__init__(
            scope,
            stack_id(name),
            stack_name=name,
            description=why,
            env=cdk.Environment(account=environment.account, region=environment.region),
            tags=stack_tags(owner, environment),
            termination_protection=environment.termination_protection,
            synthesizer=synthesizer,
        )
        if environment.alarms.runbooks_url:
            self.node.set_context(RUNBOOKS_URL, environment.alarms.runbooks_url)
