"""Claims and what becomes of them."""

from __future__ import annotations

import pytest

from stoker.core.journal import Claim, Journal, begin, commit, recover, undo
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Observed, Origin, Stamp
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Delete, Plan, RemoveDirectory, Replace

ONE = Entry(Digest("1" * 40), Mode.REGULAR)
TWO = Entry(Digest("2" * 40), Mode.REGULAR)
OTHER = Entry(Digest("3" * 40), Mode.REGULAR)
A, B, C, D = (RelPath(name) for name in "abcd")
STAMP = Stamp(size=1, mtime_ns=2, inode=3)
ORIGIN = Origin(ONE.digest, frozenset({"Vars"}), "key")


def test_a_journal_claims_files_and_not_directories() -> None:
    made = Plan(ops=(Create(A, ONE), Replace(B, TWO, ONE), Delete(C, ONE), RemoveDirectory(D)))
    applied = Manifest({B: ONE, C: ONE}, adopted=frozenset({B, C}))
    assert begin(made, applied).claims == {
        A: Claim(None, ONE, None, adopted=False),
        B: Claim(ONE, TWO, ONE, adopted=True),
        C: Claim(ONE, None, ONE, adopted=True),
    }
    assert begin(made, applied).pre_images() == (B, C)


@pytest.mark.parametrize(
    ("claim", "there", "said", "settled", "adopted"),
    [
        pytest.param(Claim(None, ONE), ONE, None, ONE, False, id="created"),
        pytest.param(Claim(None, ONE), None, None, None, False, id="not yet created"),
        pytest.param(Claim(ONE, TWO, ONE), TWO, ONE, TWO, False, id="replaced"),
        pytest.param(Claim(ONE, TWO, ONE), ONE, ONE, ONE, False, id="not yet replaced"),
        pytest.param(Claim(ONE, TWO, ONE), ONE, TWO, ONE, False, id="undone"),
        pytest.param(
            Claim(ONE, TWO, ONE, adopted=True), ONE, ONE, ONE, True, id="adopted, untouched"
        ),
        pytest.param(
            Claim(ONE, TWO, ONE, adopted=True), TWO, ONE, TWO, False, id="adopted, then ours"
        ),
        pytest.param(Claim(ONE, None, ONE), None, ONE, None, False, id="deleted"),
        pytest.param(Claim(ONE, None, ONE), ONE, ONE, ONE, False, id="not yet deleted"),
        pytest.param(Claim(ONE, None, ONE), ONE, None, ONE, False, id="deletion undone"),
        pytest.param(Claim(ONE, TWO, ONE), OTHER, ONE, ONE, False, id="somebody else's, before"),
        pytest.param(Claim(ONE, TWO, ONE), OTHER, TWO, TWO, False, id="somebody else's, after"),
        pytest.param(Claim(ONE, TWO), ONE, None, None, False, id="a stranger's, not yet replaced"),
        pytest.param(Claim(ONE, TWO, ONE), None, ONE, ONE, False, id="lost"),
        pytest.param(Claim(None, ONE), OTHER, None, None, False, id="a stranger came first"),
    ],
)
def test_recovery_believes_the_disk(
    claim: Claim, there: Entry | None, said: Entry | None, settled: Entry | None, *, adopted: bool
) -> None:
    before = frozenset({A}) if claim.adopted else frozenset()
    applied = Manifest({A: said} if said else {}, {A: STAMP}, {A: ORIGIN}, before)
    actual = Observed({A: there} if there else {})
    manifest = recover(applied, Journal({A: claim}), actual)
    assert manifest.entries == ({A: settled} if settled else {})
    assert manifest.adopted == ({A} if adopted else frozenset())
    assert manifest.stamps == {}
    assert manifest.origins == {}


def test_recovery_leaves_unclaimed_files_alone() -> None:
    applied = Manifest({A: ONE, B: ONE}, {A: STAMP}, {A: ORIGIN}, frozenset({A, B}))
    assert recover(applied, Journal({B: Claim(ONE, None, ONE)}), Observed({})) == Manifest(
        {A: ONE}, {A: STAMP}, {A: ORIGIN}, frozenset({A})
    )


def test_commit_records_what_the_plan_did() -> None:
    applied = Manifest(
        {A: ONE, B: ONE, C: ONE, D: ONE},
        dict.fromkeys((A, B, C, D), STAMP),
        dict.fromkeys((A, B, C, D), ORIGIN),
        frozenset({A, B, D}),
    )
    fresh, e = RelPath("e"), RelPath("f")
    made = Plan(
        ops=(Replace(A, TWO, ONE), Delete(B, ONE), Create(fresh, ONE), RemoveDirectory(e)),
        adopted={C: TWO},
        forgotten=(D,),
    )
    new_stamp, new_origin = Stamp(9, 9, 9), Origin(TWO.digest, frozenset(), "new")
    manifest = commit(applied, made, {A: new_stamp}, {A: new_origin})
    assert manifest == Manifest(
        {A: TWO, C: TWO, fresh: ONE}, {A: new_stamp}, {A: new_origin}, frozenset({C})
    )


def test_commit_keeps_what_it_knows_of_untouched_files() -> None:
    applied = Manifest({A: ONE}, {A: STAMP}, {A: ORIGIN}, frozenset({A}))
    assert commit(applied, Plan(), {}) == applied


def test_a_file_that_was_put_back_has_a_new_stamp() -> None:
    applied = Manifest({A: ONE}, {A: STAMP}, {A: ORIGIN}, frozenset({A}))
    restored = commit(applied, Plan(ops=(Replace(A, ONE, TWO),)), {})
    assert restored == Manifest({A: ONE})


def test_an_undo_removes_directories_from_the_deepest_up() -> None:
    nested = RelPath("d/e/f/x")
    made = Plan(ops=(Create(nested, TWO),))
    assert undo(begin(made, Manifest()), Observed({nested: TWO})).ops == (
        Delete(nested, TWO),
        RemoveDirectory(RelPath("d/e/f")),
        RemoveDirectory(RelPath("d/e")),
        RemoveDirectory(RelPath("d")),
    )


def test_an_undo_deletes_before_it_creates() -> None:
    nested = RelPath("d/x")
    made = Plan(ops=(Delete(D, ONE), Create(nested, TWO), Replace(A, TWO, ONE)))
    after = Observed({nested: TWO, A: TWO})
    assert undo(begin(made, Manifest()), after).ops == (
        Delete(nested, TWO),
        RemoveDirectory(D),
        Replace(A, ONE, TWO),
        Create(D, ONE),
    )


def test_an_undo_of_a_claim_that_changes_nothing_is_nothing() -> None:
    assert undo(Journal({A: Claim(None, None)}), Observed({})) == Plan()
