"""Sessions as the server keeps them: ks issued, found, ended; wrong passwords counted."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kott_notebooks.demo.backend.deployments import Deployment
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.catalogue import Account

ANONYMOUS_ID = "0"
_KEPT = 20_000  # sessions remembered; the oldest are forgotten first


@dataclass
class Ks:
    """One session: whom it stands for, and until when."""

    token: str
    partner_id: int
    account: Account | None  # None is the anonymous user
    created: int
    expiry: int
    udid: str = ""
    privileges: str = ""
    ended: bool = False

    @property
    def user_id(self) -> str:
        """Return the user's id; the anonymous user's is "0"."""
        return self.account.user_id if self.account else ANONYMOUS_ID


class Sessions:
    """All sessions of one partner, which expire by the server's clock."""

    def __init__(
        self,
        partner_id: int,
        accounts: Sequence[Account],
        deployment: Deployment,
        clock: Callable[[], float],
    ) -> None:
        self.partner_id = partner_id
        self.deployment = deployment
        self.clock = clock
        self.accounts = tuple(accounts)
        self._by_name = {account.username.lower(): account for account in accounts}
        self._open: dict[str, Ks] = {}
        self._refresh: dict[str, Account | None] = {}
        self._failures: dict[str, list[float]] = {}
        self._lock = threading.RLock()

    def account(self, user_id: str) -> Account | None:
        """Find who may log in with a user's id."""
        return next((one for one in self.accounts if one.user_id == user_id), None)

    def open(
        self,
        account: Account | None,
        *,
        udid: str = "",
        privileges: str = "",
        seconds: int | None = None,
    ) -> Ks:
        """Issue a ks: `v2|partner|` and random bytes, which mean nothing to anybody else."""
        now = int(self.clock())
        lasts = self.deployment.ks_seconds if seconds is None else seconds
        secret = f"v2|{self.partner_id}|".encode() + secrets.token_bytes(48)
        token = base64.urlsafe_b64encode(secret).decode()
        ks = Ks(token, self.partner_id, account, now, now + lasts, udid, privileges)
        with self._lock:
            self._open[token] = ks
            while len(self._open) > _KEPT:
                self._open.pop(next(iter(self._open)))
        return ks

    def find(self, token: str) -> Ks:
        """Find a live session by its ks, or by a TVP-API access token, which serves as one."""
        ks = self._open.get(token) or self._access(token)
        if ks is None:
            self._refuse_foreign(token)
            raise Refusal("InvalidKS")
        if ks.ended or self.clock() >= ks.expiry:
            raise Refusal("ExpiredKS")
        return ks

    def _access(self, token: str) -> Ks | None:
        for account in self.accounts:
            if account.access_token and secrets.compare_digest(
                account.access_token.encode(), token.encode("utf-8", "replace")
            ):
                now = int(self.clock())
                return Ks(token, self.partner_id, account, now, now + self.deployment.ks_seconds)
        return None

    def _refuse_foreign(self, token: str) -> None:
        """Refuse a ks that another partner issued, by that partner's number."""
        try:
            version, partner, _ = base64.urlsafe_b64decode(token).split(b"|", 2)
        except (binascii.Error, ValueError):
            return
        if version == b"v2" and partner.isdigit() and int(partner) != self.partner_id:
            raise Refusal("PartnerInvalid", partner=partner.decode())

    def end(self, ks: Ks) -> None:
        """End a session for good: from now on its ks is answered as expired."""
        ks.ended = True

    def check_partner(self, partner_id: int) -> None:
        """Refuse a partner that this server does not serve."""
        if partner_id != self.partner_id:
            raise Refusal("PartnerInvalid", partner=partner_id)

    def with_password(self, username: str, password: str) -> Account:
        """Find the account, or count a failure; too many in a row lock it for a while."""
        name = username.lower()
        with self._lock:
            self._check_lock(name)
            account = self._by_name.get(name)
            if account is None or not _same(account.password, password):
                self._failures.setdefault(name, []).append(self.clock())
                raise Refusal("WrongPasswordOrUserName")
            self._failures.pop(name, None)
            return account

    def _check_lock(self, name: str) -> None:
        failures = self._failures.get(name, [])
        if len(failures) < self.deployment.lock_after:
            return
        if self.clock() < failures[-1] + self.deployment.lock_seconds:
            raise Refusal("InsideLockTime")
        self._failures.pop(name)

    def with_pin(self, pin: str, secret: str) -> Account:
        """Find the account that a pin was made for; its secret must fit where it has one."""
        for account in self.accounts:
            if account.pin and _same(account.pin, pin) and _same(account.pin_secret or "", secret):
                return account
        raise Refusal("PinNotExists")

    def refresh_token(self, account: Account | None) -> str:
        """Issue a token that later opens a new session without a password."""
        known = account.refresh_token if account else None
        token = known or secrets.token_hex(16)
        with self._lock:
            self._refresh[token] = account
        return token

    def with_refresh_token(self, token: str) -> Account | None:
        """Find whom a refresh token stands for."""
        fixed = {a.refresh_token: a for a in self.accounts if a.refresh_token}
        known: dict[str, Account | None] = {**fixed, **self._refresh}
        if token not in known:
            raise Refusal("RefreshTokenFailed")
        return known[token]


def _same(known: str, given: str) -> bool:
    return secrets.compare_digest(known.encode(), given.encode("utf-8", "replace"))
