"""The local platform: a synthesized assembly, running on this machine.

Public are these names, and nothing below them:

* `Platform` runs an assembly until it is left; `Ports` says where it listens.
* `Issuer` mints tokens that its APIs accept, also from another process.
* `issuer_url` finds a platform that runs, by its state folder; `ask` asks it.
* `client` is boto3's client of its engine and of its other AWS APIs.
* `die_with_parent` ties the life of a child process to that of its parent.
* `SHORTEST_STREAMED_NAME` is a limit of its engine.
* `state_locked` keeps a platform from running on a state folder meanwhile.
* `read_deployment` reads an assembly with nothing of it running. `Deployment`, `Api`,
  `EventRule`, `Function` and `Table` are what it found: who makes pages or documents of an API is
  given them.
  `check_assembly` tells all that is refused of one.
* `allowing` says which `Statement`s of a function's role allow an action.

`keyline_local.testing` has the parts that a test runs by themselves. A name is imported when it is
first used, so that a command that asks does not import what serves.

Inside, `platform` starts and stops the parts in order. `cloudformation` reads the assembly into
`resources`; `dynamodb`, `roles`, `lambdas`, `api` and `triggers` run them. `events` has the
patterns and inputs of EventBridge. `services` are the servers beside them, `control` answers a
second terminal, `host` is what all need of the machine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyline_local.api.issuer import Issuer
    from keyline_local.cloudformation.deployment import check_assembly, read_deployment
    from keyline_local.control.client import ask, issuer_url
    from keyline_local.dynamodb.tables import SHORTEST_STREAMED_NAME
    from keyline_local.host.clients import client
    from keyline_local.host.ports import Ports
    from keyline_local.host.process import die_with_parent
    from keyline_local.host.state_folder import state_locked as state_locked
    from keyline_local.platform import Platform
    from keyline_local.resources import Api, Deployment, EventRule, Function, Statement, Table
    from keyline_local.roles.iam import allowing

__all__ = [
    "SHORTEST_STREAMED_NAME",
    "Api",
    "Deployment",
    "EventRule",
    "Function",
    "Issuer",
    "Platform",
    "Ports",
    "Statement",
    "Table",
    "allowing",
    "ask",
    "check_assembly",
    "client",
    "die_with_parent",
    "issuer_url",
    "read_deployment",
    "state_locked",
]

_HOMES = {
    "SHORTEST_STREAMED_NAME": "dynamodb.tables",
    "Api": "resources",
    "Deployment": "resources",
    "EventRule": "resources",
    "Function": "resources",
    "Issuer": "api.issuer",
    "Platform": "platform",
    "Ports": "host.ports",
    "Statement": "resources",
    "Table": "resources",
    "allowing": "roles.iam",
    "ask": "control.client",
    "check_assembly": "cloudformation.deployment",
    "client": "host.clients",
    "die_with_parent": "host.process",
    "issuer_url": "control.client",
    "read_deployment": "cloudformation.deployment",
    "state_locked": "host.state_folder",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
