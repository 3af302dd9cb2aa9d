"""What gunicorn serves, and what ``flask`` commands run in: ``gunicorn wsgi:app``."""

import sys

from webapp import app_or_exit
from webapp.commands import app_of_files, needs_no_settings

# Commands that only read campaign files must work before an installation has its settings.
app = app_of_files() if needs_no_settings(sys.argv) else app_or_exit()
