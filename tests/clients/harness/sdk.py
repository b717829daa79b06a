"""openstacksdk, as one project."""

import itertools

import openstack.connection
import openstack.exceptions
from keystoneauth1.noauth import NoAuth
from keystoneauth1.session import Session

from harness.image import Image, Refused

KNOWN_PROPERTIES = ("hw_disk_bus", "os_distro")


class Sdk:
    """Talks to the server itself, and says who it is in headers of its own."""

    NAME = "sdk"

    def __init__(self, server_url, proxy, _home):
        connection = openstack.connection.Connection(
            session=Session(auth=NoAuth(endpoint=server_url)), image_endpoint_override=server_url
        )
        self._images = connection.image
        self._images.additional_headers.update(proxy.identity.headers())

    def create(self, name, disk=None, **fields):
        file = {"filename": str(disk.path), "disk_format": disk.format} if disk else {}
        if not disk:
            fields |= {"disk_format": "raw"}
        hidden = fields.pop("hidden", False)  # create_image would send it as a string
        fields |= fields.pop("properties", {})
        image = _call(
            self._images.create_image,
            name,
            container_format="bare",
            validate_checksum=True,
            wait=True,
            **file,
            **_attributes(fields),
        )
        if hidden:
            self.update(image.id, hidden=True)
        return self.show(image.id)

    def show(self, image_id):
        return _image(_call(self._images.get_image, image_id))

    def names(self, **filters):
        words = {"page_size": "limit", "after": "marker"}
        at_most = filters.pop("at_most", None)
        query = {words.get(key, key): value for key, value in filters.items()}
        if "property" in query:
            key, value = query.pop("property").split("=")
            query["properties"] = {key: value}
        if "hidden" in query:
            query["is_hidden"] = query.pop("hidden")
        if "member_status" in query:
            query["visibility"] = "shared"
        found = _call(lambda: list(itertools.islice(self._images.images(**query), at_most)))
        return [image.name for image in found]

    def update(self, image_id, **fields):
        fields |= fields.pop("properties", {})
        _call(self._images.update_image, image_id, **_attributes(fields))

    def remove_property(self, image_id, key):
        image = self._images.get_image(image_id)
        properties = {name: value for name, value in image.properties.items() if name != key}
        _call(self._images.update_image, image, properties=properties)

    def add_tag(self, image_id, tag):
        _call(self._images.add_tag, image_id, tag)

    def remove_tag(self, image_id, tag):
        _call(self._images.remove_tag, image_id, tag)

    def download(self, image_id, path):
        _call(self._images.download_image, image_id, stream=True, output=str(path))

    def deactivate(self, image_id):
        _call(self._images.deactivate_image, image_id)

    def reactivate(self, image_id):
        _call(self._images.reactivate_image, image_id)

    def delete(self, image_id):
        _call(self._images.delete_image, image_id, ignore_missing=False)

    def share(self, image_id, project_id):
        _call(self._images.add_member, image_id, member_id=project_id)

    def unshare(self, image_id, project_id):
        _call(self._images.remove_member, project_id, image=image_id, ignore_missing=False)

    def answer_share(self, image_id, project_id, status):
        _call(self._images.update_member, project_id, image_id, status=status)

    def members(self, image_id):
        found = _call(lambda: list(self._images.members(image_id)))
        return {member.member_id: member.status for member in found}


def _call(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except openstack.exceptions.SDKException as error:
        raise Refused(str(error)) from error


def _attributes(fields):
    words = {"hidden": "is_hidden", "protected": "is_protected"}
    return {words.get(key, key): value for key, value in fields.items()}


def _image(shown):
    return Image(
        id=shown.id,
        name=shown.name,
        status=shown.status,
        visibility=shown.visibility,
        disk_format=shown.disk_format,
        size=shown.size,
        virtual_size=shown.virtual_size,
        checksum=shown.checksum,
        hash_algorithm=shown.hash_algo,
        hash_value=shown.hash_value,
        hidden=shown.is_hidden,
        protected=shown.is_protected,
        min_disk=shown.min_disk,
        min_ram=shown.min_ram,
        owner=shown.owner_id,
        tags=frozenset(shown.tags),
        properties=_properties(shown),
    )


def _properties(shown):
    """The SDK makes attributes of the properties it knows, and adds some of its own."""
    known = {key: shown[key] for key in KNOWN_PROPERTIES if shown[key] is not None}
    others = {k: v for k, v in shown.properties.items() if not k.startswith("owner_specified.")}
    return known | others
