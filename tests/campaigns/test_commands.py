import pytest

from campaigns.commands import campaigns
from tests import people
from tests.world import spring, toml


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
    assert again.stderr == "活动“spring”已经发布，发布后不能修改。请为新的活动使用新的代码\n"


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
