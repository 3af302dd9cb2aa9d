import flask_babel
import pytest
from babel.support import NullTranslations

from foundation.errors import Conflict
from foundation.speech import spoken, translate
from foundation.words import Words

ENGLISH = {
    "领取后 %(hours)s 小时内有效": "valid for %(hours)s hours",
    "刚才": "just now",
    "%(when)s用过": "used %(when)s",
}


class Used(Conflict):
    code = "used"
    message = "%(when)s用过"


class English(NullTranslations):
    def ugettext(self, message):
        return ENGLISH.get(message, message)


@pytest.fixture
def english(sqlite_app, monkeypatch):
    """Readers of this request read English, as far as it has been translated."""
    monkeypatch.setattr(flask_babel.Domain, "get_translations", lambda _domain: English())
    with sqlite_app.test_request_context():
        yield


def test_words_are_chinese_where_no_reader_is_known():
    assert str(Words("领取后 %(hours)s 小时内有效", hours=24)) == "领取后 24 小时内有效"
    assert str(Words("100%")) == "100%"
    assert spoken(Words("刚才")) == "刚才"


def test_words_are_spoken_in_the_readers_language(english):
    assert spoken(Words("领取后 %(hours)s 小时内有效", hours=24)) == "valid for 24 hours"
    assert spoken(Words("未译")) == "未译"


def test_what_fills_them_is_translated_if_it_is_words_and_kept_if_it_is_somebodys_own(english):
    assert spoken(Words("%(when)s用过", when=Words("刚才"))) == "used just now"
    assert spoken(Words("%(when)s用过", when="刚才")) == "used 刚才"
    assert spoken("刚才") == "刚才"


def test_a_refusal_is_translated_with_what_fills_it(english):
    assert translate(Used(when=Words("刚才"))) == ("used just now", "")
    assert str(Used(when=Words("刚才"))) == "used: 刚才用过"


def test_equal_words_are_equal():
    assert Words("刚才") == Words("刚才") != Words("现在")
    assert len({Words("%(n)s", n=1), Words("%(n)s", n=1), Words("%(n)s", n=2)}) == 2
