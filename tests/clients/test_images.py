"""One image: made, shown, changed, read back, taken out of service, deleted."""

import pytest

from harness import disks
from harness.image import Refused


def test_an_uploaded_image_is_active_and_described_by_its_data(alice, disk):
    image = alice.create("described", disk)

    assert image.status == "active"
    assert image.owner == alice.project_id
    assert image.disk_format == disk.format
    assert image.size == disk.size
    assert image.virtual_size == disk.virtual_size
    assert image.checksum == disk.digest("md5")
    assert image.hash_algorithm == "sha512"
    assert image.hash_value == disk.digest("sha512")


def test_a_downloaded_image_has_the_bytes_that_were_uploaded(alice, disk, tmp_path):
    image = alice.create("round trip", disk)

    alice.download(image.id, tmp_path / "downloaded")

    assert (tmp_path / "downloaded").stat().st_size == disk.size
    assert disks.digest(tmp_path / "downloaded", "sha512") == disk.digest("sha512")


def test_an_image_without_data_is_queued(alice):
    image = alice.create("empty")

    assert (image.status, image.size, image.checksum) == ("queued", None, None)


def test_a_new_image_has_the_attributes_it_was_created_with(alice):
    image = alice.create(
        "žluťoučký ✓",
        tags=["blue", "linux"],
        visibility="private",
        protected=True,
        min_disk=3,
        min_ram=512,
        properties={"os_distro": "debian", "hw_disk_bus": "virtio"},
    )

    shown = alice.show(image.id)
    assert shown.name == "žluťoučký ✓"
    assert shown.tags == {"blue", "linux"}
    assert shown.visibility == "private"
    assert shown.protected
    assert (shown.min_disk, shown.min_ram) == (3, 512)
    assert shown.properties == {"os_distro": "debian", "hw_disk_bus": "virtio"}


def test_attributes_and_properties_can_be_changed(alice):
    image = alice.create("before", properties={"colour": "red", "shape": "round"})

    alice.update(image.id, name="after", min_ram=64, hidden=True, properties={"colour": "blue"})
    alice.remove_property(image.id, "shape")

    shown = alice.show(image.id)
    assert (shown.name, shown.min_ram, shown.hidden) == ("after", 64, True)
    assert shown.properties == {"colour": "blue"}


def test_tags_come_and_go(alice):
    image = alice.create("tagged", tags=["first"])

    alice.add_tag(image.id, "second")
    alice.remove_tag(image.id, "first")

    assert alice.show(image.id).tags == {"second"}


def test_a_protected_image_is_deleted_only_after_its_protection_ends(alice):
    image = alice.create("protected", protected=True)

    with pytest.raises(Refused):
        alice.delete(image.id)
    alice.update(image.id, protected=False)
    alice.delete(image.id)

    assert alice.names() == []


def test_a_deactivated_image_is_downloaded_only_after_it_is_reactivated(alice, disk, tmp_path):
    image = alice.create("withdrawn", disk)

    alice.deactivate(image.id)
    assert alice.show(image.id).status == "deactivated"
    with pytest.raises(Refused):
        alice.download(image.id, tmp_path / "refused")

    alice.reactivate(image.id)
    assert alice.show(image.id).status == "active"
    alice.download(image.id, tmp_path / "allowed")
    assert disks.digest(tmp_path / "allowed", "md5") == image.checksum


def test_a_deleted_image_is_gone(alice, disk, tmp_path):
    image = alice.create("deleted", disk)

    alice.delete(image.id)

    with pytest.raises(Refused):
        alice.show(image.id)
    with pytest.raises(Refused):
        alice.download(image.id, tmp_path / "refused")
    with pytest.raises(Refused):
        alice.delete(image.id)


def test_only_an_administrator_makes_an_image_public(alice, bob, admin):
    image = alice.create("for all")

    with pytest.raises(Refused):
        alice.update(image.id, visibility="public")
    admin.update(image.id, visibility="public")

    assert bob.show(image.id).name == "for all"
    assert "for all" in bob.names(visibility="public", name="for all")
