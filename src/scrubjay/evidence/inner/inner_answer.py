"""The network inside the network in a sentence or two, for readers who see nothing else."""

from scrubjay.core.stats import share_of
from scrubjay.evidence.inner.claims import words
from scrubjay.evidence.inner.measure import InnerResult
from scrubjay.evidence.inner.naming import counted, given_scales, listed

_TOLD = 0.95
"""The share of the answers from which the tables of single tokens are said to tell the story."""


def answer(result: InnerResult) -> str:
    """Say how small the inner network is and, where two tokens tell the story, what each of them does."""
    if result.reached is None:
        return words(result)[0]
    parts, size = result.inner.parts, result.run.network.config
    small = [(parts.dimensions, "dimension"), (len(parts.ranks), "head"), (parts.hinges, "neuron")]
    of = listed([f"{number:,}" for number in (size.d_model, size.n_heads, size.d_mlp)])
    given = given_scales(result)
    sentence = (
        f"It decides by a much smaller network inside it: {listed([counted(*each) for each in small])}, in place of "
        f"{of}, give {result.inner.agreement:.1%} of its answers, right and wrong ones{f' ({given})' if given else ''}."
    )
    return f"{sentence} {_tokens(result)}".rstrip()


def _tokens(result: InnerResult) -> str:
    meaning = result.meaning
    if meaning is None or meaning.kinds is None or len(meaning.kinds.names) < 2:
        return ""
    if share_of(meaning.additive.classes == result.run.full.classes) < _TOLD:
        return ""
    task = result.run.task
    first, second = (task.position_names[at] for at in task.domain.varying)
    return (
        f"Token {first} decides which kind of row it is ({listed(meaning.kinds.names, 'or')} class 1), and token "
        f"{second} where along the row the answer changes."
    )
