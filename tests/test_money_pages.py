"""Pages round one payment: its slip, what happened to it, how much may be taken; and the keys of a merchant's own programs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from api import Api, base_url
from browser import PHONE, NewPage, account, assert_accessible, assert_fits, signed_in
from pos import Card, Pos

LOCALES = ("zh-CN", "en")


@pytest.fixture(scope="module")
def shop(faces: dict) -> dict:
    """A merchant with an owner who can log in, and one of its live terminals; none that other tests look for."""
    owner = account(faces, "owner", 3)
    number = next(each["number"] for each in faces["merchants"] if each["id"] == owner["of"])
    entry = next(each for each in faces["terminals_list"] if each["merchant_number"] == number and each["situation"] == "live")
    return {"owner": owner, "merchant": owner["of"], "entry": entry}


@pytest.fixture(scope="module")
def till(faces: dict, shop: dict) -> Pos:
    """Its terminal, signed in: one for all of these tests, as trace numbers go on."""
    pos = Pos.from_world(faces, shop["entry"])
    assert pos.sign_in().code == "00"
    return pos


@pytest.fixture(scope="module")
def card(faces: dict) -> Card:
    first = next(each for each in faces["test_cards"] if each["outcome"] == "approved")
    return Card(first["pan"], first["track2"], first["pin"], first["outcome"])


def staff(faces: dict, new_page: NewPage, role: str, **how: object) -> Page:
    page = new_page(**how)
    return signed_in(page, base_url(faces), account(faces, role))


def soon(question: Callable[[], object | None]) -> object:
    """What was sold is read a moment after it was answered; on a busy machine a long one."""
    for _ in range(50):
        if found := question():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not appear within five seconds")


def transaction_at(faces: dict, shop: dict, trace: str) -> str:
    def found() -> object | None:
        rows = Api.from_world(faces).get("/v1/transactions", terminal=shop["entry"]["terminal_number"]).json()["data"]
        return next((row["id"] for row in rows if row["stan"] == int(trace) and row["kind"] != "reversal"), None)

    return str(soon(found))


def test_the_virtual_pos_links_to_the_electronic_slip_of_what_it_printed(faces: dict, new_page: NewPage):
    base = base_url(faces)
    terminal = [each for each in faces["terminals_list"] if each["situation"] == "live"][-1]["terminal_number"]
    page = new_page(width=PHONE, locale="en")
    page.goto(f"{base}/pos?terminal={terminal}")
    assert page.locator(".pos-electronic").count() == 0, "nothing was printed yet"
    page.click("button[name=do][value=sign_in]")
    page.get_by_text("Sign in").first.wait_for()
    page.click("button.pos-function[name=do][value=sale]")
    page.locator(".pos-electronic a").first.wait_for()
    kinds = {}
    for link in page.locator(".pos-electronic a").all():
        href = base + str(link.get_attribute("href"))
        soon(lambda href=href: page.context.request.get(href).ok)
        answer = page.context.request.get(href)
        kinds[answer.headers["content-type"]] = answer.body()
    assert kinds["image/png"].startswith(b"\x89PNG") and kinds["application/pdf"].startswith(b"%PDF")
    where = str(page.locator(".pos-electronic a").first.get_attribute("href"))
    elsewhere = re.sub(r"/\d+/\d+/slip", "/999999/1/slip", where)
    assert page.context.request.get(base + elsewhere).status == 404
    assert_fits(page)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_transactions_page_shows_what_belongs_with_it(
    faces: dict, new_page: NewPage, shop: dict, till: Pos, card: Card, locale: str
):
    base = base_url(faces)
    sold = till.sale(card, 4_200)
    void = till.void(card, sold)
    assert (sold.reply.code, void.reply.code) == ("00", "00")
    sale_id, void_id = (transaction_at(faces, shop, sent.trace) for sent in (sold, void))

    # In the console: from the merchant to its transactions, to the sale, to its void, and back to the terminal.
    page = staff(faces, new_page, "desk", locale=locale)
    page.goto(f"{base}/console/merchants/{shop['merchant']}")
    page.click(f"a[href='/console/merchants/{shop['merchant']}/transactions']")
    page.click(f"a[href$='/transactions/{sale_id}']")
    assert page.locator(".related a").get_attribute("href") == f"/console/merchants/{shop['merchant']}/transactions/{void_id}"
    assert page.locator(".timeline-event").count() == 3, "it arrived, was answered, was voided"
    for ending, kind in (("png", "image/png"), ("pdf", "application/pdf")):
        href = str(page.locator(f"a[href$='slip.{ending}']").get_attribute("href"))
        assert page.context.request.get(base + href).headers["content-type"] == kind
    page.click(".related a")
    assert {"zh-CN": "原交易", "en": "Original"}[locale] in page.locator(".related a").inner_text()
    page.click(f"a[href='/console/terminals/{shop['entry']['terminal_number']}']")

    # And the merchant sees the same of its own.
    own = signed_in(new_page(locale=locale, width=PHONE), base, shop["owner"])
    own.goto(f"{base}/m/transactions/{sale_id}")
    assert own.locator(".related a").get_attribute("href") == f"/m/transactions/{void_id}"
    assert own.locator(".timeline-event").count() == 3
    assert_accessible(own)


def test_risk_staff_give_a_merchant_another_limit_and_take_it_away(faces: dict, new_page: NewPage, shop: dict, till: Pos, card: Card):
    base = base_url(faces)
    page = staff(faces, new_page, "risk", locale="en", refused=True)
    where = f"{base}/console/merchants/{shop['merchant']}/limits"

    def ask(most: str, why: str) -> None:
        page.goto(where)
        page.select_option("select[name=limit]", "card_single")
        page.fill("input[name=most]", most)
        page.fill("textarea[name=why]", why)
        page.click("main form[method=post] button[type=submit]")

    ask("12,x", "case 7")
    assert page.input_value("input[name=most]") == "12,x", "what was typed is kept"
    assert page.locator("#f-most-error span").inner_text().startswith("Write an amount")
    assert_accessible(page)

    ask("30.00", "case 7: large amounts are being looked into")
    row = page.locator("tr", has_text="One card payment").first
    assert "¥30.00" in row.inner_text() and "case 7" in row.inner_text()
    over = till.sale(card, 3_001).reply
    assert over.code == "61" and over.explanation_code, f"{over.code} {over.text}"
    assert till.sale(card, 3_000).reply.code == "00"

    # At the terminal the merchant's limit holds, and the terminal's page leads to it.
    number = shop["entry"]["terminal_number"]
    page.goto(f"{base}/console/terminals/{number}")
    page.click(f"a[href='/console/terminals/{number}/limits']")
    assert "¥30.00" in page.locator("tr", has_text="One card payment").first.inner_text()

    ask("", "case 7 closed")
    assert "¥30.00" not in page.locator("tr", has_text="One card payment").first.inner_text()
    assert till.sale(card, 3_001).reply.code == "00"

    # Others see the limits and have no form.
    desk = staff(faces, new_page, "desk", locale="en")
    desk.goto(where)
    assert desk.locator("table tbody tr").count() > 5 and desk.locator("main form[method=post]").count() == 0


def test_limits_and_the_agreement_by_the_api(faces: dict, shop: dict, new_page: NewPage):
    api, merchant = Api.from_world(faces), shop["merchant"]
    risk = staff(faces, new_page, "risk").context.request
    where = f"{base_url(faces)}/v1/merchants/{merchant}/limits"
    body = {"limit": "card_single", "terminal": shop["entry"]["terminal_number"], "most": 7_700, "why": "case 8"}
    done = risk.post(where, data=body)
    assert done.status == 200, done.text()
    mine = next(each for each in done.json()["data"] if each["code"] == "card_single")
    assert (mine["most"], mine["own"]["of_terminal"], mine["own"]["why"]) == (7_700, True, "case 8")
    whole = next(each for each in api.get(f"/v1/merchants/{merchant}/limits").json()["data"] if each["code"] == "card_single")
    assert whole["own"] is None, "the other terminals keep the standard"
    assert risk.post(where, data=body | {"most": None}).status == 200
    assert risk.post(where, data=body | {"most": None}).status == 409, "it is gone already"
    assert risk.post(where, data=body | {"limit": "micro_credit_day"}).status == 422, "regulation is not negotiable"

    agreement = api.get(f"/v1/merchants/{merchant}/agreement").json()
    assert agreement["stage"] == "in_force" and agreement["expires_at"] > agreement["signed_at"]
    assert any(price["rate_ppm"] > 0 for price in agreement["prices"])


@pytest.mark.parametrize("locale", LOCALES)
def test_an_owner_makes_a_key_for_a_program_sees_it_once_and_switches_it_off(faces: dict, shop: dict, new_page: NewPage, locale: str):
    base = base_url(faces)
    page = signed_in(new_page(locale=locale, width=PHONE, refused=True), base, shop["owner"])
    page.goto(f"{base}/m/me")
    page.click("a[href='/m/me/keys']")
    page.fill("input[name=name]", " ")
    page.check("input[name=role][value=reader]")
    page.click("form[action='/m/me/keys'] button[type=submit]")
    assert page.locator("#f-name-error span").count() == 1, "a key without a purpose is not made"
    page.fill("input[name=name]", f"till {locale}")
    page.click("form[action='/m/me/keys'] button[type=submit]")
    key = page.locator("code.code-long").first.inner_text()
    assert key.startswith("shk_")
    assert_accessible(page)
    page.goto(f"{base}/m/me/keys")
    assert key not in page.content(), "it is shown once"

    program = Api(base, key)
    assert program.get(f"/v1/merchants/{shop['merchant']}").status_code == 200
    other = next(each["id"] for each in faces["merchants"] if each["id"] != shop["merchant"])
    assert program.get(f"/v1/merchants/{other}").status_code == 404, "it sees this merchant only"
    assert program.post("/v1/test/trigger", {"reason": "device.tamper", "terminal": "44000001"}).status_code == 403
    page.locator("li", has_text=f"till {locale}").locator("form button").click()
    assert program.get(f"/v1/merchants/{shop['merchant']}").status_code == 401, "switched off at once"


def test_the_metrics_tell_how_the_line_to_the_network_stands(faces: dict):
    text = Api(base_url(faces)).get("/metrics").text
    assert re.search(r'shoudan_network_events_total\{event="answered"\} \d', text)
    assert 'shoudan_network_breaker{position="closed"} 1' in text
    assert re.search(r"shoudan_network_connections [1-9]", text)
