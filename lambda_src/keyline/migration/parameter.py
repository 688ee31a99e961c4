"""The SSM parameter that holds the phase, so that a switch needs no deployment."""

from __future__ import annotations

import os
from collections.abc import Callable

from keyline import variables
from keyline.metrics import Metrics
from keyline.migration.phase import Mode, Phase, PhaseUnknownError
from keyline.migration.polled_phase import PolledPhase
from keyline.model.migration import MigrationSettings
from keyline.model.migration_metrics import PHASE_FAILURES
from keyline.ssm import ParameterUnreadError, parameters

SSM_SECONDS = 0.5
"""How long a request waits for SSM to connect, and again to answer. Then the known phase holds."""
_CHECK = "Check that the parameter is there, and that the function's role may read it."


def phase_of_function(settings: MigrationSettings, metrics: Metrics) -> Callable[[], Phase]:
    """Return what gives the phase of a function.

    The phase is the parameter's. Without a parameter it is the setting `phase`.

    Parameters
    ----------
    metrics
        Counts the reads of the parameter that failed.
    """
    default = Phase(Mode(settings.phase))
    name = os.environ.get(variables.PHASE_PARAMETER)
    if not name:
        return lambda: default
    return PolledPhase(
        default,
        parameter_reader(name),
        settings.phase_seconds,
        lambda: metrics.count(PHASE_FAILURES),
    )


def parameter_reader(name: str) -> Callable[[], Phase]:
    """Return what reads a phase from an SSM parameter: one try, within `SSM_SECONDS`.

    The reader raises `PhaseUnknownError` if SSM gives no value, or a value that is not a phase.
    """
    parameter_of = parameters(SSM_SECONDS)

    def read() -> Phase:
        try:
            found = parameter_of(name)
        except ParameterUnreadError as error:
            said = f"was not read from SSM: {error}."
            raise PhaseUnknownError(name, said, _CHECK) from error
        return Phase.parse(found.value, name, found.last_modified_date)

    return read
