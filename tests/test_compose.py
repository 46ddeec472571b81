"""docker-compose.yml and Dockerfile: valid, and as careful as they say. No image is built."""

import re
import tomllib
from fnmatch import fnmatch
from typing import Any

import compose_spec
import pytest
import yaml

from search.cli import app
from tests.compose import FILE, NEEDED, ROOT, Missing, interpolated, read

OURS = ("dashboard", "server", "search")
SERVICES = read()["services"]
LASTING = sorted(name for name in SERVICES if name != "search")
"""Services that run until they are stopped."""


def parsed(text: str) -> Any:
    return compose_spec.PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text)))


def test_it_is_what_the_compose_specification_takes() -> None:
    assert sorted(parsed(interpolated(NEEDED)).service_names()) == sorted(SERVICES)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("restart: unless-stopped", "restart: sometimes"),
        ("shm_size: 2gb", "shm_size: large"),
        ("interval: 5s", "interval: often"),
        ("profiles: [gpu]", "profile: [gpu]"),
    ],
)
def test_what_it_does_not_take_is_seen(line: str, wrong: str) -> None:
    text = interpolated(NEEDED)
    assert line in text
    with pytest.raises(ValueError, match=r"services\."):
        parsed(text.replace(line, wrong, 1))


def test_each_thing_that_a_service_names_is_there() -> None:
    whole = read()
    for service in SERVICES.values():
        assert set(service.get("networks", ())) <= set(whole["networks"])
        assert set(service.get("secrets", ())) <= set(whole["secrets"])
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in whole["volumes"] or source.startswith("./")


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "RAY_AUTH_TOKEN"])
def test_a_secret_that_is_not_set_is_missed(name: str) -> None:
    with pytest.raises(Missing, match=name):
        read({key: value for key, value in NEEDED.items() if key != name})


def test_no_secret_is_built_in() -> None:
    plain = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for service in plain["services"].values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET", variable):
                assert re.fullmatch(r"\$\{\w+:\?.*\}", value), variable
    assert plain["secrets"]["dashboard_password"] == {"environment": "DASHBOARD_PASSWORD"}
    assert "@" in SERVICES["server"]["environment"]["LSTM_SEARCH_STORAGE"]
    assert not re.search(r"://[^@/]*:[^@/]*@", FILE.read_text(encoding="utf-8"))


def test_nothing_listens_to_other_machines() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"dashboard": ["127.0.0.1:8080:8080"]}
    assert read()["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "ray-head", "ray-worker", "ray-worker-gpu"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


def test_nobody_is_root_or_can_become_it() -> None:
    assert SERVICES["postgres"]["user"] == "postgres"
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall("^USER (.*)$", dockerfile, re.MULTILINE) == ["search"]
    for name, service in SERVICES.items():
        assert "privileged" not in service
        assert "user" not in service or name == "postgres"
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_images_have_exact_tags() -> None:
    images = {service["image"] for service in SERVICES.values()}
    base = re.findall("^FROM (.*)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    for image in [*images, *base]:
        assert re.fullmatch(r"[a-z-]+:[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z-]+)?", image), image


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_and_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_all_rays_ask_for_the_token_and_have_room_for_objects() -> None:
    for name in ("ray-head", "ray-worker", "ray-worker-gpu", "server"):
        environment = SERVICES[name]["environment"]
        assert environment["RAY_AUTH_MODE"] == "token"
        assert environment["RAY_AUTH_TOKEN"] == NEEDED["RAY_AUTH_TOKEN"]
        assert "shm_size" in SERVICES[name]


def test_a_node_that_answers_no_more_is_given_up_within_20_seconds() -> None:
    head = SERVICES["ray-head"]["environment"]
    period, timeout, tries = (
        int(head[f"RAY_health_check_{name}"])
        for name in ("period_ms", "timeout_ms", "failure_threshold")
    )
    assert tries * (period + timeout) <= 20_000


def test_a_study_file_has_one_path_for_who_submits_it_and_who_runs_it() -> None:
    mounted = {name: set(SERVICES[name]["volumes"]) for name in ("server", "search")}
    assert SERVICES["dashboard"]["volumes"] == ["checkpoints:/checkpoints:ro"]
    assert mounted["server"] <= mounted["search"]
    assert mounted["search"] - mounted["server"] == {"./exports:/work/exports"}
    dashboard, server, search = (SERVICES[name]["environment"] for name in OURS)
    assert server == search
    assert dashboard.items() < server.items()
    assert {"LSTM_SEARCH_STORAGE", "LSTM_SEARCH_CHECKPOINTS"} <= set(dashboard)


def test_nobody_has_a_secret_that_he_does_not_need() -> None:
    holders = {
        variable: {name for name, one in SERVICES.items() if variable in one["environment"]}
        for variable in ("RAY_AUTH_TOKEN", "PGPASSWORD", "POSTGRES_PASSWORD")
    }
    assert holders == {
        "RAY_AUTH_TOKEN": {"ray-head", "ray-worker", "ray-worker-gpu", "server", "search"},
        "PGPASSWORD": set(OURS),
        "POSTGRES_PASSWORD": {"postgres"},
    }
    assert [name for name, one in SERVICES.items() if "secrets" in one] == ["dashboard"]


def test_commands_are_this_programs_own() -> None:
    known = {one.name or one.callback.__name__ for one in app.registered_commands}
    for name in ("dashboard", "server"):
        program, command, *_ = SERVICES[name]["command"]
        assert (program, command in known) == ("lstm-search", True)
    assert SERVICES["search"]["entrypoint"] == ["lstm-search"]


def test_the_image_has_all_that_it_is_made_of() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    let_in = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = [
        source
        for line in re.findall("^COPY (.*)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert any(fnmatch(source, one) for one in let_in), source
    [extras] = re.findall(r'"\.\[(.*)\]"', dockerfile)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(extras.split(",")) == set(project["optional-dependencies"]) - {"dev"}
    version = re.search(
        '^version = "(.*)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    assert version
    assert SERVICES["server"]["image"] == f"lstm-attn-search:{version[1]}"
