"""The closed word classes and phrases by which updates are told from new statements."""

import re

from hikari.memory.relation_words import word_set

STOP = word_set(
    "i you he she it we they me my your his her its our their mine a an the this that these those is am are was were be "
    "been being do does did have has had will would can could should to of in on at for from with by about as and or but so "
    "if then than very really just too also not no yes oh hey hi ok lol btw tbh ngl guys chat everyone there here what when "
    "where who how which up out off down over get got go goes going went one some any all more most much many lot way only "
    "even still ever always finally hit until till again like love because since when thing things time max sorry lied luna "
    "bro dude man well it's please today get o'clock clock est pst cet utc gmt jst am pm starts start starting begins will "
    "ends end ending works turns out yay hyped"
)
CUES = re.compile(
    r"\b(?:now|actually|correction|corrected|anymore|any more|no longer|instead|changed|change|"
    r"changing|switched|switching|swapped|"
    r"replaced|upgraded|moved|moving|rescheduled|delayed|postponed|pushed|shifted|from now on|update|"
    r"updated|turns out|these days|"
    r"nowadays|renamed|scratch that|my bad|i was wrong|i lied|new|got a new|as of|starting|stopped|"
    r"quit|cancelled|canceled|not .+ but|"
    r"used to|finally|meanwhile|ended up|raised|lowered|bumped|dropped to|reached|nvm|nevermind|wait|wrong|mistake|since today|"
    r"typo|misspoke|oops|meant|autocorrect|expired|price drop|debuted|overtook|since today|cheaper|"
    r"bumped up|traded|ditched|dyed|broke|beat my|improved|extended|so it is|by now|up to|down to)\b"
)
CHANGE_VERBS = re.compile(
    r"\b(?:changed|switched|swapped|replaced|upgraded|moved|rescheduled|delayed|postponed|pushed|"
    r"shifted|renamed|dyed|raised|lowered|"
    r"bumped|extended|traded|updated|got moved|went from)\b"
)
ENDING = re.compile(
    r"\b(?:no longer|anymore|any more|stopped|quit|quitting|cancelled|canceled|called off|sold|"
    r"gave up|given up|got rid of|ditched|"
    r"dropped|finished|over|broke up|deleted|uninstalled|cancelling|isn't happening|is off|off today|"
    r"unsubscribed|retired|lost|died|"
    r"passed away|got .+ off|not happening|ended|closed|shut down|removed)\b"
)
ADDING = re.compile(
    r"\b(?:also|as well|another|other|second|both|besides|plus|additional|extra|on top of|on the side|on top)\b|"
    r"\btoo(?= now| btw| lol| on| and| haha| d|$)"
)
QUALIFIERS = word_set("first second third fourth fifth other another next backup alt spare bonus side")
PLURAL_VERBS = word_set(
    "like likes love loves enjoy enjoys play plays playing own owns have has speak speaks eat eats drink drinks learn "
    "learning study collect collects watch watching hate hates dislike allergic want need bought got visited know see saw "
    "met made read reading"
)
NUMBER = re.compile(r"\d[\d.,:/]*(?:st|nd|rd|th|pm|am|k|kg|cm|x|h|%|hz|hrs|min|ish)?")
DATE = re.compile(r"\d{1,2}(?:st|nd|rd|th)")
TIME = re.compile(r"\d{1,2}(?::\d\d)?(?:am|pm)|\d{1,2}:\d\d")
LINK = re.compile(r"https?://.*|[@#]\w.*|(?:[\w-]+\.)+(?:gg|com|net|tv|org|io)(?:/.*)?|[\w-]+\.[a-z]{2,10}/.*")
WORD_NUMBERS = word_set(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred noon midnight"
)
SAME = {
    "ran": "run", "tag": "handle", "username": "handle", "ign": "handle", "nickname": "handle", "maining": "main",
    "mains": "main", "birthdays": "birthday", "streaming": "stream", "streams": "stream", "record": "pb", "pr": "pb",
    "personal": "pb", "best": "pb", "highscore": "pb", "smoking": "smoke", "job": "work", "working": "work", "color": "colour",
    "schedules": "schedule", "invite": "link", "url": "link", "mic": "microphone", "puppy": "dog", "kitty": "cat",
    "kitten": "cat", "location": "place",
}  # fmt: skip


FADED = re.compile(
    r"\b(?:died|is dead|are dead|is over|are over|was over|phase is over|expired|split up|broke up|"
    r"is off|came off|healed|is fixed|fixed|kept crashing|"
    r"is gone|are gone|gone|is done|closed|shut down|cancelled|canceled|called off|not happening|"
    r"postponed|got stolen|broke|crashed|burned down|"
    r"is out|moved out|retired|graduated|passed away|disbanded|is back|are back|grew on me|ended|"
    r"changed my mind|did not suit|wore off|fell through|"
    r"gave out|got removed|got deleted|is mid now|is history|is no more|kicked the bucket|stopped working|turned out)\b"
)
"""What comes before one of these is no longer as it was."""
RENOUNCED = re.compile(
    r"\b(?:quit|quitting|dropped|dropping|gave up on|gave up|given up|sold|nuked|ditched|ditching|"
    r"switched from|moved from|went from|swapped|"
    r"replaced|replacing|done with|finished with|out of|off|overtook|instead of|rather than|no more|"
    r"got rid of|goodbye|bye|sorry|left|retired|stopped|"
    r"over|uninstalled|deleted|traded|broke up with|dumped|outgrew|traded in|unsubscribed from|cut out|not call me|renamed|"
    r"not do|not play|not use|not like|not have|not eat|not drink|not work|not live|can not do|"
    r"no longer|lost|cancelled|fired|finally finished|"
    r"gave away|shaved|beat|beats|beaten|ran out of|moving on from|moved on from|used to|was|were)\b"
)
"""What comes after one of these is no longer as it was."""
OVER = re.compile(r"\b(?:anymore|any more|no longer|not .{1,30} now|these days)\b")
REVISED = re.compile(
    r"\b(?:typo|correction|misspoke|meant|autocorrect|oops|wrong|my bad|i lied|mixed up|scratch that|"
    r"mistake|ignore that|mistyped)\b|^\*"
)
PRONOUNS = re.compile(r"\b(?:he|she|they|any|it|xe)(?: / |/)(?:him|her|them|they|she|its|he|xem)\b|\bany pronouns\b")
PLACE = re.compile(
    r"\b(?:live in|living in|lives in|based in|(?:dorm|flat|apartment|house|place|studio|room|condo|"
    r"home) in|moved (?:\w+ )?to|relocated to|hi from|hello from|"
    r"greetings from|settled in|life in|settling into|settled into) (?:the )?([\w-]+)"
)
NOT_AT_HOME = re.compile(
    r"\b(?:visit|visiting|visited|vacation|holiday|trip|week in|weekend|hotel|airbnb|tonight|parents|moms|dads|conference)\b"
)
COUNTED = re.compile(r"(\d[\d.,]*) (?:\w+ )?([a-z]{3,})")
BEST = re.compile(r"\b(?:longest|fastest|highest|biggest|best|record|pb|pr|shortest|heaviest|new high|top score)\b")
"""What one can only have one of, and which only moves one way."""
