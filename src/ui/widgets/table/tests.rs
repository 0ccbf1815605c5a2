use std::cell::RefCell;

use ratatui::style::Color;
use ratatui::text::Span;

use super::super::tests::rows;
use super::*;

const COLUMNS: [Column<'static>; 3] = [
    Column::new("service", 6, 12).sorted(Some(Sorted::Ascending)),
    Column::new("running", 7, 7).right(),
    Column::new("image", 8, 14).rank(1),
];

fn row(index: usize) -> Row<'static> {
    if index == 2 {
        return Row::Line(Line::raw("└ rollout failed, circuit breaker on"));
    }
    Row::Cells(vec![
        Cell::new(format!("web-{index}")),
        Cell::new(format!("{index}/3")),
        Cell::cut_middle("111122223333.dkr.ecr/web:v1.4.3"),
    ])
}

fn draw(len: usize, selected: Option<usize>, offset: usize, area: Rect, theme: &Theme) -> (Buffer, TableAreas) {
    let table = Table {
        columns: &COLUMNS,
        len,
        row,
        selected,
        offset,
        focused: true,
        empty: "No service here. サービスがありません。",
        theme,
        glyphs: Glyphs::unicode(),
    };
    let mut buf = Buffer::empty(area);
    let areas = table.render(area, &mut buf);
    (buf, areas)
}

#[test]
fn draws_header_rows_and_scroll_bar() {
    let (buf, areas) = draw(8, Some(1), 0, Rect::new(0, 0, 40, 5), &Theme::no_color());
    assert_eq!(
        rows(&buf),
        [
            " service ▴     running  image",
            " web-0             0/3  111122…:v1.4.3 ┃",
            "▸web-1             1/3  111122…:v1.4.3 ┃",
            " └ rollout failed, circuit breaker on",
            " web-3             3/3  111122…:v1.4.3",
        ]
    );
    assert_eq!((areas.offset, areas.page, areas.hidden), (0, 4, 0));
}

#[test]
fn drops_columns_and_says_so() {
    let (buf, areas) = draw(1, None, 0, Rect::new(0, 0, 24, 2), &Theme::no_color());
    assert_eq!(rows(&buf), [" service ▴   running +1", " web-0           0/3"]);
    assert_eq!(areas.hidden, 1);
    assert_eq!(areas.headers.len(), 2);
}

#[test]
fn says_that_it_is_empty() {
    let (buf, areas) = draw(0, Some(3), 9, Rect::new(0, 0, 22, 4), &Theme::no_color());
    assert_eq!(rows(&buf)[1..], [" No service here.", " サービスがありませ", " ん。"]);
    assert_eq!(areas.rows, []);
}

#[test]
fn makes_only_the_rows_that_show() {
    let made = RefCell::new(Vec::new());
    let theme = Theme::no_color();
    let table = Table {
        columns: &COLUMNS,
        len: 5_000,
        row: |index| {
            made.borrow_mut().push(index);
            row(index)
        },
        selected: Some(4_000),
        offset: 0,
        focused: true,
        empty: "",
        theme: &theme,
        glyphs: Glyphs::unicode(),
    };
    let mut buf = Buffer::empty(Rect::new(0, 0, 40, 4));
    let areas = table.render(buf.area, &mut buf);
    assert_eq!(*made.borrow(), [3_998, 3_999, 4_000]);
    assert_eq!(areas.offset, 3_998);
    assert!(rows(&buf)[3].starts_with("▸web-4000"), "{:?}", rows(&buf));
}

#[test]
fn tells_what_the_mouse_is_on() {
    let (_, areas) = draw(8, None, 3, Rect::new(5, 5, 40, 4), &Theme::no_color());
    assert_eq!(areas.row_at(Position::new(10, 6)), Some(3));
    assert_eq!(areas.row_at(Position::new(44, 8)), Some(5));
    assert_eq!(areas.row_at(Position::new(10, 5)), None);
    assert_eq!(areas.header_at(Position::new(21, 5)), Some(1));
    assert_eq!(areas.header_at(Position::new(5, 5)), None);
}

#[test]
fn selection_covers_the_colours_of_the_cells() {
    let theme = Theme::built_in("default").unwrap();
    let table = |focused| Table {
        columns: &COLUMNS,
        len: 1,
        row: |_| {
            Row::Cells(vec![Cell::new(Span::styled("web", theme.critical)), Cell::new(Span::styled("x", theme.dim))])
        },
        selected: Some(0),
        offset: 0,
        focused,
        empty: "",
        theme: &theme,
        glyphs: Glyphs::unicode(),
    };
    let mut buf = Buffer::empty(Rect::new(0, 0, 30, 2));
    table(true).render(buf.area, &mut buf);
    assert_eq!((buf[(1, 1)].fg, buf[(1, 1)].bg), (Color::Black, Color::Cyan));
    assert!((0..30).all(|x| !buf[(x, 1)].modifier.contains(Modifier::DIM)));
    table(false).render(buf.area, &mut buf);
    assert!(buf[(1, 1)].modifier.contains(Modifier::BOLD));
}

#[test]
fn draws_what_fits() {
    for width in 0..12 {
        for height in 0..4 {
            let (_, areas) = draw(8, Some(7), 0, Rect::new(0, 0, width, height), &Theme::no_color());
            assert!(areas.rows.len() <= usize::from(height));
        }
    }
    let (buf, areas) = draw(8, Some(7), 0, Rect::new(0, 0, 30, 1), &Theme::no_color());
    assert!(rows(&buf)[0].starts_with("▸web-7"));
    assert!(areas.headers.is_empty());
}

#[test]
fn aligns_wide_text() {
    let columns = [Column::new("環境", 4, 10), Column::new("数", 4, 4).right(), Column::new("x", 1, 1)];
    let theme = Theme::no_color();
    let names = ["本番環境の全部", "dev"];
    let table = Table {
        columns: &columns,
        len: 2,
        row: |index| Row::Cells(vec![Cell::new(names[index]), Cell::new("3件"), Cell::new("|")]),
        selected: None,
        offset: 0,
        focused: false,
        empty: "",
        theme: &theme,
        glyphs: Glyphs::ascii(),
    };
    let mut buf = Buffer::empty(Rect::new(0, 0, 24, 3));
    table.render(buf.area, &mut buf);
    assert_eq!(rows(&buf), [" 環境          数  x", " 本番環境..   3件  |", " dev          3件  |"]);
}
