"""A DAX cluster, which answers reads of items from memory, in the network of the cache."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_dax as dax
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from keyline_deploy.environment import Accelerator, Environment
from keyline_deploy.names import dax_name, role_path

PORT = 9111
"""Of a cluster that speaks TLS; 8111 is that of one that does not."""

READS = ("dynamodb:DescribeTable", "dynamodb:GetItem")
"""What DAX does in the name of its role: it asks for a table's key, and gets items."""


class DaxCluster(Construct):
    """The cluster with its subnets, its parameters, its security group and its role.

    DAX reads in the name of its role and not of its caller: a caller that may read through the
    cluster reads all tables of the role. So the role has actions only on the tables given.

    Parameters
    ----------
    tables
        The deployed names of the tables whose items functions read through it.
    functions
        The security group of these functions.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        environment: Environment,
        accelerator: Accelerator,
        tables: Iterable[str],
        vpc: ec2.IVpc,
        functions: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(scope, id)
        name = dax_name(environment.name)
        group = ec2.SecurityGroup(
            self, "Group", vpc=vpc, description="The DAX cluster.", allow_all_outbound=False
        )
        group.add_ingress_rule(functions, ec2.Port.tcp(PORT), "Functions that read through it.")
        subnets = dax.CfnSubnetGroup(
            self, "Subnets", subnet_ids=[subnet.subnet_id for subnet in vpc.isolated_subnets]
        )
        milliseconds = str(accelerator.item_seconds * 1000)
        parameters = dax.CfnParameterGroup(
            self,
            "Parameters",
            parameter_name_values={
                "record-ttl-millis": milliseconds,
                "query-ttl-millis": milliseconds,  # no function may query through it
            },
        )
        self.role = _role(self, environment, tables)
        self.resource = dax.CfnCluster(
            self,
            "Cluster",
            cluster_name=name,
            description="Items that functions have read; each can be read again.",
            node_type=accelerator.node_type,
            replication_factor=accelerator.nodes,
            iam_role_arn=self.role.role_arn,
            cluster_endpoint_encryption_type="TLS",
            sse_specification=dax.CfnCluster.SSESpecificationProperty(sse_enabled=True),
            subnet_group_name=subnets.ref,
            parameter_group_name=parameters.ref,
            security_group_ids=[group.security_group_id],
        )


def _role(scope: Construct, environment: Environment, tables: Iterable[str]) -> iam.Role:
    stack = cdk.Stack.of(scope)
    statements = [
        iam.PolicyStatement(
            actions=list(READS),
            resources=[
                stack.format_arn(service="dynamodb", resource="table", resource_name=name)
                for name in sorted(tables)
            ],
        )
    ]
    if environment.key_arn:
        via = {"kms:ViaService": f"dynamodb.{environment.region}.amazonaws.com"}
        statements.append(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:DescribeKey"],
                resources=[environment.key_arn],
                conditions={"StringEquals": via},
            )
        )
    return iam.Role(
        scope,
        "Role",
        path=role_path(environment.name),
        assumed_by=iam.ServicePrincipal("dax.amazonaws.com"),
        description="Exactly what the DAX cluster reads.",
        inline_policies={"Access": iam.PolicyDocument(statements=statements)},
    )
