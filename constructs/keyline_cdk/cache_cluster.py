"""ElastiCache Serverless for Valkey, in a network that has no way out but to AWS's services."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from keyline.errors import instead_of
from keyline.model import DeclarationError, Function, pascal
from keyline_cdk.acknowledge import acknowledge
from keyline_cdk.cache_access import PORT
from keyline_cdk.dax_cluster import DaxCluster
from keyline_deploy.environment import Accelerator, Environment, SharedCache
from keyline_deploy.names import cache_name, cache_parameter

GATEWAYS = {
    "dynamodb": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
    "s3": ec2.GatewayVpcEndpointAwsService.S3,
}
"""Services that are reached through a route, without cost: every such network has both."""

INTERFACES = (
    "bedrock-runtime",
    "events",
    "kms",
    "lambda",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
)
"""Services that are reached through an interface, by botocore's names, which cost by the hour."""

ACCESS = "on ~* -@all +@connection +get +set +del"
"""What the cache's user may do: the commands that `keyline.cache` sends."""


class CacheCluster(Construct):
    """The cache that functions share, its user, and the network of the functions.

    The network has no gateway to the internet and no NAT. The network reaches DynamoDB, S3, and
    those services that the functions declare. The cache's user authenticates by a token of IAM.

    Parameters
    ----------
    functions
        The functions that use the cache.
    accelerated
        The deployed names of the tables that some of them read through DAX.

    Raises
    ------
    DeclarationError
        If one of them calls a service that the network cannot be given a way to.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        environment: Environment,
        shared: SharedCache,
        functions: Iterable[Function],
        accelerated: Collection[str],
    ) -> None:
        super().__init__(scope, id)
        self._environment = environment
        zones = {zone: f"{environment.region}{zone}" for zone in shared.zones}
        self.vpc = ec2.Vpc(
            self,
            "Network",
            ip_addresses=ec2.IpAddresses.cidr(shared.network),
            availability_zones=list(zones.values()),
            nat_gateways=0,
            restrict_default_security_group=False,  # that takes a function of its own
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Functions", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED
                )
            ],
            gateway_endpoints={
                name: ec2.GatewayVpcEndpointOptions(service=service)
                for name, service in GATEWAYS.items()
            },
        )
        acknowledge(
            self.vpc, {"AwsSolutions-VPC7": "No packet enters or leaves but to AWS's services."}
        )
        self.functions = self._group("Functions", "Functions that use the cache.", outbound=True)
        self.resource = self._build_cache(shared)
        self._build_interfaces(functions)
        if shared.dax and accelerated:
            self._build_dax(shared.dax, accelerated)
        self._tell("address", self.resource.attr_endpoint_address)
        self._tell("security-group", self.functions.security_group_id)
        for zone, subnet in zip(zones, self.vpc.isolated_subnets, strict=True):
            self._tell(f"subnet-{zone}", subnet.subnet_id)

    def _build_cache(self, shared: SharedCache) -> elasticache.CfnServerlessCache:
        name = cache_name(self._environment.name)
        user = elasticache.CfnUser(
            self,
            "User",
            engine="valkey",
            user_id=name,
            user_name=name,  # a user of IAM has one name
            access_string=ACCESS,
            authentication_mode={"Type": "iam"},
        )
        users = elasticache.CfnUserGroup(
            self, "Users", engine="valkey", user_group_id=name, user_ids=[user.ref]
        )
        group = self._group("Cache", "The cache.")
        group.add_ingress_rule(self.functions, ec2.Port.tcp(PORT), "Functions that use the cache.")
        return elasticache.CfnServerlessCache(
            self,
            "Cache",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=name,
            description="Answers that functions share; each can be computed again.",
            security_group_ids=[group.security_group_id],
            subnet_ids=[subnet.subnet_id for subnet in self.vpc.isolated_subnets],
            user_group_id=users.ref,
            kms_key_id=self._environment.key_arn,
            cache_usage_limits=elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
                data_storage=elasticache.CfnServerlessCache.DataStorageProperty(
                    maximum=shared.max_gigabytes, unit="GB"
                ),
                ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(
                    maximum=shared.max_units_per_second
                ),
            ),
        )

    def _build_dax(self, accelerator: Accelerator, tables: Collection[str]) -> None:
        cluster = DaxCluster(
            self,
            "Dax",
            environment=self._environment,
            accelerator=accelerator,
            tables=tables,
            vpc=self.vpc,
            functions=self.functions,
        )
        self._tell("dax", cluster.resource.attr_cluster_discovery_endpoint_url)

    def _build_interfaces(self, functions: Iterable[Function]) -> None:
        called = sorted({(service, f.name) for f in functions for service in f.services})
        for service, function in called:
            if service not in (*INTERFACES, *GATEWAYS):
                raise DeclarationError(
                    f"{function}.services",
                    f"the network of the cache has no way to {service}.",
                    instead_of(service, (*INTERFACES, *GATEWAYS)),
                )
        wanted = sorted({service for service, _ in called} - GATEWAYS.keys())
        if not wanted:
            return
        group = self._group("Services", "Ways to AWS's services.")
        group.add_ingress_rule(self.functions, ec2.Port.tcp(443), "Functions that call them.")
        for service in wanted:
            self.vpc.add_interface_endpoint(
                pascal(service),
                service=ec2.InterfaceVpcEndpointAwsService(service),
                security_groups=[group],
                open=False,  # to the whole network: the group says who
            )

    def _group(self, id: str, why: str, *, outbound: bool = False) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            f"{id}Group",
            vpc=self.vpc,
            description=why,
            allow_all_outbound=outbound,  # the network itself leads nowhere else
        )

    def _tell(self, what: str, value: str) -> None:
        ssm.StringParameter(
            self,
            f"{pascal(what)}Parameter",
            parameter_name=cache_parameter(self._environment.name, what),
            description="Read when a function that uses the cache is deployed.",
            string_value=value,
        )
