"""Fixtures: the running world, its terminals, its API and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import server
from api import Api, base_url
from pos import Card, Pos

pytest_plugins = ["browser"]


@pytest.fixture(scope="session", params=server.ENGINES)
def world(request: pytest.FixtureRequest) -> Iterator[dict]:
    """The seeded world of a running server, once on each database; world.json and a few things more.

    A test that needs one engine only says `@pytest.mark.parametrize("world", ["sqlite"], indirect=True)`.
    """
    with server.demo(request.param) as running:
        yield running


@pytest.fixture
def api(world: dict) -> Api:
    """The API with a key that may do everything."""
    return Api.from_world(world)


@pytest.fixture
def public(world: dict) -> Api:
    """The API without a key."""
    return Api(base_url(world))


@pytest.fixture(scope="session")
def card(world: dict) -> Card:
    """A card that the simulated issuer approves."""
    approved = [each for each in world["test_cards"] if each["outcome"] == "approved"]
    assert approved, f"no card has the outcome `approved`: {[each['outcome'] for each in world['test_cards']]}"
    first = approved[0]
    return Card(pan=first["pan"], track2=first["track2"], pin=first["pin"], outcome=first["outcome"])


@pytest.fixture(scope="session")
def unused_terminal(world: dict) -> Callable[[], Pos]:
    """Hands out a live terminal that no other test has touched, so that its batch is empty."""
    live = [entry for entry in world["terminals_list"] if entry["situation"] == "live"]
    assert len(live) >= 10, f"the seeded world promises ten live terminals and has {len(live)}"
    entries = iter(live)

    def take() -> Pos:
        entry = next(entries, None)
        assert entry is not None, "the tests use more live terminals than the world has"
        return Pos.from_world(world, entry)

    return take


@pytest.fixture
def pos(unused_terminal: Callable[[], Pos]) -> Pos:
    """A live terminal that has signed in, with an empty batch."""
    terminal = unused_terminal()
    reply = terminal.sign_in()
    assert reply.code == "00", f"a live terminal was refused at sign-in: {reply.code} {reply.text}"
    return terminal


@pytest.fixture(scope="session")
def shared_pos(unused_terminal: Callable[[], Pos]) -> Pos:
    """A live, signed-in terminal for tests that leave its batch as it is."""
    terminal = unused_terminal()
    reply = terminal.sign_in()
    assert reply.code == "00", f"a live terminal was refused at sign-in: {reply.code} {reply.text}"
    return terminal
