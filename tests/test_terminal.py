"""A terminal that knows the protocol and nothing of our code, against the running server."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import pos_dialect as dialect
import pos_dialogues as more
from api import Api
from pos import Card, NoReply, Pos, Reply, Sent, Silence, Totals
from pos_crypto import ecb_mac, open_working_keys, pin_block
from test_vectors import message_bytes

SAMPLES = json.loads((Path(__file__).parent / "data" / "iso8583.json").read_text(encoding="utf-8"))

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


# Beside selling -------------------------------------------------------------------------------


def test_a_terminal_is_told_what_to_download_until_it_has_everything(
    unused_terminal: Callable[[], Pos], card: Card
):
    terminal = unused_terminal()
    first = terminal.sign_in()
    assert first.code == "00"
    errands = {
        more.PARAMETERS: lambda: more.parameters(terminal),
        more.CA_KEYS: lambda: more.ca_keys(terminal),
        more.CHIP: lambda: more.chip_parameters(terminal),
        more.TMS: lambda: more.parameters(terminal, "364", "365"),
        more.BLACKLIST: lambda: more.listed(terminal, "390", "391"),
        more.CONTACTLESS: lambda: more.listed(terminal, "394", "395"),
        more.STATUS: lambda: more.status(terminal),
    }
    done = []
    while (wanted := more.asked_for(terminal.echo())) != more.NOTHING:
        assert wanted in errands and wanted not in done, f"asked for {wanted} after {done}"
        errands[wanted]()
        done.append(wanted)
    assert set(done) == set(errands)
    assert more.asked_for(sell(terminal, card, 100).reply) == more.NOTHING
    assert more.asked_for(terminal.sale(card, 100, batch=_other_batch(terminal)).reply) == more.SIGN_IN


def test_parameters_name_the_merchant(shared_pos: Pos, world: dict):
    values = more.parameters(shared_pos)
    assert values["12"] == b"60" and values["18"] in (b"0", b"1")
    assert values["22"].rstrip(), "the merchant's name stands in tag 22"
    assert dialect.chinese(values["22"].decode("latin-1")).strip()


def test_ca_keys_give_their_check_values(shared_pos: Pos):
    keys = more.ca_keys(shared_pos)
    assert len(keys) >= 2
    for key in keys:
        named = key["9F06"] + key["9F22"] + key["DF02"] + key["DF04"]
        assert hashlib.sha1(named).digest() == key["DF03"]  # noqa: S324 - the algorithm that DF06 names
        assert len(key["DF05"]) == 8 and key["DF05"].isdigit()


def test_chip_applications_have_the_schemes_identifiers(shared_pos: Pos):
    applications = {entry["9F06"].hex().upper(): entry for entry in more.chip_parameters(shared_pos)}
    assert {"A000000333010101", "A000000333010102"} <= set(applications)
    for entry in applications.values():
        sizes = {"DF11": 5, "DF12": 5, "DF13": 5, "9F1B": 4, "DF19": 6, "DF20": 6, "DF21": 6, "9F7B": 6}
        assert {tag: len(entry[tag]) for tag in sizes} == sizes


def test_a_key_that_does_not_exist_is_answered_as_nothing(shared_pos: Pos):
    asked = more.tlv("9F06", bytes.fromhex("A000000333")) + more.tlv("9F22", b"\x77")
    assert more.body_of(more.manage(shared_pos, "0800", "370", asked)) == b"0"
    assert more.manage(shared_pos, "0800", "370").code == FORMAT_ERROR


def test_a_status_report_is_taken_and_a_garbled_one_is_not(shared_pos: Pos):
    assert more.status(shared_pos).code == "00"
    assert more.status(shared_pos, "11101").code == "00"
    assert more.manage(shared_pos, "0820", "362", b"0111").code == FORMAT_ERROR


def test_the_pre_authorisation_family(pos: Pos, card: Card):
    hold = more.preauth(pos, card, 10_000)
    assert hold.reply.code == "00"
    too_much = more.completion(pos, card, hold, 11_501)
    assert too_much.reply.code == "64", "more than 115 % of what was held"
    done = more.completion(pos, card, hold, 11_500)
    assert done.reply.code == "00"
    assert more.completion(pos, card, hold, 100).reply.code == "25"
    assert more.completion_void(pos, card, done).reply.code == "00"
    let_go = more.preauth(pos, card, 500)
    assert more.preauth_void(pos, card, let_go).reply.code == "00"
    assert more.preauth_void(pos, card, let_go).reply.code == "25"
    noticed = more.preauth(pos, card, 700)
    notice = more.completion(pos, card, noticed, 700, notice=True)
    assert notice.reply.code == "00" and notice.reply["38"] == noticed.reply["38"]
    assert pos.repeat(notice)["37"] == notice.reply["37"], "a notice is applied once"
    assert more.completion(pos, card, noticed, 700, notice=True).reply.code == "25"
    assert pos.settle()["48"][30] == "1", "what counts is the same on both sides"


def test_what_a_terminal_did_without_a_line(pos: Pos, card: Card):
    offline = more.offline(pos, card, 2000)
    assert offline.reply.code == "00"
    assert pos.repeat(offline)["37"] == offline.reply["37"], "a notice is applied once"
    assert more.adjust(pos, card, offline, 150, "32").reply.code == "00"
    assert more.adjust(pos, card, offline, 150, "32").reply.code == "25", "one adjustment per sale"
    assert more.chip_offline(pos, card, 300).reply.code == "00"
    sale = sell(pos, card, 1000)
    assert more.adjust(pos, card, sale, 151, "34").reply.code == "61", "a tip of more than 15 %"
    tip = more.adjust(pos, card, sale, 150, "34")
    assert tip.reply.code == "00"
    today = int(sale.reply["13"][:2])
    assert more.offline(pos, card, 100, made_on=f"{(today + 8) % 12 + 1:02}01").reply.code == "22", "too old"
    assert pos.settle()["48"][:31] == f"{2000 + 150 + 300 + 1000 + 150:012}005{0:012}0001"


def test_refunds_of_parts(pos: Pos, card: Card):
    sale = sell(pos, card, 5000)
    assert more.refund(pos, card, sale, 2000).reply.code == "00"
    assert more.refund(pos, card, sale, 3001).reply.code == "61"
    assert more.refund(pos, card, sale, 3000).reply.code == "00"
    assert more.refund(pos, card, sale, 1).reply.code == "25"


def test_a_sale_by_scanned_code_and_its_reversal(pos: Pos):
    sale = more.scanned(pos, "6220000000000000000", 100)
    assert sale.reply.code == "00"
    assert pos.reversal(sale).reply.code == "00"
    assert pos.settle()["48"][30] == "1"


def test_balance(shared_pos: Pos, card: Card):
    assert more.balance(shared_pos, card).reply.code == "00"


def test_loads_and_the_void_of_a_cash_load(shared_pos: Pos, card: Card):
    for processing, kind in (("600000", "45"), ("620000", "47")):
        assert more.load(shared_pos, card, 1000, processing, kind).reply.code == "00"
    cash = more.load(shared_pos, card, 1000, "630000", "46")
    assert cash.reply.code == "00"
    assert more.load_void(shared_pos, card, cash).reply.code == "00"
    assert more.load_void(shared_pos, card, cash).reply.code == "25"


def test_a_script_result_belongs_to_its_sale(shared_pos: Pos, card: Card):
    sale = sell(shared_pos, card, 900)
    assert more.script_result(shared_pos, card, sale).reply.code == "00"
    nowhere = dataclasses.replace(sale, request=sale.request | {"11": "999999"})
    assert more.script_result(shared_pos, card, nowhere).reply.code == "25"


def test_a_signature_is_kept_once(shared_pos: Pos, card: Card):
    sale = sell(shared_pos, card, 901)
    picture = bytes(range(256)) * 3
    assert more.signature(shared_pos, card, sale, picture).reply.code == "00"
    assert more.signature(shared_pos, card, sale, picture).reply.code == "00"
    assert more.signature(shared_pos, card, sale, picture[1:]).reply.code == "94"
    dearer = dataclasses.replace(sale, request=sale.request | {"4": f"{902:012}"})
    assert more.signature(shared_pos, card, dearer, picture).reply.code == "64"
    other = Card(pan="6217000000000000" + "026", track2="", pin="", outcome="")
    assert more.signature(shared_pos, other, sale, picture).reply.code == "14"
    nowhere = dataclasses.replace(sale, reply=Reply(sale.reply | {"37": "0" * 12}))
    assert more.signature(shared_pos, card, nowhere, picture).reply.code == "25"


def test_every_form_of_upload(pos: Pos, card: Card):
    sale = sell(pos, card, 800)
    offline = more.offline(pos, card, 300)
    assert pos.settle(Totals()).get("48", "")[30] == "2"
    assert pos.batch_upload([sale]).code == "00"
    for code in ("205", "206"):
        assert more.upload_chip(pos, card, sale, code).code == "00"
    assert more.upload_notice(pos, offline).code == "00"
    assert pos.batch_upload_end(3, balanced=False).code == "00"


UNKNOWN = {
    "instalment sale": ("0200", "000000", "64", "22"),
    "points sale": ("0200", "000000", "65", "22"),
    "mail-order sale": ("0200", "000000", "08", "22"),
    "reservation": ("0200", "000000", "67", "54"),
    "additional pre-authorisation": ("0100", "030000", "60", "10"),
    "e-cash refund": ("0220", "200000", "00", "27"),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_kinds_that_one_source_alone_knows_are_not_supported(shared_pos: Pos, card: Card, kind: str):
    mti, processing, condition, transaction = UNKNOWN[kind]
    request = more.card_message(shared_pos, card, mti, processing, condition, transaction, 100)
    assert shared_pos._financial(request).reply.code == NOT_SUPPORTED


def test_an_unknown_management_code_is_not_supported(shared_pos: Pos):
    assert more.manage(shared_pos, "0800", "777").code == NOT_SUPPORTED


def test_a_terminal_whose_clock_is_off_is_answered_with_the_time(shared_pos: Pos, api: Api):
    sent = {"t": "0820", "60": f"00{shared_pos.batch}301", "12": "000000", "13": "0101"}
    reply = shared_pos._exchange(sent)
    assert reply.code == "00" and (reply["12"], reply["13"]) != ("000000", "0101")


def test_a_terminal_without_keys_is_refused_with_one_code_however_often_it_asks(world: dict):
    stopped = [entry for entry in world["terminals_list"] if entry["situation"] == "stopped"]
    refusals = []
    for entry in stopped:
        terminal = Pos.from_world(world, entry)
        first = terminal.sign_in()
        if first.code != "00":
            refusals = [first, *(terminal.sign_in() for _ in range(3))]
            break
    assert refusals, "some stopped terminal is refused at sign-in"
    assert {reply.code for reply in refusals} == {refusals[0].code}
    assert len({reply.explanation_code for reply in refusals}) == 1


# The samples ----------------------------------------------------------------------------------


def test_every_constructed_request_is_accepted(pos: Pos, card: Card):
    """The messages that the facts were made with, with this terminal's numbers and keys and this batch's past."""
    raws = {message["name"]: message_bytes(message) for message in SAMPLES["constructed"]}
    requests = {name: dialect.decode(raw) for name, raw in raws.items() if "resp" not in name}
    unsent = set(requests)

    def ours(name: str, **changes: str) -> Reply:
        unsent.discard(name)
        request = requests[name] | {"41": pos.terminal_number, "42": pos.merchant_number}
        request["h"] = pos.tpdu + requests[name]["h"][10:]
        request["60"] = request["60"][:2] + pos.batch + request["60"][8:]
        request |= {number.removeprefix("f"): value for number, value in changes.items()}
        if "64" not in request:
            return pos._check(request, pos.send_raw(dialect.encode(request)))
        if "35" in request:
            request["35"] = card.track2.replace("=", "D")
            request["52"] = pin_block(pos.keys.pin, card.pin, card.pan).hex().upper()
        if "2" in request:
            request["2"] = card.pan
        raw = dialect.encode(request | {"64": "00000000"})
        raw = raw[:-8] + ecb_mac(pos.keys.mac, raw[11:-8])
        return pos._check(request, pos.send_raw(raw))

    signed_in = ours("signin_req")
    assert signed_in.code == "00"
    pos.keys = open_working_keys(pos.master_key, bytes.fromhex(signed_in["62"]))
    assert ours("echo_req").code == "00"
    assert ours("sale_req_swipe_pin", f11="000102").code == "00"
    assert ours("reversal_req_98", f11="000102").code == "00"
    sale = ours("sale_req_swipe_pin", f11="000103")
    names = pos.batch + "000103" + sale["13"]
    assert ours("void_req", f11="000104", f37=sale["37"], f38=sale["38"], f61=names).code == "00"
    assert ours("qr_sale_req", f11="000109").code == "00"
    totals = f"{12345 + 100:012}002{12345:012}0010" + "0" * 31
    settled = ours("settle_req", f11="000110", f48=totals)
    assert settled.code == "00" and settled["48"][30] == "1"
    assert ours("batch_upload_mag").code == "00"
    assert ours("batch_upload_end_balanced").code == "00"
    for rest in sorted(unsent):
        print("not part of the story:", rest)
    assert not unsent
