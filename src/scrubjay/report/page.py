"""``report.html``: one page that holds the claims, the figures and the network itself, and works offline from disk.

Everything that a user supplies (names, labels, commands) is escaped in text and attributes. The embedded JSON has no
``<``, ``>`` or ``&``. A Content-Security-Policy allows the page's own script and style by their hashes, and no request
to anywhere.
"""

import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from scrubjay.core.claim import HOLDS, PARTLY
from scrubjay.core.errors import BadInput
from scrubjay.core.files import write_whole
from scrubjay.report.bundle import page_script, style, template
from scrubjay.report.chapters import chapter, claim_row, headlines_markup, skipped_chapter
from scrubjay.report.claims_json import claims_json
from scrubjay.report.markup import data_url, entry, figure_markup, policy
from scrubjay.report.portrait import MOST_BYTES, Portrait, is_played, stages_of
from scrubjay.report.portrait_json import portrait_json
from scrubjay.study import Study


@dataclass(frozen=True)
class Report:
    """A report as a page. If it is the last value of a notebook's cell, the notebook shows it.

    Example:
        >>> import scrubjay
        >>> from scrubjay.report.page import Report
        >>> Report.of(scrubjay.explain("bundled")).save("report.html")  # doctest: +SKIP
        PosixPath('report.html')

    Attributes:
        title: the title of the page.
        html: the page.
    """

    title: str
    html: str

    @classmethod
    def of(cls, study: Study, figures: Sequence[Path] = ()) -> "Report":
        """Make the page of a study.

        Args:
            study: what ``explain`` found. If the network or the domain is too large for a page, the page has no
                explorer and says why.
            figures: the files that ``write_figures`` returns. Pictures without a file are left out.

        Raises:
            BadInput: a figure cannot be read.
        """
        script, sheet = page_script(), style("page", "explorer")
        stages, portrait, workbench = _playable(study)
        drawn = {path.name: path for path in figures}
        pictures = {
            name: [figure_markup(each, drawn[each.file]) for each in own if each.file in drawn]
            for name, own in study.pictures().items()
        }
        tables, published = study.tables(), any(claim.published is not None for claim in study.claims)
        picture = _opening_picture(study, stages, pictures)
        return cls(
            study.title,
            Template(template("page")).substitute(
                policy=escape(policy(script, sheet)),
                title=escape(f"{study.title} on {study.task.name}"),
                about=escape(_about(study)),
                opening=escape(study.opening or study.paragraph),
                picture=picture,
                headlines=headlines_markup(study),
                start=_START if "attention" in stages and '"answer"' not in picture else "",
                contents="".join(entry(anchor, title) for anchor, title in _contents(study)),
                reading=_READING,
                rules=escape(_rules(published)),
                claims_link=data_url("application/json", claims_json(study).encode()),
                published_head='<th scope="col" class="number">published*</th>' if published else "",
                claims="\n".join(claim_row(claim, published) for claim in study.claims),
                workbench=workbench,
                chapters="\n".join(
                    (
                        *(
                            chapter(line, study, number, stages, pictures[line.name], tables[line.name])
                            for number, line in enumerate(study.lines, 1)
                        ),
                        *map(skipped_chapter, study.skipped),
                    )
                ),
                provenance="\n".join(
                    f"<dt>{escape(str(key))}</dt><dd>{escape(_told(value))}</dd>"
                    for key, value in study.provenance.items()
                ),
                portrait=portrait,
                script=script,
                style=sheet,
            ),
        )

    def save(self, path: str | Path) -> Path:
        """Write the page, and return its path.

        Raises:
            OutOfResources: the file cannot be written.
        """
        write_whole(Path(path), self.html.encode("utf-8"))
        return Path(path)

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts allow-downloads" '
            f'srcdoc="{escape(self.html)}" style="width: 100%; height: 80vh; border: 1px solid #888"></iframe>'
        )


def open_report(folder: str | Path) -> tuple[str, bool]:
    """Open a report in the web browser.

    Args:
        folder: the folder that ``write_report`` wrote, or the page itself.

    Returns:
        The address of the page, and whether a browser could be started.

    Raises:
        BadInput: there is no report.
    """
    folder = Path(folder)
    path = folder if folder.suffix == ".html" else folder / "report.html"
    if not path.is_file():
        raise BadInput(f"there is no report at {path}; `scrubjay explain --out {folder}` writes one")
    address = path.resolve().as_uri()
    return address, webbrowser.open(address)


_START = '<p><button type="button" id="start" class="primary">▶ Start the live network</button></p>'
_READING = (
    "The control is the same measurement where the statement must fail, for example with random parts. For counts, "
    f"less is better. A claim <em>holds</em> if it has gone at least {HOLDS:.0%} of the way from chance to "
    f"perfection, and holds <em>partly</em> from {PARTLY:.0%}. One that builds on another is "
    "judged no better than that one. A claim that fails is a finding too. "
    '<a href="#claims">All claims, and what the verdicts mean</a>.'
)


def _playable(study: Study) -> tuple[frozenset[str], str, str]:
    """The stages that can be shown, the portrait as JSON, and the place of the workbench."""
    network = study.run.network
    size = sum(weight.nbytes for weight in network.weights.values())
    try:
        if is_played(network) and size > MOST_BYTES:
            raise BadInput(f"its weights take {size:,} bytes, and a page has room for {MOST_BYTES:,}")
        portrait = Portrait.of_study(study)
    except BadInput as refusal:
        return frozenset(), "null", f'<p class="prose">The network is not in this page: {escape(str(refusal))}.</p>'
    return stages_of(portrait), portrait_json(portrait), '<div id="explorer" data-stage="workbench"></div>'


def _opening_picture(study: Study, stages: frozenset[str], pictures: Mapping[str, Sequence[str]]) -> str:
    """The inner network if it answers with two classes; otherwise the picture of a line that opens, and the answers."""
    if "answer" in stages and study.task.is_binary:
        return '<div data-stage="answer"></div>'
    opening = sorted((line for line in study.lines if line.opens), key=lambda line: line.opens)
    picture = next((pictures[line.name][0] for line in opening[1:] + opening[:1] if pictures[line.name]), "")
    return picture + ('<div data-stage="table"></div>' if "table" in stages else "")


def _about(study: Study) -> str:
    made = f"The network was run on {study.task.domain.in_words} of its task."
    if study.provenance["is_replica"]:
        made += " It is a replica, trained by the published recipe, and not the original network."
    return made


def _rules(published: bool) -> str:
    words = (
        f"The control of a value is the same measurement where the statement must fail. The effect of a claim is how "
        f"far its value lies on the way from chance to perfection. A claim holds if its effect is at least {HOLDS:.0%} "
        f"and holds partly if it is at least {PARTLY:.0%}. It fails below that, or if its value does not lie beyond "
        f"its control; a count must be at most half of its control. A claim that builds on another one is judged no "
        f"better than that one. All intervals are 95% intervals: Student's t for the mean over random draws, and "
        f"Wilson's for shares of counted inputs. A value without an interval is exact. Rival explanations and readouts "
        f"are ranked and get no verdict."
    )
    if published:
        words += " * These figures were published for another network, which has other weights."
    return words


def _contents(study: Study) -> list[tuple[str, str]]:
    return [
        *((line.name, line.title) for line in study.lines),
        ("play", "The whole workbench"),
        ("claims", "All claims"),
        ("provenance", "Where this comes from"),
    ]


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)
