"""The device to compute on."""

import torch

from scrubjay.core.errors import BadInput, OutOfResources


def chosen_device(name: str) -> torch.device:
    """The device that a name stands for on this machine.

    Args:
        name: ``cpu``, ``cuda`` or ``mps``, or ``auto`` for the first of cuda, mps and cpu that is available.

    Raises:
        BadInput: another name.
        OutOfResources: this machine does not have the device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, present in available.items() if present))
    if name not in available:
        raise BadInput(f"a device is auto, {', '.join(available)}; {name!r} is none of them")
    if not available[name]:
        raise OutOfResources(f"this machine has no {name} device that PyTorch can use")
    return torch.device(name)
