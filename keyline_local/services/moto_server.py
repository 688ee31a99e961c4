"""Runs moto's server, whose parameters do without its EC2.

Moto's Systems Manager, where parameters are, imports EC2 for commands that are sent to instances.
To read the tables of EC2 (instance types, images, zones) takes longer than all else that the
platform needs of moto. Here they are read when somebody asks for them.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_EC2 = "moto.ec2"


class _Later:
    """The state of EC2 by account, which is read when it is first asked for."""

    def __getitem__(self, account: str) -> Any:
        return importlib.import_module(_EC2).ec2_backends[account]


def import_parameters() -> None:
    """Import the Systems Manager of moto, with a stand-in for its EC2 meanwhile."""
    stand_in = ModuleType(_EC2)
    vars(stand_in)["ec2_backends"] = _Later()
    sys.modules[_EC2] = stand_in
    importlib.import_module("moto.ssm.models")
    del sys.modules[_EC2]


if __name__ == "__main__":
    import_parameters()
    importlib.import_module("moto.server").main()
