//! Rule files that are too large, too deep or broken on purpose: refused within bounds of time and text, clearly, and
//! without loss for the rules beside them.

use std::time::Duration;

use caveat::document::{MAX_FILE_BYTES, code};
use caveat::rules::folder::RuleFile;
use caveat::rules::load::Loaded;
use caveat::workbench::lint::lint;
use rustix::time::{ClockId, clock_gettime};

use crate::rules::TAXONOMY;

/// What one file may cost where the compiler was not asked for speed: a hundred times what a rule costs, and less than
/// anybody waits. What grows with the square would take minutes.
const MOST: Duration = Duration::from_secs(6);

const HEAD: &str =
    "format = 1\nid = \"med.x\"\ntitle = \"T\"\nstatus = \"draft\"\nclass = \"medicine.erectile\"\n";
const PATTERN: &str = "[pat.a]\nterms = [\"abc\"]\n";
const NEIGHBOUR: &str = "format = 1\nid = \"med.y\"\ntitle = \"T\"\nstatus = \"draft\"\nclass = \"medicine.erectile\"\n\
                         when = \"a\"\n[pat.a]\nlist = \"few\"\n";
const LIST_HEAD: &str = "format = 1\ntitle = \"L\"\nsource = \"test\"\nlicence = \"CC0-1.0\"\n";

/// Lints a folder with this file and a sound rule beside it; says how long this thread worked.
fn judged(path: &str, text: impl Into<Vec<u8>>) -> (Loaded, Duration) {
    let mut files = vec![
        RuleFile::new("lists/few.toml", format!("{LIST_HEAD}terms = [\"viagra\"]\n")),
        RuleFile::new("packs/m/med.y.toml", NEIGHBOUR),
        RuleFile::new("packs/m/pack.toml", "format = 1\ntitle = \"m\"\ndescription = \"m\"\n"),
        RuleFile::new("taxonomy.toml", TAXONOMY),
        RuleFile::new(path, text),
    ];
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let before = worked();
    let loaded = lint(&files, "", None);
    (loaded, worked().saturating_sub(before))
}

fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn joined(times: usize, part: impl Fn(usize) -> String) -> String {
    let parts: Vec<String> = (0..times).map(part).collect();
    parts.concat()
}

fn rule(when: &str, patterns: &str) -> String {
    format!("{HEAD}when = \"{when}\"\n{patterns}")
}

#[test]
fn hostile_rules_are_refused_in_time_and_clearly() {
    let deep =
        |open: &str, close: &str| rule(&format!("{}a{}", open.repeat(10_000), close.repeat(10_000)), PATTERN);
    let million = |word: &dyn Fn(usize) -> String| joined(1_000_000, word);
    for (what, text, expected) in [
        ("parentheses", deep("(", ")"), code::CONDITION_TOO_LARGE),
        ("not", deep("not ", ""), code::CONDITION_TOO_LARGE),
        ("unclosed", deep("(", ""), code::CONDITION_TOO_LARGE),
        (
            "a condition of a megabyte",
            rule(&("a or ".repeat(200_000) + "a"), PATTERN),
            code::CONDITION_TOO_LARGE,
        ),
        (
            "ten megabytes of comment",
            format!("{}#{}", rule("b", PATTERN), "x".repeat(MAX_FILE_BYTES - 200)),
            code::UNKNOWN_PATTERN,
        ),
        ("more than ten megabytes", format!("#{}", "x".repeat(MAX_FILE_BYTES)), code::TOO_LARGE),
        (
            "ten megabytes in one term",
            rule("a", &format!("[pat.a]\nterms = [\"{}\"]\n", "x".repeat(9 << 20))),
            code::TOO_MANY_TERMS,
        ),
        ("arrays", "a = ".to_owned() + &"[".repeat(100_000), code::TOML_SYNTAX),
        ("equal signs", "=".repeat(2 << 20), code::TOML_SYNTAX),
        ("one long key", "k".repeat(4 << 20) + " = 1", code::UNKNOWN_KEY),
        (
            "a million terms",
            rule("a", &format!("[pat.a]\nterms = [{}]\n", million(&|number| format!("\"{number:x}\",")))),
            code::TOO_MANY_TERMS,
        ),
        (
            "a million empty terms",
            rule("a", &format!("[pat.a]\nterms = [{}]\n", "'',".repeat(1_000_000))),
            code::EMPTY_TERM,
        ),
        (
            "nested groups",
            rule("a", &format!("[pat.a]\nregex = '{}x{}'\n", "(".repeat(1000), ")".repeat(1000))),
            code::BAD_REGEX,
        ),
        (
            "a regex that multiplies",
            rule("a", "[pat.a]\nregex = '((x{500}){500}){500}'\n"),
            code::REGEX_TOO_LARGE,
        ),
        (
            "two hundred heavy regexes",
            rule("a", &format!("[pat.a]\nregex = [{}]\n", "'\\w{900}',".repeat(200))),
            code::REGEX_TOO_LARGE,
        ),
        ("many keys", joined(150_000, |number| format!("k{number:x}=1\n")), code::UNKNOWN_KEY),
        (
            "many patterns",
            rule("a", &joined(20_000, |number| format!("[pat.p{number}]\nterms = [\"a\"]\n"))),
            code::BAD_VALUE,
        ),
        (
            "many hits",
            rule(
                "a",
                &format!(
                    "{PATTERN}[[test]]\nname = \"x\"\nflag = {{ title = \"x\" }}\n[test.hits]\n{}",
                    joined(300_000, |number| format!("k{number:x}=\"\"\n"))
                ),
            ),
            code::UNKNOWN_PATTERN,
        ),
        ("many unknown patterns", rule(&("b or ".repeat(12_000) + "a"), PATTERN), code::UNKNOWN_PATTERN),
        ("nul bytes", "\0".repeat(1000), code::TOML_SYNTAX),
    ] {
        let (loaded, took) = judged("packs/m/med.x.toml", text);
        assert!(took < MOST, "{what} took {took:?}");
        let first = loaded.diagnostics.first().map(ToString::to_string);
        assert!(loaded.diagnostics.iter().any(|one| one.code == expected), "{what}: {first:?}");
        assert!(loaded.diagnostics.len() < 300, "{what}: {}", loaded.diagnostics.len());
        let shown: usize = loaded.diagnostics.iter().map(|one| one.render().len()).sum();
        assert!(shown < 300_000, "{what}: {shown} bytes of diagnostics");
        assert_eq!(loaded.broken, ["med.x"], "{what}");
        assert_eq!(loaded.set.rules.len(), 1, "{what}: the rule beside it is lost");
    }
}

#[test]
fn bytes_that_are_no_text_are_named_by_their_place() {
    let mut text = rule("a", "[pat.a]\nterms = [\"abc\", \"VIA").into_bytes();
    text.extend(b"\xe9GRA\"]\n");
    let (loaded, _) = judged("packs/m/med.x.toml", text);
    let found = loaded.diagnostics.iter().find(|one| one.code == code::NOT_UTF8).unwrap();
    assert_eq!((found.line, found.column), (8, 21));
    assert_eq!((loaded.broken.as_slice(), loaded.set.rules.len()), (&["med.x".to_owned()][..], 1));
}

#[test]
fn hostile_lists_and_tables_cost_what_rests_on_them_alone() {
    let words = joined(1_000_000, |number| format!("\"{number:x}\","));
    for (what, path, text, expected) in [
        (
            "a list of a million words",
            "lists/many.toml",
            format!("{LIST_HEAD}terms = [{words}]\n"),
            code::TOO_MANY_TERMS,
        ),
        (
            "a million equal words",
            "lists/many.toml",
            format!("{LIST_HEAD}terms = [{}]\n", "\"word\",".repeat(1_000_000)),
            code::TOO_MANY_TERMS,
        ),
        (
            "many classes",
            "taxonomy.toml",
            TAXONOMY.to_owned() + &joined(100_000, |number| format!("[class.\"a.b{number}\"]\n")),
            code::BAD_VALUE,
        ),
        (
            "a lock of rubbish",
            "rules.lock",
            joined(100_000, |number| format!("[rule.r{number}]\n")),
            code::MISSING_KEY,
        ),
    ] {
        let (loaded, took) = judged(path, text);
        assert!(took < MOST, "{what} took {took:?}");
        assert!(loaded.diagnostics.iter().any(|one| one.code == expected), "{what}");
        assert!(loaded.diagnostics.len() < 300, "{what}: {}", loaded.diagnostics.len());
        assert_eq!(loaded.set.rules.len(), 1, "{what}: the rule beside it is lost");
    }
}

#[test]
fn large_rules_that_are_sound_are_linted_in_time() {
    let names: Vec<String> = (0..14).map(|number| format!("p{number}")).collect();
    let patterns: Vec<String> =
        names.iter().map(|name| format!("[pat.{name}]\nterms = [\"x-{name}\"]\n")).collect();
    let half = format!("7 of ({}) and not 8 of ({})", names.join(", "), names.join(", "));
    let many: Vec<String> = (0..200).map(|number| format!("q{number}")).collect();
    let wide: Vec<String> =
        many.iter().map(|name| format!("[pat.{name}]\nterms = [\"y-{name}\"]\n")).collect();
    let exceptions: Vec<String> =
        many.iter().map(|name| format!("[except.x{name}]\nterms = [\"z-{name}\"]\nwhy = \"w\"\n")).collect();
    for (what, text) in [
        ("a wide condition is not deep", rule(&("a or ".repeat(12_000) + "a"), PATTERN)),
        (
            "many branches",
            rule(&vec![format!("({})", names.join(" and ")); 600].join(" or "), &patterns.concat()),
        ),
        (
            "branches that are hard to tell",
            rule(&vec![format!("({half})"); 60].join(" or "), &patterns.concat()),
        ),
        (
            "all patterns and exceptions there may be",
            rule(&many.join(" or "), &(wide.concat() + &exceptions.concat())),
        ),
        (
            "a quarter of a million terms",
            rule(
                "a",
                &format!("[pat.a]\nterms = [{}]\n", joined(250_000, |number| format!("\"{number:x}x\","))),
            ),
        ),
    ] {
        let (loaded, took) = judged("packs/m/med.x.toml", text);
        assert!(took < MOST, "{what} took {took:?}");
        assert_eq!(
            loaded.set.rules.len(),
            2,
            "{what}: {:?}",
            loaded.diagnostics.first().map(ToString::to_string)
        );
    }
}
