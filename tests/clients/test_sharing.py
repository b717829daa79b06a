"""Two projects: what one keeps to itself, and what it shares."""

import pytest

from harness import disks
from harness.image import Refused


@pytest.fixture
def shared(alice, bob, disk_of):
    """An image of alice, shared with bob, who has not answered."""
    image = alice.create("shared", disk_of("qcow2"))
    alice.share(image.id, bob.project_id)
    return image


def test_the_images_of_another_project_are_not_there(alice, bob, disk_of, tmp_path):
    image = alice.create("alice's own", disk_of("raw"))

    assert bob.names() == []
    with pytest.raises(Refused):
        bob.show(image.id)
    with pytest.raises(Refused):
        bob.download(image.id, tmp_path / "refused")
    with pytest.raises(Refused):
        bob.delete(image.id)


def test_a_shared_image_is_listed_once_its_member_accepts_it(alice, bob, shared):
    assert alice.members(shared.id) == {bob.project_id: "pending"}
    assert bob.names() == []
    assert bob.names(member_status="pending") == ["shared"]

    bob.answer_share(shared.id, bob.project_id, "accepted")

    assert alice.members(shared.id) == {bob.project_id: "accepted"}
    assert bob.names() == ["shared"]
    assert bob.names(member_status="pending") == []


def test_a_member_downloads_what_the_owner_uploaded(alice, bob, disk, tmp_path):
    image = alice.create("shared", disk)
    alice.share(image.id, bob.project_id)

    bob.download(image.id, tmp_path / "downloaded")

    assert disks.digest(tmp_path / "downloaded", "sha512") == disk.digest("sha512")


def test_a_rejected_image_is_not_listed_but_can_be_shown(alice, bob, shared):
    bob.answer_share(shared.id, bob.project_id, "rejected")

    assert alice.members(shared.id) == {bob.project_id: "rejected"}
    assert bob.names() == []
    assert bob.names(member_status="rejected") == ["shared"]
    assert bob.show(shared.id).owner == alice.project_id


def test_only_the_member_answers(alice, bob, shared):
    with pytest.raises(Refused):
        alice.answer_share(shared.id, bob.project_id, "accepted")

    assert alice.members(shared.id) == {bob.project_id: "pending"}


def test_a_member_changes_nothing(alice, bob, shared):
    with pytest.raises(Refused):
        bob.update(shared.id, name="stolen")
    with pytest.raises(Refused):
        bob.share(shared.id, "somebody else")
    with pytest.raises(Refused):
        bob.delete(shared.id)

    assert alice.show(shared.id).name == "shared"


def test_an_image_that_is_no_longer_shared_is_gone_for_its_member(alice, bob, shared):
    bob.answer_share(shared.id, bob.project_id, "accepted")

    alice.unshare(shared.id, bob.project_id)

    assert alice.members(shared.id) == {}
    assert bob.names() == []
    with pytest.raises(Refused):
        bob.show(shared.id)
