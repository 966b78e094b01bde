"""What ties the registers of the walker of `nested_hardware.py` to the manual's walk (`nested_manual.py`), wherever it stands.

Of the walk at hand of the host's tables the manual's second stage is asked directly (`behind_now`); of the rest of the manual's walk the
ghosts speak.
"""

from vmproof.lang import *
from spec.mmu.nested_hardware import Phase, Purpose, access_behind
from spec.mmu.nested_manual import after, answers_are, columns, is_implicit, is_update, same_update, updates_before, updates_in_all
from spec.mmu.result import marked


# Where the walker stands


def refused_by_guest(w):
    return w.r.phase == Phase.done and not w.r.ok and not w.r.second


def refused_behind(w):
    return w.r.phase == Phase.done and not w.r.ok and w.r.second


def walking_behind(w):
    return w.r.phase == Phase.host or w.r.phase == Phase.mark_host


def somewhere(w):
    """The walker is about some column, or ended there."""
    return w.r.phase != Phase.idle and not refused_by_guest(w)


def about(w, plan, column):
    """The registers name this column."""
    if column < plan["guest"]:
        return w.r.purpose == Purpose.table and w.r.level == plan["guest"] - 1 - column
    if not is_implicit(plan, column):
        return w.r.purpose == Purpose.final
    level = 2 * plan["guest"] - 1 - column
    return w.r.purpose == Purpose.update and (len(plan["marked"]) == 1 or w.r.level == level)


def in_column(w, plan, column):
    return somewhere(w) and about(w, plan, column)


def now(w, plan, of):
    """What `of(column)` gives for the column at hand."""
    for column in range(columns(plan) - 1):
        if about(w, plan, column):
            return of(column)
    return of(columns(plan) - 1)


def answer_now(w, plan):
    """What the manual's second stage answers in the column at hand."""
    return now(w, plan, lambda column: w.m.answers[column])


def made_now(w, plan, row):
    """The manual's update of this number in the column at hand; after those of the second stage that of the guest's entry."""
    return now(w, plan, lambda column: w.m.made[updates_before(plan, column) + row])


def stage_now(w, plan, row):
    """The word at `spot` after so many of the manual's updates in the column at hand."""
    return now(w, plan, lambda column: w.m.stages[updates_before(plan, column) + row])


def as_found(w, plan):
    """An entry of the guest's is changed where it was found when it was read: the second stage is not asked again."""
    return w.r.phase == Phase.mark_guest and plan["writes"](w)


def through(w, plan):
    """The second stage has been walked to the end of the column at hand."""
    ended = w.r.phase == Phase.done and w.r.ok
    return w.r.phase == Phase.guest or (w.r.phase == Phase.mark_guest and not plan["writes"](w)) or ended


def in_order(w, plan):
    """Registers hold levels that there are, and phases belong to purposes."""
    walking = w.r.phase != Phase.idle
    levels = implies(walking, w.r.level < plan["guest"]) and implies(walking_behind(w), w.r.host_level < plan["host"])
    levels = levels and implies(walking and w.r.purpose != Purpose.table, w.r.leaf < plan["guest"] and w.r.leaf <= w.r.level)
    host = implies(w.r.phase == Phase.mark_host, w.r.host_leaf <= w.r.host_level)
    table = implies(w.r.phase == Phase.guest or refused_by_guest(w), w.r.purpose == Purpose.table)
    well = w.r.code == 0 and not w.r.second and not w.r.implicit and not w.r.writing
    final = implies(w.r.phase == Phase.done and w.r.ok, w.r.purpose == Purpose.final and well)
    mark = implies(w.r.phase == Phase.mark_guest, w.r.purpose == Purpose.update)
    found = implies(as_found(w, plan), w.r.at == w.r.found[w.r.level])
    asked = implies(walking_behind(w) or refused_behind(w), w.r.purpose != Purpose.update or not plan["writes"](w))
    return levels and host and table and final and mark and found and asked


# The host's tables: the walk at hand


def behind_now(w, plan):
    """The manual's second stage for the address at hand."""
    return plan["behind"](w, w.r.gpa, access_behind(w), w.r.purpose != Purpose.final)


def same_place(w, plan, level):
    """While the host's tables are walked, the manual's second stage comes by the same places with the same rights."""
    _, references, _ = behind_now(w, plan)
    row = plan["host"] - 1 - level
    here = references[row][2].done and w.r.at == references[row][2].place
    rights = w.r.host_rights == plan["host_rights"](tuple(above.entry for _, _, above in references[:row]))
    return implies(w.r.phase == Phase.host and w.r.host_level == level, here and rights)


def same_leaf(w, plan, level):
    """Where an entry of the host's is to be marked, the manual's second stage ends well, at the same leaf."""
    found, references, updates = behind_now(w, plan)
    row = plan["host"] - 1 - level
    leaf = references[row][2].done and found.ok
    if level > 0:
        leaf = leaf and not references[row + 1][2].done
    if plan["changes"] == 1:
        due = w.r.host_level == level and updates[0][2].done and updates[0][2].place == w.r.at
        return implies(w.r.phase == Phase.mark_host and w.r.host_leaf == level, leaf and due)
    return implies(w.r.phase == Phase.mark_host and w.r.host_leaf == level, leaf)


def same_host_entry(w, plan, level):
    """The registers hold the host's entry of this level as the manual reads it, marks aside, and memory has all marks that they have."""
    _, references, _ = behind_now(w, plan)
    there = references[plan["host"] - 1 - level][2]
    entry, place = w.r.host_entries[level], w.r.host_places[level]
    same = entry | plan["marks"] == there.entry | plan["marks"] and place == there.place
    same = same and entry & ~plan["host_word"](w, place) & plan["marks"] == 0
    if plan["changes"] == 1:
        return implies(w.r.phase == Phase.mark_host and w.r.host_leaf == level, same)
    passed = (w.r.phase == Phase.host and w.r.host_level < level) or (w.r.phase == Phase.mark_host and w.r.host_leaf <= level)
    return implies(passed, same) and implies(w.r.phase == Phase.mark_host and w.r.host_level == level, w.r.at == place)


def arrives(w, plan):
    """Where the host's tables have been walked to the end, the manual's second stage is there, too."""
    found, _, _ = behind_now(w, plan)
    return implies(through(w, plan), found.ok and w.r.at == found.pa)


def denies(w, plan):
    """Where the host's tables refuse, the manual's second stage does, too."""
    found, _, updates = behind_now(w, plan)
    implicit = w.r.purpose != Purpose.final
    writing = w.r.purpose == Purpose.update or (w.r.purpose == Purpose.final and w.access == Access.write)
    same = not found.ok and w.r.code == plan["blocked_code"](w, found, implicit)
    same = same and w.r.implicit == implicit and w.r.writing == writing
    return implies(refused_behind(w), same and not any(update.done for _, _, update in updates))


def update_row(plan, level):
    """Which of the second stage's updates is that of a level."""
    return 0 if plan["changes"] == 1 else plan["host"] - 1 - level


def due_at(w, plan, level):
    """The bits of the word at `spot` that the manual sets in the host's entry of this level, in the column at hand."""
    update = made_now(w, plan, update_row(plan, level))
    here = update.done and plan["same_slot"](update.place, w.m.spot)
    return update.new & ~update.old if here else bits[64](0)


def sets_marks(w, plan, level):
    """What the walker is about to make of an entry of the host's, of its first word, the manual's update of its level does."""
    word, due = plan["word"](w, w.r.at), due_at(w, plan, level)
    here = w.r.phase == Phase.mark_host and w.r.host_level == level and plan["at_home"](w, True)
    same = word | due == plan["host_mark"](w, word, w.r.host_leaf == level)
    return implies(here, same if plan["same_slot"](w.r.at, w.m.spot) else due == 0)


def still_there_behind(w, plan, level):
    """Nobody else changes an entry of the host's before its marks are set, and its first word is the one at hand."""
    same = plan["host_word"](w, w.r.at) | plan["all_marks"] == w.r.host_entries[level] | plan["all_marks"]
    here = w.r.phase == Phase.mark_host and w.r.host_level == level and plan["at_home"](w, True)
    return implies(here, same and plan["is_first"](w.r.at))


# The guest's tables


def latched(w, plan, level):
    """The registers hold the guest's entry of this level as the manual's walk read it."""
    there = w.m.reads[level]
    same = there.done and w.r.entries[level] == there.entry and w.r.places[level] == there.address
    return same and implies(plan["writes"](w), w.r.found[level] == there.place)


def path_to(w, plan, leaf):
    """The guest's leaf is of this level, and the registers hold all entries down to it."""
    last = True if leaf == 0 else not w.m.asks[plan["guest"] - leaf].done
    return w.r.leaf == leaf and last and all(latched(w, plan, level) for level in range(leaf, plan["guest"]))


def same_question(w, plan, column):
    """What the walker asks the second stage in this column, the manual's walk asks too, and what led there is in the registers."""
    if column < plan["guest"]:
        uppers = tuple(reversed(range(plan["guest"] - column, plan["guest"])))
        rights = plan["guest_rights"](tuple(w.m.reads[upper].entry for upper in uppers))
        path = w.r.rights == rights and all(latched(w, plan, upper) for upper in uppers)
    elif not is_implicit(plan, column) or len(plan["marked"]) == 1:
        path = any(w.r.level == leaf and path_to(w, plan, leaf) for leaf in range(plan["guest"]))
    else:
        path = any(path_to(w, plan, leaf) for leaf in range(2 * plan["guest"] - column))
    asks = w.m.asks[column].done and w.r.gpa == w.m.asks[column].address
    if is_update(plan, column) and len(plan["marked"]) > 1 and as_found(w, plan):
        level = 2 * plan["guest"] - 1 - column
        entry = w.r.entries[level]
        asks = w.m.asks[columns(plan) - 1].done and plan["guest_mark"](w, entry, w.r.leaf == level) != entry
    return implies(in_column(w, plan, column), path and asks)


def same_read(w, plan, level):
    """The manual reads an entry of the guest's where its second stage says, as software wrote it; and it is that entry which it changes."""
    there, column = w.m.reads[level], plan["guest"] - 1 - level
    ask, answer = w.m.asks[column], w.m.answers[column]
    same = ask.done and there.address == ask.address and answer.ok and there.place == answer.pa
    same = same and there.entry == plan["written"](w, answer.pa)
    again = w.m.asks[plan["guest"] if len(plan["marked"]) == 1 else 2 * plan["guest"] - 1 - level]
    leaf = True if level == 0 else len(plan["marked"]) > 1 or not w.m.asks[column + 1].done
    return implies(there.done, same and implies(leaf and again.done, again.address == there.address))


def told(w, plan):
    """The ghosts hold what the manual's second stage answers about the address at hand."""
    found, _, updates = behind_now(w, plan)
    made = tuple(made_now(w, plan, row) for row in range(plan["changes"]))
    return implies(somewhere(w) and not as_found(w, plan), answers_are(answer_now(w, plan), made, found, updates))


def same_answer(w, plan):
    """What the walk of the host's tables comes to is what the manual's walk goes on with."""
    answer, made = answer_now(w, plan), tuple(made_now(w, plan, row) for row in range(plan["changes"]))
    implicit = w.r.purpose != Purpose.final
    writing = w.r.purpose == Purpose.update or (w.r.purpose == Purpose.final and w.access == Access.write)
    refused = not answer.ok and w.r.code == plan["blocked_code"](w, answer, implicit) and w.r.gpa == answer.gpa
    refused = refused and w.r.implicit == implicit and w.r.writing == writing and not any(update.done for update in made)
    return implies(through(w, plan), answer.ok and w.r.at == answer.pa) and implies(refused_behind(w), refused)


def same_entry(w, plan, level):
    """An entry of the guest's that is to be marked is found where it was read."""
    marking = w.r.phase == Phase.mark_guest and w.r.level == level
    return implies(marking, w.r.at == w.m.reads[level].place)


def still_there(w, plan, level):
    """Nobody else changes an entry of the guest's before its marks are set."""
    same = plan["word"](w, w.r.at) | plan["all_marks"] == w.r.entries[level] | plan["all_marks"]
    return implies(w.r.phase == Phase.mark_guest and w.r.level == level, same)


def agrees(w, plan):
    """What is reported is what the manual's walk gives."""
    found = w.m.result
    same = w.r.ok == found.ok and w.r.code == found.code and w.r.second == found.second and w.r.implicit == found.implicit
    same = same and w.r.writing == found.writing
    for level in range(plan["guest"]):
        number = plan["outside_number"] if plan["outside"](w) else plan["numbers"][level]
        same = same and implies(w.r.level == level, found.level == number)
    return same and implies(w.r.ok, w.r.at == found.pa) and implies(w.r.ok or w.r.second, w.r.gpa == found.gpa)


# Memory: the word at `spot`


def untouched(w, plan, column):
    """Where the manual's second stage is not asked it makes no updates, else those that it answers with."""
    holds = True
    for row in range(plan["changes"]):
        made = w.m.made[updates_before(plan, column) + row]
        same = same_update(made, w.m.changes[column * plan["changes"] + row])
        holds = holds and (same if w.m.asks[column].done else not made.done)
    return holds


def unchanged(w, plan, column):
    """Where the manual makes no updates, the word stays as it is."""
    first = updates_before(plan, column)
    last = first + plan["changes"]
    holds = implies(not w.m.asks[column].done, w.m.stages[first] == w.m.stages[last])
    if is_update(plan, column):
        holds = holds and implies(not w.m.made[last].done, w.m.stages[last] == w.m.stages[last + 1])
    return holds


def staged_now(w, plan):
    """The ghosts hold the word before and after each update of the column at hand."""
    holds = True
    for row in range(plan["changes"] + 1):
        same = stage_now(w, plan, row + 1) == after(stage_now(w, plan, row), w.m.spot, (made_now(w, plan, row),), plan)
        holds = holds and (same if row < plan["changes"] else implies(w.r.purpose == Purpose.update, same))
    return implies(somewhere(w), holds)


def spared(w, plan, level):
    """An entry of the host's that has its marks the manual does not change, nor one below the leaf."""
    due, word = due_at(w, plan, level), plan["host_word"](w, w.r.at)
    done = due & ~plan["word"](w, w.m.spot) == 0
    reading = w.r.phase == Phase.host and plan["at_home"](w, True)
    full = reading and w.r.host_level == level and plan["host_takes"](w, word, level) and plan["host_mark"](w, word, True) == word
    if plan["changes"] == 1:
        return implies(full, done)
    entry = w.r.host_entries[level]
    above = w.r.phase == Phase.host and w.r.host_level < level and plan["host_mark"](w, entry, False) == entry
    leaf = w.r.phase == Phase.mark_host and w.r.host_leaf == level and plan["host_mark"](w, entry, True) == entry
    upper = w.r.phase == Phase.mark_host and w.r.host_leaf < level and plan["host_mark"](w, entry, False) == entry
    below = w.r.phase == Phase.mark_host and level < w.r.host_leaf
    for taken in range(level + 1, plan["host"]):
        below = below or (reading and w.r.host_level == taken and plan["host_takes"](w, word, taken))
    return implies(full or above or leaf or upper, done) and implies(below, due == 0)


def own_update(w, plan, level):
    """What the walker is about to make of an entry of the guest's, the manual's update of it does."""
    word, update = plan["word"](w, w.r.at), made_now(w, plan, plan["changes"])
    same = update.done and update.place == w.r.at and marked(word, update) == plan["guest_mark"](w, word, w.r.leaf == level)
    return implies(w.r.phase == Phase.mark_guest and plan["at_home"](w, False) and w.r.level == level, same)


def still(w, plan, column):
    """The manual neither asks for the address of this column nor changes the entry that it is about."""
    if not is_update(plan, column):
        return not w.m.asks[column].done
    return not w.m.asks[column].done and not w.m.made[updates_before(plan, column) + plan["changes"]].done


def settled(w, plan, level):
    """Once the walker has come to the leaf, the guest's entry of this level is not changed by the manual where it has its marks."""
    entry = w.r.entries[level]
    marking = w.r.phase == Phase.mark_guest
    leaf = w.r.leaf == level and plan["guest_mark"](w, entry, True) == entry
    if len(plan["marked"]) == 1:
        return implies(marking and leaf, still(w, plan, plan["guest"]))
    upper = w.r.leaf < level and plan["guest_mark"](w, entry, False) == entry
    return implies(marking and (leaf or upper or level < w.r.leaf), still(w, plan, 2 * plan["guest"] - 1 - level))


def settles(w, plan, level):
    """Where the walker comes to the leaf, the manual goes no further down, and does not change entries that have their marks."""
    word = plan["word"](w, w.r.at)
    here = w.r.phase == Phase.guest and plan["at_home"](w, False) and w.r.level == level and plan["guest_takes"](w, word, level)
    holds = all(still(w, plan, column) for column in range(plan["guest"] - level, plan["guest"]))
    leaf = plan["guest_mark"](w, word, True) == word
    if len(plan["marked"]) == 1:
        return implies(here, holds and implies(leaf, still(w, plan, plan["guest"])))
    for other in range(plan["guest"]):
        entry = w.r.entries[other]
        full = True if other < level else leaf if other == level else plan["guest_mark"](w, entry, False) == entry
        holds = holds and implies(full, still(w, plan, 2 * plan["guest"] - 1 - other))
    return implies(here, holds)


def unasked(w, plan):
    """The manual asks nothing about an address that the tables do not cover, nor where entries are changed as they were found."""
    again = any(w.m.asks[column].done for column in range(plan["guest"], columns(plan) - 1))
    return implies(plan["outside"](w), not w.m.asks[0].done) and implies(plan["writes"](w), not again)


def marked_before(w, plan):
    """Where the host's tables are walked, or were not gone through, the word has the manual's marks so far."""
    word = plan["word"](w, w.m.spot)
    waiting = w.r.phase == Phase.host or refused_behind(w)
    done = refused_by_guest(w) or as_found(w, plan)
    return implies(waiting, word == stage_now(w, plan, 0)) and implies(done, word == stage_now(w, plan, plan["changes"]))


def summed_now(w, plan):
    """The second stage's updates in the column at hand set bits, and no more."""
    word = stage_now(w, plan, 0)
    for level in reversed(range(plan["host"] if plan["changes"] > 1 else 1)):
        word = word | due_at(w, plan, level)
    return implies(somewhere(w) and not as_found(w, plan), word == stage_now(w, plan, plan["changes"]))


def marked_amid(w, plan):
    """Where an entry of the host's is to be marked, the word lacks the manual's marks of this level and those below."""
    word = plan["word"](w, w.m.spot)
    for level in reversed(range(plan["host"] if plan["changes"] > 1 else 1)):
        todo = plan["changes"] == 1 or level <= w.r.host_level
        word = word | (due_at(w, plan, level) if todo else bits[64](0))
    return implies(w.r.phase == Phase.mark_host, word == stage_now(w, plan, plan["changes"]))


def marked_after(w, plan):
    """Where the host's tables have been walked, the word has the manual's marks so far."""
    return implies(through(w, plan), plan["word"](w, w.m.spot) == stage_now(w, plan, plan["changes"]))


def unmarked(w, plan):
    """Before a walk the word is what software wrote."""
    return implies(w.r.phase == Phase.idle, plan["word"](w, w.m.spot) == plan["written"](w, w.m.spot))


def ends(w, plan):
    """After a walk no more of the manual's updates change the word."""
    return implies(w.r.phase == Phase.done, plan["word"](w, w.m.spot) == w.m.stages[updates_in_all(plan)])


def all_marked(w, plan):
    """After a walk all of the manual's updates are made."""
    updates = tuple(w.m.made[number] for number in range(updates_in_all(plan)))
    same = plan["word"](w, w.m.spot) == after(plan["written"](w, w.m.spot), w.m.spot, updates, plan)
    return implies(w.r.phase == Phase.done, same)


def counted(w, plan):
    """No more entries are read than stand, in the manual's order, before the one at hand; without those that are read to mark an entry."""
    stride = plan["host"] + 1
    walked = plan["guest"] * stride
    holds = implies(w.r.phase == Phase.idle, w.r.count == 0) and implies(w.r.phase == Phase.done, w.r.count <= walked + plan["host"])
    for host_level in range(plan["host"]):
        behind = plan["host"] - 1 - host_level
        here = w.r.phase == Phase.host and w.r.host_level == host_level
        holds = holds and implies(here and w.r.purpose == Purpose.final, w.r.count <= walked + behind)
        for level in range(plan["guest"]):
            before = (plan["guest"] - 1 - level) * stride
            holds = holds and implies(here and w.r.purpose == Purpose.table and w.r.level == level, w.r.count <= before + behind)
    for level in range(plan["guest"]):
        before = (plan["guest"] - 1 - level) * stride + plan["host"]
        holds = holds and implies(w.r.phase == Phase.guest and w.r.level == level, w.r.count <= before)
    return holds
