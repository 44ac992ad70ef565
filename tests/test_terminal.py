"""A terminal that knows the protocol and nothing of our code, against the running server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

import pos_dialect as dialect
from api import Api
from pos import Card, NoReply, Pos, Sent, Silence, Totals

# Refusals that the protocol documents (facts of the dialect: classes B, C, D and E).
DOCUMENTED_REFUSALS = set(
    "01 02 03 04 05 06 07 09 12 13 14 15 19 20 21 22 23 25 30 31 33 34 35 36 37 38 39 40 41 42 43 44 45"
    " 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 75 77 79"
    " 90 91 92 93 94 95 96 97 98 99 A0 A1 A3 A7".split()
)


def sell(pos: Pos, card: Card, fen: int) -> Sent:
    sale = pos.sale(card, fen)
    assert sale.reply.code == "00", f"the sale was declined: {sale.reply.code} {sale.reply.text}"
    return sale


# Signing in -----------------------------------------------------------------------------------


def test_a_live_terminal_signs_in_and_its_keys_check(unused_terminal: Callable[[], Pos]):
    terminal = unused_terminal()
    reply = terminal.sign_in()
    assert reply.code == "00"
    assert len(reply["62"]) == 80, "PIN key and MAC key, each with its check value"
    assert len(reply["12"]) == 6 and len(reply["13"]) == 4, "the terminal sets its clock from the reply"
    assert terminal.keys is not None, "opening the keys verified their check values"


def test_each_sign_in_brings_new_keys(shared_pos: Pos):
    before = shared_pos.keys
    assert shared_pos.sign_in().code == "00"
    assert shared_pos.keys != before


def test_a_sign_in_with_a_track_key(shared_pos: Pos):
    reply = shared_pos.sign_in("004")
    assert reply.code == "00"
    assert len(reply["62"]) == 120 and shared_pos.keys is not None and shared_pos.keys.track is not None


def test_echo(shared_pos: Pos):
    assert shared_pos.echo().code == "00"


# Selling --------------------------------------------------------------------------------------


def test_a_sale_of_12_34_is_approved_and_its_repeat_gets_the_same_answer(pos: Pos, card: Card):
    sale = sell(pos, card, 1234)
    assert len(sale.reply["37"]) == 12 and sale.reply["37"].strip()
    assert len(sale.reply["38"]) == 6 and sale.reply["38"].strip()
    again = pos.repeat(sale)
    same = ("39", "4", "11", "37", "38")
    assert [again[number] for number in same] == [sale.reply[number] for number in same]
    # Had the repeat sold a second time, the terminal's totals would no longer balance.
    assert pos.settle()["48"][30] == "1"


def test_the_trace_number_of_another_sale_is_a_duplicate(pos: Pos, card: Card):
    sell(pos, card, 1234)
    pos.trace -= 1
    assert pos.sale(card, 5678).reply.code == "94"


def test_a_sale_is_voided_once(pos: Pos, card: Card):
    sale = sell(pos, card, 2000)
    assert pos.void(card, sale).reply.code == "00"
    assert pos.void(card, sale).reply.code == "25"


def test_what_was_never_sold_cannot_be_voided(shared_pos: Pos, card: Card):
    refused = shared_pos.sale(card, 700, batch=_other_batch(shared_pos))
    never_sold = dataclasses.replace(refused, request=refused.request | {"60": f"22{shared_pos.batch}00060"})
    assert shared_pos.void(card, never_sold).reply.code == "25"


def test_a_sale_is_reversed(pos: Pos, card: Card):
    sale = sell(pos, card, 3100)
    assert pos.reversal(sale).reply.code == "00"
    # The reversed sale counts no more: the terminal's empty totals balance.
    assert pos.totals == Totals()
    assert pos.settle()["48"][30] == "1"


def test_the_reversal_of_a_sale_that_never_arrived_is_accepted(shared_pos: Pos, card: Card):
    assert shared_pos.reversal_of_unknown(card, 900).reply.code == "00"


# Settling -------------------------------------------------------------------------------------


def test_a_batch_that_balances(pos: Pos, card: Card):
    sell(pos, card, 1000)
    voided = sell(pos, card, 250)
    assert pos.void(card, voided).reply.code == "00"
    reply = pos.settle()
    assert reply.code == "00"
    assert reply["48"][:30] == f"{1250:012}002{250:012}001" and reply["48"][30] == "1"
    assert pos.batch_upload_end(0, balanced=True).code == "00"
    pos.next_batch()
    assert pos.sign_in().code == "00"
    sell(pos, card, 100)


def test_a_batch_that_does_not_balance_is_uploaded(pos: Pos, card: Card):
    sales = [sell(pos, card, 1000), sell(pos, card, 500)]
    reply = pos.settle(Totals(debit=1400, debits=2))
    assert reply.code == "00"
    assert reply["48"][30] == "2", "not balanced"
    assert reply["48"][:15] == f"{1500:012}002", "the centre's totals take the terminal's place"
    assert pos.batch_upload(sales).code == "00"
    assert pos.batch_upload_end(len(sales), balanced=False).code == "00"
    pos.next_batch()
    assert pos.sign_in().code == "00"


# Refusing -------------------------------------------------------------------------------------


def test_a_wrong_mac(shared_pos: Pos, card: Card):
    assert shared_pos.sale(card, 100, mac_key=bytes.fromhex("1122334455667788")).reply.code == "A0"


def test_a_wrong_batch(shared_pos: Pos, card: Card):
    assert shared_pos.sale(card, 100, batch=_other_batch(shared_pos)).reply.code == "77"


def test_a_sale_before_the_first_sign_in(unused_terminal: Callable[[], Pos], card: Card):
    assert unused_terminal().sale(card, 100).reply.code == "77"


def test_a_sale_after_sign_off(pos: Pos, card: Card):
    assert pos.sign_off().code == "00"
    assert pos.sale(card, 100).reply.code == "77"


def test_an_unknown_terminal(world: dict, shared_pos: Pos):
    stranger = dataclasses.replace(shared_pos, terminal_number="ZZ999999", keys=None)
    assert stranger.terminal_number not in {entry["terminal_number"] for entry in world["terminals_list"]}
    assert stranger.sign_in().code == "97"


def test_a_known_terminal_with_another_merchants_number(world: dict, shared_pos: Pos):
    others = {entry["merchant_number"] for entry in world["terminals_list"]} - {shared_pos.merchant_number}
    stranger = dataclasses.replace(shared_pos, merchant_number=min(others), keys=None)
    assert stranger.sign_in().code == "97"


# What arrives is no message: what follows the length, as hex.
ADDRESS = "6000030000603100310000"
MALFORMED = {
    "nothing": "",
    "one byte": "00",
    "a header without a message": ADDRESS,
    "a bitmap without its fields": ADDRESS + "0200" + "7fffffffffffffff",
    "a length that is no number": ADDRESS + "0200" + "4000000000000000" + "ff" + "00" * 11,
    "bytes after the last field": ADDRESS + "0820" + "0020000000000000" + "000001" + "00" * 20,
    "a message type that does not exist": ADDRESS + "0999" + "0020000000000000" + "000001",
    "only ones": "ff" * 64,
}
FORMAT_ERROR, INVALID_TRANSACTION, NOT_SUPPORTED = "30", "12", "40"


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_message_is_answered_or_the_connection_closed(shared_pos: Pos, kind: str):
    body = bytes.fromhex(MALFORMED[kind])
    impatient = dataclasses.replace(shared_pos, timeout=10.0)
    try:
        answer = dialect.decode(impatient.send_raw(body))
    except Silence:
        raise
    except NoReply:
        pass
    else:
        assert answer["39"] in (FORMAT_ERROR, INVALID_TRANSACTION, NOT_SUPPORTED)
    assert shared_pos.echo().code == "00", "the server still serves"


@pytest.mark.parametrize("sent", [b"", b"\x00", b"\x00\x57" + b"\x60" * 9, b"GET / HTTP/1.1\r\n\r\n"])
def test_half_a_message_gets_no_answer_and_the_connection_is_closed(shared_pos: Pos, sent: bytes):
    impatient = dataclasses.replace(shared_pos, timeout=10.0)
    with pytest.raises(NoReply) as closed:
        impatient.send_unframed(sent, then_end=True)
    assert not isinstance(closed.value, Silence)
    assert shared_pos.echo().code == "00", "the server still serves"


# Being stopped --------------------------------------------------------------------------------


def test_each_stopped_terminal_is_declined_with_a_code_that_explains_it(
    world: dict, public: Api, card: Card, subtests: pytest.Subtests
):
    stopped = [entry for entry in world["terminals_list"] if entry["situation"] == "stopped"]
    assert stopped, "the seeded world has one stopped terminal per reason"
    for entry in stopped:
        with subtests.test(msg=entry["reason"]):
            terminal = Pos.from_world(world, entry)
            declined = terminal.sign_in()
            if declined.code == "00":
                declined = terminal.sale(card, 1234).reply
            print(f"{entry['reason']}: {declined.code} {declined.text!r}")
            assert declined.code in DOCUMENTED_REFUSALS
            assert declined.explanation_code, f"no explanation code stands at the end of F63: {declined.text!r}"
            answer = public.get("/v1/explanations", code=declined.explanation_code)
            assert answer.status_code == 200, answer.text
            causes = [cause["reason"] for cause in answer.json()["causes"]]
            assert any(_is_rooted_at(cause, entry["reason"]) for cause in causes), causes


def _is_rooted_at(cause: str, reason: str) -> bool:
    """Reasons are dotted paths: `device.fault` is what `device.fault.card_reader` is a case of."""
    return cause == reason or cause.startswith(reason + ".") or reason.startswith(cause + ".")


def _other_batch(pos: Pos) -> str:
    return f"{int(pos.batch) % 999_999 + 7:06}"
