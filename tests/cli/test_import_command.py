"""`scrubjay import`: the task that is stored with the network, above all when a file is imported again."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from scrubjay.nets.config import Config
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.transformer import Transformer
from tests.cli.in_process import Ran, scrubjay
from tests.nets.files.test_layout_files import MAX_OF_FIVE, max_of_five_state
from tests.nets.files.test_layouts import challenge_state
from tests.nets.files.written import gpt2_state, native_state, random_of

SIDE = 7
LABELS = np.indices((SIDE, SIDE)).sum(0) % 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two checkpoints, of 8 and of 10 tokens, and two files of labels."""
    for name, tokens in (("eight.pth", SIDE + 1), ("ten.pth", SIDE + 3)):
        network = random_of(Config(d_vocab=tokens, n_ctx=3, d_model=4, n_heads=2, d_head=2, d_mlp=4))
        torch.save(challenge_state(network), tmp_path / name)
    np.savez(tmp_path / "labels.npz", labels=LABELS)
    np.savez(tmp_path / "corner.npz", labels=LABELS[:5, :5])
    return tmp_path


def scrubjay_import(folder: Path, words: str) -> Ran:
    return scrubjay(folder, "import", *words.split(), "--out", "net.safetensors")


def stored(folder: Path) -> str | None:
    return load_network(folder / "net.safetensors").task


def test_a_task_is_kept_when_its_file_is_written_again(folder: Path) -> None:
    first = scrubjay_import(folder, "eight.pth --task modular_addition:p=7")
    assert first.code == 0 and stored(folder) == "modular_addition:p=7"
    assert "Kept" not in first.stdout and "Replaced" not in first.stdout
    again = scrubjay_import(folder, "eight.pth")
    assert again.code == 0 and stored(folder) == "modular_addition:p=7"
    assert "Kept the task that net.safetensors named before: modular_addition:p=7." in again.stdout


def test_a_task_that_is_replaced_is_named(folder: Path) -> None:
    scrubjay_import(folder, "eight.pth --task modular_addition:p=7")
    same = scrubjay_import(folder, "eight.pth --task modular_addition:p=7")
    assert same.code == 0 and "Kept" not in same.stdout and "Replaced" not in same.stdout
    other = scrubjay_import(folder, "eight.pth --task modular_addition:below=3,p=7")
    assert other.code == 0 and stored(folder) == "modular_addition:p=7,below=3"
    assert "Replaced the task that net.safetensors named before: modular_addition:p=7\n" in other.stdout


def test_a_task_that_does_not_suit_the_new_network_is_not_dropped(folder: Path) -> None:
    scrubjay_import(folder, "ten.pth --task modular_addition:p=9")
    before = (folder / "net.safetensors").read_bytes()
    refused = scrubjay_import(folder, "eight.pth")
    assert refused.code == 3 and refused.stdout == ""
    assert "net.safetensors names the task modular_addition:p=9 already" in refused.stderr
    assert "the token 9" in refused.stderr and "with --task" in refused.stderr
    assert (folder / "net.safetensors").read_bytes() == before


def test_without_a_task_none_is_stored_and_nothing_is_said_of_it(folder: Path) -> None:
    for _ in range(2):
        ran = scrubjay_import(folder, "eight.pth")
        assert ran.code == 0 and stored(folder) is None
        assert "named before" not in ran.stdout and "answers right" not in ran.stdout


def test_what_was_read_and_what_was_assumed_is_printed_and_stored(folder: Path) -> None:
    ran = scrubjay_import(folder, "eight.pth")
    assert ran.stdout.splitlines() == [
        "Read eight.pth in the layout 'neel': 1 layer, no norm, ReLU, causal",
        "n_layers 1, d_vocab 8, d_vocab_out 8, n_ctx 3, d_model 4, n_heads 2, d_head 2, d_mlp 4",
        "Every network of the layout neel has norm = none.",
        "Keys that do not affect the network were passed over: blocks.0.attn.mask.",
        "ASSUMED: attention = causal is assumed, because nothing states it.",
        "ASSUMED: act_fn = relu is assumed, because nothing states it.",
        "ASSUMED: attn_coeff = 1 is assumed, because nothing states it.",
        "If an assumption is wrong, the network computes something else; declare what is right with --set.",
        "Wrote net.safetensors; next: scrubjay explain net.safetensors",
    ]
    manifest = load_network(folder / "net.safetensors").manifest
    assert len(manifest["assumed"]) == 3 and len(manifest["read"]) == 2


def test_declarations_replace_assumptions(folder: Path) -> None:
    words = "--set act_fn=gelu --set attention=bidirectional --set attn_coeff=0.25"
    ran = scrubjay_import(folder, f"eight.pth {words}")
    assert ran.code == 0 and "ASSUMED" not in ran.stdout
    config = load_network(folder / "net.safetensors").network.config
    assert (config.act_fn, config.attention, config.attn_coeff) == ("gelu", "bidirectional", 0.25)
    assert "The user declares act_fn = 'gelu', attention = 'bidirectional', attn_coeff = 0.25." in ran.stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("--set act_fn", 2, "--set takes KEY=VALUE, such as n_heads=4, and got 'act_fn'"),
        ("--set =relu", 2, "--set takes KEY=VALUE"),
        ("--set n_heads=2 --set n_heads=2", 2, "--set declares n_heads twice"),
        ("--set width=3", 3, "declares 'width', which is no field of a network; the fields are d_vocab, n_ctx"),
        ("--set act_fn=tanh", 3, "declares act_fn = 'tanh', but scrubjay knows relu, gelu, gelu_new, silu"),
        ("--set n_heads=two", 3, "declares n_heads = 'two', but n_heads must be a whole number"),
        ("--set attn_only=1", 3, "declares attn_only = 1, but attn_only must be true or false"),
        ("--set attn_coeff=nan", 3, "declares attn_coeff = nan, but attn_coeff must be a number from 0 on"),
        ("--set n_heads=4", 4, "the user declares n_heads = 4, but the weights have n_heads = 2 (blocks.0.attn.W_Q"),
        ("--set norm=LN", 4, "the user declares norm = 'LN', but the layout neel has norm = none"),
        ("--layout haiku", 3, "there is no layout 'haiku'"),
        ("--layout missing.toml", 3, "cannot read missing.toml"),
    ],
)
def test_declarations_that_cannot_hold_are_refused(folder: Path, words: str, code: int, says: str) -> None:
    ran = scrubjay_import(folder, f"eight.pth {words}")
    assert (ran.code, ran.stdout) == (code, "") and says in ran.stderr, ran.stderr
    assert not (folder / "net.safetensors").exists()


def small(heads: int) -> Transformer:
    return random_of(Config(8, 3, 4, heads, 4 // heads, 4))


def test_the_number_of_right_answers_is_that_of_the_network(folder: Path) -> None:
    network = small(2)
    torch.save(challenge_state(network), folder / "small.pth")
    tokens = torch.cartesian_prod(torch.arange(SIDE), torch.arange(SIDE), torch.tensor([SIDE]))
    right = int((network(tokens)[:, -1].argmax(-1) == tokens[:, :2].sum(1) % SIDE).sum())
    assert 0 < right < 49
    ran = scrubjay_import(folder, "small.pth --task modular_addition:p=7")
    assert f"The network answers right on {right} of all 49 inputs.\n" in ran.stdout


def test_the_number_of_heads_that_fits_the_labels_is_shown(folder: Path) -> None:
    network = random_of(Config(8, 3, 8, 2, 2, 16), seed=1)
    network.set_weights({"W_Q": 9 * network.weights["W_Q"]})
    torch.save(native_state(network), folder / "bridge.pth")
    tokens = torch.cartesian_prod(torch.arange(SIDE), torch.arange(SIDE), torch.tensor([SIDE]))
    answers = network(tokens)[:, -1].argmax(-1).reshape(SIDE, SIDE).numpy()
    np.savez(folder / "own.npz", labels=answers, last=SIDE)
    plain = scrubjay_import(folder, "bridge.pth")
    assert plain.code == 4 and "so there may be 1, 2 or 4; declare the number" in plain.stderr
    assert "answers right" not in plain.stderr
    told = scrubjay_import(folder, "bridge.pth --task own.npz")
    assert told.code == 4 and "with n_heads = 2 the network answers right on 49 of all 49 inputs" in told.stderr
    for heads in (1, 4):
        (line,) = [line for line in told.stderr.splitlines() if f"n_heads = {heads} " in line]
        assert int(line.split(" of all")[0].split()[-1]) < 49
    ran = scrubjay_import(folder, "bridge.pth --task own.npz --set n_heads=2")
    assert ran.code == 0 and "The network answers right on 49 of all 49 inputs." in ran.stdout


def test_a_layout_of_ones_own_is_read_from_its_file(folder: Path) -> None:
    network = random_of(Config(8, 3, 4, 2, 2, 0, attn_only=True))
    torch.save(max_of_five_state(network), folder / "own.pt")
    (folder / "own.toml").write_text(MAX_OF_FIVE)
    ran = scrubjay_import(folder, "own.pt --layout own.toml")
    assert ran.code == 0 and ran.stdout.startswith("Read own.pt in the layout 'own.toml': 1 layer, no norm, attention")
    assert torch.equal(load_network(folder / "net.safetensors").network.W_O, network.W_O)


def test_a_folder_of_hugging_face_is_imported(folder: Path) -> None:
    network = random_of(Config(8, 3, 4, 2, 2, 4, n_layers=2, norm="LN", act_fn="gelu", attn_biases=True))
    (folder / "model").mkdir()
    safetensors.torch.save_file(
        {key: value.contiguous() for key, value in gpt2_state(network).items()}, folder / "model" / "model.safetensors"
    )
    stated = {"model_type": "gpt2", "n_head": 2, "activation_function": "gelu", "layer_norm_epsilon": 1e-5}
    (folder / "model" / "config.json").write_text(json.dumps(stated))
    ran = scrubjay_import(folder, "model")
    assert ran.code == 0 and "ASSUMED" not in ran.stdout, ran.stderr
    assert "2 layers, LayerNorm, GELU, causal, biases in attention" in ran.stdout
    tokens = torch.tensor([[0, 1, 2], [5, 7, 3]])
    torch.testing.assert_close(load_network(folder / "net.safetensors").network(tokens), network(tokens))


def test_a_file_that_is_no_network_is_written_over(folder: Path) -> None:
    (folder / "net.safetensors").write_text("something else")
    assert scrubjay_import(folder, "eight.pth").code == 0
    assert stored(folder) is None


def test_a_file_of_labels_is_stored_with_its_absolute_path(folder: Path) -> None:
    ran = scrubjay_import(folder, "eight.pth --task labels.npz")
    assert ran.code == 0, ran.stderr
    assert str(stored(folder)).startswith(f"{folder.resolve() / 'labels.npz'}:last=7,sha256=")


def test_labels_that_leave_the_last_token_open_are_refused(folder: Path) -> None:
    ran = scrubjay_import(folder, "eight.pth --task corner.npz")
    assert ran.code == 3 and "does not state its constant last token" in ran.stderr
    assert "LABELS.npz:last=7 on the command line" in ran.stderr and not (folder / "net.safetensors").exists()
    ran = scrubjay_import(folder, "eight.pth --task corner.npz:last=7")
    assert ran.code == 0 and ":last=7," in str(stored(folder))


def test_a_task_whose_answers_the_network_lacks_is_refused(folder: Path) -> None:
    np.savez(folder / "many.npz", labels=np.arange(SIDE**2).reshape(SIDE, SIDE))
    ran = scrubjay_import(folder, "eight.pth --task many.npz")
    assert ran.code == 3 and "class 8 of task many has the token 8" in ran.stderr
