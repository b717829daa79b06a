"""Servers that share answers of a real Keystone about tokens in a memcached, until it dies."""

import os
import socket
import subprocess
import uuid

import pytest

from harness import keystone
from harness.backends import wait_until
from harness.nodes import Node, files
from harness.proxy import Proxy
from harness.server import free_port

VALIDATION = "GET /v3/auth/tokens?nocatalog"

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="starts two servers of its own"
)


class Memcached:
    """A memcached of a test's own."""

    def __init__(self):
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        command = ["memcached", "-l", "127.0.0.1", "-p", str(self._port), "-u", "nobody"]
        self._process = subprocess.Popen(command)
        assert wait_until(self._answers, 10)

    def items(self):
        """How many answers it keeps."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as line:
            line.sendall(b"stats\r\nquit\r\n")
            said = line.makefile("rb").read().split()
        return int(said[said.index(b"curr_items") + 1])

    def kill(self):
        self._process.kill()
        self._process.wait()

    def _answers(self):
        try:
            return self.items() == 0
        except ConnectionRefusedError:
            return False


@pytest.fixture
def memcached():
    server = Memcached()
    yield server
    server.kill()


@pytest.fixture
def way():
    """The Keystone of a region of its own, where requests are counted."""
    proxy = Proxy(keystone.url())
    proxy.region = f"counted-{uuid.uuid4().hex[:6]}"
    keystone.add_endpoints({proxy.region: proxy.url}, "identity", "internal")
    yield proxy
    proxy.close()


@pytest.fixture
def servers(tmp_path, memcached, way):
    shared = f"memcached_servers = {memcached.address}\nregion_name = {way.region}\n"
    pair = [
        Node(
            tmp_path / name, database=f"sqlite:///{tmp_path}/glance.sqlite", web=[1],
            stores={"near": files(tmp_path / "near")}, flavor="keystone",
            more=keystone.authtoken() + shared,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    pair[0].sync()
    for server in pair:
        server.start()
    yield pair
    for server in pair:
        server.stop()


def let_in(server, token):
    status, _, body = keystone.call("GET", f"{server.url}/v2/images", token)
    assert status == 200, body


def test_a_token_is_validated_for_all_and_by_each_where_memcached_is_dead(servers, memcached, way):
    one, two = servers
    token = keystone.token_of("alice", "alpha")

    let_in(one, token)
    assert wait_until(lambda: memcached.items() == 1, 10)
    for server in (two, one, two):
        let_in(server, token)
    assert way.asked.count(VALIDATION) == 1

    memcached.kill()
    for server in servers:
        let_in(server, token)
    assert way.asked.count(VALIDATION) == 1
    later = keystone.token_of("bob", "beta")
    for server in (one, two, one, two):
        let_in(server, later)
    assert way.asked.count(VALIDATION) == 3
