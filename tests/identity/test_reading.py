import pytest

from foundation.errors import Refusal
from identity.citizens import read_id_number, read_name
from identity.masking import mask_id_number, mask_name, mask_phone
from identity.next_page import safe_next
from identity.phones import read_phone, read_sign_in_code


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        " 138 0013 8000 ",
        "138-0013-8000",
        "+8613800138000",
        "+86 138 0013 8000",
        "8613800138000",
        "008613800138000",
        "138\u00a00013\u00a08000",
        "13800138000\n",
    ],
)
def test_the_usual_spellings_of_a_phone_number_are_one_phone(typed):
    assert read_phone(typed) == "13800138000"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "phone_malformed"),
        ("1380013800", "phone_malformed"),
        ("138001380000", "phone_malformed"),
        ("12800138000", "phone_malformed"),
        ("23800138000", "phone_malformed"),
        ("+85213800138000", "phone_malformed"),
        ("1380013800x", "phone_malformed"),
        ("1_3800138000", "phone_malformed"),
        ("手机号", "phone_malformed"),
        ("13800138000; DROP TABLE citizen", "phone_malformed"),
        ("１３８００１３８０００", "phone_full_width"),
        ("1380013800０", "phone_full_width"),
        ("١٣٨٠٠١٣٨٠٠٠", "phone_full_width"),
        ("＋8613800138000", "phone_malformed"),
        ("1" * 500, "phone_malformed"),
    ],
)
def test_what_is_not_a_mainland_mobile_number_is_refused(typed, code):
    with pytest.raises(Refusal) as refused:
        read_phone(typed)
    assert refused.value.code == code
    assert refused.value.field == "phone"


def test_a_code_may_be_pasted_with_spaces():
    assert read_sign_in_code(" 123 456\n") == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "１２３４５６", "12345a", "12_456", "-12345", "1e5000"])
def test_what_is_not_six_digits_is_not_a_code(typed):
    with pytest.raises(Refusal) as refused:
        read_sign_in_code(typed)
    assert refused.value.code == "sign_in_code_malformed"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("林小满", "林小满"),
        (" 陈 ".strip() + "勇", "陈勇"),
        ("迪丽热巴•迪力木拉提", "迪丽热巴·迪力木拉提"),
        ("阿卜杜拉．买买提", "阿卜杜拉·买买提"),
        ("㛃𠮷", "㛃𠮷"),
        ("张〇", "张〇"),
    ],
)
def test_chinese_names_with_rare_characters_and_dots_are_read(typed, kept):
    assert read_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "林", "Lin Xiaoman", "林1", "林\u202e满", "林\u200d满", "·林", "林·", "林··满", "林" * 31, "林😀", "=林满"],
)
def test_what_is_not_a_chinese_name_is_refused(typed):
    with pytest.raises(Refusal) as refused:
        read_name(typed)
    assert refused.value.code == "name_malformed"


def test_an_identity_number_is_kept_compact_and_upper_case():
    assert read_id_number(" 11010519491231002x ") == "11010519491231002X"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "110105194912310021",  # check digit
        "11010519491331002X",  # month 13
        "11010529491231002X",  # not born yet
        "1101051949123100２X",  # full-width
        "11010519491231002Х",  # Cyrillic
        "110105491231002",  # 15 digits, no longer valid
        "3.30106E+17",
    ],
)
def test_an_identity_number_that_cannot_be_is_refused(typed):
    with pytest.raises(Refusal) as refused:
        read_id_number(typed)
    assert refused.value.code == "id_number_malformed"


def test_masks_show_enough_to_know_ones_own():
    assert mask_phone("13800138000") == "138****8000"
    assert mask_name("林小满") == "林**"
    assert mask_id_number("11010519491231002X") == "110***********002X"


@pytest.mark.parametrize("mask", [mask_phone, mask_name, mask_id_number])
def test_masks_of_nothing_are_nothing(mask):
    assert mask(None) == ""
    assert mask("") == ""


def test_short_values_are_not_shown_whole():
    assert mask_name("林") == "林*"
    assert "1234567" not in mask_id_number("1234567")
    assert mask_phone("1234") == "**34"


@pytest.mark.parametrize("page", ["/", "/vouchers", "/vouchers?tab=used", "/campaigns/moyang-2023#round"])
def test_a_page_of_ours_is_gone_on_to(page):
    assert safe_next(page, "/home") == page


@pytest.mark.parametrize(
    "page",
    [
        None,
        "",
        "vouchers",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/" + "a" * 600,
        "/a\u202eb",
        " //evil.example",
    ],
)
def test_any_other_address_is_not(page):
    assert safe_next(page, "/home") == "/home"
