"""How large a report is, how soon it shows, and how long a frame takes while something is dragged.

    python benchmarks/page.py out/report.html

All times are the browser's own (its performance API), in the distribution's headless Chromium without a GPU. A frame's
work is the time from the frame's start to the end of the explorer's drawing; at 60 frames a second it has 16.7 ms.
"""

import os
import shutil
import statistics
import sys
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
DRAGGED = {
    "a threshold": "scene.set({ moved: { ...scene.settings.moved, full: [share, 0] } })",
    "attention t": "scene.set({ t: share })",
    "the pointer": "scene.set({ hovered: Math.floor(share * 12000) })",
    "neurons, of 1,024": "scene.set({ count: Math.round(share * 1024) })",
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
        print(f"| size of the file | {path.stat().st_size / 1e6:.2f} MB |")
        print(f"| first contentful paint | {paint:.0f} ms |")
        print(f"| explorer drawn | {loaded:.0f} ms |")
        print(f"| all answers in the Worker, full network | {page.evaluate('scrubjay.scene.answer.ms'):.0f} ms |")
        for what, change in DRAGGED.items():
            print(dragged(page, what, change))
        browser.close()


def dragged(page: Page, what: str, change: str) -> str:
    page.evaluate("scrubjay.set(scrubjay.scene.initial())")
    page.evaluate("scrubjay.whenIdle()")
    times = page.evaluate(DRAG, [FRAMES, change])
    work, between = sorted(times["work"]), statistics.median(times["between"])
    late = work[int(0.95 * len(work))]
    page.evaluate("scrubjay.whenIdle()")
    told = f"{statistics.median(work):.1f} ms (95%: {late:.1f}; frames every {between:.1f})"
    return f"| work of a frame, dragging {what} | {told} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
