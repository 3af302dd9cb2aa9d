"""Run in a network of its own, whose loopback is taken down while a statement waits: ``python -m … SOCKET PORT``.

Between the engine and the server, which listens on a socket in a folder, stands a proxy over TCP. With the interface
down the kernel drops what either sends, as a lost cable does. Prints the seconds until each of two statements failed:
one that was being sent, and one whose answer was waited for.
"""

import json
import socket
import subprocess
import sys
import threading
import time

from flask import Flask
from sqlalchemy import text

from foundation.db import db, engine_options, init_db


def forward(listener: socket.socket, path: str) -> None:
    while True:
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX)
        far.connect(path)
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=pump, args=(source, target), daemon=True).start()


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass


def loopback(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


def failing(statement: str, *, cut_after: float) -> float:
    """Return how many seconds after the cut a statement was refused."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        cut = threading.Timer(cut_after, loopback, ["down"])
        if cut_after:
            cut.start()
        else:
            loopback("down")
        began = time.monotonic()
        try:
            connection.execute(text(statement))
        except Exception:
            return time.monotonic() - began - cut_after
    raise AssertionError("the cut link answered")


def main() -> None:
    loopback("up")
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=forward, args=(listener, sys.argv[1]), daemon=True).start()
    url = f"postgresql+psycopg://postgres@127.0.0.1:{listener.getsockname()[1]}/postgres"
    app = Flask("partition")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url))
    init_db(app)
    with app.app_context():
        sending = failing("SELECT 2", cut_after=0)
        loopback("up")
        db.engine.dispose()
        waiting = failing("SELECT pg_sleep(25)", cut_after=0.5)
    sys.stdout.write(json.dumps({"sending": sending, "waiting": waiting}) + "\n")


if __name__ == "__main__":
    main()
