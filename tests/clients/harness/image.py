"""What every client is asked to do, and what an image looks like to the tests."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Image:
    """An image as a client showed it, freed from that client's ways of writing it."""

    id: str
    name: str
    status: str
    visibility: str
    disk_format: str | None = None
    size: int | None = None
    virtual_size: int | None = None
    checksum: str | None = None
    hash_algorithm: str | None = None
    hash_value: str | None = None
    protected: bool = False
    hidden: bool = False
    min_disk: int = 0
    min_ram: int = 0
    owner: str | None = None
    tags: frozenset = frozenset()
    properties: dict = field(default_factory=dict)


class Refused(Exception):
    """The client said that the server refused."""
