"""WSGI entry for servers without WebSockets (pages and API only)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chainmakes.settings")

application = get_wsgi_application()
