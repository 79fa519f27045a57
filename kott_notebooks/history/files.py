"""Where a store lies: a local folder, or an object store by its address; bytes in, bytes out."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
from pyarrow import fs

from kott_notebooks.errors import KottError

Place: TypeAlias = str | os.PathLike[str]
BLOCK = 2**20  # bytes read at once


def opened(store: Place) -> tuple[fs.FileSystem, str]:
    """Give the file system of a store and its path there.

    An address with a scheme (`s3://bucket/kott`, `memory://kott`) is opened with fsspec.
    """
    address = os.fspath(store)
    scheme, _, rest = address.partition("://")
    if not rest or scheme == "file":
        return fs.LocalFileSystem(), str(Path(rest or address).expanduser().absolute())
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
    found = system.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    return sorted(one.base_name for one in found if one.type == fs.FileType.File)


def folders(system: fs.FileSystem, folder: str) -> list[str]:
    """List the names of folders in a folder, by name."""
    found = system.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    return sorted(one.base_name for one in found if one.type == fs.FileType.Directory)


def read_bytes(system: fs.FileSystem, path: str) -> bytes:
    with system.open_input_stream(path) as file:
        return bytes(file.read())


def write_once(system: fs.FileSystem, path: str, content: bytes) -> None:
    """Write a file that is there whole or not at all; its name must be new.

    Locally it is written beside and moved in; an object store shows an object when it is whole.
    """
    local = isinstance(system, fs.LocalFileSystem)
    target = f"{path}.{uuid.uuid4().hex[:8]}.part" if local else path
    with system.open_output_stream(target) as file:
        file.write(content)
    if local:
        with Path(target).open("rb") as written:
            os.fsync(written.fileno())
        system.move(target, path)


def digest(system: fs.FileSystem, path: str) -> tuple[int, str]:
    """Give a file's size in bytes and its SHA-256."""
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
