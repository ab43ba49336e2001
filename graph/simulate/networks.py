"""Addresses: public prefixes of real network operators, by class and country.

The packaged table names operators that the embedded address table resolves, so that the class,
country and operator that the ETL derives are what the piece that asked for them meant. The
addresses inside are random and belong to nobody. Nothing here knows of accounts.
"""

import csv
import ipaddress
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from graph.simulate.cast import Place
from graph.simulate.chance import Dice

PACKAGED_NETWORKS = Path(__file__).parent / "data" / "networks.csv"


@dataclass(frozen=True, slots=True)
class Network:
    """One operator in one country: its class and address ranges (first address, size)."""

    kind: str
    country: str
    asn: int
    name: str
    ranges: tuple[tuple[int, int], ...]

    def address(self, dice: Dice) -> int:
        """A random address."""
        first, size = dice.choice(self.ranges)
        return first + 1 + dice.randrange(size - 2)

    def block(self, dice: Dice, bits: int = 24) -> tuple[int, int]:
        """A random block of the given prefix length as (first address, size)."""
        first, size = dice.choice(self.ranges)
        span = min(1 << (32 - bits), size)
        return first + span * dice.randrange(size // span), span


@dataclass(slots=True)
class Networks:
    """Every operator by class and country."""

    by_kind: dict[str, dict[str, list[Network]]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path = PACKAGED_NETWORKS) -> "Networks":
        """The packaged table."""
        ranges: dict[tuple[str, str, int, str], list[tuple[int, int]]] = defaultdict(list)
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                net = ipaddress.IPv4Network(row["prefix"])
                key = (row["class"], row["country"], int(row["asn"]), row["name"])
                ranges[key].append((int(net.network_address), net.num_addresses))
        table = cls()
        for (kind, country, asn, name), found in ranges.items():
            network = Network(kind, country, asn, name, tuple(found))
            table.by_kind.setdefault(kind, {}).setdefault(country, []).append(network)
        return table

    def draw(self, dice: Dice, kind: str, country: str) -> Network:
        """An operator of this class in the country; of the next best class or country if none."""
        for option in (kind, {"mobile": "home", "office": "home"}.get(kind, kind)):
            found = self.by_kind[option].get(country)
            if found:
                return dice.choice(found)
        return dice.choice(dice.choice(list(self.by_kind[kind].values())))

    def home(self, dice: Dice, country: str) -> Place:
        """A household line: an address that moves within the operator's block, or stays."""
        network = self.draw(dice, "home", country)
        if dice.chance(0.45):
            return Place((network.address(dice),))
        first, size = network.block(dice, 22)
        moves = dice.randint(2, 9)
        addresses = tuple(first + dice.randrange(1, size - 1) for _ in range(moves))
        return Place(addresses, period_days=dice.choice((1, 2, 4, 7, 14)))

    def carrier(self, dice: Dice, country: str, shared: int = 40) -> Place:
        """A mobile phone behind carrier NAT: few addresses, shared with many strangers."""
        network = self.draw(dice, "mobile", country)
        first, size = network.ranges[dice.randrange(len(network.ranges))]
        spots = [first + 256 * dice.randrange(max(1, size // 256)) for _ in range(2)]
        picked = tuple(dice.choice(spots) + 1 + dice.randrange(shared) for _ in range(4))
        return Place(picked, weight=0.5)

    def exits(self, dice: Dice, count: int = 3) -> Place:
        """A commercial VPN: exits shared by everybody who uses it."""
        countries = self.by_kind["vpn"]
        picked = []
        for _ in range(count):
            network = dice.choice(countries[dice.choice(list(countries))])
            first, size = network.ranges[0]
            picked.append(first + (dice.randrange(160) * 97) % size)
        return Place(tuple(picked), weight=0.5)

    def server(self, dice: Dice, country: str, count: int = 1) -> Place:
        """Rented machines: fixed addresses in a hosting network."""
        near = country if dice.chance(0.5) else "US"
        network = self.draw(dice, "hosting", near)
        return Place(tuple(network.address(dice) for _ in range(count)))

    def residential_proxies(self, dice: Dice, countries: tuple[str, ...], count: int) -> Place:
        """Household addresses of strangers, hired by the request."""
        drawn = (self.draw(dice, "home", dice.choice(countries)) for _ in range(count))
        return Place(tuple(network.address(dice) for network in drawn))

    def shared_block(self, dice: Dice, kind: str, country: str, count: int) -> Place:
        """Addresses of one campus or office: a NAT of ``count`` addresses."""
        first, size = self.draw(dice, kind, country).block(dice, 26)
        return Place(tuple(first + dice.randrange(1, size - 1) for _ in range(count)))


def text_of(address: int) -> str:
    """The dotted form of an IPv4 address."""
    return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
