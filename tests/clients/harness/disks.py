"""Real disk images, made by the tools that operators use."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

FORMATS = ("qcow2", "raw", "vmdk", "iso")
DATA_BYTES = 3 * 1024 * 1024 + 512


@dataclass(frozen=True)
class Disk:
    """A disk image on this machine, and what a server must say about it."""

    format: str
    path: Path
    virtual_size: int

    @property
    def size(self):
        return self.path.stat().st_size

    def digest(self, algorithm):
        return digest(self.path, algorithm)


def digest(path, algorithm):
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def make(disk_format, folder):
    """Makes a disk image full of random data."""
    data = folder / f"data-for-{disk_format}.raw"
    data.write_bytes(os.urandom(DATA_BYTES))
    path = folder / f"disk.{disk_format}"
    if disk_format == "raw":
        data.rename(path)
        return Disk("raw", path, DATA_BYTES)
    if disk_format == "iso":
        _run("xorriso", "-as", "mkisofs", "-quiet", "-V", "GLANCE", "-o", str(path), str(data))
        return Disk("iso", path, path.stat().st_size)
    subformat = ["-o", "subformat=monolithicSparse"] if disk_format == "vmdk" else []
    _run("qemu-img", "convert", "-f", "raw", "-O", disk_format, *subformat, str(data), str(path))
    return Disk(disk_format, path, _up_to_sector(DATA_BYTES))


def _up_to_sector(size):
    return (size + 511) // 512 * 512


def _run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
