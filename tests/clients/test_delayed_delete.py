"""Deletes whose data goes later: one server deletes, and the scrubber of either removes the data."""

import sqlite3
import subprocess

import pytest

from harness.python_glance import PROGRAMS, manage_database
from harness.server import program
from harness.turns import DATA, Turns

OPTIONS = "[DEFAULT]\ndelayed_delete = true\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("delayed-delete")


@pytest.fixture(scope="module")
def turns(folder):
    manage_database(folder, "sync")
    with Turns(folder) as turns:
        turns.end()
        config = folder / "glance-api.conf"
        config.write_text(config.read_text().replace("[DEFAULT]\n", OPTIONS))
        yield turns


@pytest.fixture
def scrub(folder):
    """Runs the scrubber of a side."""
    commands = {
        "ours": [*program(), "scrub"],
        "python": [str(PROGRAMS / "glance-scrubber")],
    }

    def scrub(side, *arguments, code=0):
        command = [*commands[side], "--config-file", str(folder / "glance-api.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr

    return scrub


@pytest.fixture
def rows(folder):
    """How the image, its locations, and all else of it stand in the database."""

    def rows(image):
        ident = image.rpartition("/")[2]
        with sqlite3.connect(folder / "glance.sqlite") as database:
            select = database.execute
            found = {"image": select(
                "SELECT status, deleted, deleted_at IS NOT NULL FROM images WHERE id = ?", [ident]
            ).fetchall()}  # fmt: skip
            found["locations"] = select(
                "SELECT status, deleted, deleted_at IS NOT NULL FROM image_locations"
                " WHERE image_id = ?", [ident]
            ).fetchall()  # fmt: skip
            for table in ("image_properties", "image_tags", "image_members"):
                found[table] = select(
                    f"SELECT deleted, deleted_at IS NOT NULL FROM {table} WHERE image_id = ?",
                    [ident],
                ).fetchall()
        database.close()
        return found

    return rows


def full(caller):
    image = caller.make("full", DATA, tags=["blue"], colour="red")
    caller.share(image, "bob")
    return image


PENDING = {
    "image": [("pending_delete", 1, 1)],
    "locations": [("pending_delete", 1, 1)],
    "image_properties": [(1, 1)],
    "image_tags": [(1, 1)],
    "image_members": [(1, 1)],
}
SCRUBBED = PENDING | {"image": [("deleted", 1, 1)], "locations": [("deleted", 1, 1)]}


@pytest.mark.parametrize("deleting", ["ours", "python"])
@pytest.mark.parametrize("scrubbing", ["ours", "python"])
def test_either_scrubs_what_either_deleted(turns, scrub, rows, deleting, scrubbing):
    one = getattr(turns, deleting).alice
    other = getattr(turns, scrubbing).alice
    image = full(one)
    one.do("DELETE", image)

    assert rows(image) == PENDING
    assert turns.file_of(image).exists()
    assert other.see(image) == other.see(f"{image}/file") == 404
    turns.end()
    scrub(scrubbing)

    assert rows(image) == SCRUBBED
    assert not turns.file_of(image).exists()
    assert image not in one.listed()


@pytest.mark.parametrize("deleting", ["ours", "python"])
def test_what_either_deleted_comes_back_with_its_data(turns, scrub, rows, deleting):
    one, other = getattr(turns, deleting).alice, turns.python.alice
    image = full(one)
    before = one.see(image)
    one.do("DELETE", image)
    turns.end()

    ident = image.rpartition("/")[2]
    scrub("ours", "--restore", ident)
    scrub("ours", "--restore", ident, code=1)
    scrub("python")

    back = other.see(image)
    changed = {key for key in before | back if before.get(key) != back.get(key)}
    # Python Glance removes properties before the rest, as if somebody had.
    assert changed <= {"updated_at", "colour"}
    assert ("colour" in changed) == (deleting == "python")
    assert other.see(f"{image}/file") == DATA
    # Python's purge goes by the time of deletion alone, and would take the row.
    assert rows(image)["image_members"] == [(0, 0)]
    other.do("DELETE", image)
    turns.end()
    scrub("ours")
    assert not turns.file_of(image).exists()


@pytest.mark.parametrize("side", ["ours", "python"])
def test_a_deactivated_image_with_data_is_not_deleted(turns, rows, side):
    caller = getattr(turns, side).operator
    image = full(caller)
    caller.do("POST", f"{image}/actions/deactivate")

    assert caller.ask("DELETE", image)[0] == 400

    assert rows(image)["image"] == [("deactivated", 0, 0)]


@pytest.mark.parametrize("side", ["ours", "python"])
def test_an_image_without_data_is_deleted_at_once(turns, rows, side):
    caller = getattr(turns, side).alice
    image = caller.make("queued")

    caller.do("DELETE", image)

    assert rows(image)["image"] == [("deleted", 1, 1)]
