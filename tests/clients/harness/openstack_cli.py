"""The `openstack` command, as one project."""

import json

from harness.command import run
from harness.image import Image


class OpenStackCli:
    """Finds the service by version discovery, and lets the proxy say who is calling."""

    NAME = "openstack"

    def __init__(self, _server_url, proxy, home):
        self._home = home
        self._options = ["--os-auth-type", "none", "--os-endpoint", proxy.url]

    def create(self, name, disk=None, **fields):
        options = ["--container-format", "bare"]
        if disk:
            options += ["--disk-format", disk.format, "--file", str(disk.path)]
        hidden = fields.pop("hidden", False)  # only `image set` has an option for it
        image = _image(self._json("image", "create", *options, *_options(fields), name))
        if not hidden:
            return image
        self.update(image.id, hidden=True)
        return self.show(image.id)

    def show(self, image_id):
        return _image(self._json("image", "show", image_id))

    def names(self, **filters):
        words = {"page_size": "limit", "at_most": "max-items", "after": "marker"}
        options = []
        for key, value in filters.items():
            if key == "visibility":
                options += [f"--{value}"]
            elif key == "hidden":
                options += ["--hidden"]
            elif key == "member_status":
                options += ["--shared", "--member-status", value]
            else:
                options += [f"--{words.get(key, key)}", str(value)]
        return [row["Name"] for row in self._json("image", "list", *options)]

    def update(self, image_id, **fields):
        self._run("image", "set", *_options(fields), image_id)

    def remove_property(self, image_id, key):
        self._run("image", "unset", "--property", key, image_id)

    def add_tag(self, image_id, tag):
        self._run("image", "set", "--tag", tag, image_id)

    def remove_tag(self, image_id, tag):
        self._run("image", "unset", "--tag", tag, image_id)

    def download(self, image_id, path):
        self._run("image", "save", "--file", str(path), image_id)

    def deactivate(self, image_id):
        self._run("image", "set", "--deactivate", image_id)

    def reactivate(self, image_id):
        self._run("image", "set", "--activate", image_id)

    def delete(self, image_id):
        self._run("image", "delete", image_id)

    def share(self, image_id, project_id):
        self._run("image", "add", "project", image_id, project_id)

    def unshare(self, image_id, project_id):
        self._run("image", "remove", "project", image_id, project_id)

    def answer_share(self, image_id, project_id, status):
        option = {"accepted": "--accept", "rejected": "--reject", "pending": "--pending"}[status]
        self._run("image", "set", option, "--project", project_id, image_id)

    def members(self, image_id):
        rows = self._json("image", "member", "list", image_id)
        return {row["Member ID"]: row["Status"] for row in rows}

    def _json(self, *words):
        return json.loads(self._run(*words, "--format", "json"))

    def _run(self, *words):
        return run(self._home, "openstack", *self._options, *words)


def _options(fields):
    options = []
    for key, value in fields.items():
        match key, value:
            case "tags", tags:
                options += [word for tag in tags for word in ("--tag", tag)]
            case "properties", properties:
                options += [
                    word for item in properties.items() for word in ("--property", "=".join(item))
                ]
            case "visibility", visibility:
                options += [f"--{visibility}"]
            case "protected", protected:
                options += ["--protected" if protected else "--unprotected"]
            case "hidden", hidden:
                options += ["--hidden" if hidden else "--unhidden"]
            case _:
                options += [f"--{key.replace('_', '-')}", str(value)]
    return options


def _image(shown):
    properties = dict(shown.get("properties", {}))
    return Image(
        id=shown["id"],
        name=shown["name"],
        status=shown["status"],
        visibility=shown["visibility"],
        disk_format=shown.get("disk_format"),
        size=shown.get("size"),
        virtual_size=shown.get("virtual_size"),
        checksum=shown.get("checksum"),
        hash_algorithm=properties.pop("os_hash_algo", None),
        hash_value=properties.pop("os_hash_value", None),
        hidden=properties.pop("os_hidden", False),
        protected=shown["protected"],
        min_disk=shown["min_disk"],
        min_ram=shown["min_ram"],
        owner=shown["owner"],
        tags=frozenset(shown["tags"]),
        properties={k: v for k, v in properties.items() if not k.startswith("owner_specified.")},
    )
