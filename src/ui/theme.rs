//! Styles by what they mean.
//!
//! A theme is a strict TOML file: every meaning has a style, an unknown key is an error, and nothing else in the
//! house names a colour. State is never told by colour alone; [`Theme::no_color`] shows that it holds.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

const DEFAULT: &str = include_str!("../../themes/default.toml");

const HIGH_CONTRAST: &str = include_str!("../../themes/high-contrast.toml");

/// The themes that are built in, by the name that `--theme` takes.
pub const BUILT_IN: &[(&str, &str)] = &[("default", DEFAULT), ("high-contrast", HIGH_CONTRAST)];

/// The styles of everything on the screen, by meaning.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Theme {
    /// What is read.
    #[serde(deserialize_with = "style")]
    pub text: Style,
    /// Ages, hints, what stands behind.
    #[serde(deserialize_with = "style")]
    pub dim: Style,
    /// The one "look here" of a screen.
    #[serde(deserialize_with = "style")]
    pub accent: Style,
    /// The title of a panel.
    #[serde(deserialize_with = "style")]
    pub title: Style,
    /// Rules and frames.
    #[serde(deserialize_with = "style")]
    pub border: Style,
    /// The titles of a table's columns.
    #[serde(deserialize_with = "style")]
    pub header: Style,
    /// The row that the keys act on; it covers the styles of its cells.
    #[serde(deserialize_with = "style")]
    pub selected: Style,
    /// The selected row of a panel that has not the focus.
    #[serde(deserialize_with = "style")]
    pub selected_elsewhere: Style,
    /// The characters that a filter or the palette matched.
    #[serde(deserialize_with = "style")]
    pub matched: Style,
    /// A chord, in help and footers.
    #[serde(deserialize_with = "style")]
    pub key: Style,
    /// As it should be.
    #[serde(deserialize_with = "style")]
    pub ok: Style,
    /// Changing as intended: a rollout, a task starting.
    #[serde(deserialize_with = "style")]
    pub progress: Style,
    /// Not as it should be; can wait for minutes.
    #[serde(deserialize_with = "style")]
    pub warning: Style,
    /// Needs a person now.
    #[serde(deserialize_with = "style")]
    pub critical: Style,
    /// Not known: no data, denied, not asked yet.
    #[serde(deserialize_with = "style")]
    pub unknown: Style,
    /// Known, but no longer fresh.
    #[serde(deserialize_with = "style")]
    pub stale: Style,
    /// The parts of a chart.
    pub chart: ChartStyles,
    /// The badge of an environment, by its kind.
    pub environment: EnvironmentStyles,
}

/// The styles of a chart's parts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChartStyles {
    /// Axes and their labels.
    #[serde(deserialize_with = "style")]
    pub axis: Style,
    /// The first series, the second and so on; the line style also tells them apart.
    #[serde(deserialize_with = "series")]
    pub series: [Style; 4],
    /// The threshold of an alarm.
    #[serde(deserialize_with = "style")]
    pub threshold: Style,
    /// A moment worth a mark: a deployment.
    #[serde(deserialize_with = "style")]
    pub mark: Style,
}

/// The styles of an environment's badge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentStyles {
    /// Production, which must be unmistakable.
    #[serde(deserialize_with = "style")]
    pub prd: Style,
    /// Staging.
    #[serde(deserialize_with = "style")]
    pub stg: Style,
    /// Development.
    #[serde(deserialize_with = "style")]
    pub dev: Style,
    /// An environment whose kind nobody has said.
    #[serde(deserialize_with = "style")]
    pub unknown: Style,
}

/// Why a theme file cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {reason}")]
pub struct ThemeError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there, as the TOML reader says it.
    pub reason: String,
}

impl Theme {
    /// Reads a theme file.
    ///
    /// Fails at the first key that is unknown, missing or of the wrong form.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let before = text.get(..at).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            ThemeError {
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
                reason: error.message().to_owned(),
            }
        })
    }

    /// Returns a built-in theme by its name, or nothing where there is none of that name.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::parse(text).ok()
    }

    /// Returns the theme without any colour, for `NO_COLOR` (<https://no-color.org>).
    ///
    /// Bold, reverse and underline carry what colour would have supported; the glyphs and words do the telling.
    pub fn no_color() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reverse = plain.add_modifier(Modifier::REVERSED);
        let underline = plain.add_modifier(Modifier::UNDERLINED);
        Self {
            text: plain,
            dim: plain,
            accent: bold,
            title: bold,
            border: plain,
            header: underline,
            selected: reverse,
            selected_elsewhere: bold,
            matched: underline,
            key: bold,
            ok: plain,
            progress: plain,
            warning: bold,
            critical: bold.add_modifier(Modifier::UNDERLINED),
            unknown: plain,
            stale: plain,
            chart: ChartStyles { axis: plain, series: [bold, plain, plain, plain], threshold: bold, mark: plain },
            environment: EnvironmentStyles {
                prd: reverse.add_modifier(Modifier::BOLD),
                stg: underline,
                dev: plain,
                unknown: plain,
            },
        }
    }
}

/// A style as a theme file writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the file's format: a person switches each modifier on by its name")]
struct StyleSpec {
    #[serde(default, deserialize_with = "color")]
    fg: Option<Color>,
    #[serde(default, deserialize_with = "color")]
    bg: Option<Color>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
}

impl StyleSpec {
    fn style(&self) -> Style {
        let mut modifiers = Modifier::empty();
        modifiers.set(Modifier::BOLD, self.bold);
        modifiers.set(Modifier::DIM, self.dim);
        modifiers.set(Modifier::ITALIC, self.italic);
        modifiers.set(Modifier::UNDERLINED, self.underline);
        modifiers.set(Modifier::REVERSED, self.reverse);
        Style { fg: self.fg, bg: self.bg, ..Style::new() }.add_modifier(modifiers)
    }
}

fn style<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Style, D::Error> {
    StyleSpec::deserialize(deserializer).map(|spec| spec.style())
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[Style; 4], D::Error> {
    <[StyleSpec; 4]>::deserialize(deserializer).map(|specs| specs.map(|spec| spec.style()))
}

fn color<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Color>, D::Error> {
    deserializer.deserialize_any(ColorVisitor).map(Some)
}

struct ColorVisitor;

impl Visitor<'_> for ColorVisitor {
    type Value = Color;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a colour: a name of the sixteen, 0 to 255, \"#rrggbb\" or \"default\"")
    }

    fn visit_i64<E: de::Error>(self, index: i64) -> Result<Color, E> {
        u8::try_from(index).map(Color::Indexed).map_err(|_| E::invalid_value(de::Unexpected::Signed(index), &self))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Color, E> {
        named(name).or_else(|| hex(name)).ok_or_else(|| E::invalid_value(de::Unexpected::Str(name), &self))
    }
}

/// Returns one of the terminal's own colours; `white` is the seventh of ECMA-48, which ratatui calls grey.
fn named(name: &str) -> Option<Color> {
    Some(match name {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}

fn hex(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let mut rgb = [0; 3];
    hex::decode_to_slice(digits, &mut rgb).ok()?;
    Some(Color::Rgb(rgb[0], rgb[1], rgb[2]))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_built_in_theme_reads() {
        for (name, text) in BUILT_IN {
            assert_eq!(
                Theme::parse(text).map_err(|error| format!("{name}: {error}")),
                Theme::built_in(name).ok_or_else(String::new)
            );
        }
        assert_eq!(Theme::built_in("no-such"), None);
    }

    #[test]
    fn default_tells_production_apart() {
        let theme = Theme::built_in("default").unwrap();
        let badges = theme.environment;
        assert_eq!(badges.prd.bg, Some(Color::Red));
        assert!([badges.stg, badges.dev, badges.unknown].iter().all(|other| other.bg != badges.prd.bg));
        assert_eq!(theme.text, Style::new());
    }

    #[test]
    fn no_color_has_no_colour() {
        let shown = format!("{:?}", Theme::no_color());
        let colours = ["Red", "Green", "Blue", "Cyan", "Yellow", "Magenta", "Gray", "White", "Black", "Indexed", "Rgb"];
        assert!(colours.iter().all(|colour| !shown.contains(colour)), "{shown}");
    }

    fn with(line: &str, replacement: &str) -> Result<Theme, ThemeError> {
        assert!(DEFAULT.contains(line));
        Theme::parse(&DEFAULT.replace(line, replacement))
    }

    #[rstest]
    #[case("text = { fg = 208, bg = \"#0a1B2c\" }", Some(Color::Indexed(208)), Some(Color::Rgb(10, 27, 44)))]
    #[case("text = { fg = \"white\", bg = \"default\" }", Some(Color::Gray), Some(Color::Reset))]
    fn reads_colours(#[case] line: &str, #[case] fg: Option<Color>, #[case] bg: Option<Color>) {
        let theme = with("text = {}", line).unwrap();
        assert_eq!((theme.text.fg, theme.text.bg), (fg, bg));
    }

    #[rstest]
    #[case("text = { fg = \"purple\" }")]
    #[case("text = { fg = 256 }")]
    #[case("text = { fg = -1 }")]
    #[case("text = { fg = \"#12345\" }")]
    #[case("text = { fg = \"#12345g\" }")]
    #[case("text = { blink = true }")]
    #[case("text = \"red\"")]
    #[case("txet = {}")]
    #[case("")]
    fn refuses_what_it_does_not_know(#[case] line: &str) {
        assert!(with("text = {}", line).is_err());
    }

    #[test]
    fn says_where_it_went_wrong() {
        let error = Theme::parse("text = {}\ndim = { fg = \"紫\" }\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 14), "{error}");
        let error = with("bold = true }                      # of a panel", "bald = true }").unwrap_err();
        assert!(error.reason.contains("bald"), "{error}");
    }
}
