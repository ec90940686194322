"""Where the demo listens when its usual ports are taken."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from app.core.embedded import free_port
from demo.stack import Ports, choose_ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", free_port()))
        stranger.listen()
        yield stranger.getsockname()[1]


def test_a_taken_port_is_told_once_and_another_is_chosen(taken: int) -> None:
    said: list[str] = []
    ports = choose_ports(taken, None, said.append)
    chosen = [ports.web, ports.shop, ports.sign_in, ports.mails, ports.smtp]
    assert taken not in chosen
    assert len(set(chosen)) == 5
    assert said[0] == f"Port {taken} is taken; Avouch uses {ports.web} instead."
    assert not any(f"Port {ports.web} " in sentence for sentence in said)


def test_the_ports_of_last_time_are_kept() -> None:
    before = Ports.free()
    assert choose_ports(None, before, lambda sentence: pytest.fail(sentence)) == before


def test_to_a_browser_shop_and_avouch_are_different_sites() -> None:
    ports = Ports.free()
    assert ports.web_url.startswith("http://localhost:")
    assert ports.shop_url.startswith("http://127.0.0.1:")
