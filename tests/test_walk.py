"""The walk: a terminal sells, is stopped, says why, and sells again, with everybody who has a part in it at a browser."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page

import server
from api import Api, base_url
from browser import DESKTOP, NewPage, account, assert_accessible, assert_fits, login, png, screenshot, signed_in

PHONE = 390
CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}\b")

# What a merchant types where a step asks for it.
TYPED = {
    "merchant_name": "深圳市南山区好味面馆",
    "shop_address": "广东省深圳市南山区南山大道 1088 号 6 号铺",
    "contact_name": "林小满",
    "contact_phone": "13800138000",
    "licence_valid_until": "2036-11-25",
    "id_valid_until": "2036-11-25",
    "explanation_text": "团购客户一次付清十二桌宴席，附有预订单和收据。",
}


@dataclass(frozen=True)
class Story:
    """One walk: how people look at it, what is wrong, and who decides."""

    name: str
    locale: str
    width: int
    scripts: bool
    # Root first, as the explanation is to show them.
    reasons: tuple[str, ...]
    # The role that places the stops, and the role that decides; how many people of it.
    placer: str
    decider: str
    people: int
    # The item that the reviewer returns first, and what the reviewer writes.
    returned: str
    remark: str
    # The owner's place in world.json's accounts: each story has a merchant of its own.
    owner: int

    @property
    def language(self) -> str:
        return self.locale[:2]


STORIES = [
    Story(
        name="zh-desktop",
        locale="zh-CN",
        width=DESKTOP,
        scripts=True,
        reasons=("merchant.data_mismatch", "merchant.risk_review"),
        placer="risk",
        decider="risk",
        people=2,
        returned="shop_address",
        remark="铺号与门头照片不一致，请照门牌填写到铺位号。",
        owner=3,
    ),
    Story(
        name="en-phone",
        locale="en",
        width=PHONE,
        scripts=True,
        reasons=("merchant.licence_expired",),
        placer="reviewer",
        decider="reviewer",
        people=1,
        returned="business_licence",
        remark="The lower right corner is cut off. Please photograph the whole page.",
        owner=1,
    ),
    Story(
        name="zh-phone-no-scripts",
        locale="zh-CN",
        width=PHONE,
        scripts=False,
        reasons=("merchant.data_mismatch", "merchant.licence_expired"),
        placer="reviewer",
        decider="reviewer",
        people=1,
        returned="business_licence",
        remark="右下角缺了一块，请把整页拍进画面。",
        owner=2,
    ),
]


@functools.cache
def catalogue(table: str) -> dict[str, dict]:
    """The rows of a table of the catalogue by code: pages are to say what stands there and nothing else."""
    files = sorted((server.ROOT / "catalog").rglob("*.toml"))
    rows = [row for file in files for row in tomllib.loads(file.read_text(encoding="utf-8")).get(table, [])]
    return {row["code"]: row for row in rows}


def heading(text: str) -> str:
    """A title of the catalogue as it stands above something: it begins with a capital."""
    return text[:1].upper() + text[1:]


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_the_walk(faces: dict, new_page: NewPage, story: Story):
    Walk(faces, new_page, story).go()


class Walk:
    """The people of one walk, each at a browser of their own."""

    def __init__(self, world: dict, new_page: NewPage, story: Story) -> None:
        self.world, self.story, self.base = world, story, base_url(world)
        self.api = Api.from_world(world)
        look = {"locale": story.locale, "scripts": story.scripts}
        self.clerk = new_page(width=story.width, **look)
        self.passer_by = new_page(width=story.width, **look)
        self.owner = new_page(width=story.width, **look)
        # Operators sit at desks.
        self.placer = new_page(**look)
        self.deciders = [new_page(**look) for _ in range(story.people)]
        self.auditor = new_page(**look)
        self.owner_account = account(world, "owner", story.owner)
        self.merchant = next(each for each in world["merchants"] if each["id"] == self.owner_account["of"])
        live = [each for each in world["terminals_list"] if each["situation"] == "live"]
        self.terminal = next(each["terminal_number"] for each in live if each["merchant_number"] == self.merchant["number"])
        self.pictures = 0
        self.looked_at: set[str] = set()

    def go(self) -> None:
        self.the_terminal_sells()
        for reason in self.story.reasons:
            self.somebody_stops_the_merchant(reason)
        code = self.the_next_sale_is_declined()
        self.anyone_reads_why(code)
        request = self.the_owner_carries_out_the_plan(code)
        self.a_reviewer_returns_an_item(request)
        self.the_owner_reads_why_and_corrects(request)
        self.the_reviewers_approve(request)
        self.the_terminal_sells_again()
        self.everything_stands_on_the_time_line()
        self.everything_stands_in_the_audit_log()

    # The shop ---------------------------------------------------------------------------

    def the_terminal_sells(self) -> None:
        page = self.clerk
        page.goto(f"{self.base}/pos?terminal={self.terminal}")
        self.see(page, "pos")
        self.press(page, "sign_in")
        assert "成功" in self.screen(page) or "Approved" in self.screen(page), self.screen(page)
        self.sell(page)
        self.see(page, "pos-approved")
        assert "12.34" in self.slip(page) and not CODE.search(self.slip(page))

    def the_next_sale_is_declined(self) -> str:
        page = self.clerk
        self.sell(page, approved=False)
        self.see(page, "pos-declined")
        reason = catalogue("reason")[self.story.reasons[0]]
        # What the host sent is Chinese whoever reads it; the response code's own name is the terminal's.
        assert reason["response_code"] in self.screen(page)
        assert reason["zh"]["slip"] in self.slip(page)
        [code] = set(CODE.findall(self.slip(page)))
        assert code in self.screen(page), "the code stands on the screen too"
        assert page.locator(".pos-slip svg").count() == 1, "and as a QR to be scanned"
        return code

    def the_terminal_sells_again(self) -> None:
        self.sell(self.clerk)
        self.see(self.clerk, "pos-again")
        assert not CODE.search(self.slip(self.clerk))

    def sell(self, page: Page, *, approved: bool = True) -> None:
        page.fill("input[name=amount]", "12.34")
        self.press(page, "sale")
        screen = self.screen(page)
        assert ("成功" in screen or "Approved" in screen) is approved, screen

    def press(self, page: Page, key: str) -> None:
        """A function key of the machine, and the host's answer."""
        with page.expect_response(lambda response: response.request.method == "POST" and response.url.endswith("/pos")):
            page.click(f".pos-functions button[value={key}]")
        if self.story.scripts:
            page.wait_for_selector("[data-pos]:not([aria-busy])")
        page.wait_for_load_state()

    def screen(self, page: Page) -> str:
        return page.locator("[data-part=screen] p").inner_text()

    def slip(self, page: Page) -> str:
        return page.locator("[data-part=paper]").inner_text()

    # The institution stops it -----------------------------------------------------------

    def somebody_stops_the_merchant(self, reason: str) -> None:
        page = self.placer
        signed_in(page, self.base, account(self.world, self.story.placer))
        page.goto(f"{self.base}/console")
        self.see(page, "console")
        # From the number on the machine to the merchant, as the desk would.
        page.fill(".console-search input[name=q]", self.terminal)
        page.press(".console-search input[name=q]", "Enter")
        page.wait_for_url("**/console/search**")
        self.see(page, "console-search")
        page.click(f"main a[href='/console/terminals/{self.terminal}']")
        self.see(page, "console-terminal")
        page.click(f".subject-head a[href='/console/merchants/{self.merchant['id']}']")
        self.see(page, "console-merchant")
        page.click("main a[href^='/console/stops/new']")
        assert page.input_value("select[name=kind]") == "merchant"
        assert page.input_value("input[name=id]") == self.merchant["number"]
        page.locator(f"label.reason:has(input[value='{reason}'])").click()
        page.fill("textarea[name=why]", "CASE-2026-1125")
        page.click(".place-form button[type=submit]")
        page.wait_for_selector(".preview-panel")
        self.see(page, "console-preview")
        text = catalogue("reason")[reason][self.story.language]
        assert heading(text["title"]) in heading(page.locator(".preview-panel h2").inner_text())
        assert page.locator(".they-read").inner_text() == text["merchant"], "what the merchant will read, before it is read"
        page.click("button.confirm-stop")
        page.wait_for_url("**/console/stops/**")
        self.see(page, "console-stop")
        assert heading(text["title"]) == heading(page.locator("h1").inner_text())

    # Anyone may know --------------------------------------------------------------------

    def anyone_reads_why(self, code: str) -> None:
        page = self.passer_by
        page.goto(f"{self.base}/")
        self.see(page, "front")
        page.fill("form.find input[name=q]", code.lower())
        page.click("form.find button[type=submit]")
        page.wait_for_url(f"**/e/{code}")
        self.see(page, "explanation")
        language, reasons = self.story.language, [catalogue("reason")[each] for each in self.story.reasons]
        titles = page.locator("article.cause h3").all_inner_texts()
        assert titles == [heading(reason[language]["title"]) for reason in reasons], "every live cause, the root first"
        texts = page.locator("article.cause > p:first-of-type").all_inner_texts()
        assert texts == [reason[language]["public"] for reason in reasons]
        # What does not work, what still does.
        blocked = page.locator(".works-not li").all_text_contents()
        works = page.locator(".works-yes li").all_text_contents()
        assert set(blocked) == self.blocked_names() and not set(blocked) & set(works)
        assert len(blocked) + len(works) == len(catalogue("capability"))
        # Who must act, in which order, by when.
        steps = page.locator("ol.plan > li")
        assert steps.count() == len(self.plan()), steps.all_inner_texts()
        assert steps.locator("h3").all_inner_texts() == [catalogue("step")[step][language]["title"] for step in self.plan()]
        assert all(steps.nth(i).locator(".step-line time[datetime]").count() == 1 for i in range(steps.count()))
        # No names, no numbers, no amounts.
        said = page.locator("main").inner_text()
        for private in (self.merchant["name"], self.merchant["number"], self.terminal, "12.34"):
            assert private not in said, f"anyone could read {private}"

    def blocked_names(self) -> set[str]:
        """What the reasons take away, by name; `@collect` is every capability of that group."""
        away = {each for reason in self.story.reasons for each in catalogue("reason")[reason]["blocks"]}
        rows = catalogue("capability").values()
        return {row["name"][self.story.language] for row in rows if row["code"] in away or f"@{row['group']}" in away}

    def plan(self) -> list[str]:
        """The steps of all reasons together: each once, in the order of the step table."""
        asked = {step for reason in self.story.reasons for step in catalogue("reason")[reason]["ways_out"][0]}
        return sorted(asked, key=lambda step: catalogue("step")[step]["order"])

    # The merchant -----------------------------------------------------------------------

    def the_owner_carries_out_the_plan(self, code: str) -> str:
        """Signs in from the explanation, opens what carries the plan out, does step by step; the request's address."""
        page = self.owner
        page.goto(f"{self.base}/e/{code}")
        page.click(".ways-on a[href^='/login']")
        login(page, self.base, self.owner_account, path=page.url.removeprefix(self.base))
        # For the merchant's own people the code leads to the machine itself, with everything they can do there.
        page.wait_for_url("**/m/terminals/**")
        self.see(page, "terminal")
        assert self.terminal in page.locator("main").inner_text()
        page.goto(f"{self.base}/m")
        self.see(page, "home")
        page.click("section.next a.button")
        if urlsplit(page.url).path == "/m/requests/new":
            self.see(page, "new-request")
            page.click("main form button[type=submit]")
            page.wait_for_url(re.compile(r"/m/requests/(?!new)"))
        request = "/".join(urlsplit(page.url).path.split("/")[:4])
        self.do_my_steps(request)
        self.see(page, "request-handed-in")
        return request

    def do_my_steps(self, request: str) -> None:
        page = self.owner
        for _ in range(len(self.plan()) + 1):
            page.goto(self.base + request)
            self.see(page, "request")
            mine = page.locator(f"main a.button.primary[href^='{request}/']")
            if mine.count() == 0:
                return
            mine.first.click()
            self.do_step(page)
        raise AssertionError("after every step of the plan the request still asks the merchant for one")

    def do_step(self, page: Page) -> None:
        step = urlsplit(page.url).path.rpartition("/")[2]
        self.see(page, f"step-{step}")
        asked = page.locator("section.document[id]")
        for document in [asked.nth(i).get_attribute("id") for i in range(asked.count())]:
            place = page.locator(f"section.document[id='{document}']")
            if place.locator("form.upload label.primary").count():
                self.upload(page, place)
        form = page.locator("form[data-draft]")
        fields = form.locator("input[name]:not([type=hidden]):not([type=checkbox]), textarea[name]")
        for i in range(fields.count()):
            name = fields.nth(i).get_attribute("name") or ""
            fields.nth(i).fill(TYPED[name])
        for i in range(form.locator("input[type=checkbox]").count()):
            form.locator("input[type=checkbox]").nth(i).check()
        if step == self.plan()[0]:
            screenshot(page, f"walk-{self.story.name}-step-{step}-filled")
        before = page.url
        form.locator("button[type=submit]").click()
        page.wait_for_url(lambda url: url != before)

    def upload(self, page: Page, place: Locator) -> None:
        """Chooses a file; with a script it goes at once, without one by its button."""
        name = f"{place.get_attribute('id')}.png"
        chosen = {"name": name, "mimeType": "image/png", "buffer": png()}
        if self.story.scripts:
            with page.expect_navigation():
                place.locator("input[type=file]").last.set_input_files(chosen)
        else:
            place.locator("input[type=file]").last.set_input_files(chosen)
            with page.expect_navigation():
                place.locator("form.upload button[type=submit]").click()
        assert name in page.locator("main").inner_text(), "the page says what was supplied"
        assert_fits(page)

    def the_owner_reads_why_and_corrects(self, request: str) -> None:
        page = self.owner
        page.goto(self.base + request)
        self.see(page, "request-returned")
        assert self.story.remark in page.locator("main").inner_text(), "the reviewer's words, word for word"
        page.locator(f"main a.button.primary[href^='{request}/']").first.click()
        self.see(page, "step-returned")
        assert self.story.remark in page.locator("main").inner_text()
        # Only what was returned is asked again: what was accepted is still there.
        page.goto(self.base + request)
        self.do_my_steps(request)

    # The reviewers ----------------------------------------------------------------------

    def a_reviewer_returns_an_item(self, request: str) -> None:
        page = self.open_review(0)
        self.judge(page, self.story.returned)
        self.see(page, "review-returning")
        page.click("button[name=decision][value=return]")
        page.wait_for_load_state()
        assert not self.sells(), "nothing is lifted by a return"

    def the_reviewers_approve(self, request: str) -> None:
        for number in range(self.story.people):
            assert not self.sells(), "not before everybody who must has agreed"
            page = self.open_review(number)
            self.judge(page, None)
            self.see(page, f"review-approving-{number}")
            page.click("button[name=decision][value=approve]")
            page.wait_for_load_state()
        assert self.sells(), "the capability returned by itself"
        self.owner.goto(self.base + request)
        self.see(self.owner, "request-done")

    def open_review(self, number: int) -> Page:
        """From the queue, as somebody who took no part before."""
        page = self.deciders[number]
        # Whoever placed the stop judges nothing.
        signed_in(page, self.base, account(self.world, self.story.decider, 1 + number))
        page.goto(f"{self.base}/console/reviews")
        self.see(page, "reviews")
        page.locator(f"main a[href^='/console/reviews/{self.merchant['id']}/']").first.click()
        page.wait_for_url(f"**/console/reviews/{self.merchant['id']}/**")
        self.see(page, "review")
        return page

    def judge(self, page: Page, returned: str | None) -> None:
        """Each item by itself: accepted, but for one."""
        items = page.locator("article.item")
        for i in range(items.count()):
            wrong = items.nth(i).get_attribute("id") == f"f-item.{returned}"
            items.nth(i).locator("label.mark-no" if wrong else "label.mark-yes").click()
            if wrong:
                items.nth(i).locator(".item-remark input").fill(self.story.remark)
        if returned is not None:
            assert page.locator(f"[id='f-item.{returned}']").count() == 1, f"there is no item {returned}"
            page.fill("textarea[name=remark]", self.story.remark)

    def sells(self) -> bool:
        said = self.api.get("/v1/explanations", terminal=self.terminal).json()
        return next(each["works"] for each in said["capabilities"] if each["code"] == "sale")

    # What stays -------------------------------------------------------------------------

    def everything_stands_on_the_time_line(self) -> None:
        page = self.placer
        page.goto(f"{self.base}/console/terminals/{self.terminal}")
        self.see(page, "console-terminal-after")
        kinds: list[str] = []
        while True:
            kinds += page.locator(".timeline-event").evaluate_all("all => all.map((one) => one.dataset.kind)")
            older = page.locator(".history .pager a[rel=next]")
            if older.count() == 0 or "terminal.signed_in" in kinds:
                break
            older.click()
            page.wait_for_load_state()
        happened = {
            "terminal.signed_in",
            "terminal.sold",
            "stop.started",
            "terminal.declined",
            "request.opened",
            "request.step_completed",
            "review.opened",
            "review.decided",
            "request.step_returned",
            "stop.cleared",
            "request.completed",
        }
        assert happened <= set(kinds), f"missing on the time-line: {happened - set(kinds)}"
        # Newest first: the last sale is at the top, and the stops began after the first sale.
        assert kinds.index("terminal.sold") < kinds.index("stop.cleared") < kinds.index("stop.started")

    def everything_stands_in_the_audit_log(self) -> None:
        page = self.auditor
        signed_in(page, self.base, account(self.world, "auditor"))
        page.goto(f"{self.base}/console/audit?merchant={self.merchant['id']}")
        self.see(page, "audit")
        commands = page.locator(".log-command").all_inner_texts()
        for command in ("stops.place", "requests.open", "requests.submit", "reviews.decide", "stops.end"):
            assert command in commands, f"{command} is not in the audit log: {sorted(set(commands))}"
        page.goto(f"{self.base}/console/audit?check=yes")
        assert page.locator(".notice.tone-good").count() == 1, "the chain is whole"

    def see(self, page: Page, name: str) -> None:
        """A page anyone of them came by: sound in every way, and kept as a picture."""
        self.pictures += 1
        screenshot(page, f"walk-{self.story.name}-{self.pictures:02}-{name}")
        assert page.locator("h1").count() == 1, f"{page.url} has {page.locator('h1').count()} h1"
        assert_fits(page)
        # The rules of accessibility run in the page, so they need its scripts; once for each of its looks is enough.
        if self.story.scripts and name not in self.looked_at:
            assert_accessible(page)
        self.looked_at.add(name)
