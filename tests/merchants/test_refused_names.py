"""Every reason for which terms refuse a sale has a short name on the trail of refused scans."""

import importlib
import pkgutil

import campaigns.terms
from campaigns.terms.sale import NotUsable
from merchants import payment_errors
from merchants.listing import REFUSALS
from voucher.errors import LocationMissing, OutsideGeofence


def reasons(family: type[NotUsable]) -> set[str]:
    return {family.code for family in family.__subclasses__()} | {
        code for below in family.__subclasses__() for code in reasons(below)
    }


def test_every_refusal_of_the_terms_has_a_short_name() -> None:
    for module in pkgutil.walk_packages(campaigns.terms.__path__, "campaigns.terms."):
        importlib.import_module(module.name)
    found = reasons(NotUsable)
    assert len(found) > 15
    assert found - {*REFUSALS} == set()


def test_and_so_has_every_refusal_of_a_press_after_scanning_the_till() -> None:
    pressed = {
        getattr(payment_errors, name).code
        for name in (
            "CustomerMustScan",
            "MustShowCode",
            "PaymentCancelled",
            "PaymentDone",
            "PaymentTimedOut",
            "PaymentTokenExpired",
        )
    }
    assert {*pressed, LocationMissing.code, OutsideGeofence.code} - {*REFUSALS} == set()
