"""Certificates are always trusted, renewed in time, and written no more often than that.

The model is `property.machines.authority_fleet`.

Broken on purpose, and seen to fail: a certificate that is served as soon as the Secret has it, one
that a new authority signs without waiting, an authority that goes when it expires, published ones
that are not brought back into the Secret, a renewal that never comes, one that shortens what there
was, and names that take each other's place.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from attrs import evolve
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from property.machines.authority_fleet import EPOCH, NAMES, World, agreed, served, unexpired
from stoker.core import authority as au
from stoker.core.authority import Held, Terms

TERMS = Terms(
    names=frozenset({"webhook.stoker.svc"}),
    life=timedelta(seconds=900),
    authority_life=timedelta(seconds=3600),
    grace=60.0,
    breath=1.0,
)
HOUR = 3600.0
seeds = st.integers(0, 2**32)
# A seed has nothing to make smaller, and an example is hours of many replicas.
long = settings(
    max_examples=max(1, settings().max_examples // 5), phases=(Phase.explicit, Phase.generate)
)
sizes = st.integers(1, 4)


def luck(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - a model's luck


def fleet(seed: int, size: int, pause: float = 0.0, loss: float = 0.0) -> World:
    world = World(luck(seed), TERMS, pause, loss)
    for _ in range(size):
        world.start()
    return world


# --- Trust ---


def jump(world: World) -> None:
    """A clock is set: by an hour at most, which is four lives of a certificate."""
    if world.replicas:
        one = world.random.choice(world.replicas)
        one.offset = timedelta(seconds=world.random.uniform(-3000, 3000))


def crash(world: World) -> None:
    if len(world.replicas) > 1 or world.random.random() < 0.5:
        world.kill(world.random.choice(world.replicas))
        world.start()


def roll(world: World) -> None:
    """Another version takes over, with another name."""
    terms = evolve(TERMS, names=frozenset({world.random.choice("abc")}))
    world.start(terms=terms)
    if len(world.replicas) > 2:
        world.kill(world.replicas[0])


def away(world: World) -> None:
    world.is_away = True

    def back() -> None:
        world.is_away = False

    world.at(world.time + world.random.random() * 600, back)


def lose(world: World) -> None:
    """The Secret is deleted, or emptied, or a part of it."""
    held = world.secret.value
    if held is None:
        return
    keyless = tuple(evolve(one, has_key=False) for one in held.authorities)
    world.set_secret(
        world.random.choice(
            [
                None,
                Held(),
                Held(held.authorities),
                Held(keyless, held.serving),
                Held(keyless[:1], None),
                Held((), None),
            ]
        )
    )


def overwrite(world: World) -> None:
    """Somebody has other ideas of a caBundle, or deletes a configuration, or makes it anew."""
    name = world.random.choice(NAMES)
    stored = world.configurations[name]
    before = stored.value.entries[0].identities if stored.value else ()
    choices: list[tuple[str, ...] | None] = [None, (), ("foreign",), before[:1], (*before, "more")]
    world.set_configuration(name, world.random.choice(choices))


Act = Callable[[World], None]
CALM: tuple[Act, ...] = (jump, crash, roll, away)


def chaos(seed: int, acts: tuple[Act, ...]) -> World:
    random = luck(seed)
    pause, loss = random.choice([0.0, 0.1, 0.3]), random.choice([0.0, 0.05])
    world = fleet(seed, random.randint(1, 4), pause=pause, loss=loss)
    world.checks.append(served)
    for moment in sorted(random.uniform(0, HOUR) for _ in range(random.randint(0, 40))):
        act = random.choice(acts)
        world.at(moment, lambda act=act: act(world))  # type: ignore[misc]
    return world


@long
@given(seeds)
def test_what_is_served_is_trusted_through_crashes_and_jumps_of_clocks(seed: int) -> None:
    """Law: served by whoever is ready, hence trusted by all that an API server may go by."""
    chaos(seed, CALM).run(1.5 * HOUR)


@long
@given(seeds)
def test_what_is_served_is_trusted_although_the_secret_is_lost_again_and_again(seed: int) -> None:
    chaos(seed, (*CALM, lose, lose)).run(1.5 * HOUR)


@long
@given(seeds)
def test_what_is_served_is_trusted_by_every_bundle_of_ours_whatever_others_write(
    seed: int,
) -> None:
    chaos(seed, (*CALM, overwrite, overwrite)).run(1.5 * HOUR)


@long
@given(seeds)
def test_after_all_of_that_everybody_agrees(seed: int) -> None:
    """Law: whatever has happened, some minutes later all is well, and stays so."""
    world = chaos(seed, (*CALM, lose, overwrite))
    world.checks.clear()
    world.run(HOUR)
    world.run(600)
    world.is_away, world.pause, world.loss = False, 0.0, 0.0
    for one in world.replicas:
        one.offset = timedelta()
    for name in NAMES:
        if world.configurations[name].value is None:
            world.set_configuration(name, ())
    world.run(1800)
    assert agreed(world)
    before = len(world.secret_writes), len(world.patches)
    world.checks += [served, unexpired]
    world.run(HOUR)
    after = len(world.secret_writes), len(world.patches)
    # In an hour a certificate is renewed six times, each time once for each of the names that four
    # replicas may want, and an authority once or twice.
    assert after[0] - before[0] <= 6 * 4 + 2 * 4
    assert after[1] - before[1] <= 8


# --- Times ---


@long
@given(seeds, sizes)
def test_certificates_are_renewed_in_their_last_third_and_by_the_same_authority(
    seed: int, size: int
) -> None:
    world = fleet(seed, size)
    world.run(30)
    assert agreed(world)
    world.checks += [served, unexpired]
    (issuer,) = {one.standing.serving.issuer for one in world.replicas if one.standing.serving}
    seen = []
    for _ in range(60):
        world.run(30)
        serving = world.secret.value.serving
        left = serving.not_after - EPOCH - timedelta(seconds=world.time)
        assert left > TERMS.life / 3 - timedelta(seconds=5)
        assert serving.issuer == issuer
        seen.append(serving.identity)
    assert len(set(seen)) == 1 + 1800 // 600
    assert len(world.patches) == 2


@long
@given(seeds, sizes)
def test_an_authority_is_renewed_with_an_overlap(seed: int, size: int) -> None:
    """Law: old and new are published, then the new one signs, and the old one goes much later."""
    world = fleet(seed, size)
    world.run(30)
    world.checks += [served, unexpired]
    first = world.secret.value.serving.issuer
    world.run(2400 - 30 + 10)
    assert len(world.secret.value.authorities) == 2
    assert world.secret.value.serving.issuer == first
    world.run(TERMS.grace + 10)
    held = world.secret.value
    assert held.serving.issuer != first
    assert [one.has_key for one in held.authorities] == [True, False]
    assert agreed(world)
    world.run(HOUR)
    assert first in world.secret.value.bundle
    assert agreed(world)


@long
@given(seeds)
def test_an_authority_goes_when_it_has_been_expired_for_twice_its_life(seed: int) -> None:
    world = fleet(seed, 2)
    world.run(30)
    (first,) = world.secret.value.authorities
    world.checks += [served, unexpired]
    gone = first.not_after + 2 * (first.not_after - first.not_before) - EPOCH
    world.run(gone.total_seconds() - world.time - 60)
    assert first.identity in world.secret.value.bundle
    world.run(1000)
    assert first.identity not in world.secret.value.bundle
    assert agreed(world)


@long
@given(seeds, sizes)
def test_nothing_is_written_while_nothing_is_due(seed: int, size: int) -> None:
    world = fleet(seed, size)
    world.run(30)
    assert agreed(world)
    assert len(world.secret_writes) == 1
    assert len(world.patches) == 2
    world.run(500)
    assert len(world.secret_writes) == 1
    assert len(world.patches) == 2


@long
@given(seeds, sizes)
def test_other_names_are_signed_at_once(seed: int, size: int) -> None:
    world = fleet(seed, size)
    world.run(100)
    (issuer,) = {one.standing.serving.issuer for one in world.replicas if one.standing.serving}
    world.start(terms=evolve(TERMS, names=frozenset({"other"})))
    world.checks += [served, unexpired]
    world.run(2)
    for one in world.replicas:
        assert one.standing.serving is not None
        assert one.standing.serving.names == {"other", *TERMS.names}
        assert one.standing.serving.issuer == issuer
    assert len(world.secret_writes) == 2
    world.run(500)
    assert len(world.secret_writes) == 2


# --- Peace ---

lives = st.sampled_from([900.0, 600.0, 3000.0])
offsets = st.floats(-3000, 3000)


@long
@given(seeds, st.lists(st.tuples(lives, lives, offsets, st.sampled_from("ab")), min_size=1))
def test_replicas_of_different_minds_do_not_fight(
    seed: int, minds: list[tuple[float, float, float, str]]
) -> None:
    """Law: with other lives, names and clocks, writes are as many as the shortest life needs."""
    world = World(luck(seed), TERMS)
    for life, authority_life, offset, name in minds[:4]:
        terms = evolve(
            TERMS,
            life=timedelta(seconds=life),
            authority_life=timedelta(seconds=4 * authority_life),
            names=frozenset({name}),
        )
        world.start(timedelta(seconds=offset), terms)
    world.run(HOUR)
    before = len(world.secret_writes), len(world.patches)
    world.run(HOUR)
    after = len(world.secret_writes), len(world.patches)
    assert after[0] - before[0] <= 3 * HOUR / 400
    assert after[1] - before[1] <= 12


@long
@given(seeds, sizes, st.sampled_from([(), ("foreign",)]))
def test_who_always_overwrites_is_left_alone_more_and_more(
    seed: int, size: int, wish: tuple[str, ...]
) -> None:
    """Law: put back at once the first time, and some times in an hour where it never lasts."""
    world = fleet(seed, size)
    world.run(100)

    def stubborn(world: World, name: str) -> None:
        if name == NAMES[0]:
            world.at(world.time + 0.5, lambda: world.set_configuration(name, wish))

    world.on_patch = stubborn
    before = len(world.patches)
    world.set_configuration(NAMES[0], wish)
    world.run(0.4)
    assert len(world.patches) == before + 1
    world.run(HOUR)
    assert len(world.patches) - before <= size * (2 * 9 + HOUR / 300 + 2)
    assert len(world.secret_writes) <= 12
    world.on_patch = None
    world.run(300)
    assert agreed(world)


@long
@given(seeds, sizes)
def test_who_only_overwrites_now_and_then_is_put_right_at_once(seed: int, size: int) -> None:
    world = fleet(seed, size)
    world.run(100)
    for _ in range(10):
        world.set_configuration(NAMES[1], ())
        world.run(1)
        assert world.configurations[NAMES[1]].value.says(world.secret.value.bundle)
        world.run(180)


@long
@given(seeds, sizes)
def test_a_deleted_secret_is_written_again_and_nothing_changes(seed: int, size: int) -> None:
    world = fleet(seed, size)
    world.run(100)
    held, patches = world.secret.value, len(world.patches)
    world.checks.append(served)
    for lost in (None, Held(), Held(held.authorities), Held((), None)):
        world.set_secret(lost)
        world.run(2)
        assert world.secret.value == held
    assert len(world.patches) == patches
    assert all(len(one.shown) == 1 for one in world.replicas)


@long
@given(seeds)
def test_a_configuration_that_is_not_there_holds_nobody_up_for_ever(seed: int) -> None:
    world = fleet(seed, 2)
    world.set_configuration(NAMES[1], None)
    world.run(30)
    assert [au.concerns(one.standing, world.time) for one in world.replicas] == [
        ("validating is not there",)
    ] * 2
    world.run(60)
    assert len(world.ready()) == 2
    world.set_configuration(NAMES[1], ())
    world.run(2.5)
    assert agreed(world)
