"""Finding images: filters, order and pages."""

import pytest

from harness.glance_cli import GlanceCli
from harness.openstack_cli import OpenStackCli
from harness.sdk import Sdk

NAMES = [f"image-{number:02}" for number in range(7)]


def with_clients(*classes):
    """Runs a test with these clients only, because the others lack the option."""
    return pytest.mark.parametrize(
        "client_class", classes, ids=lambda client: client.NAME, indirect=True
    )


@pytest.fixture
def ids(alice, server_url, home):
    """Seven images of alice, made in another order than that of their names; by name."""
    maker = Sdk(server_url, alice.proxy, home)
    return {
        NAMES[number]: maker.create(
            NAMES[number],
            tags=["all", "even" if number % 2 == 0 else "odd"],
            properties={"rank": "low" if number < 3 else "high"},
        ).id
        for number in (3, 0, 6, 2, 5, 1, 4)
    }


@pytest.fixture
def seven(alice, ids):
    return alice


def test_a_list_holds_every_image_of_the_project_once(seven):
    assert sorted(seven.names()) == NAMES


def test_images_are_sorted_by_the_key_that_is_asked_for(seven):
    assert seven.names(sort="name:asc") == NAMES
    assert seven.names(sort="name:desc") == NAMES[::-1]
    assert seven.names(sort="status:desc,name:desc") == NAMES[::-1]


@with_clients(GlanceCli, Sdk)
@pytest.mark.parametrize("page_size", [1, 3, 7, 10])
def test_pages_together_are_the_whole_list(seven, page_size):
    assert seven.names(sort="name:asc", page_size=page_size) == NAMES


@with_clients(GlanceCli, Sdk)
def test_pages_keep_their_filters(seven):
    even = seven.names(tag="even", sort="name:desc", page_size=2)

    assert even == ["image-06", "image-04", "image-02", "image-00"]


@with_clients(GlanceCli, Sdk)
def test_a_list_can_end_early(seven):
    assert seven.names(sort="name:asc", page_size=2, at_most=3) == NAMES[:3]


@with_clients(Sdk)
def test_a_list_can_begin_after_a_known_image(seven, ids):
    assert seven.names(sort="name:asc", after=ids["image-02"]) == NAMES[3:]


@with_clients(OpenStackCli)  # which sorts what it got: its pages have the order of the server
def test_a_page_is_as_long_as_asked_and_begins_after_its_marker(seven, ids):
    assert len(seven.names(page_size=3)) == 3
    assert len(seven.names(at_most=5)) == 5

    followers = [seven.names(after=image_id) for image_id in ids.values()]

    assert sorted(len(names) for names in followers) == [0, 1, 2, 3, 4, 5, 6]


def test_images_are_found_by_name(seven):
    assert seven.names(name="image-04") == ["image-04"]
    assert seven.names(name="image") == []


def test_images_are_found_by_property(seven):
    assert sorted(seven.names(property="rank=low")) == NAMES[:3]
    assert seven.names(property="rank=middle") == []


def test_images_are_found_by_tag(seven):
    assert sorted(seven.names(tag="odd")) == NAMES[1::2]


def test_images_are_found_by_status(seven, disk_of):
    seven.create("with data", disk_of("raw"))

    assert seven.names(status="active") == ["with data"]
    assert sorted(seven.names(status="queued")) == NAMES


def test_images_are_found_by_visibility(alice):
    alice.create("mine", visibility="private")
    alice.create("to share", visibility="shared")
    alice.create("for the community", visibility="community")

    assert alice.names(visibility="private") == ["mine"]
    assert alice.names(visibility="shared") == ["to share"]
    assert "for the community" in alice.names(visibility="community", name="for the community")


def test_a_hidden_image_is_listed_only_among_the_hidden(alice):
    image = alice.create("out of sight", hidden=True)
    alice.create("in sight")

    assert alice.names() == ["in sight"]
    assert alice.names(hidden=True) == ["out of sight"]
    assert alice.show(image.id).hidden
