"""Read and explain one network, and keep a row of it."""

import os
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from scrubjay.core.errors import RefusedFile, ScrubjayError
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network, read_network
from scrubjay.study import Study, explain
from scrubjay.survey.declaration import Declaration, declaration_file, read_declaration
from scrubjay.survey.row import InnerSize, SurveyRow

if sys.platform != "win32":
    import resource

_STATUS = Path("/proc/self/status")


def examined(place: Path, name: str, declared: Path | None) -> SurveyRow:
    """Read a network, explain it if a task is declared, and return its row. It raises nothing but Ctrl-C.

    Args:
        place: the network's file or folder.
        name: how to call it.
        declared: the folder with the declarations; by default the one that the network lies in.
    """
    began, user = time.perf_counter(), os.times().user
    row = _row(place, name, declared)
    spent, used = time.perf_counter() - began, os.times().user - user
    return replace(row, seconds=round(spent, 2), cpu_seconds=round(used, 2), peak_mib=_peak_mib())


def computes(study: Study) -> str:
    """What a network computes, by which algorithm, and how often its interchange comes out; or why it is not known."""
    found = study.found.get(ALGORITHM)
    if found is None:
        return next((f"not named: {each.reason}" for each in study.skipped if each.line == ALGORITHM.name), "")
    return found.brief


def _row(place: Path, name: str, declared: Path | None) -> SurveyRow:
    row = SurveyRow(name, "refused")
    try:
        file = declaration_file(place, declared)
        declaration = Declaration() if file is None else read_declaration(file)
        saved, assumed = opened_with_task(place, name, declaration)
        row = replace(row, outcome="opened", architecture=saved.network.config.in_words, assumed=assumed)
        if saved.task is None:
            return replace(row, reason="opened, but no task is declared")
        return _with_study(row, explain(saved))
    except ScrubjayError as error:
        return replace(row, reason=str(error))
    except Exception as error:  # whatever happens with one network, the survey goes on with the others
        return replace(row, outcome="failed", reason=f"{type(error).__name__}: {error}".removesuffix(": "))


def opened_with_task(place: Path, name: str, declaration: Declaration) -> tuple[SavedNetwork, tuple[str, ...]]:
    """Read a network with what is declared of it.

    Args:
        place: the network's file or folder.
        name: how to call it.
        declaration: what is declared.

    Returns:
        The network with its task, and what was assumed of it.

    Raises:
        BadInput: there is no such file, or what is declared does not fit it.
        RefusedFile: the file is damaged, unsafe to read, or of another architecture.
    """
    if declaration.layout == "auto" and not declaration.values:
        with suppress(RefusedFile):  # if it is another program's file, it is imported below
            saved = read_network(place)
            return replace(saved, task=declaration.task or saved.task), ()
    imported = import_network(place, declaration.layout, declaration.values)
    return SavedNetwork(imported.network, name, declaration.task, None, {}), imported.assumed


def _with_study(row: SurveyRow, study: Study) -> SurveyRow:
    domain = study.task.domain
    accuracy = next((claim for claim in study.claims if claim.id == "accuracy.all"), None)
    subspace, inner = study.found.get(SUBSPACE), study.found.get(INNER)
    size = None
    if inner is not None:
        parts = inner.inner.parts
        size = InnerSize(parts.dimensions, len(parts.ranks), parts.hinges, inner.inner.agreement)
    labels = study.task.labels
    return replace(
        row,
        outcome="explained",
        inputs=domain.size,
        is_sample=domain.is_sample,
        right=None if accuracy is None else accuracy.value,
        mistakes=None if labels is None else int((study.run.full.classes != labels).sum()),
        interval=None if accuracy is None else accuracy.interval,
        dimensions=None if subspace is None else subspace.sides["full"].causal.r,
        inner=size,
        inner_skipped=next((each.reason for each in study.skipped if each.line == INNER.name), ""),
        computes=computes(study),
    )


def _peak_mib() -> int | None:
    """The most memory that this process has used.

    The kernel's own figure is preferred, since what ``getrusage`` gives begins with that of the starting process.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    if sys.platform == "win32":
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 1024)
