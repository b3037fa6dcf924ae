"""A real headless Chromium for tests of the pages."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

WAIT_S = 30
DESKTOP, PHONE = (1440, 900), (360, 780)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_NOT_YET = re.compile(r"Failed to load resource: .* status of (404|503)")
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Page:
    """The one window of a browser, and what happened in it since it was opened."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
        """Go to an address with a screen of this size and the system's theme."""
        self.size(*size)
        self.system(dark=dark)
        self.driver.get(url)

    def size(self, width: int, height: int) -> None:
        """Take another screen; a narrow one is a phone's."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def system(self, *, dark: bool) -> None:
        """The theme that the system asks for."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """The first element that is there."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements that are there."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """What the elements say, seen or not."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent).join('\\n')", selector)

    def until(self, condition: Callable[[], Any], what: str, wait_s: float = WAIT_S) -> Any:
        """Wait for something to become true; its value."""
        return WebDriverWait(self.driver, wait_s, poll_frequency=0.1).until(lambda _: condition(), what)

    def says(self, selector: str, pattern: str, wait_s: float = WAIT_S) -> str:
        """Wait until the elements say something that fits."""
        seen = ""

        def fits() -> bool:
            nonlocal seen
            seen = self.text(selector)
            return re.search(pattern, seen) is not None

        try:
            self.until(fits, "", wait_s)
        except Exception as error:
            raise AssertionError(f"{selector} does not say {pattern!r} but {seen[:1000]!r}") from error
        return seen

    def type(self, selector: str, text: str, *, enter: bool = True) -> None:
        """Put a text into a field, keyboard or not, and press Enter."""
        field = self.find(selector)
        # Not every character has a key that the driver can press.
        self.run(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))", field, text
        )
        if enter:
            field.send_keys(Keys.ENTER)

    def complaints(self) -> list[str]:
        """What the console has said against the page since it was last asked.

        That the engine knows nothing yet of what was asked is no fault of a page, but browsers note it.
        """
        found = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        return [one for one in found if not _NOT_YET.search(one)]

    def hosts(self) -> set[str]:
        """Where requests and sockets went since it was last asked."""
        found: set[str] = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                parameters = message["params"]
                address = urlsplit(parameters.get("url") or parameters["request"]["url"])
                if address.scheme in ("http", "https", "ws", "wss"):
                    found.add(address.netloc)
        return found

    def forget(self) -> None:
        """What is stored and what was said so far."""
        self.run("sessionStorage.clear(); localStorage.clear()")
        self.complaints()
        self.hosts()


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A browser with an empty profile in this folder; skips where there is none."""
    binary = next((found for name in _NAMES if (found := shutil.which(name))), None)
    driver_path = shutil.which("chromedriver")
    if binary is None or driver_path is None:
        pytest.skip("no chromium with its chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    try:
        yield Page(driver)
    finally:
        driver.quit()
