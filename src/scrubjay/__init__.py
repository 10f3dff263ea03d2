"""scrubjay explains small transformers completely, over their whole input domain.

The way data takes, and the way imports go:

    task + network ─▶ Run ─▶ lines of evidence ─▶ claims ─▶ page, terminal, JSON

The names below are imported when they are first used, so that ``import scrubjay`` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrubjay.condensation import condense as condense
    from scrubjay.core.claim import Claim as Claim
    from scrubjay.core.errors import ScrubjayError as ScrubjayError
    from scrubjay.evidence.line import Line as Line
    from scrubjay.nets.bridges.transformer_lens import from_transformer_lens as from_transformer_lens
    from scrubjay.nets.bridges.transformer_lens import to_transformer_lens as to_transformer_lens
    from scrubjay.nets.files.checkpoint import import_network as import_network
    from scrubjay.nets.files.checkpoint import save_network as save_network
    from scrubjay.nets.files.hub import load_network as load_network
    from scrubjay.nets.training.run_folder import train_into as train_into
    from scrubjay.nets.transformer import Transformer as Transformer
    from scrubjay.recovery import recover_program as recover_program
    from scrubjay.report.notebook import explore as explore
    from scrubjay.report.write import write_report as write_report
    from scrubjay.run import Run as Run
    from scrubjay.run import Settings as Settings
    from scrubjay.study import Study as Study
    from scrubjay.study import explain as explain
    from scrubjay.tasks.challenge2 import challenge2 as challenge2
    from scrubjay.tasks.domain import Domain as Domain
    from scrubjay.tasks.modular import modular_addition as modular_addition
    from scrubjay.tasks.recipe import Recipe as Recipe
    from scrubjay.tasks.task import Task as Task

_HOMES = {
    "Claim": "core.claim",
    "Domain": "tasks.domain",
    "Line": "evidence.line",
    "Transformer": "nets.transformer",
    "Recipe": "tasks.recipe",
    "Run": "run",
    "ScrubjayError": "core.errors",
    "Settings": "run",
    "Study": "study",
    "Task": "tasks.task",
    "challenge2": "tasks.challenge2",
    "condense": "condensation",
    "explain": "study",
    "explore": "report.notebook",
    "from_transformer_lens": "nets.bridges.transformer_lens",
    "import_network": "nets.files.checkpoint",
    "load_network": "nets.files.hub",
    "modular_addition": "tasks.modular",
    "recover_program": "recovery",
    "save_network": "nets.files.checkpoint",
    "to_transformer_lens": "nets.bridges.transformer_lens",
    "train_into": "nets.training.run_folder",
    "write_report": "report.write",
}
"""Where each public name is defined."""

__all__ = list(_HOMES)  # the keys are strings


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"scrubjay has no {name!r}")
    return getattr(import_module(f"scrubjay.{_HOMES[name]}"), name)
