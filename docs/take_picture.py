"""Take the picture of the explorer that the README shows.

    python docs/take_picture.py out/report.html docs/images/explorer.png

It needs Chromium: the one on the path, or the one that the environment variable SCRUBJAY_CHROMIUM names.
"""

import os
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright


def main(report: Path, picture: Path) -> None:
    """Open a report without a network connection, pin an input, and save a picture of the explorer."""
    chromium = os.environ.get("SCRUBJAY_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True).new_page()
        page.goto(report.resolve().as_uri())
        page.evaluate("scrubjay.set({ pinned: 57 * 113 + 30, x: 'filter0', y: 'filter1' })")
        page.evaluate("scrubjay.whenIdle()")
        page.wait_for_timeout(300)
        taken = page.locator("#explorer").screenshot()
        browser.close()
    with Image.open(BytesIO(taken)) as image:
        image.convert("RGB").quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
