"""Numbers on documents and goods: the many ways people write them, and the one in which they count."""

import pytest

from evidence import errors, numbers


@pytest.mark.parametrize(
    ("read", "written", "meant"),
    [
        (numbers.vin, "LSVAA4182E2164534", "LSVAA4182E2164534"),
        (numbers.vin, " lsvaa4182 e2164534\n", "LSVAA4182E2164534"),
        (numbers.vin, "ＬＳＶＡＡ４１８２Ｅ２１６４５３４", "LSVAA4182E2164534"),
        (numbers.vin, "LSVAA-4182-E2164534", "LSVAA4182E2164534"),
        # The textbook's number: its check digit is X.
        (numbers.vin, "1M8GDM9AXKP042788", "1M8GDM9AXKP042788"),
        # An imported car: its maker puts anything in the ninth place.
        (numbers.vin, "WVWZZZ1KZ6W612305", "WVWZZZ1KZ6W612305"),
        (numbers.uscc, "91441700ma4uxn9u9b", "91441700MA4UXN9U9B"),
        (numbers.bank_card, "6222 0212 3456 7890 128", "6222021234567890128"),
        (numbers.barcode, "6901234567892", "6901234567892"),
        (numbers.barcode, "６９０１２３４５６７８９２", "6901234567892"),
        (numbers.imei, "49-015420-323751-8", "490154203237518"),
        (numbers.serial, " sn-20230508/0001 ", "SN202305080001"),
        (numbers.invoice_number, "2344 2000 0001 2345 6789", "23442000000123456789"),
        (numbers.invoice_number, "144002350120 01234567", "14400235012001234567"),
        (numbers.plate, "粤Q·12345", "粤Q12345"),
        (numbers.plate, "粤qd12345", "粤QD12345"),
    ],
)
def test_it_is_read_into_one_spelling(read, written, meant):
    assert read(written) == meant


@pytest.mark.parametrize("code", ["1440023501", "144002350120"])
def test_an_older_invoice_has_a_code_beside_its_number(code):
    assert numbers.invoice_number("01234567", code) == code + "01234567"


@pytest.mark.parametrize(
    ("read", "written", "refusal"),
    [
        (numbers.vin, "", errors.VinMalformed),
        (numbers.vin, "LSVAA4182E216453", errors.VinMalformed),
        (numbers.vin, "LSVAA4182E216453O", errors.VinMalformed),
        (numbers.vin, "LSVAA4182E2164535", errors.VinMistyped),
        (numbers.uscc, "91441700MA4UXN9U9C", errors.UsccMalformed),
        (numbers.bank_card, "6222021234567890129", errors.BankCardMalformed),
        (numbers.bank_card, "13800138000", errors.BankCardMalformed),
        (numbers.barcode, "6901234567893", errors.BarcodeMalformed),
        (numbers.barcode, "96385074", errors.BarcodeMalformed),
        (numbers.imei, "490154203237519", errors.ImeiMalformed),
        (numbers.imei, "4901542032375", errors.ImeiMalformed),
        (numbers.serial, "SN1", errors.SerialMalformed),
        (numbers.serial, "序列号12345", errors.SerialMalformed),
        (numbers.serial, "A" * 41, errors.SerialMalformed),
        (numbers.invoice_number, "0123456", errors.InvoiceNumberMalformed),
        (numbers.invoice_number, "01234567", errors.InvoiceNumberMalformed),
        (numbers.plate, "粤QI2345", errors.PlateMalformed),
        (numbers.plate, "Q12345", errors.PlateMalformed),
        (numbers.plate, "粤Q1234567", errors.PlateMalformed),
    ],
)
def test_what_is_mistyped_is_refused_by_name(read, written, refusal):
    with pytest.raises(refusal) as refused:
        read(written)
    assert type(refused.value) is refusal
    assert refused.value.field == refusal.field


def test_a_digital_invoice_has_no_code():
    with pytest.raises(errors.InvoiceNumberMalformed):
        numbers.invoice_number("23442000000123456789", "1440023501")
