"""Electronic slips: a picture and a document of what the terminal printed, and the signature under it."""

from __future__ import annotations

import re
import struct
import zlib

import pytest
import requests

import pos_dialogues
from api import Api
from pos import Card, Pos, Sent

PNG = b"\x89PNG\r\n\x1a\n"
# A signature of 16 by 16 white dots: the header of a picture with one stripe, and a stripe without data.
WHITE_SIGNATURE = bytes([0, 0, 1, 0, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 0, 0xFF, 0x02])


def ask(api: Api, path: str, accept: str = "*/*") -> requests.Response:
    return api.request("GET", path, headers={"Accept": accept})


def transaction_of(api: Api, pos: Pos, trace: str) -> str:
    """The address of a transaction by its terminal and trace number."""
    terminal = api.get(f"/v1/terminals/{pos.terminal_number}").json()
    rows = api.get("/v1/transactions", terminal=pos.terminal_number).json()["data"]
    row = next(row for row in rows if row["stan"] == int(trace))
    return f"/v1/merchants/{terminal['merchant_id']}/transactions/{row['id']}"


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(PNG)
    return struct.unpack(">II", picture[16:24])


def streams(document: bytes) -> list[bytes]:
    """The inflated streams of a PDF."""
    found = re.findall(rb"stream\n(.*?)\nendstream", document, re.DOTALL)
    return [zlib.decompress(each) for each in found]


def letters(document: bytes) -> set[str]:
    """Every character that the document's tables to Unicode name."""
    tables = b"".join(each for each in streams(document) if b"beginbfchar" in each)
    parts = re.findall(rb"beginbfchar\n(.*?)endbfchar", tables, re.DOTALL)
    codes = re.findall(rb"<[0-9A-F]{2}> <([0-9A-F]+)>", b"".join(parts))
    return {bytes.fromhex(code.decode()).decode("utf-16-be") for code in codes}


@pytest.fixture
def sold(pos: Pos, card: Card) -> Sent:
    sent = pos.sale(card, 12_345)
    assert sent.reply.code == "00", sent.reply.text
    return sent


def test_a_sale_has_a_slip_as_a_picture_and_as_a_document(api: Api, pos: Pos, sold: Sent):
    path = transaction_of(api, pos, sold.trace) + "/slip"
    picture = ask(api, path)
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert size(picture.content)[0] == 928, "58 mm of paper"
    document = ask(api, path, "application/pdf, image/png;q=0.5")
    assert (document.status_code, document.headers["Content-Type"]) == (200, "application/pdf")
    assert document.content.startswith(b"%PDF-1.4")
    assert set("123.45") | set(pos.terminal_number) <= letters(document.content)
    assert "no-store" in document.headers["Cache-Control"], "a slip stays in no cache"


def test_the_slip_of_a_declined_sale_carries_the_code_that_the_terminal_showed(world: dict, api: Api, pos: Pos, card: Card):
    stopped = api.post(
        "/v1/test/trigger", {"reason": "device.fault.card_reader", "terminal": pos.terminal_number}
    )
    assert stopped.status_code in (200, 201), stopped.text
    sent = pos.sale(card, 500)
    code = sent.reply.explanation_code
    assert code, f"declined with {sent.reply.code} and no code: {sent.reply.text}"
    path = transaction_of(api, pos, sent.trace) + "/slip"
    assert set(code) <= letters(ask(api, path, "application/pdf").content)
    high = size(ask(api, path).content)[1]
    assert high > 1600, f"the QR code takes room: {high} pixels"


def test_the_signature_is_kept_shown_and_handed_out_as_it_came(api: Api, pos: Pos, card: Card, sold: Sent):
    path = transaction_of(api, pos, sold.trace)
    assert ask(api, path + "/signature").status_code == 404, "nobody has signed yet"
    before = size(ask(api, path + "/slip").content)
    sent = pos_dialogues.signature(pos, card, sold, WHITE_SIGNATURE)
    assert sent.reply.code == "00", sent.reply.text
    received = ask(api, path + "/signature")
    assert received.content == WHITE_SIGNATURE
    assert received.headers["Content-Disposition"].startswith("attachment")
    assert size(ask(api, path + "/slip").content) != before, "the signature takes the place of the line"


def test_a_slip_is_seen_by_whoever_may_see_the_transaction_and_by_nobody_else(api: Api, public: Api, pos: Pos, sold: Sent):
    path = transaction_of(api, pos, sold.trace)
    assert public.get(path + "/slip").status_code == 401
    merchant, _, transaction = path.removeprefix("/v1/merchants/").partition("/transactions/")
    nobodys = f"/v1/merchants/{merchant}/transactions/{transaction[:-6]}000000/slip"
    assert api.get(nobodys).status_code == 404
    door = public.request("GET", f"/m/transactions/{transaction}/slip.png", allow_redirects=False)
    assert door.status_code in (302, 303, 307, 401), "the merchant's door asks for a session"
