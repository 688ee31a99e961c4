"""Templates as files: JSON, or YAML with CloudFormation's short forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import yaml

from keyline_ops.plan.errors import UnjudgedError
from keyline_ops.plan.evaluate import Template


def read_template(path: Path) -> Template:
    """Read a template.

    Raises
    ------
    UnjudgedError
        If the file cannot be read or holds no template.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnjudgedError(str(path), f"cannot be read: {error}.", "Name a template.") from error
    return parse_template(text, str(path))


def parse_template(text: str, path: str) -> Template:
    """Return the template that a text is.

    Parameters
    ----------
    path
        How errors name it.

    Raises
    ------
    UnjudgedError
        If it is not a template.
    """
    try:
        found = _parsed(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise UnjudgedError(
            path, f"is neither JSON nor YAML: {error}.", "Name a CloudFormation template."
        ) from error
    resources = found.get("Resources") if isinstance(found, dict) else None
    if not isinstance(resources, dict):
        raise UnjudgedError(
            path, "is not a CloudFormation template: it has no Resources.", "Name a template."
        )
    for logical_id, body in resources.items():
        loop = logical_id.startswith("Fn::ForEach::")
        if not loop and not (isinstance(body, dict) and isinstance(body.get("Type"), str)):
            raise UnjudgedError(
                f"{path}: Resources.{logical_id}",
                "has no Type.",
                "Write the type, such as AWS::DynamoDB::Table.",
            )
        if not loop and not isinstance(body.get("Properties", {}), dict | None):
            raise UnjudgedError(
                f"{path}: Resources.{logical_id}.Properties",
                "is not an object.",
                "Write the properties by their names.",
            )
    return cast("Template", found)


def _parsed(text: str) -> Any:
    if text.lstrip().startswith("{"):
        return json.loads(text)
    # The loader makes what SafeLoader makes, and mappings of CloudFormation's tags.
    return json.loads(json.dumps(yaml.load(text, Loader=_Loader)))  # noqa: S506


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: dates are texts, and `!Sub` is `Fn::Sub`."""


_DATE = "tag:yaml.org,2002:timestamp"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise yaml.YAMLError(f"!{suffix} is on neither a scalar, a list nor a mapping")


_Loader.add_multi_constructor("!", _short_form)
