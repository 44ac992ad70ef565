"""A year of a terminal's life on the test clock: dormancy, promises over weekends, the same log twice."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator

import pytest

import server
from api import Api
from pos import Card, Pos

CHINA = datetime.timezone(datetime.timedelta(hours=8))
RECHECK, BRAND, STOPPED = "merchant.dormant_recheck", "device.dormant_stopped", "merchant.dormant_stopped"


def advance(api: Api, span: str) -> datetime.datetime:
    """Moves the clock on; where it then stands."""
    response = api.post("/v1/test/clock", {"advance": span})
    assert response.status_code == 200, response.text
    return local(response.json()["now"])


def now(api: Api) -> datetime.datetime:
    return local(api.get("/v1/test/clock").json()["now"])


def local(millis: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(millis / 1000, CHINA)


def explanation(api: Api, terminal: str) -> dict:
    response = api.get("/v1/explanations", terminal=terminal)
    assert response.status_code == 200, response.text
    return response.json()


def causes(api: Api, terminal: str) -> list[str]:
    return [cause["reason"] for cause in explanation(api, terminal)["causes"]]


def warnings(api: Api, terminal: str) -> list[str]:
    return [cause["reason"] for cause in explanation(api, terminal)["warnings"]]


def live(world: dict) -> list[dict]:
    return [entry for entry in world["terminals_list"] if entry["situation"] == "live"]


def card(world: dict) -> Card:
    first = next(each for each in world["test_cards"] if each["outcome"] == "approved")
    return Card(pan=first["pan"], track2=first["track2"], pin=first["pin"], outcome=first["outcome"])


def sell(pos: Pos, card: Card) -> str:
    """Signs in as a terminal does in the morning, and sells; F39."""
    reply = pos.sign_in()
    assert reply.code == "00", f"sign-in: {reply.code} {reply.text}"
    return pos.sale(card, 1234).reply.code


def add_months(day: datetime.date, months: int) -> datetime.date:
    """The same day some months later, or the last one of a shorter month."""
    month = day.month - 1 + months
    for date in range(day.day, 0, -1):
        try:
            return datetime.date(day.year + month // 12, month % 12 + 1, date)
        except ValueError:
            continue
    raise AssertionError("every month has a day")


# Dormancy -----------------------------------------------------------------------------------


def test_an_idle_terminal_is_told_then_verified_again_then_stopped_and_one_that_sells_is_not():
    """One terminal does nothing for a year, another one sells every two months or so."""
    with server.demo("sqlite") as world:
        api, its_card = Api.from_world(world), card(world)
        idle, busy = two_merchants(live(world))
        number = idle["terminal_number"]
        seller = Pos.from_world(world, busy)
        last_sale = local(api.get(f"/v1/terminals/{number}").json()["last_sale_at"]).date()
        assert causes(api, number) == [] and sell(seller, its_card) == "00"

        # Until 15 days before three months are over nothing is said.
        due = add_months(last_sale, 3)
        told = due - datetime.timedelta(days=15)
        go_to(api, told - datetime.timedelta(days=1))
        assert warnings(api, number) == []
        go_to(api, told + datetime.timedelta(days=1))
        assert warnings(api, number) == [RECHECK] and causes(api, number) == []
        announced = explanation(api, number)["warnings"][0]
        assert local(announced["since"]).date() == due, "the notice names the day"
        assert announced["ways_out"], "and what to do"
        assert events(api, number, "dormancy.noticed") == 1
        assert sell(seller, its_card) == "00"

        # 100 days after the start it has to be verified again; it may sign in and undo, but not sell.
        go_to(api, START + datetime.timedelta(days=100))
        assert causes(api, number) == [RECHECK]
        works = {each["code"]: each["works"] for each in explanation(api, number)["capabilities"]}
        assert not works["sale"] and works["void"] and works["refund"] and works["sign_in"] and works["payout_t1"]
        sleeper = Pos.from_world(world, idle)
        assert sleeper.sign_in().code == "00"
        declined = sleeper.sale(its_card, 1234).reply
        assert declined.code == "97" and declined.explanation_code
        said = api.get("/v1/explanations", code=declined.explanation_code).json()
        assert [cause["reason"] for cause in said["causes"]] == [RECHECK]
        # A sale that was declined is no use of the terminal, and the one that sells is not meant.
        assert causes(api, busy["terminal_number"]) == [] and warnings(api, busy["terminal_number"]) == []
        assert sell(seller, its_card) == "00"

        # After half a year the brand's own limit is the root, and the other hides behind it.
        go_to(api, START + datetime.timedelta(days=150))
        assert sell(seller, its_card) == "00"
        go_to(api, START + datetime.timedelta(days=190))
        [brand] = explanation(api, number)["causes"]
        assert brand["reason"] == BRAND and brand["symptoms"] == [RECHECK]
        assert STOPPED not in warnings(api, number)

        # After a year it is stopped for good measure: it does not even sign in.
        for day in (220, 290, 360):
            go_to(api, START + datetime.timedelta(days=day))
            assert sell(seller, its_card) == "00"
        go_to(api, START + datetime.timedelta(days=370))
        [stopped] = explanation(api, number)["causes"]
        assert stopped["reason"] == STOPPED and set(stopped["symptoms"]) == {RECHECK, BRAND}
        assert not stopped["final"] and explanation(api, number)["plan"]["steps"], "there is a way back"
        assert sleeper.sign_in().code == "97"
        assert sell(seller, its_card) == "00"
        assert events(api, busy["terminal_number"], "dormancy.recheck_due") == 0


def test_a_sale_takes_an_announced_stop_back():
    with server.demo("sqlite") as world:
        api, its_card = Api.from_world(world), card(world)
        entry = live(world)[0]
        number = entry["terminal_number"]
        last_sale = local(api.get(f"/v1/terminals/{number}").json()["last_sale_at"]).date()
        go_to(api, add_months(last_sale, 3) - datetime.timedelta(days=5))
        assert warnings(api, number) == [RECHECK]
        assert sell(Pos.from_world(world, entry), its_card) == "00"
        assert warnings(api, number) == [], "the terminal is in use, so nothing is announced any more"
        assert events(api, number, "dormancy.woken") == 1
        go_to(api, add_months(last_sale, 3) + datetime.timedelta(days=5))
        assert causes(api, number) == []


# 2026-11-25 10:00 in China: where a test clock starts.
START = datetime.date(2026, 11, 25)


def go_to(api: Api, day: datetime.date) -> None:
    """Noon of a later day."""
    noon = datetime.datetime.combine(day, datetime.time(12), CHINA)
    response = api.post("/v1/test/clock", {"to": noon.isoformat()})
    assert response.status_code == 200, response.text


def two_merchants(entries: list[dict]) -> tuple[dict, dict]:
    first = entries[0]
    return first, next(entry for entry in entries if entry["merchant_number"] != first["merchant_number"])


def events(api: Api, terminal: str, kind: str) -> int:
    response = api.get("/v1/events", terminal=terminal, kinds=kind)
    assert response.status_code == 200, response.text
    return len(response.json()["data"])


# Promised times -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> Iterator[dict]:
    """A world whose clock these tests move."""
    with server.demo("sqlite") as running:
        yield running


def not_worked() -> dict[datetime.date, bool]:
    """The table of the institution: for each day it names, whether it is a holiday."""
    with (server.ROOT / "catalog" / "calendar.csv").open(encoding="utf-8") as table:
        rows = csv.DictReader(line for line in table if not line.startswith("#"))
        return {datetime.date.fromisoformat(row["date"]): row["kind"] == "holiday" for row in rows}


def working_day(day: datetime.date, count: int) -> datetime.date:
    """The `count`-th working day after `day`, counted here and not by the product."""
    table = not_worked()
    while count:
        day += datetime.timedelta(days=1)
        if not table.get(day, day.weekday() >= 5):
            count -= 1
    return day


@pytest.mark.parametrize(
    ("day", "assumed"),
    [
        (None, False),  # a Wednesday: five working days lie over one weekend
        (datetime.date(2026, 12, 5), False),  # a Saturday: counting begins on Monday
        (datetime.date(2026, 12, 29), True),  # over the turn of the year, whose table is not published yet
    ],
)
def test_promises_count_working_days(world: dict, day: datetime.date | None, assumed: bool):
    """Correcting data: five working days for the merchant, then the review's; each ends at 17:00."""
    api = Api.from_world(world)
    if day is not None:
        go_to(api, day)
    entry = next(each for each in world["terminals_list"] if each.get("reason") == "merchant.data_mismatch")
    plan = explanation(api, entry["terminal_number"])["plan"]
    correct, review = plan["steps"]
    assert (correct["step"], review["step"]) == ("correct_data", "wait_for_review")
    today = now(api).date()
    by = [local(step["promise_by"]) for step in (correct, review)]
    first = working_day(today, 5)
    assert by[0].date() == first and by[0].time() == datetime.time(17)
    assert by[1].date() == working_day(first, 2) and by[1].time() == datetime.time(17)
    assert plan["ready_by"] == review["promise_by"]
    assert correct["promise_assumed"] is assumed, "a promise that rests on a guess says so"


# The same twice -----------------------------------------------------------------------------


def test_the_same_seed_and_the_same_steps_give_the_same_log():
    first, second = a_life(seed=7), a_life(seed=7)
    assert len(first) > 3 and b"stop.started" in b"".join(first)
    assert first == second, "two runs of one story differ"
    assert a_life(seed=8) != first, "another seed is another world"


def a_life(seed: int) -> list[bytes]:
    """Some sales, a stop, a month, a lifted stop; every page of the events as it came over the wire."""
    with server.demo("sqlite", "--seed", str(seed)) as world:
        api, its_card = Api.from_world(world), card(world)
        pos = Pos.from_world(world, live(world)[0])
        assert sell(pos, its_card) == "00"
        trigger(api, "merchant.data_mismatch", pos.terminal_number)
        assert pos.sale(its_card, 500).reply.code == "03"
        advance(api, "P30D")
        trigger(api, "merchant.data_mismatch", pos.terminal_number, restore=True)
        assert sell(pos, its_card) == "00"
        advance(api, "P60D")
        return every_page(api)


def trigger(api: Api, reason: str, terminal: str, *, restore: bool = False) -> None:
    response = api.post("/v1/test/trigger", {"reason": reason, "terminal": terminal, "restore": restore})
    assert response.status_code == 200, response.text


def every_page(api: Api) -> list[bytes]:
    pages, cursor = [], None
    while True:
        response = api.get("/v1/events", limit=200, **({"cursor": cursor} if cursor else {}))
        assert response.status_code == 200, response.text
        pages.append(response.content)
        page = response.json()
        if not page["has_more"]:
            return pages
        cursor = page["next_cursor"]
