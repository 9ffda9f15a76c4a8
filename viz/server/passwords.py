"""Several passwords, kept as hashes in a file: `python -m viz.server.passwords NAME` makes a line of it.

A line is `name:scrypt$n$r$p$salt$hash`, salt and hash in base64. Lines that are empty or begin with # say
nothing.
"""

import asyncio
import base64
import binascii
import getpass
import hashlib
import hmac
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COST, BLOCK, LANES = 2**14, 8, 1
"""Of scrypt: 16 MiB and some 50 ms for each password that is tried."""
MOST_COST = 2**17
"""Of a line that another program made."""
MEMORY = 2**28
"""Bytes that scrypt may take."""
SALT, LENGTH = 16, 32
"""Bytes."""
LONGEST = 1024
"""Characters of a password that are looked at; more are no password."""


class PasswordFileError(Exception):
    """The file cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class HashedPassword:
    """A password as it is kept."""

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    def is_of(self, password: str) -> bool:
        """Return whether this is a password; takes as long whatever is wrong about it."""
        found = _scrypt(password, self.salt, self.cost, self.block, self.lanes, len(self.digest))
        return hmac.compare_digest(found, self.digest)


class PasswordFile:
    """The users of a file, which is read again when it has changed."""

    def __init__(self, path: str | Path, report: Callable[[str], None]) -> None:
        """Read the file.

        Args:
            path: of the file.
            report: hears that a file that has changed cannot be used: the users before stay.

        Raises:
            PasswordFileError: the file cannot be used.
        """
        self._path, self._report = Path(path), report
        self._stamp = self._now()
        self._users = users_of(self._read())
        self._nobody = hashed(base64.b64encode(os.urandom(SALT)).decode())
        """So that a name that there is not takes as long as one that there is."""

    async def lets_in(self, name: str, password: str) -> bool:
        """Return whether a user has this password, without keeping the server from others meanwhile."""
        return await asyncio.to_thread(self.knows, name, password)

    def knows(self, name: str, password: str) -> bool:
        """Return whether a user has this password."""
        self._follow()
        kept = self._users.get(name)
        right = (kept or self._nobody).is_of(password[:LONGEST])
        return right and kept is not None and len(password) <= LONGEST

    def _follow(self) -> None:
        """Read the file again if it has changed."""
        try:
            stamp = self._now()
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._users = users_of(self._read())
        except PasswordFileError as error:
            self._report(f"{error} The users before stay.")
        else:
            self._report(f"{self._path} was read again: {len(self._users)} users.")

    def _now(self) -> tuple[int, int]:
        try:
            there = self._path.stat()
        except OSError as error:
            raise PasswordFileError(
                f"The file of passwords {self._path} cannot be read: {error.strerror}."
            ) from error
        return there.st_mtime_ns, there.st_size

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise self._unread(why) from error

    def _unread(self, why: str | None) -> PasswordFileError:
        return PasswordFileError(f"The file of passwords {self._path} cannot be read: {why}.")


def users_of(text: str) -> dict[str, HashedPassword]:
    """Return the users that a file names.

    Raises:
        PasswordFileError: a line is none, a name comes twice, or there is none. No line is quoted.
    """
    users: dict[str, HashedPassword] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, kept = line.strip().partition(":")
        try:
            password = _parsed(kept)
        except (ValueError, binascii.Error) as error:
            raise PasswordFileError(
                f"Line {number} of the file of passwords is not name:scrypt$..., as "
                "python -m viz.server.passwords NAME makes it."
            ) from error
        if not name or name in users:
            raise PasswordFileError(
                f"Line {number} of the file of passwords has no name, or one that came before."
            )
        users[name] = password
    if not users:
        raise PasswordFileError(
            "The file of passwords names nobody. Add a line: python -m viz.server.passwords NAME"
        )
    return users


def hashed(password: str) -> HashedPassword:
    """Return a password as it is kept, with a salt of its own."""
    salt = os.urandom(SALT)
    return HashedPassword(COST, BLOCK, LANES, salt, _scrypt(password, salt, COST, BLOCK, LANES, LENGTH))


def line_of(name: str, password: str) -> str:
    """Return the line of a user."""
    kept = hashed(password)
    salt, digest = (base64.b64encode(part).decode() for part in (kept.salt, kept.digest))
    return f"{name}:scrypt${kept.cost}${kept.block}${kept.lanes}${salt}${digest}"


def _parsed(kept: str) -> HashedPassword:
    kind, *numbers, salt, digest = kept.split("$")
    cost, block, lanes = map(int, numbers)
    parts = [base64.b64decode(part, validate=True) for part in (salt, digest)]
    bounded = 2 <= cost <= MOST_COST and 1 <= block <= 16 and 1 <= lanes <= 4
    if kind != "scrypt" or cost & (cost - 1) or not bounded or not parts[0] or not 16 <= len(parts[1]) <= 64:
        raise ValueError("not scrypt, or beyond what is done here")
    if 128 * cost * block >= MEMORY:
        raise ValueError("more memory than is granted")
    return HashedPassword(cost, block, lanes, *parts)


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int, length: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=cost, r=block, p=lanes, dklen=length, maxmem=2 * MEMORY)


def main() -> int:
    """Ask for a password and print the line of a user; return the exit status."""
    if len(sys.argv) != 2 or not sys.argv[1].strip() or ":" in sys.argv[1] or sys.argv[1].startswith("#"):
        print("usage: python -m viz.server.passwords NAME >> passwords.txt", file=sys.stderr)
        return 2
    # From a terminal it is asked for unseen; from a pipe its first line is taken.
    asked = sys.stdin.isatty()
    password = getpass.getpass("Password: ") if asked else sys.stdin.readline().rstrip("\n")
    if not password or len(password) > LONGEST:
        print(f"A password has 1 to {LONGEST} characters.", file=sys.stderr)
        return 1
    if asked and getpass.getpass("Again: ") != password:
        print("The two are not the same.", file=sys.stderr)
        return 1
    print(line_of(sys.argv[1].strip(), password))
    return 0


if __name__ == "__main__":
    sys.exit(main())
