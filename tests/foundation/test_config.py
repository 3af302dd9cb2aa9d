import base64

import pytest

from foundation.config import Settings, SettingsError

GOOD = {
    "DATABASE_URL": "sqlite:///var/voucher.db",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
    "INDEX_KEY": base64.b64encode(bytes(range(32, 64))).decode(),
}


def test_an_installation_is_read_from_the_environment():
    settings = Settings.from_environment(GOOD)
    assert settings.data_key == bytes(range(32))
    assert settings.secure_cookies, "without a word about the environment, it is production"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_refuses_to_start_and_is_named(name):
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**GOOD, name: " "})


@pytest.mark.parametrize(
    ("name", "weak"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "abcabcabc" * 8),
        ("DATA_KEY", "not base64!"),
        ("DATA_KEY", base64.b64encode(b"short").decode()),
        ("DATA_KEY", base64.b64encode(bytes(32)).decode()),
        ("INDEX_KEY", base64.b64encode(b"x" * 32).decode()),
        ("INDEX_KEY", base64.b64encode(bytes(range(33))).decode()),
    ],
)
def test_a_weak_secret_refuses_to_start_and_says_how_to_make_a_good_one(name, weak):
    with pytest.raises(SettingsError, match=f"{name}.*python3 -c"):
        Settings.from_environment({**GOOD, name: weak})


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("sqlite:////srv/voucher.db", "sqlite:////srv/voucher.db"),
    ],
)
def test_the_usual_spellings_of_a_database_address_are_understood(given, used):
    assert Settings.from_environment({**GOOD, "DATABASE_URL": given}).database_url == used


def test_other_databases_and_adapters_are_refused():
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        Settings.from_environment({**GOOD, "DATABASE_URL": "mysql://u@h/d"})
    with pytest.raises(SettingsError, match="SMS_ADAPTER"):
        Settings.from_environment({**GOOD, "SMS_ADAPTER": "pigeon"})


def test_secrets_are_not_in_the_settings_own_description():
    settings = Settings.from_environment(GOOD)
    assert GOOD["SECRET_KEY"] not in repr(settings)
    assert str(settings.data_key) not in repr(settings)
