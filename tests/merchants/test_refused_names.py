"""Every reason for which terms refuse a sale has a short name on the trail of refused scans."""

import importlib
import pkgutil

import campaigns.terms
from campaigns.terms.sale import NotUsable
from merchants.listing import REFUSALS


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
