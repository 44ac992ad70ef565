"""A headless Chromium of the system, never one that a test tool downloads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import server

SCREENSHOTS = server.ROOT / "target" / "screenshots"
# Without the network flags the browser looks for its maker's hosts at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PHONE, TABLET, DESKTOP = 360, 768, 1280
HEIGHT = 800

NewPage = Callable[..., Page]


def _chromium() -> str:
    named = os.environ.get("SHOUDAN_CHROMIUM") or shutil.which("chromium")
    assert named, "there is no Chromium: install Debian's package `chromium`, or name one in SHOUDAN_CHROMIUM"
    return named


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[NewPage]:
    """Opens a page in a fresh profile: `new_page(locale="zh-CN", width=PHONE, dark=False)`.

    A test fails when a page of it logs an error, throws, or breaks the content security policy.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(*, locale: str = "zh-CN", width: int = DESKTOP, dark: bool = False, scripts: bool = True) -> Page:
        context = chromium.new_context(
            locale=locale,
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=scripts,
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda message: message.type == "error" and complaints.append(f"{page.url}: {message.text}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "the browser complained:\n" + "\n".join(complaints)


def screenshot(page: Page, name: str) -> Path:
    """Keeps the whole page as a picture in target/screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True, animations="disabled")
    return path


def accessibility_violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands, one line per rule and element."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']} ({rule['impact']}): {rule['help']}: {' '.join(node['target'])}" for rule in found for node in rule["nodes"]]


def assert_fits(page: Page) -> None:
    """Nothing of the page reaches past its width."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than the screen"


def login(page: Page, base: str, account: dict) -> None:
    """Signs an account of world.json in by the form, with its one-time code where it has a secret."""
    page.goto(f"{base}/login")
    page.fill("input[name=login]", account["login"])
    page.fill("input[name=password]", account["password"])
    page.click("button[type=submit]")
    if account.get("totp_secret"):
        import pyotp

        page.fill("input[name=code]", pyotp.TOTP(account["totp_secret"]).now())
        page.click("button[type=submit]")
