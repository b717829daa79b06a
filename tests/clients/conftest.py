"""One server for all tests; fresh projects for each test; each test runs with every client."""

import json
import urllib.request
import uuid

import pytest

from harness import disks, server
from harness.glance_cli import GlanceCli
from harness.openstack_cli import OpenStackCli
from harness.proxy import Identity, IdentityProxy
from harness.sdk import Sdk

CLIENTS = (OpenStackCli, GlanceCli, Sdk)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory):
    running = server.start(tmp_path_factory.mktemp("server"))
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def disk_of(tmp_path_factory):
    """Makes the disk image of a format, once."""
    folder = tmp_path_factory.mktemp("disks")
    made = {}

    def disk_of(disk_format):
        if disk_format not in made:
            made[disk_format] = disks.make(disk_format, folder)
        return made[disk_format]

    return disk_of


@pytest.fixture(params=disks.FORMATS)
def disk(request, disk_of):
    return disk_of(request.param)


@pytest.fixture(params=CLIENTS, ids=lambda client: client.NAME)
def client_class(request):
    return request.param


@pytest.fixture
def new_project(server_url, client_class, home):
    """Makes a client for a project that nobody used before."""
    proxies = []

    def new_project(name, roles=("member", "reader")):
        identity = Identity(f"{name}-{uuid.uuid4().hex[:12]}", roles)
        proxy = IdentityProxy(server_url, identity)
        proxies.append(proxy)
        client = client_class(server_url, proxy, home)
        client.project_id, client.proxy = identity.project_id, proxy
        return client

    yield new_project
    for proxy in proxies:
        _delete_everything(proxy)
        proxy.close()


@pytest.fixture
def alice(new_project):
    return new_project("alice")


@pytest.fixture
def bob(new_project):
    return new_project("bob")


@pytest.fixture
def admin(new_project):
    return new_project("admin", ("admin", "member", "reader"))


def _delete_everything(proxy):
    """Leaves a server that outlives the tests as it was."""
    owner = proxy.identity.project_id
    for hidden in ("false", "true"):
        query = f"/v2/images?visibility=all&limit=1000&owner={owner}&os_hidden={hidden}"
        for image in json.load(_request(proxy, "GET", query))["images"]:
            path = f"/v2/images/{image['id']}"
            if image["protected"]:
                edit = [{"op": "replace", "path": "/protected", "value": False}]
                _request(proxy, "PATCH", path, json.dumps(edit).encode())
            _request(proxy, "DELETE", path)


def _request(proxy, method, path, body=None):
    headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    request = urllib.request.Request(proxy.url + path, body, headers, method=method)
    return urllib.request.urlopen(request, timeout=30)


def pytest_sessionfinish(session, exitstatus):
    """A test that was skipped is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
