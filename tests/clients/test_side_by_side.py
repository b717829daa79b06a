"""Drop-in both ways: `one` server writes and the `other` goes on; ours is one, then the other."""

import pytest

from harness.python_glance import manage_database
from harness.turns import DATA, Turns

LISTS = """
    limit=1000 visibility=all visibility=community visibility=private os_hidden=true tag=blue
    colour=%C5%BElut%C3%A1 protected=true owner=alice limit=3&sort=name:asc name=in:hidden,protected
    member_status=pending visibility=shared&member_status=all created_at=gte:2020-01-01T00:00:00Z
    status=active&size_min=1&sort_key=size
""".split()


@pytest.fixture(scope="module")
def turns(tmp_path_factory):
    folder = tmp_path_factory.mktemp("side-by-side")
    manage_database(folder, "sync")
    with Turns(folder) as turns:
        yield turns


@pytest.fixture(params=["ours, python", "python, ours"])
def sides(request, turns):
    return [getattr(turns, name) for name in request.param.split(", ")]


def test_everybody_sees_through_the_other_what_one_wrote(sides):
    one, other = sides
    described = {"tags": ["blue", "round"], "colour": "žlutá", "os_distro": "debian", "min_ram": 64}
    shared = one.alice.make("žluťoučký kůň", DATA, **described)
    one.alice.share(shared, "bob", "carol")
    one.bob.do("PUT", f"{shared}/members/bob", {"status": "accepted"})
    images = [
        shared,
        one.alice.make("private", b"private", visibility="private"),
        one.alice.make("community", b"", visibility="community", tags=["blue"]),
        one.operator.make("public", b"public", visibility="public", min_disk=1),
        one.alice.make("hidden", b"hidden", os_hidden=True),
        one.alice.make("protected", b"protected", protected=True),
        one.alice.make("queued"),
    ]
    pages = [f"{image}{part}" for image in images for part in ("", "/file", "/members")]
    pages += [f"/v2/images?{query}" for query in LISTS]

    before = [(page, caller.see(page)) for caller in one.callers for page in pages]
    after = [(page, caller.see(page)) for caller in other.callers for page in pages]

    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == []
    assert other.carol.see(shared).items() >= (described | {"status": "active"}).items()
    assert (other.bob.see(f"{shared}/file"), shared in other.bob.listed()) == (DATA, True)


def test_what_either_deletes_is_gone_with_its_file_and_its_id_stays_taken(sides, turns):
    one, other = sides
    images = [one.alice.make("full", DATA), one.alice.make("protected", DATA, protected=True)]
    assert all(turns.file_of(image).exists() for image in images)
    one.alice.do("DELETE", images[0])
    assert other.alice.ask("DELETE", images[1])[0] == 403
    other.alice.edit(images[1], ("replace", "/protected", False))
    other.alice.do("DELETE", images[1])

    assert not any(turns.file_of(image).exists() for image in images)
    for operator in (other.operator, one.operator):
        assert not {*images} & {*operator.listed("visibility=all")}
        for image in images:
            assert operator.see(image) == operator.see(f"{image}/file") == 404
            again = {"id": image.rpartition("/")[2]}
            assert operator.ask("POST", "/v2/images", again)[0] == 409


def test_one_edits_what_the_other_wrote_and_back(sides):
    one, other = (side.alice for side in sides)
    image = one.make("before", DATA, colour="red", shape="round", tags=["drop", "keep"])
    edits = {"name": "after", "os_hidden": True, "min_disk": 7, "shape": "square", "new": "yes"}
    other.edit(image, ("remove", "/colour"), *(("add", f"/{key}", edits[key]) for key in edits))
    other.do("DELETE", f"{image}/tags/drop")
    other.do("PUT", f"{image}/tags/added")
    edited = other.see(image)

    assert one.see(image) == edited
    assert edited.items() >= (edits | {"tags": ["added", "keep"]}).items()
    assert "colour" not in edited
    one.edit(image, ("add", "/colour", "blue"), ("replace", "/tags", ["drop"]))
    assert one.see(image).items() >= {"colour": "blue", "tags": ["drop"]}.items()
    assert (one.see(image), DATA) == (other.see(image), other.see(f"{image}/file"))


def test_an_image_is_handed_to_and_fro_in_every_state(sides):
    one, other = sides
    image = one.alice.make("queued")
    other.alice.fill(image, DATA)
    other.alice.share(image, "bob")
    assert one.bob.see(f"{image}/file") == DATA
    one.bob.do("PUT", f"{image}/members/bob", {"status": "accepted"})
    one.operator.do("POST", f"{image}/actions/deactivate")

    assert other.bob.see(f"{image}/file") == 403
    other.operator.do("POST", f"{image}/actions/reactivate")
    other.alice.do("DELETE", f"{image}/members/bob")

    assert (one.bob.see(image), one.alice.see(f"{image}/file")) == (404, DATA)
    one.alice.share(image, "bob")
    assert other.bob.see(f"{image}/members/bob")["status"] == "pending"


def test_glance_manage_and_python_accept_the_database_that_ours_made(tmp_path):
    with Turns(tmp_path) as turns:
        ours, python = turns.ours.alice, turns.python.alice
        image = ours.make("ours", DATA, tags=["blue"], colour="red")
        turns.end()
        assert manage_database(tmp_path, "version") == "2024_1_contract01"
        assert "up to date" in manage_database(tmp_path, "check")
        pages = [image, f"{image}/file", f"{python.make('python', DATA)}/file"]
        shown = [python.see(page) for page in pages]
        assert shown == [ours.see(page) for page in pages]
        assert shown[1:] == [DATA, DATA]
