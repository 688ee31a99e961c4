"""Test when the kept assembly is made again, and what the CDK is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from keyline_ops import synth
from keyline_ops.synth import SynthesisFailedError, assembly_folder, bring_up_to_date


class Cdk:
    """Stands in for the CDK: writes an assembly, or fails; `meanwhile` is done before it ends."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.calls = 0
        self.fails = False
        self.saves = ""

    async def synthesize(self, environment: str, out: Path, context: Sequence[str]) -> None:
        self.calls += 1
        if self.saves:
            (self.project / "app.py").write_text(self.saves)
        if self.fails:
            raise SynthesisFailedError("cdk synth", "ended with exit code 1.")
        out.mkdir(parents=True, exist_ok=True)
        (out / "manifest.json").write_text("{}")


@pytest.fixture
def cdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cdk:
    (tmp_path / "app.py").write_text("first")
    made = Cdk(tmp_path)
    monkeypatch.setattr(synth, "ROOT", tmp_path)
    monkeypatch.setattr(synth, "WORK", tmp_path / ".keyline")
    monkeypatch.setattr(synth, "_synthesize", made.synthesize)
    return made


def bring() -> bool:
    return asyncio.run(bring_up_to_date("local", assembly_folder("local")))


def test_the_same_inputs_are_synthesized_once(cdk: Cdk) -> None:
    assert [bring(), bring()] == [True, False]
    assert cdk.calls == 1


def test_a_changed_input_is_synthesized_again(cdk: Cdk) -> None:
    bring()
    (cdk.project / "app.py").write_text("second")
    assert [bring(), bring()] == [True, False]


def test_another_context_is_synthesized_again(cdk: Cdk) -> None:
    bring()
    folder, context = assembly_folder("local"), ["user_pool_id=us-east-1_AbCdEfGhI"]
    again = (asyncio.run(bring_up_to_date("local", folder, context)) for _ in "ab")
    assert list(again) == [True, False]


def test_a_changed_variable_is_synthesized_again(cdk: Cdk, monkeypatch: pytest.MonkeyPatch) -> None:
    bring()
    monkeypatch.setenv("KEYLINE_PORTS", "1")
    assert bring()


def test_an_assembly_that_was_removed_is_made_again(cdk: Cdk) -> None:
    bring()
    (assembly_folder("local") / "manifest.json").unlink()
    assert bring()


def test_a_failure_leaves_nothing_that_is_up_to_date(cdk: Cdk) -> None:
    bring()
    (cdk.project / "app.py").write_text("second")
    cdk.fails = True
    with pytest.raises(SynthesisFailedError):
        bring()
    (cdk.project / "app.py").write_text("first")
    cdk.fails = False
    assert bring()


def test_a_file_saved_meanwhile_is_not_taken_as_read(cdk: Cdk) -> None:
    cdk.saves = "second"
    bring()
    (cdk.project / "app.py").write_text("first")
    cdk.saves = ""
    assert bring()


def test_only_the_local_environment_goes_without_the_cdks_own_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CDK_VALIDATION", raising=False)
    assert synth._variables("local")["CDK_VALIDATION"] == "false"
    assert "CDK_VALIDATION" not in synth._variables("dev")
