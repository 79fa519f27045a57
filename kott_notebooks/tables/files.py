"""Files are complete or absent: a new one is written beside the old one, and replaces it.

All files of this package are written here, except snapshots, which have a store.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kott_notebooks.errors import KottError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield the path of a new file, which takes the place of `path` when the block has ended.

    If the block fails (the disk is full) or the process is killed, the file that was there stays
    as it was. Something other than a file, such as a pipe or /dev/null, is written to directly.
    Raises KottError where the file cannot be written.
    """
    target = Path(os.path.realpath(path))  # a symbolic link stays one
    if target.is_dir():
        raise KottError(f"{os.fspath(path)} is a folder: give the path of a file.")
    if target.exists() and not target.is_file():
        yield target
        return
    beside = target.with_name(f".{target.stem[:60]}-{uuid.uuid4().hex[:8]}{target.suffix}")
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        kept = " The file that was there is unchanged." if target.is_file() else ""
        why = error.strerror or error
        raise KottError(f"{os.fspath(path)} cannot be written: {why}.{kept}") from error
    finally:
        with suppress(NotADirectoryError):  # what should be the folder is a file
            beside.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], parts: Iterable[str]) -> Path:
    """Write a text file from its parts, as UTF-8 with the line ends that they have."""
    with replacing(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)
    return Path(path)
