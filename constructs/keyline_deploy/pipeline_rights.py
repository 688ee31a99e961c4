"""The rights of the roles of GitHub's workflows, and the claims of the jobs that may be them.

There are two roles. The role that plans reads templates and describes tables. The role that deploys
may also be the two roles of the CDK's bootstrap that a deployment needs. Neither role reads an
item. Sources: AWS STS user guide, "Available keys for OIDC federation" (claims of GitHub); GitHub's
reference of OpenID Connect; `aws-cdk/lib/api/bootstrap/bootstrap-template.yaml` (roles). The
partition is `aws`: GitHub's tokens have another audience elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyline_deploy.environment import Environment, EnvironmentFileError, GitHub
from keyline_deploy.names import canary_secret_name

ISSUER = "token.actions.githubusercontent.com"
"""Who signs the tokens of GitHub's workflows."""
AUDIENCE = "sts.amazonaws.com"
BRANCH = "main"
"""The branch that is deployed."""
WORKFLOW = ".github/workflows/deploy-environment.yml"
"""The workflow whose jobs take on the roles."""

_QUALIFIER = "hnb659fds"  # of the CDK's bootstrap, unless somebody chose another
_BOOTSTRAP_ROLES = ("deploy", "file-publishing")

Statement = dict[str, Any]


def github_of(environment: Environment) -> GitHub:
    """Return the repository whose workflow deploys an environment.

    Raises
    ------
    EnvironmentFileError
        If the environment's file names none.
    """
    if environment.github is None:
        raise EnvironmentFileError(
            f"{environment.name}.toml: github",
            "is missing: no workflow may deploy this environment.",
            'Write [github] with repository = "<owner>/<name>" (docs/deploying.md).',
        )
    return environment.github


def role_arn(environment: Environment, name: str) -> str:
    """Return the ARN of a role in the account of an environment."""
    return f"arn:aws:iam::{environment.account}:role/{name}"


def provider_arn(environment: Environment) -> str:
    """Return the ARN of GitHub's provider in the account of an environment."""
    return f"arn:aws:iam::{environment.account}:oidc-provider/{ISSUER}"


# ---------------------------------------------------------------------------------- trust


def plan_claims(github: GitHub) -> dict[str, str]:
    """Return what the token of a job that plans says: no environment, so nobody is asked first."""
    return _claims(github, f"ref:refs/heads/{BRANCH}")


def deploy_claims(github: GitHub, environment: str) -> dict[str, str]:
    """Return what the token of a job that deploys says: it runs in GitHub's environment."""
    return {
        **_claims(github, f"environment:{environment}"),
        f"{ISSUER}:environment": environment,
    }


def _claims(github: GitHub, of_subject: str) -> dict[str, str]:
    branch = f"refs/heads/{BRANCH}"
    claims = {
        "aud": AUDIENCE,
        "sub": f"{github.subject_prefix}:{of_subject}",
        "repository": github.repository,
        "ref": branch,
        "job_workflow_ref": f"{github.repository}/{WORKFLOW}@{branch}",
    }
    return {f"{ISSUER}:{name}": value for name, value in claims.items()}


# --------------------------------------------------------------------------------- rights


def plan_statements(environment: Environment) -> Iterator[Statement]:
    """Yield what `keyline plan` and `keyline deploy --dry-run` call."""
    account, region = environment.account, environment.region
    yield {
        "Sid": "ReadStacks",
        "Effect": "Allow",
        "Action": [
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStacks",
            "cloudformation:GetTemplate",
            "cloudformation:ListStackResources",
        ],
        "Resource": stack_arns(environment),
    }
    yield {
        "Sid": "ReadVersionOfBootstrap",
        "Effect": "Allow",
        "Action": "ssm:GetParameter",
        "Resource": f"arn:aws:ssm:{region}:{account}:parameter/cdk-bootstrap/{_QUALIFIER}/version",
    }
    yield {
        "Sid": "DescribeTables",
        "Effect": "Allow",
        "Action": "dynamodb:DescribeTable",
        "Resource": table_arns(environment),
    }


def deploy_statements(environment: Environment) -> Iterator[Statement]:
    """Yield what `keyline deploy` calls in addition: roles of the bootstrap, policies."""
    account, region = environment.account, environment.region
    yield from plan_statements(environment)
    yield {
        "Sid": "SetPoliciesOfStacks",
        "Effect": "Allow",
        "Action": "cloudformation:SetStackPolicy",
        "Resource": stack_arns(environment),
    }
    yield {
        "Sid": "ReadCanary",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": f"arn:aws:secretsmanager:{region}:{account}"
        f":secret:{canary_secret_name(environment.name)}-??????",
    }
    yield {
        "Sid": "BeBootstrapRoles",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [
            f"arn:aws:iam::{account}:role/cdk-{_QUALIFIER}-{name}-role-{account}-{region}"
            for name in _BOOTSTRAP_ROLES
        ],
    }


def stack_arns(environment: Environment) -> str:
    """Return the ARN of the environment's stacks, whose names end with its name."""
    account, region = environment.account, environment.region
    return f"arn:aws:cloudformation:{region}:{account}:stack/*-{environment.name}/*"


def table_arns(environment: Environment) -> list[str]:
    """Return the ARNs of the environment's tables; names of restored ones go on with a time."""
    account, region = environment.account, environment.region
    start = f"arn:aws:dynamodb:{region}:{account}:table/*-{environment.name}"
    return [start, f"{start}-r*"]
