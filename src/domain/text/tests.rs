use proptest::prelude::*;
use rstest::rstest;

use super::*;

#[rstest]
#[case::plain("shop-prd-web", "shop-prd-web")]
#[case::japanese("本番 環境", "本番 環境")]
#[case::colour("\u{1b}[1;31mred\u{1b}[0m", "red")]
#[case::cursor("a\u{1b}[2J\u{1b}[Hb", "ab")]
#[case::title("\u{1b}]0;owned\u{7}web", "web")]
#[case::title_st("\u{1b}]0;owned\u{1b}\\web", "web")]
#[case::hyperlink("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link")]
#[case::dcs("\u{1b}Pq#0\u{1b}\\x", "x")]
#[case::eight_bits("\u{9b}31mred\u{9d}0;t\u{9c}!", "red!")]
#[case::charset("\u{1b}(Ba", "a")]
#[case::unfinished_string("\u{1b}]0;still here", "0;still here")]
#[case::string_ends_at_line("\u{1b}]0;a\nb\u{7}", "0;a b?")]
#[case::unfinished_csi("\u{1b}[31", "")]
#[case::csi_cut_by_text("\u{1b}[31本", "本")]
#[case::lone_escape("a\u{1b}", "a?")]
#[case::controls("a\u{8}\u{7f}\u{0}b", "a???b")]
#[case::breaks("a\r\nb\nc\td\u{2028}e\u{85}f", "a b c d e f")]
#[case::bidi("user\u{202e}gpj.exe\u{2066}x\u{2069}\u{200f}", "usergpj.exex")]
#[case::zero_width("we\u{200b}b\u{feff}\u{2060}\u{ad}", "web")]
#[case::joiner_alone("we\u{200d}b", "web")]
#[case::family("👨\u{200d}👩\u{200d}👧", "👨\u{200d}👩\u{200d}👧")]
#[case::tags("a\u{e0041}\u{e0042}b", "ab")]
#[case::annotation("\u{fff9}a\u{fffa}b\u{fffb}\u{fffc}", "ab")]
#[case::fillers("a\u{3164}\u{115f}\u{ffa0}b", "ab")]
#[case::no_break_space("a\u{a0}b\u{3000}c", "a b\u{3000}c")]
#[case::variation("辻\u{e0100}", "辻\u{e0100}")]
#[case::leading_marks("\u{301}\u{301}a", "a")]
#[case::pile("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}!", "e\u{301}\u{301}\u{301}\u{301}!")]
fn cleans(#[case] raw: &str, #[case] cleaned: &str) {
    assert_eq!(clean(raw, 100), cleaned);
}

#[rstest]
#[case("abcdef", 6, "abcdef")]
#[case("abcdef", 5, "abcd…")]
#[case("abcdef", 1, "…")]
#[case("abcdef", 0, "")]
#[case("a👨\u{200d}👩\u{200d}👧b", 5, "a…")]
#[case("", 3, "")]
fn bounds_what_it_cleans(#[case] raw: &str, #[case] max: usize, #[case] cleaned: &str) {
    assert_eq!(clean(raw, max), cleaned);
}

#[test]
fn keeps_lines_where_asked() {
    assert_eq!(clean_lines("a\r\nb\n\nc\rd\te", 100), "a\nb\n\nc\nd e");
    assert_eq!(clean_lines("a\n\u{301}b", 100), "a\nb");
}

#[test]
fn reads_no_further_than_it_must() {
    let huge = "x".repeat(50_000_000);
    assert_eq!(clean(&huge, 4), "xxx…");
}

#[rstest]
#[case("web", 3)]
#[case("関所", 4)]
#[case("ｶﾞ", 2)]
#[case("e\u{301}", 1)]
#[case("👨\u{200d}👩\u{200d}👧", 2)]
#[case("", 0)]
fn measures(#[case] text: &str, #[case] cells: usize) {
    assert_eq!(width(text), cells);
}

#[rstest]
#[case("service", 7, "service")]
#[case("service", 6, "servi…")]
#[case("関所の門", 8, "関所の門")]
#[case("関所の門", 7, "関所の…")]
#[case("関所の門", 6, "関所…")]
#[case("関所の門", 2, "…")]
#[case("関所", 1, "…")]
#[case("関所", 0, "")]
fn truncates(#[case] text: &str, #[case] cells: usize, #[case] cut: &str) {
    assert_eq!(truncate(text, cells), cut);
}

#[rstest]
#[case("arn:aws:ecs:ap-northeast-1:111122223333:service/web", 21, "arn:aws:ec…ervice/web")]
#[case("web:v1.4.3", 10, "web:v1.4.3")]
#[case("web:v1.4.3", 6, "we…4.3")]
#[case("web:v1.4.3", 2, "w…")]
#[case("関所の門番", 7, "関…番")]
fn truncates_in_the_middle(#[case] text: &str, #[case] cells: usize, #[case] cut: &str) {
    assert_eq!(truncate_middle(text, cells), cut);
}

#[test]
fn falls_back_to_no_mark_where_none_fits() {
    assert_eq!(truncate_with("service", 1, ".."), "s");
    assert_eq!(truncate_with("service", 4, ".."), "se..");
}

#[test]
fn pads_both_ways() {
    assert_eq!(pad("関所", 6), "関所  ");
    assert_eq!(pad("関所の", 4), "関… ");
    assert_eq!(pad_left("12", 4), "  12");
    assert_eq!(pad_left("", 2), "  ");
}

#[rstest]
#[case("the quick brown fox", 10, &["the quick", "brown fox"])]
#[case("an unbreakableword here", 8, &["an", "unbreaka", "bleword", "here"])]
#[case("a\n\nb", 5, &["a", "", "b"])]
#[case("a\r\nb", 5, &["a", "b"])]
#[case("", 5, &[""])]
#[case("サービスが安定していません。", 10, &["サービスが", "安定してい", "ません。"])]
#[case("確認してください。次へ", 16, &["確認してくださ", "い。次へ"])]
#[case("名前「本番」です", 6, &["名前", "「本", "番」で", "す"])]
#[case("関所", 1, &["関", "所"])]
#[case("ECS の web を見る", 8, &["ECS の", "web を見", "る"])]
fn wraps(#[case] text: &str, #[case] cells: usize, #[case] lines: &[&str]) {
    assert_eq!(wrap(text, cells), lines);
}

/// Text as an attacker or an accident would write it: escapes, marks, joiners, wide and narrow.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,6}",
        "[ぁ-ん亜-腕]{0,4}",
        proptest::sample::select(vec![
            "\u{1b}[31m",
            "\u{1b}]0;x\u{7}",
            "\u{1b}P",
            "\u{1b}",
            "\u{9b}",
            "\u{9d}",
            "\u{202e}",
            "\u{200d}",
            "👩",
            "\u{fe0f}",
            "\u{301}",
            "\r\n",
            "\n",
            "\t",
            "ﾞ",
            "🇯🇵",
            "\u{1f3fd}",
            "\u{7}",
            "क्ष",
        ])
        .prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}' | '\u{fff9}'..='\u{fffc}')
}

proptest! {
    #[test]
    fn cleaned_text_is_harmless_and_bounded(raw in hostile(), max in 0_usize..80) {
        let cleaned = clean(&raw, max);
        prop_assert!(!cleaned.contains(is_dangerous), "{cleaned:?}");
        prop_assert!(cleaned.chars().count() <= max);
        prop_assert_eq!(clean(&cleaned, max), cleaned.clone());
        let lines = clean_lines(&raw, max);
        prop_assert!(!lines.replace('\n', "").contains(is_dangerous), "{lines:?}");
        prop_assert!(lines.chars().count() <= max);
    }

    #[test]
    fn truncation_and_padding_keep_their_widths(raw in hostile(), cells in 0_usize..40) {
        let text = clean(&raw, 200);
        prop_assert!(width(&truncate(&text, cells)) <= cells);
        prop_assert!(width(&truncate_with(&text, cells, "..")) <= cells);
        prop_assert!(width(&truncate_middle(&text, cells)) <= cells);
        prop_assert_eq!(width(&pad(&text, cells)), cells);
        prop_assert_eq!(width(&pad_left(&text, cells)), cells);
    }

    #[test]
    fn wrapping_loses_only_spaces(raw in hostile(), cells in 1_usize..40) {
        let text = clean_lines(&raw, 200);
        let lines = wrap(&text, cells);
        for line in &lines {
            prop_assert!(width(line) <= cells || line.graphemes(true).count() == 1, "{line:?}");
        }
        let squeeze = |s: &str| s.replace([' ', '\n'], "");
        prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
    }
}
