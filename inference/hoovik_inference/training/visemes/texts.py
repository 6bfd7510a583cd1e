"""What is said: sentences of our own in many languages, sentences put together of words, and words that are none."""

from __future__ import annotations

import numpy as np

SENTENCES: dict[str, tuple[str, ...]] = {
    "en": (
        "Could you hear me before, or was the microphone off?",
        "I'm sorry, you broke up for a moment, please say that again.",
        "We have maybe five more minutes, so let me sum up briefly.",
        "The first version of the map was much better than the other one.",
        "Both boys jumped over the puddle and ran up the hill.",
        "My brother plays the trumpet, but only when nobody is home.",
        "She thought about it for a while, and then she said no.",
        "Uh, well, I mean, it's not that easy to explain.",
        "Put the blue cup back on top of the big brown box.",
        "There are three things that I would like to show you today.",
        "Why don't we move the meeting to Thursday afternoon?",
        "Hopefully the weather gets warmer; this cold never stops.",
        "Yeah, that's fine by me, whatever works for everybody.",
        "Five of the fish were very fresh, the others smelled awful.",
        "A group of people came up to the shop and bought some apples.",
        "Nobody knew whether the judge would change the rule.",
        "I used to live in a small village with an old church.",
        "He bought a bag of rice, two pounds of butter and some pepper.",
        "Wait, who is going to take care of the baby tomorrow?",
        "The singer's voice was rough, yet everyone enjoyed the show.",
        "Oh really? I always believed it was the other way around.",
        "Vivid violets grow beneath the southern wall of the garden.",
        "Their father gathers feathers with other breathing creatures.",
        "Maybe Bob and Pam will climb up the lamp post by the pub.",
    ),
    "de": (
        "Können Sie mich jetzt besser verstehen als vorhin?",
        "Am Montag beginnen wir mit der Arbeit an dem neuen Plan.",
        "Meine Mutter fährt im Sommer oft mit dem Zug nach Bremen.",
        "Fünf junge Füchse laufen schnell über den schönen Hof.",
        "Ich glaube, das Mikrofon ist noch aus, warten Sie bitte.",
        "Der Bäcker verkauft frisches Brot und süße Pflaumenkuchen.",
        "Wir haben zwölf Boxkämpfer quer über den Platz gejagt.",
    ),
    "fr": (
        "Bonjour à tous, est-ce que vous m'entendez bien maintenant?",
        "Nous pouvons peut-être parler du problème un peu plus tard.",
        "Ma petite voisine achète du beurre et du pain chaque matin.",
        "Le vieux bateau bleu revient toujours au port avant la nuit.",
        "Je ne sais pas si vous avez vu les beaux champs de blé.",
        "Il faut beaucoup de temps pour faire une bonne soupe.",
    ),
    "es": (
        "Buenos días a todos, me gustaría empezar con una pregunta.",
        "Mi abuelo compró un burro pequeño en el pueblo de al lado.",
        "No puedo abrir la puerta porque he perdido las llaves.",
        "El perro de San Roque no tiene rabo, me parece muy bien.",
        "Vamos a ver una película famosa el jueves por la noche.",
    ),
    "it": (
        "Buongiorno, possiamo cominciare appena arrivano tutti.",
        "La mamma prepara una zuppa con i fagioli e il pomodoro.",
        "Non capisco perché il computer sia sempre così lento.",
        "Abbiamo bevuto un buon bicchiere di vino rosso a Pisa.",
    ),
    "pt-br": (
        "Bom dia, pessoal, vocês conseguem me ouvir agora?",
        "A minha família mora perto do mar e pesca muito peixe.",
        "O menino comprou um pão pequeno e um pouco de manteiga.",
        "Acho que a gente pode falar sobre isso na semana que vem.",
    ),
    "nl": (
        "Goedemorgen allemaal, kunnen jullie mij goed verstaan?",
        "Mijn broer woont in een mooi huis bij een brede rivier.",
        "Wij beginnen pas over vijf minuten met de vergadering.",
        "De bakker op de hoek verkoopt verse broodjes en appelgebak.",
    ),
    "pl": (
        "Dzień dobry państwu, czy dobrze mnie teraz słychać?",
        "Moja babcia piecze pyszny chleb i bardzo dobre ciasto.",
        "W piątek pojedziemy pociągiem do małego miasta nad morzem.",
    ),
    "sv": (
        "Hej allihopa, hör ni mig bättre nu än förut?",
        "Min bror köper ofta färskt bröd och smör på morgonen.",
        "Vi börjar mötet om fem minuter när alla har kommit.",
    ),
    "fi": (
        "Hyvää huomenta kaikille, kuuletteko te minut nyt?",
        "Minun isoäitini leipoo joka päivä hyvää pullaa.",
        "Pieni poika hyppäsi lammen yli ja juoksi metsään.",
    ),
    "cs": (
        "Dobré ráno všem, slyšíte mě teď trochu lépe?",
        "Moje babička peče výborný chléb a sladké buchty.",
    ),
    "id": (
        "Selamat pagi semua, apakah suara saya sudah jelas?",
        "Bapak membeli buah pepaya dan empat buah mangga di pasar.",
    ),
    "tr": (
        "Herkese günaydın, beni şimdi daha iyi duyuyor musunuz?",
        "Küçük kardeşim her sabah peynir, ekmek ve bal yiyor.",
    ),
    "hu": (
        "Jó reggelt mindenkinek, jól hallanak most engem?",
        "A nagymamám minden vasárnap finom meggyes pitét süt.",
    ),
}  # fmt: skip
"Language of espeak-ng, then sentences. Written for this; nobody's text."


def _phrases(words: str) -> list[str]:
    return words.replace("\n", "").split("|")


_SUBJECTS = _phrases(
    """I|you|we|they|my father|the old man|a young woman|nobody|everybody|the people upstairs|both of them|
most of us|this boy|that girl|his boss|her friend|the teacher|our neighbour|some of the others|the whole team|
Robert|Barbara|Michelle|Thomas|Joshua|Phoebe|someone|the baby|a big dog|the cook"""
)
_VERBS = _phrases(
    """found|bought|took|moved|wanted|kept|asked about|talked about|thought of|heard|saw|watched|made|left|
paid for|picked up|put away|brought|opened|closed|changed|checked|forgot|remembered|loved|hated|should have|
would like|might need|could use|never had|always gets|will choose|must give up|pushed|pulled|jumped over|
believed in|laughed at|shared|threw|gathered|measured|joined|wrote down|rubbed|grabbed|dropped"""
)
_OBJECTS = _phrases(
    """the map|a cup of coffee|the purple bag|five apples|that problem|the answer|a good book|the phone|
an old shoe|the blue roof|some water|the weather|a pair of gloves|the mouth of the river|the thing|three fish|
the other room|a lamp|the whole job|the lab|another bus|the bathtub|a warm jumper|the measure|a rough cloth|
the church|his thumb|a sheep|a ship|the beach|her job|a treasure|cheap jam|the garage|an umbrella|
a small bird|the moon|a fork|two boxes|the wall|a piece of pie|their house|the usual way|fruit juice|
the zoo|a vase|the garden|a song|young people|a rabbit|the number|a bit of paper|a new job"""
)
_ENDS = _phrases(
    """today|last week|before lunch|in the morning|at home|for a while|with both hands|behind the shop|
by the way|after all|on Monday|once more|without a word|near the bridge|up there|over the summer|as usual|
you know|I suppose|if possible|from above|under the table|for free|as far as I know|this month|
because of me|in public|at the back|with a smile|very soon"""
)
_LINKS = ("and", "but", "so", "because", "and then", "while", "although", "or maybe", "which is why")
_FILLERS = ("uh,", "um,", "well,", "yeah,", "okay,", "oh,", "hmm,", "you see,", "right,", "so,")

_ONSETS = """b p m b p m f v th sh ch j s z t d k g n l r w y h br pr bl pl fr fl tr dr kr gr kl gl sk st sp sm sn
sw sl thr""".split()
_NUCLEI = "a e i o u a e i o u ee oo ai ou ay oi aw er ar or ea ow".split()
_CODAS = ["", "", "", *"p b m p b m f v th sh ch t d k g n l r s z ng mp nt st ft lm rb rm".split()]
_OTHER_ONSETS = "b p m b p m f v s t d k g n l r br pr bl pl fr tr dr kr gr kl sp st".split()
_OTHER_NUCLEI = "a e i o u a e i o u au ei ia".split()
_OTHER_CODAS = ["", "", "", *"p m b n l r s t k f".split()]

LANGUAGES: tuple[tuple[str, float], ...] = (
    ("en-us", 0.34), ("en", 0.12), ("en-gb-scotland", 0.03), ("en-gb-x-rp", 0.05), ("en-029", 0.03),
    ("de", 0.06), ("fr", 0.06), ("es", 0.05), ("it", 0.04), ("pt-br", 0.04), ("nl", 0.03), ("pl", 0.03),
    ("sv", 0.03), ("fi", 0.03), ("id", 0.03), ("tr", 0.03),
)  # fmt: skip
"What is spoken and how often, trained on."
HELD_LANGUAGES: tuple[tuple[str, float], ...] = (("en-us-nyc", 0.3), ("en-gb-x-gbcwmd", 0.3), ("cs", 0.2), ("hu", 0.2))
"The same for what is held back: none of them is trained on."


def text(rng: np.random.Generator, language: str) -> str:
    """Something to say in `language`: for English mostly sentences, elsewhere as many made-up words."""
    english = language.startswith("en")
    kind = rng.random()
    if english and kind < 0.55:
        return _put_together(rng)
    if kind < (0.65 if english else 0.5):
        sentences = SENTENCES["en" if english else language]
        return str(sentences[rng.integers(len(sentences))])
    if kind < 0.72:
        return " ".join(str(rng.integers(0, 10 ** rng.integers(1, 5))) for _ in range(4)) + "."
    return _made_up(rng, english)


def _put_together(rng: np.random.Generator) -> str:
    def one(words: list[str] | tuple[str, ...]) -> str:
        return words[rng.integers(len(words))]

    said = f"{one(_SUBJECTS)} {one(_VERBS)} {one(_OBJECTS)} {one(_ENDS)}"
    if rng.random() < 0.5:
        said += f", {one(_LINKS)} {one(_SUBJECTS)} {one(_VERBS)} {one(_OBJECTS)}"
    if rng.random() < 0.2:
        said = f"{one(_FILLERS)} {said}"
    return said + one((".", ".", "?", "!"))


def _made_up(rng: np.random.Generator, english: bool) -> str:
    """Words that there are not, so that each sound comes behind each other one."""
    onsets, nuclei, codas = (_ONSETS, _NUCLEI, _CODAS) if english else (_OTHER_ONSETS, _OTHER_NUCLEI, _OTHER_CODAS)

    def syllable() -> str:
        return "".join(str(rng.choice(parts)) for parts in (onsets, nuclei, codas))

    words = ["".join(syllable() for _ in range(rng.integers(1, 4))) for _ in range(rng.integers(4, 9))]
    return " ".join(words) + str(rng.choice([".", ".", "?", "!"]))
