"""Whatever signs a text has, a reader of Markdown shows just them."""

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from search.markdown import code, plain

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SIGNS = st.text("ab1 -+=#.)(`*_<>|~[]!\\&;$\"'\n:/", max_size=12) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=12
)


def words(text: str) -> list[str]:
    return text.split()


@given(SIGNS)
@example("a`b")
@example("``")
@example("`")
@example("\\")
def test_code_is_one_piece_of_code_with_just_its_signs(text: str) -> None:
    _, line, _ = READER.parse(f"from {code(text)} on")
    assert line.children
    assert [one.type for one in line.children] == ["text", "code_inline", "text"]
    assert words(line.children[1].content) == words(text)


@given(SIGNS)
@example("- a")
@example("12) a")
@example("# <b> &lt; [x](y) **z** | ~~w~~")
def test_a_plain_text_is_text_alone_also_where_a_line_begins(text: str) -> None:
    if not words(text):
        return
    for before in ("", "- "):
        tokens = READER.parse(before + plain(text))
        [line] = [one for one in tokens if one.type == "inline"]
        assert line.children
        assert {one.type for one in line.children} <= {"text", "text_special"}
        assert words("".join(one.content for one in line.children)) == words(text)
        assert sum(one.type == "list_item_open" for one in tokens) == len(before.strip())


def test_what_is_no_sign_where_it_stands_stays_as_it_is() -> None:
    said = "the best trial (1.000) does not beat 5-gram (2.5): 1. and 2) - as good."
    assert plain(said) == said
    assert plain("0.25") == "0.25"
