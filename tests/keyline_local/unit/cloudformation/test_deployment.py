from __future__ import annotations

import copy
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import (
    aws_apigatewayv2,
    aws_apigatewayv2_authorizers,
    aws_apigatewayv2_integrations,
    aws_cloudwatch,
    aws_dynamodb,
    aws_events,
    aws_events_targets,
    aws_iam,
    aws_lambda,
    aws_lambda_event_sources,
    aws_logs,
    aws_s3,
    aws_secretsmanager,
    aws_sns,
    aws_sns_subscriptions,
    aws_sqs,
    aws_ssm,
)

from keyline_deploy.bundling import SOURCES
from keyline_local.cloudformation.assembly import read_assembly
from keyline_local.cloudformation.deployment import resolve_deployment
from keyline_local.cloudformation.refusals import RefusedError
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.ports import Ports, endpoints
from keyline_local.resources import Deployment, Holds, Input, Target, TargetKind
from tests.keyline_local.local_assembly import ENDPOINTS, deployment, table, write_assembly

TABLE_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Messages-local"
pytestmark = pytest.mark.xdist_group("cdk")

QUEUE_URL = "http://127.0.0.1:1002/000000000000/failed"


def synthesize(path: Path) -> Path:
    """Synthesize an app that uses every resource type a system may use."""
    app = cdk.App(outdir=str(path / "cdk.out"), analytics_reporting=False)
    here = cdk.Environment(account="000000000000", region="us-east-1")
    data = cdk.Stack(app, "Data", env=here)
    service = cdk.Stack(app, "Service", env=here)
    string, number = aws_dynamodb.AttributeType.STRING, aws_dynamodb.AttributeType.NUMBER
    messages = aws_dynamodb.TableV2(
        data,
        "Messages",
        table_name="Messages-local",
        partition_key=aws_dynamodb.Attribute(name="id", type=string),
        sort_key=aws_dynamodb.Attribute(name="at", type=number),
        time_to_live_attribute="ttl",
        dynamo_stream=aws_dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        global_secondary_indexes=[
            aws_dynamodb.GlobalSecondaryIndexPropsV2(
                index_name="ByModule",
                partition_key=aws_dynamodb.Attribute(name="module", type=number),
                projection_type=aws_dynamodb.ProjectionType.INCLUDE,
                non_key_attributes=["text"],
            )
        ],
    )
    old = aws_dynamodb.Table(
        data, "Old", partition_key=aws_dynamodb.Attribute(name="id", type=string)
    )
    secret = aws_secretsmanager.Secret(data, "Secret")
    parameter = aws_ssm.StringParameter(data, "Parameter", string_value="hello")
    failed = aws_sqs.Queue(service, "Failed", queue_name="failed", enforce_ssl=True)
    topic = aws_sns.Topic(service, "Topic", topic_name="alerts", enforce_ssl=True)
    topic.add_subscription(aws_sns_subscriptions.SqsSubscription(failed))
    aws_s3.Bucket(service, "Bucket", versioned=True, enforce_ssl=True)
    (path / "code").mkdir()
    (path / "code" / "app.py").write_text("def handler(event, context):\n    return event\n")
    (path / "layer").mkdir()
    (path / "layer" / "x.txt").write_text("x")
    function = aws_lambda.Function(
        service,
        "Function",
        function_name="reader",
        runtime=aws_lambda.Runtime.PYTHON_3_13,
        handler="app.handler",
        code=aws_lambda.Code.from_asset(str(path / "code")),
        layers=[
            aws_lambda.LayerVersion(
                service, "Layer", code=aws_lambda.Code.from_asset(str(path / "layer"))
            )
        ],
        timeout=cdk.Duration.seconds(7),
        memory_size=256,
        reserved_concurrent_executions=3,
        environment={
            "TABLE": messages.table_name,
            "OLD": old.table_name,
            "QUEUE": failed.queue_url,
            "SECRET_ARN": secret.secret_arn,
            "SECRET": secret.secret_value.unsafe_unwrap(),
            "PARAMETER": parameter.string_value,
            "ISSUER": "http://127.0.0.1:4599/path",
        },
    )
    function.node.default_child.add_metadata(SOURCES, ["lambda_src/orders"])  # type: ignore[union-attr]  # jsii types a child as IConstruct
    messages.grant(function, "dynamodb:GetItem")
    function.role.attach_inline_policy(  # type: ignore[union-attr]  # a new function has a role
        aws_iam.Policy(
            service,
            "Deny",
            statements=[
                aws_iam.PolicyStatement(
                    effect=aws_iam.Effect.DENY, actions=["dynamodb:Scan"], resources=["*"]
                )
            ],
        )
    )
    function.add_event_source(
        aws_lambda_event_sources.DynamoEventSource(
            messages,
            starting_position=aws_lambda.StartingPosition.TRIM_HORIZON,
            filters=[aws_lambda.FilterCriteria.filter({"eventName": ["INSERT"]})],
            batch_size=10,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=3,
            max_record_age=cdk.Duration.hours(1),
            max_batching_window=cdk.Duration.seconds(1),
            on_failure=aws_lambda_event_sources.SqsDlq(failed),
        )
    )
    api = aws_apigatewayv2.HttpApi(
        service,
        "Api",
        cors_preflight=aws_apigatewayv2.CorsPreflightOptions(allow_origins=["http://localhost"]),
    )
    integration = aws_apigatewayv2_integrations.HttpLambdaIntegration("Reader", function)
    api.add_routes(
        path="/items/{id}",
        methods=[aws_apigatewayv2.HttpMethod.GET],
        integration=integration,
        authorizer=aws_apigatewayv2_authorizers.HttpJwtAuthorizer(
            "Tokens", "http://127.0.0.1:4599", jwt_audience=["us"]
        ),
        authorization_scopes=["read"],
    )
    live = aws_lambda.Alias(service, "Live", alias_name="live", version=function.current_version)
    aws_events.Rule(
        service,
        "Hourly",
        schedule=aws_events.Schedule.rate(cdk.Duration.hours(1)),
        targets=[
            aws_events_targets.LambdaFunction(
                live, event=aws_events.RuleTargetInput.from_object({"a": 1})
            )
        ],
    )
    aws_cloudwatch.Alarm(
        service,
        "Alarm",
        metric=messages.metric_consumed_read_capacity_units(),
        threshold=1,
        evaluation_periods=1,
    )
    aws_logs.LogGroup(service, "Logs")
    cdk.CfnOutput(service, "Url", value=str(api.url))
    return Path(app.synth().directory)


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, Path]:
    path = tmp_path_factory.mktemp("app")
    found = resolve_deployment(
        read_assembly(synthesize(path)),
        endpoints(
            Ports(api=1001, aws=1002, cache=1003, issuer=1004, engine=1005),
            apis=[1001],
            declared=Ports(issuer=4599),
        ),
        root=path,
    )
    return found, path


def test_what_cdk_synthesizes_is_resolved_whole(synthesized: tuple[Deployment, Path]) -> None:
    found, path = synthesized
    messages, old = found.tables
    assert messages.arn == TABLE_ARN
    assert messages.ttl_attribute == "ttl"
    assert messages.create["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    (by_module,) = messages.create["GlobalSecondaryIndexes"]
    assert by_module["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text"]}
    assert old.create["BillingMode"] == "PROVISIONED"
    (secret,) = found.secrets
    (function,) = found.functions
    assert function.environment == {
        "TABLE": "Messages-local",
        "OLD": old.name,
        "QUEUE": QUEUE_URL,
        "SECRET_ARN": secret.arn,
        "SECRET": secret.value,
        "PARAMETER": "hello",
        "ISSUER": "http://127.0.0.1:1004/path",
    }
    assert (function.timeout, function.memory, function.concurrency) == (7.0, 256, 3)
    assert (function.code / "app.py").is_file()
    assert [layer.name.startswith("asset.") for layer in function.layers] == [True]
    assert function.sources == [path / "lambda_src" / "orders"]
    assert [bucket.versioned for bucket in found.buckets] == [True]
    (topic,) = found.topics
    assert [s.endpoint for s in topic.subscriptions] == [found.queues[0].arn]
    assert [p.value for p in found.parameters] == ["hello"]


def test_permissions_are_those_of_the_functions_role(
    synthesized: tuple[Deployment, Path],
) -> None:
    found, _ = synthesized
    granted = {
        (s.effect, action, resource)
        for s in found.functions[0].statements
        for action in s.actions
        for resource in s.resources
    }
    assert ("Allow", "dynamodb:GetItem", TABLE_ARN) in granted
    assert ("Deny", "dynamodb:Scan", "*") in granted
    assert ("Allow", "logs:PutLogEvents", "*") in granted
    assert ("Allow", "dynamodb:Query", TABLE_ARN) not in granted


def test_triggers_name_their_function(synthesized: tuple[Deployment, Path]) -> None:
    found, _ = synthesized
    (api,) = found.apis
    (route,) = api.routes
    assert (route.key, route.function, route.scopes) == ("GET /items/{id}", "reader", ["read"])
    assert route.authorizer is not None
    assert route.authorizer.issuer == "http://127.0.0.1:1004"
    assert api.cors is not None
    assert found.outputs["Service.Url"] == "http://127.0.0.1:1001/"
    (schedule,) = found.schedules
    assert schedule.expression == "rate(1 hour)"
    assert schedule.targets == [
        Target(kind=TargetKind.FUNCTION, address="reader", input=Input(constant='{"a":1}'))
    ]
    (mapping,) = found.mappings
    assert (mapping.table, mapping.function) == ("Messages-local", "reader")
    assert (mapping.max_attempts, mapping.max_age, mapping.batch_size) == (3, 3600, 10)
    assert (mapping.bisect, mapping.partial_batch, mapping.window) == (True, True, 1.0)
    assert mapping.filters == [{"eventName": ["INSERT"]}]
    assert mapping.on_failure == QUEUE_URL


def test_what_means_nothing_on_one_machine_is_named(synthesized: tuple[Deployment, Path]) -> None:
    found, _ = synthesized
    assert set(found.skipped) == {
        "AWS::CloudWatch::Alarm",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
    assert all(found.skipped.values())


FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"S3Bucket": "assets", "S3Key": "code.zip"},
        "Handler": "app.handler",
        "Runtime": "python3.13",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    },
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
MAPPING = {
    "Type": "AWS::Lambda::EventSourceMapping",
    "Properties": {
        "EventSourceArn": {"Fn::GetAtt": ["T", "StreamArn"]},
        "FunctionName": {"Ref": "F"},
        "StartingPosition": "LATEST",
    },
}


def resources(**more: Any) -> dict[str, Any]:
    streamed = table("Messages-local", StreamSpecification={"StreamViewType": "NEW_IMAGE"})
    return copy.deepcopy({"T": streamed, "Role": ROLE, "F": FUNCTION, "M": MAPPING, **more})


def changed(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**resource, "Properties": {**resource["Properties"], **properties}}


def read(path: Path, **more: Any) -> Deployment:
    (path / "out" / "asset.code").mkdir(parents=True)
    return deployment(
        path / "out", {"Data": {"Resources": resources(**more)}}, assets={"code.zip": "asset.code"}
    )


def test_defaults_are_those_of_the_services(tmp_path: Path) -> None:
    found = read(tmp_path)
    (function,), (mapping,) = found.functions, found.mappings
    assert (function.name, function.timeout, function.memory) == ("Data-F", 3.0, 128)
    assert function.concurrency is None
    assert (mapping.batch_size, mapping.window, mapping.parallelization) == (100, 0.0, 1)
    assert (mapping.max_attempts, mapping.max_age, mapping.on_failure) == (None, None, None)


def test_minus_one_means_no_limit(tmp_path: Path) -> None:
    limits = {"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1}
    (mapping,) = read(tmp_path, M=changed(MAPPING, **limits)).mappings
    assert (mapping.max_attempts, mapping.max_age) == (None, None)


def test_no_retry_is_not_no_limit(tmp_path: Path) -> None:
    (mapping,) = read(tmp_path, M=changed(MAPPING, MaximumRetryAttempts=0)).mappings
    assert mapping.max_attempts == 0


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), (False, False)])
def test_a_flag_may_be_text_as_a_parameter_is(
    tmp_path: Path, value: str | bool, expected: bool
) -> None:
    mapping = changed(MAPPING, BisectBatchOnFunctionError=value, Enabled=value)
    ttl = {"AttributeName": "ttl", "Enabled": value}
    streamed = table(
        "Messages-local",
        StreamSpecification={"StreamViewType": "NEW_IMAGE"},
        TimeToLiveSpecification=ttl,
        Replicas=[{"Region": "us-east-1", "DeletionProtectionEnabled": value}],
    )
    found = read(tmp_path, M=mapping, T=streamed)
    (made,), (taken,) = found.tables, found.mappings
    assert (taken.bisect, taken.enabled) == (expected, expected)
    assert made.ttl_attribute == ("ttl" if expected else None)
    assert made.create["DeletionProtectionEnabled"] is expected


def test_what_is_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match="Data/Resources/M/Properties/Enabled: 'yes'"):
        read(tmp_path, M=changed(MAPPING, Enabled="yes"))


def test_numbers_and_variables_may_be_of_either_form(tmp_path: Path) -> None:
    limits = {"MaximumRetryAttempts": "-1", "MaximumRecordAgeInSeconds": "60", "BatchSize": "7"}
    function = changed(
        FUNCTION,
        ReservedConcurrentExecutions="3",
        Environment={"Variables": {"FLAG": True, "SIZE": 5}},
    )
    found = read(tmp_path, M=changed(MAPPING, **limits), F=function)
    (mapping,), (made,) = found.mappings, found.functions
    assert (mapping.max_attempts, mapping.max_age, mapping.batch_size) == (None, 60, 7)
    assert made.concurrency == 3
    assert made.environment == {"FLAG": "true", "SIZE": "5"}


def test_an_unsupported_type_is_named_with_stack_and_logical_id(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError) as caught:
        read(tmp_path, Machine={"Type": "AWS::EC2::Instance"})
    for part in ("AWS::EC2::Instance", "Machine", "Data"):
        assert part in caught.value.message
    assert caught.value.suggestion


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"F": changed(FUNCTION, FileSystemConfigs=[])}, "FileSystemConfigs of AWS::Lambda::"),
        ({"F": changed(FUNCTION, Code={"ImageUri": "x"})}, "not an asset of the assembly"),
        ({"F": changed(FUNCTION, PackageType="Image")}, "PackageType of AWS::Lambda::Function"),
        ({"F": changed(FUNCTION, Runtime="nodejs22.x")}, "runs Python, not 'nodejs22.x'"),
        ({"F": changed(FUNCTION, Runtime="provided.al2023")}, "runs Python, not 'provided"),
        (
            {"Role": changed(ROLE, PermissionsBoundary="arn:aws:iam::1:policy/x")},
            "PermissionsBoundary of AWS::IAM::Role",
        ),
        ({"F": changed(FUNCTION, Role="arn:aws:iam::1:role/x")}, "no stack defines the role"),
        ({"F": changed(FUNCTION, Layers=["arn:x"])}, "no stack defines the layer"),
        ({"T": table("Messages-local", Replicas=[{"Region": "eu-west-1"}])}, "replicas in other"),
        ({"T": table("Messages-local", BillingMode="PROVISIONED")}, "provisioned capacity"),
        (
            {"M": changed(MAPPING, EventSourceArn="arn:aws:sqs:us-east-1:000000000000:q")},
            "no stack defines the queue",
        ),
        ({"M": changed(MAPPING, FunctionName="other")}, "no stack defines the Lambda function"),
        (
            {"M": changed(MAPPING, FilterCriteria={"Filters": [{"Pattern": "{"}]})},
            "is not JSON",
        ),
        (
            {"R": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {}}}},
            "the pattern is not an object with a field",
        ),
        (
            {
                "Role": changed(
                    ROLE, ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]
                )
            },
            "AWS managed policy 'AdministratorAccess'",
        ),
        (
            {
                "P": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {
                        "Roles": [{"Ref": "Role"}],
                        "PolicyDocument": {
                            "Statement": [{"Effect": "Allow", "NotAction": "x", "Resource": "*"}]
                        },
                    },
                }
            },
            "NotAction",
        ),
    ],
)
def test_what_could_not_be_honoured_is_refused(
    tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalPlatformError) as caught:
        read(tmp_path, **more)
    assert message in caught.value.message
    assert caught.value.path.startswith("Data/Resources/")
    assert caught.value.suggestion


def test_all_that_is_refused_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        read(
            tmp_path,
            Machine={"Type": "AWS::EC2::Instance"},
            Pool={"Type": "AWS::Cognito::UserPool"},
            F=changed(
                FUNCTION, Runtime="nodejs22.x", Environment={"Variables": {"P": {"Ref": "Pool"}}}
            ),
            Node=changed(FUNCTION, Runtime="nodejs22.x"),
        )
    told = [(each.path.split("/")[2], each.message.split("(")[0]) for each in caught.value.refusals]
    # The mapping names F, which is refused: that says nothing new.
    assert told == [
        ("Machine", "the local platform cannot run resource type AWS::EC2::Instance "),
        ("Pool", "the local platform cannot run resource type AWS::Cognito::UserPool "),
        ("Node", "the local platform runs Python, not 'nodejs22.x'."),
    ]
    assert all(each.suggestion for each in caught.value.refusals)
    assert "2 more" in caught.value.message
    assert "--check" in caught.value.suggestion


def test_a_name_that_two_resources_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out" / "asset.code").mkdir(parents=True)
    one = {"Resources": {"T": table("users")}}
    with pytest.raises(
        LocalPlatformError, match="'users' of the table is also that of A/Resour"
    ) as e:
        deployment(tmp_path / "out", {"A": one, "B": one})
    assert "--stack B" in e.value.suggestion


def test_only_roles_of_functions_are_judged(tmp_path: Path) -> None:
    other = changed(
        ROLE,
        ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"],
        PermissionsBoundary="arn:aws:iam::1:policy/x",
    )
    assert read(tmp_path, Other=other).functions


def test_what_only_carries_out_a_custom_resource_that_is_skipped_is_left_out(
    tmp_path: Path,
) -> None:
    found = read(
        tmp_path,
        Provider=changed(FUNCTION, Runtime="nodejs22.x"),
        Retention={
            "Type": "Custom::LogRetention",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}},
        },
    )
    assert [function.logical_id for function in found.functions] == ["F"]
    assert found.skipped["Custom::LogRetention"] == ["Retention"]


def test_a_custom_resource_that_does_something_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalPlatformError, match="Custom::CDKBucketDeployment"):
        read(tmp_path, C={"Type": "Custom::CDKBucketDeployment", "Properties": {}})


def test_networks_and_keys_mean_nothing_here_and_may_be_named(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        Vpc={"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        Key={"Type": "AWS::KMS::Key"},
        F=changed(
            FUNCTION,
            VpcConfig={"SecurityGroupIds": [{"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}]},
            KmsKeyArn={"Fn::GetAtt": ["Key", "Arn"]},
        ),
    )
    assert {*found.skipped} == {"AWS::EC2::VPC", "AWS::KMS::Key"}


def test_inline_code_is_a_file_of_its_own(tmp_path: Path) -> None:
    (function,) = read(tmp_path, F=changed(FUNCTION, Code={"ZipFile": "x = 1"})).functions
    assert (function.code / "index.py").read_text() == "x = 1"


def test_a_zip_file_is_unpacked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with zipfile.ZipFile(out / "asset.zip", "w") as archive:
        archive.writestr("app.py", "x = 1")
    stacks = {"Data": {"Resources": resources()}}
    (function,) = deployment(out, stacks, assets={"code.zip": "asset.zip"}).functions
    assert (function.code / "app.py").read_text() == "x = 1"


def test_a_queue_may_be_an_event_source(tmp_path: Path) -> None:
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]},
            "FunctionName": {"Ref": "F"},
            "BatchSize": 5,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    }
    found = read(tmp_path, Q=QUEUE, Of=mapping)
    (made,) = found.queue_mappings
    assert (made.queue.name, made.function, made.batch_size) == ("q", "Data-F", 5)
    assert made.partial_batch
    with pytest.raises(LocalPlatformError, match="40 s, and AWS refuses the mapping"):
        read(tmp_path / "slow", Q=QUEUE, Of=mapping, F=changed(FUNCTION, Timeout=40))
    filters = {"Filters": [{"Pattern": "{}"}]}
    with pytest.raises(LocalPlatformError, match="filters of a queue's messages"):
        read(tmp_path / "filtered", Q=QUEUE, Of=changed(mapping, FilterCriteria=filters))


def test_a_topic_delivers_to_a_function_through_a_queue(tmp_path: Path) -> None:
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "Protocol": "lambda",
            "TopicArn": {"Ref": "Topic"},
            "Endpoint": {"Fn::GetAtt": ["F", "Arn"]},
        },
    }
    found = read(tmp_path, Topic={"Type": "AWS::SNS::Topic"}, S=subscription)
    ((taken,),) = [topic.subscriptions for topic in found.topics]
    (mapping,) = found.queue_mappings
    assert (taken.protocol, taken.endpoint) == ("sqs", mapping.queue.arn)
    assert mapping.queue in found.queues
    assert (mapping.holds, mapping.function) == (Holds.NOTIFICATIONS, "Data-F")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place in a JSON document below its top."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        yield (*path, key)
        if isinstance(member, dict | list):
            yield from places(member, (*path, key))


QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q", "DelaySeconds": 5}}
RULE = {
    "Type": "AWS::Events::Rule",
    "Properties": {
        "ScheduleExpression": "rate(1 day)",
        "Targets": [{"Id": "0", "Arn": {"Fn::GetAtt": ["F", "Arn"]}}],
    },
}
POLICY = {
    "Type": "AWS::IAM::Policy",
    "Properties": {
        "Roles": [{"Ref": "Role"}],
        "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "x", "Resource": "*"}]},
    },
}
WHOLE = resources(
    Q=QUEUE,
    R=RULE,
    P=POLICY,
    F=changed(
        FUNCTION,
        Timeout=5,
        MemorySize=256,
        Layers=[],
        ReservedConcurrentExecutions=5,
        Environment={"Variables": {"A": "b"}},
    ),
    M=changed(
        MAPPING,
        BatchSize=5,
        MaximumRetryAttempts=5,
        FilterCriteria={"Filters": [{"Pattern": "{}"}]},
        DestinationConfig={"OnFailure": {"Destination": {"Fn::GetAtt": ["Q", "Arn"]}}},
    ),
)


@pytest.mark.parametrize("odd", [None, [], {}, "text", 5, True, ["text"], [["text"]], {"a": "b"}])
def test_whatever_stands_in_place_of_a_part_is_taken_or_refused_with_its_resource(
    tmp_path: Path, odd: Any
) -> None:
    (tmp_path / "asset.code").mkdir()
    written = write_assembly(tmp_path, {"Data": {}}, assets={"code.zip": "asset.code"})
    assembly = read_assembly(written)
    for *above, last in places(WHOLE):
        changed_one = copy.deepcopy(WHOLE)
        part = changed_one
        for key in above:
            part = part[key]
        part[last] = odd
        stack = replace(assembly.stacks[0], template={"Resources": changed_one})
        try:
            resolve_deployment(replace(assembly, stacks=[stack]), ENDPOINTS, root=tmp_path)
        except LocalPlatformError as error:
            assert error.path.startswith("Data/Resources/")
            assert error.suggestion
