"""States of a person that end each other: single and married, student and graduated, vegan and eating meat."""

import re

EXCLUSIVE = tuple(
    (re.compile(old), re.compile(new))
    for old, new in (
        (
            r"\b(?:single)\b",
            (
                r"\b(?:(?:have|got|has) an? (?:\w+ )?(?:boyfriend|girlfriend|gf|bf|partner)|dating|"
                r"engaged|married|taken|in a relationship)\b"
            ),
        ),
        (
            (
                r"\b(?:boyfriend|girlfriend|gf|bf|partner|dating|engaged|married|wife|husband|fiance|"
                r"fiancee|relationship)\b"
            ),
            r"\b(?:single|broke up|split up|divorced|dumped)\b",
        ),
        (
            (r"\b(?:student|in college|in uni|at uni|at school|art school|in high school)\b"),
            r"\b(?:graduated|dropped out|finished (?:school|uni|college))\b",
        ),
        (r"\b(?:vegan|vegetarian)\b", r"\b(?:eat(?:ing)? (?:meat|fish|chicken|steak|burgers)|not (?:a )?(?:vegan|vegetarian))\b"),
        (r"\b(?:eat meat|love steak|meat eater)\b", r"\b(?:vegan|vegetarian)\b"),
        (
            (r"\b(?:live|living) (?:with|at) my (?:parents|mom|mum|dad|roommates?|family|folks)\b"),
            r"\b(?:moved out|live alone|living alone|my own (?:place|apartment|flat))\b",
        ),
        (
            r"\b(?:unemployed|between jobs|looking for (?:a job|work)|jobless)\b",
            (r"\b(?:got (?:a|the|hired)\b.*(?:job)?|hired|started (?:a|my) (?:new )?job)\b"),
        ),
        (r"\b(?:work (?:at|for|as|in)|my job)\b", r"\b(?:quit my job|got fired|laid off|unemployed|lost my job|retired)\b"),
        (r"\b(?:not drink|never drink|sober)\b", r"\b(?:started drinking|drink(?:ing)? (?:beer|wine|alcohol|again))\b"),
        (
            r"\b(?:broken|is down|not working|offline|does not work)\b",
            (r"\b(?:fixed|repaired|works again|back up|working again|back online)\b"),
        ),
        (
            r"\b(?:no pets|not have (?:a|any) pets?)\b",
            (
                r"\b(?:got|adopted|have) (?:a|an|my) (?:\w+ )?(?:cat|dog|puppy|kitten|hamster|rabbit|"
                r"parrot)\b"
            ),
        ),
        (r"\bsold out\b", r"\b(?:back in stock|restocked|available again)\b"),
        (r"\bin stock\b", r"\bsold out\b"),
        (r"\bno links\b", r"\blinks .*allowed\b"),
        (r"\bnot like\b", r"\bgrew on me\b"),
    )
)
