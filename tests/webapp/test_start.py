"""A process whose settings are wrong ends with a sentence, however it is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.foundation.test_config import GOOD
from webapp import SETTINGS_WRONG

ROOT = Path(__file__).parent.parent.parent
STARTS = {
    "flask": ["flask", "ledger", "audit"],
    "gunicorn": ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
    "scheduler": ["webapp.scheduler"],
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too weak"),
        ({"VOUCHER_ENV": "prod"}, "VOUCHER_ENV is 'prod'; it must be one of production, development, demo"),
        ({"SMS_ADAPTER": "pigeon"}, "SMS_ADAPTER is 'pigeon'"),
        ({"PAYMENT_ADAPTER": "shells"}, "PAYMENT_ADAPTER is 'shells'; it must be one of none, simulator"),
        ({"PAYMENT_ADAPTER": "simulator"}, "PAYMENT_ADAPTER is 'simulator', with which nobody pays"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence_and_ends_the_process(start, wrong, sentence, tmp_path):
    environment = {
        **GOOD,
        "PATH": os.environ["PATH"],
        "DATABASE_URL": f"sqlite:///{tmp_path}/v.db",
        "BIND": f"unix:{tmp_path}/web",
        "WEB_CONCURRENCY": "1",
        **wrong,
    }
    ended = subprocess.run(
        [sys.executable, "-m", *start], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == SETTINGS_WRONG
    assert f"error: {sentence}" in ended.stderr
    assert "Traceback" not in ended.stderr
