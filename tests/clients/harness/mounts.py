"""Small filesystems of a test's own, which are full soon, or hang."""

import subprocess


def small(folder, mebibytes):
    """Mounts a filesystem that holds so much; gives what ends it."""
    folder.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder)
    return lambda: _unmount(folder)


def enlarge(folder, mebibytes):
    _run("mount", "-o", f"remount,size={mebibytes}m", folder)


class Freezing:
    """A filesystem that can be frozen, as one on a network hangs: whoever writes waits."""

    def __init__(self, folder, mebibytes):
        self._folder, disk = folder, folder.with_suffix(".disk")
        folder.mkdir(parents=True)
        with disk.open("wb") as file:
            file.truncate(mebibytes << 20)
        _run("mkfs.ext4", "-q", disk)
        _run("mount", "-o", "loop", disk, folder)
        (folder / "lost+found").rmdir()
        self._is_frozen = False

    def freeze(self):
        _run("fsfreeze", "-f", self._folder)
        self._is_frozen = True

    def thaw(self):
        if self._is_frozen:
            _run("fsfreeze", "-u", self._folder)
            self._is_frozen = False

    def remove(self):
        self.thaw()
        _unmount(self._folder)


def _unmount(folder):
    # Whatever still works there was killed, and may be about to end.
    _run("umount", "-l", folder)


def _run(*command):
    subprocess.run(command, check=True, timeout=60)
