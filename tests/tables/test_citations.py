"""What a paper needs beside a table: entries that BibTeX reads, and the protocol in words."""

from __future__ import annotations

import re

import pytest

from ganbench._util.catalogue import catalogue
from ganbench.tables import summarise
from ganbench.tables.citations import bibliography, paper, protocol
from tests.tables.made import scores, seeds_of


@pytest.mark.parametrize(
    ("text", "authors", "title", "year", "arxiv", "key"),
    [
        ("Huang et al., The GAN is dead; long live the GAN!, 2024. arXiv:2501.05441", ("Huang", "others"),
         "The GAN is dead; long live the GAN!", "2024", "2501.05441", "huang2024:2501.05441"),
        (
            "Odena, Olah & Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs, 2016. arXiv:1610.09585",
            ("Odena", "Olah", "Shlens"), "Conditional Image Synthesis with Auxiliary Classifier GANs", "2016",
            "1610.09585", "odena2016:1610.09585",
        ),
        ("Heusel et al., 2017, arXiv:1706.08500, eq. 6", ("Heusel", "others"), "", "2017", "1706.08500",
         "heusel2017:1706.08500"),
        ("Jolicoeur-Martineau, The relativistic discriminator, 2018. arXiv:1807.00734", ("Jolicoeur-Martineau",),
         "The relativistic discriminator", "2018", "1807.00734", "jolicoeurmartineau2018:1807.00734"),
        ("Chong and Forsyth, 2020, arXiv:1911.07023, section 3", ("Chong", "Forsyth"), "", "2020", "1911.07023",
         "chong2020:1911.07023"),
        ("Sønderby et al., Amortised MAP Inference, 2016. arXiv:1610.04490", ("Sønderby", "others"),
         "Amortised MAP Inference", "2016", "1610.04490", "snderby2016:1610.04490"),
        ("Salimans et al., 2016, arXiv:1606.03498, section 4; unsplit: Barratt & Sharma, 2018, arXiv:1801.01973",
         ("Salimans", "others"), "", "2016", "1606.03498", "salimans2016:1606.03498"),
    ],
)  # fmt: skip
def test_a_paper_is_read_from_the_catalogue(
    text: str, authors: tuple[str, ...], title: str, year: str, arxiv: str, key: str
) -> None:
    cited = paper(text)
    assert cited
    assert (cited.authors, cited.title, cited.year, cited.arxiv, cited.key) == (authors, title, year, arxiv, key)


def test_what_names_no_paper_has_no_entry() -> None:
    assert paper("control") is None
    assert paper("this package: share of fakes nearer to a training row") is None


def test_every_method_of_the_catalogue_but_controls_has_an_entry_with_a_title() -> None:
    for name, known in catalogue()["baselines"].items():
        cited = paper(known["paper"])
        assert (cited is None) == known["control"], name
        if cited:
            assert cited.title, name
            assert re.fullmatch(r"@misc\{[a-z]+\d{4}(:\d{4}\.\d{4,5})?, author = \{.+\}\}", cited.entry), cited.entry


def test_each_cited_key_has_one_entry() -> None:
    rows = [seeds_of(name, scores("fid", 1.0, 2.0, 3.0)) for name in ("gan", "ns_gan", "f_gan:kl", "noise", "mine.py")]
    lines = bibliography(summarise([record for row in rows for record in row]))
    cited = {line.split(": ", 1)[1] for line in lines if line.startswith("%   ")}
    entries = [line.removeprefix("% @misc{").split(",")[0] for line in lines if line.startswith("% @misc")]
    assert sorted(cited) == sorted(entries) == sorted(set(entries))
    assert "%   f_gan: nowozin2016:1606.00709" in lines


def test_the_protocol_says_seeds_steps_sets_draws_and_samples() -> None:
    sets = [
        scores("fid", 0.0, values=(1.0, 2.0, 6.0, 3.0, 4.0, 8.0 + i), reasons=("",) * 6, draws=2)[0] for i in range(3)
    ]
    text = protocol(summarise(seeds_of("gan", sets)))
    assert "trained with 3 seeds for 500 steps in batches of 64" in text
    assert "3 sets of 1000 samples from averaged weights were compared with 2 draws of 449 held-out examples" in text
