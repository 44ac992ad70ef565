"""The other ways a terminal reaches the gateway: encrypted, and carried by HTTP; by clients that are not ours."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import pytest

import pos_dialect as dialect
from pos import Card, NoReply, Pos

MEDIA = "x-ISO-TPDU/x-auth"
PATHS = ["/mjc/webtrans/VPB_lb", "/unp/webtrans/WPOS"]


def address(world: dict, key: str) -> tuple[str, int]:
    host, _, port = world[key].rpartition(":")
    return host, int(port)


def like(pos: Pos, kind: type, **more: object):
    """The same terminal, speaking another way."""
    return kind(**{each.name: getattr(pos, each.name) for each in fields(Pos)} | more)


@dataclass
class HttpPos(Pos):
    """A terminal that posts its messages; one connection for as long as it stands."""

    path: str = PATHS[0]
    line: http.client.HTTPConnection | None = None

    def post(self, body: bytes, media: str = MEDIA, path: str | None = None) -> tuple[int, bytes]:
        if self.line is None:
            self.line = http.client.HTTPConnection(*self.address, timeout=self.timeout)
        headers = {"Content-Type": media, "User-Agent": "Donjin Http 0.1"}
        self.line.request("POST", path or self.path, body, headers)
        with self.line.getresponse() as reply:
            if reply.status == 200:
                assert reply.headers["Content-Type"] == MEDIA
            return reply.status, reply.read()

    def send_unframed(self, data: bytes, *, then_end: bool = False) -> bytes:
        status, body = self.post(data)
        if status != 200:
            raise NoReply(f"HTTP {status}")
        assert int.from_bytes(body[:2], "big") == len(body) - 2, "the length counts what follows"
        return body[2:]


@dataclass
class TlsPos(Pos):
    """A terminal that encrypts, one connection for each message."""

    trust: ssl.SSLContext | None = None

    def send_unframed(self, data: bytes, *, then_end: bool = False) -> bytes:
        assert self.trust is not None
        with (
            socket.create_connection(self.address, timeout=self.timeout) as plain,
            self.trust.wrap_socket(plain, server_hostname="127.0.0.1") as line,
        ):
            line.sendall(data)
            length = int.from_bytes(exactly(line, 2), "big")
            return exactly(line, length)


def exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise NoReply("the connection was closed")
        data += more
    return data


@pytest.fixture
def http_pos(world: dict, unused_terminal: Callable[[], Pos]) -> Iterator[HttpPos]:
    """A live terminal that posts, signed in by posting."""
    terminal = like(unused_terminal(), HttpPos, address=address(world, "terminals_http"))
    assert terminal.sign_in().code == "00"
    with contextlib.closing(terminal.line):
        yield terminal


@pytest.fixture
def trust(world: dict) -> ssl.SSLContext:
    """What a terminal trusts that was given the certificate of the demonstration."""
    return ssl.create_default_context(cafile=world["terminals_tls_certificate"])


# HTTP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_terminal_sells_voids_and_reverses_by_http_on_one_connection(http_pos: HttpPos, card: Card):
    line = http_pos.line
    sale = http_pos.sale(card, 1234)
    assert sale.reply.code == "00"
    assert http_pos.void(card, sale).reply.code == "00"
    http_pos.path = PATHS[1]
    other = http_pos.sale(card, 500)
    assert other.reply.code == "00"
    assert http_pos.reversal(other).reply.code == "00"
    assert http_pos.line is line and line.sock is not None, "the connection was kept"


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_message_that_was_sent_by_tcp_is_a_repeat_when_it_is_posted(world: dict, pos: Pos, card: Card):
    sale = pos.sale(card, 777)
    posting = like(pos, HttpPos, address=address(world, "terminals_http"))
    again = dialect.decode(posting.send_raw(sale.raw))
    assert (again["39"], again["37"]) == ("00", sale.reply["37"])


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_what_is_no_frame_is_told_by_status_and_the_connection_still_serves(http_pos: HttpPos):
    echo = dialect.encode(http_pos._addressed({"t": "0820", "60": f"00{http_pos.batch}301"}))
    whole = len(echo).to_bytes(2, "big") + echo
    assert http_pos.post(whole)[0] == 200
    assert http_pos.post(echo)[0] == 400, "without its length"
    assert http_pos.post(whole + b"\0")[0] == 400, "with a byte too many"
    assert http_pos.post(b"")[0] == 400
    assert http_pos.post(whole, media="application/json")[0] == 415
    assert http_pos.post(whole, path="/")[0] == 404
    assert http_pos.post(whole)[0] == 200


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_body_beyond_any_message_is_refused_by_its_announced_length(http_pos: HttpPos):
    assert http_pos.post(bytes(100_000))[0] == 413


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_only_posting_is_understood(world: dict):
    with contextlib.closing(http.client.HTTPConnection(*address(world, "terminals_http"), timeout=30)) as line:
        line.request("GET", PATHS[0])
        with line.getresponse() as reply:
            assert (reply.status, reply.headers["Allow"]) == (405, "POST")


# TLS ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_terminal_sells_over_tls(
    world: dict, unused_terminal: Callable[[], Pos], trust: ssl.SSLContext, card: Card, version: ssl.TLSVersion
):
    trust.minimum_version = trust.maximum_version = version
    terminal = like(unused_terminal(), TlsPos, address=address(world, "terminals_tls"), trust=trust)
    assert terminal.sign_in().code == "00"
    sale = terminal.sale(card, 2500)
    assert sale.reply.code == "00"
    assert terminal.void(card, sale).reply.code == "00"


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_terminal_with_other_roots_refuses_the_server(world: dict, shared_pos: Pos):
    stranger = like(
        shared_pos, TlsPos, address=address(world, "terminals_tls"), trust=ssl.create_default_context()
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.echo()


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_bytes_that_are_no_tls_are_shown_out(world: dict, shared_pos: Pos):
    echo = dialect.encode(shared_pos._addressed({"t": "0820", "60": f"00{shared_pos.batch}301"}))
    with socket.create_connection(address(world, "terminals_tls"), timeout=30) as line:
        line.sendall(len(echo).to_bytes(2, "big") + echo)
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while more := line.recv(4096):
                said += more
    assert said == b"" or said[0] == 0x15, "nothing but the alert of TLS"
