"""Two-phase commit: any number of sites carry out a transaction everywhere or nowhere.

J. N. Gray: Notes on data base operating systems. LNCS 60, 1978. The coordinator asks all sites to prepare, and decides to commit if it
hears yes from each. A message that was sent arrives at any later time; the decision and the state of a site are on stable storage.
"""

from vmproof.lang import *

Site = unsized("Site")


class Where(Enum):
    working = 0
    prepared = 1
    committed = 2
    aborted = 3


class Decision(Enum):
    none = 0
    commit = 1
    abort = 2


class Transaction(State):
    at: array[Site, Where]
    yes: array[Site, bool]  # messages of the sites
    no: array[Site, bool]
    heard: array[Site, bool]  # which yes the coordinator has received
    decision: Decision  # made, and sent to everybody
    crashed: bool  # the coordinator is down


@init
def begin(t):
    quiet = forall(lambda s: t.at[s] == Where.working and not t.yes[s] and not t.no[s] and not t.heard[s], Site)
    return quiet and t.decision == Decision.none and not t.crashed


def deciding(t):
    require(not t.crashed and t.decision == Decision.none)


@fair
@action
def prepare(t, s: Site):
    require(t.at[s] == Where.working)
    t.at[s] = Where.prepared
    t.yes[s] = True


@action
def refuse(t, s: Site):
    """Until it has said yes, a site may give up by itself."""
    require(t.at[s] == Where.working)
    t.at[s] = Where.aborted
    t.no[s] = True


@fair
@action
def hear_yes(t, s: Site):
    deciding(t)
    require(t.yes[s] and not t.heard[s])
    t.heard[s] = True


@fair
@action
def hear_no(t, s: Site):
    deciding(t)
    require(t.no[s])
    t.decision = Decision.abort


@action
def time_out(t):
    """The coordinator need not wait for ever."""
    deciding(t)
    t.decision = Decision.abort


@fair
@action
def decide(t):
    deciding(t)
    require(forall(lambda s: t.heard[s], Site))
    t.decision = Decision.commit


@action
def crash(t):
    t.crashed = True


@fair
@action
def commit(t, s: Site):
    require(t.at[s] == Where.prepared)
    require(t.decision == Decision.commit)
    t.at[s] = Where.committed


@fair
@action
def abort(t, s: Site):
    require(t.at[s] == Where.working or t.at[s] == Where.prepared)
    require(t.decision == Decision.abort)
    t.at[s] = Where.aborted


@invariant("no site commits what another one aborts")
def agreement(t, s: Site, other: Site):
    return not (t.at[s] == Where.committed and t.at[other] == Where.aborted)


@invariant("a site commits only what the coordinator has decided to commit")
def decided(t, s: Site):
    return implies(t.at[s] == Where.committed, t.decision == Decision.commit)


@invariant("to commit is decided only when every site has been heard")
def unanimous(t, s: Site):
    return implies(t.decision == Decision.commit, t.heard[s])


@invariant("who is heard has said yes")
def honest(t, s: Site):
    return implies(t.heard[s], t.yes[s])


@invariant("who has said yes does not give up by itself")
def bound(t, s: Site):
    return implies(t.yes[s] and t.at[s] != Where.prepared and t.at[s] != Where.committed, t.decision == Decision.abort)


@invariant("who has refused has given up")
def refused(t, s: Site):
    return implies(t.no[s], t.at[s] == Where.aborted)


@reachable("one site has committed while another one is still in doubt")
def in_doubt(t, s: Site, other: Site):
    return t.at[s] == Where.committed and t.at[other] == Where.prepared


@reachable("a site that said yes has to abort because another one refused")
def overruled(t, s: Site, other: Site):
    return t.yes[s] and t.at[s] == Where.aborted and t.no[other] and t.at[other] == Where.aborted


@reachable("the coordinator gives up although no site has refused")
def given_up(t):
    return t.decision == Decision.abort and forall(lambda s: not t.no[s], Site)


@reachable("a site that said yes waits for a coordinator that has crashed")
def blocked(t, s: Site):
    return t.at[s] == Where.prepared and t.crashed and t.decision == Decision.none


@eventually("every site learns the outcome, unless the coordinator crashes before it decides")
def outcome(t, s: Site):
    undecided = t.crashed and t.decision == Decision.none
    return t.at[s] == Where.committed or t.at[s] == Where.aborted or undecided
