"""Metadata definitions: every subcommand that both commands of people have for them."""

import json
import uuid

import pytest

from harness.command import run
from harness.image import Refused
from harness.proxy import Identity, IdentityProxy

IMAGE = "OS::Glance::Image"
FLAVOR = "OS::Nova::Flavor"


@pytest.fixture
def proxy(server_url):
    proxy = IdentityProxy(server_url, Identity("metadefs", ("admin", "member", "reader")))
    yield proxy
    proxy.close()


@pytest.fixture
def openstack(proxy, home):
    """The `openstack image metadef` command; what it prints is read as JSON where asked."""

    def openstack(line, *more, read=True):
        words = ["image", "metadef", *line.split(), *more]
        options = ["--os-auth-type", "none", "--os-endpoint", proxy.url]
        form = ["--format", "json"] if read else []
        printed = run(home, "openstack", *options, *words, *form)
        return json.loads(printed) if read else printed

    return openstack


@pytest.fixture
def glance(proxy, home):
    """The `glance md-…` commands of python-glanceclient; gives the cells of the printed table."""

    def glance(line, *more):
        options = ["--os-image-url", proxy.url, "--os-auth-token", "unused"]
        printed = run(home, "glance", *options, f"md-{line.split()[0]}", *line.split()[1:], *more)
        lines = [line for line in printed.splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][1:]

    return glance


@pytest.fixture
def name():
    return f"Test::{uuid.uuid4().hex[:12]}"


def test_openstack_image_metadef_namespace_and_resource_types(openstack, name):
    openstack(f"namespace create --display-name D --description d --public --protected {name}")
    shown = openstack(f"namespace show {name}")
    assert (shown["visibility"], shown["protected"]) == ("public", True)
    with pytest.raises(Refused, match="403|protected"):
        openstack(f"namespace delete {name}", read=False)
    openstack(f"namespace set --display-name E --private --unprotected {name}", read=False)
    shown = openstack(f"namespace show {name}")
    assert (shown["display_name"], shown["visibility"]) == ("E", "private")

    openstack(f"resource type association create {name} {IMAGE}", read=False)
    listed = openstack(f"resource type association list {name}")
    assert [row["Name"] for row in listed] == [IMAGE]
    assert IMAGE in {row["Name"] for row in openstack("resource type list")}
    listed = openstack(f"namespace list --resource-types {IMAGE} --visibility private")
    assert {"namespace": name} in [
        {key.lower(): value for key, value in row.items()} for row in listed
    ]
    openstack(f"resource type association delete {name} {IMAGE}", read=False)
    assert openstack(f"resource type association list {name}") == []

    openstack(f"namespace delete {name}", read=False)
    with pytest.raises(Refused):
        openstack(f"namespace show {name}")


def test_openstack_image_metadef_properties(openstack, name):
    openstack(f"namespace create {name}")
    schema = json.dumps({"minimum": 1, "enum": ["1", "2"]})
    openstack(f"property create --name p --title P --type integer {name} --schema", schema)
    shown = openstack(f"property show {name} p")
    assert (shown["title"], shown["type"], shown["minimum"]) == ("P", "integer", 1)
    openstack(f"property set --title Q --name q --type string --schema {{}} {name} p", read=False)
    assert [row["name"] for row in openstack(f"property list {name}")] == ["q"]
    openstack(f"property delete {name} q", read=False)
    assert openstack(f"property list {name}") == []
    openstack(f"namespace delete {name}", read=False)


def test_openstack_image_metadef_objects_and_tags(openstack, glance, name):
    openstack(f"namespace create {name}")
    openstack(f"object create --namespace {name} o")
    openstack(f"object update --name u {name} o", read=False)
    assert openstack(f"object show {name} u")["name"] == "u"
    assert [row["name"] for row in openstack(f"object list {name}")] == ["u"]
    with pytest.raises(Refused, match="unheard"):
        openstack(f"object property show {name} u unheard")
    openstack(f"object delete {name} u", read=False)
    assert openstack(f"object list {name}") == []

    openstack(f"namespace set --tag a {name}", read=False)
    assert glance(f"tag-list {name}") == [["a"]]
    openstack(f"namespace unset --all-tags {name}", read=False)
    assert glance(f"tag-list {name}") == []
    openstack(f"namespace delete {name}", read=False)


def test_glance_md_namespace_and_resource_types(glance, name):
    glance(f"namespace-create {name} --display-name D --visibility public --protected True")
    with pytest.raises(Refused, match="403"):
        glance(f"namespace-delete {name}")
    shown = dict(glance(f"namespace-update {name} --protected False --description d"))
    assert (shown["protected"], shown["description"], shown["display_name"]) == ("False", "d", "D")
    associate = f"resource-type-associate {name} --name {FLAVOR} --prefix hw:"
    assert dict(glance(associate))["prefix"] == "hw:"
    assert glance(f"namespace-resource-type-list {name}") == [[FLAVOR, "hw:", ""]]
    assert [name] in glance(f"namespace-list --resource-types {FLAVOR} --page-size 1")
    assert [FLAVOR] in glance("resource-type-list")
    glance(f"property-create {name} --name p --title P --type string --schema {{}}")
    shown = dict(glance(f"namespace-show {name} --resource-type {FLAVOR}"))
    assert shown["properties"] == '["hw:p"]'
    glance(f"resource-type-deassociate {name} {FLAVOR}")
    assert glance(f"namespace-resource-type-list {name}") == []
    glance(f"namespace-delete {name}")


def test_glance_md_namespace_import(glance, name, tmp_path):
    file = tmp_path / "namespace.json"
    objects = [{"name": "o", "properties": {"p": {"title": "P", "type": "string"}}}]
    tags = [{"name": "t"}]
    file.write_text(json.dumps({"namespace": name, "objects": objects, "tags": tags}))
    shown = dict(glance(f"namespace-import --file {file}"))
    assert (shown["objects"], shown["tags"]) == ('["o"]', '["t"]')
    assert ["title", "P"] in glance(f"object-property-show {name} o p")
    glance(f"namespace-delete {name}")


def test_glance_md_properties_and_objects(glance, name):
    glance(f"namespace-create {name}")
    schema = json.dumps({"minimum": 1})
    glance(f"property-create {name} --name p --title P --type integer --schema", schema)
    assert dict(glance(f"property-update {name} p --name q --title Q"))["minimum"] == "1"
    assert dict(glance(f"property-show {name} q"))["title"] == "Q"
    assert glance(f"property-list {name}") == [["q", "Q", "integer"]]
    glance(f"property-delete {name} q")
    glance(f"namespace-properties-delete {name}")

    schema = json.dumps({"description": "d", "properties": {}})
    glance(f"object-create {name} --name o --schema", schema)
    assert dict(glance(f"object-update {name} o --name u"))["description"] == "d"
    assert dict(glance(f"object-show {name} u"))["name"] == "u"
    assert glance(f"object-list {name}") == [["u", "d"]]
    glance(f"object-delete {name} u")
    glance(f"namespace-objects-delete {name}")
    glance(f"namespace-delete {name}")


def test_glance_md_tags(glance, name):
    def names():
        return sorted(row[0] for row in glance(f"tag-list {name}"))

    glance(f"namespace-create {name}")
    assert dict(glance(f"tag-create {name} --name a"))["name"] == "a"
    with pytest.raises(Refused, match="expected bytes"):  # the client fails before it asks
        glance(f"tag-create-multiple {name} --names b,c --append")
    glance(f"tag-create-multiple {name} --names d;e --delim ;")
    assert names() == ["d", "e"]
    assert dict(glance(f"tag-update {name} d --name f"))["name"] == "f"
    assert dict(glance(f"tag-show {name} f"))["name"] == "f"
    glance(f"tag-delete {name} f")
    assert names() == ["e"]
    glance(f"namespace-tags-delete {name}")
    assert names() == []
    glance(f"namespace-delete {name}")
