import stat

import pytest
from cryptography.fernet import Fernet

from mailconsole.common import secrets
from mailconsole.common.models import Secret

pytestmark = pytest.mark.django_db


def test_secret__stored__is_read_back_and_not_in_the_row():
    secrets.store_secret(name="ldap", value="hunter2")
    assert secrets.read_secret("ldap") == "hunter2"
    assert "hunter2" not in Secret.objects.get(name="ldap").ciphertext


def test_secret__stored_twice__is_the_second():
    secrets.store_secret(name="ldap", value="one")
    secrets.store_secret(name="ldap", value="two")
    assert secrets.read_secret("ldap") == "two"


def test_secret__unknown__refuses_by_name():
    with pytest.raises(secrets.SecretMissing, match="nothing-here"):
        secrets.read_secret("nothing-here")


def test_secret__of_another_key__refuses(settings, tmp_path):
    secrets.store_secret(name="ldap", value="x")
    settings.SECRETS_KEY_FILE = tmp_path / "other.key"
    with pytest.raises(secrets.SecretMissing, match="another key"):
        secrets.read_secret("ldap")


def test_secret__key_rotated__is_still_read(settings, tmp_path):
    settings.SECRETS_KEY_FILE = tmp_path / "secrets.key"
    secrets.store_secret(name="ldap", value="x")
    old = settings.SECRETS_KEY_FILE.read_text()
    settings.SECRETS_KEY_FILE.write_text(f"{Fernet.generate_key().decode()}\n{old}")
    assert secrets.read_secret("ldap") == "x"


def test_key_file__made_at_first_use__is_private(settings, tmp_path):
    settings.SECRETS_KEY_FILE = tmp_path / "secrets.key"
    secrets.store_secret(name="a", value="b")
    assert stat.S_IMODE(settings.SECRETS_KEY_FILE.stat().st_mode) == 0o600


def test_forget__then_has__is_gone():
    secrets.store_secret(name="ldap", value="x")
    assert secrets.has_secret("ldap")
    secrets.forget_secret("ldap")
    assert not secrets.has_secret("ldap")
