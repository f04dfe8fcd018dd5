"""Who is recognised, and what a decision costs."""

import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from chalicelib import bootstrap
from chalicelib.access import credentials
from chalicelib.access.credentials import Credentials
from chalicelib.bootstrap import Services
from chalicelib.errors import UnauthenticatedError, UnavailableError
from chalicelib.models import tokens
from chalicelib.models.admission import Admission
from chalicelib.models.caller import Caller
from chalicelib.models.permissions import Grants
from chalicelib.models.principals import PrincipalNew
from chalicelib.models.roles import STANDARD
from chalicelib.models.tokens import Secret, TokenNew
from chalicelib.repositories import holdings
from chalicelib.repositories.audit import Audit
from chalicelib.repositories.holdings import Holdings
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.tokens import Tokens
from chalicelib.settings import APP, Settings
from tests.watched import Watched

OPERATOR = Caller("operator")
HOUR = timedelta(hours=1)

MadeUp = Callable[[Secret, int], Secret]


class Clock:
    """A clock that a test moves on."""

    now = datetime.now(UTC).replace(microsecond=0)  # the table's own clock is the real one

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def timestamp(self) -> float:
        """Return the time in Unix seconds."""
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    """Return the services' clock."""
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> MemoryTable:
    """Return an empty table."""
    return MemoryTable(now=clock.timestamp)


@pytest.fixture
def table(memory: MemoryTable) -> Watched:
    """Return the table, as the services see it."""
    return Watched(memory)


def wire(table: Watched, clock: Clock, *, seconds: int = 0) -> Services:
    """Wire services that remember what they read of the permission store for some seconds."""
    return bootstrap.build(Settings.read({"REVOCATION_SECONDS": str(2 * seconds)}), table=table, now=clock)


@pytest.fixture
def services(table: Watched, clock: Clock) -> Services:
    """Return the services, which remember nothing."""
    return wire(table, clock)


def put(services: Services, principal: str, body: PrincipalNew) -> None:
    services.principals.put(principal, body, expected=None, caller=OPERATOR)


def make(services: Services, principal: str, *roles: str, life: timedelta = 10 * HOUR) -> str:
    """Give a principal roles, and return a token with them."""
    put(services, principal, PrincipalNew(roles=[*roles]))
    body = TokenNew(principal=principal, roles=[*roles], expires_in=int(life.total_seconds()))
    return str(services.tokens.create(body, once=None, caller=OPERATOR).entity.secret)


@pytest.fixture
def token(services: Services) -> str:
    """Return an editor's token."""
    return make(services, "bob", "editor")


def parts(token: str) -> Secret:
    """Take a token apart."""
    found = tokens.read(token)
    assert found is not None
    return found


def admit(services: Services, token: str) -> Admission:
    return services.credentials.admit(f"Bearer {token}")


def refuses(services: Services, token: str) -> bool:
    """Tell whether a token is nobody's."""
    try:
        admit(services, token)
    except UnauthenticatedError:
        return True
    return False


# Who is recognised:


def test_a_token_is_its_principals(services: Services, token: str, clock: Clock) -> None:
    """The admission says who, by which token, until when, and what they may do."""
    assert admit(services, token) == Admission(
        principal="bob",
        grants=Grants(frozenset(STANDARD["editor"].permissions)),
        token=parts(token).token_id,
        expires=int((clock.now + 10 * HOUR).timestamp()),
    )


@pytest.mark.parametrize("principal", ["b", "bob", "bobby", "a.b_c@d+e|f:g-h", "x" * 128])
def test_a_token_names_its_principal(principal: str) -> None:
    """Every name that there can be comes back from the text."""
    made = Secret(principal, "id0", "a-secret_")
    assert tokens.read(made.text) == made


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "Bearer {} "])
def test_the_scheme_is_bearer(services: Services, token: str, header: str) -> None:
    """In any case (RFC 9110, 11.1), and with more blanks than needed."""
    assert services.credentials.admit(header.format(token)).principal == "bob"


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "{}",
        " {}",
        "Basic {}",
        "Basic x",
        "Token {}",
        "Bearer\t{}",
        "Bearer:{}",
        "Bear {}",
    ],
)
def test_another_scheme_is_nobody(services: Services, token: str, header: str) -> None:
    """Nor is a token without its scheme, or a scheme without a token."""
    with pytest.raises(UnauthenticatedError):
        services.credentials.admit(header.format(token))


@pytest.mark.parametrize("change", ["x{}", "{}x", "{}_", "_{}", "X{}", "{} x", "{}=", "{}\n", "{}é", "{},{}"])
def test_one_character_more_is_another_text(services: Services, token: str, change: str) -> None:
    """Wherever it stands, nobody is recognised; but for blanks around it."""
    assert refuses(services, change.format(token, token)) is (change != "{}\n")


def test_one_character_less_is_another_text(services: Services, token: str) -> None:
    """Whichever is left out."""
    assert all(refuses(services, token[:place] + token[place + 1 :]) for place in range(len(token)))


def test_one_character_changed_is_another_text(services: Services, token: str) -> None:
    """Whichever it is, and whatever it becomes."""
    for place in range(len(token)):
        for other in "abefqrxyz0127_-A":
            changed = token[:place] + other + token[place + 1 :]
            assert changed == token or refuses(services, changed), changed


def test_another_principals_name_is_another_text(services: Services, token: str) -> None:
    """A token does not work for whom it was not made, though they hold the same role."""
    put(services, "eve", PrincipalNew(roles=["editor"]))
    assert refuses(services, parts(token)._replace(principal="eve").text)


def test_another_tokens_secret_is_wrong(services: Services, token: str) -> None:
    """Each token has its own."""
    other = parts(make(services, "bob", "editor"))
    assert refuses(services, parts(token)._replace(secret=other.secret).text)
    assert refuses(services, parts(token)._replace(token_id=other.token_id).text)


@pytest.mark.parametrize("app", ["Grail", "grail2", "other", ""])
def test_another_apps_prefix_is_another_text(services: Services, token: str, app: str) -> None:
    """A token is this app's."""
    assert refuses(services, app + token.removeprefix(APP))


@pytest.mark.parametrize(
    "text",
    [
        APP,
        f"{APP}_",
        f"{APP}___",
        f"{APP}_mjxwe_",
        f"{APP}_mjxwe_id_",
        f"{APP}_mjxwe_id",
        f"{APP}_a_id_x",
        f"{APP}_7777_id_x",
        f"{APP}_mjxwe_a#b_x",
        f"{APP}_mjxwe_{'a' * 65}_x",
        f"{APP}_{'a' * 3000}_id_x",
        f"{APP}_mjxwe_id_{'x' * 3000}",
        f"{APP}_é_id_x",
        "é",
        "\ud800",
        f"{APP}_mjxwe_id_\ud800",
        "\x00",
        "a.b.c",
        "x" * 5000,
    ],
)
def test_what_is_no_token_is_nobody(services: Services, token: str, text: str) -> None:
    """Whatever it is, the answer is the same."""
    assert not refuses(services, token)
    assert refuses(services, text)


def test_a_token_is_good_until_its_last_second(services: Services, clock: Clock) -> None:
    """It says how long it lasts."""
    token = make(services, "bob", "editor", life=HOUR)
    clock.now += HOUR - timedelta(seconds=1)
    assert not refuses(services, token)


def test_an_expired_token_is_nobody(services: Services, clock: Clock, memory: MemoryTable) -> None:
    """From the very second on, whether or not it was removed from the table."""
    token = make(services, "bob", "editor", life=HOUR)
    clock.now += HOUR
    assert refuses(services, token)
    assert parts(token).token_id in str(memory._items)


def test_a_revoked_token_is_nobody(services: Services, token: str) -> None:
    """At the next decision."""
    services.tokens.revoke(parts(token).token_id, expected=None, caller=OPERATOR)
    assert refuses(services, token)


def test_the_secret_is_not_stored(memory: MemoryTable, token: str) -> None:
    """Only its hash is, whatever was written on the way."""
    stored = str(memory._items)
    secret = parts(token)
    assert secret.hash in stored
    assert secret.secret not in stored
    assert token not in stored


# What they may do:


def test_a_role_that_the_principal_lost_gives_its_tokens_nothing(services: Services) -> None:
    """The token stays, with what is left of its roles."""
    token = make(services, "bob", "editor", "viewer")
    put(services, "bob", PrincipalNew(roles=["viewer"]))
    assert admit(services, token).grants == Grants(frozenset({"*:read"}))
    put(services, "bob", PrincipalNew())
    assert admit(services, token).grants == Grants()


def test_a_principal_that_is_gone_gives_its_tokens_nothing(services: Services, token: str) -> None:
    """The token is still known, and may do nothing."""
    services.principals.delete("bob", expected=None, caller=OPERATOR)
    assert admit(services, token).grants == Grants()


def test_a_role_that_the_token_lacks_is_not_in_it(services: Services, token: str) -> None:
    """A token has some of its principal's roles, and gets no more when they do."""
    put(services, "bob", PrincipalNew(roles=["editor", "admin"]))
    grants = admit(services, token).grants
    assert grants is not None
    assert "*:*" not in grants.allowed


def test_the_principals_denies_hold_for_its_tokens(services: Services, token: str) -> None:
    """Each beats what the roles give."""
    put(services, "bob", PrincipalNew(roles=["editor"], denies=["people:*"]))
    grants = admit(services, token).grants
    assert grants is not None
    assert grants.denied == {"people:*"}


def test_what_was_granted_directly_is_not_in_a_token(services: Services) -> None:
    """Tokens have roles only."""
    token = make(services, "bob", "viewer")
    put(services, "bob", PrincipalNew(roles=["viewer"], grants=["people:write"]))
    assert admit(services, token).grants == Grants(frozenset({"*:read"}))


def test_a_handler_can_ask_for_what_did_not_fit(services: Services, token: str) -> None:
    """It gets what the authorizer decided by; of a token that was revoked since, nothing."""
    token_id = parts(token).token_id
    assert services.credentials.grants_of("bob", token_id) == admit(services, token).grants
    services.tokens.revoke(token_id, expected=None, caller=OPERATOR)
    with pytest.raises(UnauthenticatedError):
        services.credentials.grants_of("bob", token_id)


def test_a_principal_without_a_token_may_do_all_of_theirs(services: Services) -> None:
    """Roles and direct grants; somebody unknown may do nothing, and is not refused for that."""
    put(services, "bob", PrincipalNew(roles=["viewer"], grants=["people:write:own"], denies=["audit:read"]))
    grants = Grants(frozenset({"*:read", "people:write:own"}), frozenset({"audit:read"}))
    assert services.credentials.grants_of("bob", None) == grants
    assert services.credentials.grants_of("eve", None) == Grants()


class KnowsOne:
    """An issuer of one JWT."""

    def verify(self, token: str) -> tuple[str, int]:
        """Know `jwt`."""
        if token != "jwt":
            raise UnauthenticatedError
        return "user:ada", 4102444800


@pytest.fixture
def with_issuer(table: Watched, clock: Clock) -> Credentials:
    """Return credentials that take a JWT as well."""
    kept = Holdings(table, seconds=0, now=clock.timestamp)
    return Credentials(kept, Tokens(table, Audit(table)), KnowsOne, now=clock)


def test_a_user_may_do_all_of_theirs(services: Services, with_issuer: Credentials) -> None:
    """Who it is says the issuer, what they may do the permission store."""
    put(services, "user:ada", PrincipalNew(roles=["viewer"], grants=["people:write:own"]))
    grants = Grants(frozenset({"*:read", "people:write:own"}))
    assert with_issuer.admit("Bearer jwt") == Admission(principal="user:ada", grants=grants, expires=4102444800)


def test_a_user_that_nobody_gave_anything_may_do_nothing(with_issuer: Credentials) -> None:
    """They are known, and that is all."""
    assert with_issuer.admit("Bearer jwt").grants == Grants()


@pytest.mark.parametrize("text", ["", "jwt2", "a.b.c"])
def test_who_the_issuer_does_not_know_is_nobody(with_issuer: Credentials, text: str) -> None:
    """Nobody is asked what they may do."""
    with pytest.raises(UnauthenticatedError):
        with_issuer.admit(f"Bearer {text}")


# What a decision costs:


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return the outcomes of the comparisons of hashes that were made."""
    outcomes: list[bool] = []

    def compare_digest(one: str, other: str) -> bool:
        outcomes.append(hmac.compare_digest(one, other))
        return outcomes[-1]

    monkeypatch.setattr(credentials, "hmac", SimpleNamespace(compare_digest=compare_digest))
    return outcomes


def variants(services: Services, clock: Clock) -> Iterator[tuple[str, str]]:
    """Make texts of the form of a token; the first alone is one."""
    good = parts(make(services, "bob", "editor"))
    admit(services, good.text)  # its use is noted
    yield "good", good.text
    yield "unknown id", good._replace(token_id="nobody").text
    yield "unknown principal", good._replace(principal="nobody").text
    yield "unknown both", good._replace(principal="nobody", token_id="nobody").text
    yield "wrong secret", good._replace(secret="x" * len(good.secret)).text
    revoked = parts(make(services, "bob", "editor"))
    services.tokens.revoke(revoked.token_id, expected=None, caller=OPERATOR)
    yield "revoked", revoked.text
    expired = make(services, "bob", "editor", life=timedelta(minutes=1))
    clock.now += timedelta(minutes=1)
    yield "expired", expired


def test_every_token_takes_the_same_path(
    services: Services, table: Watched, clock: Clock, compared: list[bool]
) -> None:
    """One read and one comparison, whether or not there is such a token: the time it takes tells nothing."""
    for name, text in variants(services, clock):
        table.calls.clear()
        compared.clear()
        assert refuses(services, text) is (name != "good"), name
        assert (table.calls, len(compared)) == (["get_all"], 1), name


def test_the_comparison_is_of_the_hashes(services: Services, token: str, compared: list[bool]) -> None:
    """It alone tells the right secret from a wrong one."""
    admit(services, token)
    assert refuses(services, parts(token)._replace(secret="wrong").text)
    assert compared == [True, False]


def test_what_is_no_token_costs_no_call(services: Services, table: Watched, token: str) -> None:
    """Nobody makes the table work with noise."""
    table.calls.clear()
    for text in ("x", APP, token[1:], f"{token}="):
        assert refuses(services, text)
    assert table.calls == []


def test_a_decision_is_one_call(services: Services, table: Watched, token: str) -> None:
    """Principal, roles and token are read together."""
    admit(services, token)
    table.calls.clear()
    admit(services, token)
    assert table.calls == ["get_all"]


def test_what_was_just_read_is_not_read_again(table: Watched, clock: Clock, token: str) -> None:
    """For as long as the settings say, and no second longer."""
    services = wire(table, clock, seconds=30)
    admit(wire(table, clock), token)  # its use is noted
    admit(services, token)
    table.calls.clear()
    clock.now += timedelta(seconds=29)
    admit(services, token)
    assert table.calls == []
    clock.now += timedelta(seconds=1)
    admit(services, token)
    assert table.calls == ["get_all"]


def test_a_change_counts_once_what_was_read_is_too_old(table: Watched, clock: Clock, token: str) -> None:
    """Until then the decision is yesterday's, which is what the setting allows."""
    services = wire(table, clock, seconds=30)
    admit(services, token)
    services.tokens.revoke(parts(token).token_id, expected=None, caller=OPERATOR)
    clock.now += timedelta(seconds=29)
    assert not refuses(services, token)
    clock.now += timedelta(seconds=1)
    assert refuses(services, token)


def test_what_is_kept_of_others_is_not_read_again(table: Watched, clock: Clock, services: Services, token: str) -> None:
    """A second token costs its own read, and the first one none."""
    other = make(services, "eve", "viewer")
    for each in (token, other):
        admit(services, each)
    services = wire(table, clock, seconds=30)
    table.calls.clear()
    for each in (token, other, token, other):
        admit(services, each)
    assert table.calls == ["get_all", "get_all"]


# What is kept:


def test_what_is_kept_is_bounded(table: Watched, clock: Clock) -> None:
    """Whoever calls, and however many they are; those who called last are the ones who are known."""
    kept = Holdings(table, seconds=30, now=clock.timestamp)
    for number in range(holdings.MOST + 100):
        kept.of(f"user:{number}")
    assert len(kept._kept) == holdings.MOST
    table.calls.clear()
    for number in (holdings.MOST + 99, holdings.MOST + 50, 200):
        kept.of(f"user:{number}")
    assert table.calls == []


@pytest.mark.parametrize(
    "made_up",
    [
        pytest.param(lambda good, number: good._replace(token_id=f"{number}"), id="ids"),
        pytest.param(lambda _, number: Secret(f"p{number}", f"{number}", "x"), id="tokens"),
        pytest.param(lambda good, number: good._replace(principal=f"p{number}"), id="principals of a token"),
    ],
)
def test_made_up_tokens_drive_nobody_out(table: Watched, clock: Clock, token: str, made_up: MadeUp) -> None:
    """Guessing costs those who are known nothing."""
    services = wire(table, clock, seconds=30)
    admit(services, token)
    for number in range(holdings.MOST + 100):
        assert refuses(services, made_up(parts(token), number).text)
    table.calls.clear()
    services.credentials.grants_of("bob", parts(token).token_id)
    assert table.calls == []


# When it was used last:


def used(services: Services, token: str) -> datetime | None:
    """Return when a token was used last, as administrators see it."""
    return services.tokens.get(parts(token).token_id).last_used_at


def test_a_new_token_was_never_used(services: Services, token: str) -> None:
    """Until it is."""
    assert used(services, token) is None


def test_the_first_use_is_noted(services: Services, token: str, clock: Clock) -> None:
    """At its time."""
    clock.now += HOUR
    admit(services, token)
    assert used(services, token) == clock.now


def test_a_use_within_the_hour_is_not_noted(services: Services, token: str, table: Watched, clock: Clock) -> None:
    """A write for each would cost more than the use."""
    admit(services, token)
    first = clock.now
    clock.now += HOUR - timedelta(seconds=1)
    table.calls.clear()
    admit(services, token)
    assert (used(services, token), table.calls.count("write")) == (first, 0)


def test_a_use_after_an_hour_is_noted(services: Services, token: str, clock: Clock) -> None:
    """From the very second on."""
    admit(services, token)
    clock.now += HOUR
    admit(services, token)
    assert used(services, token) == clock.now


def test_a_use_is_noted_once_by_a_process_that_remembers(table: Watched, clock: Clock, token: str) -> None:
    """What it has read before the note must not make it note again."""
    services = wire(table, clock, seconds=30)
    table.calls.clear()
    for _ in range(3):
        admit(services, token)
    assert table.calls == ["get_all", "write"]


def test_a_refused_token_was_not_used(services: Services, token: str, clock: Clock) -> None:
    """Guessing leaves no trace in it."""
    assert refuses(services, parts(token)._replace(secret="wrong").text)
    clock.now += 10 * HOUR
    assert refuses(services, token)
    assert used(services, token) is None


def test_nobody_is_refused_because_a_use_can_not_be_noted(services: Services, table: Watched, token: str) -> None:
    """The decision was made before."""

    def fail() -> None:
        message = "too busy"
        raise UnavailableError(message)

    table.before["write"] = fail
    assert admit(services, token).principal == "bob"
    assert table.calls[-1] == "write"


def test_a_token_that_is_revoked_while_it_is_used_stays_revoked(services: Services, table: Watched, token: str) -> None:
    """Noting the use brings nothing back, and fails nobody."""
    token_id = parts(token).token_id
    table.once_before("write", lambda: services.tokens.revoke(token_id, expected=None, caller=OPERATOR))
    assert admit(services, token).principal == "bob"
    assert refuses(services, token)


def test_a_decision_needs_the_table(services: Services, table: Watched, token: str) -> None:
    """Where it can't be read, nobody is let in, and nobody is told that they are unknown."""

    def fail() -> None:
        message = "too busy"
        raise UnavailableError(message)

    table.before["get_all"] = fail
    with pytest.raises(UnavailableError):
        admit(services, token)
