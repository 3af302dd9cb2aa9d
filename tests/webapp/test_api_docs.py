from tests import people
from voucher.codes import read_code


def test_every_route_of_the_api_is_described(sqlite_app):
    document = people.browser_of(sqlite_app).get("/api/docs/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    described = {
        (path.replace("{", "<uuid:").replace("}", ">"), method.upper())
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    routed = {
        (rule.rule, method)
        for rule in sqlite_app.url_map.iter_rules()
        if rule.rule.startswith("/api/pos/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routed
    for operations in document["paths"].values():
        for method, operation in operations.items():
            if method != "parameters":
                assert operation["security"] == [{"tillKey": []}]
                assert operation["summary"]


def test_the_page_shows_it_without_any_script_of_its_own(sqlite_app):
    page = people.browser_of(sqlite_app).get("/api/docs").text
    assert 'data-description="/api/docs/openapi.json"' in page
    assert "swagger-ui" in page


def test_the_example_of_a_code_is_one_that_a_till_could_read(sqlite_app):
    document = people.browser_of(sqlite_app).get("/api/docs/openapi.json").get_json()
    example = document["components"]["schemas"]["RedeemBody"]["properties"]["code"]["example"]
    assert read_code(example)
