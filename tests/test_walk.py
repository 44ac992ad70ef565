"""The product in a browser."""

from __future__ import annotations

import pytest

from api import base_url
from browser import DESKTOP, PHONE, TABLET, NewPage, accessibility_violations, assert_fits, screenshot

# The pages are the same on both databases.
pytestmark = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_the_public_page_in_both_languages_at_every_width(world: dict, new_page: NewPage, locale: str, width: int):
    page = new_page(locale=locale, width=width)
    response = page.goto(base_url(world) + "/")
    assert response is not None and response.status == 200
    assert page.locator("html").get_attribute("lang") == locale
    assert page.locator("main").count() == 1 and page.locator("h1").count() == 1
    assert page.locator("main input").first.is_visible(), "one box: an explanation code or a serial number"
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in page.locator("h1").inner_text())
    assert chinese == (locale == "zh-CN")
    assert_fits(page)
    screenshot(page, f"public-{locale}-{width}")
    assert accessibility_violations(page) == []


def test_the_public_page_without_scripts(world: dict, new_page: NewPage):
    page = new_page(scripts=False, width=PHONE)
    page.goto(base_url(world) + "/")
    assert page.locator("main form input").first.is_visible()
