"""Simulate how often the 95% intervals of a score hold the mean over all possible draws.

    python benchmarks/intervals.py [--repeats 2000] [--seed 0] [--inputs 12769] [--keeps 0.83]

In a simulated study every draw of an ablation keeps each answer with the same known probability, so the mean over all
possible draws is known. Three intervals are compared. The old rule took the 2.5% and 97.5% quantiles of the draws.
Student's t, which ``scrubjay.core.stats.Score`` uses, is an interval for the mean. The last row draws as needed, as a
study does by default (``scrubjay.core.stats.Stopping``). It takes some seconds.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from scrubjay.core.stats import LEAST_DRAWS, WIDTH, Stopping

NUMBERS = (2, 5, 10, 20, 100)
"""The fixed numbers of draws."""
MOST = 100
"""The largest number of draws when drawing as needed."""

_OLD_RULE = (0.025, 0.975)
"""The quantiles of the draws that the old rule took as the ends of its interval."""


@dataclass(frozen=True)
class Coverage:
    """How the intervals did in many simulated studies of one kind.

    Attributes:
        draws: the mean number of draws in a study.
        old: the share of studies in which the quantiles of the draws hold the true mean.
        old_next: the share of studies in which they hold the next draw.
        student: the share of studies in which Student's interval holds the true mean.
        old_width: the mean width of the quantiles' interval, as a share of the inputs.
        student_width: the mean width of Student's interval, as a share of the inputs.
    """

    draws: float
    old: float
    old_next: float
    student: float
    old_width: float
    student_width: float


def coverage(draws: int | None, *, repeats: int, seed: int, inputs: int, keeps: float) -> Coverage:
    """Simulate many studies.

    Args:
        draws: the number of draws in each study; None to draw as needed.
        repeats: the number of studies.
        seed: seed of the simulation.
        inputs: the number of inputs.
        keeps: the probability with which a draw keeps an answer.
    """
    rule = Stopping(most=MOST) if draws is None else Stopping(most=draws, least=draws)
    shares = np.random.default_rng(seed).binomial(inputs, keeps, (repeats, rule.most + 1)) / inputs
    studies = [rule.score(each.__getitem__) for each in shares.tolist()]
    quantiles = np.array(
        [np.quantile(each[: score.draws], _OLD_RULE) for each, score in zip(shares, studies, strict=True)]
    )
    following = shares[:, -1]
    return Coverage(
        draws=mean(score.draws for score in studies),
        old=float(((quantiles[:, 0] <= keeps) & (keeps <= quantiles[:, 1])).mean()),
        old_next=float(((quantiles[:, 0] <= following) & (following <= quantiles[:, 1])).mean()),
        student=mean(score.low <= keeps <= score.high for score in studies),
        old_width=float((quantiles[:, 1] - quantiles[:, 0]).mean()),
        student_width=mean(score.high - score.low for score in studies),
    )


def table(found: dict[int | None, Coverage]) -> str:
    """A row for each number of draws."""
    lines = [
        "| draws | old rule holds the mean | old rule holds the next draw | Student's t holds the mean "
        "| mean width, old rule | mean width, Student's t |",
        "|---|---|---|---|---|---|",
    ]
    for draws, at in found.items():
        number = f"as needed ({at.draws:.0f} on average)" if draws is None else str(draws)
        shares = " | ".join(f"{share:.1%}" for share in (at.old, at.old_next, at.student))
        widths = " | ".join(f"{100 * width:.2f} points" for width in (at.old_width, at.student_width))
        lines.append(f"| {number} | {shares} | {widths} |")
    return "\n".join(lines) + "\n"


def main(given: Sequence[str] | None = None) -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--repeats", type=int, default=2000, help="the number of simulated studies for each row")
    asked.add_argument("--seed", type=int, default=0, help="seed of the simulation")
    asked.add_argument("--inputs", type=int, default=12769, help="the number of inputs")
    asked.add_argument("--keeps", type=float, default=0.83, help="the probability with which a draw keeps an answer")
    words = asked.parse_args(given)
    print(f"All intervals should hold what they are for in 95% of {words.repeats:,} simulated studies.\n")
    print(table({draws: coverage(draws, **vars(words)) for draws in (*NUMBERS, None)}))
    print(
        f"Each draw keeps each of {words.inputs:,} answers with probability {words.keeps:g}; the seed is {words.seed}. "
        f"Drawing as needed stops when Student's interval is narrower than {100 * WIDTH:g} points, after {LEAST_DRAWS} "
        f"draws or more and at most {MOST}."
    )


if __name__ == "__main__":
    main()
