"""The command line against a running server: the README's walk as it stands there, and what each command promises."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import server
from api import base_url

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}\b")
# The code that stands in the README for the one on the slip.
SAMPLE_CODE = "7K3-M9Q"
CATALOG = server.ROOT / "catalog"

Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="module")
def world() -> Iterator[dict]:
    """A world that these commands may move on by days."""
    with server.demo("sqlite") as running:
        yield running


def shoudan(
    *arguments: str, directory: Path | None = None, language: str = "en", typed: str = "", **settings: str
) -> subprocess.CompletedProcess:
    """Runs the binary as a person in a shell does: in a directory, with settings of the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SHOUDAN_", "LC_"))}
    environment["LANG"] = {"en": "en_GB.UTF-8", "zh": "zh_CN.UTF-8"}[language]
    return subprocess.run(
        [str(server.binary().resolve()), *arguments],
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=directory,
        env=environment | settings,
        timeout=240,
        check=False,
    )


def home_of(world: dict, directory: Path) -> Path:
    """The directory where somebody started the demonstration: its data are in ./data."""
    (directory / "data").symlink_to(world["directory"])
    return directory


def running_in(home: Path) -> Run:
    """Runs a command beside the demonstration and says what it printed when it ended otherwise than expected."""

    def command(*arguments: str, code: int = 0, language: str = "en") -> subprocess.CompletedProcess:
        done = shoudan(*arguments, directory=home, language=language)
        told = f"`shoudan {shlex.join(arguments)}` ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, told
        return done

    return command


@pytest.fixture(scope="module")
def run(world: dict, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return running_in(home_of(world, tmp_path_factory.mktemp("home")))


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Run]:
    """Somebody with a demonstration of their own: the README's walk moves its clock on by months."""
    with server.demo("sqlite") as own:
        yield running_in(home_of(own, tmp_path))


def stopped(world: dict, reason: str) -> dict:
    return next(each for each in world["terminals_list"] if each.get("reason") == reason)


# The README ---------------------------------------------------------------------------------


def commands_of(readme: str) -> list[list[str]]:
    """The lines of the shell block that walks through a stop, comments left out."""
    text = (server.ROOT / readme).read_text(encoding="utf-8")
    [block] = [found for found in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "shoudan pos sale" in found]
    return [shlex.split(line, comments=True)[1:] for line in block.splitlines() if line.strip()]


def test_both_readmes_walk_the_same_way():
    assert commands_of("README.md") == commands_of("README.zh-CN.md")


def test_the_readme_is_true(newcomer: Run):
    """Each line of the walk as a newcomer types it; the code comes from the slip that the declined sale printed."""
    commands = commands_of("README.md")
    assert len(commands) >= 9
    code, sales = None, []
    for command in commands:
        # A declined sale is a refusal: the command says so by its exit code.
        is_sale = command[:2] == ["pos", "sale"]
        expected = 1 if is_sale and len(sales) == 1 else 0
        typed = [code if code and word == SAMPLE_CODE else word for word in command]
        assert SAMPLE_CODE not in typed, "the README explains a code before a slip has shown one"
        done = newcomer(*typed, code=expected)
        if is_sale:
            sales.append(done.stdout)
            found = CODE.search(done.stdout)
            code = found.group() if found else code
        if command[0] == "explain":
            assert "registered data differ from what was found" in done.stdout, "the cause, in the words of the catalogue"
            assert "Correct the marked details" in done.stdout, "and the step that brings it back"
    assert len(sales) == 3
    first, declined, last = sales
    assert "12.34" in first and CODE.search(first) is None
    assert re.search(r"\b03\b", declined) and code, "the slip says the response code and carries an explanation code"
    assert "12.34" in last and CODE.search(last) is None


# Single commands ----------------------------------------------------------------------------


def test_an_explanation_by_terminal_by_serial_number_and_as_json(world: dict, run: Run):
    entry = stopped(world, "merchant.licence_expired")
    by_terminal = json.loads(run("explain", entry["terminal_number"], "--json").stdout)
    by_serial = json.loads(run("explain", entry["serial_number"], "--json").stdout)
    for said in (by_terminal, by_serial):
        assert [cause["reason"] for cause in said["causes"]] == ["merchant.licence_expired"]
        assert [step["step"] for step in said["plan"]["steps"]] == ["supply_documents", "wait_for_review"]
        assert not next(each for each in said["capabilities"] if each["code"] == "sale")["works"]
    told = run("explain", entry["terminal_number"]).stdout
    assert "the business licence has expired" in told and "Upload the missing documents" in told
    in_chinese = run("explain", entry["terminal_number"], language="zh").stdout
    assert "营业执照已过有效期" in in_chinese and "上传所缺的证件和材料" in in_chinese


def test_what_cannot_be_explained_is_said(run: Run):
    gone = run("explain", "000-000", code=1)
    assert gone.stdout == "" and "000-000" in gone.stderr


def test_a_cause_is_brought_about_and_taken_back(world: dict, run: Run):
    live = [entry for entry in world["terminals_list"] if entry["situation"] == "live"]
    number = live[-1]["terminal_number"]
    run("trigger", "device.tampered", "--terminal", number)
    causes = json.loads(run("explain", number, "--json").stdout)["causes"]
    assert [cause["reason"] for cause in causes] == ["device.tampered"]
    run("trigger", "device.tampered", "--terminal", number, "--restore")
    said = json.loads(run("explain", number, "--json").stdout)
    assert said["causes"] == [] and said["standing"] == "works"


def test_a_reason_that_is_none_is_refused(world: dict, run: Run):
    refused = run("trigger", "merchant.no_such_thing", "--terminal", world["terminals_list"][0]["terminal_number"], code=1)
    assert "merchant.no_such_thing" in refused.stderr


def test_the_clock_moves_on(run: Run):
    before = json.loads(run("clock", "show", "--json").stdout)
    after = json.loads(run("clock", "advance", "3d", "--json").stdout)
    assert after["now"] - before["now"] == 3 * 24 * 60 * 60 * 1000
    assert after["local"][:10] in run("clock", "show").stdout
    assert run("clock", "advance", "a while", code=2).stderr


def test_a_virtual_pos_signs_in_sells_and_is_declined(world: dict, run: Run):
    entry = stopped(world, "merchant.licence_expired")
    number = entry["terminal_number"]
    run("pos", "sign-in", "--terminal", number)
    declined = run("pos", "sale", "8.88", "--terminal", number, code=1).stdout
    found = CODE.search(declined)
    assert re.search(r"\b03\b", declined) and found
    said = json.loads(run("explain", found.group(), "--json").stdout)
    assert [cause["reason"] for cause in said["causes"]] == ["merchant.licence_expired"]


def test_the_check_of_the_stored_data(run: Run):
    report = json.loads(run("check", "--json").stdout)
    assert report["violations"] == []
    assert run("check").stdout.strip()


def test_the_environment_names_a_server(world: dict, tmp_path: Path):
    named = {"SHOUDAN_URL": base_url(world), "SHOUDAN_KEY": world["api_keys"][0]["key"]}
    number = world["terminals_list"][0]["terminal_number"]
    assert shoudan("explain", number, directory=tmp_path, **named).returncode == 0
    # Without either, the command says what it needs.
    lost = shoudan("explain", number, directory=tmp_path)
    assert lost.returncode == 1 and "SHOUDAN_URL" in lost.stderr
    wrong = shoudan("explain", number, directory=tmp_path, **named | {"SHOUDAN_KEY": "not-a-key"})
    assert wrong.returncode == 1 and wrong.stderr.strip()


def test_a_server_that_is_not_there_is_named(tmp_path: Path):
    nowhere = f"http://127.0.0.1:{server.free_port()}"
    done = shoudan("explain", "10000001", directory=tmp_path, SHOUDAN_URL=nowhere)
    assert done.returncode == 1 and nowhere in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["explain"],
        ["trigger", "merchant.data_mismatch"],
        ["clock", "advance"],
        ["demo", "--clock", "sundial"],
        ["catalog", "chekc"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_how(arguments: list[str]):
    done = shoudan(*arguments)
    assert done.returncode == 2 and re.search("Usage|--help", done.stderr), f"{done.returncode}: {done.stderr}"


def test_help_is_no_mistake():
    done = shoudan("--help")
    assert done.returncode == 0
    for command in ("demo", "serve", "explain", "trigger", "clock", "check", "catalog", "account", "pos"):
        assert command in done.stdout


# The catalogue ------------------------------------------------------------------------------


def test_the_shipped_catalogue_is_sound():
    for done in (shoudan("catalog", "check"), shoudan("catalog", "check", str(CATALOG))):
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"\d", done.stdout), "it says how much was explored"


INSTITUTION = """[institution]
name = { zh = "示例支付", en = "Sample Pay" }
hours = { zh = "全天", en = "all day" }
hotline = "95000"
site = "pay.example"
sms = "1069000000"
licence = "Z0000000000000"
"""


def production(directory: Path, catalog: Path = CATALOG) -> Path:
    """The settings of an institution, with its keys beside them."""
    key = directory / "key"
    key.write_text("00" * 32, encoding="utf-8")
    zone = directory / "zone"
    zone.write_text("00" * 16, encoding="utf-8")
    settings = directory / "shoudan.toml"
    settings.write_text(
        f"""
database = "sqlite:{directory / "shoudan.db"}"
http = "127.0.0.1:{server.free_port()}"
terminals = "127.0.0.1:{server.free_port()}"
origin = "https://pay.example"
catalog = "{catalog}"
network = "127.0.0.1:{server.free_port()}"
profile = "test"
keys = {{ data = "{key}", index = "{key}", master = "{key}", zone = "{zone}" }}

{INSTITUTION}""",
        encoding="utf-8",
    )
    return settings


@pytest.fixture
def own_catalog(tmp_path: Path) -> Path:
    """An institution's own copy, to be spoiled."""
    return Path(shutil.copytree(CATALOG, tmp_path / "catalog"))


def spoil(directory: Path, file: str, was: str, becomes: str) -> int:
    """Replaces the first occurrence in a file of the catalogue; the line where it stands."""
    path = directory / file
    text = path.read_text(encoding="utf-8")
    assert was in text, f"{file} no longer says {was!r}"
    path.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    return text[: text.index(was)].count("\n") + 1


def assert_refused(directory: Path, *told: str) -> str:
    done = shoudan("catalog", "check", str(directory))
    said = done.stdout + done.stderr
    assert done.returncode == 1, f"the spoiled catalogue passed with {done.returncode}\n{said}"
    for each in told:
        assert each in said, f"it does not say {each!r}:\n{said}"
    return said


def test_an_unknown_key_is_named_with_file_and_line(own_catalog: Path):
    file = "reasons/merchant.toml"
    line = spoil(own_catalog, file, 'response_code = "03"', 'answer_code = "03"')
    assert_refused(own_catalog, f"{file}:{line}", "answer_code")


def test_an_empty_translation_is_named_in_its_language(own_catalog: Path):
    file = "reasons/merchant.toml"
    line = spoil(own_catalog, file, 'slip = "CHECK DATA"', 'slip = ""')
    assert_refused(own_catalog, f"{file}:{line}", "merchant.data_mismatch", "en.slip")


def test_a_missing_translation_is_named(own_catalog: Path):
    file = "reasons/merchant.toml"
    line = spoil(own_catalog, file, 'slip = "CHECK DATA"\n', "")
    said = assert_refused(own_catalog, file, "slip")
    # The place is the table that lacks it: not far above where it stood.
    [place] = re.findall(rf"{file}:(\d+)", said)
    assert line - 8 <= int(place) <= line


def test_a_response_code_without_a_row_is_named(own_catalog: Path):
    file = "reasons/merchant.toml"
    spoil(own_catalog, file, 'response_code = "03"', 'response_code = "ZZ"')
    assert_refused(own_catalog, file, "ZZ")


def test_a_dead_end_is_found_with_the_path_that_shows_it(own_catalog: Path):
    """The registration waits for the clearing organisation for ever: the step it names accepts nothing."""
    spoil(own_catalog, "reasons/registration.toml", 'ways_out = [["wait_for_network"]]', 'ways_out = [["wait_for_partner"]]')
    assert_refused(own_catalog, "registration.pending_ack", "wait_for_partner")


def test_a_step_that_is_asked_twice_is_found(own_catalog: Path):
    was = 'ways_out = [["correct_data", "wait_for_review"]]'
    spoil(own_catalog, "reasons/merchant.toml", was, was.replace('["correct', '["correct_data", "correct'))
    assert_refused(own_catalog, "merchant.data_mismatch", "correct_data")


def test_a_server_refuses_a_bad_catalogue(own_catalog: Path, tmp_path: Path):
    spoil(own_catalog, "reasons/merchant.toml", 'response_code = "03"', 'response_code = "ZZ"')
    settings = production(tmp_path, own_catalog)
    done = shoudan("serve", "--config", str(settings))
    assert done.returncode == 1 and "ZZ" in done.stderr, f"{done.returncode}\n{done.stdout}\n{done.stderr}"


# The first account ----------------------------------------------------------------------------


def add_account(directory: Path, *arguments: str, typed: str = "correct horse battery\n", **settings: str):
    return shoudan("account", "add", *arguments, directory=directory, typed=typed, **settings)


ANNA = ("--login", "anna", "--role", "administrator", "--name", "Anna")


def test_the_first_account_of_an_installation_is_made_beside_the_server(tmp_path: Path):
    settings = str(production(tmp_path))
    made = add_account(tmp_path, "--config", settings, "--password-stdin", *ANNA)
    assert made.returncode == 0, made.stderr
    assert "anna" in made.stdout and len(re.findall(r"\b[A-Z2-7]{32}\b", made.stdout)) == 1, "the second factor, once"
    assert "correct horse" not in made.stdout + made.stderr
    again = add_account(tmp_path, "--config", settings, *ANNA)
    assert again.returncode == 1 and "taken" in again.stderr
    # The database alone can be named too, with the keys in the environment; an owner belongs to a merchant.
    key = "00" * 32
    named = {"SHOUDAN_DATA_KEY": key, "SHOUDAN_INDEX_KEY": key}
    beside = ("--database", f"sqlite:{tmp_path / 'shoudan.db'}", "--login", "ben", "--name", "Ben", "--role")
    assert add_account(tmp_path, *beside, "auditor", **named).returncode == 0
    owner = add_account(tmp_path, *beside, "owner", **named)
    assert owner.returncode == 1 and "merchant" in owner.stderr
    checked = shoudan("check", "--json", "--database", f"sqlite:{tmp_path / 'shoudan.db'}")
    assert json.loads(checked.stdout)["violations"] == []


@pytest.mark.parametrize("typed", ["", "\n", "short\n"])
def test_an_account_needs_a_password(tmp_path: Path, typed: str):
    refused = add_account(tmp_path, "--config", str(production(tmp_path)), *ANNA, typed=typed)
    assert refused.returncode == 1 and "password" in refused.stderr
