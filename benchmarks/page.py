"""Measure how large a report is, how soon the browser shows it, and how long a frame takes while something is dragged.

    python benchmarks/page.py out/report.html

All times come from the performance API of a headless Chromium without a GPU. The work of a frame is the time from the
start of the frame to the end of the explorer's drawing. At 60 frames a second there are 16.7 ms for it. The browser is
the program ``chromium``, or the one that the variable SCRUBJAY_CHROMIUM names. Needs the extra ``dev``.
"""

import argparse
import os
import shutil
import statistics
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FRAMES = 120
DRAG = """([frames, change]) => new Promise((done) => {
    const change_ = new Function("scene", "share", change);
    const work = [];
    const between = [];
    let last = null;
    function frame(began) {
        work.push(performance.now() - began);
        if (last !== null) between.push(began - last);
        last = began;
        if (work.length > frames) return done({ work: work.slice(1), between });
        change_(scrubjay.scene, work.length / frames);
        requestAnimationFrame(frame);
    }
    requestAnimationFrame(frame);
})"""
TURN = """(frames) => {
    const canvas = document.querySelector(".sj-space");
    return Array.from({ length: frames }, () => {
        const began = performance.now();
        canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
        return performance.now() - began;
    });
}"""
DRAGGED = {
    "a threshold is dragged": (
        "#play .sj-plane",
        "const { moved, view } = scene.settings;"
        "scene.set({ moved: { ...moved, [view]: moved[view].with(0, share) } });",
    ),
    "attention t is dragged": ("#play .sj-plane", "scene.set({ t: share })"),
    "the pointer moves": (
        "#play .sj-plane",
        "scene.set({ hovered: Math.floor(share * (scene.view.classes.length - 1)) })",
    ),
    "the number of neurons is dragged": (
        "#play .sj-plane",
        "scene.set({ count: Math.round(share * scene.initial().count) })",
    ),
    "parts of the inner network are switched": (
        "#inner .sj-parts",
        "scene.set({ off: share % 0.1 < 0.05 ? ['hinge0'] : [] })",
    ),
}


def main(path: Path) -> None:
    chromium = os.environ.get("SCRUBJAY_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True, bypass_csp=True)
        page = context.new_page()
        page.goto(path.resolve().as_uri())
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        page.evaluate("scrubjay.whenIdle()")
        print(f"Chromium {browser.version}, {os.cpu_count()} cores")
        print("| what | measured |\n|---|---|")
        print(f"| size of the file | {path.stat().st_size / 1e6:.2f} MB |")
        print(f"| first contentful paint | {paint:.0f} ms |")
        print(f"| explorer drawn for the first time | {loaded:.0f} ms |")
        print(
            f"| all answers of the full network, in the Worker | {page.evaluate('scrubjay.scene.answer.ms'):.0f} ms |"
        )
        for what, (place, change) in DRAGGED.items():
            page.locator(place).scroll_into_view_if_needed()
            print(dragged(page, what, change))
        print(turned(page))
        browser.close()


def turned(page: Page) -> str:
    page.locator(".sj-space").first.scroll_into_view_if_needed()
    page.evaluate("scrubjay.drawAll()")
    times = page.evaluate(TURN, FRAMES)
    late = sorted(times)[int(0.95 * len(times))]
    return f"| work of a frame while the space turns | {statistics.median(times):.1f} ms (95%: {late:.1f} ms or less) |"


def dragged(page: Page, what: str, change: str) -> str:
    page.evaluate("scrubjay.set(scrubjay.scene.initial())")
    page.evaluate("scrubjay.whenIdle()")
    times = page.evaluate(DRAG, [FRAMES, change])
    work, between = sorted(times["work"]), statistics.median(times["between"])
    late = work[int(0.95 * len(work))]
    page.evaluate("scrubjay.whenIdle()")
    told = f"{statistics.median(work):.1f} ms (95% of frames: {late:.1f} ms or less; a frame every {between:.1f} ms)"
    return f"| work of a frame while {what} | {told} |"


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("report", type=Path, help="the report.html that `scrubjay explain` wrote")
    main(asked.parse_args().report)
