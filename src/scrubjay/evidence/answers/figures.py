"""Draw labels and answers as images of the domain."""

from matplotlib.figure import Figure

from scrubjay.evidence.answers.measure import AnswersResult
from scrubjay.evidence.drawing import finish, is_binary_image, named_image, new_figure
from scrubjay.evidence.line import Picture
from scrubjay.run import Run


def figures(result: AnswersResult) -> list[Picture]:
    """Make the figure of this line, for tasks of two classes and two varying positions."""
    if not is_binary_image(result.run.task):
        return []
    return [
        Picture(
            "labels.png",
            "The domain coloured by ground truth, by the network's answers, and by those with frozen attention",
            "Each cell is an input: its row is the first token and its column the second. Look for the shapes of the "
            "ground truth that the network's answers repeat, for frayed edges, which are its errors, and for whole "
            "regions that change when attention is frozen to its mean.",
            lambda: _draw(result.run),
        )
    ]


def _draw(run: Run) -> Figure:
    panels = [
        ("network's answer", run.full.classes),
        ("attention frozen", run.frozen.classes),
    ]
    if run.task.labels is not None:
        panels.insert(0, ("ground truth", run.task.labels))
    figure = new_figure(3.3 * len(panels), 4.3)
    for at, (title, values) in enumerate(panels):
        named_image(figure.add_subplot(1, len(panels), at + 1), run.task, values, title)
    finish(figure, run)
    return figure
