"""What is said of the network's accuracy."""

from scrubjay.core.claim import Claim, share_claim
from scrubjay.evidence.answers.measure import AnswersResult

_WHERE = {
    "all": "all inputs",
    "train": "the training half",
    "test": "the test half, which training did not see",
}

_NAMED = 5
"""The largest number of positions that are called by their names."""


def claims(result: AnswersResult) -> list[Claim]:
    """Make one claim for each part of the domain whose labels are known."""
    return [
        share_claim(
            f"accuracy.{each.part}",
            "answers",
            f"The network is right on {_WHERE[each.part]} (control: the most frequent label)",
            each.right,
            chance=each.majority,
            control=each.majority,
            headline=each.part != "train",
            facts={"inputs": each.inputs},
            topic=f"right answers on {_WHERE[each.part].partition(',')[0]}",
        )
        for each in result.accuracies
    ]


def words(result: AnswersResult) -> list[str]:
    """Say what is unusual about the answers, if anything is."""
    return [*_unusual(result), *_rounding(result)]


def _rounding(result: AnswersResult) -> list[str]:
    if not result.rounded:
        return []
    kind = str(result.run.network.dtype).removeprefix("torch.")
    return [
        f"On {result.rounded:,} input{'s' * (result.rounded != 1)} the answer depends on rounding: in {kind}, in which "
        f"the network is explained, it is another one than in float64."
    ]


def _unusual(result: AnswersResult) -> list[str]:
    act, n = result.run.full, len(result.run.full.classes)
    if result.run.is_constant:
        only = int(act.classes[0])
        gives = f"gives class {only} on all {n:,} inputs" if only >= 0 else f"answers in no class on any of the {n:,}"
        return [f"No gate was found: this network {gives}, and an answer that never changes has no mechanism to find."]
    if act.strays:
        return [f"On {act.strays:,} inputs the network answers with a token that is in no class."]
    return []


def answer(result: AnswersResult) -> str:
    """Say what the network is given, what it answers, and how often it is right."""
    task = result.run.task
    names = [task.position_names[at] for at in task.domain.varying]
    given = f"{', '.join(names[:-1])} and {names[-1]}" if 1 < len(names) <= _NAMED else f"{len(names)} tokens"
    given = f"token {names[0]}" if len(names) == 1 else given
    classes = "class 0 or class 1" if task.is_binary else f"one of {len(task.classes)} classes"
    asked = f"The network reads {given} and answers with {classes}"
    if result.run.is_constant or not result.accuracies:
        return f"{asked}; it was run on {task.domain.in_words}."
    whole = result.accuracies[0]
    return f"{asked}. It is right on {whole.right:.1%} of {task.domain.in_words}."
