"""Every page, in both languages, at every width, light and dark; and the pages that say that something cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page

from api import Api, base_url
from browser import (
    DESKTOP,
    HEIGHT,
    PHONE,
    TABLET,
    NewPage,
    account,
    assert_accessible,
    assert_fits,
    fresh_code,
    png,
    screenshot,
    signed_in,
)
from pos import Card, Pos

LOCALES = ("zh-CN", "en")
# Which of its looks a page is kept as a picture of.
PICTURES = {"zh-CN": ((PHONE, False), (DESKTOP, False)), "en": ((PHONE, False), (DESKTOP, True))}

# Who looks at which page. A name in braces is an address that the fixture `addresses` finds in the running world.
PAGES: list[tuple[str, str]] = [
    ("public", "/"),
    ("public", "/status"),
    ("public", "/login"),
    ("public", "/login?next=%2Fm%2Fmoney"),
    ("public", "{explanation}"),
    ("public", "{serial}"),
    ("public", "/styleguide"),
    ("public", "/pos"),
    ("public", "{pos_terminal}"),
    ("owner", "/m"),
    ("owner", "/m/terminals"),
    ("owner", "{terminal}"),
    ("owner", "/m/money"),
    ("owner", "{statement}"),
    ("owner", "/m/transactions"),
    ("owner", "{transaction}"),
    ("owner", "/m/requests"),
    ("owner", "{new_request}"),
    ("owner", "{request}"),
    ("owner", "{step}"),
    ("owner", "/m/me"),
    ("owner", "/m/me/people/new"),
    ("owner", "{person}"),
    ("owner", "/m/me/password"),
    ("owner", "/m/me/keys"),
    ("owner", "/sessions"),
    ("agent", "/agent"),
    ("agent", "{agent_terminal}"),
    ("reviewer", "/console"),
    ("reviewer", "{search}"),
    ("reviewer", "/console/search?q=nothing-like-this"),
    ("reviewer", "/console/merchants"),
    ("reviewer", "{console_merchant}"),
    ("reviewer", "{console_terminal}"),
    ("reviewer", "{console_device}"),
    ("reviewer", "{console_transactions}"),
    ("reviewer", "{console_transaction}"),
    ("risk", "{merchant_limits}"),
    ("risk", "{terminal_limits}"),
    ("devices", "{terminal_keys}"),
    ("reviewer", "/console/reviews"),
    ("reviewer", "{review}"),
    ("reviewer", "/console/stops"),
    ("reviewer", "{stop}"),
    ("reviewer", "/console/stops/new"),
    ("reviewer", "/console/requests"),
    ("reviewer", "{console_request}"),
    ("reviewer", "/console/catalog"),
    ("reviewer", "/console/catalog/merchant.risk_review"),
    ("auditor", "/console/audit"),
    ("auditor", "/console/audit?check=yes"),
    ("administrator", "/console/people"),
]


def name_of(role: str, path: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", path.strip("{}/").lower()).strip("-")
    return f"{role}-{plain or 'front'}"


NAMES = [name_of(role, path) for role, path in PAGES]
ROLES = sorted({role for role, _ in PAGES if role != "public"} | {"desk"})


# The world and what is in it ----------------------------------------------------------------


class Person:
    """Somebody signed in, without a browser."""

    def __init__(self, base: str, who: dict) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        form = {"login": who["login"], "password": who["password"], "next": ""}
        answer = self.session.post(f"{base}/login", data=form, timeout=30)
        if who.get("totp_secret"):
            answer = self.session.post(f"{base}/login/code", data={"code": fresh_code(base, who), "next": ""}, timeout=30)
        assert answer.status_code == 200 and urlsplit(answer.url).path in ("/m", "/agent", "/console"), f"{answer.status_code} {answer.url}"

    def page(self, path: str) -> requests.Response:
        return self.session.get(self.base + path, headers={"Accept": "text/html"}, timeout=30)

    def links(self, path: str, pattern: str = "") -> list[str]:
        """The links of a page, in its order, each once."""
        answer = self.page(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        reader = Links()
        reader.feed(answer.text)
        return [link for link in dict.fromkeys(reader.found) if re.fullmatch(pattern or ".*", link)]

    def post(self, path: str, body: dict) -> dict:
        answer = self.session.post(self.base + path, json=body, timeout=30)
        assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()


class Links(HTMLParser):
    """The addresses of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.found.append(href)


@pytest.fixture(scope="module")
def people(faces: dict) -> dict[str, Person]:
    base = base_url(faces)
    return {role: Person(base, account(faces, role)) for role in ROLES}


@pytest.fixture(scope="module")
def addresses(faces: dict, people: dict[str, Person]) -> dict[str, str]:
    """An address for each page that shows one particular thing, with something on it worth looking at."""
    api, owner, reviewer, desk = Api.from_world(faces), people["owner"], people["reviewer"], people["desk"]
    stopped = next(each for each in faces["terminals_list"] if each.get("reason") == "merchant.licence_expired")
    code = decline(faces, stopped)
    its_merchant = next(each["id"] for each in faces["merchants"] if each["number"] == stopped["merchant_number"])
    review_of(desk, its_merchant, "merchant")
    [review, *_] = reviewer.links("/console/reviews", rf"/console/reviews/{its_merchant}/[^/?]+")

    # The owner's own merchant is stopped for another paper, so that there is a step to be done.
    merchant = account(faces, "owner")["of"]
    why = "the copy on file has ended"
    stop = {"merchant": merchant, "subject_kind": "merchant", "subject": merchant, "reason": "merchant.representative_id_expired", "why": why}
    placed = reviewer.post("/v1/stops", stop)
    request = owner.post(f"/v1/merchants/{merchant}/requests", {"kind": "restoration", "subject_kind": "merchant", "subject": merchant})
    step = next(each["step"] for each in request["steps"] if each["mine"])
    terminal = owner.links("/m/terminals", r"/m/terminals/[^/?]+")[0]
    live = next(each for each in faces["terminals_list"] if each["situation"] == "live")
    its_number = api.get("/v1/terminals", merchant=merchant).json()["data"][0]["number"]
    return {
        "explanation": f"/e/{code}",
        "serial": f"/s/{stopped['serial_number']}",
        "pos_terminal": f"/pos?terminal={live['terminal_number']}",
        "terminal": terminal,
        "statement": owner.links("/m/money", r"/m/money/\d{4}-\d\d-\d\d")[0],
        "transaction": owner.links("/m/transactions", r"/m/transactions/[^/?]+")[0],
        "new_request": f"/m/requests/new?kind=information_change&subject={merchant}",
        "person": owner.links("/m/me", r"/m/me/people/(?!new)[^/?]+")[0],
        "request": f"/m/requests/{request['id']}",
        "step": f"/m/requests/{request['id']}/{step}",
        "agent_terminal": people["agent"].links("/agent", r"/agent/[^/?]+/[^/?]+")[0],
        "search": f"/console/search?q={its_number}",
        "console_merchant": f"/console/merchants/{merchant}",
        "console_terminal": f"/console/terminals/{its_number}",
        "console_device": f"/console/devices/{faces['stock'][0]}",
        "console_transactions": f"/console/merchants/{merchant}/transactions",
        "console_transaction": reviewer.links(f"/console/merchants/{merchant}/transactions", r"/console/merchants/[^/]+/transactions/[^/?]+")[0],
        "merchant_limits": f"/console/merchants/{merchant}/limits",
        "terminal_limits": f"/console/terminals/{its_number}/limits",
        "terminal_keys": f"/console/terminals/{its_number}/keys",
        "review": review,
        "stop": f"/console/stops/{merchant}/{placed['id']}",
        "console_request": f"/console/requests/{merchant}/{request['id']}",
    }


def decline(world: dict, entry: dict) -> str:
    """The code on the slip of a stopped terminal."""
    first = next(each for each in world["test_cards"] if each["outcome"] == "approved")
    pos = Pos.from_world(world, entry)
    pos.sign_in()
    reply = pos.sale(Card(first["pan"], first["track2"], first["pin"], first["outcome"]), 1234).reply
    assert reply.explanation_code, f"{reply.code} {reply.text}"
    return reply.explanation_code


def review_of(desk: Person, merchant: str, kind: str) -> None:
    """The desk hands in a merchant's papers at the counter; now a review is open."""
    where = f"/v1/merchants/{merchant}/requests"
    request = desk.post(where, {"kind": "restoration", "subject_kind": kind, "subject": merchant})
    for step in request["steps"]:
        if not step["mine"]:
            continue
        at = f"{where}/{request['id']}/steps/{step['step']}"
        for asked in step["documents"]:
            name = {"kind": asked["code"], "name": "licence.png"}
            answer = desk.session.post(f"{desk.base}{at}/documents", params=name, data=png(), timeout=30)
            assert answer.status_code == 201, answer.text
        fields = {asked["code"]: {"date": "2036-11-25"}.get(asked["check"], "Nanshan Avenue 8") for asked in step["fields"]}
        desk.post(at, {"fields": fields, "confirm": True})


# Each page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("role", "path"), PAGES, ids=NAMES)
def test_each_page(faces: dict, addresses: dict[str, str], new_page: NewPage, role: str, path: str, locale: str):
    page = new_page(locale=locale, width=PHONE)
    base = base_url(faces)
    if role != "public":
        signed_in(page, base, account(faces, role))
    response = page.goto(base + path.format(**addresses))
    assert response is not None and response.status == 200
    assert page.locator("html").get_attribute("lang") == locale
    assert page.locator("main").count() == 1
    assert page.locator("h1").count() == 1
    assert page.title().strip() and page.locator("h1").inner_text().strip()
    # Each width light and dark for its layout; the rules of accessibility where they bite most, once light, once dark.
    strict = (PHONE, False) if locale == "zh-CN" else (DESKTOP, True)
    for width, dark in ((PHONE, False), (TABLET, False), (TABLET, True), (DESKTOP, False), (DESKTOP, True)):
        look(page, width, dark)
        assert_fits(page)
        if (width, dark) in PICTURES[locale]:
            screenshot(page, f"{name_of(role, path)}-{locale[:2]}-{width}{'-dark' if dark else ''}")
        if (width, dark) == strict:
            assert_accessible(page)


def look(page: Page, width: int, dark: bool) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme="dark" if dark else "light")


def test_no_link_leads_nowhere_and_no_page_is_left_out(people: dict[str, Person], addresses: dict[str, str], faces: dict):
    """From each page of the list, to every kind of page it links to; each of these kinds is in the list."""
    anyone = Person.__new__(Person)
    anyone.base, anyone.session = base_url(faces), requests.Session()
    anyone.session.trust_env = False
    listed = {kind_of(path.format(**addresses)) for _, path in PAGES}
    seen: set[tuple[str, str]] = set()
    for role, path in PAGES:
        who = people.get(role, anyone)
        for link in who.links(path.format(**addresses)):
            target = urlsplit(link)
            if target.scheme or not target.path:
                continue
            # One of each kind is enough: numbers and ids stand for each other.
            shape = (role, re.sub(r"[^/=&]*\d[^/=&]*", "*", link))
            if shape in seen:
                continue
            seen.add(shape)
            answer = who.page(link)
            assert answer.status_code == 200, f"{path} links to {link}, which answers {answer.status_code}"
            if answer.headers["Content-Type"].startswith("text/html"):
                arrived = kind_of(urlsplit(answer.url).path)
                assert arrived in listed, f"{path} links to {link}, a kind of page ({arrived}) that no test looks at"
    assert len(seen) > 40


def kind_of(path: str) -> str:
    """A path without its query, with ids, numbers and codes of the catalogue left out."""
    parts = urlsplit(path).path.split("/")
    given = {"requests", "people", "catalog", "reviews"}
    plain = [
        "*" if part == "-" or re.search(r"\d", part) or (parts[i - 1] in given and part not in ("", "new")) or "*" in parts[i - 1 : i] else part
        for i, part in enumerate(parts)
    ]
    # The step of a request is a code of the catalogue.
    if plain[:3] == ["", "m", "requests"] and len(plain) == 5:
        plain[4] = "*"
    return "/".join(plain)


# What cannot be -----------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
def test_an_unknown_code_says_what_to_do(faces: dict, new_page: NewPage, locale: str):
    page = new_page(locale=locale, width=PHONE, refused=True)
    page.goto(base_url(faces) + "/")
    page.fill("input[name=q]", "ZZZ-ZZZ")
    page.click("form.find button")
    assert page.locator("h1").inner_text() == {"zh-CN": "没有找到这个原因码", "en": "This code is not known"}[locale]
    # What was typed stands in the box, to be compared with the slip; and there is more than one way on.
    assert page.input_value("input[name=q]") == "ZZZ-ZZZ"
    assert page.locator("main ul li").count() >= 3
    assert page.locator("main a[href='/login']").count() == 1
    assert_fits(page)
    assert_accessible(page)
    screenshot(page, f"unknown-code-{locale[:2]}")


@pytest.mark.parametrize("typed", ["7k3m9q", " 7K3 M9Q ", "7K3-M9Q"])
def test_a_code_is_read_however_it_is_typed(faces: dict, new_page: NewPage, addresses: dict[str, str], typed: str):
    """Lower case, without the hyphen, with spaces round it; and O for 0, I and L for 1."""
    code = addresses["explanation"].removeprefix("/e/")
    pattern = {"7k3m9q": code.replace("-", "").lower(), " 7K3 M9Q ": f" {code.replace('-', ' ')} ", "7K3-M9Q": code.replace("0", "O")}
    page = new_page(width=PHONE)
    page.goto(base_url(faces) + "/")
    page.fill("input[name=q]", pattern[typed])
    page.press("input[name=q]", "Enter")
    page.wait_for_url(f"**/e/{code}")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_wrong_login_does_not_say_which_part_was_wrong(faces: dict, new_page: NewPage, locale: str):
    page = new_page(locale=locale, width=PHONE, refused=True)
    told = []
    for login, password in (("nobody-of-that-name", "wrong"), (account(faces, "clerk")["login"], "wrong")):
        page.goto(base_url(faces) + "/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", password)
        page.click("form[action='/login'] button[type=submit]")
        assert page.input_value("input[name=login]") == login, "what was typed is kept"
        assert page.input_value("input[name=password]") == "", "but never the password"
        told.append(page.locator("main .notice").first.inner_text())
    assert told[0] == told[1] and len(told[0]) > 10
    assert_fits(page)
    assert_accessible(page)
    screenshot(page, f"wrong-login-{locale[:2]}")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_page_of_others_says_what_to_do(faces: dict, new_page: NewPage, locale: str):
    page = new_page(locale=locale, refused=True)
    signed_in(page, base_url(faces), account(faces, "owner"))
    response = page.goto(base_url(faces) + "/console")
    assert response is not None and response.status == 403
    assert page.locator("h1").count() == 1 and page.locator("main .panel a").count() >= 1
    assert_fits(page)
    assert_accessible(page)
    screenshot(page, f"forbidden-{locale[:2]}")


def test_another_merchants_things_are_not_found(faces: dict, people: dict[str, Person]):
    """Whether they exist is not told either."""
    mine = account(faces, "owner")["of"]
    other = next(each["id"] for each in faces["merchants"] if each["id"] != mine)
    terminal = Api.from_world(faces).get("/v1/terminals", merchant=other).json()["data"][0]["id"]
    answers = [people["owner"].page(f"/m/terminals/{each}") for each in (terminal, "trm_01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("path", ["/m", "/m/money", "/console", "/console/reviews"])
def test_a_page_for_people_with_a_login_asks_for_it_and_leads_back(faces: dict, new_page: NewPage, path: str):
    page = new_page(width=PHONE)
    page.goto(base_url(faces) + path)
    assert urlsplit(page.url).path == "/login"
    assert page.input_value("form[action='/login'] input[name=next]") == path


def test_a_login_never_leads_to_another_site(faces: dict):
    base = base_url(faces)
    who = account(faces, "owner")
    for elsewhere in ("https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example"):
        session = requests.Session()
        session.trust_env = False
        form = {"login": who["login"], "password": who["password"], "next": elsewhere}
        answer = session.post(f"{base}/login", data=form, allow_redirects=False, timeout=30)
        assert answer.status_code in (302, 303), answer.text[:300]
        assert answer.headers["Location"].startswith("/m"), f"{elsewhere} led to {answer.headers['Location']}"


def test_a_page_that_does_not_exist(faces: dict, new_page: NewPage):
    page = new_page(locale="en", width=PHONE, refused=True)
    response = page.goto(base_url(faces) + "/no/such/page")
    assert response is not None and response.status == 404
    assert page.locator("h1").inner_text() == "Page not found"
    assert_fits(page)
    assert_accessible(page)


# Language, colours, scripts -----------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_language_and_colours_are_switched_without_a_script(faces: dict, addresses: dict[str, str], new_page: NewPage, scripts: bool):
    page = new_page(locale="zh-CN", scripts=scripts, width=PHONE)
    page.goto(base_url(faces) + addresses["explanation"])
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    in_chinese = page.locator("h1").inner_text()
    page.click("form.switch button[name=lang]")
    assert page.locator("html").get_attribute("lang") == "en"
    assert urlsplit(page.url).path == addresses["explanation"], "the reader stays on the page"
    assert page.locator("h1").inner_text() != in_chinese
    light = background(page)
    page.click("form.switch button[name=theme]")
    assert urlsplit(page.url).path == addresses["explanation"]
    assert background(page) != light, "the page is dark now, though the system is light"
    assert page.locator("html").get_attribute("lang") == "en", "and still in English"


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_a_browser_that_wants_neither_language_gets_chinese(faces: dict, new_page: NewPage):
    page = new_page(locale="fr-FR")
    page.goto(base_url(faces) + "/")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_the_first_screen_is_light(faces: dict, addresses: dict[str, str]):
    """Over the wire, without fonts: under 40 kB for the page and its style."""
    base = base_url(faces)
    session = requests.Session()
    session.trust_env = False
    page = session.get(base + addresses["explanation"], headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30)
    size = len(page.raw.read())
    html = session.get(base + addresses["explanation"], timeout=30).text
    styles = re.findall(r'<link[^>]+rel="stylesheet"[^>]+href="([^"]+)"', html)
    assert len(styles) == 1, "one request for style"
    size += len(session.get(base + styles[0], headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30).raw.read())
    assert size < 40_000, f"{size} bytes"


def test_every_answer_carries_its_security_headers(faces: dict):
    session = requests.Session()
    session.trust_env = False
    for path in ("/", "/login", "/no/such/page", "/v1/explanations?code=000-000"):
        headers = session.get(base_url(faces) + path, timeout=30).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_a_form_of_another_site_changes_nothing(faces: dict):
    """A browser names where a form comes from; another origin is refused."""
    who = account(faces, "owner")
    session = requests.Session()
    session.trust_env = False
    form = {"login": who["login"], "password": who["password"], "next": ""}
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = session.post(base_url(faces) + "/login", data=form, headers=headers, allow_redirects=False, timeout=30)
    assert answer.status_code == 403 and "Set-Cookie" not in answer.headers


def test_the_language_of_a_session_is_kept(faces: dict, new_page: NewPage) -> None:
    page = new_page(locale="zh-CN")
    signed_in(page, base_url(faces), account(faces, "owner"))
    page.goto(base_url(faces) + "/m")
    page.click("form.switch button[name=lang]")
    page.goto(base_url(faces) + "/m/money")
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_console_is_walked_by_keys(faces: dict, new_page: NewPage):
    """`/` goes to the search, `g` and a letter to a page, `?` shows the keys."""
    page = new_page(locale="en")
    signed_in(page, base_url(faces), account(faces, "reviewer"))
    page.goto(base_url(faces) + "/console")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    number = faces["terminals_list"][0]["terminal_number"]
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/search?q={number}")
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/console/reviews")
