"""What a chat message shows without any model: its words as small codes, emotes, questions, shouting, mentions, commands.

Emotes are recognised by their shape, since every channel has its own: Twitch's global ones by a short list, a channel's by their
lower-case prefix and the capital after it, emoji by their Unicode blocks. It is a rate for a chart and a model, not a dictionary.
"""

import re
from functools import lru_cache

from hikari.analytics.sketches import stable_hash

READ_CHARACTERS = 500
"""Twitch's longest message; of a longer one, the rest adds to the length alone."""
COPYPASTA_WORDS = 6
"""A text of at least this many words that comes again is copypasta; shorter ones ("hello", emotes) repeat by nature."""
FLAG_BITS = 9
"""Lowest bits of a code, free for flags; the hash above them is uniform in [0, 2**32)."""

_GLOBAL = """
4Head BabyRage BibleThump BloodTrail BOP cmonBruh CoolCat DansGame DatSheffy EleGiggle FailFish FrankerZ GivePLZ HeyGuys HypeLUL
Jebaited Kappa Keepo Kreygasm LUL Kippa MrDestructoid NotLikeThis OhMyDog OSFrog PJSalt PogChamp PopCorn ResidentSleeper SeemsGood
SMOrc StinkyCheese SwiftRage TheIlluminati TriHard TwitchUnity VoHiYo VoteNay VoteYea WutFace
Aware Bedge catJAM Clap Clueless COPIUM D: ECKS EZ GIGACHAD HUH Hmm HYPERS ICANT KEKW KEKL LULW Madge modCheck monkaS monkaW
NODDERS NOOO NOPERS NOTED Okayge OMEGALUL OMEGADANCE PauseChamp peepoClap PepeHands PepeLaugh Pepega pepeD POG Pog POGGERS Poggers Prayge
Sadge SadCat Stare SUSSY Susge TrollDespair WAYTOODANK WICKED WideHard xdd YEP
:) :( :D :O :o :P :p ;) ;P ;p <3 >( B) :/ :| R) o_O O_o O_O
"""
_GLOBAL_EMOTES = frozenset(_GLOBAL.split())
_NAMES = "macOS YouTube TikTok GitHub PlayStation JavaScript TypeScript OnlyFans PayPal WhatsApp"
_WRITTEN_SO = frozenset(_NAMES.split())
_EMOTE_SHAPE = re.compile(r"[a-z][a-z0-9]{2,}[A-Z][A-Za-z0-9]*(?:_[A-Z]{2})?|(?:[A-Z][a-z]+){2,}[A-Z]*|(?:Pog|Feels)[A-Z]\w*")
_EMOJI = re.compile(
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\U0001f000-\U0001faff]"
)
_QUESTIONS = "who what when where why how which whose whom is are do does did can could will would should"
_QUESTION_WORDS = frozenset(_QUESTIONS.split())
EMOTE = 1
"""The flag of a word that is an emote."""
_FLAGS = (1 << FLAG_BITS) - 1
_HASH = (1 << 32) - 1 << FLAG_BITS
_EDGES = ".,!?;:\"'()[]{}<>*_~-\u2026"

Reading = tuple[int, list[int], int, bool, bool, bool, int]
"""Characters, codes of the words, emotes among them, all capitals?, a mention?, a question?, code of the whole text."""


def read(message: str) -> Reading:
    """What there is to see in `message`; the text's code has its lowest bit set when the text is long enough for copypasta.

    The hash of a text is the sum of its words' hashes, so that case, punctuation and spacing (which spammers vary) do not matter.
    """
    length = len(message)
    if length > READ_CHARACTERS:
        message = message[:READ_CHARACTERS]
    codes = list(map(word_code, message.split()))
    total = sum(codes)
    emotes = total & _FLAGS  # at most 250 words fit into what is read: their flags add up without reaching the hash
    question = "?" in message or (len(codes) > 2 and message.partition(" ")[0].lower() in _QUESTION_WORDS)
    capitals = length > 3 and emotes < len(codes) and message.isupper()
    text = (total & _HASH) | (len(codes) >= COPYPASTA_WORDS)
    return length, codes, emotes, capitals, "@" in message, question, text


@lru_cache(maxsize=32_768)
def word_code(word: str) -> int:
    """The hash of the word without case and punctuation, above `FLAG_BITS` of which the lowest says whether it is an emote."""
    plain = word.casefold().strip(_EDGES)
    return stable_hash(plain or word) >> 32 << FLAG_BITS | is_emote(word)


def is_emote(word: str) -> bool:
    """Whether a word stands for a picture: a Twitch-style emote or anything with an emoji in it.

    >>> [word for word in "arisuHype Kappa hello iPhone YouTube ok\U0001f600".split() if is_emote(word)]
    ['arisuHype', 'Kappa', 'ok\U0001f600']
    """
    if word in _GLOBAL_EMOTES:
        return True
    if word.isascii():
        return _EMOTE_SHAPE.fullmatch(word) is not None and word not in _WRITTEN_SO
    return _EMOJI.search(word) is not None
