"""Measure how the time and the memory of `scrubjay condense` grow with inputs and neurons.

    python benchmarks/condense.py [--threads 1]

The network is the bundled one. For more neurons, each of its neurons is split into several with random shares of its
output, which leaves its answers as they are. For more inputs, its embedding is repeated with a little noise; for fewer,
only its first tokens may occur. Each case runs in a fresh process. The command prints a table, and takes about a minute
on an idle core.
"""

import argparse

from peers.measure import in_a_child

CASES = ((28, 1), (57, 1), (113, 1), (226, 1), (452, 1), (113, 2), (113, 4), (113, 8))
"""The tokens at each of the two positions, and into how many neurons each neuron is split."""
_NEURONS = 1_024
"""The neurons of the bundled network."""


def main() -> None:
    """Run every case and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--threads", type=int, default=1, help="the number of threads")
    threads = arguments.parse_args().threads
    print("| inputs | neurons | seconds | peak memory, MB | heads, hinges, numbers with 99% |\n|---|---|---|---|---|")
    for tokens, split in CASES:
        found = in_a_child("condensing.condensing", tokens, split, threads=threads)
        sizes = ", ".join(f"{found.figures[name]:,}" for name in ("heads", "hinges", "numbers"))
        neurons = _NEURONS * split
        print(f"| {tokens**2:,} | {neurons:,} | {found.seconds:.1f} | {found.peak_mb:,.0f} | {sizes} |", flush=True)


if __name__ == "__main__":
    main()
