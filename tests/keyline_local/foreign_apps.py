"""Apps as other teams write them: nothing of this project is in them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.keyline_local.local_assembly import write_assembly

VISITS = """
import os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    answer = table.update_item(
        Key={"id": event.get("page", "scheduled")},
        UpdateExpression="ADD visits :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return {"visits": int(answer["Attributes"]["visits"]), "stage": os.environ["STAGE"]}
"""
ORDERS = """
import json, os
import boto3

queue, topic, functions = (boto3.client(name) for name in ("sqs", "sns", "lambda"))
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def api(event, context):
    if event["httpMethod"] == "POST":
        queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=event["body"])
        return {"statusCode": 202, "body": json.dumps({"customer": event["pathParameters"]})}
    found = table.get_item(Key={"id": event["pathParameters"]["id"]}).get("Item")
    if found is None:
        return {"statusCode": 404, "body": "{}"}
    return {"statusCode": 200, "body": json.dumps({k: str(v) for k, v in found.items()})}


def consumer(event, context):
    failures = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        tries = int(record["attributes"]["ApproximateReceiveCount"])
        if order.get("bad_until", 0) >= tries:
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        table.put_item(Item={"id": order["id"], "tries": tries})
        topic.publish(TopicArn=os.environ["TOPIC"], Message=order["id"])
        functions.invoke(
            FunctionName=os.environ["AUDIT"], Payload=json.dumps({"order": order["id"]})
        )
    return {"batchItemFailures": failures}


def audit(event, context):
    table.put_item(Item={"id": "audited-" + event["order"]})


def told(event, context):
    for record in event["Records"]:
        table.put_item(Item={"id": "told-" + record["Sns"]["Message"]})
"""
NOTES = """
import json, os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def api(event, context):
    if event["requestContext"]["http"]["method"] == "PUT":
        table.put_item(Item={"id": event["pathParameters"]["id"], "text": event["body"]})
        return {"stored": True}
    return table.get_item(Key={"id": event["pathParameters"]["id"]}).get("Item", {})


def consumer(event, context):
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        if not image["id"]["S"].startswith("copy-"):
            table.put_item(Item={"id": "copy-" + image["id"]["S"], "text": image["text"]["S"]})
"""

EVENTS = """
import json, os
import boto3

s3, events = boto3.client("s3"), boto3.client("events")
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def upload(event, context):
    key = event["key"] if "key" in event else event["rawPath"][1:]
    s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=b"hello")


def uploaded(event, context):
    for record in event["Records"]:
        entry = {
            "Source": "files",
            "DetailType": "File uploaded",
            "Detail": json.dumps({"key": record["s3"]["object"]["key"]}),
            "EventBusName": os.environ["BUS"],
        }
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def note(event, context):
    table.put_item(Item={"id": event["note"]})


def queued(event, context):
    for record in event["Records"]:
        table.put_item(Item={"id": "queued " + json.loads(record["body"])["detail"]["key"]})
"""


def plain_template(folder: Path) -> Path:
    """Return a template as written by hand: parameters, inline code, a table, a rule, no CDK."""
    return write_assembly(folder / "plain", {"visits": _template()})


def _template() -> Mapping[str, Any]:
    role: dict[str, Any] = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "ManagedPolicyArns": [
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
        ],
        "Policies": [
            {
                "PolicyName": "write",
                "PolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "dynamodb:UpdateItem",
                        "Resource": {"Fn::GetAtt": ["Table", "Arn"]},
                    }
                },
            }
        ],
    }
    function: dict[str, Any] = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": VISITS},
        "Timeout": 20,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Environment": {"Variables": {"TABLE": {"Ref": "Table"}, "STAGE": {"Ref": "Stage"}}},
        "VpcConfig": {"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": []},
    }
    table: dict[str, Any] = {
        "TableName": "visits",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    }
    rule: dict[str, Any] = {
        "ScheduleExpression": "rate(1 day)",
        "Targets": [{"Id": "it", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}}],
    }
    return {
        "Parameters": {"Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]}},
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
            "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}}},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Daily": {"Type": "AWS::Events::Rule", "Properties": rule},
        },
        "Outputs": {"Name": {"Value": {"Ref": "Function"}}},
    }


def synthesized(folder: Path) -> tuple[Path, Path]:
    """Return two apps of the CDK: `orders_app` and `notes_app`."""
    return orders_app(folder), notes_app(folder)


def orders_app(folder: Path) -> Path:
    """Return an app of the CDK: a REST API with a queue and a topic."""
    return _app(folder, "orders", ORDERS, _orders)


def notes_app(folder: Path) -> Path:
    """Return an app of the CDK: an HTTP API with a stream. Its stack is in a stage."""
    return _app(folder, "notes", NOTES, _notes)


def _app(folder: Path, name: str, code: str, build: Callable[[Any, Path], None]) -> Path:
    import aws_cdk as cdk

    source = folder / f"{name} code"
    source.mkdir(parents=True)
    (source / f"{name}.py").write_text(textwrap.dedent(code))
    app = cdk.App(outdir=str(folder / name), analytics_reporting=False)
    build(app, source)
    app.synth()
    return folder / name


def _orders(app: Any, code: Path) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_apigateway, aws_dynamodb, aws_kms, aws_sns, aws_sns_subscriptions
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_lambda_event_sources as sources
    from aws_cdk import aws_sqs as sqs

    stack = cdk.Stack(app, "Orders")
    table = aws_dynamodb.Table(
        stack,
        "Table",
        partition_key=aws_dynamodb.Attribute(name="id", type=aws_dynamodb.AttributeType.STRING),
        encryption_key=aws_kms.Key(stack, "Key"),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    queue = sqs.Queue(
        stack,
        "Queue",
        visibility_timeout=cdk.Duration.seconds(6),
        dead_letter_queue=sqs.DeadLetterQueue(queue=sqs.Queue(stack, "Dead"), max_receive_count=9),
    )
    topic = aws_sns.Topic(stack, "Topic")
    variables = {
        "TABLE": table.table_name,
        "QUEUE": queue.queue_url,
        "TOPIC": topic.topic_arn,
    }

    def function(name: str) -> lambda_.Function:
        made = lambda_.Function(
            stack,
            name.title(),
            runtime=lambda_.Runtime.PYTHON_3_12,
            handler=f"orders.{name}",
            code=lambda_.Code.from_asset(str(code)),
            timeout=cdk.Duration.seconds(6),
            environment=variables,
        )
        table.grant_read_write_data(made)
        return made

    consumer, told, audit = function("consumer"), function("told"), function("audit")
    audit.grant_invoke(consumer)
    consumer.add_environment("AUDIT", audit.function_arn)
    consumer.add_event_source(
        sources.SqsEventSource(queue, batch_size=5, report_batch_item_failures=True)
    )
    topic.add_subscription(aws_sns_subscriptions.LambdaSubscription(told))
    api = aws_apigateway.RestApi(
        stack,
        "RestApi",
        default_cors_preflight_options=aws_apigateway.CorsOptions(allow_origins=["*"]),
    )
    order = api.root.add_resource("orders").add_resource("{id}")
    integration = aws_apigateway.LambdaIntegration(function("api"))
    for method in ("GET", "POST"):
        order.add_method(method, integration)


def _notes(app: Any, code: Path) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_apigatewayv2 as apis
    from aws_cdk import aws_dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_lambda_event_sources as sources
    from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration

    stack = cdk.Stack(cdk.Stage(app, "Test"), "Notes")
    table = aws_dynamodb.TableV2(
        stack,
        "Table",
        partition_key=aws_dynamodb.Attribute(name="id", type=aws_dynamodb.AttributeType.STRING),
        dynamo_stream=aws_dynamodb.StreamViewType.NEW_IMAGE,
    )
    made = {}
    for name in ("api", "consumer"):
        made[name] = lambda_.Function(
            stack,
            name.title(),
            runtime=lambda_.Runtime.PYTHON_3_12,
            handler=f"notes.{name}",
            code=lambda_.Code.from_asset(str(code)),
            timeout=cdk.Duration.seconds(20),
            environment={"TABLE": table.table_name},
        )
        table.grant_read_write_data(made[name])
    made["consumer"].add_event_source(
        sources.DynamoEventSource(table, starting_position=lambda_.StartingPosition.TRIM_HORIZON)
    )
    api = apis.HttpApi(stack, "Http")
    api.add_routes(
        path="/notes/{id}",
        methods=[apis.HttpMethod.GET, apis.HttpMethod.PUT],
        integration=HttpLambdaIntegration("Integration", made["api"]),
    )


def events_app(folder: Path) -> Path:
    """Return an app of the CDK: a bucket, an event bus with rules, and a schedule."""
    return _app(folder, "events", EVENTS, _events)


def _events(app: Any, code: Path) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_apigatewayv2 as apis
    from aws_cdk import aws_dynamodb, aws_events, aws_events_targets, aws_s3, aws_s3_notifications
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_lambda_event_sources as sources
    from aws_cdk import aws_scheduler as scheduler
    from aws_cdk import aws_scheduler_targets as scheduled
    from aws_cdk import aws_sqs as sqs
    from aws_cdk.aws_apigatewayv2_integrations import HttpSqsIntegration

    stack = cdk.Stack(app, "Events")
    table = aws_dynamodb.TableV2(
        stack,
        "Table",
        partition_key=aws_dynamodb.Attribute(name="id", type=aws_dynamodb.AttributeType.STRING),
    )
    bucket = aws_s3.Bucket(stack, "Bucket", event_bridge_enabled=True)
    bus = aws_events.EventBus(stack, "Bus")
    queue = sqs.Queue(stack, "Queue")
    made = {}
    for name in ("upload", "uploaded", "note", "queued"):
        made[name] = lambda_.Function(
            stack,
            name.title(),
            runtime=lambda_.Runtime.PYTHON_3_12,
            handler=f"events.{name}",
            code=lambda_.Code.from_asset(str(code)),
            timeout=cdk.Duration.seconds(20),
            environment={
                "TABLE": table.table_name,
                "BUCKET": bucket.bucket_name,
                "BUS": bus.event_bus_name,
            },
        )
        table.grant_read_write_data(made[name])
    bucket.add_event_notification(
        aws_s3.EventType.OBJECT_CREATED,
        aws_s3_notifications.LambdaDestination(made["uploaded"]),
        aws_s3.NotificationKeyFilter(prefix="in/"),
    )
    made["queued"].add_event_source(sources.SqsEventSource(queue))
    url = made["upload"].add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)
    cdk.CfnOutput(stack, "Url", value=url.url)
    api = apis.HttpApi(stack, "Http")
    api.add_routes(
        path="/queued",
        methods=[apis.HttpMethod.POST],
        integration=HttpSqsIntegration("Queued", queue=queue),
    )
    noted = aws_events.RuleTargetInput.from_object(
        {"note": f"noted {aws_events.EventField.from_path('$.detail.key')}"}
    )
    aws_events.Rule(
        stack,
        "Files",
        event_bus=bus,
        event_pattern=aws_events.EventPattern(
            source=["files"], detail={"key": aws_events.Match.suffix(".txt")}
        ),
        targets=[
            aws_events_targets.LambdaFunction(made["note"], event=noted),
            aws_events_targets.SqsQueue(queue),
        ],
    )
    bridged = aws_events.RuleTargetInput.from_object(
        {"note": f"bridged {aws_events.EventField.from_path('$.detail.object.key')}"}
    )
    aws_events.Rule(
        stack,
        "Objects",
        event_pattern=aws_events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={"bucket": {"name": [bucket.bucket_name]}},
        ),
        targets=[aws_events_targets.LambdaFunction(made["note"], event=bridged)],
    )
    scheduler.Schedule(
        stack,
        "Daily",
        schedule_name="daily",
        schedule=scheduler.ScheduleExpression.cron(
            hour="9", minute="0", time_zone=cdk.TimeZone.EUROPE_MADRID
        ),
        target=scheduled.LambdaInvoke(
            made["note"], input=scheduler.ScheduleTargetInput.from_object({"note": "scheduled"})
        ),
    )
