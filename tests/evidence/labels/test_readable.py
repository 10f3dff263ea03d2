"""Linear readouts of a program's parts where they were put, and where nothing was."""

import numpy as np
import torch

from scrubjay.evidence.labels.readable import readable_parts
from scrubjay.program.expression import Program
from scrubjay.tasks.task import Task
from tests.program.test_error_map import LINE, TWO, of


def features(program: Program, task: Task, *, planted: bool, d: int = 6) -> torch.Tensor:
    """Random features of every input, with each curve's margin among them if it is planted."""
    draw = torch.Generator().manual_seed(0)
    noise = torch.randn(task.domain.size, d, generator=draw, dtype=torch.float64)
    if not planted:
        return noise
    tokens = task.domain.tokens(task.domain.inputs()).numpy()
    truths = np.stack([curve.truth(tokens[:, 0], tokens[:, 1]) for curve in program.curves], axis=1)
    mixed = torch.randn(truths.shape[1], d, generator=draw, dtype=torch.float64)
    return 0.01 * noise + torch.from_numpy(2.0 * truths - 1) @ mixed


def test_what_was_put_there_is_read() -> None:
    task, _ = of(TWO)
    parts = readable_parts(TWO, task, features(TWO, task, planted=True), seed=0)
    assert [(part.name, part.what) for part in parts] == [
        ("curve1", "b < 10"), ("curve2", "a·b > 600"), ("phase", "the sets of (a) mod 4")
    ]  # fmt: skip
    first, second, phase = parts
    assert first.accuracy == second.accuracy == 1
    assert first.control < 0.8 and second.control < 0.8
    assert abs(phase.accuracy - phase.control) < 0.05  # nothing of the phase was put there


def test_noise_reads_no_better_than_the_control() -> None:
    task, _ = of(LINE)
    (part,) = readable_parts(LINE, task, features(LINE, task, planted=False), seed=0)
    assert abs(part.accuracy - part.control) < 0.03


def test_a_readout_is_judged_on_inputs_that_it_was_not_fitted_to() -> None:
    task, _ = of(LINE)
    (part,) = readable_parts(LINE, task, features(LINE, task, planted=False, d=700), seed=0)
    assert part.accuracy < 0.75  # on the fitted half, 700 columns of noise give 800 labels almost exactly


def test_a_sum_of_token_vectors_holds_any_function_of_one_token_and_the_control_says_so() -> None:
    task, _ = of(TWO)
    one_hot = torch.nn.functional.one_hot(task.domain.tokens(task.domain.inputs())[:, 0], 40).double()
    phase = readable_parts(TWO, task, one_hot, seed=0)[-1]
    assert phase.name == "phase" and phase.accuracy == phase.control == 1


def test_the_same_seed_gives_the_same_numbers() -> None:
    task, _ = of(LINE)
    noise = features(LINE, task, planted=False)
    assert readable_parts(LINE, task, noise, seed=3) == readable_parts(LINE, task, noise, seed=3)
    assert readable_parts(LINE, task, noise, seed=3) != readable_parts(LINE, task, noise, seed=4)
