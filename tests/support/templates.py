"""Synthesized templates for tests: nothing is bundled, and asset hashes are normalised."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from keyline.model import Function, System
from keyline_deploy.bundling import Bundle
from keyline_deploy.environment import (
    Alarms,
    Api,
    Auth,
    Environment,
    Functions,
    Local,
    Tables,
)
from keyline_deploy.project import ROOT
from stacks.application import build
from stacks.service_stack import Bundler

ENVIRONMENTS = ("dev", "staging", "prod", "local")
WITH_SNAPSHOT = ("dev", "prod", "local")
"""The environments whose templates are kept; staging's is compared with dev's."""

Template = dict[str, Any]

_ASSET = re.compile(r"\b[0-9a-f]{64}\b")
_AUTH = Auth(issuer="https://issuer.example.com", audience="sample")

KEY_ARN = "arn:aws:kms:eu-central-1:222222222222:key/4f1c2d3e-0000-4000-8000-000000000001"

DEFAULTS = Environment(name="sample", region="eu-west-1", auth=_AUTH)
"""An environment that says as little as it may."""

WEAK = Environment(
    name="weak",
    account="000000000000",
    region="us-east-1",
    termination_protection=False,
    auth=_AUTH,
    tables=Tables(
        pitr_days=1,
        deletion_protection=False,
        removal_policy="destroy",
        encryption="aws-owned",
    ),
    functions=Functions(tracing=False, log_retention_days=1),
    local=Local(api=3000, engine=3001, engine_mcp=3002, aws=3003, cache=3004, issuer=3005),
)
"""An environment that protects as little as it may, on one machine."""

FULL = Environment(
    name="full",
    account="222222222222",
    region="eu-central-1",
    tags={"team": "data", "project": "keyline"},
    auth=_AUTH,
    tables=Tables(contributor_insights=True, encryption=KEY_ARN),
    alarms=Alarms(
        email="oncall@example.com",
        read_units_per_minute=1_000,
        write_units_per_minute=500,
        latency_p99_ms=50,
        growth_percent=20,
        user_errors_per_minute=5,
        iterator_age_seconds=30,
    ),
    api=Api(rate=7, burst=9, cors_origins=("https://app.example.com",)),
    functions=Functions(log_retention_days=30, memory=1024),
    systems={"orders": {"shards": 8}},
)
"""An environment that says all it can."""


def no_bundle(folder: Path) -> Bundler:
    """Return a bundler that makes an empty folder, with the sources of a real one."""

    def bundler(system: System, function: Function) -> Bundle:
        path = folder / system.name
        path.mkdir(parents=True, exist_ok=True)
        sources = (ROOT / "lambda_src" / "keyline", ROOT / "lambda_src" / system.name)
        return Bundle(path, hashlib.sha256(system.name.encode()).hexdigest(), sources)

    return bundler


@dataclass(frozen=True)
class SynthesizedStack:
    """A stack as the assembly has it; `needs` are the names of the stacks before it."""

    template: Template
    termination_protection: bool
    tags: Mapping[str, str]
    needs: frozenset[str]


Stacks = Callable[[str], Mapping[str, SynthesizedStack]]
"""The stacks of an environment, by its name."""
Templates = Callable[[str], Mapping[str, Template]]
"""The templates of an environment, by its name."""


def synthesize(
    environment: Environment,
    systems: Iterable[System],
    out: Path,
    *,
    bundler: Bundler | None = None,
) -> dict[str, SynthesizedStack]:
    """Return the stacks of an environment by name, all checks passed."""
    app = new_app(out, checks=True)
    build(app, environment, systems, bundler or no_bundle(out / "bundles"))
    artifacts = app.synth().stacks
    names = {artifact.id: artifact.stack_name for artifact in artifacts}
    return {
        artifact.stack_name: SynthesizedStack(
            template=_read(artifact.template_full_path),
            termination_protection=bool(artifact.termination_protection),
            tags=artifact.tags,
            needs=frozenset(names[d.id] for d in artifact.dependencies if d.id in names),
        )
        for artifact in artifacts
    }


def render(
    build_construct: Callable[[cdk.Stack], object], out: Path, *, region: str = "eu-west-1"
) -> Template:
    """Return the template of a stack that holds just what the function puts into it."""
    app = new_app(out, checks=False)
    stack = cdk.Stack(app, "Sample", env=cdk.Environment(region=region))
    build_construct(stack)
    return normalised(_read(app.synth().get_stack_by_name("Sample").template_full_path))


def new_app(out: Path, *, checks: bool) -> cdk.App:
    """Return an app with the project's context; `checks` runs CDK's own rules too."""
    return cdk.App(
        outdir=str(out / "assembly"),
        context=_context(),
        analytics_reporting=False,
        builtin_cloud_formation_validation=checks,
    )


def topic(stack: cdk.Stack) -> sns.ITopic:
    """Return a topic for the alarms of a construct."""
    return sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:222222222222:alarms")


def normalised(template: Template) -> Template:
    """Return a template without what is not ours: asset hashes, the toolkit's version check."""
    kept = {key: value for key, value in template.items() if key not in ("Parameters", "Rules")}
    found: Template = json.loads(_ASSET.sub("<asset>", json.dumps(kept)))
    return found


def resources(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of a type, by logical id."""
    return {
        logical_id: resource.get("Properties", {})
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def only(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type."""
    (found,) = resources(template, kind).values()
    return found


def schedules(template: Template) -> dict[str, str]:
    """Return how often each function runs by itself, by the function's name."""
    found = {}
    for rule in resources(template, "AWS::Events::Rule").values():
        assert rule["State"] == "ENABLED"
        (target,) = rule["Targets"]
        function = template["Resources"][target["Arn"]["Fn::GetAtt"][0]]["Properties"]
        found[function["FunctionName"]] = rule["ScheduleExpression"]
    return found


def statements(template: Mapping[str, Any], role: str) -> Iterator[tuple[str, str]]:
    """Yield what a role allows as (action, resource), the resource as readable text."""
    for policy in resources(template, "AWS::IAM::Role")[role]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            action, resource = statement["Action"], statement["Resource"]
            for one in action if isinstance(action, list) else [action]:
                yield one, text(resource)


def text(value: Any) -> str:
    """Return a value with its intrinsic functions written out: `arn:${AWS::Partition}:...`."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::ImportValue": name}:
            return f"${{import {text(name)}}}"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(part) for part in parts)
    raise ValueError(f"no text: {value}")


def _read(path: str) -> Template:
    template: Template = json.loads(Path(path).read_text())
    return template


@cache
def _context() -> dict[str, Any]:
    context: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context
