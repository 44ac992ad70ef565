"""The conformance kit against terminals and hosts: what is right passes, and what is wrong fails on the right vector.

The terminal here is written on a third-party codec. It is led through the stories by hand, as a maker's tester would; a
broken one does one thing wrong.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import pos_crypto as crypto
import pos_dialect as dialect
import pos_dialogues as dialogues
import server
from pos import BadReply, Card, NoReply, Pos, Reply, Sent

CARD = Card("6217000000000000018", "6217000000000000018=30122010000000000", "123456", "approved")
LEFT_OUT_OF_REVERSALS = {"26", "35", "36", "37", "52", "53", "63", "64"}


@dataclass
class Maker(Pos):
    """A maker's terminal: `Pos` with the reversals that it owes."""

    owed: dict[str, str] | None = None

    # What a broken terminal does otherwise.

    def mac_of(self, data: bytes) -> bytes:
        assert self.keys
        return crypto.ecb_mac(self.keys.mac, data)

    def owes(self, request: dict[str, str], reason: str) -> dict[str, str] | None:
        reversal = {key: value for key, value in request.items() if key not in LEFT_OUT_OF_REVERSALS}
        reversal |= {"t": "0400", "39": reason}
        if "61" in reversal:
            reversal["61"] = self.batch + request["11"] + "0000"
        return reversal

    def names(self, original: Sent) -> str:
        return original.batch + original.trace + original.reply.get("13", "0000")

    # ------------------------------------------------------------------------------------------

    def _financial(self, request: dict[str, str], mac_key: bytes | None = None) -> Sent:
        request = self._addressed(request) | {"64": "00000000"}
        raw = dialect.encode(request)
        raw = raw[:-8] + self.mac_of(raw[11:-8])
        return Sent(request, raw, self._check(request, self.send_raw(raw)))

    def pay(self, request: dict[str, str], *, reversible: bool = True) -> Sent | None:
        """Sends what is owed first, and then the request; nothing where no believable answer came."""
        try:
            if self.owed:
                self._financial(self.owed)
                self.owed = None
        except (NoReply, BadReply):
            return None
        try:
            return self._financial(request)
        except NoReply:
            self.owed = self.owes(request, "98") if reversible else None
        except BadReply:
            self.owed = self.owes(request, "A0") if reversible else None
        return None

    def sell(self, fen: int) -> Sent | None:
        sent = self.pay(self._sale_request(CARD, fen, self.batch))
        if sent and sent.reply.code == "00":
            self.totals.debit += fen
            self.totals.debits += 1
            self.approved.append(sent)
        return sent

    def undo(self, original: Sent) -> Sent | None:
        request = {
            "t": "0200",
            "2": CARD.pan,
            "3": "200000",
            "4": original.request["4"],
            "11": self._next_trace(),
            "22": "012",
            "25": "00",
            "37": original.reply["37"],
            "38": original.reply["38"],
            "49": "156",
            "53": "0600000000000000",
            "60": f"23{self.batch}00060",
            "61": self.names(original),
            "63": "01 ",
        }
        sent = self.pay(request)
        if sent:
            self.totals.credit += int(original.request["4"])
            self.totals.credits += 1
            self.approved.append(sent)
        return sent

    def give_back(self, original: Sent, fen: int) -> None:
        request = {
            "t": "0220",
            "2": CARD.pan,
            "3": "200000",
            "4": f"{fen:012}",
            "11": self._next_trace(),
            "22": "012",
            "25": "00",
            "37": original.reply["37"],
            "49": "156",
            "53": "0600000000000000",
            "60": f"25{self.batch}00060",
            "61": "000000" + "000000" + original.reply["13"],
            "63": "CUP",
        }
        self.pay(request, reversible=False)

    def close(self) -> None:
        reply = self.settle()
        balanced = reply["48"][30] == "1"
        if not balanced:
            self.batch_upload(self.approved)
        self.batch_upload_end(0 if balanced else len(self.approved), balanced=balanced)
        self.next_batch()
        self.approved = []

    def __post_init__(self) -> None:
        self.approved: list[Sent] = []

    def obey(self, reply: Reply) -> None:
        """What the header asks for."""
        if dialogues.asked_for(reply) == dialogues.PARAMETERS:
            dialogues.parameters(self)
        elif dialogues.asked_for(reply) == dialogues.SIGN_IN:
            self.sign_in()
            self.approved = []


class WrongPadding(Maker):
    """Fills the MAC's last block with 80 00 … instead of noughts."""

    def mac_of(self, data: bytes) -> bytes:
        return super().mac_of(data + b"\x80")


class StandingTrace(Maker):
    """Uses each trace number twice."""

    def _next_trace(self) -> str:
        self.half = not getattr(self, "half", False)
        return super()._next_trace() if self.half else f"{self.trace:06}"


class SaysNothingOfTheReason(Maker):
    """Reverses everything with reason 98, also where the answer's MAC was wrong."""

    def owes(self, request: dict[str, str], reason: str) -> dict[str, str] | None:
        return super().owes(request, "98")


class ForgetsAReversal(Maker):
    """Reverses nothing after silence on a sale of 23.00."""

    def owes(self, request: dict[str, str], reason: str) -> dict[str, str] | None:
        return None if request["4"] == "000000002300" else super().owes(request, reason)


class NamesAnotherOriginal(Maker):
    """Names the message after the original in the void's F61."""

    def names(self, original: Sent) -> str:
        return original.batch + f"{int(original.trace) + 500:06}" + "0000"


class ReversesTheOriginalOfTheVoid(Maker):
    """Leaves F61 of a reversed void as it was in the void."""

    def owes(self, request: dict[str, str], reason: str) -> dict[str, str] | None:
        reversal = super().owes(request, reason)
        return reversal and (reversal | ({"61": request["61"]} if "61" in request else {}))


class KeepsThePin(Maker):
    """Leaves the PIN block in its reversals."""

    def owes(self, request: dict[str, str], reason: str) -> dict[str, str] | None:
        reversal = super().owes(request, reason)
        return reversal and (reversal | {each: request[each] for each in ("26", "52") if each in request})


class DeafToTheHeader(Maker):
    """Downloads nothing when it is asked to."""

    def obey(self, reply: Reply) -> None:
        if dialogues.asked_for(reply) != dialogues.PARAMETERS:
            super().obey(reply)


def act(pos: Maker, story: str) -> None:
    """One story, as the kit asks the tester for it."""
    first = next((sent for sent in pos.approved if sent.request["60"][:2] == "22"), None)
    match story:
        case "T20":
            pos.sign_in()
        case "T21":
            pos.sell(1234)
        case "T22":
            pos.sell(5100)
            pos.echo()
        case "T23" | "T24" | "T27":
            pos.sell({"T23": 2300, "T24": 2400, "T27": 2700}[story])
            pos.sell(100)
            if story == "T27":
                pos.sell(100)
        case "T25" | "T26":
            sold = pos.sell({"T25": 2500, "T26": 2600}[story])
            pos.undo(sold)
            if story == "T26":
                pos.sell(100)
        case "T28":
            pos.give_back(first, 300)
            pos.echo()
        case "T29" | "T30":
            pos.obey(pos.sell({"T29": 2900, "T30": 3000}[story]).reply)
            if story == "T30":
                pos.sell(100)
        case "T31":
            pos.close()
        case "T32":
            pos.sell(3200)
            pos.close()
        case "T33":
            pos.echo()
        case "T34":
            pos.sign_off()
        case _:
            raise AssertionError(f"nobody knows how to play {story}")


@contextlib.contextmanager
def kit_as_host(directory: Path) -> Iterator[tuple[tuple[str, int], Callable[[], dict]]]:
    """The kit as a host; yields its address and what waits for the report."""
    port = server.free_port()
    report = directory / "report.json"
    command = [
        *(str(server.binary()), "conformance", "host", "--listen", f"127.0.0.1:{port}", "--profile", "basic"),
        *("--wait", "20", "--json", str(report), "--report", str(directory / "report.txt")),
        *("--key", str(directory / "key")),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening")
    reader = threading.Thread(target=process.stdout.read)
    reader.start()

    def ended() -> dict:
        process.wait(60)
        return json.loads(report.read_text(encoding="utf-8"))["report"] | {"exit": process.returncode}

    try:
        yield ("127.0.0.1", port), ended
    finally:
        process.kill()
        process.wait()
        reader.join()


def played(maker: type[Maker], directory: Path) -> dict:
    """The report on a terminal of this make."""
    with kit_as_host(directory) as (address, ended):
        pos = maker(
            address=address,
            terminal_number="10000001",
            merchant_number="898110054110001",
            master_key=bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
            timeout=0.7,
        )
        for number in range(20, 35):
            act(pos, f"T{number}")
        return ended()


def not_passed(report: dict) -> dict[str, list[str]]:
    return {
        row["id"]: [found["en"] for found in row["found"]] for row in report["vectors"] if row["verdict"] != "passed"
    }


def test_a_terminal_that_is_right_passes_and_its_report_can_be_verified(tmp_path: Path):
    report = played(Maker, tmp_path)
    assert (not_passed(report), report["passed"], report["exit"]) == ({}, True, 0)

    def verify(path: Path) -> int:
        command = [str(server.binary()), "conformance", "verify", str(path)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    for name in ("report.json", "report.txt"):
        written = tmp_path / name
        assert verify(written) == 0
        changed = written.read_text(encoding="utf-8").replace("T21", "T99")
        written.write_text(changed, encoding="utf-8")
        assert verify(written) == 1, f"{name} was changed and still verifies"


BROKEN = [
    (WrongPadding, "T05"),
    (StandingTrace, "T06"),
    (NamesAnotherOriginal, "T09"),
    (KeepsThePin, "T10"),
    (ReversesTheOriginalOfTheVoid, "T11"),
    (ForgetsAReversal, "T23"),
    (SaysNothingOfTheReason, "T24"),
    (DeafToTheHeader, "T29"),
]


@pytest.mark.parametrize(("maker", "vector"), BROKEN, ids=[maker.__name__ for maker, _ in BROKEN])
def test_a_broken_terminal_fails_on_the_vector_of_its_fault_and_on_no_other(
    maker: type[Maker], vector: str, tmp_path: Path
):
    report = played(maker, tmp_path)
    assert list(not_passed(report)) == [vector], not_passed(report)
    assert report["exit"] == 1


@pytest.mark.parametrize("profile", ["basic", "preauth", "downloads"])
def test_our_gateway_passes_as_a_host(world: dict, profile: str, tmp_path: Path):
    report = tmp_path / "report.json"
    command = [
        *(str(server.binary()), "conformance", "--against", world["terminals"], "--data", world["directory"]),
        *("--profile", profile, "--wait", "30", "--json", str(report), "--key", str(tmp_path / "key")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert report.exists(), done.stderr
    assert (not_passed(json.loads(report.read_text(encoding="utf-8"))["report"]), done.returncode) == ({}, 0)
