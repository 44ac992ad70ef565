"""A POS terminal in Python, on a codec that is not ours: signs in, sells, voids, reverses, settles.

One object is one terminal. It keeps what a terminal keeps: working keys, batch and trace numbers,
and the totals of its batch. Each method sends one message and returns the decoded reply.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field

import pos_crypto as crypto
import pos_dialect as dialect

HEADER = "603100310000"
OPERATOR = "01 "
CURRENCY = "156"
NO_REPLY = "98"
# Replies about an earlier payment do not repeat its amount.
AMOUNT_NOT_ECHOED = ("0320", "0620", "0820")
# Crockford's base 32 has no I, L, O and U.
CODE_AT_END = re.compile(r"([0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3})\s*\Z")


class NoReply(Exception):
    """The server closed the connection, or said nothing in time."""


class Silence(NoReply):
    """The connection stayed open, and nothing came."""


class BadReply(Exception):
    """The reply does not belong to the request, or its MAC is wrong."""


class Reply(dict):
    """The fields of a reply by number; `mti`, `code` and `text` say the usual ones."""

    @property
    def mti(self) -> str:
        return self["t"]

    @property
    def code(self) -> str:
        """F39."""
        return self["39"]

    @property
    def text(self) -> str:
        """F63 as the terminal would show it."""
        return dialect.chinese(self.get("63", ""))

    @property
    def explanation_code(self) -> str | None:
        """The code that stands at the very end of F63, if one does."""
        found = CODE_AT_END.search(self.text)
        return found.group(1) if found else None


@dataclass(frozen=True)
class Card:
    """A test card of the seeded world."""

    pan: str
    track2: str
    pin: str
    outcome: str


@dataclass(frozen=True)
class Sent:
    """A financial message that went out, with its reply: what a void, reversal or repeat needs."""

    request: dict[str, str]
    raw: bytes
    reply: Reply

    @property
    def trace(self) -> str:
        return self.request["11"]

    @property
    def batch(self) -> str:
        return self.request["60"][2:8]


@dataclass
class Totals:
    """What the terminal believes of its batch, in fen."""

    debit: int = 0
    debits: int = 0
    credit: int = 0
    credits: int = 0

    def field_48(self) -> str:
        """Domestic and foreign halves; all test cards are domestic. Request flags are 0."""
        return f"{self.debit:012}{self.debits:03}{self.credit:012}{self.credits:03}0" + "0" * 31


@dataclass
class Pos:
    """One terminal, reached at `address`."""

    address: tuple[str, int]
    terminal_number: str
    merchant_number: str
    master_key: bytes
    tpdu: str = "6000030000"
    batch: str = "000001"
    trace: int = 0
    keys: crypto.WorkingKeys | None = None
    totals: Totals = field(default_factory=Totals)
    timeout: float = 30.0

    @classmethod
    def from_world(cls, world: dict, entry: dict) -> Pos:
        """The terminal that an entry of world.json's `terminals_list` describes."""
        assert entry["mac"] == "ecb", f"this terminal knows the ECB form of the MAC only, not {entry['mac']}"
        host, _, port = world["terminals"].rpartition(":")
        return cls(
            address=(host, int(port)),
            terminal_number=entry["terminal_number"],
            merchant_number=entry["merchant_number"],
            master_key=bytes.fromhex(entry["tmk_hex"]),
            tpdu=entry["tpdu"],
            batch=f"{int(entry['batch']):06}",
        )

    # Network management ---------------------------------------------------------------------

    def sign_in(self, mode: str = "003") -> Reply:
        """Sign-in; an accepted one brings working keys, which must give their check values."""
        serial = b"Sequence No" + b"16" + b"0001" + self.terminal_number.rjust(12, "0").encode()
        reply = self._exchange(
            {
                "t": "0800",
                "11": self._next_trace(),
                "60": f"00{self.batch}{mode}",
                "62": serial.hex().upper(),
                "63": OPERATOR,
            }
        )
        if reply.code == "00":
            self.keys = crypto.open_working_keys(self.master_key, bytes.fromhex(reply["62"]))
            if reply["60"][2:8] != self.batch:
                self.batch, self.totals = reply["60"][2:8], Totals()
        return reply

    def echo(self) -> Reply:
        """Line test; carries neither trace number nor MAC."""
        return self._exchange({"t": "0820", "60": f"00{self.batch}301"})

    def sign_off(self) -> Reply:
        """Sign-off; the next sign-in brings the next batch."""
        return self._exchange({"t": "0820", "11": self._next_trace(), "60": f"00{self.batch}002"})

    # Transactions ---------------------------------------------------------------------------

    def sale(self, card: Card, fen: int, *, batch: str | None = None, mac_key: bytes | None = None) -> Sent:
        """A sale by stripe with PIN. `batch` and `mac_key` replace the right ones, to be refused."""
        sent = self._financial(self._sale_request(card, fen, batch or self.batch), mac_key)
        if sent.reply.code == "00":
            self.totals.debit += fen
            self.totals.debits += 1
        return sent

    def void(self, card: Card, original: Sent) -> Sent:
        """Voids a sale of this batch."""
        request = {
            "t": "0200",
            "2": card.pan,
            "3": "200000",
            "4": original.request["4"],
            "11": self._next_trace(),
            "22": "012",
            "25": "00",
            "37": original.reply.get("37", "0" * 12),
            "49": CURRENCY,
            "53": "0600000000000000",
            "60": f"23{self.batch}00060",
            "61": original.batch + original.trace + original.reply.get("13", "0000"),
            "63": OPERATOR,
        }
        if "38" in original.reply:
            request["38"] = original.reply["38"]
        sent = self._financial(request)
        if sent.reply.code == "00":
            self.totals.credit += int(original.request["4"])
            self.totals.credits += 1
        return sent

    def reversal(self, original: Sent, reason: str = NO_REPLY) -> Sent:
        """Reverses a message as if its reply had not come: same trace number, F39 says why."""
        left_out = {"26", "35", "36", "37", "52", "53", "63", "64"}
        request = {key: value for key, value in original.request.items() if key not in left_out}
        request |= {"t": "0400", "39": reason}
        sent = self._financial(request)
        if sent.reply.code == "00" and original.reply.code == "00":
            self.totals.debit -= int(original.request["4"])
            self.totals.debits -= 1
        return sent

    def reversal_of_unknown(self, card: Card, fen: int) -> Sent:
        """Reverses a sale that was never sent, as a terminal does whose request got lost."""
        lost = self._sale_request(card, fen, self.batch)
        return self.reversal(Sent(lost, b"", Reply({"39": ""})))

    def repeat(self, sent: Sent) -> Reply:
        """The same bytes once more."""
        return self._check(sent.request, self.send_raw(sent.raw))

    # Settlement -----------------------------------------------------------------------------

    def settle(self, totals: Totals | None = None) -> Reply:
        """Batch settle with the terminal's totals, or others."""
        return self._exchange(
            {
                "t": "0500",
                "11": self._next_trace(),
                "48": (totals or self.totals).field_48(),
                "49": CURRENCY,
                "60": f"00{self.batch}201",
                "63": OPERATOR,
            }
        )

    def batch_upload(self, items: list[Sent]) -> Reply:
        """Uploads the details of up to eight stripe transactions."""
        details = "".join(f"00{item.trace}{item.request['2']:0>20}{item.request['4']}" for item in items)
        return self._upload(f"{len(items):02}{details}", "201")

    def batch_upload_end(self, count: int, *, balanced: bool) -> Reply:
        """Says that the upload is complete; second-generation hosts want it after every settle."""
        return self._upload(f"{count:04}", "207" if balanced else "202")

    def next_batch(self) -> None:
        """What a terminal does after its settlement: an empty log, the next batch number."""
        self.batch, self.totals = f"{int(self.batch) % 999_999 + 1:06}", Totals()

    # The wire -------------------------------------------------------------------------------

    def send_raw(self, raw: bytes) -> bytes:
        """Sends one message with its length and returns the reply without; one connection each."""
        return self.send_unframed(len(raw).to_bytes(2, "big") + raw)

    def send_unframed(self, data: bytes, *, then_end: bool = False) -> bytes:
        """Sends bytes as they are and returns one reply without its length.

        `then_end` says by closing our half that no more bytes follow.
        """
        try:
            with socket.create_connection(self.address, timeout=self.timeout) as connection:
                connection.sendall(data)
                if then_end:
                    connection.shutdown(socket.SHUT_WR)
                length = int.from_bytes(_exactly(connection, 2), "big")
                return _exactly(connection, length)
        except TimeoutError as error:
            raise Silence(f"nothing came for {self.timeout:.0f} s") from error
        except OSError as error:
            raise NoReply(str(error)) from error

    def _sale_request(self, card: Card, fen: int, batch: str) -> dict[str, str]:
        # A terminal that has never signed in has no PIN key; it is refused before anybody looks.
        pin_key = self.keys.pin if self.keys else bytes(16)
        return {
            "t": "0200",
            "2": card.pan,
            "3": "000000",
            "4": f"{fen:012}",
            "11": self._next_trace(),
            "22": "021",
            "25": "00",
            "26": "12",
            "35": card.track2.replace("=", "D"),
            "49": CURRENCY,
            "52": crypto.pin_block(pin_key, card.pin, card.pan).hex().upper(),
            "53": "2600000000000000",
            "60": f"22{batch}00060",
        }

    def _upload(self, field_48: str, kind: str) -> Reply:
        return self._exchange(
            {"t": "0320", "11": self._next_trace(), "48": field_48, "60": f"00{self.batch}{kind}"}
        )

    def _financial(self, request: dict[str, str], mac_key: bytes | None = None) -> Sent:
        request = self._addressed(request) | {"64": "00000000"}
        key = mac_key or (self.keys.mac if self.keys else bytes(8))
        raw = dialect.encode(request)
        raw = raw[:-8] + crypto.ecb_mac(key, raw[11:-8])
        return Sent(request, raw, self._check(request, self.send_raw(raw)))

    def _exchange(self, request: dict[str, str]) -> Reply:
        request = self._addressed(request)
        return self._check(request, self.send_raw(dialect.encode(request)))

    def _addressed(self, request: dict[str, str]) -> dict[str, str]:
        return request | {"h": self.tpdu + HEADER, "41": self.terminal_number, "42": self.merchant_number}

    def _check(self, request: dict[str, str], raw: bytes) -> Reply:
        """What a terminal checks before it believes a reply."""
        reply = Reply(dialect.decode(raw))
        if int(reply.mti) != int(request["t"]) + 10:
            raise BadReply(f"{request['t']} was answered by {reply.mti}")
        echoed = ["11", "41"] + (["42", "4"] if reply.code == "00" else [])
        for number in echoed:
            if number == "4" and request["t"] in AMOUNT_NOT_ECHOED:
                continue
            if number in request and reply.get(number) != request[number]:
                raise BadReply(f"F{number} was {request[number]!r} and came back as {reply.get(number)!r}")
        if reply.code == "00" and "64" in request:
            if self.keys is None or raw[-8:] != crypto.ecb_mac(self.keys.mac, raw[11:-8]):
                raise BadReply("the MAC of the reply is wrong")
        return reply

    def _next_trace(self) -> str:
        self.trace = self.trace % 999_999 + 1
        return f"{self.trace:06}"


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise NoReply(f"the connection was closed after {len(data)} of {count} bytes")
        data += more
    return data
