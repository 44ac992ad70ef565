"""Damaged messages, read by the server's decoder and by one that is not ours. Needs no server, but cargo.

The long form is `cargo xtask campaign fuzz`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import fuzz_decoder

ROOT = Path(__file__).resolve().parent.parent
COUNT = 6000


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What the server's decoder made of mutated messages, one line each."""
    command = ["cargo", "run", "--quiet", "--package", "iso8583", "--example", "fuzz", "--", "0", str(COUNT)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.mark.timeout(600)
def test_both_decoders_accept_the_same_messages_and_read_the_same_in_them(lines):
    compared, accepted, found = fuzz_decoder.differences(lines)
    assert found == []
    assert compared == COUNT
    assert COUNT // 5 < accepted < COUNT * 4 // 5, "too easy or too hard a set of messages"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", ["t", "fields", "55", "60", "61", "48", "62", "35"])
def test_a_decoder_that_reads_one_thing_otherwise_is_found_out(lines, number):
    """Each part of the comparison can fail: a value that only one side has is a difference."""
    said = next(entry for entry in map(json.loads, lines) if entry.get(number) not in (None, [], {}, [None, None]))
    said[number] = "another"
    assert len(fuzz_decoder.differences([json.dumps(said)])[2]) == 1


def test_a_message_that_only_one_side_accepts_is_a_difference(lines):
    refused = next(entry for entry in map(json.loads, lines) if "t" not in entry)
    assert fuzz_decoder.differences([json.dumps(refused | {"t": "0200", "fields": {}})])[2]
