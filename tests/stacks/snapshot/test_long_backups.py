"""AWS Backup, where an environment asks for backups that outlast the 35 days of recovery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from keyline_deploy.environment import FOLDER, Backup, EnvironmentFileError, load
from keyline_deploy.systems import systems
from keyline_ops.plan.backups import kept_days, selections
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.side import Side
from keyline_ops.plan.worlds import World
from stacks.application import build
from tests.support.templates import FULL, Template, Templates, new_app, no_bundle, only, resources

ENVIRONMENT = msgspec.structs.replace(
    FULL, backup=Backup(keep_days=400, every="month"), systems={}, user_pools={}
)


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    folder = tmp_path_factory.mktemp("backups")
    app = new_app(folder, checks=True)
    build(app, ENVIRONMENT, systems(), no_bundle(folder))
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


@pytest.mark.requirement("X-02", "T-24")
def test_an_environment_keeps_backups_for_as_long_as_it_says(
    backups: Mapping[str, Template],
) -> None:
    account = backups["account-full"]
    (rule,) = only(account, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": 400}
    assert rule["ScheduleExpression"] == "cron(0 3 1 * ? *)"
    (vault,) = (r for r in account["Resources"].values() if r["Type"] == "AWS::Backup::BackupVault")
    assert vault["DeletionPolicy"] == "RetainExceptOnCreate"
    assert vault["Properties"]["EncryptionKeyArn"] == FULL.key_arn


@pytest.mark.requirement("X-02")
def test_the_plan_judges_every_table_of_the_environment_as_kept(
    backups: Mapping[str, Template],
) -> None:
    """`keyline plan` refuses a change that takes a table out of AWS Backup: it has to see it."""
    side = Side([Stack(name, template) for name, template in backups.items()], World())
    tables = side.tables.values()
    declared = sum(len(system.tables) for system in systems())
    assert len(tables) == declared
    for table in tables:
        (selection,) = selections(side, table)
        assert kept_days(side, selection) == {"each-month": 400}


def test_without_the_section_there_is_none(
    backups: Mapping[str, Template], templates: Templates
) -> None:
    assert len(resources(backups["account-full"], "AWS::Backup::BackupSelection")) == 1
    assert "AWS::Backup" not in json.dumps(templates("prod")["account-prod"])


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("[backup]\nkeep_days = 35", "backup.keep_days"),
        ('[backup]\nkeep_days = 400\nevery = "hour"', "backup.every"),
        ("[backup]\nevery = 'day'", "backup.keep_days"),
    ],
)
def test_a_section_that_cannot_be_is_refused(section: str, said: str, tmp_path: Path) -> None:
    text = (FOLDER / "dev.toml").read_text(encoding="utf-8")
    (tmp_path / "dev.toml").write_text(f"{text}\n{section}\n", encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as raised:
        load("dev", tmp_path)
    assert said in raised.value.path


def test_there_is_no_aws_backup_on_this_machine(tmp_path: Path) -> None:
    text = (FOLDER / "local.toml").read_text(encoding="utf-8")
    (tmp_path / "local.toml").write_text(f"{text}\n[backup]\nkeep_days = 400\n", encoding="utf-8")
    with pytest.raises(EnvironmentFileError, match="no AWS Backup on this machine"):
        load("local", tmp_path)


def test_an_environment_that_throws_its_tables_away_keeps_no_backups(tmp_path: Path) -> None:
    """A vault that holds backups is not deleted, so that the environment could not be."""
    text = (FOLDER / "dev.toml").read_text(encoding="utf-8")
    assert 'removal_policy = "destroy"' in text
    section = "\n[backup]\nkeep_days = 400\n"
    (tmp_path / "dev.toml").write_text(text + section, encoding="utf-8")
    with pytest.raises(EnvironmentFileError, match="throws away"):
        load("dev", tmp_path)
    kept = text.replace('removal_policy = "destroy"', 'removal_policy = "retain"')
    (tmp_path / "dev.toml").write_text(kept + section, encoding="utf-8")
    assert load("dev", tmp_path).backup
