"""A headless Chromium of the system, never one that a test tool downloads."""

from __future__ import annotations

import functools
import os
import shutil
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
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
# What the browser itself logs when a page answers with a status of refusal.
REFUSAL = "Failed to load resource: the server responded with a status of 4"

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


@pytest.fixture(scope="session")
def faces() -> Iterator[dict]:
    """A world for the tests that look at pages; nobody moves its clock, so that those who signed in stay signed in."""
    with server.demo("sqlite") as world:
        yield world


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[NewPage]:
    """Opens a page in a fresh profile: `new_page(locale="zh-CN", width=PHONE, dark=False)`.

    A test fails when a page of it logs an error, throws, or breaks the content security policy. Pages that are to
    answer with a refusal say so with `refused=True`.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        *, locale: str = "zh-CN", width: int = DESKTOP, dark: bool = False, scripts: bool = True, refused: bool = False
    ) -> Page:
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

        def complain(kind: str, text: str) -> None:
            if kind == "error" and not (refused and text.startswith(REFUSAL)):
                complaints.append(f"{page.url}: {text}")

        page.on("pageerror", lambda error: complain("error", str(error)))
        page.on("console", lambda message: complain(message.type, message.text))
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
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {' '.join(map(str, node['target']))}"
        for rule in found
        for node in rule["nodes"]
    ]


def assert_accessible(page: Page) -> None:
    violations = accessibility_violations(page)
    assert not violations, f"{page.url} is not accessible to everyone:\n" + "\n".join(violations)


def assert_fits(page: Page) -> None:
    """Nothing of the page reaches past its width."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than the screen"


# Signing in ---------------------------------------------------------------------------------

_COOKIES: dict[tuple[str, str], list[dict]] = {}
_CODE_STEPS: dict[tuple[str, str], int] = {}


def account(world: dict, role: str, number: int = 0) -> dict:
    """An account of world.json with this role; `number` tells several of a role apart."""
    fitting = [each for each in world["accounts"] if each["role"] == role]
    assert len(fitting) > number, f"world.json has {len(fitting)} accounts with the role `{role}`"
    return fitting[number]


def login(page: Page, base: str, account: dict, *, path: str | None = None) -> None:
    """Signs an account of world.json in by the form, with its one-time code where it has a secret."""
    page.goto(base + (path or "/login"))
    page.fill("input[name=login]", account["login"])
    page.fill("input[name=password]", account["password"])
    page.click("form[action='/login'] button[type=submit]")
    if account.get("totp_secret"):
        page.fill("input[name=code]", fresh_code(base, account))
        page.click("form[action='/login/code'] button[type=submit]")
    _COOKIES[base, account["login"]] = page.context.cookies()


def signed_in(page: Page, base: str, account: dict) -> Page:
    """The same, with the session of an earlier login of this run where there is one."""
    known = _COOKIES.get((base, account["login"]))
    if known is None:
        login(page, base, account)
    else:
        page.context.add_cookies([each for each in known if each["name"].endswith("session")])
    return page


def fresh_code(base: str, account: dict) -> str:
    """The one-time code of now; a code works once, so a second login within its 30 seconds waits for the next."""
    totp = pyotp.TOTP(account["totp_secret"])
    used = _CODE_STEPS.get((base, account["login"]), 0)
    while (step := int(time.time()) // totp.interval) <= used:
        time.sleep(0.5)
    _CODE_STEPS[base, account["login"]] = step
    return totp.at(step * totp.interval)


# Files --------------------------------------------------------------------------------------


@functools.cache
def png(width: int = 640, height: int = 420) -> bytes:
    """A picture a camera might have taken: shades without any text, some kilobytes."""
    rows = b"".join(
        b"\0" + bytes((x * y // 7 + shade) % 256 for x in range(width) for shade in (40, 90, 140)) for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
