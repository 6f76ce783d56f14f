"""Settings for tests: the product's own, with a home that is thrown away and a hasher that is quick."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="mailconsole-test-")
os.environ["MAILCONSOLE_HOME"] = _home
os.environ.setdefault("MAILCONSOLE_ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
atexit.register(shutil.rmtree, _home, ignore_errors=True)

from mailconsole.settings import *  # noqa: E402, F403
from mailconsole.settings import DATABASES, HOME  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # A file, as in production: threads of one test share it and wait for each other's writes.
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "test.sqlite3")}
