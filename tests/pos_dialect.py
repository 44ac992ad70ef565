"""The message layout of Chinese POS terminals as a specification for pyiso8583.

The codec is a third party's, so a mistake of ours in the server's codec cannot hide in its test.
"""

from __future__ import annotations

import iso8583

FIXED, LL, LLL = 0, 1, 2


def _digits(length: int, kind: int = FIXED, pad: str = "right") -> dict:
    """Packed digits; the length counts digits, and an odd count gets one zero."""
    return {
        "data_enc": "b",
        "len_enc": "bcd",
        "len_type": kind,
        "max_len": length,
        "len_count": "nibbles",
        "right_pad" if pad == "right" else "left_pad": "0",
    }


def _text(length: int, kind: int = FIXED) -> dict:
    return {"data_enc": "latin-1", "len_enc": "bcd", "len_type": kind, "max_len": length}


def _binary(length: int, kind: int = FIXED) -> dict:
    return {"data_enc": "b", "len_enc": "bcd", "len_type": kind, "max_len": length}


SPEC: dict[str, dict] = {
    # TPDU (5 bytes) and message header (6 bytes).
    "h": _binary(11),
    "t": _binary(2),
    "p": _binary(8),
    "2": _digits(19, LL),
    "3": _digits(6),
    "4": _digits(12),
    "11": _digits(6),
    "12": _digits(6),
    "13": _digits(4),
    "14": _digits(4),
    "15": _digits(4),
    "22": _digits(3),
    "23": _digits(3, pad="left"),
    "25": _digits(2),
    "26": _digits(2),
    "32": _digits(11, LL),
    "35": _digits(37, LL),
    "36": _digits(104, LLL),
    "37": _text(12),
    "38": _text(6),
    "39": _text(2),
    "41": _text(8),
    "42": _text(15),
    "43": _text(40),
    "44": _text(25, LL),
    "48": _digits(322, LLL),
    "49": _text(3),
    "52": _binary(8),
    "53": _digits(16),
    "54": _text(20, LLL),
    "55": _binary(255, LLL),
    "58": _binary(100, LLL),
    "59": _text(600, LLL),
    "60": _digits(19, LLL),
    "61": _digits(29, LLL),
    "62": _binary(999, LLL),
    "63": _text(163, LLL),
    "64": _text(8),
}
for _spec in SPEC.values():
    _spec.setdefault("desc", "")


class NotThisDialect(Exception):
    """The bytes are no message of this dialect; says what the codec stumbled over."""


def encode(message: dict[str, str]) -> bytes:
    """The message with header, without the two bytes of length. Numbers and binary are hex text."""
    raw, _ = iso8583.encode(dict(message), SPEC)
    return bytes(raw)


def decode(raw: bytes) -> dict[str, str]:
    """The inverse of `encode`."""
    try:
        message, _ = iso8583.decode(raw, SPEC)
    except iso8583.DecodeError as error:
        raise NotThisDialect(str(error)) from error
    message.pop("bm", None)
    return message


def chinese(field: str) -> str:
    """The text of a field that may hold Chinese, which travels as GBK."""
    return field.encode("latin-1").decode("gb18030", errors="replace")
