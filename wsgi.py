"""What gunicorn serves, and what ``flask`` commands run in: ``gunicorn wsgi:app``."""

from webapp import app_or_exit

app = app_or_exit()
