"""Neurons and the decision map against plain recomputation."""

import torch

from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.evidence.mlp.measure import map_decisions, study_mlp, study_neurons
from scrubjay.evidence.scrubber import Hypothesis
from scrubjay.fit.filters import Filters
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.tasks.task import Task
from tests.planted import plant


def test_neurons_held_at_their_means_against_a_plain_forward_pass(
    bundled: SavedNetwork, challenge: Task, full: Activations
) -> None:
    network = bundled.network
    readout = Readout.of(network, challenge, full)
    neurons = study_neurons(readout, full.resid_mid, full.classes)
    post = (full.resid_mid @ network.W_in + network.b_in).relu()
    mean = post.double().mean(0).float()

    def kept(hidden: torch.Tensor) -> float:
        logits = (full.resid_mid + hidden @ network.W_out + network.b_out) @ network.W_U[:, :2]
        return float((logits.argmax(1) == full.classes).double().mean())

    for neuron in (0, 17, int(neurons.order[0])):
        held = post.clone()
        held[:, neuron] = mean[neuron]
        assert abs(kept(held) - float(neurons.ablated[neuron])) < 3e-4
    for steps, order in ((neurons.by_index, torch.arange(1024)), (neurons.by_contribution, neurons.order)):
        for count in (0, 5, 300):
            held = mean.expand_as(post).clone()
            held[:, order[:count]] = post[:, order[:count]]
            assert abs(kept(held) - float(steps[count])) < 3e-4
        assert float(steps[-1]) > 0.9999
    assert float(neurons.by_contribution[100]) > float(neurons.by_index[100])


def test_the_decision_map_names_the_planted_gate() -> None:
    for gate in ("AND", "OR", "XOR"):
        planted = plant(gate, data=4, seed=2)
        act = record(planted.network, planted.task)
        readout = Readout.of(planted.network, planted.task, act)
        filters = Filters(planted.directions, planted.thresholds, planted.gate, 1.0)
        decisions = map_decisions(Hypothesis.of(filters, act.resid_mid), act.resid_mid, readout)
        assert decisions.reading.gate.name == gate
        assert decisions.reading.agreement > 0.999
        assert decisions.other < 0.97
        a, b = (side > 0 for side in decisions.sides)
        expected = {"AND": a[:, None] & b, "OR": a[:, None] | b, "XOR": a[:, None] ^ b}[gate]
        assert float((decisions.image.bool() == expected).double().mean()) > 0.99


def test_the_mlp_makes_an_xor_separable() -> None:
    planted = plant("XOR", data=3, seed=2)
    act = record(planted.network, planted.task)
    readout = Readout.of(planted.network, planted.task, act)
    hypothesis = Hypothesis.of(Filters(planted.directions, planted.thresholds, planted.gate, 1.0), act.resid_mid)
    found = study_mlp(planted.network, act.resid_mid, readout, act.classes, hypothesis, seed=0)
    assert found.separability[0] < 0.75
    assert found.separability[-1] > 0.99
    assert len(found.fractions) == len(found.separability)
