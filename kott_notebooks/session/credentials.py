"""Where login finds url, partner, user and secret: arguments, KOTT_*, a profile, a prompt.

Nothing here talks to a server.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from kott_notebooks.api.secrets import MASK, Secret, readable
from kott_notebooks.errors import CredentialsError, KottError, whole_number

SECRETS = ("password", "pin", "pin_secret", "app_token", "refresh_token", "ks")
PROFILE_KEYS = (
    *("url", "partner_id", "username", *SECRETS, "anonymous", "udid", "language", "currency"),
    *("user_id", "format", "api_version", "client_tag", "timeout"),
)


@dataclass(frozen=True)
class Credentials:
    """Who logs in where, and how."""

    url: str
    partner_id: int | None
    means: str  # password, pin, app_token, refresh_token, ks or anonymous
    username: str | None = None
    secrets: Mapping[str, Any] = field(default_factory=dict)  # Secrets; of app_token, a tuple
    settings: Mapping[str, Any] = field(default_factory=dict)  # language, udid ... of the profile


def find(given: Mapping[str, Any], profile: str | None = None) -> Credentials:
    """Gather credentials: arguments, then KOTT_* variables, then a profile, then a prompt.

    The first place that has a means of logging in (a ks, a token, a pin, a user, `anonymous`)
    decides it; each other setting comes from the first place that has it. A place that names
    another url gives no means, no user to act for and no device. Raises CredentialsError.
    """
    named = profile or os.getenv("KOTT_PROFILE")
    everywhere = [_typed(given), _environment(), _profile(named)]
    url = base_url(_needed(_merged(everywhere), "url"))
    own = base_url(everywhere[2].get("url", url))
    if own != url and (profile or (named and "url" not in everywhere[0])):
        what = "url" if "url" in everywhere[0] else "KOTT_URL"
        raise CredentialsError(
            f"The profile {named!r} is of {own}, and {what} names {url}: leave one of them out."
        )
    # secrets, users and devices beside another url belong to that server
    places = [place for place in everywhere if base_url(place.get("url", url)) == url]
    known = _merged(places)
    merged = {
        name: one
        for name, one in (_merged(everywhere) | known).items()
        if name not in ("user_id", "udid") or name in known
    }
    means, deciding = _means(places)
    secrets = {name: deciding[name] for name in SECRETS if name in deciding}
    username = deciding.get("username")
    if means == "password":
        username, secrets["password"] = _user_and_password(places)
    return Credentials(
        url,
        None if means == "ks" and "partner_id" not in merged else _partner(merged),
        means,
        username,
        _checked(means, secrets),
        merged,
    )


def configured(url: str | None = None, profile: str | None = None) -> bool:
    """Return whether `kott.login()` knows where to log in by itself.

    Parameters
    ----------
    url, profile : str, optional
        What `kott.login` will be given: either is enough.

    Returns
    -------
    bool
        True where KOTT_URL or KOTT_PROFILE is set, or the file of profiles has a `default`. A file
        that cannot be read counts: `kott.login()` then says what is wrong with it.

    See Also
    --------
    login

    Examples
    --------
    >>> session = kott.login() if kott.configured() else kott.demo.login()
    """
    if url or profile or os.environ.get("KOTT_URL") or os.environ.get("KOTT_PROFILE"):
        return True
    try:
        return "default" in tomllib.loads(config_path().read_text("utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def profiles() -> dict[str, dict[str, Any]]:
    """Return every profile of the file, secrets as Secrets; none where there is no file."""
    return {name: _profile(name) for name in _names()}


def base_url(url: str) -> str:
    """Return the server's own address: scheme, host and path before `/api_v3`."""
    try:
        parts = urlsplit(str(url).strip())
        _ = parts.port  # a ValueError where there is no such port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CredentialsError("url is not an address: write https://HOST, as your operator says.")
    if parts.username or parts.password or parts.query:
        raise CredentialsError("Leave user, password and query out of url: give them as arguments.")
    before = parts.path.split("/api_v3")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{before}"


def _environment() -> dict[str, Any]:
    return _typed(
        {
            name: conceal(name, os.getenv(f"KOTT_{name.upper()}"))
            for name in PROFILE_KEYS
            if os.getenv(f"KOTT_{name.upper()}")
        }
    )


def config_path() -> Path:
    """Name the file of profiles: KOTT_CONFIG, else kott/profiles.toml in the user's config folder.

    One in ~/.config, where earlier versions had it, is still read where there is no other.
    """
    if named := os.getenv("KOTT_CONFIG"):
        return Path(named)
    path = platformdirs.user_config_path("kott", appauthor=False) / "profiles.toml"
    former = Path(os.path.expanduser("~/.config/kott/profiles.toml"))  # there may be no home
    return former if former.exists() and not path.exists() else path


def _profile(name: str | None) -> dict[str, Any]:
    path = config_path()
    if not path.exists():
        if name:
            raise CredentialsError(f"There is no profile {name!r}: {path} does not exist.")
        return {}
    try:
        with path.open("rb") as file:
            _check_trust(path, os.fstat(file.fileno()))
            profiles = tomllib.load(file)
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # the parser's words may quote the line, and the line may be the password
        raise CredentialsError(f"{path} is not valid TOML: check its quotes.") from error
    if name and name not in profiles:
        raise CredentialsError(f"{path} has no profile {name!r}; it has {_sections(profiles)}.")
    chosen = profiles.get(name or "default", {})
    if not isinstance(chosen, dict):
        raise CredentialsError(f"{path}: {name or 'default'} is no section; write [NAME] above it.")
    unknown = [key for key in chosen if key not in PROFILE_KEYS]
    if unknown:
        raise CredentialsError(f"{path}: {', '.join(unknown)} means nothing in a profile.")
    return _typed({name: conceal(name, value) for name, value in chosen.items()})


def _check_trust(path: Path, file: os.stat_result) -> None:
    """Refuse a file of profiles that other users can read, or may have written.

    Whoever writes its url gets the password. Not checked on Windows.
    """
    if os.name != "posix":
        return
    if file.st_mode & 0o077:
        raise CredentialsError(f"Others can read {path}: run `chmod 600 {path}`, then try again.")
    folders = {path.parent, path.resolve().parent}
    for one, status in ((path, file), *((folder, folder.stat()) for folder in folders)):
        if status.st_uid not in (os.geteuid(), 0):
            raise CredentialsError(
                f"{one} belongs to another user (uid {status.st_uid}), who could write a profile "
                f"there: run `chown {os.geteuid()} {one}` to trust it, or set KOTT_CONFIG."
            )
        if status.st_mode & 0o022:
            raise CredentialsError(
                f"Others can write in {one}: run `chmod go-w {one}` to trust it, "
                "or set KOTT_CONFIG."
            )


def _names() -> list[str]:
    """List the profiles of the file."""
    try:
        held = tomllib.loads(config_path().read_text("utf-8"))
    except (OSError, ValueError):  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        return []
    return [name for name, one in held.items() if isinstance(one, dict)]


def _sections(profiles: Mapping[str, Any]) -> str:
    return ", ".join(one for one, held in profiles.items() if isinstance(held, dict)) or "none"


def conceal(name: str, value: Any) -> Any:
    """Wrap the value of a secret setting as a Secret; of an app token, each of its parts.

    Of a url, the user, password and query are masked: it is refused with them.
    """
    if name == "url" and isinstance(value, str):
        without_user = re.sub(r"(?s)^(\w+://)?.*@", rf"\1{MASK}@", value)
        return re.sub(r"(?s)(?<=[?#]).+", MASK, without_user)
    if name == "app_token" and isinstance(value, str):
        value = value.split(":")
    if name == "app_token" and isinstance(value, list | tuple):
        return tuple(one if isinstance(one, Secret) else Secret(readable(one)) for one in value)
    if name not in SECRETS or value is None or value == "" or isinstance(value, Secret):
        return value
    return Secret(readable(value))


def _typed(place: Mapping[str, Any]) -> dict[str, Any]:
    """Read the text forms of a flag, and leave out what is empty."""
    written = str(place.get("anonymous") or "no").lower()
    if written not in ("1", "true", "yes", "0", "false", "no"):
        raise CredentialsError(f"anonymous is true or false, not {written!r}.")
    typed = {**place, "anonymous": written in ("1", "true", "yes")}
    empty = (None, False, "")
    return {name: one for name, one in typed.items() if not any(one is none for none in empty)}


def _merged(places: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the public settings of all places; those of an earlier place count."""
    merged = {name: one for place in reversed(places) for name, one in place.items()}
    return {name: one for name, one in merged.items() if name not in SECRETS}


def _means(places: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Return the means of logging in, and the place that decides it."""
    for place in places:
        for means in ("ks", "app_token", "refresh_token", "pin", "anonymous"):
            if means in place:
                return means, place
        if "username" in place or "password" in place:
            return "password", place
    return "password", {}


def _user_and_password(places: list[dict[str, Any]]) -> tuple[str, Secret]:
    username = next((place["username"] for place in places if "username" in place), None)
    # a password beside another user's name is that user's
    fitting = [place for place in places if place.get("username", username) == username]
    password = next((place["password"] for place in fitting if "password" in place), None)
    if (username is None or password is None) and not someone_to_ask():
        missing = "username" if username is None else "password"
        raise CredentialsError(
            f"No {missing} to log in with: give {missing}=, set KOTT_{missing.upper()}, "
            f"write a profile in {config_path()}, or log in with anonymous=True."
        )
    return (
        username if username is not None else input("Username: "),
        password if password is not None else Secret(getpass.getpass("Password: ")),
    )


def someone_to_ask() -> bool:
    """Return whether a prompt would be seen: a terminal, or a notebook that can ask."""
    shell = sys.modules.get("IPython")
    kernel = getattr(shell and shell.get_ipython(), "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return bool(sys.stdin and sys.stdin.isatty())


def _checked(means: str, secrets: dict[str, Any]) -> dict[str, Any]:
    """Return the secrets that the means needs; CredentialsError for half an app token."""
    token = secrets.get("app_token")
    if means == "app_token" and (not isinstance(token, tuple) or len(token) not in (2, 3)):
        raise CredentialsError(
            "app_token is (id, token), or (id, token, 'SHA1') where its hashType is not SHA256; "
            "in KOTT_APP_TOKEN as id:token."
        )
    if means != "pin":
        secrets.pop("pin_secret", None)
    wanted = {"password": ("password",), "pin": ("pin", "pin_secret")}.get(means, (means,))
    return {name: value for name, value in secrets.items() if name in wanted}


def _needed(merged: Mapping[str, Any], name: str) -> Any:
    if name in merged:
        return merged[name]
    raise CredentialsError(
        f"No {name} to log in to: give {name}=, set KOTT_{name.upper()}, or write a profile in "
        f"{config_path()}. To try without an account: kott_notebooks.demo.login()."
    )


def _partner(merged: Mapping[str, Any]) -> int:
    value = _needed(merged, "partner_id")
    try:
        return whole_number("partner_id", int(value) if isinstance(value, str) else value)
    except (KottError, ValueError):
        raise CredentialsError(f"partner_id is a whole number, not {value!r}.") from None
