"""Environment files: what ships is valid, and a mistake is named with what to write instead."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from keyline import variables
from keyline.model import LONGEST_ENVIRONMENT
from keyline.settings import Dollars, SettingError
from keyline_deploy import environment
from keyline_deploy.environment import Environment, EnvironmentFileError
from keyline_deploy.names import is_restored_name, restored_name
from tests.support.sample.books import SMALL
from tests.support.sample.orders import ORDERS
from tests.support.sample.shop import LARGE

DEPLOYED = ("dev", "staging", "prod")
CUSTOMER_KEY = '[tables]\nencryption = "customer-managed"'
FOREIGN_KEY = "arn:aws:kms:eu-west-1:222222222222:key/1"


def load_edited(name: str, before: str, after: str, folder: Path) -> Environment:
    """Load a shipped environment with one piece of its text replaced."""
    text = (environment.FOLDER / f"{name}.toml").read_text()
    assert before in text
    (folder / f"{name}.toml").write_text(text.replace(before, after))
    return environment.load(name, folder)


def test_every_environment_that_ships_is_valid() -> None:
    assert environment.names() == ["dev", "local", "prod", "staging"]
    for name in environment.names():
        assert environment.load(name).name == name


@pytest.mark.requirement("X-02")
def test_environments_differ_in_protection_and_retention() -> None:
    dev, staging, prod = (environment.load(name) for name in DEPLOYED)

    assert (dev.tables.removal_policy, dev.tables.deletion_protection) == ("destroy", False)
    for protected in (staging, prod):
        assert protected.termination_protection
        assert protected.tables.deletion_protection
        assert protected.tables.removal_policy == "retain"
        assert protected.tables.pitr_days == 35
    assert dev.functions.log_retention_days < prod.functions.log_retention_days
    assert len({env.auth.audience for env in (dev, staging, prod)}) == 3
    assert all(env.tags["environment"] == env.name for env in (dev, staging, prod))


@pytest.mark.requirement("T-64", "T-65", "T-66", "T-67", "T-68")
def test_alarm_thresholds_are_those_of_the_specification() -> None:
    alarms = environment.load("prod").alarms
    assert alarms.read_units_per_minute == 10_000
    assert alarms.write_units_per_minute == 5_000
    assert alarms.user_errors_per_minute == 10
    assert alarms.latency_p99_ms == 100
    assert alarms.growth_percent == 50


@pytest.mark.requirement("X-18")
def test_tables_may_be_encrypted_by_a_key_of_one_s_own(tmp_path: Path) -> None:
    assert environment.load("prod").key_arn is None
    key = "arn:aws:kms:us-east-1:111111111111:key/1"
    env = load_edited("prod", "[tables]", f'[tables]\nencryption = "{key}"', tmp_path)
    assert env.key_arn == key


def test_what_a_file_leaves_out_is_safe(tmp_path: Path) -> None:
    (tmp_path / "qa.toml").write_text(
        'name = "qa"\naccount = "123456789012"\nregion = "eu-west-1"\n'
        '[auth]\nissuer = "https://identity.example.com"\naudience = "keyline"\n'
        '[alarms]\nemail = "oncall@example.com"\n'
    )
    env = environment.load("qa", tmp_path)

    assert env.termination_protection
    assert env.tables == environment.Tables(
        pitr_days=35, deletion_protection=True, removal_policy="retain"
    )
    assert env.api.cors_origins == ()
    assert not env.is_local


@pytest.mark.parametrize(
    ("name", "before", "after", "path", "says"),
    [
        ("dev", "pitr_days", "pitr_day", "tables.pitr_day", "Did you mean 'pitr_days'?"),
        ("dev", "[tables]", "[table]", "table", "Did you mean 'tables'?"),
        ("dev", "pitr_days = 7", "pitr_days = 36", "tables.pitr_days", "from 1 up to 35"),
        ("dev", "pitr_days = 7", "pitr_days = 0", "tables.pitr_days", "from 1 up to 35"),
        ("dev", "pitr_days = 7", 'pitr_days = "7"', "tables.pitr_days", "a whole number"),
        (
            "dev",
            'policy = "destroy"',
            'policy = "keep"',
            "tables.removal_policy",
            "retain, destroy",
        ),
        ("dev", "pitr_days = 7", 'encryption = "kms"', "tables.encryption", "the ARN of a KMS key"),
        ("dev", "pitr_days = 7", f'encryption = "{FOREIGN_KEY}"', "tables.encryption", "us-east-1"),
        ("local", "[tables]", CUSTOMER_KEY, "tables.encryption", "Leave it out"),
        ("local", "[local]", "[cache]\n[local]", "cache", "Leave the section out"),
        *(
            ("dev", "[functions]", f"[cache]\n{line}\n[functions]", f"cache.{key}", says)
            for key, line, says in (
                ("zones", 'zones = ["a"]', "two or three letters"),
                ("zones", 'zones = ["a", "a"]', "'a' is there twice"),
                ("network", 'network = "8.8.8.0/24"', "private addresses"),
                ("network", 'network = "10.64.1.0/23"', "not the beginning of a block"),
                ("max_gigabytes", "max_gigabytes = 0", "from 1 up to 5000"),
                ("max_gigabyte", "max_gigabyte = 1", "Did you mean 'max_gigabytes'?"),
                ("dax.nodes", "[cache.dax]\nnodes = 0", "from 1 up to 11"),
                ("dax.node_type", '[cache.dax]\nnode_type = "t3.small"', "dax.t3.small"),
                ("dax.node", "[cache.dax]\nnode = 1", "Did you mean 'nodes'?"),
            )
        ),
        ("prod", "[tables]", '[tables]\nencryption = "aws-owned"', "tables.encryption", "managed"),
        ("dev", "days = 14", "days = 15", "functions.log_retention_days", "1, 3, 5, 7, 14"),
        ("dev", '"us-east-1"', '"us-esat-1"', "region", "Did you mean"),
        ("dev", 'region = "us-east-1"\n', "", "region", "it is missing"),
        ("dev", "https://dev", "ftp://dev", "auth.issuer", "an http or https URL"),
        ("dev", "rate = 50", "rate = 0", "api.rate", "from 1"),
        ("dev", "monthly_usd = 10", "monthly_usd = 0", "budget.monthly_usd", "a number above 0"),
        ("dev", "monthly_usd = 10", "monthly = 10", "budget.monthly", "Did you mean"),
        ("prod", "[50, 100]", "[1, 2, 3, 4, 5]", "budget.alerts_usd", "up to 4 amounts"),
        ("dev", '["http://localhost:5173"]', '"*"', "api.cors_origins", "a list"),
        ("dev", 'project = "keyline"', "project = 7", "tags.project", "text in quotes"),
        ("dev", "[functions]", "[systems]\na = 7\n[functions]", "systems.a", "a table"),
        ("dev", "https://dev", "http://dev", "auth.issuer", "begins with https://"),
        ("dev", "example.com", "example.com/?a=1", "auth.issuer", "a query"),
        ("dev", '"keyline-dev"', '" "', "auth.audience", "without spaces"),
        ("dev", "rate = 50", "rate = 1_000_001", "api.rate", "up to 1000000"),
        ("dev", "monthly_usd = 10", "monthly_usd = inf", "budget.monthly_usd", "up to 1000000000"),
        ("dev", "monthly_usd = 10", "monthly_usd = nan", "budget.monthly_usd", "a number above 0"),
        ("prod", "[50, 100]", "[50, inf]", "budget.alerts_usd[1]", "up to 4 amounts"),
        ("prod", "[50, 100]", "[50, 1e6]", "budget.alerts_usd", "is not below monthly_usd"),
        (
            "prod",
            "[50, 100]",
            "[50, 100]\nanomaly_usd = 0",
            "budget.anomaly_usd",
            "a number above 0",
        ),
        ("prod", "[50, 100]", "[50, 50]", "budget.alerts_usd", "50 is there twice"),
        *(
            ("dev", "[functions]", f"[alarms]\n{line}\n[functions]", f"alarms.{key}", says)
            for key, line, says in (
                ("latency_p99_ms", "latency_p99_ms = inf", "above 0 up to 900000"),
                ("growth_percent", "growth_percent = 1e300", "above 0 up to 10000"),
                ("iterator_age_seconds", "iterator_age_seconds = 86401", "from 1 up to 86400"),
                ("email", 'email = "ops"', "an e-mail address"),
                ("email", 'email = "o p@example.com"', "an e-mail address"),
                ("email", 'email = "ops@example.com\\n"', "an e-mail address"),
                *(
                    ("runbooks_url", f'runbooks_url = "{url}"', "an https address that ends with a")
                    for url in (
                        "http://a.com/",
                        "https://a.com/docs",
                        "https://a.com/a b/",
                        "docs/",
                    )
                ),
            )
        ),
        ("dev", "[tags]", '[tags]\n"aws:x" = "y"', "tags.aws:x", "which AWS keeps for itself"),
        ("prod", '["https://app.example.com"]', '["*"]', "api.cors_origins[0]", "Name each origin"),
        ("dev", ":5173", ":5173/", "api.cors_origins[0]", 'Write "http://localhost:5173".'),
        ("prod", '"111111111111"', '"1111"', "account", "12 digits"),
        ("prod", '"111111111111"', '"111111111111\\n"', "account", "12 digits"),
        ("prod", '"111111111111"', '"' + "\u0661" * 12 + '"', "account", "12 digits"),
        ("prod", 'account = "111111111111"', "", "account", 'account = "<12 digits>"'),
        ("prod", "pitr_days = 35", "pitr_days = 7", "tables.pitr_days", "pitr_days = 35"),
        ("prod", '"retain"', '"destroy"', "tables.removal_policy", '"retain"'),
        (
            "prod",
            "deletion_protection = true",
            "deletion_protection = false",
            "tables.deletion_protection",
            "deletion_protection = true",
        ),
        (
            "prod",
            "termination_protection = true",
            "termination_protection = false",
            "termination_protection",
            "termination_protection = true",
        ),
        *(
            (name, 'email = "oncall', '# email = "oncall', "alarms.email", "below [alarms]")
            for name in ("staging", "prod")
        ),
        ("prod", 'name = "prod"', 'name = "dev"', "name", 'name = "prod"'),
        ("prod", "[tables]", "[local]\n[tables]", "local.api", "it is missing"),
        ("local", "engine = 18765", "engine = 3000", "local.api", "used twice"),
        ("local", "cache = 18768", "cache = 80", "local.cache", "from 1024 up to 65535"),
        ("local", "[auth]", '[auth]\nissuer = "http://127.0.0.1:1"', "auth.issuer", "Leave it out"),
        *(
            ("local", "[functions]", f"{sections}\n[functions]", path, says)
            for sections, path, says in (
                (
                    "[systems.a]\nlocal_port = 3050\n[systems.b]\nlocal_port = 3050",
                    "systems.a.local_port",
                    "used twice: by systems.a.local_port and systems.b.local_port",
                ),
                ("[systems.a]\nlocal_port = 18765", "local.engine", "used twice"),
                ("[systems.a]\nlocal_port = 80", "systems.a.local_port", "from 1024 up to 65535"),
                ('[systems.a]\nlocal_port = "1"', "systems.a.local_port", "from 1024 up to 65535"),
                ("[systems.a]\nlocal_port = true", "systems.a.local_port", "from 1024 up to 65535"),
            )
        ),
        (
            "dev",
            "[functions]",
            "[systems.a]\nlocal_port = 3050\n[functions]",
            "systems.a.local_port",
            "Leave it out",
        ),
        ("dev", "[tables]", '[tables]\nbilling = "monthly"', "tables.billing", "on-demand"),
        ("dev", "[tables]", "[capacity]\nmin_read = 1\n[tables]", "capacity", "are billed"),
        ("local", "[tables]", '[tables]\nbilling = "provisioned"', "tables.billing", "local"),
        (
            "dev",
            "[tables]",
            '[capacity]\nmin_read = 9\nmax_read = 8\n[tables]\nbilling = "provisioned"',
            "capacity.min_read",
            "more than max_read",
        ),
        (
            "dev",
            "[tables]",
            '[capacity]\ntables = ["A", "A"]\n[tables]\nbilling = "provisioned"',
            "capacity.tables",
            "twice",
        ),
    ],
)
def test_a_mistake_is_named(
    name: str, before: str, after: str, path: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentFileError) as raised:
        load_edited(name, before, after, tmp_path)
    assert raised.value.path == f"{name}.toml: {path}"
    assert says in str(raised.value)
    assert raised.value.suggestion


def test_tables_with_provisioned_capacity_are_named_by_what_is_declared(tmp_path: Path) -> None:
    said = '[capacity]\ntables = ["Orders", "Odrers"]\n[tables]\nbilling = "provisioned"'
    dev = load_edited("dev", "[tables]", said, tmp_path)
    assert dev.provisioned_of("Orders") == dev.capacity
    assert dev.provisioned_of("Books") is None
    (fault,) = environment.unknown_tables(dev, ["Orders", "Books"])
    assert fault == (
        "dev.toml: capacity.tables",
        "there is no table 'Odrers'.",
        "Did you mean 'Orders'?",
    )
    assert load_edited("dev", "[tables]", "[tables]", tmp_path).provisioned is None


POOL = "us-east-1_AbCdEfGhI"


@pytest.mark.requirement("K-38")
def test_a_system_may_have_a_user_pool(tmp_path: Path) -> None:
    pools = f'[user_pools]\norders = "{POOL}"\n'
    dev = load_edited("dev", "[api]", f"{pools}[api]", tmp_path)
    assert dev.user_pools == {"orders": POOL}

    # one that is given in addition to the file goes before it, and leaves the others alone
    other, more = "us-east-1_123456789", msgspec.structs.replace(LARGE, name="more")
    assert environment.with_user_pool(dev, LARGE, other, "-c").user_pools == {"orders": other}
    both = environment.with_user_pool(dev, more, other, "-c")
    assert both.user_pools == {"orders": POOL, "more": other}
    assert dev.user_pools == {"orders": POOL}


def test_a_system_whose_callers_are_of_no_pool_takes_none() -> None:
    with pytest.raises(EnvironmentFileError, match="are not users of a user pool") as raised:
        environment.with_user_pool(environment.load("dev"), SMALL, POOL, "-c books:user_pool_id=")
    assert raised.value.path == "-c books:user_pool_id="
    assert "user_pool=True in books/system.py" in raised.value.suggestion


@pytest.mark.requirement("K-36", "K-38")
@pytest.mark.parametrize(
    ("pool", "says"),
    [
        ("us-east-1", "is not an id of a Cognito user pool"),
        ("us-east-1_", "is not an id"),
        ("us-esat-1_AbCdEfGhI", "is not an id"),
        ("AbCdEfGhI", "is not an id"),
        ("us-east-1_Ab CdEf", "is not an id"),
        (f"arn:aws:cognito-idp:us-east-1:111111111111:userpool/{POOL}", "us-east-1_AbCdEfGhI"),
        ("eu-west-1_AbCdEfGhI", "Use a pool of us-east-1"),
    ],
)
def test_what_is_no_usable_user_pool_is_refused_in_a_file_and_in_the_context(
    pool: str, says: str, tmp_path: Path
) -> None:
    pools = f'[user_pools]\norders = "{pool}"\n'
    with pytest.raises(EnvironmentFileError, match=says) as raised:
        load_edited("dev", "[api]", f"{pools}[api]", tmp_path)
    assert raised.value.path == "dev.toml: user_pools.orders"

    with pytest.raises(EnvironmentFileError, match=says) as raised:
        environment.with_user_pool(environment.load("dev"), LARGE, pool, "-c orders:x=")
    assert raised.value.path == "-c orders:x="


def test_the_local_environment_has_its_own_issuer(tmp_path: Path) -> None:
    pools = f'[user_pools]\norders = "{POOL}"\n'
    with pytest.raises(EnvironmentFileError, match="a token issuer of its own"):
        load_edited("local", "[api]", f"{pools}[api]", tmp_path)


@pytest.mark.requirement("K-69")
def test_every_deployed_environment_has_a_budget() -> None:
    for name in DEPLOYED:
        assert environment.load(name).budget
    assert environment.load("local").budget is None


def test_only_the_local_environment_has_local_ports(tmp_path: Path) -> None:
    ports = "\n".join(
        f"{name} = {port}"
        for port, name in enumerate(environment.Local.__struct_fields__, start=20_000)
    )
    with pytest.raises(EnvironmentFileError, match="that one only"):
        load_edited("dev", "[api]", f"[local]\n{ports}\n[api]", tmp_path)


@pytest.mark.parametrize(
    ("name", "arn", "said"),
    [
        ("local", "arn:aws:iam::aws:policy/PowerUserAccess", "bounds no roles"),
        ("prod", "arn:aws:iam::999999999999:policy/boundary", "of the account 999999999999"),
        ("prod", "boundary", "the ARN of a policy"),
    ],
)
def test_a_boundary_of_roles_is_a_policy_of_the_account(
    name: str, arn: str, said: str, tmp_path: Path
) -> None:
    roles = f'[roles]\npermissions_boundary = "{arn}"\n[api]'
    with pytest.raises(EnvironmentFileError, match=said):
        load_edited(name, "[api]", roles, tmp_path)


@pytest.mark.parametrize("account", ["aws", "111111111111"])
def test_roles_may_be_bounded_by_a_policy_of_ours_or_of_aws(account: str, tmp_path: Path) -> None:
    arn = f"arn:aws:iam::{account}:policy/boundary"
    roles = f'[roles]\npermissions_boundary = "{arn}"\n[api]'
    found = load_edited("prod", "[api]", roles, tmp_path)
    assert found.roles.permissions_boundary == arn


def test_an_unknown_environment_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(EnvironmentFileError, match="Did you mean 'staging'"):
        environment.load("stagging")


def test_a_name_is_as_long_as_systems_leave_room_for_and_no_longer(tmp_path: Path) -> None:
    dev = (environment.FOLDER / "dev.toml").read_text()
    for name in (LONGEST_ENVIRONMENT, LONGEST_ENVIRONMENT + "e"):
        (tmp_path / f"{name}.toml").write_text(dev.replace('name = "dev"', f'name = "{name}"'))

    assert environment.load(LONGEST_ENVIRONMENT, tmp_path).name == LONGEST_ENVIRONMENT
    with pytest.raises(EnvironmentFileError) as raised:
        environment.load(LONGEST_ENVIRONMENT + "e", tmp_path)
    assert raised.value.path == f"{LONGEST_ENVIRONMENT}e.toml: name"
    assert "2 to 16 of a-z and 0-9" in raised.value.suggestion


def test_a_file_that_is_no_toml_is_named_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError, match=r"dev\.toml: not TOML: .* line 2"):
        load_edited("dev", 'name = "dev"', "name = dev", tmp_path)


class Settings(Struct, frozen=True, kw_only=True):
    retention_days: int = 30


def test_a_system_decodes_its_own_part(tmp_path: Path) -> None:
    part = "[functions]"
    env = load_edited("dev", part, f"[systems.notes]\nretention_days = 7\n{part}", tmp_path)
    assert env.settings("notes", Settings).retention_days == 7
    assert env.settings("another", Settings).retention_days == 30


def test_a_mistake_in_a_systems_part_is_named_too(tmp_path: Path) -> None:
    part = "[functions]"
    env = load_edited("dev", part, f"[systems.notes]\nretention_day = 7\n{part}", tmp_path)
    with pytest.raises(EnvironmentFileError, match="Did you mean 'retention_days'") as raised:
        env.settings("notes", Settings)
    assert raised.value.path == "dev.toml: systems.notes.retention_day"


class Cached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings with the address of a cache."""

    retention_days: int = 365
    cache_seconds: int = 600
    cache_url: str = ""


SECTIONS = """
[systems.orders]
local_port = 3001
cache_seconds = 60

[systems.visits]
local_port = 3000
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped environments, with the sections of sample systems in local.toml."""
    made = tmp_path / "environments"
    shutil.copytree(environment.FOLDER, made)
    local = made / "local.toml"
    local.write_text(local.read_text().partition("[systems.")[0] + SECTIONS)
    return made


def edited(folder: Path, before: str, after: str) -> Environment:
    """Load local.toml with one piece of its text replaced."""
    file = folder / "local.toml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    try:
        return environment.load("local", folder)
    finally:
        file.write_text(text)


def ports_of(local: Environment) -> dict[str, int]:
    return local.api_ports(["notes", "orders", "visits"])


def test_a_system_says_its_port_and_the_others_take_what_is_free(folder: Path) -> None:
    local = environment.load("local", folder)
    assert ports_of(local) == {"notes": 3002, "orders": 3001, "visits": 3000}
    with pytest.raises(ValueError, match="dev has no ports"):
        ports_of(environment.load("dev", folder))

    # a server of the platform is not in the way, and a section's port is not one of the settings
    moved = edited(folder, "engine = 18765", "engine = 3002")
    assert ports_of(moved)["notes"] == 3003
    assert local.settings("orders", Cached).cache_seconds == 60


def test_addresses_on_this_machine_follow_from_the_ports(folder: Path) -> None:
    local = edited(folder, "\nissuer = 18769", "\nissuer = 18770")
    assert local.auth.issuer == "http://127.0.0.1:18770"
    local = edited(folder, "cache = 18768", "cache = 19768")
    assert local.settings("orders", Cached).cache_url == "redis://127.0.0.1:19768/0"
    assert local.settings("notes", Settings) == Settings()
    assert environment.load("dev", folder).settings("orders", Cached).cache_url == ""

    # a system may have another cache
    other = '[systems.orders]\ncache_url = "redis://10.0.0.1:6379/0"'
    local = edited(folder, "[systems.orders]", other)
    assert local.settings("orders", Cached).cache_url == "redis://10.0.0.1:6379/0"


def test_an_offset_moves_every_port(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, dev = environment.load("local", folder), environment.load("dev")
    monkeypatch.setenv(variables.PORT_OFFSET, "100")
    after = environment.load("local", folder)

    assert before.local is not None
    assert after.local is not None
    assert (after.local.api, after.local.engine) == (3100, before.local.engine + 100)
    assert ports_of(after) == {name: port + 100 for name, port in ports_of(before).items()}
    assert after.auth.issuer == f"http://127.0.0.1:{before.local.issuer + 100}"
    cache = after.settings("orders", Cached).cache_url
    assert cache == f"redis://127.0.0.1:{before.local.cache + 100}/0"
    assert environment.load("dev") == dev


@pytest.mark.parametrize(
    ("offset", "says"),
    [
        ("ten", "is not a whole number"),
        ("-1", "is not a whole number"),
        ("60000", "above 65535"),
        ("9" * 5_000, "up to 64511"),
    ],
)
def test_an_offset_that_cannot_be_is_told(
    offset: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variables.PORT_OFFSET, offset)
    with pytest.raises(EnvironmentFileError, match=says) as raised:
        environment.load("local")
    assert raised.value.path == "KEYLINE_PORT_OFFSET"


@pytest.fixture
def override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "local.override.toml"
    file.touch()
    monkeypatch.setenv(variables.LOCAL_OVERRIDE, str(file))
    return file


def test_a_file_of_one_s_own_is_laid_over_the_local_environment(
    folder: Path, override: Path
) -> None:
    before = environment.load("local", folder)
    override.write_text(
        "[local]\ncache = 20000\n[systems.visits]\nlocal_port = 20001\nretention_days = 7\n"
    )
    after = environment.load("local", folder)

    assert before.local is not None
    assert after.local == msgspec.structs.replace(before.local, cache=20_000)
    assert ports_of(after) == {**ports_of(before), "visits": 20_001, "notes": 3000}
    visits = after.settings("visits", Cached)
    assert (visits.retention_days, visits.cache_url) == (7, "redis://127.0.0.1:20000/0")
    assert visits.cache_seconds == before.settings("visits", Cached).cache_seconds

    # it is not an environment of its own, and lies over no other
    assert "visits" not in environment.load("dev", folder).systems
    (override.parent / "dev.toml").touch()
    assert environment.names(override.parent) == ["dev"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[local]\nengin = 1", "local.engin"),
        ("[local]\nengine = 80", "local.engine"),
        ("[local]\nengine = 18769", "local.engine"),
        ("[systems.visits]\nlocal_port = 3001", "systems.orders.local_port"),
        ('[auth]\nissuer = "http://127.0.0.1:1"', "auth.issuer"),
    ],
)
def test_a_mistake_in_one_s_own_file_names_it(
    text: str, path: str, folder: Path, override: Path
) -> None:
    override.write_text(text)
    with pytest.raises(EnvironmentFileError) as raised:
        environment.load("local", folder)
    assert raised.value.path == f"local.override.toml: {path}"


def test_a_wrong_setting_in_one_s_own_file_names_it_and_no_other(
    folder: Path, override: Path
) -> None:
    override.write_text('[systems.orders]\nretention_days = "7"')
    with pytest.raises(EnvironmentFileError) as raised:
        environment.load("local", folder).settings("orders", Cached)
    assert raised.value.path == "local.override.toml: systems.orders.retention_days"

    override.write_text("[systems.orders]\nretention_days = 7")
    wrong = edited(folder, "cache_seconds = 60", 'cache_seconds = "1"')
    with pytest.raises(EnvironmentFileError) as raised:
        wrong.settings("orders", Cached)
    assert raised.value.path == "local.toml: systems.orders.cache_seconds"

    override.write_text("[local")
    with pytest.raises(EnvironmentFileError, match=r"local\.override\.toml: not TOML"):
        environment.load("local", folder)


def test_a_file_of_one_s_own_that_is_named_has_to_be_there(folder: Path, override: Path) -> None:
    override.unlink()
    with pytest.raises(EnvironmentFileError, match="cannot be read: No such file") as raised:
        environment.load("local", folder)
    assert raised.value.path == str(override)


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    file = folder / "dev.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert environment.load("dev", folder) == environment.load("dev")


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 5_000], ids=["digits", "lists"])
def test_a_file_that_python_cannot_hold_is_named(folder: Path, value: str) -> None:
    (folder / "dev.toml").write_text(f"name = {value}")
    with pytest.raises(EnvironmentFileError, match="too many") as raised:
        environment.load("dev", folder)
    assert raised.value.path == "dev.toml"


def test_one_fault_of_many_names_is_named(tmp_path: Path) -> None:
    env = load_edited(
        "dev", "[functions]", "[systems.a]\nb = {x = 1, y = -1}\n[functions]", tmp_path
    )

    class Priced(Struct):
        b: dict[str, Dollars]

    with pytest.raises(EnvironmentFileError, match="from 0 to") as raised:
        env.settings("a", Priced)
    assert raised.value.path == "dev.toml: systems.a.b.y"


def test_a_setting_that_contradicts_another_one_is_named(tmp_path: Path) -> None:
    class Contradicting(Struct):
        days: int = 1

        def __post_init__(self) -> None:
            if self.days > 1:
                raise SettingError("days", "is too many.", "Write 1.")

    env = load_edited("dev", "[functions]", "[systems.a]\ndays = 2\n[functions]", tmp_path)
    with pytest.raises(EnvironmentFileError, match=r"is too many\. Write 1\.") as raised:
        env.settings("a", Contradicting)
    assert raised.value.path == "dev.toml: systems.a.days"


@pytest.mark.parametrize("own", [False, True])
def test_a_file_that_is_not_text_is_named(folder: Path, override: Path, own: bool) -> None:
    file = override if own else folder / "local.toml"
    file.write_bytes(b"name = '\xe9'")
    with pytest.raises(EnvironmentFileError, match="not UTF-8: the byte at 8") as raised:
        environment.load("local", folder)
    assert raised.value.path == file.name


def test_a_section_of_no_system_is_told_in_the_file_that_has_it(
    folder: Path, override: Path
) -> None:
    override.write_text("[systems.order]\nretention_days = 7\n")
    local = environment.load("local", folder)
    assert [*environment.unknown_systems(local, ["orders", "visits"])] == [
        ("local.override.toml: systems.order", "there is no such system.", "Did you mean 'orders'?")
    ]
    override.write_text("")
    local = environment.load("local", folder)
    paths = [path for path, _, _ in environment.unknown_systems(local, ["visits"])]
    assert paths == ["local.toml: systems.orders"]


RESTORED = "CustomerOrders-dev-r20260131T100000Z"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([RESTORED, "CustomerOrders-dev"], ""),
        ([f"{RESTORED}-2"], ""),
        (["CustomerOrders"], "is not a name of a table that was restored from CustomerOrders-dev"),
        (["CustomerOrders-devil"], "is not a name of a table that was restored"),
        (["CustomerOrders-dev-r20260131T100000Z-A"], "is not a name of a table"),
        (["CustomerOrders-r20260131T100000Z"], "is not a name of a table"),
        ([RESTORED, RESTORED], "is there twice"),
    ],
)
def test_an_environment_names_only_its_own_tables_and_those_restored_from_them(
    names: list[str], message: str
) -> None:
    """Another environment's table, or another table, is never read by a slip in a file."""
    tables = environment.Tables(names={"orders": {"CustomerOrders": tuple(names)}})
    dev = msgspec.structs.replace(environment.load("dev"), tables=tables)
    found = [*environment.table_name_faults(dev, [LARGE])]
    assert [message in said for _, said, _ in found] == [True] * bool(message)
    if not message:
        assert dev.table_name("orders", ORDERS) == names[0]
        assert dev.restored_tables(LARGE) == {"CustomerOrders": names[0]}


def test_names_of_no_table_and_of_no_system_are_told() -> None:
    tables = environment.Tables(names={"orders": {"CustomerOrder": (RESTORED,)}, "order": {}})
    dev = msgspec.structs.replace(environment.load("dev"), tables=tables)
    assert [*environment.table_name_faults(dev, [LARGE])] == [
        (
            "dev.toml: tables.names.orders.CustomerOrder",
            "orders has no such table.",
            "Did you mean 'CustomerOrders'?",
        )
    ]
    sections = ["orders", *dev.systems]
    assert [path for path, _, _ in environment.unknown_systems(dev, sections)] == [
        "dev.toml: tables.names.order"
    ]


@settings(max_examples=50)
@given(
    st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),
    st.from_regex(r"[a-z0-9]{0,16}", fullmatch=True),
)
def test_a_restored_name_is_known_as_one_of_its_table_alone(moment: datetime, suffix: str) -> None:
    name = restored_name("Orders-dev", moment, suffix)
    assert is_restored_name("Orders-dev", name)
    assert not is_restored_name("Orders", name)
    assert not is_restored_name(name, name)


@pytest.mark.parametrize("endpoint", [{}, {"KEYLINE_DYNAMODB_ENDPOINT": "http://127.0.0.1:1"}])
def test_tests_do_not_see_the_developer_s_own_ports(
    endpoint: dict[str, str], root: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[local]\nengine = 20000\n")
    own_ports = {variables.PORT_OFFSET: "100", variables.LOCAL_OVERRIDE: str(own)}
    shown = "print(load('local').local.engine)"
    code = f"from keyline_deploy.environment import load; {shown}; import tests.conftest; {shown}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, **own_ports, **endpoint},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["20100", "18765"]


@pytest.mark.parametrize(
    ("section", "tables"),
    [
        ("warm", environment.Tables(warm={"CustomerOrder": environment.Warm()})),
        ("most", environment.Tables(most={"CustomerOrder": environment.Most(write=100)})),
    ],
)
def test_a_table_that_there_is_not_has_no_throughput(
    section: str, tables: environment.Tables
) -> None:
    dev = msgspec.structs.replace(environment.load("dev"), tables=tables)
    assert [*environment.table_name_faults(dev, [LARGE])] == [
        (
            f"dev.toml: tables.{section}.CustomerOrder",
            "no system has such a table.",
            "Did you mean 'CustomerOrders'?",
        )
    ]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('account = "111111111111"', "", "account"),
        ("pitr_days = 35", "pitr_days = 7", "tables.pitr_days"),
        ('"retain"', '"destroy"', "tables.removal_policy"),
        (
            "deletion_protection = true",
            "deletion_protection = false",
            "tables.deletion_protection",
        ),
        ("pitr_days = 35", 'pitr_days = 35\nencryption = "aws-owned"', "tables.encryption"),
    ],
)
def test_an_environment_that_says_it_is_protected_is_as_production_is(
    before: str, after: str, path: str, tmp_path: Path
) -> None:
    text = (environment.FOLDER / "prod.toml").read_text().replace('"prod"', '"prodeu"')
    (tmp_path / "prodeu.toml").write_text(text)
    assert environment.load("prodeu", tmp_path).termination_protection
    assert before in text
    (tmp_path / "prodeu.toml").write_text(text.replace(before, after, 1))
    with pytest.raises(environment.EnvironmentFileError) as refused:
        environment.load("prodeu", tmp_path)
    assert refused.value.path == f"prodeu.toml: {path}"
    assert refused.value.message == (
        "is too weak for this environment, because termination_protection is true."
    )
