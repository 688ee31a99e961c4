"""Our rules as a validation plugin, and cdk-nag's beside them: what breaks one fails synth."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import aws_cdk as cdk
import jsii
from cdk_nag import AwsSolutionsChecks

from keyline.model import System
from keyline_deploy.alarm_rules import Watchable
from keyline_deploy.environment import Environment
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.metric_sources import MetricSources
from keyline_deploy.synthesized import read_template
from keyline_deploy.template_rules import (
    Finding,
    check_sources,
    check_template,
    check_watched,
)


@jsii.implements(cdk.IPolicyValidationPlugin)
class KeylineChecks:
    """`keyline_deploy.template_rules` for every template of an app."""

    def __init__(self, environment: Environment, systems: Iterable[System]) -> None:
        systems = tuple(systems)
        self._environment = environment
        self._catalogue = MetricCatalogue(systems)
        self._sources = MetricSources(systems, environment)

    @property
    def name(self) -> str:
        """Return how reports name the plugin."""
        return "keyline"

    @property
    def version(self) -> str:
        """The version of the rules."""
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str] | None:
        """Not needed: reports name the rules."""
        return None

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Check the templates; called by the app at the end of synth."""
        templates = {
            stack.template_path: read_template(Path(stack.template_path))
            for stack in context.stack_templates
        }
        watched = Watchable(templates.values(), self._environment.name)
        violations = [
            _violation(finding, path)
            for path, template in templates.items()
            for finding in (
                *check_template(template, self._environment, self._catalogue),
                *check_watched(template, watched),
                *check_sources(template, self._sources),
            )
        ]
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)


def _violation(finding: Finding, template: str) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=finding.rule,
        description=f"{finding.logical_id}.{finding.path} {finding.message}",
        fix=finding.suggestion,
        severity="error",
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=finding.logical_id,
                template_path=str(Path(template)),
                locations=[f"Properties/{finding.path.replace('.', '/')}"],
            )
        ],
    )


def add_checks(app: cdk.App, environment: Environment, systems: Iterable[System]) -> None:
    """Let an app fail to synthesize when a template breaks a rule of ours or of cdk-nag's.

    Parameters
    ----------
    systems
        The systems of the app. Alarms of systems may watch the metrics that they declare.
    """
    cdk.Validations.of(app).add_plugins(KeylineChecks(environment, systems))
    add_nag(app)


def add_nag(app: cdk.App) -> None:
    """Let an app fail to synthesize when a template breaks a rule of cdk-nag's."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
