"""Animations drawn with scrubjay and with matplotlib, and principal components found with scrubjay and scikit-learn."""

import tempfile
from pathlib import Path

import torch

import scrubjay
from peers.measure import Figures, Work, medians
from scrubjay.fit.pca import PCA
from scrubjay.nets.extended_embedding import ExtendedEmbedding
from scrubjay.report.animation import write_animation
from scrubjay.report.motion import Motion, Moving, neurons
from scrubjay.run import Run

_FRAMES = 1025
"""One for each number of neurons of the bundled network, from 0 to 1,024."""


def _motion() -> Motion:
    saved, task = scrubjay.load_network("bundled"), scrubjay.challenge2()
    return neurons(Moving.of(saved, task, frozen=False, seed=0), _FRAMES)


def scrubjay_frames() -> Work:
    motion = _motion()

    def work() -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "neurons.gif"
            write_animation(motion, path)
            return {"frames": motion.count, "drawn": motion.count, "bytes": path.stat().st_size}

    return work


def matplotlib_frames(drawn: str = "60") -> Work:
    """The way of the post's script: a new scatter plot of all inputs for each frame, written by ``PillowWriter``.

    Args:
        drawn: the number of frames to draw; all of them would take several minutes.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot
    from matplotlib.animation import FuncAnimation, PillowWriter

    motion = _motion()

    def work() -> Figures:
        figure, axes = pyplot.subplots(figsize=(7.2, 7.2))
        frames = iter(motion.frames)

        def draw(_number: int) -> list[object]:
            frame = next(frames)
            axes.clear()
            axes.set(xlim=motion.extent[0], ylim=motion.extent[1], xlabel=motion.axes[0], ylabel=motion.axes[1])
            axes.set_title(frame.caption)
            return [axes.scatter(*frame.points.T.numpy(), c=frame.classes.numpy(), s=2, vmin=0, vmax=1)]

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "neurons.gif"
            animation = FuncAnimation(figure, draw, frames=int(drawn), init_func=list, blit=False)
            animation.save(path, writer=PillowWriter(fps=20), dpi=100)
            return {"frames": motion.count, "drawn": int(drawn), "bytes": path.stat().st_size}

    return work


def components(repeats: str = "10") -> Work:
    """Principal components of the frozen network's ``resid_mid``, found in three ways.

    The ways are scikit-learn's, scrubjay's from all inputs, and scrubjay's from the network's extended embeddings.
    """
    from sklearn.decomposition import PCA as Theirs

    run = Run.of(scrubjay.load_network("bundled").network, scrubjay.challenge2())
    resid_mid = run.frozen.resid_mid
    wide = resid_mid.double().numpy()

    def closed() -> PCA:
        return PCA.from_moments(*ExtendedEmbedding.of(run.network, run.task.domain, run.mean_pattern).moments())

    def work() -> Figures:
        taken = medians(
            {
                "scikit-learn": lambda: Theirs().fit(wide),
                "scrubjay": lambda: PCA.of(resid_mid),
                "closed form": closed,
            },
            int(repeats),
        )
        n = len(wide)
        theirs = torch.from_numpy(Theirs().fit(wide).explained_variance_.copy()) * (n - 1) / n
        ours = PCA.of(resid_mid).variances
        apart = {"ours": ours - theirs, "closed": closed().variances - theirs}
        return taken | {f"{name} apart": float(each.abs().max() / theirs.max()) for name, each in apart.items()}

    return work
