from datetime import UTC, date, datetime

import pytest
from flask import render_template_string

from foundation.errors import N_, Conflict
from webapp.templating import asset, local_date, local_day, local_time, translate, vendor

MOMENT = datetime(2023, 5, 1, 2, 0, tzinfo=UTC)


def test_moments_are_told_on_shanghais_clock():
    assert local_time(MOMENT) == "2023-05-01 10:00"
    assert local_day(MOMENT) == "5月1日 10:00"
    assert local_date(datetime(2023, 5, 1, 16, 0, tzinfo=UTC)) == "2023-05-02"
    assert local_date(date(2023, 5, 1)) == "2023-05-01"


@pytest.mark.parametrize("show", [local_time, local_day, local_date])
def test_no_moment_is_no_text(show):
    assert show(None) == ""


def test_a_refusal_is_filled_with_what_it_was_raised_with():
    class Late(Conflict):
        message = N_("%(day)s 已经结束")
        way_out = N_("请等 %(next)s")

    from tests.databases import settings_for
    from webapp import create_app

    with create_app(settings_for("sqlite://")).test_request_context():
        assert translate(Late(day="周一", next="周二")) == ("周一 已经结束", "请等 周二")
        assert translate(Conflict()) == ("无法办理", "")


def test_money_and_masks_are_filters(sqlite_app):
    with sqlite_app.test_request_context():
        text = render_template_string(
            "{{ 123456|yuan }} {{ 5000|yuan_short }} {{ 1783100000|wan }}"
            " {{ '13800138000'|mask_phone }} {{ '林小满'|mask_name }}"
        )
    assert text == "1,234.56 50 1783.1 138****8000 林**"


def test_assets_carry_a_digest_and_vendor_files_their_hashed_name(sqlite_app):
    with sqlite_app.test_request_context():
        assert asset("img/logo.svg").startswith("/static/img/logo.svg?v=")
        assert asset("css/no-such.css") == "/static/css/no-such.css"
        assert vendor("htmx.js").startswith("/static/vendor/htmx.")
        assert vendor("no-such.js") == "/static/vendor/no-such.js"


def test_what_a_person_typed_is_escaped(sqlite_app):
    with sqlite_app.test_request_context():
        assert "<b>" not in render_template_string("{{ typed }}", typed="<b>")
