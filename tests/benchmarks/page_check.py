"""Look at pages in a real browser: ``page_check.py AXE PAGE.html... [--pictures FOLDER]``.

AXE is ``axe.min.js`` of the npm package axe-core (``npm pack axe-core``). Each page is opened in a
headless Chromium in both colour schemes and two widths, with its foldable parts closed and open,
and axe-core looks for what keeps people out (WCAG 2.0 to 2.2, A and AA, and its best practices).
Printed is a line for each; with a violation, or a page wider than its screen, the exit code is 1.
Needs Selenium (``pip install selenium``), and ``chromium`` and ``chromium-driver`` from Debian.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
from pathlib import Path
from typing import Any

from selenium import webdriver

WIDTHS, SCHEMES, HEIGHT, TALLEST = (1200, 360), ("light", "dark"), 900, 8000
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: {type: "tag", values: arguments[0]}}).then(done);
"""


def browser() -> webdriver.Chrome:
    """Start Chromium without a window."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or ""
    # Without its path Selenium asks the network for a driver.
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def show(driver: webdriver.Chrome, page: Path, width: int, scheme: str, *, is_open: bool) -> None:
    """Open a page as somebody sees it with this screen and this colour scheme."""
    driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})  # the page lets no script run
    driver.get(page.resolve().as_uri())
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    if is_open:
        driver.execute_script(UNFOLD)


def violations(driver: webdriver.Chrome, axe: str) -> list[dict[str, Any]]:
    """Return what axe-core finds on the page that is shown."""
    driver.execute_script(axe)
    found: dict[str, Any] = driver.execute_async_script(RUN_AXE, RULES)
    return list(found["violations"])


def take_picture(driver: webdriver.Chrome, width: int, path: Path) -> None:
    """Write a picture of the whole page."""
    height = driver.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST), "scale": 1}
    shot = {"captureBeyondViewport": True, "clip": clip}
    picture = driver.execute_cdp_cmd("Page.captureScreenshot", shot)["data"]
    path.write_bytes(base64.b64decode(picture))


def check(driver: webdriver.Chrome, page: Path, axe: str, pictures: Path | None) -> int:
    """Check one page in all ways; return the number of faults."""
    faults = 0
    for width in WIDTHS:
        for scheme in SCHEMES:
            for is_open in (False, True):
                show(driver, page, width, scheme, is_open=is_open)
                if pictures and not is_open:
                    take_picture(driver, width, pictures / f"{page.stem}-{width}-{scheme}.png")
                wide = driver.execute_script("return document.documentElement.scrollWidth") > width
                found = violations(driver, axe)
                faults += len(found) + wide
                how = f"{page.name}, {width} px, {scheme}, {'open' if is_open else 'closed'}"
                told = "; ".join(f"{one['id']}: {one['help']}" for one in found)
                width_told = ", too wide" if wide else ""
                print(f"{how}: {len(found)} violations{width_told} {told}".rstrip())
    return faults


def main() -> None:
    """Check all pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axe", type=Path)
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    driver = browser()
    try:
        axe = asked.axe.read_text()
        faults = sum(check(driver, page, axe, asked.pictures) for page in asked.pages)
    finally:
        driver.quit()
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
