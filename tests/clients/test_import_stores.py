"""Imports to several stores, in the words of both commands."""

import os
from dataclasses import dataclass

import pytest

from harness import http
from harness.imports import Setup

DATA = http.CHUNK * 3

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up servers of its own"
)


@dataclass(frozen=True)
class Words:
    """How a command is told to import what is staged, and where to."""

    command: str
    words: tuple
    near_and_far: tuple
    all_stores: tuple
    allow_failure: tuple
    disallow_failure: tuple

    def imported(self, setup, *options):
        """A new image that the command has imported, with its options."""
        image = setup.service.create()
        path = f"/v2/images/{image}/stage"
        status, said = setup.service.request("PUT", path, DATA, http.OCTETS)
        assert status == 204, said
        # The image stands first: `--store` takes all words that follow it.
        words = [word for option in options for word in option]
        getattr(setup, self.command)(*self.words, image, *words)
        setup.ended(image)
        return image


COMMANDS = (
    Words(
        command="openstack",
        words=("image", "import", "--method", "glance-direct"),
        # Of `--store near --store far`, the command sends the last alone.
        near_and_far=("--store", "near", "far"),
        all_stores=("--all-stores",),
        allow_failure=("--allow-failure",),
        disallow_failure=("--disallow-failure",),
    ),
    Words(
        command="glance",
        words=("image-import", "--import-method", "glance-direct"),
        near_and_far=("--stores", "near,far"),
        all_stores=("--all-stores", "True"),
        allow_failure=("--allow-failure", "True"),
        disallow_failure=("--allow-failure", "False"),
    ),
)


@pytest.fixture(params=COMMANDS, ids=lambda words: words.command)
def client(request):
    return request.param


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    setup = Setup(tmp_path_factory.mktemp("stores"))
    yield setup
    setup.end()


@pytest.fixture(scope="module")
def crippled(tmp_path_factory):
    """A server of whose stores one takes no data: there is a file where its folder was."""
    setup = Setup(tmp_path_factory.mktemp("crippled"))
    setup.places["far"].rmdir()
    setup.places["far"].touch()
    yield setup
    setup.end()


def test_the_data_goes_to_each_store_that_is_named(setup, client):
    image = client.imported(setup, client.near_and_far)

    setup.has(image, DATA, ["near", "far"])


def test_the_data_goes_to_all_stores(setup, client):
    image = client.imported(setup, client.all_stores, client.disallow_failure)

    setup.has(image, DATA, ["near", "far", "bucket"])


def test_a_store_that_fails_is_told_where_it_may_fail(crippled, client):
    image = client.imported(crippled, client.near_and_far, client.allow_failure)

    shown = crippled.service.show(image)
    assert (shown["status"], shown["stores"]) == ("active", "near")
    assert shown["os_glance_failed_import"] == "far"
    assert crippled.service.download(image) == len(DATA)


def test_a_store_that_fails_ends_the_import_where_it_may_not(crippled, client):
    image = client.imported(crippled, client.all_stores, client.disallow_failure)

    shown = crippled.service.show(image)
    assert (shown["status"], shown["size"]) == ("queued", None)
    assert shown["os_glance_failed_import"] == "far"
    assert crippled.task(image)["status"] == "failure"
    assert crippled.blobs(image) == set()
