"""The closed word classes by which chat is cut into clauses: contractions, connectors, wishes, sayings, fillers."""

from hikari.memory.relation_words import word_set

EXPANSIONS = {
    "im": "i am", "ive": "i have", "id": "i would", "youre": "you are", "youve": "you have", "youd": "you would", "hes": "he is",
    "shes": "she is", "theyre": "they are", "theyve": "they have", "weve": "we have", "thats": "that is", "whats": "what is",
    "wheres": "where is", "whos": "who is", "theres": "there is", "dont": "do not", "doesnt": "does not", "didnt": "did not",
    "isnt": "is not", "arent": "are not", "wasnt": "was not", "werent": "were not", "cant": "can not", "cannot": "can not",
    "wont": "will not", "wouldnt": "would not", "havent": "have not", "hasnt": "has not", "hadnt": "had not", "aint": "is not",
    "shouldnt": "should not", "couldnt": "could not", "gonna": "going to", "wanna": "want to", "gotta": "got to", "u": "you",
    "luv": "love", "favorite": "favourite", "fav": "favourite", "fave": "favourite", "faves": "favourites", "favs": "favourites",
    "ur": "your", "its": "it is", "itll": "it will", "youll": "you will", "ill": "i will", "imma": "i will",
    "ima": "i will", "dnt": "do not", "dun": "do not", "doesn": "does not", "don": "do not", "k": "ok", "rly": "really",
    "tho": "though", "cuz": "because", "cause": "because", "coz": "because", "bc": "because", "cos": "because", "&": "and",
    "dis": "this", "ya": "you", "bday": "birthday", "wen": "when", "+": "and", "n": "and",
    "finna": "going to", "were": "we are", "theyd": "they would", "hed": "he would", "shed": "she would", "wed": "we would",
}  # fmt: skip
ONLY_WITH_APOSTROPHE = frozenset({"shed", "wed", "hell", "don", "doesn", "dun", "were"})

NOMINATIVES = frozenset({"i", "we", "he", "she", "they"})
POSSESSIVES = frozenset({"my", "your", "our", "his", "her", "their"})
FINITE = word_set(
    "is are am was were has have had likes loves hates plays mains lives owns speaks works studies drinks eats streams "
    "enjoys dislikes moved uses says said told thinks adores collects does prefers wants changed got despises quit used "
    "came"
)
BASE_VERBS = word_set(
    "love like hate enjoy dislike play main live own have work study speak drink eat am are do used moved got can prefer "
    "stream bought adopted named adore despise started stopped quit will collect use"
)
CONNECTORS = frozenset({"and", "or", ",", "then", "plus", ":", "so", "-", "—", "–", "nor"})
BREAKERS = word_set(
    "but because although though whereas while unless if when whenever until since ; which who lol lmao haha xd except ( ) "
    "[ ] | / ~ * “ ” ♥ lmaoo ahaha hahaha"
)
UNREAL_HEADS = frozenset({"if", "unless", "until", "whether"})
UNREAL = word_set(
    "wish wishes wished imagine imagining pretend pretending suppose hope hoping dream dreamed dreamt dreaming if joking "
    "kidding would could might should maybe perhaps unless lets want wants wanna heard"
)
HEDGES = word_set("think guess bet assume heard suspect thought believe reckon doubt hear wonder")
SAYING = word_set(
    "says said say told tells tell claims claimed thinks think thought mentioned insists swears swore believes knows know "
    "that saying yelling screams hears figured heard announced admitted"
)
MATRIX = SAYING | HEDGES | {"wish", "hope", "that", "if", "when", "because", "imagine", "so", "sure", "wished", "means"}
NOUNY = word_set(
    "the a all every any anything everything something one only thing things place game reason time first last what how "
    "where why that who which whatever nothing person people way best worst food anime song day"
)
ASKING = word_set(
    "do does did is are was were can could will would have has who what where when why how which should whose am whom"
)
TAGS = frozenset({"right", "huh", "eh", "yeah", "yes", "no", "correct"})
FILLERS = frozenset(
    [
        "oh",
        "ah",
        "hey",
        "hi",
        "hello",
        "yo",
        "ok",
        "okay",
        "well",
        "so",
        "yeah",
        "yes",
        "yep",
        "yup",
        "nah",
        "no",
        "nope",
        "lol",
        "actually",
        "btw",
        "fyi",
        "tbh",
        "honestly",
        "also",
        "and",
        "but",
        "plus",
        "then",
        "anyway",
        "anyways",
        "um",
        "uh",
        "hmm",
        "guys",
        "chat",
        "everyone",
        "bro",
        "dude",
        "man",
        "update",
        "correction",
        "psa",
        "reminder",
        "ngl",
        "sorry",
        "wait",
        "edit",
        "because",
        "still",
        "lmao",
        "haha",
        "welp",
        "ooh",
        "omg",
        "wow",
        "news",
        "currently",
        "lately",
        "recently",
        "nowadays",
        "though",
        "when",
        "while",
        "since",
        "which",
        "or",
        "just",
        "ok,",
        "personally",
        "true",
        "same",
        "fr",
        "basically",
        "literally",
        "sadly",
        "unfortunately",
        "luckily",
        "finally",
        "now",
        "mate",
        "bruh",
        "aww",
        "damn",
        "god",
        "gosh",
        "like",
        "huh",
        "today",
        "-",
        ",",
        ":",
        "and",
        "also",
        "too",
        "only",
        "(",
        ")",
        "*",
        "~",
        ">",
        "—",
        "–",
        "^",
        "=",
        "|",
        "/",
        "\\",
    ]
)
FILLER_PHRASES = (
    ("to", "be", "honest"), ("not", "gonna", "lie"), ("not", "going", "to", "lie"), ("by", "the", "way"), ("turns", "out"),
    ("for", "the", "record"), ("i", "mean"), ("you", "know"), ("in", "fact"), ("fun", "fact"), ("as", "of", "today"),
    ("these", "days"), ("right", "now"), ("guess", "what"), ("good", "news"), ("big", "news"), ("just", "so", "you", "know"),
    ("as", "of", "now"), ("small", "correction"), ("quick", "update"), ("life", "update"), ("just", "letting", "you", "know"),
    ("good", "morning"), ("good", "evening"), ("good", "afternoon"), ("random", "fact"), ("from", "now", "on"), ("hot", "take"),
    ("unpopular", "opinion"), ("starting", "today"), ("starting", "tomorrow"), ("for", "me"), ("me", "too"), ("same", "here"),
    ("kinda", "random"), ("to", "clarify"), ("it", "is", "official"), ("no", "joke"), ("no", "cap"), ("in", "my", "opinion"),
)  # fmt: skip
