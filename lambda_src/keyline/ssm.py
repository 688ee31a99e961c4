"""Read parameters of SSM's Parameter Store.

Where the environment is plain, botocore is not imported for it, which takes longer than all else
that a cold start does (docs/adr/0058-ssm-without-botocore.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from keyline.causes import cause_of
from keyline.run.client import is_botocores
from keyline.run.client_settings import ClientSettings
from keyline.run.first_attempt import Way, first_attempt, way_of
from keyline.run.plain_environment import plain_environment
from keyline.run.refused import refused
from keyline.run.service import SSM


class Parameter(msgspec.Struct, frozen=True, rename="pascal"):
    """A parameter of type String.

    Attributes
    ----------
    last_modified_date
        Epoch seconds.
    """

    value: str
    last_modified_date: float


class ParameterUnreadError(Exception):
    """A parameter was not read. The text says why, without a full stop."""


_NOT_AS_DESCRIBED = "the answer is not as described"


class _Found(msgspec.Struct, rename="pascal"):
    parameter: Parameter


def parameters(seconds: float) -> Callable[[str], Parameter]:
    """Return what reads a parameter by its name: one try for each read.

    What is returned raises `ParameterUnreadError` if SSM does not give the parameter.

    Parameters
    ----------
    seconds
        How long a read waits for a connection, and again for the answer.
    """
    settings = ClientSettings(connect_timeout=seconds, read_timeout=seconds, attempts=1, pool=1)
    plain = None if is_botocores() else plain_environment(settings, service=SSM)
    return _by_botocore(settings) if plain is None else _by_us(way_of(plain, settings, SSM))


def _by_us(way: Way) -> Callable[[str], Parameter]:
    def read(name: str) -> Parameter:
        first = first_attempt(way, "GetParameter", msgspec.json.encode({"Name": name}))
        if first.fault is not None:
            raise ParameterUnreadError(cause_of(first.fault)) from first.fault
        if first.status == 200 and not first.is_whole:
            raise ParameterUnreadError(_NOT_AS_DESCRIBED)
        if not first.succeeded:
            said = refused(first.body)
            code = said.code if said else ""
            raise ParameterUnreadError(f"it was refused: {code or first.status}")
        try:
            return msgspec.json.decode(first.body, type=_Found).parameter
        except msgspec.MsgspecError as error:
            raise ParameterUnreadError(cause_of(error)) from error

    return read


def _by_botocore(settings: ClientSettings) -> Callable[[str], Parameter]:
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
    )
    session = botocore.session.get_session()
    client = session.create_client("ssm", region_name=os.environ.get("AWS_REGION"), config=config)

    def read(name: str) -> Parameter:
        try:
            found = client.get_parameter(Name=name)["Parameter"]
            return Parameter(found["Value"], found["LastModifiedDate"].timestamp())
        except (BotoCoreError, ClientError) as error:
            raise ParameterUnreadError(cause_of(error)) from error
        except (KeyError, UnicodeDecodeError) as error:
            raise ParameterUnreadError(_NOT_AS_DESCRIBED) from error

    return read
