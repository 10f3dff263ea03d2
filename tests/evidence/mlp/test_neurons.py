"""Neurons held at their means, against a plain forward pass."""

import pytest
import torch

from scrubjay.evidence.mlp.neurons import Neurons, mlp_out_of, study_neurons
from scrubjay.run import Run


@pytest.fixture(scope="module")
def neurons(small_run: Run) -> Neurons:
    return study_neurons(small_run.readout.as_hinges(), small_run.full.resid_mid, small_run.full.classes)


def test_neurons_held_at_their_means_against_a_plain_forward_pass(small_run: Run, neurons: Neurons) -> None:
    network, full = small_run.network, small_run.full
    post = (full.resid_mid @ network.W_in + network.b_in).relu()
    mean = post.double().mean(0).float()

    def kept(hidden: torch.Tensor) -> float:
        logits = (full.resid_mid + hidden @ network.W_out + network.b_out) @ network.W_U[:, :2]
        return float((logits.argmax(1) == full.classes).double().mean())

    rounding = 1 / len(full.classes)
    for neuron in range(0, 48, 5):
        held = post.clone()
        held[:, neuron] = mean[neuron]
        assert kept(held) == pytest.approx(float(neurons.ablated[neuron]), abs=rounding)
    for steps, order in ((neurons.by_index, torch.arange(48)), (neurons.by_contribution, neurons.order)):
        for count in (0, 1, 5, 20, 48):
            held = mean.expand_as(post).clone()
            held[:, order[:count]] = post[:, order[:count]]
            assert kept(held) == pytest.approx(float(steps[count]), abs=rounding)
        assert float(steps[-1]) > 0.997
    assert float(neurons.by_contribution[12]) > float(neurons.by_index[12])
    assert float(neurons.by_contribution[0]) == float(neurons.by_index[0]) < 0.8


def test_the_order_is_by_falling_spread_of_the_contribution(small_run: Run, neurons: Neurons) -> None:
    network, resid_mid = small_run.network, small_run.full.resid_mid
    writes = network.W_out @ (network.W_U[:, 1] - network.W_U[:, 0])
    spread = ((resid_mid @ network.W_in + network.b_in).relu() * writes).std(0)
    assert torch.equal(neurons.order.sort().values, torch.arange(48))
    assert torch.allclose(spread[neurons.order], spread.sort(descending=True).values, atol=1e-4)


def test_what_the_mlp_adds_is_a_hook_on_mlp_out(small_run: Run) -> None:
    seen: list[torch.Tensor] = []
    handle = small_run.network.mlp_out.register_forward_hook(lambda module, args, out: seen.append(out[:, -1]))
    domain = small_run.task.domain
    small_run.network(domain.tokens(domain.inputs()))
    handle.remove()
    torch.testing.assert_close(mlp_out_of(small_run.network, small_run.full.resid_mid), seen[0], rtol=0, atol=1e-4)
