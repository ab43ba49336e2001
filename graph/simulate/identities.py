# ruff: noqa: E501, SIM905  (word lists read better in one piece)
"""What people say of themselves: names, e-mail addresses, phone numbers, devices, user agents.

Honest people and campaigns draw from the same habits; a tactic may narrow them, never leave them.
Nothing here knows of accounts.
"""

from typing import Final

from graph.simulate.chance import Dice

FIRST: Final = tuple(
    "james mary wei li anna lukas marie jean carlos maria ana joao pedro yuki hana minjun jiwoo "
    "arjun priya rahul sofia marco giulia piotr kasia erik ingrid mehmet ayse linh minh tan mei "
    "olga ivan noah emma liam olivia ethan ava lucas mia leo zoe hugo chloe felix lena jonas lea "
    "diego lucia pablo elena thiago camila kenji sakura hyun soo vikram anita tariq amina kwame "
    "zanele sipho thandi chen fang hao ying lars astrid nils freja omar layla david sarah daniel "
    "rachel tom kate ben alice george ruth max nina paul clara oscar julia sam grace adam eva".split()
)
LAST: Final = tuple(
    "smith jones brown wang zhang liu chen mueller schmidt weber martin bernard dubois garcia lopez "
    "fernandez silva santos oliveira tanaka sato suzuki kim park lee sharma patel singh rossi ferrari "
    "bianchi kowalski nowak wojcik larsson hansen yilmaz kaya demir nguyen tran pham petrov ivanova "
    "johnson williams davis miller wilson moore taylor anderson thomas jackson white harris clark "
    "lewis young walker hall allen king wright scott green baker adams nelson hill campbell mitchell "
    "roberts carter phillips evans turner parker collins edwards stewart morris murphy cook rogers "
    "dlamini naidoo botha reyes cruz bautista tan lim wong chan cheung yamada kobayashi choi jung".split()
)
WORDS: Final = tuple(
    "river pixel maple cobalt ember quiet lunar delta orbit cedar amber frost willow harbor summit "
    "echo falcon meadow copper violet granite breeze cactus tundra comet marble saffron velvet "
    "bamboo coral drift fable grove hazel indigo juniper karma lagoon mango nectar onyx pebble "
    "quartz raven sage topaz umber vista wander xenon yarrow zephyr anchor beacon cipher dynamo".split()
)
TRADES: Final = tuple(
    "labs works studio soft data systems digital tech media group cloud ai".split()
)

_PUBLIC: Final[dict[str, dict[str, float]]] = {
    "": {"gmail.com": 62, "outlook.com": 13, "yahoo.com": 7, "icloud.com": 7, "hotmail.com": 5,
         "proton.me": 4, "gmx.net": 1, "mail.com": 1},
    "DE": {"gmail.com": 40, "gmx.de": 20, "web.de": 18, "outlook.com": 10, "t-online.de": 8},
    "FR": {"gmail.com": 50, "orange.fr": 12, "free.fr": 9, "outlook.fr": 12, "laposte.net": 5},
    "CN": {"qq.com": 40, "163.com": 28, "gmail.com": 14, "126.com": 8, "outlook.com": 10},
    "KR": {"gmail.com": 45, "naver.com": 45, "daum.net": 10},
    "JP": {"gmail.com": 60, "yahoo.co.jp": 25, "icloud.com": 15},
    "RU": {"mail.ru": 35, "yandex.ru": 35, "gmail.com": 30},
    "GB": {"gmail.com": 55, "outlook.com": 15, "hotmail.co.uk": 12, "yahoo.co.uk": 8,
           "icloud.com": 10},
}  # fmt: skip
DISPOSABLE: Final = (
    "mailinator.com", "tempmail.cc", "yopmail.com", "guerrillamail.com", "10minutemail.com",
    "sharklasers.com", "trashmail.com", "getnada.com", "maildrop.cc", "dispostable.com",
)  # fmt: skip
SHAPES: Final[dict[str, float]] = {
    "first.last": 26, "firstlast": 13, "first99": 15, "flast": 8, "first_last99": 5,
    "last.first": 4, "firstlast99": 12, "word99": 7, "wordword": 4, "random": 3, "first": 3,
}  # fmt: skip

BROWSERS: Final[dict[str, float]] = {
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36": w
    for system, share in (
        ("Windows NT 10.0; Win64; x64", 5.0),
        ("Macintosh; Intel Mac OS X 10_15_7", 3.0),
        ("X11; Linux x86_64", 0.8),
    )
    for version, w in ((143, share), (142, share * 0.8), (141, share * 0.4), (138, share * 0.15))
} | {
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15": 2.2,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0": 1.4,
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": 0.5,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1": 3.0,
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36": 2.8,
}
CLIENTS: Final[dict[str, float]] = {
    "python-sdk/1.61.0": 3.0, "python-sdk/1.58.2": 2.0, "python-sdk/1.40.0": 0.8, "node-sdk/4.80.1": 2.2,
    "node-sdk/4.72.0": 1.0, "python-requests/2.32.3": 1.6, "aiohttp/3.11.11": 1.0,
    "python-httpx/0.28.1": 1.2, "curl/8.5.0": 0.6, "okhttp/4.12.0": 0.5, "Go-http-client/2.0": 0.8,
    "langchain/0.3.14": 0.9, "litellm/1.57.0": 0.9, "axios/1.7.9": 0.7, "java-sdk/2.4.0": 0.4,
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36": 0.7,
}  # fmt: skip

_DIAL: Final[dict[str, tuple[str, str]]] = {
    # country: prefix and pattern of the rest; 2 = 2..9, 0 = any digit
    "US": ("+1", "212555"), "CA": ("+1", "416555"), "GB": ("+447", "400000000"), "DE": ("+4915", "112345670"),
    "FR": ("+336", "12345678"), "NL": ("+316", "12345678"), "ES": ("+346", "12345678"), "IT": ("+3932", "01234567"),
    "PL": ("+4850", "1234567"), "SE": ("+4670", "1234567"), "NO": ("+474", "1234567"), "BE": ("+3247", "1234567"),
    "ZA": ("+2771", "1234567"), "TR": ("+90532", "1234567"), "RU": ("+7912", "1234567"), "IN": ("+9198", "12345678"),
    "TH": ("+6681", "2345678"), "VN": ("+8491", "2345678"), "CN": ("+86138", "12345678"), "SG": ("+658", "1234567"),
    "HK": ("+8526", "1234567"), "PH": ("+63917", "1234567"), "JP": ("+8190", "12345678"), "KR": ("+8210", "23456789"),
    "AU": ("+614", "12345678"), "BR": ("+5511", "961234567"),
}  # fmt: skip
_US_AREAS: Final = "212 213 312 415 617 206 303 404 512 702 305 503 602 215 713 214".split()
_CA_AREAS: Final = "416 604 514 403 613 647 905 780".split()


def public_domain(dice: Dice, country: str) -> str:
    """A mail provider open to everybody, as people of the country choose them."""
    return dice.pick(_PUBLIC.get(country, _PUBLIC[""]))


def local_part(dice: Dice, shape: str | None = None) -> str:
    """The part before the @, of a shape named in ``SHAPES`` (drawn when None)."""
    first, last, word = dice.choice(FIRST), dice.choice(LAST), dice.choice(WORDS)
    number = str(
        dice.choice((dice.randint(1, 99), dice.randint(1960, 2009), dice.randint(100, 999)))
    )
    return {
        "first.last": f"{first}.{last}",
        "firstlast": first + last,
        "first99": first + number,
        "flast": first[0] + last,
        "first_last99": f"{first}_{last}{number}",
        "last.first": f"{last}.{first}",
        "firstlast99": first + last + number,
        "word99": word + number,
        "wordword": word + dice.choice(WORDS),
        "random": "".join(
            dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=dice.randint(8, 12))
        ),
        "first": first,
    }[shape or dice.pick(SHAPES)]


def email(dice: Dice, country: str, shape: str | None = None, domain: str | None = None) -> str:
    """An address; at a public provider unless a domain is given."""
    return f"{local_part(dice, shape)}@{domain or public_domain(dice, country)}"


def phone(dice: Dice, country: str) -> str:
    """A number in E.164 that is valid for the country."""
    prefix, pattern = _DIAL.get(country, _DIAL["US"])
    if prefix == "+1":
        area = dice.choice(_US_AREAS if country == "US" else _CA_AREAS)
        return f"+1{area}{dice.randint(2, 9)}{dice.randint(20, 99)}{dice.randint(0, 9999):04d}"
    head = str(dice.randint(2, 8)) if len(pattern) > 7 else "2"
    lead = pattern[:2] if country in ("BR", "DE", "IT", "GB") else head
    return prefix + lead + "".join(str(dice.randint(0, 9)) for _ in range(len(pattern) - len(lead)))


def company(dice: Dice) -> tuple[str, str]:
    """A company's name and mail domain."""
    word, other, trade = dice.choice(WORDS), dice.choice(LAST), dice.choice(TRADES)
    name = dice.choice((f"{word} {trade}", f"{other} {trade}", f"{word}{other}", f"{word} {other}"))
    ending = dice.pick({".com": 6, ".io": 2, ".ai": 2, ".co": 1, ".net": 1, ".dev": 1})
    return name.title(), name.replace(" ", "") + str(dice.randint(2, 99)) + ending


def school(dice: Dice, country: str) -> tuple[str, str]:
    """A university's name and mail domain."""
    town = dice.choice(LAST) + dice.choice(("ville", "burg", "ton", "field", ""))
    ending = {"US": ".edu", "GB": ".ac.uk", "JP": ".ac.jp", "KR": ".ac.kr", "CN": ".edu.cn"}
    domain = f"{town}{ending.get(country, '-uni.' + country.lower())}"
    return f"University of {town.title()}", domain


def device(dice: Dice) -> str:
    """An opaque device id."""
    return f"dev_{dice.word(16)}"


def browser(dice: Dice) -> str:
    """A browser's user agent."""
    return dice.pick(BROWSERS)


def client(dice: Dice) -> str:
    """A program's user agent."""
    return dice.pick(CLIENTS)
