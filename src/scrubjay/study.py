"""The whole study: make the run, go through the lines of evidence, collect their claims."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from scrubjay.core.claim import Claim, of_sample
from scrubjay.core.errors import BadInput
from scrubjay.core.parallel import one_thread_each
from scrubjay.core.progress import Progress, part_of
from scrubjay.core.table import Table
from scrubjay.evidence.algorithm import ALGORITHM
from scrubjay.evidence.answers import ANSWERS
from scrubjay.evidence.attention import ATTENTION
from scrubjay.evidence.embeddings import EMBEDDINGS
from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.labels import LABELS
from scrubjay.evidence.line import Found, Line, NothingToFollow, Picture, Skipped
from scrubjay.evidence.mlp import MLP
from scrubjay.evidence.rivals import RIVALS
from scrubjay.evidence.scrubbing import SCRUBBING
from scrubjay.evidence.steering import STEERING
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.nets.files.checkpoint import versions
from scrubjay.nets.files.given import Given, as_saved
from scrubjay.run import Run, Settings
from scrubjay.tasks.named import as_task
from scrubjay.tasks.task import Task

LINES: tuple[Line[Any], ...] = (
    ANSWERS,
    ATTENTION,
    SUBSPACE,
    INNER,
    FILTERS,
    ALGORITHM,
    EMBEDDINGS,
    MLP,
    STEERING,
    SCRUBBING,
    LABELS,
    RIVALS,
)
"""Every line of evidence, in the order of the story. A line may use what an earlier one found."""

_RUNNING = 0.02
"""The share of a study's time that the run itself takes, for the progress bar."""


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that ``explain`` found.

    Example:
        >>> import scrubjay
        >>> study = scrubjay.explain("bundled")  # doctest: +SKIP
        >>> [claim.id for claim in study.headlines][:2]  # doctest: +SKIP
        ['accuracy.all', 'accuracy.test']

    Attributes:
        title: the network's name, and whether it is a replica.
        run: the network on every input.
        lines: the lines of evidence that were followed, in order.
        found: their results.
        skipped: the lines that were not followed, each with the reason.
        claims: all claims, in the order of the lines.
        paragraph: the findings in plain words.
        provenance: the network's hash, versions, settings, task and command.
    """

    title: str
    run: Run
    lines: tuple[Line[Any], ...]
    found: Found
    skipped: tuple[Skipped, ...]
    claims: tuple[Claim, ...]
    paragraph: str
    provenance: Mapping[str, Any]

    @property
    def task(self) -> Task:
        """What the network was asked."""
        return self.run.task

    @property
    def headlines(self) -> tuple[Claim, ...]:
        """The claims that a reader should see first."""
        return tuple(claim for claim in self.claims if claim.headline)

    @property
    def opening(self) -> str:
        """What the network computes and how, in a few sentences: the answers of the lines that open a report."""
        opening = sorted((line for line in self.lines if line.opens), key=lambda line: line.opens)
        answers = (of_inputs(line.answer(self.found.of(line)), self.task) for line in opening)
        return " ".join(filter(None, answers))

    def answer(self, line: Line[Any]) -> str:
        """The answer to a line's question in a sentence or two; empty if the line has none."""
        return of_inputs(line.answers(self.found.of(line)), self.task)

    def claim(self, claim_id: str) -> Claim:
        """The claim with that id.

        Raises:
            KeyError: the study has no such claim.
        """
        for claim in self.claims:
            if claim.id == claim_id:
                return claim
        raise KeyError(f"this study has no claim {claim_id!r}; it has {', '.join(claim.id for claim in self.claims)}")

    def pictures(self) -> dict[str, Sequence[Picture]]:
        """The pictures of each line, by its name, before they are drawn."""
        return {line.name: line.figures(self.found.of(line)) for line in self.lines}

    def tables(self) -> dict[str, Sequence[Table]]:
        """The tables of each line, by its name."""
        return {line.name: line.tables(self.found.of(line)) for line in self.lines}


def explain(
    network: Given,
    task: Task | str | Path | None = None,
    settings: Settings | None = None,
    *,
    device: torch.device | str = "cpu",
    command: str = "",
    lines: Sequence[Line[Any]] | None = None,
) -> Study:
    """Explain a network over the whole domain of a task.

    The network is not changed and not moved.

    Example:
        >>> import scrubjay
        >>> study = scrubjay.explain("bundled", settings=scrubjay.Settings(draws=10))  # doctest: +SKIP
        >>> study.claim("subspace.causal").value  # doctest: +SKIP
        3

    Args:
        network: a network, what ``load_network`` returns, or a place that it reads: a file, a run folder,
            ``hf://owner/name``, or ``bundled``.
        task: the domain and the classes, or the words that name a task; by default the task that the network's file
            names. Labels and split are used where the task has them.
        settings: seed, draws and the like; by default ``Settings()``.
        device: where the network runs. Fits and statistics stay in float64 on the CPU.
        command: what to write into the provenance.
        lines: the lines of evidence to follow; by default all.

    Returns:
        The claims, and everything behind them. The result does not depend on the number of threads.

    Raises:
        BadInput: the task's inputs or classes do not fit the network, or there is no task.
        RefusedFile: the network's file is damaged or not one of ours.
    """
    saved, settings = as_saved(network), settings or Settings()
    chosen = saved.task if task is None else task
    if chosen is None:
        raise BadInput(f"network {saved.name} names no task, so one must be given")
    asked = as_task(chosen)
    is_replica = asked.is_replicated_by(saved.recipe)
    title = f"{saved.name} (replica)" if is_replica else saved.name
    settings.progress("running the network on every input", 0.0)
    with one_thread_each(), torch.no_grad():
        run = Run.of(saved.network, asked, name=title, seed=settings.seed, device=device)
        followed, found, skipped = _follow(LINES if lines is None else lines, run, settings)
        claims = tuple(
            replace(claim, published=asked.published.get(claim.id))
            for line in followed
            for claim in line.claims(found.of(line))
        )
        words = [sentence for line in followed for sentence in line.words(found.of(line))]
        if asked.domain.is_sample:
            inputs = asked.domain.in_words
            claims = tuple(of_sample(claim, asked.domain.size, inputs) for claim in claims)
            words = [of_inputs(sentence, asked) for sentence in words]
    return Study(
        title=title,
        run=run,
        lines=tuple(followed),
        found=found,
        skipped=tuple(skipped),
        claims=claims,
        paragraph=" ".join(words),
        provenance={
            "network": saved.name,
            "network_sha256": saved.manifest.get("sha256"),
            "is_replica": is_replica,
            "task": asked.name,
            "inputs": asked.domain.in_words,
            "seed": settings.seed,
            "draws": settings.draws,
            "width": settings.width,
            "basis": settings.basis,
            "sampling": settings.sampling,
            "threads": torch.get_num_threads(),
            "device": str(device),
            "versions": versions(),
            "command": command,
        },
    )


def of_inputs(sentence: str, task: Task) -> str:
    """A sentence with shares, which also says of which inputs if these are a sample."""
    inputs = task.domain.in_words
    if not task.domain.is_sample or "%" not in sentence or inputs in sentence:
        return sentence
    return f"{sentence.removesuffix('.')} (of {inputs})."


def _follow(lines: Sequence[Line[Any]], run: Run, settings: Settings) -> tuple[list[Line[Any]], Found, list[Skipped]]:
    followed: list[Line[Any]] = []
    found, skipped = Found(), list[Skipped]()
    for line, progress in _with_progress(lines, settings.progress):
        reason = line.lacks(run, found)
        if reason is None:
            progress(line.title, 0.0)
            try:
                found.add(line, line.measure(run, replace(settings, progress=progress), found))
                followed.append(line)
                continue
            except NothingToFollow as nothing:
                reason = str(nothing)
        skipped.append(Skipped(line.name, line.title, reason))
    settings.progress("done", 1.0)
    return followed, found, skipped


def _with_progress(lines: Sequence[Line[Any]], told: Progress) -> Iterator[tuple[Line[Any], Progress]]:
    """Each line with a way to report its own progress as a share of the whole study."""
    whole, behind = sum(line.weight for line in lines), 0.0
    for line in lines:
        begin, end = (_RUNNING + (1 - _RUNNING) * weight / whole for weight in (behind, behind + line.weight))
        yield line, part_of(told, begin, end)
        behind += line.weight
