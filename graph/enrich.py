"""What a network or a mail domain is: operator, country and class, from tables inside packages.

Works offline. Addresses are looked up by their /24 or /48 (no operator announces less), so every
address of a prefix gets the same answer. The operator and country come from ``geoip2fast``, which
ships GeoLite2 data by MaxMind as lists pickled inside its wheel; it is the one place where a
pickle is read, and the wheel is pinned by hash. Its table names operators, not numbers, so an
operator's key is its name (``comcast-7922``, ``hetzner-online-gmbh``). Classes are guessed from
that name by the rules below. It knows nothing of events or pseudonyms.
"""

import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from graph.normalise import COUNTRIES

_NAMES_BY_CLASS: tuple[tuple[str, str], ...] = (
    # Exits of VPN services, and the hosters that most of them rent from.
    (
        "vpn",
        r"\bvpn|vpn\b|m247|datacamp|cdnext|mullvad|31173 services|proton ag|nordvpn|tefincom"
        r"|packethub|expressvpn|surfshark|private internet access|ivpn|windscribe|hidemyass"
        r"|clouvider|quadranet|tzulo|performive|\bxtom\b|cogent-ipv|owl limited|zwiebelfreunde"
        r"|creanova|\btor[ -]exit|f3 netze|31173",
    ),
    # Machines for rent: nobody sits at one.
    (
        "hosting",
        r"amazon|\baws\b|google-cloud|microsoft-corp-msn|azure|digitalocean|hetzner"
        r"|\bovh\b|linode"
        r"|akamai connected|vultr|choopa|constant company|contabo|leaseweb|scaleway"
        r"|online s\.?a\.?s"
        r"|oracle-bmc|oracle cloud|alibaba|aliyun|tencent|huawei cloud|ucloud|softlayer"
        r"|rackspace"
        r"|ionos|strato|netcup|hostinger|godaddy|dreamhost|namecheap|colocrossing|psychz"
        r"|sharktech"
        r"|hostwinds|buyvm|frantech|ponynet|zenlayer|equinix|internap|servers?-?com|worldstream"
        r"|nforce|serverius|upcloud|kamatera|cloudflare|fastly|\bcdn|stackpath|baidu|sakura"
        r"|gthost|multacom|hostpapa|interserver|hivelocity|latitude-sh|phoenixnap|\bi3d|g-core"
        r"|hosting|hosteurope|host europe|hostline|\bhost\b|hosts?royale|\bvps\b|virtual server"
        r"|dedicated|datacent|data cent|server(?!ic)|colocation|\bcolo\b|\bcloud|cloud\b"
        r"|\bidc\b"
        r"|data ?hotel|rapidswitch|layer-host|egihosting|m-?net hosting|yandex\.cloud"
        r"|fly\.io|render",
    ),
    # Campuses and the research networks that connect them.
    (
        "campus",
        r"universi|univ\b|\buniv|college|politec|polytech|school|academ|educat|research net"
        r"|institute of tech|institut[eo]? (national|nazionale)|technische|hochschule"
        r"|ecole|escuela"
        r"|faculty|student|campus|janet\b|jisc|renater|\bgarr\b|surf b\.?v"
        r"|deutschen forschungsnetz"
        r"|dfn\b|switch$|heanet|sunet|nordunet|rediris|geant|internet2|merit-as|ncren"
        r"|cenic|csunet"
        r"|\bucsd\b|mit-gateways|stanford|berkeley|harvard|princeton|\byale|cornell"
        r"|caltech|columbia"
        r"-gw|\.edu|cernet|tanet|kreonet|sinet|national institute of informatics|aarnet|canarie"
        r"|\bnren\b|\brnp\b|rede nacional de ensino|\bernet|\bucb\b|umich|utoronto|nkn\b"
        r"|forskning",
    ),
    # Mobile carriers: thousands of people behind one address.
    (
        "mobile",
        r"mobil|wireless|cellular|celular|cellco|\bgsm|gprs|\blte\b|\b[345]g\b|t-mobile|vodacom"
        r"|sk telecom|docomo|radiotelephone|att-mobility|sprint(?!link)|celcom|maxis|digi tele"
        r"|safaricom|\bmtn\b|airtel|reliance jio|\bidea cell|globe-?tel|smartfren|telkomsel"
        r"|selular|indosat|xl axiata|dtac|\bais\b|advanced info|turkcell|megafon"
        r"|vimpelcom|\bmts\b"
        r"|tele2|kyivstar|lifecell|\bplay\b|p4 sp|polkomtel|\bee limited|\bo2\b|three uk"
        r"|hutchison"
        r"|\bh3g\b|sunrise|movistar|comcel|telefonica germany|mtnns"
        r"|vodafone (?!enterprise|kabel|gmbh)|cell-c|\btim sa|wind tre|mobinil|zain"
        r"|etisalat misr",
    ),
    # Companies and public bodies that route their own addresses.
    (
        "office",
        r"\bbank\b|\bbanco\b|\bbanque\b|insurance|versicherung|\bgroup ag\b|mercedes|\bbmw\b"
        r"|volkswagen|siemens|bosch|\bsap\b|\bibm|apple-engineering|hewlett|\bhp-"
        r"|intel corp|cisco"
        r"|boeing|lockheed|general electric|\bge-|ford-|toyota|hitachi|fujitsu limited|\bsony\b"
        r"|panasonic|samsung sds|pandg|lilly|pfizer|merck|novartis|roche|bayer|basf"
        r"|shell-|exxon"
        r"|walmart|target corp|nike|starbucks|goldman|jpmorgan|morgan stanley|citi(group|corp)"
        r"|american-express|visa-|mastercard|deloitte|accenture|kpmg|pwc|mckinsey"
        r"|ministry|ministere"
        r"|government|\bgov\b|dnic-|usda|nasa|department of|city of|state of|county|bloomberg"
        r"|thomson reuters|facebook|salesforce|vmware|adobe|uber|airbnb|netflix-corp|google$"
        r"|cogent|level ?3\b|zayo|\bcolt\b|vodafone enterprise|holdings? (inc|plc)"
        r"|consulting|engineering|manufactur|pharma|hospital|clinic|airport"
        r"|airlines|law firm|llp\b",
    ),
    # Access lines of households; also what is left when a name speaks of telecoms at all.
    (
        "home",
        r"comcast|charter|globe telecoms|true online|telkom|\btwc-|bhn-|\bcox\b|asn-cxa"
        r"|att-internet|bellsouth|uunet|verizon|frontier"
        r"|centurylink|windstream|suddenlink|cable|optimum|google-fiber|rogers|shaw"
        r"|\bbacom\b|telus"
        r"|videotron|telecom|telekom|telefonica|telef|telco|teleco|broadband|\bdsl|adsl"
        r"|fib(er|re|ra)"
        r"|ftth|internet|isp\b|net ?works?|communicat|comunica|chinanet|china unicom|china169"
        r"|tietong|orange|\bsfr\b|free sas|bouygues|proximus|telenet|kpn|ziggo|vodafone"
        r"|virgin media"
        r"|british tele|\bsky uk|talktalk|deutsche tel|\b1&1|versatel|liberty global"
        r"|upc\b|telia"
        r"|elisa|dna oyj|telenor|\btdc\b|a1 |swisscom|bluewin|fastweb|tiscali|rostelecom"
        r"|er-telecom"
        r"|softbank|kddi|\bntt\b|jcom|biglobe|korea tel|sk broad|lg powercomm|lg dacom"
        r"|hinet|vnpt"
        r"|viettel|\bpldt|philippine long|\btm \w+|bharti|bsnl|internet backbone|claro"
        r"|\boi\b|v tal"
        r"|uninet|telmex|totalplay|megacable|cantv|\bnos\b|\bmeo\b|otenet|cosmote"
        r"|turk tel|bezeq"
        r"|partner|telstra|optus|\btpg\b|iinet|spark new|vocus|te data|itissalat|maroc|btc|data"
        r" communication|wanadoo|netia|digi romania|starlink|space exploration",
    ),
)
_RULES = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _NAMES_BY_CLASS)

# Operators whose name would lead the rules astray.
_KNOWN = {
    "google": "office",
    "vodafone gmbh": "home",
    "free mobile sas": "mobile",
    "colombia movil": "mobile",
    "universo online s.a.": "hosting",
    "china mobile communications group co., ltd.": "mobile",
    "bharti airtel ltd., telemedia services": "home",
    "mobile telecommunications company k.s.c.p.": "mobile",
    "tele2 swipnet": "home",
    "cloudflarenet": "vpn",  # WARP; its hosting customers do not sign up from it
}


@dataclass(frozen=True, slots=True)
class Network:
    """Who routes a prefix, where, and what kind of people sit behind it."""

    asn: str | None = None
    asn_name: str | None = None
    country: str | None = None
    ip_class: str = "unknown"


def class_of(asn_name: str) -> str:
    """home, mobile, hosting, campus, office, vpn or unknown, guessed from a name."""
    known = _KNOWN.get(asn_name.casefold())
    if known is not None:
        return known
    return next((name for name, rule in _RULES if rule.search(asn_name)), "unknown")


_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_NOWHERE = Network()


@lru_cache(maxsize=1 << 18)
def network_of(first: str) -> Network:
    """The network of a prefix by its first address (``Address.first``); an unknown one is empty."""
    found = _table().lookup(first)
    if found.is_private:
        return _NOWHERE
    name = found.asn_name if found.asn_name not in ("", "<unknown>") else None
    country = found.country_code if found.country_code in COUNTRIES else None
    if name is None:
        return Network(country=country)
    return Network(operator_key(name), name[:120], country, _class_of(name))


def operator_key(name: str) -> str:
    """An operator's key: its name in lower case with dashes, ``hetzner-online-gmbh``."""
    return _NOT_A_WORD.sub("-", name.lower()).strip("-")[:80] or "unnamed"


_class_of = lru_cache(maxsize=1 << 16)(class_of)


_LOADING = threading.Lock()


def _table() -> Any:
    """The embedded table; .3 s and 100 MB once a process, nothing where no address is met.

    Loaded once whoever asks first: the library keeps its lists in its module, so a second load
    beside a lookup would make that lookup miss.
    """
    with _LOADING:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Any:
    import geoip2fast  # noqa: PLC0415 - its one home, paid on the first address

    file = Path(geoip2fast.__file__).parent / "geoip2fast-asn-ipv6.dat.gz"
    return geoip2fast.GeoIP2Fast(geoip2fast_data_file=str(file))


# Providers where anybody gets a mailbox: sharing one says nothing.
_PUBLIC = (
    "gmail.com googlemail.com outlook.com outlook.de outlook.fr outlook.es outlook.jp "
    "hotmail.com "
    "hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es live.com live.co.uk "
    "live.fr live.nl "
    "msn.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.co.in yahoo.fr yahoo.de yahoo.it yahoo.es "
    "yahoo.com.br yahoo.ca yahoo.in ymail.com rocketmail.com myyahoo.com icloud.com "
    "me.com mac.com "
    "aol.com aim.com proton.me protonmail.com protonmail.ch pm.me tutanota.com "
    "tutanota.de tuta.io "
    "tuta.com zoho.com zohomail.com zohomail.eu gmx.com gmx.de gmx.net gmx.at gmx.ch "
    "gmx.us web.de "
    "t-online.de freenet.de mail.com email.com fastmail.com fastmail.fm hey.com posteo.de "
    "mailbox.org mail.ru bk.ru list.ru inbox.ru internet.ru yandex.ru yandex.com ya.ru "
    "yandex.by "
    "yandex.kz yandex.ua rambler.ru qq.com vip.qq.com foxmail.com 163.com 126.com "
    "yeah.net sina.com "
    "sina.cn sohu.com 139.com 189.cn aliyun.com 21cn.com tom.com naver.com daum.net "
    "hanmail.net "
    "nate.com kakao.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr bbox.fr "
    "libero.it virgilio.it "
    "alice.it tiscali.it tin.it uol.com.br bol.com.br terra.com.br ig.com.br globo.com "
    "comcast.net "
    "verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net "
    "btinternet.com "
    "sky.com virginmedia.com talktalk.net ntlworld.com bigpond.com optusnet.com.au rogers.com "
    "sympatico.ca shaw.ca telus.net rediffmail.com seznam.cz centrum.cz wp.pl onet.pl "
    "o2.pl interia.pl "
    "abv.bg ukr.net i.ua mail.ee telenet.be skynet.be ziggo.nl kpnmail.nl planet.nl home.nl "
    "docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com excite.co.jp duck.com"
)
PUBLIC_DOMAINS = frozenset(_PUBLIC.split())


@lru_cache(maxsize=1)
def _disposable() -> frozenset[str]:
    import disposable_email_domains  # noqa: PLC0415 - its one home

    return frozenset(disposable_email_domains.blocklist) - PUBLIC_DOMAINS


def email_class_of(domain: str | None) -> str:
    """public, disposable, private, or none where there is no address.

    A name under a disposable domain is disposable too.
    """
    if domain is None:
        return "none"
    if domain in PUBLIC_DOMAINS:
        return "public"
    labels = domain.split(".")
    parents = (".".join(labels[i:]) for i in range(len(labels) - 1))
    return "disposable" if any(name in _disposable() for name in parents) else "private"


# ------------------------------------------------------------------------------------ user agents
_PROGRAMS = (
    ("openai-python", r"openai/python"),
    ("openai-node", r"openai/(js|node)"),
    ("anthropic-python", r"anthropic/python"),
    ("anthropic-node", r"anthropic/(js|node|typescript)"),
    ("langchain", r"langchain"),
    ("litellm", r"litellm"),
    ("llama-index", r"llama[-_]?index"),
    ("google-genai", r"google-genai|genai-sdk"),
    ("python-requests", r"python-requests"),
    ("python-httpx", r"python-httpx|\bhttpx/"),
    ("python-aiohttp", r"aiohttp"),
    ("python-urllib", r"python-urllib|urllib3|pycurl"),
    ("curl", r"^curl/|libcurl"),
    ("wget", r"^wget"),
    ("node-fetch", r"node-fetch|undici|^node(\.js)?\b"),
    ("axios", r"axios"),
    ("go-http", r"go-http-client|^go-resty"),
    ("java", r"^java/|okhttp|apache-httpclient"),
    ("postman", r"postman|insomnia"),
    ("headless-chrome", r"headlesschrome|puppeteer|playwright"),
    ("selenium", r"selenium|webdriver|phantomjs"),
    ("bot", r"bot\b|crawler|spider|scrapy"),
)
_BROWSERS = (
    ("edge", r"\bedg(e|a|ios)?/|^edge\b"),
    ("opera", r"\bopr/|\bopera\b"),
    ("samsung", r"samsungbrowser"),
    ("yandex", r"yabrowser"),
    ("vivaldi", r"vivaldi"),
    ("firefox", r"firefox|fxios"),
    ("chrome", r"chrome/|crios|chromium|^chrome\b"),
    ("safari", r"safari|^mobile safari"),
    ("ie", r"\bmsie\b|trident/|^ie\b|internet explorer"),
)
_SYSTEMS = (
    ("android", r"android"),
    ("ios", r"iphone|ipad|ipod|\bios\b|cfnetwork"),
    ("windows", r"windows|win64|win32"),
    ("macos", r"mac ?os|macintosh|darwin"),
    ("chromeos", r"\bcros\b"),
    ("linux", r"linux|x11|ubuntu"),
)


def _compiled(rules: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in rules)


_PROGRAM_RULES, _BROWSER_RULES = _compiled(_PROGRAMS), _compiled(_BROWSERS)
_SYSTEM_RULES = _compiled(_SYSTEMS)


@lru_cache(maxsize=1 << 13)
def user_agent_family(text: str) -> str:
    """The family of a user agent: ``"chrome/windows"``, ``"openai-python"``, ``"other"``.

    Versions are left out: they change every week and say little.
    """
    program = _first(_PROGRAM_RULES, text)
    if program:
        return program
    browser, system = _first(_BROWSER_RULES, text), _first(_SYSTEM_RULES, text)
    return "/".join(part for part in (browser, system) if part) or "other"


def _first(rules: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str | None:
    return next((name for name, rule in rules if rule.search(text)), None)
