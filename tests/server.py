"""Starting the real server with its seeded world, and stopping it again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 120.0
STOPPED_WITHIN = 30.0
ENGINES = ("sqlite", "postgresql")


def free_port() -> int:
    """A free port below the range from which the kernel takes ports for outgoing connections."""
    for port in random.sample(range(10_000, 20_000), 200):
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise RuntimeError("no free port between 10000 and 20000")


def binary() -> Path:
    """The server under test."""
    path = Path(os.environ.get("SHOUDAN_BIN", ROOT / "target" / "debug" / "shoudan"))
    assert path.is_file(), f"{path} does not exist: run `cargo build -p shoudan`, or name it in SHOUDAN_BIN"
    return path


@contextlib.contextmanager
def demo(engine: str, *options: str) -> Iterator[dict]:
    """Runs `shoudan demo` on an empty directory (and a new database), yields its world.json."""
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shoudan-test-")))
        command = [
            str(binary()),
            "demo",
            "--data",
            str(data),
            "--http",
            f"127.0.0.1:{free_port()}",
            "--terminals",
            f"127.0.0.1:{free_port()}",
            "--clock",
            "test",
            "--quiet",
            *options,
        ]
        if engine == "postgresql":
            command += ["--database", stack.enter_context(_new_database())]
        log = data / "server.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sink)
        try:
            _wait_until_ready(process, log)
            world = json.loads((data / "world.json").read_text(encoding="utf-8"))
            yield world | {"engine": engine, "directory": str(data)}
        except BaseException:
            process.kill()
            process.wait()
            raise
        _stop(process, log)


def _wait_until_ready(process: subprocess.Popen, log: Path) -> None:
    assert process.stdout is not None
    deadline = time.monotonic() + READY_WITHIN
    printed = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while b"ready" not in (line.strip() for line in printed.splitlines()):
            left = deadline - time.monotonic()
            in_time = left > 0 and selector.select(left)
            assert in_time, f"the server was not ready in {READY_WITHIN:.0f} s\n{_told(printed, log)}"
            more = os.read(process.stdout.fileno(), 65_536)
            assert more, f"the server ended before it was ready ({process.wait()})\n{_told(printed, log)}"
            printed += more


def _stop(process: subprocess.Popen, log: Path) -> None:
    """SIGTERM must end the server cleanly; what it still prints is read so that it cannot block."""
    process.send_signal(signal.SIGTERM)
    try:
        rest, _ = process.communicate(timeout=STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        rest, _ = process.communicate()
        message = f"the server did not stop within {STOPPED_WITHIN:.0f} s of SIGTERM"
        raise AssertionError(f"{message}\n{_told(rest, log)}") from None
    ended = process.returncode
    assert ended == 0, f"after SIGTERM the server ended with {ended}\n{_told(rest, log)}"


def _told(printed: bytes, log: Path) -> str:
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
    out = printed.decode("utf-8", errors="replace").splitlines()[-20:]
    return "\n".join(["-- standard output (end):", *out, "-- log (end):", *tail])


@contextlib.contextmanager
def _new_database() -> Iterator[str]:
    """A database of its own in the cluster that SHOUDAN_TEST_PG names."""
    server = os.environ.get("SHOUDAN_TEST_PG")
    assert server, "SHOUDAN_TEST_PG names no PostgreSQL server: run these through `cargo xtask test --only python`"
    name = f"world_{uuid.uuid4().hex[:12]}"
    _psql(server, f"CREATE DATABASE {name}")
    try:
        yield urllib.parse.urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _psql(server, f"DROP DATABASE {name} WITH (FORCE)")


def _psql(server: str, statement: str) -> None:
    """`psql` comes with the server's packages; a driver for two statements would be one more package."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"), reverse=True)
    psql = str(programs[0]) if programs else "psql"
    done = subprocess.run(
        [psql, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", server, "--command", statement],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{statement} failed: {done.stderr}"
