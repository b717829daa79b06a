"""Disks by the tools that people make them with, in every format that these write."""

import os
import subprocess
from dataclasses import dataclass

DATA = os.urandom(1 << 20) + bytes(3 << 20)


@dataclass(frozen=True)
class Made:
    """A disk, what it is called in Glance, and what an upload of it must come to."""

    name: str
    format: str
    accepted: bool = True
    # Whether QEMU can tell how large the disk in it is.
    sized: bool = True
    # What oslo.utils finds, where that is something else.
    peer: tuple[str, bool] | None = None


DISKS = (
    Made("v2.qcow2", "qcow2"),
    Made("v3.qcow2", "qcow2"),
    Made("big.qcow2", "qcow2"),
    Made("small.qcow2", "qcow2"),
    Made("lazy.qcow2", "qcow2"),
    Made("zstd.qcow2", "qcow2"),
    Made("encrypted.qcow2", "qcow2"),
    Made("extended.qcow2", "qcow2", accepted=False),
    Made("backed.qcow2", "qcow2", accepted=False),
    Made("external.qcow2", "qcow2", accepted=False),
    Made("first.qcow", "qcow2", accepted=False),
    Made("disk.qed", "qed", accepted=False, sized=False),
    Made("monolithicSparse.vmdk", "vmdk"),
    Made("streamOptimized.vmdk", "vmdk"),
    Made("backed.vmdk", "vmdk", accepted=False, sized=False, peer=("vmdk", True)),
    # A descriptor of other files, which oslo.utils does not take for one.
    Made("monolithicFlat.vmdk", "vmdk", accepted=False, sized=False, peer=("raw", True)),
    Made("twoGbMaxExtentFlat.vmdk", "vmdk", accepted=False, sized=False, peer=("raw", True)),
    Made("twoGbMaxExtentSparse.vmdk", "vmdk", accepted=False, sized=False, peer=("raw", True)),
    Made("twoGbMaxExtentSparse-s001.vmdk", "vmdk", accepted=False, sized=False),
    Made("dynamic.vhd", "vhd"),
    Made("forced.vhd", "vhd"),
    Made("fixed.vhd", "raw"),
    Made("dynamic.vhdx", "vhdx"),
    Made("fixed.vhdx", "vhdx"),
    Made("dynamic.vdi", "vdi"),
    Made("static.vdi", "vdi"),
    Made("disk.hds", "raw"),
    Made("qemu.luks", "luks"),
    Made("luks1.raw", "luks"),
    Made("luks2.raw", "luks", accepted=False, sized=False),
    Made("plain.iso", "iso"),
    Made("hybrid.iso", "iso", sized=False, peer=("gpt,iso", False)),
    Made("gpt.raw", "gpt"),
    Made("ext4.raw", "raw"),
    Made("fat.raw", "raw"),
    Made("data.raw", "raw"),
)


def make(folder):
    """Makes all of them."""
    (folder / "data.raw").write_bytes(DATA)
    for path, disk_format, *options in CONVERTED:
        chosen = [word for option in options for word in ("-o", option)]
        _run(folder, "qemu-img", "convert", "-O", disk_format, *chosen, "data.raw", path)
    for path, *arguments in CREATED:
        _run(folder, "qemu-img", "create", "-q", *arguments[:-1], path, *arguments[-1:])
    (folder / "tree").mkdir()
    (folder / "tree" / "file").write_bytes(DATA)
    iso = ("xorriso", "-as", "mkisofs", "-quiet")
    _run(folder, *iso, "-o", "plain.iso", "tree")
    hybrid = ("-isohybrid-gpt-basdat", "-partition_offset", "16")
    _run(folder, *iso, *hybrid, "-o", "hybrid.iso", "tree")
    for name, *command in FORMATTED:
        (folder / name).write_bytes(bytes(20 << 20))
        _run(folder, *command, name, passphrase="cryptsetup" in command[0])


CONVERTED = (
    ("v2.qcow2", "qcow2", "compat=0.10"),
    ("v3.qcow2", "qcow2"),
    ("big.qcow2", "qcow2", "cluster_size=2M"),
    ("small.qcow2", "qcow2", "cluster_size=512"),
    ("lazy.qcow2", "qcow2", "lazy_refcounts=on"),
    ("zstd.qcow2", "qcow2", "compression_type=zstd"),
    ("extended.qcow2", "qcow2", "extended_l2=on"),
    ("first.qcow", "qcow"),
    ("disk.qed", "qed"),
    ("monolithicSparse.vmdk", "vmdk", "subformat=monolithicSparse"),
    ("streamOptimized.vmdk", "vmdk", "subformat=streamOptimized"),
    ("monolithicFlat.vmdk", "vmdk", "subformat=monolithicFlat"),
    ("twoGbMaxExtentFlat.vmdk", "vmdk", "subformat=twoGbMaxExtentFlat"),
    ("twoGbMaxExtentSparse.vmdk", "vmdk", "subformat=twoGbMaxExtentSparse"),
    ("dynamic.vhd", "vpc"),
    ("forced.vhd", "vpc", "force_size=on"),
    ("fixed.vhd", "vpc", "subformat=fixed,force_size=on"),
    ("dynamic.vhdx", "vhdx"),
    ("fixed.vhdx", "vhdx", "subformat=fixed"),
    ("dynamic.vdi", "vdi"),
    ("static.vdi", "vdi", "static=on"),
    ("disk.hds", "parallels"),
)

_SECRET = ("--object", "secret,id=s,data=passphrase")
_ENCRYPTED = "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10"

CREATED = (
    ("encrypted.qcow2", "-f", "qcow2", *_SECRET, "-o", _ENCRYPTED, "4M"),
    ("external.qcow2", "-f", "qcow2", "-o", "data_file=external.raw", "4M"),
    ("backed.qcow2", "-f", "qcow2", "-b", "v3.qcow2", "-F", "qcow2", "4M"),
    ("backed.vmdk", "-f", "vmdk", "-b", "monolithicSparse.vmdk", "-F", "vmdk", "4M"),
    ("qemu.luks", "-f", "luks", *_SECRET, "-o", "key-secret=s,iter-time=10", "4M"),
)

_LUKS = ("cryptsetup", "--batch-mode", "--key-file=-", "--pbkdf=pbkdf2")
_QUICK = "--pbkdf-force-iterations=1000"

FORMATTED = (
    ("luks1.raw", *_LUKS, _QUICK, "--type=luks1", "luksFormat"),
    ("luks2.raw", *_LUKS, _QUICK, "--type=luks2", "luksFormat"),
    ("gpt.raw", "sgdisk", "--new=1:2048:4095"),
    ("ext4.raw", "mkfs.ext4", "-q"),
    ("fat.raw", "mkfs.vfat"),
)


def _run(folder, *command, passphrase=False):
    given = b"passphrase" if passphrase else None
    subprocess.run(command, cwd=folder, check=True, input=given, stdout=subprocess.DEVNULL)
