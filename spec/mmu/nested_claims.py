"""What is proved of the nested walkers, and what each claim is proved from.

A claim is `(name, sentence, reasons, holds)`, where `holds(w)` is a function of the state, or `holds(w, place)` of the state and the
address of a word. A subject declares those that the walker keeps from step to step first, then what follows from them in every state, in
the order that they have here.
"""

from vmproof.lang import *
from spec.mmu.nested_hardware import Phase
from spec.mmu.nested_manual import answered, ask_recorded, columns, made_recorded, read_recorded, result_recorded, staged
from spec.mmu.nested_states import *

SAYS = {
    "ordered": "registers name levels that there are",
    "due": "entries are only to be marked where hardware does so",
    "marks_only": "nothing but marks changes, in pages of the stage that they belong to",
    "result_is": "the ghosts hold the result of the manual's first stage",
    "ask_is": "the ghosts hold what the manual's first stage asks the second one",
    "read_is": "the ghosts hold the guest's entries as the manual's first stage reads them",
    "made_is": "the ghosts hold the updates that the manual makes",
    "answered": "the ghosts hold what the manual's second stage answers",
    "staged": "the ghosts hold a word before and after each of the manual's updates",
    "places": "while the host's tables are walked, the manual's second stage comes by the same places",
    "leaf": "where an entry of the host's is to be marked, the manual's second stage ends well, at the same leaf",
    "kept": "the registers hold the host's entries as the manual reads them, marks aside",
    "arrived": "where the host's tables have been walked, the manual's second stage has come to the same place",
    "denied": "where the host's tables refuse, the manual's second stage refuses, too",
    "refused": "a fault of the guest's tables is the manual's",
    "asked": "what the walker asks the second stage, the manual's walk asks, too",
    "unmarked": "before a walk a word is what software wrote",
    "before": "where the host's tables are walked, a word has the marks of the manual's updates so far",
    "amid": "where an entry of the host's is to be marked, a word lacks the marks of the manual's updates that are left",
    "after": "where the host's tables have been walked, a word has the marks of the manual's updates so far",
    "joined": "the manual reads an entry of the guest's where its second stage says",
    "untouched": "where the manual's second stage is not asked, it makes no updates",
    "unchanged": "where the manual makes no updates, a word stays as it is",
    "told_in": "in this column the ghosts hold what the manual's second stage says about the address at hand",
    "told": "the ghosts hold what the manual's second stage says about the address at hand",
    "found": "the manual's walk goes on with what the walk of the host's tables comes to",
    "paid": "the host's marks are those of the manual's updates",
    "again": "an entry of the guest's that is to be marked is found where it was read",
    "held": "an entry of the guest's that is to be marked is as it was read, marks aside",
    "host_held": "an entry of the host's that is to be marked is as it was read, marks aside",
    "staged_in": "in this column the ghosts hold a word before and after each update",
    "staged_now": "the ghosts hold a word before and after each update of the column at hand",
    "summed_now": "the second stage's updates in the column at hand set bits, and no more",
    "owed": "the guest's marks are those of the manual's updates",
    "spared": "an entry of the host's that has its marks is not changed by the manual",
    "settled": "an entry of the guest's that has its marks is not changed by the manual",
    "settles": "where the walker comes to the guest's leaf, the manual changes no entry that has its marks",
    "unasked": "the manual asks nothing where it needs no address",
    "ended": "after a walk no more of the manual's updates change a word",
    "memory_marked": "after a walk memory has the marks of the manual's updates, and no others: the word at an arbitrary place",
    "equal": "nested translation is the host's after the guest's: the result or the fault, and the guest physical address of a fault",
}


def each(name, numbers):
    """The names of the claims that are made of each level or column."""
    return tuple(f"{name}_{number}" for number in numbers)


def reasons(plan, claim, number):
    """What a claim is proved from, that of a column or a level by its number."""
    here, guest, host = range(columns(plan)), range(plan["guest"]), range(plan["host"])
    asked = ("ordered", *each("asked", here))
    behind = ("ordered", "due", "marks_only", *each("places", host), *each("leaf", host), *each("kept", host))
    entering = ("marks_only", *each("held", guest), "found", *each("joined", guest))
    held = each("host_held", host)
    recorded = (*each("ask_is", here), *each("read_is", guest), *each("made_is", here))
    match claim:
        case "due":
            return ("ordered",)
        case "marks_only":
            return ("ordered", "due", *held, *each("held", guest))
        case "places":
            return ("ordered", "due", "marks_only", *each("places", range(number, min(number + 2, plan["host"]))))
        case "leaf":
            return ("ordered", "due", "marks_only", f"places_{number}", *held, *each("kept", host))
        case "kept":
            return ("ordered", "due", "marks_only", f"places_{number}", *held)
        case "arrived" | "denied":
            return behind
        case "asked":
            return (*asked, *entering, *each("ask_is", here), *each("read_is", guest))
        case "refused":
            return (*asked, *entering, "result_is", *each("ask_is", here), *each("read_is", guest))
        case "unmarked":
            return ()
        case "before":
            skipped = ("unasked", *each("settled", guest), *each("settles", guest), *each("unchanged", here))
            marked = (*each("held", guest), *held, *each("owed", guest), "staged_0", "staged_now", "unmarked", "after")
            return ("ordered", "due", *skipped, *marked)
        case "amid" | "after":
            return ("ordered", *held, *each("paid", host), *each("spared", host), "summed_now", "before", "amid")
        case "joined":
            return (f"read_is_{number}", *each("ask_is", here))
        case "untouched":
            return (f"ask_is_{number}", f"made_is_{number}")
        case "unasked":
            return each("ask_is", here)
        case "unchanged":
            return (f"staged_{number}", f"untouched_{number}")
        case "told_in":
            return ("ordered", f"answered_{number}", f"asked_{number}", f"untouched_{number}")
        case "told":
            return ("ordered", *each("told_in", here))
        case "found":
            return ("ordered", "told", "arrived", "denied")
        case "paid":
            return ("ordered", "due", "marks_only", "told", *each("leaf", host), f"kept_{number}")
        case "spared":
            return ("ordered", "due", "marks_only", "told", *each("places", host), *each("leaf", host), f"kept_{number}")
        case "again":
            answered = f"answered_{plan['guest'] - 1 - number}"
            return (*asked, "arrived", answered, f"joined_{number}")
        case "held":
            return (*asked, "marks_only", f"again_{number}", f"joined_{number}")
        case "host_held":
            return ("ordered", "marks_only", *each("leaf", host), f"kept_{number}")
        case "staged_in":
            return (f"staged_{number}",)
        case "summed_now":
            return ("ordered", "staged_now", "told")
        case "staged_now":
            return ("ordered", *each("staged_in", here))
        case "owed":
            return (*asked, "found", "marks_only", *recorded, f"held_{number}", f"joined_{number}", f"again_{number}")
        case "settled":
            return (*asked, *recorded)
        case "settles":
            return (*asked, "found", "marks_only", *recorded, f"joined_{number}")
        case "ended":
            return (*asked, *each("unchanged", here), "staged_now", "before", "after", "found", "refused", "result_is", *recorded)
        case "memory_marked":
            return ("ended", *each("staged", here))
        case "equal":
            return (*asked, "refused", "found", "result_is", *recorded)
    return ()


def claim(plan, name, holds):
    return ((name, SAYS[name], reasons(plan, name, 0), lambda w: holds(w, plan)),)


def claims(plan, name, holds, numbers):
    """One claim of each column or level."""
    return tuple((f"{name}_{n}", SAYS[name], reasons(plan, name, n), lambda w: holds(w, plan, n)) for n in numbers)


def in_one(holds):
    """A claim about the column at hand, where that is a certain one."""
    return lambda w, plan, column: implies(in_column(w, plan, column), holds(w, plan))


def orderly(plan):
    """Claims about the registers alone that the walker keeps from step to step."""
    return *claim(plan, "ordered", in_order), *claim(plan, "due", lambda w, plan: plan["due"](w))


def inductive(plan):
    """Claims that the walker keeps from step to step."""
    here, host = range(columns(plan)), range(plan["host"])
    return (
        *orderly(plan),
        *claim(plan, "result_is", result_recorded),
        *claims(plan, "ask_is", ask_recorded, here),
        *claims(plan, "read_is", read_recorded, range(plan["guest"])),
        *claims(plan, "made_is", made_recorded, here),
        *claims(plan, "answered", answered, here),
        *claims(plan, "staged", staged, here),
        *claims(plan, "places", same_place, host),
        *claims(plan, "leaf", same_leaf, host),
        *claims(plan, "kept", same_host_entry, host),
        *claim(plan, "arrived", arrives),
        *claim(plan, "denied", denies),
        *claim(plan, "refused", lambda w, plan: implies(refused_by_guest(w), agrees(w, plan))),
        *claims(plan, "asked", same_question, here),
        *claim(plan, "unmarked", unmarked),
        *claim(plan, "before", marked_before),
        *claim(plan, "amid", marked_amid),
        *claim(plan, "after", marked_after),
    )


def inductive_of_words(plan):
    """Claims about each word of memory that the walker keeps from step to step."""
    return (("marks_only", SAYS["marks_only"], reasons(plan, "marks_only", 0), plan["marks_only"]),)


def implied(plan):
    """Claims that follow; `equal` and `memory_marked` are what all are for."""
    here, guest = range(columns(plan)), range(plan["guest"])
    return (
        *claims(plan, "joined", same_read, guest),
        *claims(plan, "untouched", untouched, here),
        *claims(plan, "unchanged", unchanged, here),
        *claims(plan, "told_in", in_one(told), here),
        *claim(plan, "told", told),
        *claim(plan, "found", same_answer),
        *claims(plan, "paid", sets_marks, range(plan["host"])),
        *claims(plan, "spared", spared, range(plan["host"])),
        *claims(plan, "again", same_entry, guest),
        *claims(plan, "held", still_there, guest),
        *claims(plan, "host_held", still_there_behind, range(plan["host"])),
        *claims(plan, "staged_in", in_one(staged_now), here),
        *claim(plan, "staged_now", staged_now),
        *claim(plan, "summed_now", summed_now),
        *claims(plan, "owed", own_update, guest),
        *claims(plan, "settled", settled, guest),
        *claims(plan, "settles", settles, guest),
        *claim(plan, "unasked", unasked),
        *claim(plan, "ended", ends),
        *claim(plan, "memory_marked", all_marked),
        *claim(plan, "equal", lambda w, plan: implies(w.r.phase == Phase.done, agrees(w, plan))),
    )


# What can happen, so that no claim holds for lack of executions.
HAPPENS = (
    ("allowed", "a walk ends well", lambda w: w.r.phase == Phase.done and w.r.ok),
    ("guest_refused", "the guest's tables refuse, and the fault is the guest's", refused_by_guest),
    (
        "table_refused",
        "the first entry of the host's that is read refuses an access to the guest's tables",
        lambda w: refused_behind(w) and w.r.implicit and w.r.count == 1,
    ),
    (
        "page_refused",
        "the host's tables refuse the final address",
        lambda w: refused_behind(w) and not w.r.implicit and w.r.count > 2,
    ),
)
