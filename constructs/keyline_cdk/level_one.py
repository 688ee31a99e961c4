"""The CloudFormation resource behind a construct, for what the construct does not offer."""

from __future__ import annotations

from typing import TypeVar

import aws_cdk as cdk
from constructs import IConstruct

ResourceT = TypeVar("ResourceT", bound=cdk.CfnResource)


def level_one(construct: IConstruct, kind: type[ResourceT]) -> ResourceT:
    """Return a construct's own resource.

    Raises
    ------
    TypeError
        If it is of another kind.
    """
    child = construct.node.default_child
    if not isinstance(child, kind):
        raise TypeError(f"{construct.node.path} is {type(child).__name__}, not {kind.__name__}.")
    return child
