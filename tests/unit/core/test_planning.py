"""Plans for the situations that have a name: swaps, drift, refusals, what is kept and why."""

from __future__ import annotations

import pytest
from attrs import evolve

from stoker.core.manifest import Digest, Entry, Foreign, ForeignKind, Manifest, Mode, Observed
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import (
    Create,
    Delete,
    Kept,
    KeptReason,
    Obstructed,
    Plan,
    Policy,
    PruneLimitExceeded,
    RemoveDirectory,
    Replace,
    Root,
    SourceEmptied,
    plan,
)
from stoker.core.spec import PruneMode

ONE = Entry(Digest("1" * 40), Mode.REGULAR)
TWO = Entry(Digest("2" * 40), Mode.REGULAR)
RUN = Entry(Digest("1" * 40), Mode.EXECUTABLE)
DIRECTORY = Foreign(ForeignKind.DIRECTORY)
SYMLINK = Foreign(ForeignKind.SYMLINK)


def files(**entries: Entry) -> dict[RelPath, Entry]:
    return {RelPath(name.replace("__", "/")): entry for name, entry in entries.items()}


def there(**entries: Entry | Foreign) -> Observed:
    return Observed({RelPath(name.replace("__", "/")): each for name, each in entries.items()})


def mirror(*roots: str, percent: int = 50) -> Policy:
    populated = tuple(Root(RelPath(root), populated=True) for root in roots)
    return Policy(roots=populated, prune_limit_percent=percent)


OWNED = Policy(prune=PruneMode.OWNED)


def p(text: str) -> RelPath:
    return RelPath(text)


def test_a_new_file_is_created_a_changed_one_replaced_an_orphan_deleted() -> None:
    made = plan(
        Manifest(files(r__new=ONE, r__changed=TWO, r__same=ONE, r__mode=RUN)),
        Manifest(),
        there(r__changed=ONE, r__same=ONE, r__mode=ONE, r__orphan=ONE, stranger=ONE),
        mirror("r"),
    )
    assert made.ops == (
        Replace(p("r/changed"), TWO, ONE),
        Replace(p("r/mode"), RUN, ONE),
        Create(p("r/new"), ONE),
        Delete(p("r/orphan"), ONE),
    )
    assert (made.added, made.modified, made.deleted) == (
        (p("r/new"),),
        (p("r/changed"), p("r/mode")),
        (p("r/orphan"),),
    )
    assert not made.is_empty
    assert made.adopted == files(r__same=ONE)


def test_what_others_changed_is_left_to_them_where_a_plan_does_not_restore() -> None:
    made = plan(
        Manifest(files(r__edited=ONE, r__gone=ONE, r__changed=TWO, r__new=ONE, r__way=TWO)),
        Manifest(files(r__edited=ONE, r__gone=ONE, r__changed=ONE, r__orphan=ONE)),
        there(r__edited=RUN, r__changed=RUN, r__orphan=RUN, r__added=ONE, r__way__in=ONE,
              r__way=DIRECTORY),
        evolve(mirror("r", percent=100), restores=False),
    )  # fmt: skip
    assert made.ops == (
        Delete(p("r/way/in"), ONE),
        RemoveDirectory(p("r/way")),
        Replace(p("r/changed"), TWO, RUN),
        Create(p("r/new"), ONE),
        Create(p("r/way"), TWO),
        Delete(p("r/orphan"), RUN),
    )
    assert made.drifted == (p("r/added"), p("r/changed"), p("r/edited"), p("r/gone"))


def test_nothing_to_do_is_an_empty_plan() -> None:
    same = files(a=ONE)
    made = plan(Manifest(same), Manifest(same), there(a=ONE), Policy())
    assert made == Plan()
    assert made.is_empty


def test_a_creation_expects_that_nothing_is_there() -> None:
    assert Create(p("a"), ONE).expected is None


def test_directories_that_a_deletion_empties_go_deepest_first_and_roots_stay() -> None:
    made = plan(
        Manifest(files(r__keep__x=ONE)),
        Manifest(),
        there(r__keep__x=ONE, r__keep__y=ONE, r__gone__deep__z=ONE),
        mirror("r"),
    )
    assert made.ops == (
        Delete(p("r/gone/deep/z"), ONE),
        Delete(p("r/keep/y"), ONE),
        RemoveDirectory(p("r/gone/deep")),
        RemoveDirectory(p("r/gone")),
    )


def test_directories_outside_of_mapped_ones_are_left() -> None:
    made = plan(
        Manifest(), Manifest(files(x__y__z=ONE)), there(x__y__z=ONE),
        Policy(prune=PruneMode.OWNED, roots=(Root(ROOT, populated=True),)),
    )  # fmt: skip
    assert made.ops == (Delete(p("x/y/z"), ONE),)


def test_a_file_takes_the_place_of_a_directory() -> None:
    made = plan(
        Manifest(files(r__a=ONE)),
        Manifest(),
        there(r__a=DIRECTORY, r__a__b=TWO, r__a__c=DIRECTORY, r__a__c__d=TWO),
        mirror("r"),
    )
    assert made.ops == (
        Delete(p("r/a/b"), TWO),
        Delete(p("r/a/c/d"), TWO),
        RemoveDirectory(p("r/a/c")),
        RemoveDirectory(p("r/a")),
        Create(p("r/a"), ONE),
    )


def test_a_directory_takes_the_place_of_a_file() -> None:
    made = plan(Manifest(files(r__a__b=ONE)), Manifest(), there(r__a=TWO), mirror("r"))
    assert made.ops == (Delete(p("r/a"), TWO), Create(p("r/a/b"), ONE))


def test_a_directory_above_is_no_obstacle() -> None:
    made = plan(Manifest(files(a__b=ONE)), Manifest(), there(a=DIRECTORY), Policy())
    assert made.ops == (Create(p("a/b"), ONE),)


@pytest.mark.parametrize(
    ("actual", "blocked", "what"),
    [
        (there(a=SYMLINK), "a", "symlink"),
        (there(a=Foreign(ForeignKind.SPECIAL)), "a", "special"),
        (there(a=Foreign(ForeignKind.UNREADABLE)), "a", "unreadable"),
        (there(a=TWO), "a", "file that Stoker may not delete"),
        (there(a__b=SYMLINK), "a/b", "symlink"),
        (there(a__b=DIRECTORY, a__b__c=TWO), "a/b/c", "file that Stoker may not delete"),
        (there(a__b=DIRECTORY, a__b__c=SYMLINK), "a/b/c", "symlink"),
    ],
)
def test_what_stands_in_the_way_refuses_the_whole_plan(
    actual: Observed, blocked: str, what: str
) -> None:
    with pytest.raises(Obstructed) as caught:
        plan(Manifest(files(a__b=ONE, c=ONE)), Manifest(), actual, Policy())
    assert caught.value.paths == (p(blocked),)
    assert caught.value.reason == "Obstructed"
    assert str(caught.value) == (
        f"{blocked}: in the way of files of the commit: {blocked} ({what}) "
        "(move it away by hand, or map the commit's files elsewhere)"
    )


def test_an_obstruction_names_five_paths_and_counts_the_rest() -> None:
    wanted = {p(f"d{n}/x"): ONE for n in range(7)}
    links = Observed({p(f"d{n}"): SYMLINK for n in range(7)})
    with pytest.raises(Obstructed) as caught:
        plan(Manifest(wanted), Manifest(), links, Policy())
    assert len(caught.value.paths) == 7
    assert "d4 (symlink) and 2 more" in caught.value.message
    assert "d5" not in caught.value.message


def test_a_symlink_nobody_needs_the_place_of_is_kept_and_told() -> None:
    made = plan(Manifest(), Manifest(), there(r__link=SYMLINK, other=SYMLINK), mirror("r"))
    assert made.ops == ()
    assert made.kept == (Kept(p("r/link"), KeptReason.FOREIGN),)


def test_drift_is_what_differs_from_the_applied_and_from_the_wanted() -> None:
    wanted = files(a=ONE, b=ONE, c=TWO, d=TWO, e=ONE)
    made = plan(
        Manifest(wanted),
        Manifest(files(a=ONE, b=ONE, c=ONE, d=ONE, e=ONE, gone=ONE)),
        there(a=TWO, c=ONE, d=TWO, e=ONE),
        Policy(),
    )
    assert made.drifted == (p("a"), p("b"))
    assert made.adopted == files(d=TWO)
    assert made.forgotten == (p("gone"),)
    assert made.ops == (
        Replace(p("a"), ONE, TWO),
        Create(p("b"), ONE),
        Replace(p("c"), TWO, ONE),
    )


def test_a_restamped_resource_is_equal_until_the_commit_changes_it() -> None:
    applied = Manifest(files(a=ONE, b=ONE))
    stamped = Observed(files(a=TWO, b=TWO), restamped=frozenset({p("a"), p("b")}))
    made = plan(Manifest(files(a=ONE, b=RUN)), applied, stamped, Policy())
    assert made.ops == (Replace(p("b"), RUN, TWO),)
    assert made.drifted == ()


def test_a_restamped_resource_is_still_ours_to_delete() -> None:
    stamped = Observed(files(a=TWO), restamped=frozenset({p("a")}))
    made = plan(Manifest(), Manifest(files(a=ONE)), stamped, OWNED)
    assert made.ops == (Delete(p("a"), TWO),)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(prune=PruneMode.NONE), KeptReason.NOT_PRUNED),
        (Policy(prune=PruneMode.MIRROR), KeptReason.UNMAPPED),
        (Policy(prune=PruneMode.OWNED), KeptReason.CHANGED),
        (Policy(prune=PruneMode.OWNED, held=(p("a"),)), KeptReason.SOURCE_MISSING),
        (Policy(spare=lambda _: KeptReason.EXCLUDED), KeptReason.EXCLUDED),
    ],
)
def test_an_orphan_that_we_once_wrote_and_that_stays_is_told(
    policy: Policy, reason: KeptReason
) -> None:
    made = plan(Manifest(), Manifest(files(a=ONE)), there(a=TWO, stranger=ONE), policy)
    assert made.ops == ()
    assert made.kept == (Kept(p("a"), reason),)


@pytest.mark.parametrize("reason", [KeptReason.PROTECTED, KeptReason.GUARDED])
def test_protected_strangers_are_told(reason: KeptReason) -> None:
    policy = Policy(roots=(Root(p("r"), populated=True),), spare=lambda _: reason)
    made = plan(Manifest(), Manifest(), there(r__a=ONE), policy)
    assert made == Plan(kept=(Kept(p("r/a"), reason),))


def test_a_wanted_file_that_is_spared_is_told() -> None:
    policy = Policy(spare=lambda _: KeptReason.PROTECTED)
    made = plan(Manifest(files(a=ONE)), Manifest(), there(), policy)
    assert made == Plan(kept=(Kept(p("a"), KeptReason.PROTECTED),))


def test_what_is_kept_is_sorted() -> None:
    policy = Policy(prune=PruneMode.NONE, spare=_protect_b)
    made = plan(Manifest(files(b=ONE)), Manifest(files(c=ONE, a=ONE)), there(c=ONE, a=ONE), policy)
    assert [kept.path for kept in made.kept] == ["a", "b", "c"]


def _protect_b(path: RelPath) -> KeptReason | None:
    return KeptReason.PROTECTED if path == "b" else None


def test_owned_deletes_what_we_wrote_and_nothing_that_we_found() -> None:
    made = plan(
        Manifest(),
        Manifest(files(ours=ONE, found=ONE, changed=ONE), adopted=frozenset({p("found")})),
        there(ours=ONE, found=ONE, changed=TWO, stranger=ONE),
        OWNED,
    )
    assert made.ops == (Delete(p("ours"), ONE),)
    assert made.kept == (
        Kept(p("changed"), KeptReason.CHANGED),
        Kept(p("found"), KeptReason.CHANGED),
    )


def test_the_data_directory_itself_is_never_mirrored() -> None:
    made = plan(Manifest(), Manifest(files(a=ONE)), there(a=ONE, stranger=ONE), mirror("."))
    assert made.ops == ()
    assert made.kept == (Kept(p("a"), KeptReason.UNMAPPED),)


def test_a_missing_source_holds_what_is_below_its_destination() -> None:
    policy = Policy(roots=(Root(p("r"), populated=True),), held=(p("r/held"),))
    made = plan(Manifest(), Manifest(), there(r__held__a=ONE, r__b=ONE), policy)
    assert made.ops == (Delete(p("r/b"), ONE),)


@pytest.mark.parametrize(
    ("percent", "keep", "lose", "refused"),
    [
        (50, 21, 21, False),
        (50, 20, 21, True),
        (50, 0, 20, False),
        (0, 500, 21, True),
        (0, 0, 20, False),
        (99, 0, 21, True),
        (100, 0, 21, False),
    ],
)
def test_the_prune_limit(percent: int, keep: int, lose: int, *, refused: bool) -> None:
    wanted = {p(f"r/keep{n}"): ONE for n in range(keep)}
    orphans = {p(f"r/lose{n}"): ONE for n in range(lose)}
    states = Manifest(wanted), Manifest(), Observed({**wanted, **orphans})
    if not refused:
        assert len(plan(*states, mirror("r", percent=percent)).deleted) == lose
        return
    with pytest.raises(PruneLimitExceeded) as caught:
        plan(*states, mirror("r", percent=percent))
    assert caught.value.reason == "PruneLimitExceeded"
    assert str(caught.value) == (
        f"pruneLimitPercent: the sync would delete {lose} of {keep + lose} managed files, more "
        f"than {percent} % (check the commit and the mappings; to consent, set pruneLimitPercent "
        "to 100)"
    )


def test_managed_files_are_counted_once_and_only_where_they_are() -> None:
    lose = {p(f"r/lose{n}"): ONE for n in range(21)}
    keep = {p(f"r/keep{n}"): ONE for n in range(10)}
    absent = {p(f"r/new{n}"): ONE for n in range(50)}
    with pytest.raises(PruneLimitExceeded) as caught:
        plan(
            Manifest({**keep, **absent}),
            Manifest({**lose, **keep}),
            Observed({**lose, **keep}),
            Policy(roots=(Root(p("r"), populated=True),), managed_elsewhere=5),
        )
    assert (caught.value.deletions, caught.value.managed) == (21, 36)


@pytest.mark.parametrize("percent", [99, 100])
def test_an_emptied_source_needs_consent(percent: int) -> None:
    policy = Policy(roots=(Root(p("r"), populated=False),), prune_limit_percent=percent)
    states = Manifest(), Manifest(), there(r__a=ONE, r__b=ONE)
    if percent == 100:
        assert plan(*states, policy).deleted == (p("r/a"), p("r/b"))
        return
    with pytest.raises(SourceEmptied) as caught:
        plan(*states, policy)
    assert caught.value.deletions == 2
    assert caught.value.reason == "SourceEmptied"
    assert str(caught.value) == (
        "r: the commit holds no file for this directory any more; 2 would be deleted "
        "(check the source; to consent, set pruneLimitPercent to 100)"
    )


def test_an_empty_mapping_with_nothing_to_delete_is_fine() -> None:
    policy = Policy(roots=(Root(p("r"), populated=False),))
    assert plan(Manifest(), Manifest(), there(other=ONE), policy) == Plan()
