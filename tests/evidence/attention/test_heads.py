"""Freezing and patching single heads, against hooks on the pattern in a plain forward pass."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from scrubjay.evidence.attention import ATTENTION
from scrubjay.evidence.attention.heads import PATCH_DRAWS, HeadStudy, study_heads
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run, Settings
from scrubjay.study import Study
from scrubjay.tasks.task import Task


def answers_with(network: Transformer, task: Task, change: Callable[[Tensor], Tensor]) -> Tensor:
    """The answers of a plain forward pass whose pattern from the last position, [n, h, s], is changed by a hook."""

    def patch(module: object, args: object, pattern: Tensor) -> Tensor:
        replaced = pattern.clone()
        replaced[:, :, -1] = change(pattern[:, :, -1])
        return replaced

    handle = network.pattern.register_forward_hook(patch)
    answers: Tensor = network(task.domain.tokens(task.domain.inputs()))[:, -1].argmax(-1)
    handle.remove()
    return answers


def frozen(pattern: Tensor, heads: list[int]) -> Tensor:
    """A pattern in which some heads are replaced by their mean over all inputs."""
    replaced = pattern.clone()
    replaced[:, heads] = pattern[:, heads].double().mean(0).to(pattern)
    return replaced


@pytest.fixture(scope="module")
def heads(small_run: Run) -> HeadStudy:
    return study_heads(small_run, Settings(draws=2))


def share(equal: Tensor) -> float:
    return float(equal.double().mean())


def test_the_frozen_network_is_a_hook_on_all_patterns(small_run: Run, quick_study: Study) -> None:
    """The second route to ``frozen.agreement`` and ``frozen.accuracy``."""
    answers = answers_with(small_run.network, small_run.task, lambda pattern: frozen(pattern, [0, 1, 2]))
    assert torch.equal(answers, small_run.frozen.answers)
    classes = small_run.task.class_of(answers)
    assert quick_study.claim("frozen.agreement").value == share(classes == small_run.full.classes) < 0.9
    assert small_run.task.labels is not None
    assert quick_study.claim("frozen.accuracy").value == share(classes == small_run.task.labels)


@pytest.mark.parametrize("head", [0, 1, 2])
def test_one_head_frozen_is_a_hook_on_its_pattern(small_run: Run, heads: HeadStudy, head: int) -> None:
    others = [other for other in range(3) if other != head]
    losses = heads.losses
    assert losses is not None
    for which, kept, lost in (
        ([head], heads.frozen_alone[head], losses.alone[head]),
        (others, heads.frozen_others[head], losses.others[head]),
        ([0, 1, 2], share(small_run.frozen.classes == small_run.full.classes), losses.all_frozen),
    ):
        plain = answers_with(small_run.network, small_run.task, partial(frozen, heads=which))
        same = plain == small_run.full.answers
        assert kept == share(same) < 1
        for at, _ in enumerate(losses.kinds.patterns):
            assert float(lost[at]) == pytest.approx(1 - share(same[losses.kinds.of_inputs == at]), abs=1e-12)


def test_a_patched_head_gives_the_donors_result(small_run: Run, heads: HeadStudy) -> None:
    """Each head's result from another input, by hand; the donors follow from the seed, head after head."""
    network, task = small_run.network, small_run.task
    draw, n = torch.Generator().manual_seed(0), task.domain.size
    resid_pre = network.W_E[task.domain.tokens(task.domain.inputs())] + network.W_pos
    for head in range(3):
        v = resid_pre @ network.W_V[head]
        result = torch.einsum("ns,nse->ne", small_run.full.pattern[:, head], v) @ network.W_O[head]
        kept = []
        for _ in range(2):
            donors = torch.randint(n, (n,), generator=draw)
            moved = small_run.full.resid_mid - result + result[donors]
            kept.append(share(small_run.readout.classes(moved) == small_run.full.classes))
        assert heads.patched[head].mean == pytest.approx(sum(kept) / 2, abs=2 / n)
        assert heads.patched[head].mean < 0.95


def test_draws_are_those_of_the_settings_up_to_a_few(small_run: Run, heads: HeadStudy) -> None:
    assert {score.draws for score in heads.patched} == {2}
    assert {score.draws for score in study_heads(small_run, Settings(draws=50)).patched} == {PATCH_DRAWS}


def test_spread_mean_and_scores_are_those_of_the_network(small_run: Run, heads: HeadStudy) -> None:
    network, task, full = small_run.network, small_run.task, small_run.full
    assert torch.allclose(heads.spread, full.pattern.double().std(0, correction=0), atol=1e-6)
    assert torch.allclose(heads.mean.double(), full.pattern.double().mean(0), atol=1e-6)
    seen: list[Tensor] = []
    handle = network.attn_scores.register_forward_hook(lambda module, args, out: seen.append(out[:, :, -1]))
    tokens = task.domain.tokens(task.domain.inputs())
    network(tokens)
    handle.remove()
    for position in range(3):
        choices = task.domain.choices(task.domain.inputs())[:, position]
        torch.testing.assert_close(heads.scores[position][choices], seen[0][:, :, position], rtol=0, atol=1e-4)


def test_the_table_counts_rows_by_their_pattern(quick_study: Study, small_run: Run) -> None:
    (table,) = ATTENTION.tables(quick_study.found.of(ATTENTION))
    assert [row[0] for row in table.rows] == [
        "all heads", *(f"head {head} alone" for head in range(3)), *(f"all but head {head}" for head in range(3))
    ]  # fmt: skip
    assert table.columns[0] == "frozen" and all(len(row) == len(table.columns) for row in table.rows)
    heads = quick_study.found.of(ATTENTION).heads
    losses = None if heads is None else heads.losses
    assert losses is not None and int(losses.kinds.rows.sum()) == 22
    assert table.rows[0][1] == f"{float(losses.all_frozen[0]):.1%}"
