"""The `glance` command of python-glanceclient, as one project."""

import json

from harness.command import run
from harness.image import Image

CORE = {
    "checksum", "container_format", "created_at", "disk_format", "file", "id", "min_disk",
    "min_ram", "name", "os_hash_algo", "os_hash_value", "os_hidden", "owner", "protected",
    "schema", "self", "size", "status", "tags", "updated_at", "virtual_size", "visibility",
}  # fmt: skip


class GlanceCli:
    """Learns the shape of an image from the schema the server publishes."""

    NAME = "glance"

    def __init__(self, _server_url, proxy, home):
        self._home = home
        self._options = ["--os-image-url", proxy.url, "--os-auth-token", "unused"]

    def create(self, name, disk=None, **fields):
        options = ["--name", name, "--container-format", "bare"]
        options += ["--disk-format", disk.format if disk else "raw"]
        if disk:
            options += ["--file", str(disk.path)]
        created = _properties(self._run("image-create", *options, *_options(fields)))
        return self.show(created["id"])

    def show(self, image_id):
        return _image(self._run("image-show", "--max-column-width", "1000", image_id))

    def names(self, **filters):
        options = []
        for key, value in filters.items():
            match key:
                case "at_most":
                    options += ["--limit", str(value)]
                case "name" | "status":
                    options += ["--property-filter", f"{key}={value}"]
                case "property":
                    options += ["--property-filter", value]
                case "member_status":
                    options += ["--visibility", "shared", "--member-status", value]
                case _:
                    options += [f"--{key.replace('_', '-')}", str(value)]
        return [row["Name"] for row in _table(self._run("image-list", *options))]

    def update(self, image_id, **fields):
        self._run("image-update", *_options(fields), image_id)

    def remove_property(self, image_id, key):
        self._run("image-update", "--remove-property", key, image_id)

    def add_tag(self, image_id, tag):
        self._run("image-tag-update", image_id, tag)

    def remove_tag(self, image_id, tag):
        self._run("image-tag-delete", image_id, tag)

    def download(self, image_id, path):
        self._run("image-download", "--file", str(path), image_id)

    def deactivate(self, image_id):
        self._run("image-deactivate", image_id)

    def reactivate(self, image_id):
        self._run("image-reactivate", image_id)

    def delete(self, image_id):
        self._run("image-delete", image_id)

    def stores(self, *options):
        """What the service says of each of its stores, by their ids."""
        lines = (row["Value"] for row in _table(self._run("stores-info", *options)))
        return {store.pop("id"): store for store in json.loads(" ".join(lines))}

    def add_location(self, image_id, url, **validation):
        said = ["--validation-data", json.dumps(validation)] if validation else []
        self._run("add-location", "--url", url, *said, image_id)

    def upload(self, image_id, path, store):
        self._run("image-upload", "--file", str(path), "--store", store, image_id)

    def stores_of(self, image_id):
        """The stores that hold the data of an image."""
        shown = _properties(self._run("image-show", "--max-column-width", "1000", image_id))
        return shown["stores"].split(",") if shown.get("stores") else []

    def share(self, image_id, project_id):
        self._run("member-create", image_id, project_id)

    def unshare(self, image_id, project_id):
        self._run("member-delete", image_id, project_id)

    def answer_share(self, image_id, project_id, status):
        self._run("member-update", image_id, project_id, status)

    def members(self, image_id):
        rows = _table(self._run("member-list", "--image-id", image_id))
        return {row["Member ID"]: row["Status"] for row in rows}

    def _run(self, *words):
        return run(self._home, "glance", *self._options, *words)


def _options(fields):
    options = []
    for key, value in fields.items():
        match key, value:
            case "tags", tags:
                options += ["--tags", *tags]
            case "properties", properties:
                options += [
                    word for item in properties.items() for word in ("--property", "=".join(item))
                ]
            case _:
                options += [f"--{key.replace('_', '-')}", str(value)]
    return options


def _table(text):
    """The rows of a printed table, by their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def _properties(text):
    return {row["Property"]: row["Value"] for row in _table(text)}


def _image(text):
    shown = _properties(text)
    return Image(
        id=shown["id"],
        name=shown["name"],
        status=shown["status"],
        visibility=shown["visibility"],
        disk_format=shown["disk_format"],
        size=_number(shown["size"]),
        virtual_size=_number(shown["virtual_size"]),
        checksum=_text(shown["checksum"]),
        hash_algorithm=_text(shown["os_hash_algo"]),
        hash_value=_text(shown["os_hash_value"]),
        hidden=shown["os_hidden"] == "True",
        protected=shown["protected"] == "True",
        min_disk=int(shown["min_disk"]),
        min_ram=int(shown["min_ram"]),
        owner=shown["owner"],
        tags=frozenset(json.loads(shown["tags"])),
        properties={key: value for key, value in shown.items() if key not in CORE},
    )


def _text(text):
    return None if text == "None" else text


def _number(text):
    return int(text) if text.isdigit() else None
