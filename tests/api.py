"""The JSON API as a client sees it."""

from __future__ import annotations

from typing import Any

import requests


class Api:
    """Requests to one server, with one API key or none. Paths are relative to the server's root."""

    def __init__(self, base: str, key: str | None = None) -> None:
        self.base = base.rstrip("/")
        self.session = requests.Session()
        # The machine's proxy settings have no business with a server on the loopback address.
        self.session.trust_env = False
        if key is not None:
            self.session.headers["Authorization"] = f"Bearer {key}"

    @classmethod
    def from_world(cls, world: dict) -> Api:
        """With the key that may do most: the first one that world.json lists."""
        return cls(base_url(world), world["api_keys"][0]["key"])

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.base + path, timeout=60, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.request("GET", path, params=query)

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        """Header names are written with underscores: `Idempotency_Key="…"`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, json=body, headers=named)


def base_url(world: dict) -> str:
    """world.json may give the address with its scheme or without."""
    http = world["http"].rstrip("/")
    return http if "://" in http else f"http://{http}"


def assert_problem(response: requests.Response, status: int) -> dict:
    """The answer is a problem document with this status; returns it."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    kind = response.headers["Content-Type"].partition(";")[0].strip()
    assert kind == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    for member in ("type", "title", "code"):
        assert isinstance(problem[member], str) and problem[member], f"`{member}` is missing in {problem}"
    return problem
