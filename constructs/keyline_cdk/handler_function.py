"""A Lambda function whose role is exactly what its declaration says it uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
import msgspec
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from keyline.model import MAX_VARIABLES, Function, System, deployment
from keyline_cdk.acknowledge import acknowledge
from keyline_cdk.cache_access import (
    cache_statements,
    cache_url,
    dax_statements,
    dax_url,
    vpc_config,
)
from keyline_cdk.cursor_secret import cursor_secret_reference
from keyline_cdk.level_one import level_one
from keyline_cdk.log_group import log_group
from keyline_deploy.bundling import SOURCES, Bundle
from keyline_deploy.environment import CACHE_URL, Environment, EnvironmentFileError
from keyline_deploy.names import function_name, role_path
from keyline_deploy.project import ROOT

KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What DynamoDB does with a customer's key in the name of who reads and writes."""


class HandlerFunction(Construct):
    """A function of a system, python3.13 on arm64, with its own log group and role.

    The role has one statement for each table and index, with the very actions its patterns need
    there. The role may also write its function's log, and may trace and use a KMS key where the
    environment asks for them.

    Parameters
    ----------
    bundle
        The code, as `keyline_deploy.bundling` puts it together.

    Attributes
    ----------
    entry
        What an API calls: the function, or an alias of it (`keyline_cdk.canary_traffic`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        system: System,
        function: Function,
        environment: Environment,
        bundle: Bundle,
    ) -> None:
        super().__init__(scope, id)
        self.declared = function
        self.name = function_name(system.name, function.name, environment.name)
        self.log_group = log_group(
            self, "Log", name=f"/aws/lambda/{self.name}", environment=environment
        )
        self._policy = iam.PolicyDocument(
            statements=[
                *data_statements(system, function, environment, cdk.Stack.of(self)),
                *key_statements(function, environment),
                *cache_statements(function, environment, cdk.Stack.of(self)),
                *dax_statements(function, environment, cdk.Stack.of(self)),
                _log_statement(self.log_group),
            ]
        )
        self.role = self._build_role(environment)
        self.resource = self._build_function(system, environment, bundle)
        self.entry: lambda_.IFunction = self.resource

    def allow(
        self,
        actions: Sequence[str],
        resource: str,
        conditions: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Add a permission beyond tables: for how the function is entered, or what else it calls.

        Parameters
        ----------
        conditions
            Operator, then key, to value: `{"StringEquals": {"kms:ViaService": "..."}}`.
        """
        self._policy.add_statements(
            iam.PolicyStatement(
                actions=[*actions], resources=[resource], conditions=dict(conditions or {})
            )
        )

    def _build_role(self, environment: Environment) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            path=role_path(environment.name),
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"Exactly what {self.name} uses.",
            inline_policies={"Access": self._policy},
        )
        if environment.functions.tracing:
            self.allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
            acknowledge(
                role,
                {"AwsSolutions-IAM5[Resource::*]": "X-Ray's actions know no resources."},
            )
        return role

    def _build_function(
        self, system: System, environment: Environment, bundle: Bundle
    ) -> lambda_.Function:
        declared = self.declared
        resource = lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            description=declared.why,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=declared.handler,
            code=lambda_.Code.from_asset(
                str(bundle.path), asset_hash=bundle.digest, asset_hash_type=cdk.AssetHashType.CUSTOM
            ),
            # an environment may give all functions more memory, and CPU with it
            memory_size=max(declared.memory, environment.functions.memory),
            timeout=cdk.Duration.seconds(declared.timeout),
            reserved_concurrent_executions=declared.concurrency,
            tracing=lambda_.Tracing.ACTIVE
            if environment.functions.tracing
            else lambda_.Tracing.DISABLED,
            log_group=self.log_group,
            # constructs that are given the function cannot widen its role
            role=self.role.without_policy_updates(),
            environment=variables(system, declared, environment),
        )
        acknowledge(
            resource,
            {"AwsSolutions-L1": "Handlers are bundled, typed and tested for python3.13."},
        )
        inside = vpc_config(declared, environment)
        if inside:
            level_one(resource, lambda_.CfnFunction).vpc_config = inside
            acknowledge(
                self.role,
                {"AwsSolutions-IAM5[Resource::*]": "Network interfaces have no names in advance."},
            )
        sources = [source.relative_to(ROOT).as_posix() for source in bundle.sources]
        level_one(resource, lambda_.CfnFunction).add_metadata(SOURCES, sources)
        return resource


def variables(system: System, function: Function, environment: Environment) -> dict[str, str]:
    """Return a function's environment variables, with the environment's settings.

    Raises
    ------
    EnvironmentFileError
        If they are more than Lambda takes.
    """
    settings = _with_cache(system, function, environment)
    tables = environment.restored_tables(system)
    size = deployment.variables_size(system, function, settings, tables)
    if size > MAX_VARIABLES:
        raise EnvironmentFileError(
            f"{environment.name}.toml: systems.{system.name}",
            f"the environment variables of {function.name} have {size:,} bytes; Lambda takes"
            f" {MAX_VARIABLES:,}.",
            "Shorten the settings, which are most of it.",
        )
    return deployment.variables(
        system,
        function,
        environment.name,
        settings,
        cursor_secret=cursor_secret_reference(system, environment),
        measure_sizes=environment.is_local,
        spans=environment.functions.spans,
        tables=tables,
        dax=dax_url(function, environment),
    )


def _with_cache(system: System, function: Function, environment: Environment) -> msgspec.Struct:
    """Return the settings of a system, with the address of the shared cache if it is used."""
    settings = environment.settings(system.name, system.settings)
    if not (environment.cache and function.caches):
        return settings
    if getattr(settings, CACHE_URL):
        raise EnvironmentFileError(
            f"{environment.name}.toml: systems.{system.name}.{CACHE_URL}",
            "the environment has a cache of its own, whose address is not known yet.",
            "Leave it out, or leave [cache] out.",
        )
    return msgspec.structs.replace(settings, **{CACHE_URL: cache_url(environment)})


def data_statements(
    system: System, function: Function, environment: Environment, stack: cdk.Stack
) -> list[iam.PolicyStatement]:
    """Return one statement for each table and index that a function's patterns touch.

    The ARNs are put together from the declared names: a reference would be an export, which
    locks both stacks.
    """
    actions: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for access in function.access:
        actions[access.table, access.index].add(f"dynamodb:{access.action}")
    return [
        iam.PolicyStatement(
            actions=sorted(names),
            resources=[
                stack.format_arn(
                    service="dynamodb",
                    resource="table",
                    resource_name=environment.table_name(system.name, system.table(table))
                    + (f"/index/{index}" if index else ""),
                )
            ],
        )
        for (table, index), names in sorted(actions.items())
    ]


def key_statements(function: Function, environment: Environment) -> list[iam.PolicyStatement]:
    """Return the use of the customer's key, through DynamoDB only, if tables are encrypted by one.

    DynamoDB uses such a key in the caller's name. The actions are those of the DynamoDB developer
    guide, "Using AWS KMS with DynamoDB", without the grant that only creating a table needs.
    """
    arn = environment.key_arn
    if arn is None or not (function.access or function.source):
        return []
    via = {"kms:ViaService": f"dynamodb.{environment.region}.amazonaws.com"}
    return [
        iam.PolicyStatement(
            actions=list(KEY_ACTIONS), resources=[arn], conditions={"StringEquals": via}
        )
    ]


def _log_statement(group: logs.ILogGroup) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[group.log_group_arn]
    )
