"""What gunicorn serves: ``gunicorn wsgi:app``; and where ``flask`` finds its commands."""

import sys

from webapp import create_app
from webapp.commands import app_of_files, needs_no_settings

# Commands that only read campaign files must work before an installation has its settings.
app = app_of_files() if needs_no_settings(sys.argv) else create_app()
