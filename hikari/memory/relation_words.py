"""The closed word classes that relation patterns stand on: who is speaking of whom, what can be owned, what ends an object.

No tagger reads lower-case chat well enough, so the classes are written out. They are chosen for precision: a word that is missing
from a list costs a relation, a wrong one would state what nobody said.
"""


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set: long word classes stay readable."""
    return frozenset(text.split())


ARTICLES = frozenset({"a", "an", "the", "some", "any"})
KIN = word_set(
    "mom mum mother dad father sister brother sis bro cousin uncle aunt grandma grandpa grandmother grandfather wife "
    "husband girlfriend boyfriend gf bf partner fiance fiancee son daughter kid nephew niece twin roommate flatmate "
    "housemate boss manager teacher friend bestie teammate neighbour neighbor landlord coach doctor therapist mentor editor "
    "artist moderator mod duo crush oshi ex coworker colleague classmate stepbrother stepsister stepdad stepmom"
)
PETS = word_set(
    "cat dog puppy kitten kitty hamster parrot bird fish goldfish rabbit bunny snake turtle tortoise gecko lizard ferret "
    "rat mouse pet horse pony chicken duck frog axolotl corgi husky poodle retriever dachshund chihuahua pug shiba beagle "
    "budgie cockatiel hedgehog chinchilla pig goat sheep cow tarantula spider crab bearded-dragon dragon"
)
DEVICES = word_set(
    "keyboard mouse mic microphone headset headphones monitor gpu cpu pc laptop computer phone tablet chair desk camera "
    "webcam controller capo console tv car bike motorcycle truck van scooter skateboard guitar piano violin drums bass "
    "ukulele switch playstation xbox ps5 ps4 ps3 steamdeck deck iphone ipad macbook setup rig rtx house apartment flat boat "
    "telescope figure figurine plush plushie plushies figures collection cactus aquarium terrarium synth synthesizer "
    "printer tattoo tattoos sword katana kindle bicycle motorbike drone mousepad earbuds vr quest gameboy"
)
OWNABLE = PETS | DEVICES
ROLES = KIN | PETS
ATTRIBUTES = word_set(
    "name nickname job birthday bday age timezone keyboard mouse mic microphone headset monitor gpu cpu pc laptop phone "
    "camera rank elo mmr pb discord twitter instagram insta main sign hometown major height pronouns nationality language "
    "setup sensitivity sens dpi dream hobby hobbies university uni school college account username steam fc ign character "
    "class role team oshi weight schedule chair controller console car bike star birthstone bloodtype record level"
)
"""What `my ... is ...` may name; any other noun there is too often followed by an adjective."""
SOLE_ROLES = word_set(
    "mom mum mother dad father wife husband girlfriend boyfriend gf bf partner fiance fiancee boss landlord oshi main duo"
) | (PETS - {"fish", "chicken", "duck", "snake", "frog", "bird"})
"""Roles that one holder fills at a time: a new one takes the place of the old."""

NOT_NAMES = word_set(
    "i you u we they he she it this that these those there here who what which where when why how everyone everybody "
    "someone somebody anyone anybody nobody noone nothing something everything people chat guys stream streamer game games "
    "music life time day today tomorrow yesterday tonight night morning everything one all both some any each every none "
    "food love hate school work rain weather winter summer bro dude man girl boy lol so and but or if then than just only "
    "even also too very the a an my your his her its our their mine yours not no yes yeah yep nah ok okay well oh hey hi "
    "hello because still the internet twitch youtube mod mods viewer viewers streams twitter discord song songs video clip "
    "fun fact name age rest whoever whatever money world luck mine part best worst thing things way reason point problem "
    "question answer dad mom mum mother father sister brother wife husband boss cat dog god jesus lord sun water coffee tea "
    "pizza ramen sushi minecraft favourite it's as at in on of to for from with by about like now again more most much many "
    "who's got sounds looks feels seems be been being am is are was were do does did has have had will would can could "
    "should may might must"
)
"""Words at the start of a clause that no viewer goes by, even before a verb in the third person."""
NOT_OBJECTS = word_set(
    "it this that these those you u ur your yours yourself him her them me us myself himself herself how when what where "
    "why who if so very too not as at of the everything everyone everybody anyone people nothing something anything someone "
    "one ones to be been being it's in on for with really never always i he she we they more most less no yes lol and or "
    "but because out off up down back now then here there all both some any much many such my-self going gonna totally "
    "literally being without by against with like warm himself themselves already i'm is are was were do does did can will "
    "would could should just"
)
ENDERS = word_set(
    "now here then as confirmed anymore lately rn atm currently recently today yesterday tonight tomorrow since because so "
    "too also though tho lol etc btw tbh ngl fr honestly actually when while if whenever unless until ever than again "
    "already yet anyway anyways please right irl imo instead but except who which that where what why how like every "
    "everyday daily sometimes always usually mostly even either ok okay haha hahaha lmao xd nowadays originally more better "
    "i he she we they you u is are was were am really very rly sadly unfortunately definitely fyi finally still often "
    "probably maybe later soon after before during cause cuz coz bro dude man guys chat sadge kekw lul lulw pog poggers "
    "copium pepega uwu owo o7 rip gg will would can could should has have had do does did not and or honest forever way "
    "tomorrow's tho' bc until til till without"
)
"""Words that no object goes beyond."""
END_PHRASES = (
    ("a", "lot"), ("as", "well"), ("right", "now"), ("at", "the"), ("at", "all"), ("these", "days"), ("all", "day"),
    ("all", "the"), ("the", "most"), ("for", "years"), ("in", "general"), ("at", "least"), ("at", "night"), ("the", "best"),
    ("on", "stream"), ("on", "twitch"), ("on", "weekends"), ("on", "my"), ("on", "the"), ("on", "a"), ("by", "the"), ("all", "time"),
    ("a", "bit"), ("a", "little"), ("to", "death"), ("to", "bits"), ("most", "days"), ("no", "joke"), ("no", "cap"), ("for", "now"),
    ("most", "of"), ("of", "course"), ("this", "week"), ("this", "year"), ("this", "month"), ("last", "week"), ("last", "year"),
    ("last", "month"), ("last", "night"), ("next", "week"), ("next", "year"), ("next", "month"), ("all", "week"), ("once", "a"),
    ("twice", "a"), ("on", "pc"), ("on", "switch"), ("on", "ps5"), ("on", "xbox"), ("on", "console"), ("on", "mobile"), ("on", "steam"),
)  # fmt: skip
EMOTE_PREFIXES = (
    "pepe", "peepo", "widepeepo", "monka", "pog", "kek", "lulw", "sadge", "omegalul", "copium", "hopium", "jebaited", "kreygasm",
    "biblethump", "residentsleeper", "notlikethis", "heyguys", "nodders", "catjam", "ayaya", "madge", "susge", "blush", "bless",
)  # fmt: skip
STATES = word_set(
    "good bad great nice cool cute mad angry sad happy sick ill old young tall short big small huge tiny fat thin smart "
    "dumb funny weird crazy lazy hungry tired asleep awake dead alive gone back home here there away late early ready busy "
    "free mean kind sweet loud quiet rich poor hot cold warm wet dry clean dirty hard easy soft slow fast new broken fine "
    "ok okay better worse best worst right wrong true real fake fun boring scary scared afraid alone lonely single married "
    "pregnant drunk sober black white red blue green brown grey gray orange pink yellow purple ginger blind deaf chubby "
    "fluffy sleepy grumpy evil adorable beautiful pretty ugly amazing awesome terrible awful horrible perfect insane wild "
    "chill toxic trash garbage mid goated cracked based cringe sus salty proud jealous upset annoyed worried stressed bored "
    "excited obsessed addicted vegan vegetarian religious strict so very too really not never also always still just super "
    "kinda pretty like literally actually a an the my your in on at from with for of to as about by over under more most "
    "less such his her their our its when what how that this it than because if up down out off online offline bald blonde "
    "japanese korean german french spanish english italian american british mexican brazilian canadian chinese russian "
    "polish swedish dutch indian filipino australian famous different similar special important spoiled banned lost stuck "
    "half done over visiting coming going mine yours everything nothing someone something one him her me you us them all no "
    "probably maybe near next inside outside around now today tomorrow yelling full empty great-looking dangerous epic "
    "legendary gay straight bi trans female male unemployed retired"
)
"""What is said of a sister or a cat that is not a name, besides the endings in `STATE_ENDINGS`."""
STATE_ENDINGS = ("ing", "ed", "ful", "less", "ous", "ive", "able", "ible", "ish", "est", "ly", "ic", "cal", "ary")
FIRST_NAMES = word_set(
    "emma olivia ava sophia isabella mia amelia harper ella emily lily grace chloe zoe hannah nora layla lucy anna sarah "
    "laura julia maria elena sofia clara alice rosa eva nina lisa lena marie sophie charlotte kate katie karen linda susan "
    "jessica jenny jennifer amanda ashley megan rachel rebecca samantha vanessa natalie nicole michelle stephanie diana "
    "claire helen james john robert michael mike david dave william will liam noah oliver elijah lucas mason logan ethan "
    "jacob jack henry alex alexander daniel dan matthew matt joseph joe samuel sam ben benjamin leo max oscar felix theo "
    "tom thomas tim peter paul mark george steve steven kevin brian eric jason ryan adam aaron nathan kyle tyler josh "
    "joshua chris christian andrew tony anthony nick jonas finn otto hugo luca marco mario pablo diego carlos juan jose "
    "pedro luis miguel ivan dmitri sasha yuki haruka haruto sakura hana aiko akira kenji hiro takeshi yui rin ren mei mika "
    "miku sora riku kaito emi naomi ayumi kana nana momo luna mochi miso coco bella buddy rocky milo simba loki pixel "
    "whiskers cookie biscuit oreo pepper ginger-snap shadow minho jisoo jin wei ming li ravi priya arjun amir omar ali "
    "fatima layla yusuf kim lee jordan casey morgan taylor jamie robin greta ingrid lars sven erik bjorn freya astrid dana "
    "kai ash jade ruby rose iris hazel willow daisy violet june april"
)
"""Names common enough to be one in lower case after `my sister is`."""
NOT_PLACES = word_set(
    "work school bed class uni college home hell heaven a an my the this that your his her their our fear pain peace here "
    "there silver gold bronze plat platinum diamond iron master twitch youtube tiktok twitter reddit discord raid monday "
    "tuesday wednesday thursday friday saturday sunday another new denial poverty one two it him her them you me us "
    "constant general eternal debt front terms what where when how which now then"
)
PLACES_WITH_ARTICLE = word_set(
    "uk us usa netherlands philippines states uae alps bay midwest south north east west countryside suburbs bahamas "
    "caribbean city maldives middle"
)
DAYS = word_set(
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays "
    "sundays mon tue tues wed thu thurs fri sat sun weekends weekdays weekend"
)
MONTHS = word_set(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep "
    "sept oct nov dec"
)
