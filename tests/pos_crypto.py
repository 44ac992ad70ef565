"""The terminal's side of keys, PIN and MAC, written from the protocol alone.

Nothing here knows the server; `test_vectors.py` pins it to published values.
"""

from __future__ import annotations

from dataclasses import dataclass

from Crypto.Cipher import DES


class KeyCheckFailed(Exception):
    """A working key does not encrypt zeros to the check value that came with it."""


def _encrypt(key: bytes, data: bytes) -> bytes:
    """DES for an 8-byte key, two-key triple DES (encrypt, decrypt, encrypt) for 16 bytes; ECB."""
    first = DES.new(key[:8], DES.MODE_ECB)
    if len(key) == 8:
        return first.encrypt(data)
    second = DES.new(key[8:16], DES.MODE_ECB)
    return first.encrypt(second.decrypt(first.encrypt(data)))


def _decrypt(key: bytes, data: bytes) -> bytes:
    first = DES.new(key[:8], DES.MODE_ECB)
    if len(key) == 8:
        return first.decrypt(data)
    second = DES.new(key[8:16], DES.MODE_ECB)
    return first.decrypt(second.encrypt(first.decrypt(data)))


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def key_check_value(key: bytes) -> bytes:
    """The first four bytes of encrypting eight zero bytes."""
    return _encrypt(key, bytes(8))[:4]


def ecb_mac(key: bytes, data: bytes) -> bytes:
    """The eight ASCII characters of F64 over `data` (message type, bitmap, fields up to F63)."""
    padded = data + bytes(-len(data) % 8)
    folded = bytes(8)
    for start in range(0, len(padded), 8):
        folded = _xor(folded, padded[start : start + 8])
    text = folded.hex().upper().encode("ascii")
    once = _encrypt(key, text[:8])
    twice = _encrypt(key, _xor(once, text[8:]))
    return twice.hex().upper().encode("ascii")[:8]


def clear_pin_block(pin: str, pan: str) -> bytes:
    """Format 0: the PIN, mixed with the right-most twelve digits of the PAN without its check digit."""
    pin_half = bytes.fromhex(f"0{len(pin)}{pin}".ljust(16, "F"))
    pan_half = bytes.fromhex("0000" + pan[:-1][-12:].rjust(12, "0"))
    return _xor(pin_half, pan_half)


def pin_block(pin_key: bytes, pin: str, pan: str) -> bytes:
    """The PIN block as F52 carries it."""
    return _encrypt(pin_key, clear_pin_block(pin, pan))


@dataclass(frozen=True)
class WorkingKeys:
    """The keys of one sign-in, in clear."""

    pin: bytes
    mac: bytes
    track: bytes | None = None


def open_working_keys(master_key: bytes, block: bytes) -> WorkingKeys:
    """Decrypts F62 of a sign-in reply and verifies each check value.

    Layouts by length: 24 single-length keys; 40 PIN 16 and MAC 8 (its second half all zero) or 16;
    60 the same with a track key of 16.
    """
    if len(block) == 24:
        return WorkingKeys(
            pin=_open_key(master_key, block[:8], block[8:12], "PIN"),
            mac=_open_key(master_key, block[12:20], block[20:24], "MAC"),
        )
    if len(block) not in (40, 60):
        raise KeyCheckFailed(f"a key block of {len(block)} bytes has no known layout")
    mac_wrapped = block[20:36]
    if mac_wrapped[8:] == bytes(8):
        mac_wrapped = mac_wrapped[:8]
    track = None
    if len(block) == 60:
        track = _open_key(master_key, block[40:56], block[56:60], "track")
    return WorkingKeys(
        pin=_open_key(master_key, block[:16], block[16:20], "PIN"),
        mac=_open_key(master_key, mac_wrapped, block[36:40], "MAC"),
        track=track,
    )


def _open_key(master_key: bytes, wrapped: bytes, check: bytes, name: str) -> bytes:
    key = _decrypt(master_key, wrapped)
    if key_check_value(key) != check:
        raise KeyCheckFailed(f"the {name} key does not give its check value {check.hex().upper()}")
    return key
