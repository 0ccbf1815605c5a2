use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;

use super::*;

fn picture(lines: &[Line<'_>]) -> String {
    svg(&Buffer::with_lines(lines.to_vec()), &Options::default())
}

/// Returns the elements that have a text, without what all of them have.
fn texts(picture: &str) -> Vec<String> {
    let lines = picture.lines().filter(|line| line.starts_with("<text"));
    lines.map(|line| line.replace(" lengthAdjust=\"spacingAndGlyphs\"", "")).collect()
}

#[test]
fn places_text_by_columns() {
    let drawn = picture(&[Line::raw("web  関所 v1.4  ✓"), Line::raw("a")]);
    assert_eq!(
        texts(&drawn),
        [
            "<text x=\"0\" y=\"15\" textLength=\"24\">web</text>",
            "<text x=\"40\" y=\"15\" textLength=\"32\">関所</text>",
            "<text x=\"80\" y=\"15\" textLength=\"32\">v1.4</text>",
            "<text x=\"0\" y=\"34\" textLength=\"8\">a</text>",
            "<text x=\"128\" y=\"15\" textLength=\"8\">✓</text>",
        ]
    );
}

#[test]
fn keeps_words_of_one_style_together() {
    let line = Line::from(vec!["needs a ".bold(), "person".bold().red(), "  now".into()]);
    assert_eq!(
        texts(&picture(&[line])),
        [
            "<text x=\"0\" y=\"15\" font-weight=\"bold\" textLength=\"56\">needs a</text>",
            "<text x=\"64\" y=\"15\" fill=\"#e05a63\" font-weight=\"bold\" textLength=\"48\">person</text>",
            "<text x=\"128\" y=\"15\" textLength=\"24\">now</text>",
        ]
    );
}

#[test]
fn draws_lines_that_join() {
    let drawn = picture(&[Line::raw("╭─╮"), Line::raw("│▄│"), Line::raw("⣿┄")]);
    assert!(texts(&drawn).is_empty());
    assert!(drawn.contains("M8 9.5H16"), "{drawn}");
    assert!(drawn.contains("M4 19V38"), "{drawn}");
    assert!(drawn.contains("M4 19V13.5Q4 9.5 8 9.5"), "{drawn}");
    assert!(drawn.contains("M8 28.5H16V38H8z"), "{drawn}");
    assert_eq!(drawn.matches("a1 1 0").count(), 16, "two arcs for each of eight dots");
}

#[test]
fn shows_reverse_dim_underline_and_hidden() {
    let drawn = picture(&[Line::from(vec!["ab".reversed(), " ".underlined(), "cd".dim(), "ef".hidden()])]);
    assert!(drawn.contains("<rect x=\"0\" y=\"0\" width=\"16\" height=\"19\" fill=\"#d8dce4\"/>"), "{drawn}");
    assert!(drawn.contains("fill=\"#161920\" textLength=\"16\""), "{drawn}");
    assert!(drawn.contains("<path d=\"M16 17.5h8\" stroke=\"#d8dce4\"/>"), "{drawn}");
    assert!(drawn.contains("fill=\"#8f929a\"") && drawn.contains(">cd<"), "{drawn}");
    assert!(!drawn.contains("ef"), "{drawn}");
}

#[test]
fn joins_backgrounds() {
    let line = Line::from(vec!["a".on_red(), " 関".on_red().bold(), "b".on_blue()]);
    let drawn = picture(&[line]);
    assert!(drawn.contains("<rect x=\"0\" y=\"0\" width=\"32\" height=\"19\" fill=\"#e05a63\"/>"), "{drawn}");
    assert!(drawn.contains("<rect x=\"32\" y=\"0\" width=\"8\" height=\"19\" fill=\"#6a9fe6\"/>"), "{drawn}");
}

#[test]
fn escapes_markup() {
    let drawn = svg(&Buffer::with_lines(["<a&b>\"'"]), &Options { title: "<x>\u{7}&".into(), ..Options::default() });
    assert!(drawn.contains(">&lt;a&amp;b&gt;&quot;'</text>"), "{drawn}");
    assert!(drawn.contains(">&lt;x&gt;&amp;</text>"), "{drawn}");
}

#[test]
fn shows_the_cursor() {
    let options = Options { cursor: Some(Position::new(1, 0)), ..Options::default() };
    let drawn = svg(&Buffer::with_lines(["ab"]), &options);
    assert!(drawn.contains("<rect x=\"8\" y=\"0\" width=\"8\" height=\"19\" fill=\"#e8eaee\"/>"), "{drawn}");
}

#[test]
fn is_the_same_every_time() {
    let mut buffer = Buffer::with_lines(["╭─ 関所 ▲ ⣿ ┄┄ ██ ─╮"; 40]);
    for (index, cell) in buffer.content.iter_mut().enumerate() {
        let index = u8::try_from(index % 256).unwrap();
        cell.set_style(Style::new().fg(Color::Indexed(index)).bg(Color::Indexed(255 - index)));
    }
    let first = svg(&buffer, &Options::default());
    assert_eq!(first, svg(&buffer, &Options::default()));
    assert!(first.starts_with("<svg ") && first.ends_with("</svg>\n"));
}

#[test]
fn draws_nothing_as_nothing() {
    let drawn = svg(&Buffer::default(), &Options::default());
    assert!(drawn.contains("width=\"24\" height=\"24\""), "{drawn}");
    assert!(texts(&picture(&[Line::raw("    ")])).is_empty());
}

#[test]
fn draws_every_character_of_the_blocks() {
    let known = |c: char| shapes::shape(&c.to_string(), 0, 0, false).is_some();
    assert!(('\u{2580}'..='\u{259f}').all(known));
    assert!(('\u{2800}'..='\u{28ff}').all(known));
    assert!("─━│┃┄┆┊╌╍┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛".chars().all(known));
}
