"""What operators do at the console, by hand in a browser: stops, reviews, requests to their end, the log, accounts."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page

from api import Api, base_url
from browser import DESKTOP, PHONE, NewPage, account, assert_accessible, assert_fits, login, png, screenshot, signed_in

WHY = "CASE-2026-1125: compared with the company register"


CORRECTED = {
    "merchant_name": "好味面馆有限公司",
    "shop_address": "南山大道 1088 号 6 号铺",
    "contact_name": "林小满",
    "contact_phone": "13800138000",
}


class Desk:
    """Somebody at a browser of their own, on one world."""

    def __init__(self, world: dict, new_page: NewPage, role: str, number: int = 0, **look: object) -> None:
        self.world, self.base = world, base_url(world)
        self.account = account(world, role, number)
        self.page: Page = new_page(**{"width": DESKTOP, **look})
        signed_in(self.page, self.base, self.account)

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def see(self, name: str) -> None:
        screenshot(self.page, f"console-{name}")
        assert self.page.locator("h1").count() == 1, self.page.url
        assert_fits(self.page)
        assert_accessible(self.page)


class Shop:
    """A merchant of a test's own, with its owner and a live terminal."""

    def __init__(self, world: dict, number: int) -> None:
        self.world = world
        self.owner = account(world, "owner", number)
        self.merchant = next(each for each in world["merchants"] if each["id"] == self.owner["of"])
        fits = [each for each in world["terminals_list"] if each["merchant_number"] == self.merchant["number"]]
        self.terminal = next(each["terminal_number"] for each in fits if each["situation"] == "live")
        self.id = self.merchant["id"]

    def explained(self) -> dict:
        return Api.from_world(self.world).get("/v1/explanations", terminal=self.terminal).json()

    def sells(self) -> bool:
        return next(each["works"] for each in self.explained()["capabilities"] if each["code"] == "sale")

    def causes(self) -> list[str]:
        return [each["reason"] for each in self.explained()["causes"]]


def place(desk: Desk, shop: Shop, reason: str) -> str:
    """Places a stop by the form, as far as its page; the page's address."""
    page = desk.open(f"/console/stops/new?kind=merchant&id={shop.merchant['number']}")
    page.locator(f"label.reason:has(input[value='{reason}'])").click()
    page.fill("textarea[name=why]", WHY)
    page.click(".place-form button[type=submit]")
    page.wait_for_selector(".preview-panel")
    page.click("button.confirm-stop")
    page.wait_for_url(re.compile(r"/console/stops/(?!new)"))
    return urlsplit(page.url).path


# Stops --------------------------------------------------------------------------------------


def test_a_stop_is_placed_by_one_and_lifted_by_another(faces: dict, new_page: NewPage):
    shop = Shop(faces, 4)
    first, second = Desk(faces, new_page, "reviewer", 0, refused=True), Desk(faces, new_page, "reviewer", 1)
    page = first.open("/console/stops/new")
    # A number that leads nowhere is said at its field, and nothing typed is lost.
    page.fill("input[name=id]", "99999999")
    page.locator("label.reason:has(input[value='merchant.compliance_abnormal'])").click()
    page.fill("textarea[name=why]", WHY)
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.click(".place-form button[type=submit]")
    assert answer.value.status == 422
    page.wait_for_load_state()
    assert page.locator("#f-id[aria-invalid=true]").count() == 1 and page.input_value("textarea[name=why]") == WHY
    page.fill("input[name=id]", shop.merchant["number"])
    page.click(".place-form button[type=submit]")
    page.wait_for_selector(".preview-panel")
    # What was chosen stays in sight beside what it does.
    chosen = page.locator("label.reason:has(input:checked)")
    listed, box = page.locator(".reason-list").bounding_box(), chosen.bounding_box()
    assert listed and box and listed["y"] <= box["y"] < listed["y"] + listed["height"]
    assert page.locator("label.reason").first.locator("input").get_attribute("value") == "merchant.compliance_abnormal"
    assert shop.sells(), "a preview stops nothing"
    first.see("stop-preview")
    page.click("button.confirm-stop")
    page.wait_for_url(re.compile(r"/console/stops/(?!new)"))
    assert not shop.sells() and shop.causes() == ["merchant.compliance_abnormal"]
    assert page.locator("form.lift").count() == 0, "whoever placed it does not lift it"
    first.see("stop-by-its-placer")
    stop = urlsplit(page.url).path
    page = second.open("/console/stops?kind=merchant&reason=merchant.compliance_abnormal")
    second.see("stops-filtered")
    page.click(f"main a[href='{stop}']")
    page.wait_for_url(f"**{stop}")
    assert shop.merchant["name"] in page.locator("main").inner_text() or page.locator(f"main a[href='/console/merchants/{shop.id}']").count()
    page.fill("form.lift textarea[name=why]", "Removal notice 2026-88 seen")
    second.see("stop-lifting")
    page.click("form.lift button[type=submit]")
    page.wait_for_load_state()
    assert page.locator("form.lift").count() == 0 and "Removal notice 2026-88 seen" in page.locator("main").inner_text()
    second.see("stop-lifted")
    assert shop.sells() and shop.causes() == []
    auditor = Desk(faces, new_page, "auditor")
    page = auditor.open(f"/console/audit?merchant={shop.id}")
    commands = page.locator(".log-command").all_inner_texts()
    assert commands.index("stops.lift") < commands.index("stops.place") if "stops.lift" in commands else "stops.end" in commands


def test_a_stop_that_two_must_agree_on_is_not_lifted_by_one(faces: dict, new_page: NewPage):
    shop = Shop(faces, 5)
    stop = place(Desk(faces, new_page, "risk", 0), shop, "merchant.inspection_failed")
    other = Desk(faces, new_page, "risk", 1)
    page = other.open(stop)
    assert page.locator("form.lift").count() == 0 and page.locator("main .notice").count() == 1
    other.see("stop-for-two")
    # Nor by sending the form that the page does not show.
    answer = page.request.post(f"{other.base}{stop}/lift", form={"why": WHY}, headers={"Origin": other.base})
    assert answer.status in (409, 422), answer.status
    assert not shop.sells()


# Reviews ------------------------------------------------------------------------------------


def hand_in(shop: Shop, new_page: NewPage, kind: str, typed: dict[str, str], **look: object) -> str:
    """The owner opens a request of a kind and does every step that is theirs, in the browser; its address."""
    world = shop.world
    base = base_url(world)
    page = new_page(**{"width": PHONE, **look})
    signed_in(page, base, shop.owner)
    page.goto(f"{base}/m/requests/new?kind={kind}&subject={shop.id}")
    screenshot(page, f"console-{kind}-new")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/m/requests/(?!new)"))
    request = "/".join(urlsplit(page.url).path.split("/")[:4])
    for _ in range(6):
        page.goto(base + request)
        mine = page.locator(f"main a.button.primary[href^='{request}/']")
        if mine.count() == 0:
            break
        mine.first.click()
        do_step(page, typed)
    screenshot(page, f"console-{kind}-handed-in")
    return request


def do_step(page: Page, typed: dict[str, str]) -> None:
    asked = page.locator("section.document[id]")
    for document in [asked.nth(i).get_attribute("id") for i in range(asked.count())]:
        field = page.locator(f"section.document[id='{document}']")
        if field.locator("form.upload label.primary").count():
            with page.expect_navigation():
                chosen = {"name": f"{document}.png", "mimeType": "image/png", "buffer": png()}
                field.locator("input[type=file]").last.set_input_files(chosen)
    form = page.locator("form[data-draft]")
    for one in form.locator("input[name]:not([type=hidden]):not([type=checkbox]), textarea[name]").all():
        name = one.get_attribute("name") or ""
        if name in typed:
            one.fill(typed[name])
    for one in form.locator("input[type=checkbox]").all():
        one.check()
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.request.is_navigation_request()) as answer:
        form.locator("button[type=submit]").click()
    page.wait_for_load_state()
    assert answer.value.status < 400, page.locator("main").inner_text()[:800]


def review(desk: Desk, shop: Shop) -> Page:
    page = desk.open("/console/reviews")
    page.locator(f"main a[href^='/console/reviews/{shop.id}/']").first.click()
    page.wait_for_url(f"**/console/reviews/{shop.id}/**")
    return page


def decide(page: Page, decision: str, remark: str = "") -> int:
    for one in page.locator("label.mark-yes").all():
        one.click()
    if remark:
        page.fill("textarea[name=remark]", remark)
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.click(f"button[name=decision][value={decision}]")
    page.wait_for_load_state()
    return answer.value.status


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_a_reviewer_sees_the_old_value_beside_the_new_one(faces: dict, new_page: NewPage, locale: str):
    """Data without papers take the width; what stands on record now stands beside what it becomes."""
    shop = Shop(faces, 6 if locale == "zh-CN" else 7)
    place(Desk(faces, new_page, "reviewer", 0), shop, "merchant.data_mismatch")
    hand_in(shop, new_page, "restoration", CORRECTED)
    desk = Desk(faces, new_page, "reviewer", 1, locale=locale)
    page = review(desk, shop)
    desk.see(f"review-of-data-{locale[:2]}")
    item = page.locator("[id='f-item.merchant_name']")
    assert item.locator(".change-old .number").inner_text() == shop.merchant["name"]
    assert item.locator(".change-new .number").inner_text() == "好味面馆有限公司"
    told = page.locator(".consequences li").all_inner_texts()
    assert any(f"{shop.merchant['name']} → 好味面馆有限公司" in each for each in told), told
    assert page.locator(".subject-head .over").inner_text().count(shop.merchant["name"]) == 1, "named once"
    # Nothing of the page stands empty where documents would be.
    left, right = (page.locator(".review-pair > *").nth(i).bounding_box() for i in (0, 1))
    assert left and right and left["x"] < right["x"] and left["height"] > 100
    assert decide(page, "approve") < 400
    assert shop.sells()
    # The console knows it by its new name at once.
    page = desk.open(f"/console/merchants/{shop.id}")
    assert page.locator(".subject-title").inner_text() == "好味面馆有限公司"


def test_a_review_is_refused_with_words_that_the_owner_reads(faces: dict, new_page: NewPage):
    shop = Shop(faces, 8)
    place(Desk(faces, new_page, "reviewer", 0), shop, "merchant.licence_expired")
    request = hand_in(shop, new_page, "restoration", {"licence_valid_until": "2036-11-25"})
    desk = Desk(faces, new_page, "reviewer", 1, refused=True)
    page = review(desk, shop)
    # Without a word nothing is refused, and the marks stay.
    assert decide(page, "refuse") == 422
    assert page.locator("label.mark-yes input:checked").count() > 0, "what was marked is kept"
    desk.see("review-refused-without-a-word")
    assert decide(page, "refuse", "The licence belongs to another company.") < 400
    desk.see("review-refused")
    assert not shop.sells()
    owner = new_page(width=PHONE, locale="en")
    signed_in(owner, desk.base, shop.owner)
    owner.goto(desk.base + request)
    assert "The licence belongs to another company." in owner.locator("main").inner_text()
    screenshot(owner, "console-owner-reads-refusal")
    assert_fits(owner)
    assert_accessible(owner)


# Requests to their end ----------------------------------------------------------------------


def agree(shop: Shop, new_page: NewPage, name: str) -> list[str]:
    """Whoever may decide on the merchant's open review approves it, until it is decided; their logins."""
    agreed: list[str] = []
    for role in ("reviewer", "risk", "finance"):
        for number, who in enumerate(each for each in shop.world["accounts"] if each["role"] == role):
            desk = Desk(shop.world, new_page, role, number)
            desk.open("/console/reviews")
            if desk.page.locator(f"main a[href^='/console/reviews/{shop.id}/']").count() == 0:
                break
            page = review(desk, shop)
            if page.locator("button[name=decision]").count() == 0:
                continue
            desk.see(f"{name}-heard-{len(agreed)}")
            assert decide(page, "approve") < 400
            agreed.append(who["login"])
    return agreed


def test_an_appeal_that_two_find_right_lifts_the_stop(faces: dict, new_page: NewPage):
    shop = Shop(faces, 9)
    placer = Desk(faces, new_page, "risk", 0)
    place(placer, shop, "merchant.violation_confirmed")
    request = hand_in(shop, new_page, "appeal", {"explanation_text": "宴席团购，十二桌一次付清，附预订单。"})
    assert not shop.sells(), "an appeal alone lifts nothing"
    agreed = agree(shop, new_page, "appeal")
    assert len(agreed) == 2 and placer.account["login"] not in agreed, f"two who had no part in it: {agreed}"
    assert shop.sells() and shop.causes() == []
    owner = new_page(width=PHONE)
    signed_in(owner, placer.base, shop.owner)
    owner.goto(placer.base + request)
    screenshot(owner, "console-owner-appeal-won")
    assert owner.locator(".banner.is-works").count() == 1


def test_a_closure_is_carried_to_its_end(faces: dict, new_page: NewPage):
    """Asked for by the owner, agreed to by two, keys destroyed, devices back; then it is final and says so."""
    shop = Shop(faces, 10)
    request = hand_in(shop, new_page, "closure", {"request_reason": "店面到期，不再经营", "effective_on": "2026-12-31"})
    owner = new_page(width=PHONE)
    signed_in(owner, base_url(faces), shop.owner)
    owner.goto(base_url(faces) + request)
    screenshot(owner, "console-closure-waits")
    assert len(agree(shop, new_page, "closure")) == 2
    assert shop.causes()[:1] == ["merchant.closing"] and not shop.sells(), shop.causes()
    devices = Desk(faces, new_page, "devices")
    at = f"/console/requests/{shop.id}/{request.rpartition('/')[2]}"
    for _ in range(6):
        page = devices.open(at)
        mine = page.locator("section.next form")
        if mine.count() == 0:
            break
        devices.see("closure-step")
        serial = mine.first.locator("input[name=serial_number]")
        if serial.count():
            entry = next(each for each in faces["terminals_list"] if each["terminal_number"] == shop.terminal)
            serial.fill(entry["serial_number"])
        mine.first.locator("textarea[name=evidence]").fill("Record 2026-31, two present")
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            mine.first.locator("button[type=submit]").click()
        assert answer.value.status < 400, page.locator("main").inner_text()[:600]
        page.wait_for_load_state()
    devices.open(at)
    devices.see("closure-after-devices")
    state = Api.from_world(faces).get(f"/v1/merchants/{shop.id}/requests/{request.rpartition('/')[2]}").json()
    left = [(each["step"], each["state"], each["actor"]) for each in state["steps"] if each["state"] != "done"]
    assert state["state"] == "done", left
    said = shop.explained()
    assert said["causes"][0]["reason"] == "merchant.closed" and said["causes"][0]["final"], said["causes"]
    owner.goto(base_url(faces) + "/m")
    screenshot(owner, "console-closed-home")
    assert owner.locator(".banner.is-ended").count() >= 1, "ended has its own word"
    assert_fits(owner)
    assert_accessible(owner)


# The log, devices, accounts -----------------------------------------------------------------


def test_the_log_is_filtered_opened_and_checked(faces: dict, new_page: NewPage):
    auditor = Desk(faces, new_page, "auditor", locale="en")
    page = auditor.open("/console/audit?command=stops.place")
    commands = page.locator(".log-command").all_inner_texts()
    assert commands and set(commands) == {"stops.place"}
    entry = page.locator("details.log-entry").first
    entry.locator("summary").click()
    assert len(entry.locator("dd.hash").all_inner_texts()) >= 5
    auditor.see("audit-entry")
    # A subject is named as people call it, and a person by name.
    assert not any(each.startswith("usr_") for each in page.locator(".log-actor").all_inner_texts())
    assert not any("trm_" in each for each in page.locator(".log-subject").all_inner_texts())
    page.click(".page-head a[href*='check=yes']")
    page.wait_for_load_state()
    assert page.locator(".notice.tone-good").count() == 1
    assert Desk(faces, new_page, "reviewer", refused=True).page.goto(auditor.base + "/console/audit").status == 403


def test_a_device_is_found_by_its_serial_number_and_stopped(faces: dict, new_page: NewPage):
    desk = Desk(faces, new_page, "devices")
    shop = Shop(faces, 11)
    entry = next(each for each in faces["terminals_list"] if each["terminal_number"] == shop.terminal)
    page = desk.open("/console")
    page.fill(".console-search input[name=q]", entry["serial_number"])
    page.press(".console-search input[name=q]", "Enter")
    page.wait_for_url("**/console/search**")
    page.locator("main .hit").first.click()
    page.wait_for_url(f"**/console/terminals/{shop.terminal}")
    # In stock it has a page of its own, with what it is.
    page = desk.open(f"/console/devices/{faces['stock'][0]}")
    assert page.locator("h1").inner_text() == faces["stock"][0] and page.locator(".facts dt").count() >= 3
    desk.see("device-in-stock")
    page = desk.open(f"/console/stops/new?kind=device&id={entry['serial_number']}")
    page.locator("label.reason[data-kind=device]").first.click()
    page.fill("textarea[name=why]", WHY)
    page.click(".place-form button[type=submit]")
    page.wait_for_selector(".preview-panel")
    assert entry["serial_number"] in page.locator(".preview-panel .over").inner_text()
    assert page.locator(".preview-panel .affected").inner_text().startswith("1 ")
    page.click("button.confirm-stop")
    page.wait_for_url(re.compile(r"/console/stops/(?!new)"))
    assert shop.causes(), "it stands on the terminal's chain"


def test_an_owner_opens_an_account_and_closes_it(faces: dict, new_page: NewPage):
    """A clerk is added, signs in, sees and may not act; the owner closes the account, and it is shut at once."""
    base = base_url(faces)
    shop = Shop(faces, 12)
    owner = new_page(width=PHONE)
    signed_in(owner, base, shop.owner)
    owner.goto(base + "/m/me/people/new")
    owner.fill("input[name=display_name]", "林小满")
    owner.fill("input[name=login]", "lin.xiaoman")
    owner.fill("input[name=password]", "yi-wan-niurou-mian")
    owner.locator("label:has(input[name=role][value=clerk])").click()
    owner.click("main form button[type=submit]")
    owner.wait_for_url(re.compile(r"/m/me(?!/people/new)"))
    assert "林小满" in owner.locator("main").inner_text()
    screenshot(owner, "console-owner-people")
    clerk = new_page(width=PHONE, refused=True)
    login(clerk, base, {"login": "lin.xiaoman", "password": "yi-wan-niurou-mian"})
    assert urlsplit(clerk.url).path == "/m"
    assert clerk.goto(base + "/m/me/people/new").status == 403
    owner.goto(base + "/m/me")
    owner.click("ul.people a:has-text('林小满')")
    owner.locator("main form button.danger, main form button:has-text('停用')").last.click()
    owner.wait_for_load_state()
    clerk.goto(base + "/m")
    assert urlsplit(clerk.url).path == "/login", "whoever is signed in is signed out at once"
    again = requests.post(base + "/login", data={"login": "lin.xiaoman", "password": "yi-wan-niurou-mian"}, timeout=30, allow_redirects=False)
    assert again.status_code == 422 or "login" in again.headers.get("Location", "login")


def test_the_administrator_sees_who_has_an_account(faces: dict, new_page: NewPage):
    desk = Desk(faces, new_page, "administrator", locale="en")
    page = desk.open("/console/people")
    said = page.locator("main").inner_text()
    for each in faces["accounts"]:
        if each.get("totp_secret"):
            assert each["login"] in said, f"{each['login']} is not listed"
    assert Desk(faces, new_page, "reviewer", refused=True).page.goto(desk.base + "/console/people").status == 403


def test_a_person_sees_where_they_are_signed_in_and_ends_it(faces: dict, new_page: NewPage):
    base, shop = base_url(faces), Shop(faces, 13)
    lost, kept = new_page(width=PHONE), new_page(width=PHONE, locale="en")
    login(lost, base, shop.owner)
    login(kept, base, shop.owner)
    kept.goto(base + "/m")
    kept.click("footer a[href='/sessions']")
    assert kept.locator("li.session").count() == 2
    screenshot(kept, "console-sessions")
    assert_fits(kept)
    assert_accessible(kept)
    kept.click("li.session form button")
    kept.wait_for_load_state()
    assert kept.locator("li.session").count() == 1, "this one stays"
    lost.goto(base + "/m")
    assert urlsplit(lost.url).path == "/login", "the other is shut at once"


def test_an_administrator_sees_the_keys_of_programs_and_switches_one_off(faces: dict, new_page: NewPage):
    """The key of a program that only reads; the others are needed by other tests."""
    key = next(each for each in faces["api_keys"] if each["scope"] == "read")
    api = Api(base_url(faces), key["key"])
    assert api.get("/v1/terminals").status_code == 200
    desk = Desk(faces, new_page, "administrator")
    page = desk.open("/console/people")
    row = page.locator("tr", has_text=key["name"])
    assert key["key"] not in page.content()
    desk.see("keys")
    row.locator("form button").click()
    page.wait_for_load_state()
    assert page.locator("tr", has_text=key["name"]).locator("form").count() == 0
    assert api.get("/v1/terminals").status_code == 401
