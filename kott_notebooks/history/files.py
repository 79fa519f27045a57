"""Files of a store: a local folder, or an object store by its address."""

from __future__ import annotations

import hashlib
import os
import sys
import uuid
from pathlib import Path
from typing import IO, TypeAlias

import pyarrow as pa
from pyarrow import fs

from kott_notebooks.errors import KottError

Place: TypeAlias = str | os.PathLike[str]
BLOCK = 2**20  # bytes read at once


def opened(store: Place) -> tuple[fs.FileSystem, str]:
    """Return the file system of a store and its path there.

    An address with a scheme (`s3://bucket/kott`, `memory://kott`) is opened with fsspec.
    """
    address = os.fspath(store) if isinstance(store, str | os.PathLike) else None
    if (
        not isinstance(address, str)
        or not address
        or "\0" in address
        or any("\ud800" <= one <= "\udfff" for one in address)
    ):
        raise KottError(f"The store must be a folder or an address, not {store!r}.")
    scheme, _, rest = address.partition("://")
    if not rest or scheme == "file":
        try:
            folder = Path(rest or address).expanduser().absolute()
        except RuntimeError as error:  # ~NAME of nobody
            raise KottError(
                f"The store must be a folder or an address, not {address!r}: {error}"
            ) from error
        if folder.is_file():
            raise KottError(f"The store must be a folder, and {folder} is a file.")
        return fs.LocalFileSystem(), str(folder)
    try:
        import fsspec
    except ImportError as error:
        raise KottError(
            f"A store at {scheme}:// needs fsspec: pip install 'kott_notebooks[store]' and the "
            f"package of fsspec for {scheme}."
        ) from error
    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ValueError, ImportError) as error:  # an unknown scheme, or its package is missing
        raise KottError(f"The store {address} cannot be opened: {error}") from error
    return fs.PyFileSystem(fs.FSSpecHandler(system)), path.rstrip("/")


def listed(system: fs.FileSystem, folder: str) -> list[str]:
    """List the names of files in a folder, by name; none where there is no folder."""
    entries = system.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    return sorted(one.base_name for one in entries if one.type == fs.FileType.File)


def folders(system: fs.FileSystem, folder: str) -> list[str]:
    """List the names of folders in a folder, by name."""
    entries = system.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    return sorted(one.base_name for one in entries if one.type == fs.FileType.Directory)


def read_bytes(system: fs.FileSystem, path: str) -> bytes:
    """Read a file."""
    with system.open_input_stream(path) as file:
        return bytes(file.read())


def write_once(system: fs.FileSystem, path: str, content: bytes) -> None:
    """Write a file that is there whole or not at all; FileExistsError where its name is taken.

    A local file is written under another name, then linked. An object store shows an object once it
    is whole; one that has no conditional writes is for one writer at a time.
    """
    if not isinstance(system, fs.LocalFileSystem):
        objects = system.handler.fs
        try:
            objects.pipe_file(path, content, mode="create")
        except (NotImplementedError, TypeError, ValueError):
            objects.pipe_file(path, content)
        return
    beside = Path(f"{path}.{uuid.uuid4().hex[:8]}.part")
    try:
        beside.write_bytes(content)
        flush(system, str(beside))
        try:
            os.link(beside, path)
        except FileExistsError:
            raise
        except OSError:  # a disk without links
            beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
    flush(system, str(Path(path).parent))


def flush(system: fs.FileSystem, path: str) -> None:
    """Wait until a file, or a folder's list of names, is on a local disk."""
    if not isinstance(system, fs.LocalFileSystem) or (os.name == "nt" and Path(path).is_dir()):
        return
    handle = os.open(path, os.O_RDWR if Path(path).is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(system: fs.FileSystem, path: str) -> IO[bytes] | None:
    """Lock a local file until it is closed or its process ends; BlockingIOError where it is locked.

    None for an object store, which has no locks.
    """
    if not isinstance(system, fs.LocalFileSystem):
        return None
    file = Path(path).open("ab")  # noqa: SIM115  # whoever asks for the lock closes it
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_nlink == 0:  # removed by who had the lock
                raise BlockingIOError(f"{path} is gone")
    except OSError as error:
        file.close()
        raise BlockingIOError(str(error)) from error
    return file


def digest(system: fs.FileSystem, path: str) -> tuple[int, str]:
    """Return a file's size in bytes and its SHA-256."""
    total, size = hashlib.sha256(), 0
    with system.open_input_stream(path) as file:
        while block := file.read(BLOCK):
            total.update(block)
            size += len(block)
    return size, total.hexdigest()


def remove(system: fs.FileSystem, folder: str) -> None:
    """Remove a folder and what is in it, if it is there."""
    try:
        system.delete_dir(folder)
    except (FileNotFoundError, pa.ArrowException):
        return
