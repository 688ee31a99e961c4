"""Resource types that mean nothing on one machine: they are left out, and listed."""

from __future__ import annotations

SKIPPED = frozenset(
    {
        # money, of which there is no bill here; alarms are evaluated by the platform itself
        "AWS::Budgets::Budget",
        "AWS::CE::AnomalyMonitor",
        "AWS::CE::AnomalySubscription",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::CDK::Metadata",
        # what Athena knows of a bucket: nothing here asks it
        "AWS::Glue::Database",
        "AWS::Glue::Table",
        # the platform shows logs itself
        "AWS::ApiGateway::Account",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::QueryDefinition",
        "AWS::Logs::ResourcePolicy",
        "Custom::CloudwatchLogResourcePolicy",
        "Custom::LogRetention",
        # who may call: the platform itself makes these calls, over loopback
        "AWS::IAM::AccessKey",
        "AWS::IAM::Group",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::User",
        "AWS::IAM::UserToGroupAddition",
        "AWS::Lambda::Permission",
        "AWS::Events::EventBusPolicy",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        # what groups and keeps: nothing asks for it
        "AWS::Scheduler::ScheduleGroup",
        # networks: all is on loopback
        "AWS::EC2::EIP",
        "AWS::EC2::FlowLog",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCGatewayAttachment",
        "Custom::VpcRestrictDefaultSG",
        # encryption at rest
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        # capacity: the engine has no limit of it
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        # what happens when a stack is deleted
        "Custom::S3AutoDeleteObjects",
    }
)
"""Each by its name in a template."""
