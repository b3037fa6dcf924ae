"""What a clause says of its subject: patterns over the words that follow it, one rule per phrasing.

A rule is a regular expression over the clause's plain words (see `clauses.tokens`). Before the verb only adverbs, negation and the
auxiliaries in `_BEFORE` may stand, so that `would love`, `want to play` and `should move to` match nothing.
"""

import re
from dataclasses import dataclass

_ADVERBS = (
    "really|actually|also|just|still|kinda|kind of|sort of|totally|absolutely|honestly|literally|always|usually|mostly|mainly|"
    "currently|now|lowkey|highkey|definitely|secretly|personally|both|all|so|deeply|fucking|truly|only|even|recently|finally|"
    "already|lately|often|basically|genuinely|def|legit|super|very|pretty|too|originally|exclusively|proudly|more|much|quite|"
    "officially|completely|completly|passionately|strongly|sadly|unironically|do be|"
    "low key|real|occasionally|sometimes|regularly|"
    "primarily|simply|straight up|right now|at the moment|these days"
)
_BEFORE = re.compile(
    rf"(?P<before>(?:(?:{_ADVERBS}|not|never|no longer|no|do|does|did|have|has|been|am|are|"
    rf"is|was|were|be|will|going to|used to|had|"
    r"about to|planning to|plan to|plans to|planning on|thinking of|'s) )*?)"
)
_PAST = re.compile(r"\b(?:was|were|had|did)\b")
_FUTURE = re.compile(r"\b(?:will|going to|about to|plan(?:s|ning)? (?:to|on)|thinking of)\b")
_FILLER_LIKE = re.compile(r"\b(?:is|am|are|was|be|been|have|has|had|'s)\b.* $")
"""Before `like` these make it a comparison or a filler: `is like`, `have like ten hours`."""
_NEGATION = re.compile(r"\b(?:not|never|no longer|no)\b")
_BE = r"(?:am|are|is|was|were|been|be|'s)"
_SIZE = (
    r"(?:(?:big|huge|massive|real|die hard|diehard|hardcore|total|such|long time|longtime|lifelong|proud|avid|certified|the) )*"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One phrasing: the relation and attribute it states, what its object may be, and whether it ends the relation."""

    relation: str
    attribute: str
    shape: str
    pattern: re.Pattern[str]
    negative: bool = False
    tense: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A matched rule with the place of its object in the clause's string."""

    rule: Rule
    start: int
    end: int
    negated: bool
    tense: str


def _rule(relation: str, shape: str, core: str, *, attribute: str = "", negative: bool = False, tense: str = "") -> Rule:
    end = "" if "(?P<o>" in core else r" (?P<o>.+)"
    return Rule(relation, attribute or relation, shape, re.compile(_BEFORE.pattern + rf"(?:{core}){end}"), negative, tense)


RULES: tuple[Rule, ...] = (
    # tastes
    _rule("likes", "list", rf"{_BE}(?: not)? (?:(?:{_ADVERBS}) )*(?:an? )?{_SIZE}(?:fan|fans|lover|enjoyer) of"),
    _rule(
        "likes",
        "thing",
        rf"{_BE}(?: not)? (?:(?:{_ADVERBS}) )*(?:an? )?{_SIZE}(?P<o>(?:[\w'-]+ ){{1,3}}?)(?:fan|enjoyer|lover|stan|simp)\b.*",
    ),
    _rule(
        "likes",
        "list",
        rf"(?:{_BE}(?: not)? (?:(?:{_ADVERBS}|totally|heavily|big) )*(?:into|in love with|"
        rf"obsessed with|addicted to|fond of|hooked on)|"
        r"got (?:really |super )?into|(?:have a soft spot|has a soft spot) for)",
    ),
    _rule("likes", "list", r"fell in love with"),
    _rule("likes", "list", rf"(?:an? )?{_SIZE}(?:fan|fans|lover|enjoyer) of"),
    _rule("likes", "list", r"(?:into|obsessed with|addicted to)"),
    _rule("likes", "list", rf"{_BE}(?: not)? (?:(?:{_ADVERBS}) )*(?:loving|enjoying|liking|digging|vibing with)"),
    _rule("dislikes", "list", r"(?:can|could) (?:not|never|no longer) (?:stand|bear)(?: to)?", tense="present"),
    _rule("dislikes", "list", r"(?:hate|hates|dislike|dislikes|despise|despises|detest|detests|loathe|loathes)(?: to)?"),
    _rule("dislikes", "list", rf"{_BE} (?:(?:{_ADVERBS}) )*(?:sick|tired|sick and tired) of|(?:am|is|are) hating"),
    _rule("dislikes", "list", r"(?:hated|despised|disliked)", tense="past"),
    _rule("likes", "list", r"(?:stopped|quit) (?:liking|loving|enjoying)", negative=True, tense="present"),
    _rule("likes", "list", r"(?:like|likes|love|loves|enjoy|enjoys|adore|adores|prefer|prefers|stan|stans)(?: to)?"),
    _rule("likes", "list", r"never (?:(?:really|actually) )?(?:liked|enjoyed|loved)", negative=True, tense="present"),
    _rule("likes", "list", r"(?:liked|loved|enjoyed|adored)", tense="past"),
    # games and mains
    _rule(
        "plays",
        "thing",
        (
            r"(?:stopped playing|quit playing|quit|quits|quitting|stopped|gave up on|given up on|"
            r"gave up|uninstalled|stopped maining|retired from)"
        ),
        negative=True,
        tense="present",
    ),
    _rule("plays", "thing", r"(?:changed|switched|swapped|moved) my main(?: from .+?)? to", attribute="main", tense="present"),
    _rule("plays", "thing", r"(?:main|mains|maining|one trick|onetrick)", attribute="main"),
    _rule(
        "plays", "thing", r"(?:switched|swapped) (?:(?:from )?(?:[\w'-]+ ){1,2}?)?to maining", attribute="main", tense="present"
    ),
    _rule(
        "plays", "thing", rf"{_BE}(?: not)? (?:an? )?(?P<o>(?:[\w'-]+ ){{1,3}}?)(?:main|onetrick|one trick)\b.*", attribute="main"
    ),
    _rule("plays", "thing", r"mained", attribute="main", tense="past"),
    _rule("plays", "list", r"(?:play|plays|playing|replaying|speedrunning|speedrun|speedruns|grinding)"),
    _rule(
        "plays",
        "list",
        r"(?:started|began|got back to|been) playing|(?:picked up|got into playing|got hooked on playing)",
        tense="present",
    ),
    _rule("plays", "list", r"(?:played)", tense="past"),
    # places
    _rule("lives_in", "place", r"(?:live|lives|living|reside|resides|residing|based|located) in"),
    _rule("lives_in", "place", r"(?:live|lives|living) (?:near|at)"),
    _rule("lives_in", "place", r"lived in", tense="past"),
    _rule(
        "lives_in", "place", r"(?:moved|relocated|moved back|moved over|moved out|moved away) (?:from .+? )?to", tense="present"
    ),
    _rule("lives_in", "place", r"(?:move|moving|relocating|relocate|moving back|move back) (?:from .+? )?to", tense="future"),
    _rule(
        "lives_in",
        "place",
        (
            rf"(?:{_BE}(?: not)? (?:(?:{_ADVERBS}) )*from|(?:come|comes|hail|hails) from|"
            rf"(?:watching|tuning in|chatting|joining|greetings|hello|hi|hey|cheers|"
            rf"sending love)(?: \w+)? from)"
        ),
        attribute="from",
    ),
    _rule("lives_in", "place", r"(?:from|based in)", attribute="from"),
    _rule("born_in", "place", r"(?:born(?: and raised)?|grew up|raised) in", tense="present"),
    # things of one's own
    _rule("named", "name", r"(?:called|named)", attribute="name", tense="present"),
    _rule("named", "name", r"(?:go|goes) by(?: the name(?: of)?)?", attribute="name", tense="present"),
    _rule("owns", "list", r"(?:own|owns|collect|collects)"),
    # work and study
    _rule(
        "works_at",
        "list1",
        r"(?:work|works|working) (?:full time |part time |remotely |nights |a job )?(?:at|for)|"
        r"(?:got|have|has|started|landed) (?:an? )?"
        r"(?:new |first |part time |full time |summer )*job (?:at|in|with)|(?:started|starting) (?:working |work )?(?:at|for)",
    ),
    _rule(
        "works_as",
        "list1",
        r"(?:work|works|working) (?:full time |part time )?as|(?:got|have|has|started|"
        r"landed) (?:an? )?(?:new |part time )*job as|"
        r"(?:became|got promoted to|got hired as)",
    ),
    _rule("allergic_to", "word", r"(?:have|has|got) an? (?P<o>(?:[\w-]+ ){1,2})allergy\b.*"),
    _rule(
        "owns",
        "pet",
        r"(?:have|has|got|adopted|bought|rescued|have got|has got|had to get|picked up|ordered|built|found)"
        r"(?: (?:myself|me|us|himself|herself|ourselves))?",
    ),
    _rule("owns", "pet", r"(?:sold|lost|gave away|returned) my", negative=True, tense="present"),
    _rule("works_in", "list1", r"(?:work|works|working) (?:in|with)"),
    _rule(
        "works_as",
        "job",
        rf"{_BE}(?: not)? an? (?P<o>(?:[\w'-]+ ){{0,3}}(?:nurse|teacher|developer|dev|engineer|"
        rf"programmer|designer|artist|animator|student|"
        r"chef|cook|baker|barista|doctor|lawyer|accountant|driver|electrician|plumber|mechanic|"
        r"paramedic|firefighter|musician|writer|"
        r"editor|photographer|scientist|researcher|analyst|librarian|cashier|waiter|waitress|farmer|pilot|vet|dentist|pharmacist|"
        r"translator|carpenter|welder|streamer|vtuber|manager|technician|assistant|therapist|"
        r"architect|biologist|chemist|tutor))\b.*",
    ),
    _rule(
        "studies",
        "list",
        r"(?:study|studies|studying|major in|majors in|majoring in|learn|learns|learning|taking classes in)(?: to)?",
    ),
    # facts about a person
    _rule(
        "age",
        "age",
        (
            rf"{_BE} (?:only |now |turning )?(?P<o>\d{{1,3}})(?: years? old| yo| y o|y o|yrs old|"
            rf" now| today|$| and\b.*| btw.*| lol.*)"
        ),
    ),
    _rule("age", "age", r"(?:turned|turn|just turned) (?P<o>\d{1,3})\b.*", tense="present"),
    _rule("speaks", "list", r"(?:speak|speaks|(?:can|can also) speak)(?: fluent| some| a bit of| a little)?"),
    _rule("drinks", "list", r"(?:drink|drinks)"),
    _rule("eats", "list", r"(?:eat|eats)"),
    _rule("allergic_to", "list", r"(?:allergic|intolerant) to"),
    _rule("uses", "tool", r"(?:use|uses|using|switched to using|type on|types on|draw with|edit with)"),
    _rule("streams_on", "days", r"(?:stream|streams|streaming|go live|goes live) (?:every |on |each )(?P<o>.+)"),
    _rule("streams_at", "time", r"(?:stream|streams|go live|goes live) (?:at|from|around) (?P<o>.+)"),
    _rule("supports", "list1", r"(?:support|supports|root for|roots for|cheer for|cheers for|rooting for|main oshi is|oshi is)"),
    _rule("diet", "word", rf"{_BE}(?: not)? (?:an? )?(?P<o>vegan|vegetarian|pescatarian)\b.*"),
)
"""Earlier rules win."""


def read(predicate: str) -> Reading | None:
    """The first rule that matches what follows a subject, with the object's place in `predicate`."""
    for rule in RULES:
        match = rule.pattern.match(predicate)
        if match is None:
            continue
        before = predicate[: match.start("o")]
        if (
            rule.relation == "likes"
            and predicate.startswith("like", match.end("before"))
            and _FILLER_LIKE.search(match["before"])
        ):
            return None
        negated = (
            _NEGATION.search(match["before"] if rule.negative else before) is not None
            and "can not" not in before
            and "can never" not in before
        )
        negated = negated or ("can no longer" in before and rule.relation != "dislikes")
        tense = rule.tense or "present"
        if "used to" in match["before"]:
            tense = "former"
        elif _FUTURE.search(before):
            tense = "future"
        elif _PAST.search(before) and not (rule.relation == "born_in" or rule.tense == "present"):
            tense = "past" if not ("did not" in before and rule.tense == "present") else tense
        if rule.relation == "plays" and tense == "present" and " " + "about" in before:
            tense = "future"
        return Reading(rule, match.start("o"), match.end("o"), negated != rule.negative, tense)
    return None
