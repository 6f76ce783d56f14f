"""The ASGI application that uvicorn serves."""

import os
from typing import cast

from django.core.asgi import get_asgi_application

from mailconsole.common.body_limit import Application, bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailconsole.settings")

application = bounded(cast(Application, get_asgi_application()))
