"""What a terminal does beside selling: downloads, reports of its state, notices, signatures.

Functions over a `Pos`, on the same third-party codec; the TLV here is written from the standard alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from pos import CURRENCY, OPERATOR, Card, Pos, Reply, Sent

# Digit 6 of the header, as the host sets it in replies.
NOTHING, PARAMETERS, STATUS, SIGN_IN, CA_KEYS, CHIP, TMS, BLACKLIST, _, CONTACTLESS = "0123456789"


def asked_for(reply: Reply) -> str:
    """What the host wants next: the sixth digit of the header, behind ten digits of TPDU."""
    return reply["h"][15]


# TLV ------------------------------------------------------------------------------------------


def tlv(tag: str, value: bytes) -> bytes:
    """One data object with a length of one byte, or two where it is long."""
    length = bytes([len(value)]) if len(value) < 0x80 else bytes([0x81, len(value)])
    return bytes.fromhex(tag) + length + value


def objects(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The data objects in some bytes, in their order."""
    at = 0
    while at < len(data):
        start = at
        at += 1
        if data[start] & 0x1F == 0x1F:
            while data[at] & 0x80:
                at += 1
            at += 1
        tag = data[start:at].hex().upper()
        length = data[at]
        at += 1
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        assert at + length <= len(data), f"{tag} is cut off"
        yield tag, data[at : at + length]
        at += length


def groups(data: bytes, first: str) -> list[dict[str, bytes]]:
    """Data objects in groups that each begin with the tag `first`."""
    found: list[dict[str, bytes]] = []
    for tag, value in objects(data):
        if tag == first:
            found.append({})
        found[-1][tag] = value
    return found


# Downloads ------------------------------------------------------------------------------------


def manage(pos: Pos, mti: str, code: str, body: bytes | None = None) -> Reply:
    """A management message; these carry no trace number."""
    request = {"t": mti, "60": f"00{pos.batch}{code}"}
    if body is not None:
        request["62"] = body.hex().upper()
    return pos._exchange(request)


def body_of(reply: Reply) -> bytes:
    assert reply.code == "00", f"refused: {reply.code} {reply.text}"
    return bytes.fromhex(reply["62"])


def query_all(pos: Pos, code: str, first: str) -> list[dict[str, bytes]]:
    """Asks what there is until the host says that this was all."""
    names: list[dict[str, bytes]] = []
    while True:
        answer = body_of(manage(pos, "0820", code, f"1{len(names):02}".encode()))
        names += groups(answer[1:], first)
        if answer[:1] in b"01":
            return names


def ca_keys(pos: Pos) -> list[dict[str, bytes]]:
    """Query, each key, end."""
    keys = []
    for name in query_all(pos, "372", "9F06"):
        answer = body_of(manage(pos, "0800", "370", tlv("9F06", name["9F06"]) + tlv("9F22", name["9F22"])))
        assert answer[:1] == b"1", "a key that was listed is given"
        keys += groups(answer[1:], "9F06")
    assert manage(pos, "0800", "371").code == "00"
    return keys


def chip_parameters(pos: Pos) -> list[dict[str, bytes]]:
    """Query, each application, end."""
    applications = []
    for name in query_all(pos, "382", "9F06"):
        answer = body_of(manage(pos, "0800", "380", tlv("9F06", name["9F06"])))
        assert answer[:1] == b"1", "an application that was listed is given"
        applications += groups(answer[1:], "9F06")
    assert manage(pos, "0800", "381").code == "00"
    return applications


def listed(pos: Pos, code: str, end: str) -> bytes:
    """A list that needs no query: its entries in one run of bytes."""
    answer = body_of(manage(pos, "0800", code, b"100"))
    assert answer[:1] == b"1", answer
    assert manage(pos, "0800", end).code == "00"
    return answer[1:]


PARAMETER_WIDTHS = {
    **{"11": 2, "12": 2, "13": 1, "14": 14, "15": 14, "16": 14, "17": 14, "18": 1, "19": 2, "20": 1},
    **{"21": 1, "22": 40, "23": 1, "24": 1, "25": 1, "26": 4, "27": 2},
}


def tagged(data: bytes) -> dict[str, bytes]:
    """Two-digit tags with values of fixed width."""
    values, at = {}, 0
    while at < len(data):
        tag = data[at : at + 2].decode()
        values[tag] = data[at + 2 : at + 2 + PARAMETER_WIDTHS[tag]]
        at += 2 + PARAMETER_WIDTHS[tag]
    return values


def parameters(pos: Pos, code: str = "360", end: str = "361") -> dict[str, bytes]:
    """Parameters and their end message."""
    values = tagged(body_of(manage(pos, "0800", code)))
    assert manage(pos, "0800", end).code == "00"
    return values


def status(pos: Pos, flags: str = "11111") -> Reply:
    """A report of state: one flag per part, then some parameters."""
    report = "".join(f"{tag:02}{flag}" for tag, flag in enumerate(flags, start=1)) + "1260" + "511.0"
    return manage(pos, "0820", "362", report.encode())


# Payments with another shape --------------------------------------------------------------------


def card_message(
    pos: Pos, card: Card, mti: str, processing: str, condition: str, kind: str, fen: int
) -> dict[str, str]:
    """The fields that all messages with a card share; no PIN."""
    return {
        "t": mti,
        "2": card.pan,
        "3": processing,
        "4": f"{fen:012}",
        "11": pos._next_trace(),
        "22": "022",
        "25": condition,
        "49": CURRENCY,
        "53": "0600000000000000",
        "60": f"{kind}{pos.batch}00060",
    }


def counted(pos: Pos, sent: Sent, side: str, fen: int) -> Sent:
    """Adds an approved payment to the terminal's totals."""
    if sent.reply.code == "00" and side == "debit":
        pos.totals.debit += fen
        pos.totals.debits += 1
    elif sent.reply.code == "00" and side == "credit":
        pos.totals.credit += fen
        pos.totals.credits += 1
    return sent


def preauth(pos: Pos, card: Card, fen: int) -> Sent:
    return pos._financial(card_message(pos, card, "0100", "030000", "06", "10", fen))


def preauth_void(pos: Pos, card: Card, hold: Sent) -> Sent:
    fen = int(hold.request["4"])
    request = card_message(pos, card, "0100", "200000", "06", "11", fen) | _about(hold)
    return pos._financial(request)


def completion(pos: Pos, card: Card, hold: Sent, fen: int, *, notice: bool = False) -> Sent:
    kind, mti = ("24", "0220") if notice else ("20", "0200")
    request = card_message(pos, card, mti, "000000", "06", kind, fen) | _about(hold)
    return counted(pos, pos._financial(request), "debit", fen)


def completion_void(pos: Pos, card: Card, done: Sent) -> Sent:
    fen = int(done.request["4"])
    request = card_message(pos, card, "0200", "200000", "06", "21", fen) | _about(done) | {"37": done.reply["37"]}
    return counted(pos, pos._financial(request), "credit", fen)


def refund(pos: Pos, card: Card, sale: Sent, fen: int) -> Sent:
    request = card_message(pos, card, "0220", "200000", "00", "25", fen)
    request |= {"37": sale.reply["37"], "61": "000000000000" + sale.reply["13"], "63": "CUP"}
    return counted(pos, pos._financial(request), "credit", fen)


def scanned(pos: Pos, code: str, fen: int) -> Sent:
    """A sale by the code on a customer's phone."""
    request = {
        "t": "0200",
        "3": "000000",
        "4": f"{fen:012}",
        "11": pos._next_trace(),
        "22": "032",
        "25": "00",
        "49": CURRENCY,
        "59": f"A3{len(code):03}{code}",
        "60": f"22{pos.batch}00060",
    }
    return counted(pos, pos._financial(request), "debit", fen)


def offline(pos: Pos, card: Card, fen: int, *, made_on: str | None = None) -> Sent:
    """A sale made without a line."""
    request = card_message(pos, card, "0220", "000000", "00", "30", fen)
    if made_on is not None:
        request["13"] = made_on
    return counted(pos, pos._financial(request), "debit", fen)


def chip_offline(pos: Pos, card: Card, fen: int) -> Sent:
    """Electronic cash: the chip approved it by itself."""
    data = tlv("9F26", bytes(8)) + tlv("9F27", b"\x40") + tlv("8A", b"Y1")
    request = card_message(pos, card, "0200", "000000", "00", "36", fen) | {"22": "071", "23": "001"}
    return counted(pos, pos._financial(request | {"55": data.hex().upper()}), "debit", fen)


def adjust(pos: Pos, card: Card, original: Sent, fen: int, kind: str) -> Sent:
    """Adds to a payment: kind 34 a tip, 32 an adjustment of an offline sale."""
    request = card_message(pos, card, "0220", "000000", "00", kind, int(original.request["4"]) + fen)
    request |= {"48": f"{fen:012}", "61": original.batch + original.trace + original.reply["13"]}
    return counted(pos, pos._financial(request), "debit", fen)


def balance(pos: Pos, card: Card) -> Sent:
    request = card_message(pos, card, "0200", "310000", "00", "01", 0)
    del request["4"]
    return pos._financial(request)


def load(pos: Pos, card: Card, fen: int, processing: str, kind: str) -> Sent:
    return pos._financial(card_message(pos, card, "0200", processing, "91", kind, fen))


def load_void(pos: Pos, card: Card, original: Sent) -> Sent:
    request = card_message(pos, card, "0200", "170000", "91", "51", int(original.request["4"]))
    return pos._financial(request | {"61": original.batch + original.trace + original.reply["13"]})


def script_result(pos: Pos, card: Card, original: Sent, result: bytes = b"\x20\x00\x00\x00\x00") -> Sent:
    """What the chip made of the issuer's script."""
    request = card_message(pos, card, "0620", "000000", "00", "00", int(original.request["4"]))
    del request["25"], request["53"]
    data = tlv("DF31", result) + tlv("95", bytes(5))
    request |= {
        "22": "051",
        "23": "001",
        "37": original.reply["37"],
        "55": data.hex().upper(),
        "60": f"00{pos.batch}951",
        "61": original.batch + original.trace + original.reply["13"],
    }
    return pos._financial(request)


def signature(pos: Pos, card: Card, original: Sent, picture: bytes, code: str = "800") -> Sent:
    """The card holder's signature under a payment; F11 is the payment's own."""
    receipt = tlv("FF00", "阿明牛肉面".encode("gbk")) + tlv("FF70", b"\x02")
    request = {
        "t": "0820",
        "2": card.pan,
        "4": original.request["4"],
        "11": original.trace,
        "37": original.reply["37"],
        "55": receipt.hex().upper(),
        "60": f"07{original.batch}{code}",
        "62": picture.hex().upper(),
    }
    return pos._financial(request)


def upload_chip(pos: Pos, card: Card, sale: Sent, code: str) -> Reply:
    """A chip transaction in the batch upload: a message of its own."""
    return pos._exchange(
        {
            "t": "0320",
            "2": card.pan,
            "4": sale.request["4"],
            "11": sale.trace,
            "22": "051",
            "60": f"00{sale.batch}{code}",
        }
    )


def upload_notice(pos: Pos, sent: Sent) -> Reply:
    """A notice in the batch upload: the original message once more, without its MAC."""
    left_out = {"h", "64", "53", "41", "42"}
    request = {key: value for key, value in sent.request.items() if key not in left_out}
    return pos._exchange(request | {"t": "0320"})


def _about(original: Sent) -> dict[str, str]:
    return {
        "38": original.reply["38"],
        "61": original.batch + original.trace + original.reply["13"],
        "63": OPERATOR,
    }
