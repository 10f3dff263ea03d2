"""What a certificate proves, in sentences."""

from typing import Any

_RULES = {
    "argmax": "the class that contains the token of the largest of all logits",
    "groups": "the class that contains the token of the largest logit among the tokens of all classes",
    "sign": "class 1 if the logit is positive, else class 0",
}
_MOST_LISTED = 10
"""The most inputs that are listed in a sentence."""


def theorem(certificate: dict[str, Any]) -> list[str]:
    """The statements that a certificate proves, each a sentence.

    Args:
        certificate: the content of a certificate.
    """
    task, networks, counts = certificate["task"], certificate["networks"], certificate["counts"]
    size = len(networks["network"]["answers"])
    told = [
        f"The domain is the {size:,} inputs of task {task['name']}. The answer is read at position {task['read_at']}; "
        f"it is {_RULES[task['answer']]}."
    ]
    for name, network in networks.items():
        here = counts[name]
        told.append(
            f"In real arithmetic, the {name} with the weights {network['weights_sha256'][:16]}... gives the listed "
            f"answer on {here['proved']:,} of {size:,} inputs, each by a margin of at least "
            f"{network['least_margin']:.6g}."
        )
        if here["undecided"]:
            told.append(f"{here['undecided']:,} inputs are undecided: {_listed(network['undecided'])}.")
        if "right" in here:
            told.append(
                f"{here['right']:,} of these answers are right by the labels in the certificate, and {here['wrong']:,} "
                f"are wrong: {_between(here['right'], here['undecided'], size)}."
            )
    if "inner network" in counts:
        same, different = counts["inner network"]["same"], counts["inner network"]["different"]
        told.append(
            f"The two networks give the same answer on {same:,} of {size:,} inputs, and different answers on "
            f"{different:,}: {_between(same, size - same - different, size)}."
        )
    return told


def certificate_text(certificate: dict[str, Any]) -> str:
    """What a certificate proves, and where the networks' answers in floating point are others."""
    told = theorem(certificate)
    for name, network in certificate["networks"].items():
        others, run_in = network["run_differs"], network["run_in"]
        told.append(
            f"Run in {run_in}, the {name} gives the proved answer on every input."
            if not others
            else f"Run in {run_in}, the {name} gives another answer than the proved one on {len(others):,} inputs: "
            f"{_listed(others)}."
        )
    return "\n".join(told) + "\n"


def _between(least: int, unknown: int, size: int) -> str:
    exact = f"a share of {least / size:.4%}"
    return exact if not unknown else f"{exact} or more, and {(least + unknown) / size:.4%} or less"


def _listed(numbers: list[int]) -> str:
    more = ", ..." if len(numbers) > _MOST_LISTED else ""
    return "numbers " + ", ".join(map(str, numbers[:_MOST_LISTED])) + more
