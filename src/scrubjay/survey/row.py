"""What is kept of each network of a survey."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["explained", "opened", "refused", "failed"]
"""Explained; read, but not explained; not read; or ended by an error that is no refusal, such as too little memory."""


@dataclass(frozen=True)
class InnerSize:
    """The size of the network inside a network.

    Attributes:
        dimensions: of its stream.
        heads: the number of its heads.
        hinges: the number of its hinges.
        agreement: the share of the inputs on which it gives the network's answer.
    """

    dimensions: int
    heads: int
    hinges: int
    agreement: float


@dataclass(frozen=True)
class SurveyRow:
    """One network of a survey.

    Attributes:
        file: the name of the file or the folder.
        outcome: how far the survey came with it.
        reason: why it was not explained, in a sentence; empty if it was.
        architecture: the architecture in words; empty if the file could not be read.
        assumed: what was assumed of the network because nothing states it, in sentences.
        inputs: how many inputs were run.
        is_sample: whether these are a sample of further inputs.
        right: the share of right answers; None if the task has no labels.
        mistakes: the number of the other answers; None if the task has no labels.
        interval: the 95% interval of ``right`` if the inputs are a sample.
        dimensions: how many dimensions of the residual stream matter; None if that was not followed.
        inner: the size of the network inside; None if it was not found.
        inner_skipped: why it was not looked for or not found, in a sentence.
        computes: what the network computes, in a sentence; empty if that is not known.
        seconds: how long reading and explaining took.
        cpu_seconds: how many seconds of user time of all cores these took.
        peak_mib: the most memory that the process used, in MiB; None where the system does not say.
    """

    file: str
    outcome: Outcome
    reason: str = ""
    architecture: str = ""
    assumed: tuple[str, ...] = ()
    inputs: int | None = None
    is_sample: bool = False
    right: float | None = None
    mistakes: int | None = None
    interval: tuple[float, float] | None = None
    dimensions: int | None = None
    inner: InnerSize | None = None
    inner_skipped: str = ""
    computes: str = ""
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_mib: int | None = None
