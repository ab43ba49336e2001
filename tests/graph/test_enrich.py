"""Operators, countries and classes come from tables inside packages, without a network."""

import csv
from collections import Counter
from pathlib import Path

import pytest

import graph.simulate
from graph import enrich
from graph.normalise import address_of


@pytest.mark.parametrize(
    ("address", "country", "ip_class"),
    [
        ("8.8.8.8", "US", "office"),
        ("52.1.2.3", "US", "hosting"),
        ("2a01:4f8::1", "DE", "hosting"),
        ("73.167.128.9", "US", "home"),
        ("172.56.1.1", "US", "mobile"),
    ],
)
def test_a_known_network_has_operator_country_and_class(
    address: str, country: str, ip_class: str
) -> None:
    network = enrich.network_of(address_of(address).first)

    assert (network.country, network.ip_class) == (country, ip_class)
    assert network.asn
    assert network.asn_name


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.7.7", "203.0.113.5", "fd00::1"])
def test_an_address_outside_the_internet_has_no_operator(address: str) -> None:
    assert enrich.network_of(address_of(address).first) == enrich.Network()


def test_classes_agree_with_a_table_of_operators_made_by_hand() -> None:
    table = Path(graph.simulate.__file__).parent / "data" / "networks.csv"
    seen: Counter[bool] = Counter()
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
        network = enrich.network_of(row["prefix"].split("/")[0])
        seen[network.ip_class == row["class"]] += 1

    assert seen[True] / seen.total() > 0.9


@pytest.mark.parametrize(
    ("domain", "email_class"),
    [
        ("gmail.com", "public"),
        ("mailinator.com", "disposable"),
        ("deep.under.mailinator.com", "disposable"),
        ("acme-research.org", "private"),
        (None, "none"),
    ],
)
def test_a_mail_domain_has_a_class(domain: str | None, email_class: str) -> None:
    assert enrich.email_class_of(domain) == email_class


_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("text", "family"),
    [
        (_CHROME.format("Windows NT 10.0; Win64; x64"), "chrome/windows"),
        (_CHROME.format("X11; Linux x86_64") + " Edg/126.0", "edge/linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Mobile/15E Safari/604.1",
            "safari/ios",
        ),
        (_CHROME.format("X11").replace("Chrome", "HeadlessChrome"), "headless-chrome"),
        ("OpenAI/Python 1.35.0", "openai-python"),
        ("python-requests/2.32", "python-requests"),
        ("curl/8.6.0", "curl"),
        ("FireFox", "firefox"),
        ("???", "other"),
    ],
)
def test_a_user_agent_has_a_family(text: str, family: str) -> None:
    assert enrich.user_agent_family(text) == family
