"""Writes small cloud assemblies by hand, in the form CDK writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keyline_local.cloudformation.assembly import read_assembly
from keyline_local.cloudformation.deployment import resolve_deployment
from keyline_local.cloudformation.secret_store import SecretStore
from keyline_local.cloudformation.templates import Templates
from keyline_local.host.ports import Endpoints
from keyline_local.resources import Deployment

ENDPOINTS = Endpoints(
    engine="http://127.0.0.1:1",
    aws="http://127.0.0.1:2",
    cache="redis://127.0.0.1:3",
    issuer="http://127.0.0.1:4",
    apis=["http://127.0.0.1:5", "http://127.0.0.1:6"],
)


def write_assembly(
    path: Path,
    stacks: Mapping[str, Mapping[str, Any]],
    *,
    dependencies: Mapping[str, list[str]] | None = None,
    assets: Mapping[str, str] | None = None,
) -> Path:
    """Write templates by stack name, and assets by object key, as a cloud assembly."""
    path.mkdir(parents=True, exist_ok=True)
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree", "properties": {}}}
    for name, template in stacks.items():
        (path / f"{name}.template.json").write_text(json.dumps(template))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://000000000000/us-east-1",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": (dependencies or {}).get(name, []),
        }
    if assets:
        files = {
            key: {"source": {"path": folder}, "destinations": {"d": {"objectKey": key}}}
            for key, folder in assets.items()
        }
        (path / "all.assets.json").write_text(json.dumps({"files": files}))
        artifacts["assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": "all.assets.json"},
        }
    (path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return path


def templates(path: Path, stacks: Mapping[str, Mapping[str, Any]], **parameters: str) -> Templates:
    """Return hand-written templates, ready to resolve."""
    assembly = read_assembly(write_assembly(path, stacks))
    return Templates(assembly, ENDPOINTS, SecretStore(), parameters)


def deployment(
    path: Path,
    stacks: Mapping[str, Mapping[str, Any]],
    *,
    endpoints: Endpoints = ENDPOINTS,
    assets: Mapping[str, str] | None = None,
) -> Deployment:
    """Return the deployment of hand-written templates; the project root is `path`'s parent."""
    assembly = read_assembly(write_assembly(path, stacks, assets=assets))
    return resolve_deployment(assembly, endpoints, root=path.parent)


def table(name: str, *, hash_key: str = "id", **more: Any) -> dict[str, Any]:
    """Return a table resource with one string key; `more` are further properties."""
    definitions = [
        {"AttributeName": hash_key, "AttributeType": "S"},
        *more.pop("AttributeDefinitions", []),
    ]
    return {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": hash_key, "KeyType": "HASH"}],
            "AttributeDefinitions": definitions,
            "Replicas": [{"Region": "us-east-1"}],
            **more,
        },
    }


def index(name: str, key: str, projection: str = "ALL") -> dict[str, Any]:
    """Return a global secondary index on one attribute."""
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": projection},
    }
