use jiff::ToSpan as _;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn redact(input: &str) -> String {
    text(input).0
}

/// Feeds pieces at a pace, as a person or a program would.
fn stream<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, pace: SignedDuration) -> (String, usize) {
    let mut redactor = Redactor::default();
    let mut at = Timestamp::UNIX_EPOCH;
    let mut output = String::new();
    for piece in pieces {
        output += &redactor.push(piece, at);
        at += pace;
        output += &redactor.tick(at);
    }
    output += &redactor.finish();
    (output, redactor.count())
}

/// Returns what a person sees of a text.
fn seen(text: &str) -> String {
    let mut seen = String::new();
    let mut lexer = Lexer::default();
    lexer.push(text.as_bytes(), &mut |item| seen.extend(item.visible()));
    lexer.finish(&mut |item| seen.extend(item.visible()));
    seen
}

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

#[rstest]
#[case("DATABASE_URL=postgres://a:b@h/d\n", "DATABASE_URL=[redacted]\n")]
#[case("export JWT_SECRET='a b' next", "export JWT_SECRET='[redacted] next")]
#[case("export JWT_SECRET='a'\"b\"c next", "export JWT_SECRET='[redacted] next")]
#[case(r#"{"MONGODB_URI": "mongodb://x", "a": 1}"#, r#"{"MONGODB_URI": "[redacted]", "a": 1}"#)]
#[case(r#""{\"JWT_SECRET\":\"s3\",\"a\":1}""#, r#""{\"JWT_SECRET\":\"[redacted]",\"a\":1}""#)]
#[case(r#"["STRIPE_API_KEY=abc","B=c"]"#, r#"["STRIPE_API_KEY=[redacted]","B=c"]"#)]
#[case("  SENTRY_DSN: https://k@s/1 # x\nb: 1", "  SENTRY_DSN: [redacted]\nb: 1")]
#[case("aws_secret_access_key = abc\nregion = x", "aws_secret_access_key = [redacted]\nregion = x")]
#[case("PGPASSWORD=\\$x psql", "PGPASSWORD=[redacted] psql")]
#[case("PGPASSWORD=\npsql", "PGPASSWORD=\npsql")]
#[case(r#"JWT_SECRET="""#, r#"JWT_SECRET="""#)]
#[case("ENV['JWT_SECRET'] = 'x'\n", "ENV['JWT_SECRET'] = '[redacted]\n")]
#[case("host=h password=p@ss user=u", "host=h password=[redacted] user=u")]
#[case("psql postgres://ops:p@ss@db:5432/shop", "psql postgres://ops:[redacted]@db:5432/shop")]
#[case("redis://:pa/ss@h/0 ok", "redis://:[redacted]@h/0 ok")]
#[case("Authorization: Bearer abc.def\r\n", "Authorization: Bearer [redacted]\r\n")]
#[case("authorization: Basic dTpw\r\n", "authorization: Basic [redacted]\r\n")]
#[case("id AKIAIOSFODNN7EXAMPLE.", "id [redacted].")]
#[case("a?X-Amz-Signature=0af3&X-Amz-Date=1", "a?X-Amz-Signature=[redacted]&X-Amz-Date=1")]
#[case("t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln ok", "t=[redacted] ok")]
#[case("IQoJb3JpZ2luX2VjEAAaCXVzLWVhc3Q=\n", "[redacted]\n")]
fn secrets_are_taken_out(#[case] input: &str, #[case] expected: &str) {
    assert_eq!(redact(input), expected);
    let bytes: Vec<&[u8]> = input.as_bytes().chunks(1).collect();
    assert_eq!(stream(bytes, SignedDuration::ZERO).0, expected, "a byte at a time");
}

#[test]
fn the_environment_of_a_container_definition_is_taken_out() {
    let input =
        "{\n  \"name\": \"DATABASE_URL\",\n  \"value\": \"postgres://x\"\n}, {\"name\": \"TZ\", \"value\": \"UTC\"}";
    assert_eq!(redact(input), input.replace("postgres://x", MARK));
}

#[test]
fn an_access_key_brings_its_secret_along() {
    let input = "AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nAKIAshort";
    assert_eq!(text(input), ("[redacted],[redacted]\nAKIAshort".to_owned(), 2));
    let digest = "3f786850e387550fdab836ed7e6dc881de23001b";
    assert_eq!(redact(&format!("AKIAIOSFODNN7EXAMPLE {digest} x")), format!("[redacted] {digest} x"));
}

#[test]
fn a_private_key_is_taken_out_whatever_its_length() {
    let body: String = std::iter::repeat_n(format!("{}\r\n", "MIIEowIBAAKCAQEAx7Kq".repeat(3)), 300).collect();
    let input = format!("a\r\n-----BEGIN RSA PRIVATE KEY-----\r\n{body}-----END RSA PRIVATE KEY-----\r\n$ b");
    let expected = "a\r\n-----BEGIN RSA PRIVATE KEY-----[redacted]\r\n$ b";
    assert_eq!(text(&input), (expected.to_owned(), 1));
    assert_eq!(stream(input.as_bytes().chunks(7), SignedDuration::from_secs(1)).0, expected);
    // A public one is none.
    let public = "-----BEGIN CERTIFICATE-----\nMIIEowIBAAKCAQEA\n-----END CERTIFICATE-----\n";
    assert_eq!(redact(public), public);
}

#[test]
fn what_looks_like_the_beginning_of_a_key_hides_nothing_of_the_session() {
    let input = "-----BEGIN PRIVATE KEY-----\r\nsh-5.2$ rm -rf /data\r\nsh-5.2$ ";
    assert!(redact(input).ends_with("$ rm -rf /data\r\nsh-5.2$ "), "{}", redact(input));
    // What a split screen puts between the lines of a key does not show the rest of them.
    let split = "-----BEGIN PRIVATE KEY-----\r\nMIIEowIBAAKCAQEA│\r\nq83vEjRWeJq83vEjRWeJ│ok\r\n";
    assert!(!redact(split).contains("q83v") && redact(split).contains("│ok"), "{}", redact(split));
}

#[rstest]
#[case("DATABASE_URL=postgres://ops:hunter2hunter2@db/x", "hunter2")]
#[case("Authorization: Bearer 0123456789abcdef0123", "0123")]
#[case("psql postgres://ops:hunter2@db/x", "hunter2")]
#[case("PGPASSWORD='hunter2' psql", "hunter2")]
fn what_is_typed_slowly_is_found_as_well(#[case] typed: &str, #[case] secret: &str) {
    let bytes: Vec<&[u8]> = typed.as_bytes().chunks(1).collect();
    let (output, count) = stream(bytes, SignedDuration::from_millis(300));
    assert!(!output.contains(secret) && output.contains(MARK), "{output}");
    assert!(count >= 1);
}

#[test]
fn colours_moves_and_wraps_do_not_hide_a_secret_and_stay() {
    let input = "\u{1b}[32mPG\u{1b}[1mPASS\u{1b}[0mWORD\u{1b}[3C=hun\u{1b}[31mter\u{1b}]0;t\u{7}2\u{1b}[K rest";
    let (output, count) = text(input);
    let expected = "\u{1b}[32mPG\u{1b}[1mPASS\u{1b}[0mWORD\u{1b}[3C=[redacted]\u{1b}[31m\u{1b}]0;t\u{7}\u{1b}[K rest";
    assert_eq!((output.as_str(), count), (expected, 1));
    assert_eq!(redact("JWT_SECRET=hun \rter2 rest"), "JWT_SECRET=[redacted] \r rest");
    assert_eq!(redact("JWT_SECRET=hun\u{200b}ter2 rest"), "JWT_SECRET=[redacted]\u{200b} rest");
}

#[test]
fn the_text_of_a_title_is_searched_and_an_endless_one_left_out() {
    assert_eq!(redact("\u{1b}]0;PGPASSWORD=hunter2\u{7}ok"), "\u{1b}]0;PGPASSWORD=[redacted]\u{7}ok");
    let long = format!("a\u{1b}]52;c;{}\u{7}b", "x".repeat(5000));
    assert_eq!(text(&long), ("ab".to_owned(), 1));
    assert_eq!(text(&format!("a\u{1b}P{}", "x".repeat(100))), ("a".to_owned(), 0));
}

#[test]
fn nothing_is_held_back_for_longer_than_it_may_be() {
    let at = Timestamp::UNIX_EPOCH;
    let mut redactor = Redactor::default();
    assert_eq!(redactor.push(b"$ AKI", at), "$ ");
    assert!(redactor.is_holding());
    assert_eq!(redactor.tick(at + 199.milliseconds()), "");
    assert_eq!(redactor.tick(at + 200.milliseconds()), "AKI");
    assert!(!redactor.is_holding());
    // A prompt ends with a blank.
    assert_eq!(redactor.push(b"\r\n$ ", at), "\r\n$");
    assert_eq!(redactor.tick(at + 200.milliseconds()), " ");
    // And never more than 4 KiB.
    let kept = redactor.push(format!("eyJ{}", "a".repeat(9000)).as_bytes(), at);
    assert!(kept.len() + MOST_HELD >= 9003 || kept.contains(MARK), "{}", kept.len());
}

#[rstest]
#[case("http://localhost:8080/path @x http://h:80, http://[::1]:9000/ ssh://h:22 a@b")]
#[case("the bearer token is, a basic idea; ASIA, AKIA, eyJ, -----BEGIN, password reset https://u@h/")]
#[case("関所 \u{1b}[31m赤\u{1b}[0m 👨\u{200d}👩\u{200d}👧 ｶﾞ e\u{301} パスワード変更\r\n$ ls -la\r\n")]
#[case("commit 3f786850e387550fdab836ed7e6dc881de23001b sha256:abcdef arn:aws:iam::111122223333:role/x")]
#[case("progress  10%\r 20%\r\n\u{8}\u{7}\u{1b}7\u{1b}8\u{1b}(B\u{1b}[?25l\u{1b}]0;title\u{1b}\\\u{1b}P1$r0m\u{1b}\\")]
fn what_is_no_secret_is_left_alone(#[case] input: &str) {
    for size in 1..9 {
        assert_eq!(stream(input.as_bytes().chunks(size), SignedDuration::ZERO), (input.to_owned(), 0), "{size}");
    }
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    assert_eq!(stream([&b"a\xff\xe9\x96"[..], b"\xa2b\xe9\x96"], SignedDuration::ZERO).0, "a\u{fffd}関b\u{fffd}");
}

#[test]
fn hostile_text_is_read_in_a_time_that_grows_with_its_length() {
    for piece in ["://x:", "eyJ", "AKIA", "a:", "\u{1b}[", "\u{1b}]", "-----BEGIN ", " \r", "IQoJ", "Bearer ", "=\""] {
        let input = piece.repeat(60_000 / piece.len());
        let begun = std::time::Instant::now();
        redact(&input);
        assert!(begun.elapsed().as_secs() < 20, "{piece:?}: {:?}", begun.elapsed());
    }
}

/// A secret, and the text around it.
fn planted() -> impl Strategy<Value = (String, String, String)> {
    let word = "[A-Za-z0-9]{12,40}";
    prop_oneof![
        (prop::sample::select(vec!["DATABASE_URL", "MONGODB_URI", "JWT_SECRET", "X_API_KEY", "SENTRY_DSN"]), word)
            .prop_flat_map(|(name, secret)| prop::sample::select(vec![
                (format!("{name}="), secret.clone(), "\n".to_owned()),
                (format!("export {name}=\""), secret.clone(), "\"\n".to_owned()),
                (format!("\"{name}\": \""), secret.clone(), "\", ".to_owned()),
                (format!("{name}: "), secret, "\n".to_owned()),
            ])),
        word.prop_map(|secret| ("postgres://ops:".to_owned(), secret, "@db/x ".to_owned())),
        word.prop_map(|secret| ("Bearer ".to_owned(), format!("{secret}0123"), "\n".to_owned())),
        word.prop_map(|secret| ("&X-Amz-Signature=".to_owned(), secret, "&a=b".to_owned())),
        word.prop_map(|secret| ("PGPASSWORD=".to_owned(), secret, " psql".to_owned())),
        word.prop_map(|secret| ("aws_secret_access_key = ".to_owned(), secret, "\n".to_owned())),
        "[A-Z0-9]{16}".prop_map(|id| (" ".to_owned(), format!("ASIA{id}"), " ".to_owned())),
        Just((" ".to_owned(), JWT.to_owned(), " ".to_owned())),
        "[A-Za-z0-9+/]{64}".prop_map(|body| (
            "-----BEGIN PRIVATE KEY-----\n".to_owned(),
            body,
            "\n-----END PRIVATE KEY-----\n".to_owned()
        )),
    ]
}

/// Puts sequences between the characters of a text.
fn decorated(text: &str, every: usize, sequence: &str) -> String {
    let mut output = String::new();
    for (index, c) in text.chars().enumerate() {
        if every > 0 && index % every == every - 1 {
            output.push_str(sequence);
        }
        output.push(c);
    }
    output
}

proptest! {
    #[test]
    fn no_secret_survives_however_it_is_cut(
        (before, secret, after) in planted(),
        around in "(([a-z ]{0,20}|関所|\u{1b}\\[3[0-7]m)\n){0,3}",
        every in 0_usize..7,
        sequence in prop::sample::select(vec!["\u{1b}[31m", "\u{1b}[2;5H", "\u{1b}]0;t\u{7}", "\u{1b}7", "\u{200b}"]),
        cuts in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let planted = decorated(&format!("{before}{secret}{after}"), every, sequence);
        let input = format!("{around}{planted}{around}");
        let (mut pieces, mut rest, mut cuts) = (Vec::new(), input.as_bytes(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, next) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            pieces.push(piece);
            rest = next;
        }
        let (output, count) = stream(pieces, SignedDuration::from_millis(1));
        prop_assert!(!seen(&output).contains(&secret), "{output:?}");
        prop_assert!(output.contains(MARK) && count >= 1, "{output:?}");
        prop_assert!(seen(&output).starts_with(&seen(&around)), "{output:?}");
        prop_assert!(output.matches('\u{1b}').count() == input.matches('\u{1b}').count(), "{output:?}");
    }

    #[test]
    fn text_without_secrets_is_unchanged(
        input in "([a-zぁ-ん 0-9.,/\r\n]|\u{1b}\\[[0-9;]{0,5}[mHK]|\u{1b}\\]0;[a-z]{0,5}\u{7}){0,200}",
        size in 1_usize..30,
    ) {
        prop_assert_eq!(stream(input.as_bytes().chunks(size), SignedDuration::ZERO), (input, 0));
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), size in 1_usize..30) {
        stream(bytes.chunks(size), SignedDuration::from_millis(90));
    }
}
