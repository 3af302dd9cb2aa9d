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


def test_other_databases_are_refused():
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        Settings.from_environment({**GOOD, "DATABASE_URL": "mysql://u@h/d"})


@pytest.mark.parametrize(
    ("environment", "secure_cookies", "demo"),
    [("production", True, False), ("development", False, False), ("demo", False, True)],
)
def test_only_production_insists_on_https_and_only_the_demo_shows_messages(environment, secure_cookies, demo):
    settings = Settings.from_environment({**GOOD, "VOUCHER_ENV": environment})
    assert (settings.secure_cookies, settings.demo) == (secure_cookies, demo)


@pytest.mark.parametrize("wrong", ["prod", "Production", "", "staging"])
def test_an_unknown_environment_is_refused_and_the_known_ones_are_named(wrong):
    with pytest.raises(SettingsError, match=r"VOUCHER_ENV .* production, development, demo"):
        Settings.from_environment({**GOOD, "VOUCHER_ENV": wrong})


def test_proxies_are_counted_from_none():
    assert Settings.from_environment(GOOD).trusted_proxies == 0
    assert Settings.from_environment({**GOOD, "TRUSTED_PROXIES": "2"}).trusted_proxies == 2


@pytest.mark.parametrize("wrong", ["-1", "one", "1.5", "", "٢", "100"])
def test_another_number_of_proxies_is_refused(wrong):
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        Settings.from_environment({**GOOD, "TRUSTED_PROXIES": wrong})


def test_secrets_are_not_in_the_settings_own_description():
    settings = Settings.from_environment(GOOD)
    assert GOOD["SECRET_KEY"] not in repr(settings)
    assert str(settings.data_key) not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "adapter"), [("production", "none"), ("development", "simulator"), ("demo", "simulator")]
)
def test_nothing_is_paid_in_production_until_a_payment_service_is_named(environment, adapter):
    assert Settings.from_environment({**GOOD, "VOUCHER_ENV": environment}).payment_adapter == adapter
    named = Settings.from_environment({**GOOD, "VOUCHER_ENV": environment, "PAYMENT_ADAPTER": "none"})
    assert named.payment_adapter == "none"
