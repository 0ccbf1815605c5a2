use ratatui::style::Modifier;
use rstest::rstest;

use super::super::tests::rows;
use super::*;

const ITEMS: [Item<'static>; 3] = [
    Item { label: "services", detail: "2", matched: &[0, 1], disabled: false },
    Item { label: "アラーム", detail: "4", matched: &[1], disabled: false },
    Item { label: "roll back", detail: "not in prd", matched: &[], disabled: true },
];

fn menu<'a>(items: &'a [Item<'a>], theme: &'a Theme) -> Menu<'a> {
    Menu {
        title: "Go to",
        footer: "enter go · esc back",
        prompt: None,
        items,
        empty: "Nothing matches",
        selected: 0,
        offset: 0,
        min_width: 0,
        theme,
        glyphs: Glyphs::unicode(),
    }
}

#[test]
fn draws_a_menu() {
    let theme = Theme::no_color();
    let mut buf = Buffer::empty(Rect::new(0, 0, 32, 7));
    let areas = Menu { selected: 1, ..menu(&ITEMS, &theme) }.render(buf.area, &mut buf);
    assert_eq!(
        rows(&buf),
        [
            "   ╭ Go to ────────────────╮",
            "   │ services            2 │",
            "   │▸アラーム            4 │",
            "   │ roll back  not in prd │",
            "   ╰── enter go · esc back ╯",
            "",
            "",
        ]
    );
    assert_eq!(areas.row_at(Position::new(10, 2)), Some(1));
    assert_eq!(areas.row_at(Position::new(0, 2)), None);
}

#[test]
fn highlights_what_matched() {
    let theme = Theme::no_color();
    let mut buf = Buffer::empty(Rect::new(0, 0, 40, 7));
    let areas = Menu { selected: 2, ..menu(&ITEMS, &theme) }.render(buf.area, &mut buf);
    let first = areas.rows[0].1;
    let underlined = |x: u16, y: u16| buf[(x, y)].modifier.contains(Modifier::UNDERLINED);
    assert_eq!([1, 2, 3].map(|x| underlined(first.x + x, first.y)), [true, true, false]);
    assert_eq!([1, 3, 5].map(|x| underlined(first.x + x, first.y + 1)), [false, true, false]);
}

#[test]
fn takes_a_prompt_and_says_when_nothing_matches() {
    let theme = Theme::no_color();
    let input = Input::new("xyz".to_owned());
    let mut buf = Buffer::empty(Rect::new(0, 0, 30, 5));
    let areas = Menu { prompt: Some((":", &input)), ..menu(&[], &theme) }.render(buf.area, &mut buf);
    assert_eq!(
        rows(&buf),
        [
            "   ╭ Go to ──────────────╮",
            "   │ :xyz                │",
            "   │ Nothing matches     │",
            "   ╰ enter go · esc back ╯",
            "",
        ]
    );
    assert_eq!(areas.cursor, Some(Position::new(9, 1)));
}

#[test]
fn scrolls_to_the_selected_entry() {
    let theme = Theme::no_color();
    let items: Vec<Item<'_>> = (0..40).map(|_| Item { label: "entry", ..Item::default() }).collect();
    let mut buf = Buffer::empty(Rect::new(0, 0, 30, 6));
    let areas = Menu { selected: 39, ..menu(&items, &theme) }.render(buf.area, &mut buf);
    assert_eq!((areas.offset, areas.page), (36, 4));
    assert!(rows(&buf)[4].ends_with('┃'), "{:?}", rows(&buf));
}

#[test]
fn reads_a_long_text() {
    let theme = Theme::no_color();
    let lines = [
        Line::from(vec![
            Span::raw("ecs:ListServices was "),
            Span::styled("denied", Style::new().bold()),
            Span::raw(" to op"),
        ]),
        Line::raw(""),
        Line::raw("権限がないため表示できません。"),
    ];
    let reader =
        Reader { title: "Errors", footer: "esc", lines: &lines, offset: 99, theme: &theme, glyphs: Glyphs::ascii() };
    let mut buf = Buffer::empty(Rect::new(0, 0, 24, 6));
    let areas = reader.render(buf.area, &mut buf);
    assert_eq!(
        rows(&buf),
        [
            "+ Errors --------------+",
            "| denied to op         |",
            "|                      #",
            "| 権限がないため表示で #",
            "| きません。           #",
            "+----------------- esc +",
        ]
    );
    assert_eq!(areas, ReaderAreas { outer: Rect::new(0, 0, 24, 6), offset: 1, page: 4, rows: 5 });
    assert!(buf[(2, 1)].modifier.contains(Modifier::BOLD));
    assert!(!buf[(9, 1)].modifier.contains(Modifier::BOLD));
}

#[rstest]
#[case(0, 0)]
#[case(1, 9)]
#[case(9, 1)]
#[case(2, 2)]
#[case(5, 3)]
fn needs_no_room(#[case] width: u16, #[case] height: u16) {
    let theme = Theme::no_color();
    let input = Input::new("x".to_owned());
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    Menu { prompt: Some((":", &input)), ..menu(&ITEMS, &theme) }.render(buf.area, &mut buf);
    let lines = [Line::raw("text")];
    let reader = Reader { title: "t", footer: "f", lines: &lines, offset: 0, theme: &theme, glyphs: Glyphs::ascii() };
    reader.render(buf.area, &mut buf);
}
