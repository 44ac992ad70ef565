"""`shoudan keys`: a master key made, the zone key sealed, stored keys moved from one master key to the next."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import server
from test_cli import INSTITUTION, shoudan

ZONE_KEY = "0123456789ABCDEFFEDCBA9876543211"
LIBRARIES = [
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
]
PIN = "87654321"


def settings(directory: Path, database: Path, keys: str, profile: str) -> Path:
    """The file of `shoudan serve`, with its keys as they are at the moment."""
    path = directory / "shoudan.toml"
    path.write_text(
        f"""
database = "sqlite:{database}"
http = "127.0.0.1:{server.free_port()}"
terminals = "127.0.0.1:{server.free_port()}"
origin = "https://pay.example"
network = "127.0.0.1:{server.free_port()}"
profile = "{profile}"

[keys]
data = "{directory / "data"}"
index = "{directory / "index"}"
zone = "{directory / "zone"}"
{keys}

{INSTITUTION}""",
        encoding="utf-8",
    )
    return path


def keys(command: str, config: Path, *, code: int = 0, typed: str = "", **environment: str) -> str:
    """Runs `shoudan keys`; what it printed, or what it complained about."""
    done = shoudan("keys", command, "--config", str(config), typed=typed, **environment)
    told = f"`shoudan keys {command}` ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == code, told
    return (done.stdout if code == 0 else done.stderr).strip()


def write(path: Path, text: str) -> Path:
    path.write_text(text + "\n", encoding="utf-8")
    return path


@contextlib.contextmanager
def serving(config: Path, **environment: str) -> Iterator[None]:
    """The server on these settings, until it is told to stop."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SHOUDAN_")}
    command = [str(server.binary()), "serve", "--config", str(config)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=plain | environment
    )
    assert process.stdout is not None and process.stderr is not None
    lines = iter(process.stdout.readline, "")
    ready = any(line.strip() == "ready" for line in lines)
    if not ready:
        raise AssertionError(f"the server ended with {process.wait()} before it was ready\n{process.stderr.read()}")
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


def seeded(directory: Path) -> Path:
    """A demonstration that was started once and stopped: its database, with a master key at every terminal."""
    ports = [f"127.0.0.1:{server.free_port()}" for _ in range(2)]
    data = directory / "data-of-demo"
    command = [str(server.binary()), "demo", "--data", str(data), "--http", ports[0], "--terminals", ports[1], "--quiet"]
    log = directory / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sink)
    server._wait_until_ready(process, log)
    server._stop(process, log)
    made = json.loads((data / "keys").read_text(encoding="utf-8"))
    for name in ("data", "index"):
        write(directory / name, made[name])
    # A demonstration makes the master key of its key module from its data key.
    old = hashlib.sha256(b"key module\0" + bytes.fromhex(made["data"])).hexdigest()
    write(directory / "old", old)
    return data / "shoudan.db"


def test_stored_keys_move_to_a_new_master_key_and_the_old_one_can_be_thrown_away(tmp_path: Path):
    database = seeded(tmp_path)
    write(tmp_path / "new", "5a" * 32)
    old_alone = f'master = "{tmp_path / "old"}"'
    new_alone = f'master = "{tmp_path / "new"}"'
    both = f'{new_alone}\nearlier = ["{tmp_path / "old"}"]'

    # The zone key is sealed under the old one, as it was then.
    config = settings(tmp_path, database, old_alone, "test")
    sealed = keys("seal-zone", config, typed=ZONE_KEY + "\n")
    assert len(sealed) > 64 and ZONE_KEY not in sealed.upper()
    write(tmp_path / "zone", sealed)

    # Without the old key nothing can be moved, and that is said.
    config = settings(tmp_path, database, new_alone, "test")
    assert "the master key it stands under is not configured" in keys("rewrap", config, code=1)

    config = settings(tmp_path, database, both, "test")
    first = keys("rewrap", config)
    assert not first.startswith("0 keys moved"), first
    assert "every stored key stands under the current master key" in first
    [zone] = [line.rpartition(" ")[2] for line in first.splitlines() if "keys.zone" in line]
    assert zone != sealed and ZONE_KEY not in zone.upper()
    write(tmp_path / "zone", zone)
    # Broken off or not: what is moved already is not moved again.
    again = keys("rewrap", config)
    assert again.startswith("0 keys moved") and "keys.zone" not in again, again

    # From now on the old key opens nothing any more, and the server runs without it.
    config = settings(tmp_path, database, new_alone, "test")
    assert keys("rewrap", config).startswith("0 keys moved")
    with serving(config):
        pass


def test_what_cannot_be_done_is_said(tmp_path: Path):
    for name in ("data", "index", "master"):
        write(tmp_path / name, "00" * 32)
    database = tmp_path / "nowhere.db"
    config = settings(tmp_path, database, f'master = "{tmp_path / "master"}"', "test")
    assert "[keys.pkcs11]" in keys("make-master", config, code=1)
    assert "start the server on it first" in keys("rewrap", config, code=1)
    assert not database.exists(), "and makes none"
    assert "8 or 16 expected" in keys("seal-zone", config, code=1, typed="0123\n")
    config = settings(tmp_path, database, f'master = "{tmp_path / "master"}"', "production")
    assert "[keys.pkcs11]" in keys("seal-zone", config, code=1, typed=ZONE_KEY + "\n")


# In a token ---------------------------------------------------------------------------------


@pytest.fixture
def token(tmp_path: Path) -> dict[str, str]:
    """A new token of SoftHSM; the environment in which it is found."""
    tool, library = shutil.which("softhsm2-util"), next((each for each in LIBRARIES if each.exists()), None)
    assert tool and library, "SoftHSM is not installed: run these through `cargo xtask test --only python`"
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    config = write(tmp_path / "softhsm2.conf", f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR")
    environment = {"SOFTHSM2_CONF": str(config)}
    made = [tool, "--init-token", "--free", "--label", "till", "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(made, env=os.environ | environment, check=True, capture_output=True)
    write(tmp_path / "pin", PIN)
    return environment | {"library": str(library)}


def in_token(directory: Path, library: str, *masters: str) -> str:
    """The settings of a token whose first master key seals."""
    earlier = json.dumps(list(masters[1:]))
    return f"""
[keys.pkcs11]
library = "{library}"
token = "till"
pin = "{directory / "pin"}"
master = "{masters[0]}"
earlier = {earlier}
"""


def test_in_production_the_master_key_is_made_in_the_token_and_the_server_runs_on_it(tmp_path: Path, token: dict[str, str]):
    library = token.pop("library")
    for name in ("data", "index"):
        write(tmp_path / name, os.urandom(32).hex())
    database = tmp_path / "shoudan.db"

    config = settings(tmp_path, database, in_token(tmp_path, library, "master-1"), "production")
    told = keys("seal-zone", config, code=1, typed=ZONE_KEY + "\n", **token)
    assert "shoudan keys make-master" in told, "it says what comes first"
    assert "master-1" in keys("make-master", config, **token)
    assert "already" in keys("make-master", config, code=1, **token), "a key is never made twice under one name"

    write(tmp_path / "zone", ZONE_KEY)
    refused = subprocess.run(
        [str(server.binary()), "serve", "--config", str(config)], env=os.environ | token, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1 and "seal-zone" in refused.stderr, "a zone key in clear is refused"
    sealed = keys("seal-zone", config, typed=ZONE_KEY + "\n", **token)
    write(tmp_path / "zone", sealed)
    with serving(config, **token):
        pass

    # The next master key: made beside the first, everything moved, the first no longer named.
    config = settings(tmp_path, database, in_token(tmp_path, library, "master-2", "master-1"), "production")
    keys("make-master", config, **token)
    moved = keys("rewrap", config, **token)
    write(tmp_path / "zone", moved.rpartition(" ")[2])
    config = settings(tmp_path, database, in_token(tmp_path, library, "master-2"), "production")
    with serving(config, **token):
        pass

    write(tmp_path / "pin", "0000")
    assert "PIN" in keys("rewrap", config, code=1, **token)
