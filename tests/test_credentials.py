"""Where login finds what it needs, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from kott_notebooks.api.secrets import Secret
from kott_notebooks.errors import CredentialsError
from kott_notebooks.session import credentials
from kott_notebooks.session.credentials import Credentials

PLACE: dict[str, Any] = {"url": "https://tv.example.com", "partner_id": 478}
USER: dict[str, Any] = {"username": "ann", "password": "hush-hush"}


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point KOTT_CONFIG at a file of our own, and clear every other variable."""
    for name in credentials.PROFILE_KEYS:
        monkeypatch.delenv(f"KOTT_{name.upper()}", raising=False)
    monkeypatch.delenv("KOTT_PROFILE", raising=False)
    path = tmp_path / "profiles.toml"
    monkeypatch.setenv("KOTT_CONFIG", str(path))
    return path


def find(profile: str | None = None, **given: Any) -> Credentials:
    wrapped = {name: credentials.conceal(name, value) for name, value in given.items()}
    return credentials.find(wrapped, profile)


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def test_arguments_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given wins over the environment."""
    monkeypatch.setenv("KOTT_URL", "https://other.example.com")
    monkeypatch.setenv("KOTT_KS", "djJ8-other")
    who = find(**PLACE, **USER)
    assert (who.url, who.means, who.username) == (PLACE["url"], "password", "ann")
    assert "ks" not in who.secrets


def test_the_environment_comes_before_the_profile(
    monkeypatch: pytest.MonkeyPatch, profiles: Path
) -> None:
    """KOTT_* fills what the arguments leave, the profile the rest."""
    write(profiles, '[default]\nurl = "https://p.example.com"\npartner_id = 9\nlanguage = "fra"\n')
    monkeypatch.setenv("KOTT_PARTNER_ID", "478")
    monkeypatch.setenv("KOTT_USERNAME", "ann")
    monkeypatch.setenv("KOTT_PASSWORD", "hush-hush")
    who = find()
    assert (who.url, who.partner_id, who.means) == ("https://p.example.com", 478, "password")
    assert who.settings["language"] == "fra"


def test_a_named_profile_is_read(profiles: Path) -> None:
    """By argument; `default` is the one without a name."""
    write(profiles, '[prod]\nurl = "https://p.example.com"\npartner_id = 9\nks = "djJ8-x"\n')
    assert find("prod").means == "ks"


@pytest.mark.parametrize(
    ("given", "means", "held"),
    [
        ({"ks": "djJ8-x"}, "ks", ["ks"]),
        ({"pin": "1234", "pin_secret": "s3cret"}, "pin", ["pin", "pin_secret"]),
        ({"app_token": ("id", "token")}, "app_token", ["app_token"]),
        ({"refresh_token": "r"}, "refresh_token", ["refresh_token"]),
        ({"anonymous": True}, "anonymous", []),
        (USER, "password", ["password"]),
    ],
)
def test_each_means_keeps_its_own_secrets(
    given: dict[str, Any], means: str, held: list[str]
) -> None:
    """And no others."""
    who = find(**PLACE, **given)
    assert who.means == means
    assert [name for name in credentials.SECRETS if name in who.secrets] == sorted(
        held, key=credentials.SECRETS.index
    )


@pytest.mark.parametrize(
    ("text", "means"),
    [("1", "anonymous"), ("Yes", "anonymous"), ("0", "password"), ("no", "password")],
)
def test_a_flag_in_the_environment_is_a_word(
    monkeypatch: pytest.MonkeyPatch, text: str, means: str
) -> None:
    """KOTT_ANONYMOUS is true or false in one of their forms; another word is refused."""
    monkeypatch.setenv("KOTT_ANONYMOUS", text)
    monkeypatch.setenv("KOTT_USERNAME", "ann")
    monkeypatch.setenv("KOTT_PASSWORD", "hush-hush")
    assert find(**PLACE).means == means
    monkeypatch.setenv("KOTT_ANONYMOUS", "maybe")
    with pytest.raises(CredentialsError, match="anonymous is true or false, not 'maybe'"):
        find(**PLACE)


def test_an_app_token_comes_as_text_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """KOTT_APP_TOKEN is id:token, or id:token:SHA1."""
    monkeypatch.setenv("KOTT_APP_TOKEN", "id:token:SHA1")
    held = find(**PLACE).secrets["app_token"]
    assert [one.reveal() for one in held] == ["id", "token", "SHA1"]


def test_a_half_app_token_is_refused() -> None:
    """The error says the form."""
    with pytest.raises(CredentialsError, match=r"app_token is \(id, token\)"):
        find(**PLACE, app_token=("id",))


def test_another_user_s_password_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user by argument does not take the password that stands beside another name."""
    monkeypatch.setenv("KOTT_USERNAME", "bob")
    monkeypatch.setenv("KOTT_PASSWORD", "bobs-own")
    with pytest.raises(CredentialsError, match="No password"):
        find(**PLACE, username="ann")


def test_one_server_s_password_is_not_sent_to_another(
    monkeypatch: pytest.MonkeyPatch, profiles: Path
) -> None:
    """What stands beside another url is for that url."""
    write(profiles, '[default]\nurl = "https://p.example.com"\nusername = "ann"\npassword = "x"\n')
    with pytest.raises(CredentialsError, match="No username"):
        find(**PLACE)
    monkeypatch.setenv("KOTT_URL", "https://tv.example.com/")
    monkeypatch.setenv("KOTT_KS", "djJ8-x")
    assert find().means == "ks"
    with pytest.raises(CredentialsError, match="No username"):
        find(url="https://other.example.com", partner_id=1)


def test_one_server_s_settings_are_not_used_at_another(profiles: Path) -> None:
    """A profile's user to act for and device are those of its url; preferences stay."""
    text = 'url = "https://p.example.com"\npartner_id = 9\nuser_id = "7"\nudid = "a"\n'
    write(profiles, f"[default]\n{text}")
    assert find(url="https://p.example.com/api_v3", **USER).settings["user_id"] == "7"
    assert not {"user_id", "udid"} & find(**PLACE, **USER).settings.keys()
    assert find(url="https://other.example.com", **USER).partner_id == 9


@pytest.mark.parametrize("how", ["argument", "KOTT_PROFILE"])
def test_a_named_profile_of_another_server_is_refused(
    monkeypatch: pytest.MonkeyPatch, profiles: Path, how: str
) -> None:
    """KOTT_URL of production does not take the place of the profile that was asked for."""
    write(profiles, '[acceptance]\nurl = "https://p.example.com"\nusername = "ann"\n')
    monkeypatch.setenv("KOTT_URL", "https://tv.example.com")
    monkeypatch.setenv("KOTT_PROFILE", "acceptance" if how == "KOTT_PROFILE" else "")
    named = "acceptance" if how == "argument" else None
    message = "profile 'acceptance' is of https://p.example.com, and KOTT_URL names https://tv"
    with pytest.raises(CredentialsError, match=message):
        find(named, partner_id=478, ks="djJ8-x")


def test_a_lone_password_in_the_environment_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other name stands beside it."""
    monkeypatch.setenv("KOTT_PASSWORD", "hush-hush")
    assert find(**PLACE, username="ann").secrets["password"] == Secret("hush-hush")


def test_a_ready_ks_needs_no_partner() -> None:
    """The partner is in the ks."""
    assert find(url="https://tv.example.com", ks="djJ8-x").partner_id is None


def test_nobody_to_ask_is_an_error_that_says_where_to_write() -> None:
    """Without a terminal there is no prompt."""
    with pytest.raises(CredentialsError, match=r"No username.*KOTT_USERNAME"):
        find(**PLACE)
    with pytest.raises(CredentialsError, match=r"No url.*demo\.login"):
        find(**USER)
    with pytest.raises(CredentialsError, match="No partner_id"):
        find(url="https://tv.example.com", **USER)


def test_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the name on the screen, for the password unseen."""
    monkeypatch.setattr("sys.stdin", _Terminal())
    monkeypatch.setattr("builtins.input", lambda prompt: "ann")
    monkeypatch.setattr("getpass.getpass", lambda prompt: "hush-hush")
    who = find(**PLACE)
    assert (who.username, who.secrets["password"]) == ("ann", Secret("hush-hush"))


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_a_profile_that_others_can_read_is_refused(profiles: Path) -> None:
    """The error gives the command that mends it."""
    write(profiles, '[default]\nurl = "https://p.example.com"\n')
    profiles.chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod 600"):
        find(**USER)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_profile_in_a_folder_that_others_can_write_is_refused(
    profiles: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """They could put another file in its place; a link does not hide the folder."""
    folder = profiles.parent / "open"
    folder.mkdir()
    write(folder / "profiles.toml", '[default]\nurl = "https://p.example.com"\n')
    folder.chmod(mode)
    profiles.symlink_to(folder / "profiles.toml")
    for path in (folder / "profiles.toml", profiles):
        monkeypatch.setenv("KOTT_CONFIG", str(path))
        with pytest.raises(CredentialsError, match=r"Others can write in .*chmod go-w .* to trust"):
            find(**USER)


@pytest.mark.parametrize("which", ["file", "folder"])
def test_a_profile_of_another_user_is_refused(
    profiles: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """Root's and one's own are trusted; the message says how to trust others."""
    folder = profiles.parent / "theirs"
    folder.mkdir(mode=0o755)
    path = folder / "profiles.toml"
    write(path, '[default]\nurl = "https://p.example.com"\npartner_id = 9\n')
    monkeypatch.setenv("KOTT_CONFIG", str(path))
    assert find(**USER).partner_id == 9
    other = os.geteuid() + 1
    if os.geteuid() == 0:
        os.chown(path if which == "file" else folder, other, -1)
    else:  # who is not root cannot give a file away, but can be somebody else
        monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(CredentialsError, match=r"belongs to another user .*chown .* to trust it"):
        find(**USER)


def test_a_profile_that_cannot_be_read_is_an_error_of_ours(profiles: Path) -> None:
    """Not an OSError: here it is a folder."""
    profiles.mkdir(mode=0o700)
    with pytest.raises(CredentialsError, match="cannot be read"):
        find(**USER)


def test_a_profile_that_is_not_there_is_said(profiles: Path) -> None:
    """Without a file, and without the name in it."""
    with pytest.raises(CredentialsError, match="no profile 'prod'"):
        find("prod", **PLACE, **USER)
    write(profiles, "[test]\n")
    with pytest.raises(CredentialsError, match="has no profile 'prod'; it has test"):
        find("prod", **PLACE, **USER)


def test_a_slip_in_a_profile_is_said_without_its_words(profiles: Path) -> None:
    """Neither a bad line nor its password is quoted; an unknown name is."""
    write(profiles, '[default]\npassword = "hush-hush\n')
    with pytest.raises(CredentialsError, match="not valid TOML") as caught:
        find(**PLACE)
    assert "hush" not in str(caught.value)
    write(profiles, 'password = "hush-hush"\n')
    with pytest.raises(CredentialsError, match="password is no section") as caught:
        find("password", **PLACE)
    assert "hush" not in str(caught.value)
    write(profiles, '[default]\npasswort = "hush-hush"\n')
    with pytest.raises(CredentialsError, match="passwort means nothing") as caught:
        find(**PLACE)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://tv.example.com/", "https://tv.example.com"),
        ("https://tv.example.com/api_v3/", "https://tv.example.com"),
        ("https://tv.example.com:8443/v9/api_v3/service/asset", "https://tv.example.com:8443/v9"),
        (" http://127.0.0.1:80 ", "http://127.0.0.1:80"),
        ("HTTPS://TV.Example.com/Path/api_v3", "https://tv.example.com/Path"),
    ],
)
def test_a_url_is_cut_to_the_server(given: str, base: str) -> None:
    """People paste what they find."""
    assert credentials.base_url(given) == base


@pytest.mark.parametrize(
    "url",
    [
        "tv.example.com",
        "ftp://tv.example.com",
        "https://",
        "https://a:b@c",
        "a:hush@c",
        "http://[::1",
        "https://tv.example.com:99999",
    ],
)
def test_a_url_that_cannot_be_is_refused(url: str) -> None:
    """No scheme, no host, or a password in it."""
    with pytest.raises(CredentialsError, match="url") as caught:
        credentials.base_url(url)
    assert "hush" not in str(caught.value)


def test_a_partner_that_is_no_number_is_refused() -> None:
    """Ids of partners are numbers."""
    with pytest.raises(CredentialsError, match="partner_id is a whole number, not 'acme'"):
        find(url="https://tv.example.com", partner_id="acme", **USER)


def test_credentials_show_no_secret() -> None:
    """Their repr has *** in the place of each."""
    assert "hush" not in repr(find(**PLACE, **USER))


def test_profiles_are_in_the_config_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That of the system; one in ~/.config counts where there is no other."""
    monkeypatch.delenv("KOTT_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    chosen = tmp_path / "settings" / "kott" / "profiles.toml"
    former = tmp_path / ".config" / "kott" / "profiles.toml"
    assert credentials.config_path() == chosen
    for path in (former, chosen):
        path.parent.mkdir(parents=True)
        path.touch()
        assert credentials.config_path() == path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "canary"),
        ("pin", 12345),
        ("pin_secret", "canary"),
        ("app_token", ("id", "canary")),
        ("app_token", "id:canary:SHA1"),
        ("refresh_token", "canary"),
        ("ks", "canary"),
    ],
)
def test_every_secret_is_wrapped_where_it_is_read(
    name: str, value: Any, monkeypatch: pytest.MonkeyPatch, profiles: Path
) -> None:
    """From an argument, the environment and a profile."""
    user = {"username": "ann"} if name == "password" else {}
    extra = {"pin": "54321"} if name == "pin_secret" else {}
    assert "canary" not in repr(vars(find(**PLACE, **user, **extra, **{name: value})))
    text = value if isinstance(value, str) else ":".join(value) if isinstance(value, tuple) else "9"
    write(profiles, f'[default]\n{name} = "{text}"\n' + "".join('pin = "54321"' for _ in extra))
    assert "canary" not in repr(vars(find(**PLACE, **user)))
    monkeypatch.setenv(f"KOTT_{name.upper()}", text)
    who = find(**PLACE, **user, **extra)
    assert "canary" not in repr(vars(who))
    assert "12345" not in repr(vars(who))


def test_a_url_or_a_profile_is_enough_to_log_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Notebooks ask the demo partner only where nobody has said which other one to ask."""
    path = tmp_path / "profiles.toml"
    monkeypatch.setenv("KOTT_CONFIG", str(path))
    assert not credentials.configured()
    path.write_text('[acceptance]\nurl = "https://h.invalid"\n', "utf-8")
    assert not credentials.configured()
    for text in ('[default]\nurl = "https://h.invalid"\n', "not TOML ="):
        path.write_text(text, "utf-8")
        assert credentials.configured()
    path.unlink()
    for name in ("KOTT_PROFILE", "KOTT_URL"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "x")
            assert credentials.configured()
