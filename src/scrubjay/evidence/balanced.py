"""The answers of an untrained network, as a control that gives every class its share.

An untrained network with two classes hardly ever gives both answers. So its class margin is taken relative to a value
in the middle of all inputs' margins, which makes both answers equally frequent.
"""

from dataclasses import replace

from scrubjay.core.axes import Classes, Residual
from scrubjay.nets.readout import HingeReadout, Readout
from scrubjay.nets.recording import record
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run


def balanced_untrained(run: Run, seed: int, number: int = 0) -> tuple[Readout, Residual, Classes]:
    """An untrained network's readout, balanced if it reads a margin, its streams, and the answers that these give.

    Args:
        run: the run of the trained network.
        seed: the run's seed.
        number: which untrained network: 0 is the run's own, and others have other weights.
    """
    network = Transformer.initialised(run.network.config, seed=seed + 1 + number)
    act = run.untrained if number == 0 else record(network, run.task)
    streams = act.resid_mid
    if not run.readout.reads_margin:
        return Readout.logits(network, run.task), streams, act.classes
    readout = Readout.margin(network, run.task)
    margins = readout.scores(streams)[:, 0].sort().values
    middle = margins[(len(margins) - 1) // 2 :][:2].mean()  # between two inputs: at one, its answer would be a tie
    if isinstance(readout, HingeReadout):
        readout = replace(readout, offset=readout.offset - middle)
    else:
        readout = replace(readout, bias=readout.bias - middle)
    return readout, streams, readout.classes(streams)
