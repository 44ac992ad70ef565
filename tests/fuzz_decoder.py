"""A second decoder of the dialect, on a codec that is not ours, held against what the server's decoder made of bytes.

Reads lines of JSON from standard input, as `cargo run -p iso8583 --example fuzz` prints them, and prints every line on which
the two differ. Exit code 1: they differ.

Deliberate differences, on which the codec beneath this decoder is told better (`spec`, `NUMERIC`, `decode`):

- The codec takes any nibble for a digit; the dialect takes 0-9 in numeric fields and in the message type. Tracks may hold A-F,
  where an encrypted part stands.
- The codec knows one pad; the dialect leaves the nibble beside an odd count of digits to the sender.
- The terminal of these tests sends at most 19 digits in field 60 and no field 46; a host takes 999 of each.
- A secondary bitmap is refused, for no message of the dialect has one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable

import iso8583

from pos_dialect import SPEC

NUMERIC = {"2", "3", "4", "11", "12", "13", "14", "15", "22", "23", "25", "26", "32", "48", "53", "60", "61"}
TRACKS = {"35", "36"}
RAW = {"data_enc": "b", "len_enc": "bcd", "desc": ""}
DIGITS = re.compile(r"[0-9]*\Z", re.ASCII)
# The most data objects and the longest tag that are read from field 55.
MOST_OBJECTS, LONGEST_TAG = 128, 3


class Refused(Exception):
    """The bytes are no message of the dialect."""


def spec() -> dict[str, dict]:
    """The layout of the tests' terminal, with what a host accepts beyond it; text as bytes, so that nothing is lost."""
    layout = {number: dict(row) for number, row in SPEC.items()}
    layout["h"] = RAW | {"len_type": 0, "max_len": 0}
    layout["46"] = RAW | {"len_type": 2, "max_len": 999}
    layout["60"]["max_len"] = 999
    for number, row in layout.items():
        if row["data_enc"] == "latin-1":
            row["data_enc"] = "b"
        if row.get("len_count") == "nibbles" and row["len_type"] == 0:
            # Whole bytes: the pad nibble of an odd count is taken off here.
            row["max_len"] = (row["max_len"] + 1) // 2
            for key in ("len_count", "left_pad", "right_pad"):
                row.pop(key, None)
    return layout


LAYOUT = spec()
FIXED_ODD = {"22": slice(0, 3), "23": slice(1, 4)}


def without_pads(raw: bytes) -> bytes:
    """The bytes with a zero for every pad nibble, which is all that the codec beneath understands."""
    out, at = bytearray(raw), 10
    for number in range(2, 65):
        row = LAYOUT.get(str(number))
        if not raw[2 + (number - 1) // 8] & 0x80 >> (number - 1) % 8:
            continue
        if row is None:
            break
        head, count = row["len_type"], row["max_len"]
        if head:
            length = raw[at : at + head].hex()
            if len(length) < 2 * head or not DIGITS.match(length):
                break
            count = int(length)
        nibbles = row.get("len_count") == "nibbles"
        size = (count + 1) // 2 if nibbles else count
        at += head + size
        if at > len(raw):
            break
        if nibbles and count % 2:
            out[at - 1] &= 0xF0
    return bytes(out)


def decode(raw: bytes) -> tuple[str, dict[str, str]]:
    """Message type, and fields by number: digits, or hexadecimal of what is no digits."""
    if len(raw) < 10:
        raise Refused("no room for type and bitmap")
    if raw[2] & 0x80:
        raise Refused("a secondary bitmap")
    try:
        decoded, _ = iso8583.decode(without_pads(raw), LAYOUT)
    except (iso8583.DecodeError, KeyError) as error:
        raise Refused(str(error)) from error
    fields = {number: value for number, value in decoded.items() if number.isdigit()}
    for number, part in FIXED_ODD.items():
        if number in fields:
            fields[number] = fields[number][part]
    wrong = [number for number in NUMERIC & fields.keys() if not DIGITS.match(fields[number])]
    if wrong or not DIGITS.match(decoded["t"]):
        raise Refused(f"letters among the digits of {wrong or 'the message type'}")
    return decoded["t"], fields


# The insides of fields --------------------------------------------------------------------------


def data_objects(raw: bytes) -> list[str] | None:
    """Field 55 as `TAG=VALUE`; None where it cannot be read."""
    found, at = [], 0
    while True:
        while at < len(raw) and raw[at] == 0:
            at += 1
        if at == len(raw):
            return found
        if len(found) == MOST_OBJECTS:
            return None
        tag = re.compile(rb"[\x00-\xff]").match(raw, at).group()
        if tag[0] & 0x1F == 0x1F:
            more = re.compile(rb"[\x80-\xff]*[\x00-\x7f]", re.DOTALL).match(raw, at + 1)
            if more is None or 1 + len(more.group()) > LONGEST_TAG:
                return None
            tag += more.group()
        at += len(tag)
        if at == len(raw):
            return None
        size, at = raw[at], at + 1
        if size > 0x82 or size == 0x80:
            return None
        if size > 0x80:
            wide = size - 0x80
            if at + wide > len(raw):
                return None
            size, at = int.from_bytes(raw[at : at + wide], "big"), at + wide
        if at + size > len(raw):
            return None
        found.append(f"{tag.hex().upper()}={raw[at:at + size].hex().upper()}")
        at += size


def parts(digits: str, widths: list[int], needed: int) -> list[int | None] | None:
    """Numbers of these widths; the last ones may be missing, the `needed` first ones not."""
    if len(digits) < sum(widths[:needed]):
        return None
    read: list[int | None] = []
    for width in widths:
        part, digits = digits[:width], digits[width:]
        if len(part) < width:
            digits = ""
        read.append(int(part) if len(part) == width else None)
    return read


def totals(digits: str) -> list | None:
    """Field 48 of a settlement: some of its numbers."""
    whole = re.fullmatch(r"(\d{12})\d{3}\d{12}(\d{3})[0-3]\d{15}(\d{12})\d{3}([0-3])", digits, re.ASCII)
    return whole and [int(number) for number in whole.groups()]


def details(digits: str) -> list | None:
    """Field 48 of a batch upload."""
    if len(digits) < 2 or int(digits[:2]) > 8 or len(digits) != 2 + 40 * int(digits[:2]):
        return None
    items = []
    for start in range(2, len(digits), 40):
        kind, trace, pan = digits[start : start + 2], digits[start + 2 : start + 8], digits[start + 8 : start + 28]
        pan = pan.lstrip("0")
        if kind not in ("00", "01") or not 12 <= len(pan) <= 19:
            return None
        items.append([kind == "01", int(trace), pan, int(digits[start + 28 : start + 40])])
    return items


def sign_in(raw: bytes) -> list | None:
    """Field 62 of a sign-in: certificate and serial number."""
    whole = re.fullmatch(rb"Sequence No([0-9]{2})([\x00-\x7f]{4})([\x00-\x7f]*)", raw, re.DOTALL)
    if not whole or int(whole[1]) != len(whole[2] + whole[3]):
        return None
    return [whole[2].decode("ascii"), whole[3].decode("ascii")]


def track(text: str) -> list | None:
    """Card number, expiry and service code."""
    whole = re.match(r"([0-9]{12,19})D([0-9]{4})([0-9]{3})", text, re.ASCII)
    return whole and list(whole.groups())


def verdict(raw: bytes) -> dict:
    """The same as a line of the other decoder says."""
    said: dict = {"hex": raw.hex().upper()}
    try:
        said["t"], said["fields"] = decode(raw)
    except Refused:
        return said
    fields = said["fields"]
    read = {
        "55": lambda field: data_objects(bytes.fromhex(field)),
        "60": lambda field: parts(field, [2, 6, 3, 1, 1, 1, 3], 2),
        "61": lambda field: parts(field, [6, 6, 4, 2, 11], 2),
        "48": lambda field: [totals(field), details(field)],
        "62": lambda field: sign_in(bytes.fromhex(field)),
        "35": track,
    }
    return said | {number: inside(fields[number]) if number in fields else None for number, inside in read.items()}


def differences(lines: Iterable[str]) -> tuple[int, int, list[str]]:
    """How many lines were compared, how many of them both accept, and what is said differently."""
    count, accepted, found = 0, 0, []
    for line in lines:
        theirs = json.loads(line)
        ours = verdict(bytes.fromhex(theirs["hex"]))
        count, accepted = count + 1, accepted + ("t" in ours)
        for key in sorted((ours.keys() | theirs.keys()) - {"hex"}):
            if ours.get(key) != theirs.get(key):
                found.append(f"{theirs['hex']}: {key}: {theirs.get(key)} there, {ours.get(key)} here")
    return count, accepted, found


if __name__ == "__main__":
    compared, both, differing = differences(sys.stdin)
    for difference in differing[:20]:
        print(difference)
    print(f"{compared} compared, {both} accepted by both, {len(differing)} differences")
    sys.exit(1 if differing or not compared else 0)
