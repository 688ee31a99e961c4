"""The secret that a system's cursors are signed with."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from keyline.model import System, deployment
from keyline_cdk.acknowledge import acknowledge
from keyline_deploy.environment import Environment
from keyline_deploy.names import cursor_secret_name


class CursorSecret(Construct):
    """A generated secret of a system in an environment; no person or file ever holds it."""

    def __init__(
        self, scope: Construct, id: str, *, system: System, environment: Environment
    ) -> None:
        super().__init__(scope, id)
        self.resource = secretsmanager.Secret(
            self,
            "Secret",
            secret_name=cursor_secret_name(system.name, environment.name),
            description=f"Signs the cursors of {system.name} in {environment.name}.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=deployment.SECRET_LENGTH, exclude_punctuation=True
            ),
            # losing it only makes clients begin a list again
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.resource,
            {
                "AwsSolutions-SMG4": "It is read when a function is deployed: rotating it means a "
                "deployment, and makes clients begin their lists again."
            },
        )


def cursor_secret_reference(system: System, environment: Environment) -> str:
    """Return the dynamic reference by which a function is given the secret's value."""
    name = cursor_secret_name(system.name, environment.name)
    return cdk.SecretValue.secrets_manager(name).unsafe_unwrap()
