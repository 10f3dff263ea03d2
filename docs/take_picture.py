"""Take the pictures of a report that the README and the documentation show.

    python docs/take_picture.py out/report.html docs/images

It needs Chromium: the one on the path, or the one that the environment variable SCRUBJAY_CHROMIUM names.
"""

import os
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = {"answer": "#answer", "explorer": "#explorer", "space": "#subspace [data-stage]"}
"""The name of each picture, and the part of the page that it shows."""


def main(report: Path, folder: Path) -> None:
    """Open a report without a network connection, pin an input, and save the pictures."""
    chromium = os.environ.get("SCRUBJAY_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True).new_page()
        page.goto(report.resolve().as_uri())
        page.evaluate("scrubjay.set({ pinned: 57 * 113 + 30, x: 'filter0', y: 'filter1' })")
        page.evaluate("scrubjay.whenIdle()")
        page.evaluate("scrubjay.drawAll()")
        page.wait_for_timeout(300)
        for name, place in PICTURES.items():
            taken = page.locator(place).first.screenshot()
            with Image.open(BytesIO(taken)) as image:
                image.convert("RGB").quantize(128).save(folder / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
