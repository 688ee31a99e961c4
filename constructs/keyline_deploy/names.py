"""Physical names: what a resource is called in an environment, known without a reference.

A name that follows from the declaration lets one stack speak of another's resources without
an export, which would lock both (docs/adr/0007-stacks.md).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from keyline.model import api_name, function_name, pascal, phase_parameter_name, stack_name

__all__ = [
    "alarm_topic_name",
    "api_name",
    "backup_name",
    "bucket_name",
    "budget_name",
    "cache_name",
    "cache_parameter",
    "canary_secret_name",
    "cursor_secret_name",
    "dashboard_name",
    "dax_name",
    "deploy_role_name",
    "execution_policy_name",
    "failure_queue_name",
    "function_name",
    "is_restored_name",
    "key_alias",
    "key_parameter",
    "overview_name",
    "pascal",
    "phase_parameter_name",
    "plan_role_name",
    "restored_name",
    "role_path",
    "stack_id",
    "stack_name",
    "table_id",
    "trouble_alarm_name",
]


_RESTORED = "%Y%m%dT%H%M%SZ"
_RESTORED_SUFFIX = re.compile(r"-r[0-9]{8}T[0-9]{6}Z(-[a-z0-9]{1,16})?")


def restored_name(name: str, moment: datetime, suffix: str = "") -> str:
    """Return the name of a table that is restored: `Orders-dev-r20260131T100000Z`.

    Parameters
    ----------
    name
        What the table's declaration makes, also where the source was restored itself.
    moment
        The time as of which it is restored.
    suffix
        A word that tells it from another table that was restored as of the same time.
    """
    stamp = moment.astimezone(UTC).strftime(_RESTORED)
    return f"{name}-r{stamp}" + (f"-{suffix}" if suffix else "")


def is_restored_name(name: str, candidate: str) -> bool:
    """Return whether a name is one that `restored_name` makes of a table's declared name."""
    rest = candidate.removeprefix(name)
    return rest != candidate and _RESTORED_SUFFIX.fullmatch(rest) is not None


def table_id(table: str, own: str, name: str) -> str:
    """Return the id of a table in its stack: `Orders`, `OrdersR20260131T100000Z` of a restored one.

    Parameters
    ----------
    table, own
        The table's declared name, and the deployed name that the declaration makes.
    name
        The name that it is deployed under.
    """
    return pascal(table) + pascal(name.removeprefix(own))


def role_path(environment: str) -> str:
    """Return the path of the roles that an environment's stacks make: `/keyline/dev/`.

    CloudFormation cuts the name of a long stack off in the names of its roles, and the environment
    at the end of it with that. A path is never cut.
    """
    return f"/keyline/{environment}/"


def plan_role_name(environment: str) -> str:
    """Return the name of the role with which a workflow plans: `KeylinePlan-dev`.

    No policy of a bootstrap speaks of such a name.
    """
    return f"KeylinePlan-{environment}"


def deploy_role_name(environment: str) -> str:
    """Return the name of the role with which a workflow deploys: `KeylineDeploy-dev`."""
    return f"KeylineDeploy-{environment}"


def execution_policy_name(environment: str) -> str:
    """Return the name of the policy of CloudFormation's role: `keyline-deployment-dev`."""
    return f"keyline-deployment-{environment}"


def stack_id(name: str) -> str:
    """Return a stack's id in the app, its name in PascalCase: `ChatDataDev`."""
    return pascal(name)


def alarm_topic_name(environment: str) -> str:
    """Return the name of the topic that all alarms of an environment notify."""
    return f"keyline-alarms-{environment}"


def canary_secret_name(environment: str) -> str:
    """Return the name of the secret with which the canary of an environment gets its tokens."""
    return f"keyline/canary/{environment}"


def cursor_secret_name(system: str, environment: str) -> str:
    """Return the name of the secret that signs a system's cursors."""
    return f"keyline/{system}/{environment}/cursor"


def budget_name(environment: str) -> str:
    """Return the name of an environment's budget for DynamoDB."""
    return f"keyline-dynamodb-{environment}"


def cache_name(environment: str) -> str:
    """Return the name of the cache that functions share, which is also its user's name."""
    return f"keyline-{environment}"


def cache_parameter(environment: str, what: str) -> str:
    """Return the name of the SSM parameter that tells a deployment where the cache is.

    Parameters
    ----------
    what
        `address`, `dax`, `security-group`, or `subnet-<zone>`.
    """
    return f"/keyline/{environment}/cache/{what}"


def dax_name(environment: str) -> str:
    """Return the name of an environment's DAX cluster. DAX takes 20 characters."""
    return f"kl-{environment}"


def backup_name(environment: str) -> str:
    """Return the name of an environment's vault, plan and selection of AWS Backup."""
    return f"keyline-{environment}"


def dashboard_name(system: str, environment: str) -> str:
    """Return the name of a system's CloudWatch dashboard: `orders-dev`."""
    return f"{system}-{environment}"


def overview_name(environment: str) -> str:
    """Return the name of the dashboard of all systems of an environment: `keyline-overview-dev`."""
    return f"keyline-overview-{environment}"


def trouble_alarm_name(system: str, environment: str, part: str) -> str:
    """Return the name of the alarm that joins others of a system: `orders-dev-tables`."""
    return f"{system}-{environment}-{part}"


def bucket_name(name: str, environment: str, account: str) -> str:
    """Return a bucket's name, which no other account's may be: `k9-similarity-dev-<account>`."""
    return f"{name}-{environment}-{account}"


def key_alias(environment: str) -> str:
    """Return the alias of the KMS key that is made for an environment."""
    return f"alias/keyline-{environment}"


def key_parameter(environment: str) -> str:
    """Return the name of the SSM parameter that tells a deployment the ARN of that key."""
    return f"/keyline/{environment}/key/arn"


def failure_queue_name(system: str, function: str, environment: str) -> str:
    """Return the name of the queue that keeps what a stream consumer could not process."""
    return f"{system}-{function}-{environment}-failed"
