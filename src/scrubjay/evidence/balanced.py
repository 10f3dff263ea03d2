"""The answers of an untrained network, as a control that gives every class its share.

An untrained network with two classes hardly ever gives both answers. So its class margin is taken relative to the
median over all inputs, which makes both answers equally frequent.
"""

from dataclasses import replace

from scrubjay.core.axes import Classes
from scrubjay.nets.readout import HingeReadout, Readout
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run


def balanced_untrained(run: Run, seed: int) -> tuple[Readout, Classes]:
    """The readout of the run's untrained network, balanced if it reads a margin, and the answers that it gives.

    Args:
        run: the run of the trained network.
        seed: the run's seed.
    """
    network = Transformer.initialised(run.network.config, seed=seed + 1)
    streams = run.untrained.resid_mid
    if not run.readout.reads_margin:
        return Readout.logits(network, run.task), run.untrained.classes
    readout = Readout.margin(network, run.task)
    median = readout.scores(streams).median()
    if isinstance(readout, HingeReadout):
        readout = replace(readout, offset=readout.offset - median)
    else:
        readout = replace(readout, bias=readout.bias - median)
    return readout, readout.classes(streams)
