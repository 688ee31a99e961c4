"""Test that where the environment is plain, requests go where botocore's go, and say the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.credentials import EnvProvider
from botocore.httpsession import get_cert_path
from botocore.session import Session
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keyline.run import dynamodb_client
from keyline.run.attempts import Attempts
from keyline.run.client_settings import ClientSettings
from keyline.run.hand_over import Botocore
from keyline.run.plain_environment import plain_environment
from tests.support.answers import answer
from tests.support.sent import in_words, sent_by

ACCOUNT = "123456789012"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}  # stand-ins
LAMBDA = {
    **KEYS,
    "AWS_ACCESS_KEY": "AKIA",
    "AWS_SESSION_TOKEN": "token",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "create",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
    "LAMBDA_TASK_ROOT": "/var/task",
}
"""What a function finds on Lambda."""
REGIONS = [
    region
    for p in ("aws", "aws-cn", "aws-us-gov")
    for region in Session().get_available_regions("dynamodb", p)
]
SAID = {
    name
    for _, names, *_ in Session.SESSION_VARIABLES.values()
    for name in ([names] if isinstance(names, str) else names or [])
}
"""The variables that botocore's settings come from."""
CREDENTIALS = {
    EnvProvider.ACCESS_KEY,
    EnvProvider.SECRET_KEY,
    *EnvProvider.TOKENS,
    EnvProvider.EXPIRY_TIME,
    EnvProvider.ACCOUNT_ID,
}
OTHERS = {
    *("AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3"),
    *("HTTP_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_BEARER_TOKEN_BEDROCK", "BOTO_CONFIG"),
}
URLS = [
    "http://127.0.0.1:8000",
    "http://localhost:8000/",
    "http://localhost:80",
    "https://localhost:443/",
    "http://ENGINE:8000",
    "http://engine_1:8000",
    "http://[::1]:8000",
    "https://user@engine",
    "https://engine/path",
    "https://engine?query",
    "https://-engine-:1",
    "https://dynamodb.eu-west-1.api.aws",
    "https://dynamodb.eu-west-1.amazonaws.com",
    "https://vpce-1-2.dynamodb.eu-west-1.vpce.amazonaws.com",
    "engine:8000",
]
READ = [
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"),
]
"""The variables that may have any value in a plain environment, as far as their names go."""
values = st.sampled_from(
    [
        "",
        "true",
        "false",
        "1",
        "standard",
        "required",
        ACCOUNT,
        "x y",
        "local",
        "fips-us-east-1",
        *REGIONS,
        *URLS,
    ]
)
regions = st.sampled_from(
    [
        *REGIONS,
        "eu-new-1",
        "eu-west-9",
        "us-fips-1",
        "us-east-1-fips",
        "local",
        "xx-west-1",
        "EU-WEST-1",
        "",
    ]
)


def botocore_s(asked: ClientSettings) -> Any:
    """Return the first request that botocore sends in this environment; None without one."""
    seen: list[Any] = []

    def note(request: Any, **_: Any) -> Any:
        seen.append(request)
        return answer(200, {})

    try:
        made = Botocore(asked, None)
        made.client.meta.events.register("before-send.dynamodb", note)
        made.client.get_item(Body=Attempts(b"{}", repeatable=True))
    except Exception:  # noqa: BLE001 - whatever it is, botocore sends nothing
        return None
    return seen[0]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(environ={}, region=None, url=None, explicit=False)
@example(environ={"AWS_ACCOUNT_ID": ACCOUNT}, region=None, url=None, explicit=False)
@example(
    environ={"AWS_ENDPOINT_URL": URLS[0], "AWS_ENDPOINT_URL_DYNAMODB": URLS[1]},
    region=None,
    url=None,
    explicit=True,
)
@example(environ={}, region=None, url="http://localhost:80", explicit=False)
@given(
    environ=st.dictionaries(st.sampled_from(READ), values, max_size=2)
    | st.dictionaries(st.sampled_from(sorted(SAID | CREDENTIALS | OTHERS)), values, max_size=2),
    region=st.none() | regions,
    url=st.none() | st.sampled_from(URLS),
    explicit=st.booleans(),
)
def test_what_is_plain_is_what_botocore_makes_of_it(
    environ: dict[str, str], region: str | None, url: str | None, explicit: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        for name, value in (LAMBDA | environ).items():
            patch.setenv(name, value)
        asked = ClientSettings(url, region, credentials=("own", "secret") if explicit else None)
        if plain_environment(asked) is None:
            return

        # Then botocore would send the same to the same place
        way = dynamodb_client(endpoint_url=url, region=region, credentials=asked.credentials)._way
        assert way is not None
        ours, headers = sent_by(way, "GetItem", b"{}")
        theirs = botocore_s(asked)
        assert theirs is not None
        assert ours == theirs.url
        same = ("content-type", "user-agent", "x-amz-target", "x-amz-security-token")
        expected = in_words(theirs)
        expected["user-agent"] = expected["user-agent"].partition(" PT/")[0]  # powertools adds it
        more = ("x-amzn-trace-id", "amz-sdk-request", "content-length")
        for name in (*same, *more):
            assert headers.get(name) == expected.get(name), name
        scopes = (h["authorization"].partition(", ")[0] for h in (headers, expected))
        assert len(set(scopes)) == 1
        assert headers["host"] == signed_host(theirs.url)


def signed_host(url: str) -> str:
    """Return the host as botocore signs it: without the port that the scheme implies."""
    parts = urlsplit(url)
    implied = {"http": 80, "https": 443}[parts.scheme]
    return (
        f"{parts.hostname}:{parts.port}"
        if parts.port not in (None, implied)
        else parts.hostname or ""
    )


@pytest.fixture
def on_lambda(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in LAMBDA.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    return monkeypatch


def test_lambda_is_plain(on_lambda: pytest.MonkeyPatch) -> None:
    plain = plain_environment(ClientSettings())
    assert plain is not None
    assert (plain.url, plain.region) == ("https://dynamodb.eu-west-1.amazonaws.com", "eu-west-1")
    assert (plain.keys.access_key, plain.keys.token) == ("AKIA", "token")
    assert plain.certificates == get_cert_path(True)


def test_a_secret_is_not_printed() -> None:
    asked = ClientSettings(region="eu-west-1", credentials=("key", "the secret"))
    assert "secret" not in f"{asked!r} {asked} {plain_environment(asked)!r}"


@pytest.mark.parametrize("region", Session().get_available_regions("dynamodb"))
def test_each_region_of_the_main_partition_is_plain(region: str) -> None:
    assert plain_environment(ClientSettings(region=region, credentials=("a", "b"))) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_SECURITY_TOKEN", "older name of the token"),
        ("AWS_CREDENTIAL_EXPIRATION", "2030-01-01T00:00:00Z"),
        ("AWS_ACCOUNT_ID", ACCOUNT),
        ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "required"),
        ("AWS_PROFILE", "team"),
        ("AWS_REGION", "cn-north-1"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2/role"),
        ("AWS_NEW_SETTING", "of a botocore to come"),
        ("AWS_CA_BUNDLE", ""),
        ("BOTOCORE_EXPERIMENTAL__PLUGINS", "name=module"),
        ("https_proxy", "http://127.0.0.1:9"),
    ],
)
def test_whatever_else_is_left_to_botocore(
    on_lambda: pytest.MonkeyPatch, name: str, value: str
) -> None:
    on_lambda.setenv(name, value)
    assert plain_environment(ClientSettings()) is None


@pytest.mark.parametrize("file", ["config", "credentials", "models/dynamodb/model.json"])
def test_files_of_the_user_are_left_to_botocore(
    on_lambda: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    path = tmp_path / ".aws" / file
    path.parent.mkdir(parents=True)
    path.write_text("[default]\n", encoding="utf-8")
    assert plain_environment(ClientSettings()) is None


def test_a_process_without_a_home_is_plain(on_lambda: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> Any:
        raise KeyError

    on_lambda.delenv("HOME")
    on_lambda.setattr("pwd.getpwuid", unknown)
    assert plain_environment(ClientSettings()) is not None


@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_file_that_is_named_is_left_to_botocore(
    on_lambda: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "file"
    path.write_text("[default]\n", encoding="utf-8")
    on_lambda.setenv(name, str(path))
    assert plain_environment(ClientSettings()) is None
    on_lambda.setenv(name, os.devnull)
    assert plain_environment(ClientSettings()) is not None


def test_another_system_than_linux_is_left_to_botocore(on_lambda: pytest.MonkeyPatch) -> None:
    on_lambda.setattr("keyline.run.plain_environment.sys.platform", "darwin")
    assert plain_environment(ClientSettings()) is None
