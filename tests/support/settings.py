"""Django's settings for tests: the product's own, in a home that lasts for the run, with a fast password hash."""

import atexit
import os
import shutil
import tempfile

# Never the home of a real installation, whatever the shell says; and processes that a test starts are the product's.
os.environ["MAILCONSOLE_HOME"] = tempfile.mkdtemp(prefix="mailconsole-tests-")
os.environ["DJANGO_SETTINGS_MODULE"] = "mailconsole.settings"
os.environ.setdefault("MAILCONSOLE_ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
atexit.register(shutil.rmtree, os.environ["MAILCONSOLE_HOME"], ignore_errors=True)

from mailconsole.settings import *  # noqa: E402, F403
from mailconsole.settings import DATABASES, HOME, PASSWORD_HASHERS  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as in the product: threads of one process share an in-memory database by another locking.
    DATABASES["default"]["TEST"] = {"NAME": HOME / "test.sqlite3"}
