"""Properties of a resource that the platform honours, and those that mean nothing here.

A property in neither list is refused: behaviour that a template asks for is never
dropped without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyline_local.host.errors import LocalPlatformError


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


HONOURED: Mapping[str, frozenset[str]] = {
    "AWS::DynamoDB::GlobalTable": _words(
        "TableName KeySchema AttributeDefinitions BillingMode GlobalSecondaryIndexes "
        "LocalSecondaryIndexes StreamSpecification TimeToLiveSpecification Replicas"
    ),
    "AWS::DynamoDB::Table": _words(
        "TableName KeySchema AttributeDefinitions BillingMode ProvisionedThroughput "
        "GlobalSecondaryIndexes LocalSecondaryIndexes StreamSpecification TableClass "
        "TimeToLiveSpecification DeletionProtectionEnabled"
    ),
    "AWS::Lambda::Function": _words(
        "FunctionName Code Handler Runtime Environment Timeout MemorySize Role Layers "
        "ReservedConcurrentExecutions"
    ),
    "AWS::Lambda::EventInvokeConfig": _words("FunctionName MaximumRetryAttempts Qualifier"),
    "AWS::Lambda::EventSourceMapping": _words(
        "EventSourceArn FunctionName StartingPosition BatchSize MaximumBatchingWindowInSeconds "
        "FilterCriteria MaximumRetryAttempts MaximumRecordAgeInSeconds BisectBatchOnFunctionError "
        "FunctionResponseTypes DestinationConfig ParallelizationFactor Enabled"
    ),
    "AWS::ApiGatewayV2::Api": _words("Name ProtocolType CorsConfiguration RouteKey Target"),
    "AWS::Lambda::Url": _words("AuthType Cors InvokeMode TargetFunctionArn Qualifier"),
    "AWS::ApiGatewayV2::Stage": _words(
        "ApiId StageName AutoDeploy DefaultRouteSettings AccessLogSettings"
    ),
    "AWS::ApiGatewayV2::Route": _words(
        "ApiId RouteKey Target AuthorizationType AuthorizerId AuthorizationScopes"
    ),
    "AWS::ApiGatewayV2::Integration": _words(
        "ApiId IntegrationType IntegrationUri PayloadFormatVersion TimeoutInMillis "
        "IntegrationMethod IntegrationSubtype RequestParameters ConnectionType"
    ),
    "AWS::ApiGatewayV2::Authorizer": _words(
        "ApiId AuthorizerType IdentitySource JwtConfiguration Name"
    ),
    "AWS::IAM::Role": _words("RoleName Policies ManagedPolicyArns"),
    "AWS::ApiGateway::RestApi": _words("Name BinaryMediaTypes"),
    "AWS::ApiGateway::Resource": _words("ParentId PathPart RestApiId"),
    "AWS::ApiGateway::Method": _words(
        "ApiKeyRequired AuthorizationType HttpMethod Integration ResourceId RestApiId"
    ),
    "AWS::ApiGateway::Stage": _words("DeploymentId MethodSettings RestApiId StageName"),
    "AWS::Events::EventBus": _words("Name"),
    "AWS::Events::Rule": _words("Name EventBusName EventPattern ScheduleExpression State Targets"),
    "AWS::Scheduler::Schedule": _words(
        "Name GroupName ScheduleExpression ScheduleExpressionTimezone State Target"
    ),
    "AWS::SQS::Queue": _words(
        "QueueName ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue "
        "FifoThroughputLimit MaximumMessageSize MessageRetentionPeriod "
        "ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy VisibilityTimeout"
    ),
    "AWS::SNS::Topic": _words(
        "TopicName DisplayName FifoTopic ContentBasedDeduplication Subscription"
    ),
    "AWS::SNS::Subscription": _words(
        "TopicArn Protocol Endpoint FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy"
    ),
    "AWS::S3::Bucket": _words("BucketName NotificationConfiguration VersioningConfiguration"),
    "AWS::SecretsManager::Secret": _words("Name GenerateSecretString SecretString"),
    "AWS::SSM::Parameter": _words("Name Type Value"),
}

_EVERYWHERE = _words("Description Tags")
_MEANINGLESS: Mapping[str, frozenset[str]] = {
    "AWS::DynamoDB::GlobalTable": _words(
        "SSESpecification WriteOnDemandThroughputSettings WarmThroughput"
    ),
    "AWS::DynamoDB::Table": _words(
        "SSESpecification PointInTimeRecoverySpecification ContributorInsightsSpecification "
        "OnDemandThroughput WarmThroughput"
    ),
    "AWS::Lambda::Function": _words(
        "Architectures TracingConfig LoggingConfig KmsKeyArn EphemeralStorage SnapStart "
        "RuntimeManagementConfig RecursiveLoop VpcConfig"
    ),
    "AWS::Lambda::EventInvokeConfig": _words("MaximumEventAgeInSeconds"),
    "AWS::Lambda::EventSourceMapping": _words("MetricsConfig ScalingConfig"),
    "AWS::IAM::Role": _words("AssumeRolePolicyDocument MaxSessionDuration Path"),
    "AWS::ApiGateway::RestApi": _words(
        "ApiKeySourceType DisableExecuteApiEndpoint EndpointConfiguration MinimumCompressionSize"
    ),
    "AWS::ApiGateway::Method": _words("MethodResponses OperationName"),
    "AWS::ApiGateway::Stage": _words("AccessLogSetting ClientCertificateId TracingEnabled"),
    "AWS::ApiGatewayV2::Api": _words("CredentialsArn DisableExecuteApiEndpoint IpAddressType"),
    "AWS::ApiGatewayV2::Integration": _words("CredentialsArn"),
    "AWS::SQS::Queue": _words("KmsMasterKeyId KmsDataKeyReusePeriodSeconds SqsManagedSseEnabled"),
    "AWS::SNS::Topic": _words("KmsMasterKeyId TracingConfig"),
    "AWS::Events::EventBus": _words("KmsKeyIdentifier LogConfig Policy"),
    "AWS::Events::Rule": _words("RoleArn"),
    "AWS::Scheduler::Schedule": _words("FlexibleTimeWindow KmsKeyArn"),
    "AWS::S3::Bucket": _words(
        "AccessControl BucketEncryption PublicAccessBlockConfiguration OwnershipControls "
        "LifecycleConfiguration LoggingConfiguration"
    ),
    "AWS::SecretsManager::Secret": _words("KmsKeyId"),
    "AWS::SSM::Parameter": _words("AllowedPattern Tier"),
}


def check_properties(type_: str, properties: Mapping[str, Any], path: str) -> None:
    """Refuse properties of a realised resource type that the platform would have to ignore.

    Raises
    ------
    LocalPlatformError
        A property is neither honoured nor without meaning on one machine.
    """
    known = HONOURED[type_] | _MEANINGLESS.get(type_, _words("")) | _EVERYWHERE
    if unknown := sorted(set(properties) - known):
        raise LocalPlatformError(
            f"{path}/Properties/{unknown[0]}",
            f"the local platform does not support {', '.join(unknown)} of {type_}",
            "leave it out of the assembly that runs here, or run the app on an emulator of AWS",
        )
