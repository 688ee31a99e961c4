"""The environment's words about a service, where they are so plain that botocore is not needed.

A function on Lambda has its region and its credentials in variables, and a service is where it
always is in that region. botocore comes to the same by reading its models, which takes longer than
all else of a cold start. Whatever is not plain is left to botocore, and so is what this module
does not know: a variable of AWS that is not among `_KNOWN` may mean anything to botocore.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec

import msgspec

from keyline.run.client_settings import ClientSettings
from keyline.run.service import DYNAMODB, Service

_REGION = re.compile(
    r"(?:af|ap|ca|eu|il|me|mx|sa|us)-"
    r"(?:central|north|northeast|northwest|south|southeast|southwest|east|west)-[1-9]"
)
"""Regions of AWS's main partition. AWS's other partitions have other domains."""
_ENDPOINT = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([1-9][0-9]{0,4}))?/?")
_DUAL_STACK = ".api.aws"
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_KNOWN = frozenset(
    {
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_REGION", "AWS_DEFAULT_REGION"),
        *("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
        *("AWS_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED", "AWS_EXECUTION_ENV"),  # do not matter here
    }
)
_KNOWN_PREFIXES = ("AWS_ENDPOINT_URL_", "AWS_LAMBDA_", "AWS_XRAY_")
_FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}
_MODELS = "~/.aws/models"
# These are looked for with os.path, as botocore does, and not with pathlib: what may not be looked
# at, and what is in the home of a user who has none, counts as not there.


class EnvironmentKeys(msgspec.Struct, frozen=True):
    """Credentials that do not change while the process runs."""

    access_key: str
    secret_key: str
    token: str | None

    def __repr__(self) -> str:
        """Name the class alone: what is printed may be logged."""
        return type(self).__name__


class PlainEnvironment(msgspec.Struct, frozen=True):
    """The address of a service, and the identity of the caller.

    Attributes
    ----------
    url
        `https://dynamodb.eu-west-1.amazonaws.com`.
    endpoint_url
        The same where it was said, None where it follows from the region.
    certificates
        The file of the authorities that are trusted.
    """

    url: str
    endpoint_url: str | None
    region: str
    keys: EnvironmentKeys
    certificates: str


def plain_environment(
    settings: ClientSettings, environ: Mapping[str, str] = os.environ, service: Service = DYNAMODB
) -> PlainEnvironment | None:
    """Read the environment; None where only botocore can tell what it means."""
    region = settings.region or environ.get("AWS_REGION", environ.get("AWS_DEFAULT_REGION", ""))
    keys = _keys(settings, environ)
    certificates = _certificates(environ)
    if not _is_plain(environ) or not _REGION.fullmatch(region) or not keys or not certificates:
        return None
    endpoint_url = settings.endpoint_url
    if endpoint_url is None:
        own = f"AWS_ENDPOINT_URL_{service.name.upper()}"
        named = (environ.get(n) for n in (own, "AWS_ENDPOINT_URL"))
        endpoint_url = next(filter(None, named), None)
    usual = f"https://{service.name}.{region}.amazonaws.com"
    url = usual if endpoint_url is None else endpoint_url
    if not _is_plain_url(url):
        return None
    return PlainEnvironment(url.rstrip("/"), endpoint_url, region, keys, certificates)


def _is_plain(environ: Mapping[str, str]) -> bool:
    return (
        sys.platform == "linux"  # other systems have proxies that are in no variable
        and all(_is_known(name) for name in environ)
        and not any(_has_content(environ.get(name, path)) for name, path in _FILES.items())
        and not os.path.isdir(os.path.expanduser(_MODELS))  # noqa: PTH111, PTH112
    )


def _is_known(name: str) -> bool:
    if name.lower().endswith("_proxy"):
        return name.lower() == "no_proxy"
    if name.startswith("AWS_"):
        return name in _KNOWN or name.startswith(_KNOWN_PREFIXES)
    return not name.startswith("BOTO")


def _has_content(path: str) -> bool:
    file = os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111
    return os.path.isfile(file) and os.path.getsize(file) > 0  # noqa: PTH113, PTH202


def _keys(settings: ClientSettings, environ: Mapping[str, str]) -> EnvironmentKeys | None:
    if settings.credentials:
        return EnvironmentKeys(*settings.credentials, None)
    access = environ.get("AWS_ACCESS_KEY_ID")
    secret = environ.get("AWS_SECRET_ACCESS_KEY")
    if not access or not secret:
        return None
    return EnvironmentKeys(access, secret, environ.get("AWS_SESSION_TOKEN") or None)


def _certificates(environ: Mapping[str, str]) -> str | None:
    """Return the file of authorities that botocore trusts: that of certifi if there is one."""
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        if name in environ:
            return environ[name]  # an empty one is not plain
    for package in ("certifi", "botocore"):
        found = find_spec(package)
        if found is not None and found.origin is not None:
            return f"{found.origin.rpartition('/')[0]}/cacert.pem"
    return None


def _is_plain_url(url: str) -> bool:
    found = _ENDPOINT.fullmatch(url)
    if found is None:
        return False
    scheme, host, port = found.groups()
    labels = host.split(".")
    return (
        all(label and label[0] != "-" and label[-1] != "-" and len(label) < 64 for label in labels)
        and not host.endswith(_DUAL_STACK)
        and port != _DEFAULT_PORTS[scheme]
        and int(port or 1) < 65_536
    )
