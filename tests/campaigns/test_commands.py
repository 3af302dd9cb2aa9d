import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from campaigns.commands import WITHOUT_SETTINGS, campaigns
from tests import people
from tests.world import spring, toml
from webapp.commands import app_of_files, needs_no_settings

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def run(sqlite_app):
    """Run a command of the group, which Wei and Luo may give, and return its result."""
    people.account(people.WEI)
    people.account(people.LUO)
    return lambda *args: sqlite_app.test_cli_runner().invoke(campaigns, [str(arg) for arg in args])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "spring.toml"
    path.write_text(toml(spring()), "utf-8")
    return path


def test_a_good_file_is_summed_up(run, file):
    result = run("check", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "没有发现问题：春季消费券，2 个资金来源共 200,000.00 元，1 种券，1 轮\n"


def test_every_fault_is_on_a_line_of_its_own(run, file):
    file.write_text(
        toml(spring()).replace('"stock" = 10', '"stock" = 0').replace("consumer_voucher", "lottery"), "utf-8"
    )
    result = run("check", file)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "campaign.kind：没有“lottery”；可以是：consumer_voucher, car_subsidy, appliance_trade_in",
        "rounds[1].releases[1].stock：应当是 1 至 100000000 之间的整数",
        "活动文件有 2 处需要修改。请按提示逐处修改后重新检查",
    ]


def test_a_byte_order_mark_of_a_windows_editor_is_no_fault(run, file):
    file.write_bytes(b"\xef\xbb\xbf" + toml(spring()).replace("\n", "\r\n").encode())
    assert run("check", file).exit_code == 0


@pytest.mark.parametrize("coding", ["gb18030", "utf-16"])
def test_another_coding_is_named_with_the_way_out(run, file, coding):
    file.write_bytes(toml(spring()).encode(coding))
    result = run("check", file)
    assert result.exit_code == 1
    assert "不是 UTF-8 编码的文本；请另存为 UTF-8 后再试" in result.stderr


def test_a_file_that_is_not_there_is_a_wrong_call(run, tmp_path):
    assert run("check", tmp_path / "none.toml").exit_code == 2


def test_one_officer_imports_and_another_publishes_what_is_exported(clock, run, file):
    assert run("import", file, "--as", "wei").stdout == "draft 1: spring version 1\n"
    mine = run("publish", 1, "--as", "wei")
    assert mine.exit_code == 1
    assert mine.stderr == "不能由同一个人既拟稿又审定。请让另一位有权限的同事来办理\n"
    assert run("publish", 1, "--as", "luo").stdout == "published spring\n"
    assert run("export", "spring").stdout == file.read_text("utf-8")
    again = run("import", file, "--as", "wei")
    assert "amendment：要写明这次修改的原因" in again.stderr


def test_a_faulty_file_is_not_imported(run, file):
    file.write_text("[campaign", "utf-8")
    result = run("import", file, "--as", "wei")
    assert result.exit_code == 1
    assert "全文：不是有效的 TOML" in result.stderr
    assert run("export", "spring").exit_code == 1


@pytest.mark.parametrize(
    ("who", "said"),
    [(people.HE, "您的岗位不能办理此项业务。请由有权限的同事办理\n"), (None, "没有这个账号。请核对登录名\n")],
)
def test_only_an_officer_who_keeps_campaigns_imports(run, file, who, said):
    if who:
        people.account(who)
    result = run("import", file, "--as", who.login if who else "nobody")
    assert (result.exit_code, result.stderr) == (1, said)


@pytest.mark.parametrize("version", ["99", "abc"])
def test_a_version_that_does_not_exist_is_not_published(run, version):
    assert run("publish", version, "--as", "luo").exit_code != 0


def test_who_does_it_must_be_said(run, file):
    assert run("import", file).exit_code == 2


# --- on files alone -----------------------------------------------------------------------------------------


@pytest.fixture
def try_out():
    """Run a command where there is neither a database nor a setting."""
    runner = app_of_files().test_cli_runner()
    return lambda *args: runner.invoke(campaigns, [str(arg) for arg in args])


@pytest.fixture
def sale(tmp_path):
    path = tmp_path / "sale.json"
    path.write_text('{"county": "441702", "industry": "catering", "bill_yuan": 200, "at": "2023-05-08T12:00:00+08:00"}')
    return path


def test_a_quote_prints_award_payers_and_reasons(try_out, file, sale):
    result = try_out("quote", file, sale)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "补贴 50.00 元，付款时立减" in result.stdout
    assert "出资：市财政 10.00 元，江城区财政 40.00 元" in result.stdout


def test_a_quote_as_json_can_be_read_by_a_program(try_out, file, sale):
    result = try_out("quote", file, sale, "--json")
    [answer] = json.loads(result.stdout)["answers"]
    assert (answer["award"]["discount_fen"], answer["award"]["customer_pays_fen"]) == (5_000, 15_000)


def test_the_faults_of_a_sale_are_named_by_field(try_out, file, sale):
    sale.write_text('{"county": "441702", "bill_yuan": "200"}')
    result = try_out("quote", file, sale)
    assert (result.exit_code, result.stdout) == (1, "")
    assert set(result.stderr.splitlines()) == {
        "industry：缺少这一项",
        "bill_yuan：应当是以元为单位的数字，不加引号，例如 50 或 49.90",
        "交易文件有 2 处需要修改。请按提示逐处修改后重试",
    }


def test_a_difference_is_told_and_ends_with_1_as_diff_does(try_out, file, tmp_path):
    new = tmp_path / "new.toml"
    new.write_text(file.read_text("utf-8").replace('"stock" = 10', '"stock" = 20'), "utf-8")
    result = try_out("diff", file, new)
    assert (result.exit_code, result.stdout) == (1, "修改 rounds[r1].releases[meal].stock（张数）：10 → 20\n")
    same = try_out("diff", file, file)
    assert (same.exit_code, same.stdout) == (0, "两份文件的含义相同\n")
    [row] = json.loads(try_out("diff", file, new, "--json").stdout)
    assert row == {"place": "rounds[r1].releases[meal].stock", "kind": "changed", "before": "10", "after": "20"}


def test_a_faulty_file_is_named_among_several(try_out, file, tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("[campaign", "utf-8")
    result = try_out("diff", file, broken)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{broken}:\n全文：不是有效的 TOML")


def test_a_notice_is_printed(try_out, file):
    result = try_out("notice", file)
    assert result.exit_code == 0
    assert result.stdout.startswith("关于开展春季消费券活动的公告\n")


def test_a_simulation_prints_its_assumptions_and_when_funds_run_out(try_out, file):
    result = try_out("simulate", file, "--claims-per-day", 100, "--redemption-rate", "75%")
    assert result.exit_code == 0
    assert "每天想领的人次：100\n领取后使用的百分比：75\n" in result.stdout
    assert "第一轮：2023-05-08 领完" in result.stdout
    assert json.loads(try_out("simulate", file, "--json").stdout)["days"]
    refused = try_out("simulate", file, "--days-to-use", "soon")
    assert (refused.exit_code, "应当是 0 至 400 之间的整数" in refused.stderr) == (1, True)


@pytest.mark.parametrize("name", WITHOUT_SETTINGS)
def test_what_works_without_settings_says_how_it_is_used(name):
    assert CliRunner().invoke(campaigns, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("words", "without"),
    [
        (["/somewhere/bin/flask", "campaigns", "quote", "a", "b"], True),
        (["/lib/flask/__main__.py", "campaigns", "check", "a"], True),
        (["flask", "campaigns", "publish", "1"], False),
        (["flask", "campaigns"], False),
        (["flask", "ledger", "audit"], False),
        (["gunicorn", "campaigns", "check"], False),
        ([], False),
    ],
)
def test_only_commands_on_files_run_without_settings(words, without):
    assert needs_no_settings(words) is without


def test_a_bare_clone_can_quote():
    bare = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    command = ["-m", "flask", "campaigns", "quote", EXAMPLES / "car-subsidy-2023.toml", EXAMPLES / "sale-car.json"]
    result = subprocess.run([sys.executable, *command], cwd=ROOT, env=bare, capture_output=True, encoding="utf-8")
    assert (result.returncode, result.stderr) == (0, "")
    assert "补贴 3,000.00 元" in result.stdout
