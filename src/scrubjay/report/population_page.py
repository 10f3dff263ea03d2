"""``population.html`` and ``table.csv``: what was found in many networks, on one page that works offline from disk."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from scrubjay.core.claim import HOLDS, PARTLY
from scrubjay.core.files import write_whole
from scrubjay.nets.files.checkpoint import versions
from scrubjay.report.bundle import style, template
from scrubjay.report.markup import data_url, entry, figure_markup, number, policy
from scrubjay.report.population_figures import MOST, population_figures
from scrubjay.report.strip import strip
from scrubjay.sweep.population import Network, Population, table_csv
from scrubjay.sweep.spread import Spread
from scrubjay.tasks.task import Task

_COLUMNS = 7
"""The largest number of headline claims that the table of networks shows."""


def write_population(population: Population, task: Task, folder: str | Path, command: str = "") -> tuple[Path, Path]:
    """Write the page, the table and the figures of a population into a folder.

    Args:
        population: what a sweep found.
        task: the task that the networks were trained on.
        folder: the folder to write into.
        command: the command to name in the provenance.

    Returns:
        The paths of the page and of the table.

    Raises:
        OutOfResources: the folder cannot be written.
    """
    folder = Path(folder)
    table = table_csv(population)
    write_whole(folder / "table.csv", table.encode())
    figures = population_figures(population, task, folder)
    sheet = style("page", "population")
    is_published = any(spread.published is not None for spread in population.spreads)
    names = [network.member.name for network in population.networks]
    page = Template(template("population")).substitute(
        policy=escape(policy("", sheet)),
        style=sheet,
        title=escape(population.title),
        about=escape(_about(population)),
        paragraphs="".join(f'<p class="prose">{escape(sentence)}</p>' for sentence in population.sentences),
        contents="".join(
            entry(anchor, title)
            for anchor, title in (
                ("claims", "The headlines over the networks"),
                ("pictures", "All networks side by side"),
                ("networks", "The networks"),
                ("others", "Appendix: all other claims"),
                ("provenance", "Where this comes from"),
            )
        ),
        reading=escape(_reading(is_published)),
        key=_key(is_published),
        table_link=data_url("text/csv", table.encode()),
        claims=_table(
            "Table of claims over networks",
            [spread for spread in population.spreads if spread.headline],
            names,
            is_published,
        ),
        others=_table(
            "Table of all other claims",
            [spread for spread in population.spreads if not spread.headline],
            names,
            is_published,
        ),
        sections=_pictures(population, "".join(figure_markup(drawn, folder / drawn.file) for drawn in figures)),
        network_head=_network_head(population),
        networks="\n".join(_network(network, _shown_claims(population)) for network in population.networks),
        failures=_failures(population),
        provenance="\n".join(
            f"<dt>{key}</dt><dd>{escape(value)}</dd>" for key, value in _provenance(population, command).items()
        ),
    )
    path = folder / "population.html"
    write_whole(path, page.encode())
    return path, folder / "table.csv"


def _about(population: Population) -> str:
    varied = ", ".join(population.settings)
    return (
        f"{len(population.networks)} networks were trained for {population.epochs:,} epochs each, run on all inputs, "
        f"and explained in the same way. They differ in the seed of their initial weights"
        f"{f' and in {varied}' if varied else ''}."
    )


def _reading(is_published: bool) -> str:
    words = (
        f"Each dot is a network, and each ring is its control, which is the same measurement where the statement must "
        f"fail. A claim holds for a network if its value lies at least {HOLDS:.0%} of the way from chance to "
        f"perfection, and in part if it lies at least {PARTLY:.0%} of the way. It fails below that, or if its value "
        f"does not lie beyond its control. The interval of the mean over networks is Student's t, and that of the "
        f"share of networks is Wilson's; both are 95% intervals."
    )
    note = " * These figures were published for another network, which is not among these."
    return words + (note if is_published else "")


def _key(is_published: bool) -> str:
    dot = '<svg class="strip" viewBox="0 0 12 8"><circle class="value" cx="6" cy="4" r="3.2"/></svg> a network'
    ring = '<svg class="strip" viewBox="0 0 12 8"><circle class="control" cx="6" cy="4" r="2.6"/></svg> its control'
    line = (
        '<svg class="strip" viewBox="0 0 12 8"><line class="published" x1="6" x2="6" y1="0" y2="8"/></svg> '
        "the published figure"
    )
    return " &ensp; ".join((dot, ring, *([line] if is_published else [])))


def _table(label: str, spreads: Sequence[Spread], names: list[str], is_published: bool) -> str:
    """A table with a row for each claim. On a narrow screen it is moved sideways."""
    numbers = ("median", "mean (95%)", "control, median", *(["published*"] if is_published else []))
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in numbers)
    rows = "\n".join(
        _row(spread, names if len(spread.values) == len(names) else None, is_published) for spread in spreads
    )
    return (
        f'<div class="wide sideways" tabindex="0" role="region" aria-label="{label}"><table>\n'
        f'<thead><tr><th scope="col">claim</th><th scope="col">every network</th>{head}'
        f'<th scope="col">holds for</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'
    )


def _row(spread: Spread, names: list[str] | None, is_published: bool) -> str:
    dots = strip(
        spread.values,
        spread.controls,
        names or [f"network {at}" for at in range(len(spread.values))],
        spread.published,
        [spread.told(value) for value in spread.values],
    )
    return (
        f'<tr><td><code>{escape(spread.id)}</code><span class="statement">{escape(spread.statement)}</span></td>'
        f"<td>{dots}</td>{number('median', spread.told(spread.middle))}"
        f"{number('mean', spread.average)}{number('control', spread.told(spread.control))}"
        + (number("published*", spread.told(spread.published)) if is_published else "")
        + f"<td>{spread.held}</td></tr>"
    )


def _pictures(population: Population, figures: str) -> str:
    shown = f" Only the first {MOST} networks are shown." if len(population.networks) > MOST else ""
    words = f'<p class="prose">Each panel shows one network on the same inputs.{shown}</p>'
    return f'<section id="pictures"><h2>All networks side by side</h2>{words}{figures}</section>'


def _network_head(population: Population) -> str:
    heads = ("network", *population.settings, *_shown_claims(population), "found")
    return "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)


def _shown_claims(population: Population) -> list[str]:
    return [spread.id for spread in population.spreads if spread.headline][:_COLUMNS]


def _network(network: Network, claim_ids: Sequence[str]) -> str:
    shown = {claim.id: claim.shown for claim in network.summary.claims}
    cells = "".join(f'<td class="number">{escape(shown.get(each, ""))}</td>' for each in claim_ids)
    settings = "".join(f'<td class="number">{value:g}</td>' for value in network.member.settings.values())
    words = f"<details><summary>in words</summary><p>{escape(network.summary.paragraph)}</p></details>"
    return f"<tr><td>{escape(network.member.name)}</td>{settings}{cells}<td>{words}</td></tr>"


def _failures(population: Population) -> str:
    if not population.failures:
        return "<p>No network failed.</p>"
    lines = "".join(
        f"<li><code>{escape(name)}</code>: {escape(line)}</li>" for name, line in population.failures.items()
    )
    return f"<p>Networks that failed: {len(population.failures)}</p><ul>{lines}</ul>"


def _provenance(population: Population, command: str) -> dict[str, str]:
    first = population.networks[0].summary.provenance if population.networks else {}
    return {
        "task": population.task,
        "epochs": f"{population.epochs:,}",
        "draws": str(first.get("draws", "")),
        "seed": str(first.get("seed", "")),
        "threads": str(first.get("threads", "")),
        "versions": ", ".join(f"{key} {value}" for key, value in versions().items()),
        "command": command,
    }
