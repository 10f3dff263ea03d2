"""The device that a word stands for."""

from collections.abc import Callable

import pytest
import torch

from scrubjay.core.errors import BadInput, OutOfResources
from scrubjay.nets.device import chosen_device


def there(kinds: set[str]) -> Callable[[pytest.MonkeyPatch], None]:
    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in kinds)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in kinds)

    return patch


@pytest.mark.parametrize(
    ("kinds", "best"), [(set(), "cpu"), ({"cuda"}, "cuda"), ({"mps"}, "mps"), ({"cuda", "mps"}, "cuda")]
)
def test_auto_is_the_best_device_there(monkeypatch: pytest.MonkeyPatch, kinds: set[str], best: str) -> None:
    there(kinds)(monkeypatch)
    assert chosen_device("auto").type == best
    assert all(chosen_device(kind).type == kind for kind in kinds | {"cpu"})


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    there({"cuda", "mps"} - {kind})(monkeypatch)
    with pytest.raises(OutOfResources, match=f"this machine has no {kind} device"):
        chosen_device(kind)


@pytest.mark.parametrize("word", ["tpu", "", "CPU", "cuda:0"])
def test_another_word_for_a_device_is_refused(word: str) -> None:
    with pytest.raises(BadInput, match=f"a device is auto, cuda, mps, cpu; '{word}' is none of them"):
        chosen_device(word)
