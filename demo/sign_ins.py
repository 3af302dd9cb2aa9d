"""Who can sign in to the demo: passwords made up once and kept beside its database."""

import json
import os
import secrets
from pathlib import Path

_WORDS = ("moyang", "hailing", "yangchun", "yangxi", "dongping", "zhapo", "lingxiao", "chunwan")


class SignIns:
    """login → password, in a file that only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "sign-ins.json"
        self._passwords: dict[str, str] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def password(self, login: str) -> str:
        """Return the password of a login, making one the first time."""
        if login not in self._passwords:
            self._passwords[login] = f"{secrets.choice(_WORDS)}-{secrets.randbelow(900_000) + 100_000}"
            self._save()
        return self._passwords[login]

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._passwords, file, indent=1)
