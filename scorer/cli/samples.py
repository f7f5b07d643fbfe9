"""The sample reviews of ``scorer demo``: easy ones first, then hard ones, then odd ones."""

from __future__ import annotations

# Written for this project: what a reader would call each, and the review.
SAMPLES: tuple[tuple[str, str | None], ...] = (
    ("positive", "I loved every minute of it. The best film I have seen this year."),
    ("positive", "A beautiful, moving story with wonderful performances all round."),
    ("positive", "Brilliant! Funny, clever and touching. Go and see it."),
    ("positive", "This is an excellent thriller that kept me on the edge of my seat."),
    ("positive", "Charming from start to finish, and the children adored it too."),
    ("positive", "A masterpiece. Superb direction, gorgeous photography, a perfect ending."),
    ("positive", "One of my favorite movies of all time; I can watch it again and again."),
    (
        "positive",
        "The soundtrack alone is worth the ticket, and the acting is amazing."
        "<br /><br />Highly recommended.",
    ),
    ("negative", "What a waste of an evening. Dull, predictable and far too long."),
    ("negative", "Terrible acting, an awful script, and effects that look laughably cheap."),
    ("negative", "I want my money back. Easily the worst film I have ever sat through."),
    ("negative", "Boring, boring, boring. I fell asleep twice."),
    ("negative", "The plot makes no sense and the characters are annoying. Avoid it."),
    ("negative", "A poor, pointless remake that insults everyone who liked the original."),
    ("negative", "Horrible. The jokes fall flat and the ending is ridiculous."),
    ("negative", "Not even the stars can save this mess; they look as bored as we were."),
    (
        "positive",
        "I expected nothing and was pleasantly surprised: it isn't perfect, but it is great fun.",
    ),
    ("positive", "The first half hour is slow. Stay with it, the rest is superb."),
    ("positive", "Critics hated it. I couldn't disagree more, what a delightful little film."),
    ("positive", "It's sad, it's ugly, it's brutal, and you should not miss it."),
    ("positive", "Never dull for a moment, never stupid, never sentimental."),
    ("negative", "A great cast, a great director and a great budget. How did it turn out so bad?"),
    ("negative", "It could have been wonderful. It wasn't."),
    ("negative", "The trailer was good. Unfortunately all the good bits are in the trailer."),
    ("negative", "If you enjoy watching paint dry, you will love this one."),
    ("negative", "I really wanted to like it, but nothing about this film works."),
    ("negative", "Supposedly a comedy. I didn't laugh once."),
    ("positive", "10/10 \N{SMILING FACE WITH HEART-SHAPED EYES} would watch again!!!"),
    ("negative", "2 stars. One for the dog, one for the end credits."),
    ("positive", "Ein wunderbarer Film, sehr empfehlenswert."),
    ("negative", "Ужасный фильм, не тратьте время."),
    ("none", ""),
    ("none", "<br /><br />"),
    ("none", None),
)
