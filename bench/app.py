"""What gunicorn serves in a bench: the product, with two more doors to measure it against."""

from bench.usual import blueprint
from identity import gates
from webapp import app_or_exit, doors
from webapp.doors import DOORS, Door

doors.DOORS = (*DOORS, Door(blueprint, "/bench", gates.open_to_all))
app = app_or_exit()
