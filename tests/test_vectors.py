"""Our terminal's cryptography and layout, held against published values. Needs no server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pos_crypto as crypto
import pos_dialect as dialect
from pos import BadReply, Card, Pos, Reply, Sent, Totals

DATA = json.loads((Path(__file__).parent / "data" / "iso8583.json").read_text(encoding="utf-8"))
VECTORS = DATA["vectors"]
KEYS = DATA["keys"]
MESSAGES = {message["name"]: message for message in DATA["published"] + DATA["constructed"]}
# How many bytes of framing stand before TPDU and header.
FRAMING = {"len2+tpdu5+header6+mti2+bitmap8+fields": 2, "tpdu5+header6+mti2+bitmap8+fields": 0}
NO_HEADER = bytes(11)


def message_bytes(message: dict) -> bytes:
    """TPDU, header and body; a dump without a header gets one of zeros."""
    raw = bytes.fromhex(message["hex"])
    if message["layout"] == "mti2+bitmap8+fields":
        return NO_HEADER + raw
    return raw[FRAMING[message["layout"]] :]


def test_v1_mac_of_a_short_text():
    vector = VECTORS["V1"]
    mac = crypto.ecb_mac(bytes.fromhex(vector["key"]), bytes.fromhex(vector["data"]))
    assert mac == b"E267B6E2" == vector["mac_ascii"].encode()


def test_v2_mac_of_a_published_message():
    vector = VECTORS["V2"]
    body = bytes.fromhex(vector["data_hex"])
    assert crypto.ecb_mac(bytes.fromhex(vector["key"]), body) == vector["mac_ascii"].encode()
    whole = message_bytes(MESSAGES["cnblogs_q128930_req"])
    assert whole[11:-8] == body, "the MAC covers message type to F63"
    assert whole[-8:] == b"B3A092AE"


def test_v5_keys_of_a_published_sign_in_reply():
    vector = VECTORS["V5"]
    reply = dialect.decode(message_bytes(MESSAGES["easy8583_signin_resp"]))
    assert reply["62"] == vector["data_hex"]
    keys = crypto.open_working_keys(bytes.fromhex(vector["key"]), bytes.fromhex(reply["62"]))
    assert keys.pin == bytes.fromhex(vector["pik"])
    assert keys.mac == bytes.fromhex(vector["mak"]), "a second half of zeros means a single-length key"


def test_v5_with_one_bit_changed_is_refused():
    vector = VECTORS["V5"]
    block = bytearray(bytes.fromhex(vector["data_hex"]))
    block[3] ^= 0x10
    with pytest.raises(crypto.KeyCheckFailed):
        crypto.open_working_keys(bytes.fromhex(vector["key"]), bytes(block))


def test_v6_working_keys_and_pin_block():
    vector = VECTORS["V6"]
    block = bytes.fromhex(
        vector["enc_pik"] + vector["pik_kcv"] + vector["enc_mak"] + "00" * 8 + vector["mak_kcv"]
    )
    keys = crypto.open_working_keys(bytes.fromhex(vector["key"]), block)
    assert (keys.pin.hex().upper(), keys.mac.hex().upper()) == (vector["pik"], vector["mak"])
    encrypted = crypto.pin_block(keys.pin, vector["pin"], vector["pan"])
    assert encrypted.hex().upper() == vector["encrypted_pin_block"]


@pytest.mark.parametrize("name", ["V7a", "V7b", "V6"])
def test_v7_clear_pin_blocks(name):
    vector = VECTORS[name]
    block = crypto.clear_pin_block(vector["pin"], vector["pan"])
    assert block.hex().upper() == vector["clear_pin_block"]


def test_a_block_with_all_three_keys_opens():
    block = bytes.fromhex(
        KEYS["enc_PIK_under_TMK"]
        + KEYS["kcv_PIK"]
        + KEYS["enc_MAK_under_TMK"]
        + "00" * 8
        + KEYS["kcv_MAK"]
        + KEYS["enc_TDK_under_TMK"]
        + KEYS["kcv_TDK"]
    )
    keys = crypto.open_working_keys(bytes.fromhex(KEYS["TMK"]), block)
    assert [keys.pin, keys.mac, keys.track] == [bytes.fromhex(KEYS[name]) for name in ("PIK", "MAK", "TDK")]


@pytest.mark.parametrize("name", MESSAGES)
def test_each_message_decodes_and_comes_back_byte_for_byte(name):
    sample = MESSAGES[name]
    raw = message_bytes(sample)
    message = dialect.decode(raw)
    assert message["t"] == sample["mti"]
    assert {key for key in message if key.isdigit()} == set(sample["fields"])
    assert dialect.encode(message) == raw


@pytest.mark.parametrize("name", [name for name, message in MESSAGES.items() if "mac" in message])
def test_each_constructed_mac_is_what_the_key_gives(name):
    raw = message_bytes(MESSAGES[name])
    assert crypto.ecb_mac(bytes.fromhex(KEYS["MAK"]), raw[11:-8]) == raw[-8:]


def test_what_is_no_message_is_named_as_such():
    with pytest.raises(dialect.NotThisDialect):
        dialect.decode(b"\x60\x00\x03")


# The messages that our terminal makes ----------------------------------------------------------


class Line(Pos):
    """A terminal whose line answers with messages of the file and remembers what went out."""

    def answers(self, *names: str) -> Line:
        self.replies = [message_bytes(MESSAGES[name]) for name in names]
        self.went_out: list[bytes] = []
        return self

    def send_raw(self, raw: bytes) -> bytes:
        self.went_out.append(raw)
        return self.replies.pop(0)


@pytest.fixture
def line() -> Line:
    """The terminal of the constructed messages, signed in."""
    keys = crypto.WorkingKeys(pin=bytes.fromhex(KEYS["PIK"]), mac=bytes.fromhex(KEYS["MAK"]))
    return Line(
        address=("", 0),
        terminal_number="10000001",
        merchant_number="822290059990001",
        master_key=bytes.fromhex(KEYS["TMK"]),
        keys=keys,
        trace=1,
    )


@pytest.fixture
def bank_card() -> Card:
    track2 = MESSAGES["sale_req_swipe_pin"]["fields"]["35"]["bcd"][:37].replace("D", "=")
    return Card(pan=KEYS["PAN"], track2=track2, pin=KEYS["PIN"], outcome="approved")


def test_sign_in_opens_the_keys_and_adopts_the_batch(line: Line):
    line.keys, line.batch, line.trace = None, "000009", 0
    assert line.answers("signin_resp_00").sign_in().code == "00"
    assert line.keys is not None and line.keys.mac == bytes.fromhex(KEYS["MAK"])
    assert line.batch == "000001"


def test_sale_and_its_reversal_are_the_documented_bytes(line: Line, bank_card: Card):
    line.answers("sale_resp_00", "reversal_resp_00")
    sale = line.sale(bank_card, 12345)
    assert (sale.reply.code, sale.reply["38"], line.totals) == ("00", "A1B2C3", Totals(debit=12345, debits=1))
    assert line.reversal(sale).reply.code == "00"
    assert line.totals == Totals()
    expected = [message_bytes(MESSAGES[name]) for name in ("sale_req_swipe_pin", "reversal_req_98")]
    assert line.went_out == expected


def test_settlement_and_upload_are_the_documented_bytes(line: Line, bank_card: Card):
    line.answers("settle_resp_balanced", "batch_upload_end_balanced", "batch_upload_end_balanced")
    line.trace = 5
    assert line.settle(Totals(12345, 1, 2345, 1))["48"][30] == "1"
    sold = Sent({"2": bank_card.pan, "4": f"{12345:012}", "11": "000002"}, b"", Reply())
    voided = Sent({"2": bank_card.pan, "4": f"{2345:012}", "11": "000004"}, b"", Reply())
    with pytest.raises(BadReply):
        line.batch_upload([sold, voided])
    with pytest.raises(BadReply):
        line.batch_upload_end(0, balanced=True)
    expected = ("settle_req", "batch_upload_mag", "batch_upload_end_balanced")
    assert line.went_out == [message_bytes(MESSAGES[name]) for name in expected]


def test_echo_is_the_documented_bytes(line: Line):
    assert line.answers("echo_resp").echo().code == "00"
    assert line.went_out == [message_bytes(MESSAGES["echo_req"])]


def test_a_reply_with_a_wrong_mac_is_not_believed(line: Line, bank_card: Card):
    line.answers("sale_resp_00")
    line.replies[0] = line.replies[0][:-1] + b"0"
    with pytest.raises(BadReply):
        line.sale(bank_card, 12345)


@pytest.mark.parametrize(
    ("field", "code"),
    [("01 终端停用 7K3-M9Q", "7K3-M9Q"), ("01 停用 7K3-M9Q   ", "7K3-M9Q"), ("01 7K3-M9Q 停用", None), ("01 ILO-U00", None)],
)
def test_the_explanation_code_stands_at_the_end_of_field_63(field: str, code: str | None):
    reply = Reply({"63": field.encode("gb18030").decode("latin-1")})
    assert reply.explanation_code == code
    assert reply.text == field
